package doc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"modicum/catalog"
)

// TestDraftLoads: the draft of the sample policy, all roles of the matrix, reads
// and means something (R13, R50).
func TestDraftLoads(t *testing.T) {
	f, ps := Load(os.DirFS("testdata/draft"))
	if len(ps) > 0 {
		t.Fatal(ps.Render(f.Sources))
	}
	if errs := Check(f, catalog.R4(), nil).Errors(); len(errs) > 0 {
		t.Error(errs.Render(f.Sources))
	}
	if len(f.Roles) != 22 || len(f.Disclosures) != 3 || len(f.Partners) != 3 || len(f.Restrictions) != 8 || len(f.Tests) != 14 {
		t.Errorf("%d roles, %d disclosures, %d partners, %d restrictions, %d test files",
			len(f.Roles), len(f.Disclosures), len(f.Partners), len(f.Restrictions), len(f.Tests))
	}
}

// TestFilesTooLargeOrNotText: what cannot go into an archive of text.
func TestFilesTooLargeOrNotText(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		src        []byte
	}{
		{"over 1 MiB", "at most 1048576 are read", bytes.Repeat([]byte("# x\n"), maxFile/4+1)},
		{"not UTF-8", "nurse.yaml:2:8: the file is not UTF-8", []byte("role: nurse\ntitle: \xff\n")},
		{"a byte order mark", "U+FEFF", []byte("\ufeffrole: nurse\n")},
		{"a lone carriage return", "U+000D", []byte("role: nurse\rtitle: x\n")},
	} {
		_, ps := Parse("roles/nurse.yaml", tt.src)
		if len(ps) == 0 || !strings.Contains(ps[0].String(), tt.want) || !ps.Unreadable() {
			t.Errorf("%s: got %v, want %s", tt.name, ps, tt.want)
		}
	}
}

// TestLineEnds: a file written on Windows says the same.
func TestLineEnds(t *testing.T) {
	for name, src := range samples(t) {
		unix, _ := Parse(inFolder(name), src)
		windows, ps := Parse(inFolder(name), bytes.ReplaceAll(src, []byte("\n"), []byte("\r\n")))
		if len(ps.Errors()) > 0 || !reflect.DeepEqual(placeless(unix), placeless(windows)) {
			t.Errorf("%s reads differently with \\r\\n: %v", name, ps)
		}
	}
}

// TestDefaults: what is not written has the value the language says.
func TestDefaults(t *testing.T) {
	f, _ := Load(os.DirFS("testdata/base"))
	o := f.Organization
	if o.Ask.String() != "15 minutes" || o.Find.String() != "30 minutes" || o.SmallCells != 11 || o.AskWritten || o.FindWritten || o.GlassWritten {
		t.Errorf("ask %s, find %s, small cells %d", o.Ask, o.Find, o.SmallCells)
	}
	if g := o.BreakGlass; g.For.String() != "8 hours" || g.Patients.String() != "5 per day" || g.Review.String() != "72 hours" ||
		g.Over.Text != "alarm" || g.Overdue.Text != "report" {
		t.Errorf("break-glass %+v", g)
	}
	r := f.Roles[0]
	task := r.Tasks[0]
	if r.HeldBy.Text != "people" || task.References.Text != "shown" || task.Limits.Export.Text != "none" || o.Exceptions != nil {
		t.Errorf("role %+v", r)
	}
}

