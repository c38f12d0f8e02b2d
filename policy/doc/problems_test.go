package doc_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"modicum/catalog"
	"modicum/policy/doc"
)

var update = flag.Bool("update", false, "rewrite the wanted problems")

// folderOf lays the files of an archive over a small folder without problems.
func folderOf(t testing.TB, a *txtar.Archive) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	base := os.DirFS("testdata/base")
	for _, name := range []string{"organization.yaml", "conditions.yaml", "roles/nurse.yaml"} {
		src, err := base.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		src.Close()
		data, err := os.ReadFile(filepath.Join("testdata/base", name))
		if err != nil {
			t.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	for _, f := range a.Files {
		switch {
		case f.Name == "want":
		case len(f.Data) == 0: // an empty file in the archive takes one away
			delete(fsys, f.Name)
		default:
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// noMinus stands in for CEL: package policy compiles conditions.
func noMinus(c doc.Condition, f doc.Fact) error {
	if strings.Contains(c.Where.Text, "-") {
		return errors.New("nothing is subtracted here")
	}
	return nil
}

// TestProblems holds every refusal and warning of the language to its words and
// its place (R13; policy-language 1 to 8). Each archive is a folder laid over
// testdata/base; want is what a person sees.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := problemsOf(folderOf(t, a), strings.Contains(string(a.Comment), "warnings: yes"))
			if got == "" {
				t.Fatal("no problem at all")
			}
			if *update {
				rewrite(t, file, a, got)
				return
			}
			if diff := cmp.Diff(wanted(a), got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// problemsOf is what check shows of a folder: errors, and warnings where the
// archive is about them.
func problemsOf(fsys fstest.MapFS, warnings bool) string {
	f, ps := doc.Load(fsys)
	if !ps.Unreadable() {
		ps = append(ps, doc.Check(f, catalog.R4(), noMinus)...).Sort()
	}
	if !warnings {
		ps = ps.Errors()
	}
	return ps.Render(f.Sources)
}

func wanted(a *txtar.Archive) string {
	for _, f := range a.Files {
		if f.Name == "want" {
			return string(f.Data)
		}
	}
	return ""
}

func rewrite(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	var kept []txtar.File
	for _, f := range a.Files {
		if f.Name != "want" {
			kept = append(kept, f)
		}
	}
	a.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestBase: what the archives are laid over has no errors itself.
func TestBase(t *testing.T) {
	if got := problemsOf(folderOf(t, &txtar.Archive{}), false); got != "" {
		t.Error(got)
	}
}
