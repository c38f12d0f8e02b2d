package doc

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"modicum/catalog"
)

// FuzzLoad: no text panics or hangs the reader; what loads is formatted, stays so
// when formatted again, loses no comment and says the same; and a second YAML
// parser reads the same from it.
func FuzzLoad(f *testing.F) {
	for name, src := range samples(f) {
		f.Add(inFolder(name), src)
	}
	archives, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archives {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range a.Files {
			if part.Name != "want" {
				f.Add(part.Name, part.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		folder, ps := Parse(name, src)
		if folder == nil {
			t.Fatal("no folder")
		}
		_ = ps.Render(folder.Sources)
		k := kindFor(name)
		if k == nil {
			return
		}
		root, _, err := k.forFormat(name, src)
		if _, formatErr := Format(name, src); (err == nil) != (formatErr == nil) {
			t.Fatalf("reads with %v, formats with %v", err, formatErr)
		}
		if err != nil {
			return
		}
		holdsFormat(t, name, src)
		if why := differs(root, src); why != "" && !strings.Contains(why, "the other parser refuses") {
			t.Fatal(why)
		}
	})
}

// FuzzCheck: whatever loads, checking it does not panic and says the same twice.
func FuzzCheck(f *testing.F) {
	for name, src := range samples(f) {
		f.Add(inFolder(name), src)
	}
	base, _ := Load(os.DirFS("testdata/base"))
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		k := kindFor(name)
		if k == nil {
			return
		}
		var l list
		n := k.read(name, src, &l)
		if n == nil {
			return
		}
		folder := *base
		k.bind(&folder, n)
		folder.finish()
		first := Check(&folder, catalog.R4(), nil)
		if again := Check(&folder, catalog.R4(), nil); !reflect.DeepEqual(first, again) {
			t.Fatal("two checks of one folder differ")
		}
	})
}