// TestSilentLines: what a line of also is silent about, policy-language 2.
func TestSilentLines(t *testing.T) {
	f, ps := Parse("roles/r.yaml", []byte(`role: r
title: R
owner: o
review: 1 month
views:
  v: {keep: [demographics.name]}
tasks:
  t:
    title: T
    purpose: TREAT
    do: [read, update]
    while: [a]
    see: v
    marked: [sensitive.hiv]
    within: {place: facility}
    lend: {for: 1 day, approve: [o]}
    also:
      - while: [b]
      - do: [update]
        see: {mask: [clinical]}
        within: whole-record
say: s
`))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	lines := f.Roles[0].Lines(&f.Roles[0].Tasks[0])
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	silent, loud := lines[1], lines[2]
	if len(silent.While) != 2 || silent.While[0].Name.Text != "a" || silent.While[1].Name.Text != "b" {
		t.Errorf("while is added to the task's: %v", silent.While)
	}
	if len(silent.Do) != 1 || silent.Do[0].Text != "read" || silent.Marked != nil {
		t.Errorf("do is read, nothing is marked: %v %v", silent.Do, silent.Marked)
	}
	if silent.See == nil || silent.See.Keep[0].Text != "demographics.name" || silent.Within.Place.Text != "facility" || silent.Lend == nil {
		t.Errorf("see, within and lend are the task's: %+v", silent)
	}
	if len(loud.While) != 1 || loud.Do[0].Text != "update" || loud.See.Mask == nil || !loud.Within.WholeRecord {
		t.Errorf("what is written replaces the task's: %+v", loud)
	}
}

// broken is a folder that cannot be read.
type brokenFS struct{ fs.FS }

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == "conditions.yaml" {
		return nil, &fs.PathError{Op: "open", Path: "/home/somebody/policy/conditions.yaml", Err: fs.ErrPermission}
	}
	return b.FS.Open(name)
}

// TestUnreadable: a file that cannot be opened stops the policy, and no path of
// the computer is told.
func TestUnreadable(t *testing.T) {
	f, ps := Load(brokenFS{os.DirFS("testdata/base")})
	if !ps.Unreadable() || f == nil {
		t.Fatalf("got %v", ps)
	}
	if text := ps.Render(f.Sources); strings.Contains(text, "somebody") || !strings.Contains(text, "conditions.yaml: this cannot be read: permission denied") {
		t.Error(text)
	}
}

// TestVersionControlIsNotRead: entries that begin with a dot are skipped.
func TestVersionControlIsNotRead(t *testing.T) {
	fsys := fstest.MapFS{".git/config": {Data: []byte("x")}, "roles/.nurse.yaml.swp": {Data: []byte("x")}}
	_, ps := Load(fsys)
	if len(ps) != 1 || ps[0].File != "organization.yaml" {
		t.Errorf("got %v", ps)
	}
}

// TestErr: warnings stop nothing, and nothing is no error.
func TestErr(t *testing.T) {
	if err := (Problems{}).Err(); err != nil {
		t.Errorf("no problem is %v", err)
	}
	if err := (Problems{{Severity: Warning}}).Err(); err != nil {
		t.Errorf("a warning is %v", err)
	}
	err := (Problems{{At: At{"a", 1, 2}, Message: "m"}}).Err()
	if err == nil || err.Error() != "a:1:2: m" {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, ErrFormat) {
		t.Error("a problem is not ErrFormat")
	}
}

// TestRenderSurvives: whatever the place, Render shows something and does not panic.
func TestRenderSurvives(t *testing.T) {
	for _, at := range []At{{"f", 0, 0}, {"f", 1, 1}, {"f", 9, 9}, {"f", 1, 999}, {"f", 2, 1}} {
		p := Problem{At: at, Message: "m", Hint: "h"}
		if got := p.Render([]byte("a\x1b[31m\xff\n\u202eb")); !strings.Contains(got, "m") || strings.ContainsAny(got, "\x1b\u202e") {
			t.Errorf("%v: %q", at, got)
		}
	}
}

// BenchmarkLoad reads the draft: 45 files, some 60 kB.
func BenchmarkLoad(b *testing.B) {
	draft := os.DirFS("testdata/draft")
	for b.Loop() {
		Load(draft)
	}
}

// BenchmarkCheck checks it.
func BenchmarkCheck(b *testing.B) {
	f, _ := Load(os.DirFS("testdata/draft"))
	cat := catalog.R4()
	for b.Loop() {
		Check(f, cat, nil)
	}
}
