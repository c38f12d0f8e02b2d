package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"modicum/internal/demo"
	"modicum/internal/testkit"
	"modicum/ledger/verify"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// directions are demo.json as docs/interfaces.md 6 has it, and nothing else.
type directions struct {
	FHIR, Console, Upstream string
	Ledger                  struct{ Folder, Key string }
	People                  []struct {
		ID, Name, Role string
		Tasks          []string
		Token, Link    string
	}
	Patients []struct{ ID, Note string }
}

func read(t *testing.T, dir string) directions {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var d directions
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

// tellOnce runs the demo once and returns what it printed.
func tellOnce(t *testing.T, o demo.Options) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	o.Listen, o.Once, o.Out, o.Err = "127.0.0.1:0", true, &out, &errs
	if err := demo.Run(ctx, o); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if errs.Len() > 0 {
		t.Errorf("the demo complains: %s", errs.String())
	}
	return out.String()
}

// until is a writer that tells when a text has been written.
type until struct {
	mu   sync.Mutex
	text strings.Builder
	want string
	seen chan struct{}
}

func (u *until) Write(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	had := strings.Contains(u.text.String(), u.want)
	u.text.Write(p)
	if !had && strings.Contains(u.text.String(), u.want) {
		close(u.seen)
	}
	return len(p), nil
}

func (u *until) String() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.text.String()
}

// week is the folder of a demo that has lived its week, by the names of its files.
var week = struct {
	sync.Once
	files map[string]file
}{}

type file struct {
	bytes []byte
	mode  os.FileMode
}

// lived returns a folder of its own in which a demo has lived its week already: that takes
// the longest, and most tests ask for what comes after it.
func lived(t *testing.T) string {
	t.Helper()
	week.Do(func() {
		dir := t.TempDir()
		tellOnce(t, demo.Options{Dir: dir})
		week.files = filesIn(t, dir)
	})
	dir := t.TempDir()
	for name, f := range week.files {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, f.bytes, f.mode)); err != nil {
			t.Fatal(err)
		}
	}
	if len(week.files) == 0 {
		t.Fatal("the week was not lived: see the first test that wanted it")
	}
	return dir
}

func filesIn(t *testing.T, dir string) map[string]file {
	t.Helper()
	files := map[string]file{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(name)
		name, _ = filepath.Rel(dir, name)
		files[name] = file{text, info.Mode().Perm()}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// stayUp runs the demo until the test ends and returns when it has told its story.
func stayUp(t *testing.T, o demo.Options) directions {
	t.Helper()
	d, _ := hear(t, o)
	return d
}

// hear is stayUp with the story.
func hear(t *testing.T, o demo.Options) (directions, string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out := &until{want: "Ctrl-C", seen: make(chan struct{})}
	o.Out, o.Err = out, t.Output()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	ended := make(chan error, 1)
	go func() { ended <- demo.Run(ctx, o) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended: %v", err)
		}
	})
	select {
	case <-out.seen:
	case err := <-ended:
		ended <- nil
		t.Fatalf("the demo ended: %v", err)
	case <-time.After(2 * time.Minute):
		t.Fatal("the demo tells nothing")
	}
	return read(t, o.Dir), out.String()
}

// row returns the cells of a row of the story, "|" between them.
func row(t *testing.T, story, title string) string {
	t.Helper()
	for line := range strings.Lines(story) {
		if rest, ok := strings.CutPrefix(line, title); ok && len(line) > 80 {
			rest = strings.TrimRight(rest[23-len(title):], "\n")
			var cells []string
			for ; len(rest) > 0; rest = rest[min(11, len(rest)):] {
				cells = append(cells, strings.TrimSpace(rest[:min(11, len(rest))]))
			}
			return strings.Join(cells, "|")
		}
	}
	t.Fatalf("the story has no row %q:\n%s", title, story)
	return ""
}

// TestStoryShowsEachPersonTheLeast asks through the whole of the system: what
// each role of the sample policy gets of one patient (R12, R13, R111, R112), a
// refused request told from a record that is not there.
func TestStoryShowsEachPersonTheLeast(t *testing.T) {
	story := tellOnce(t, demo.Options{Dir: t.TempDir()})
	for title, want := range map[string]string{
		// physician nurse billing front-desk IT researcher nobody
		"Name":                   "kept|kept|kept|kept|not there|not shown|not there",
		"Social security number": "not shown|not shown|not shown|masked|not there|not shown|not there",
		"Account number":         "not shown|not shown|kept|last four|not there|not shown|not there",
		"Reason for the visit":   "kept|kept|kept|not shown|refused|not there|not there",
		"Laboratory result":      "kept|kept|not there|refused|refused|kept|not there",
		"HIV result":             "kept|kept|not there|refused|refused|not there|not there",
		"Psychotherapy note":     "not there|not there|refused|refused|refused|not there|not there",
		"Insurance number":       "kept|not shown|kept|kept|refused|refused|not there",
		"Claim: diagnosis codes": "not there|refused|kept|not there|refused|refused|not there",
	} {
		if got := row(t, story, title); got != want {
			t.Errorf("%s:\n got %s\nwant %s", title, got, want)
		}
	}
	for _, part := range []string{
		"900-55-1001               not shown, not part of the task", "A claim waits in a queue", "derived again from its record: the same to the bit",
		"verified without the server: ", "one byte changed in a copy: found, entry ", "curl -s -H @", "modicum ledger verify ",
	} {
		if !strings.Contains(story, part) {
			t.Errorf("the story does not say %q:\n%s", part, story)
		}
	}
	if strings.Contains(story, "\x1b") {
		t.Error("colours though nobody asked for them")
	}
	lines := 0
	for line := range strings.Lines(story) {
		lines++
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 && !strings.Contains(line, "curl") && !strings.Contains(line, "Page:") {
			t.Errorf("%d columns do not fit one screen: %s", n, line)
		}
	}
	if lines > 48 {
		t.Errorf("%d lines do not fit one screen", lines)
	}
}

// TestColourOnlyWhereAskedFor: the command asks for it on a terminal only.
func TestColourOnlyWhereAskedFor(t *testing.T) {
	story := tellOnce(t, demo.Options{Dir: t.TempDir(), Color: true})
	for _, part := range []string{"\x1b[32mkept", "\x1b[33mmasked", "\x1b[31mrefused", "\x1b[90mnot there"} {
		if !strings.Contains(story, part) {
			t.Errorf("no %q", part)
		}
	}
}

// TestSecondRunGoesOn: the record of a former run is kept, grows, and what it was
// is provably a part of what it is. demo.json is what docs/interfaces.md says.
func TestSecondRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, demo.Options{Dir: dir})
	first, err := os.ReadFile(filepath.Join(dir, "data", "ledger", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	tellOnce(t, demo.Options{Dir: dir})
	after := read(t, dir)
	if before.Ledger != after.Ledger {
		t.Errorf("the second run keeps another record: %+v, %+v", before.Ledger, after.Ledger)
	}
	r, err := verify.Log(t.Context(), verify.Folder(after.Ledger.Folder), verify.Options{Keys: []string{after.Ledger.Key}, Since: first})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK || r.Since == 0 || r.Size <= r.Since {
		t.Errorf("the record did not go on: %+v", r)
	}
}

func TestDirectionsAreComplete(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, demo.Options{Dir: dir})
	d := read(t, dir)
	if !strings.HasSuffix(d.FHIR, "/fhir") || !strings.HasSuffix(d.Console, "/") || !strings.HasSuffix(d.Upstream, "/fhir") || !strings.HasPrefix(d.Ledger.Key, "modicum.demo/main+") {
		t.Errorf("addresses or key: %+v", d)
	}
	roles := map[string]bool{}
	for _, p := range d.People {
		roles[p.Role] = true
		if p.ID == "" || p.Name == "" || len(p.Tasks) == 0 || strings.Count(p.Token, ".") != 2 {
			t.Errorf("person %s is not complete", p.ID)
		}
	}
	if len(roles) < 8 || len(d.Patients) != 20 {
		t.Errorf("%d roles, %d patients", len(roles), len(d.Patients))
	}
	for _, name := range []string{"demo.json", "as/bob", "ledger.key", "ledger.vkey"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestErrorsSayWhatToDo: what keeps the demo from starting, and how to go on.
func TestErrorsSayWhatToDo(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"resourceType":"Bundle"}`)) }))
	defer empty.Close()
	for _, tt := range []struct {
		name  string
		o     demo.Options
		usage bool
		says  []string
	}{
		{"the port is taken", demo.Options{Listen: busy.Addr().String()}, false, []string{"in use", "--listen 127.0.0.1:0"}},
		{"no address", demo.Options{Listen: "here"}, true, []string{"127.0.0.1:8080"}},
		{"the folder is a file", demo.Options{Dir: file}, true, []string{"--dir"}},
		{"others may write to the folder", demo.Options{Dir: open}, true, []string{"chmod 700", "--dir"}},
		{"no base address", demo.Options{Upstream: "localhost/fhir"}, true, []string{"--upstream", "http://127.0.0.1:8090/fhir"}},
		{"nobody answers", demo.Options{Upstream: "http://127.0.0.1:" + testkit.FreePort(t) + "/fhir"}, false, []string{"does not answer"}},
		{"nobody is there", demo.Options{Upstream: empty.URL}, false, []string{"no patient"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.o
			o.Out, o.Err, o.Once = &bytes.Buffer{}, &bytes.Buffer{}, true
			if o.Dir == "" {
				o.Dir = t.TempDir()
			}
			if o.Listen == "" {
				o.Listen = "127.0.0.1:0"
			}
			err := demo.Run(t.Context(), o)
			if err == nil || errors.Is(err, demo.ErrUsage) != tt.usage {
				t.Fatalf("got %v, usage %v", err, tt.usage)
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// TestEveryAddress: listening everywhere, the demo names an address that works.
func TestEveryAddress(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := demo.Run(t.Context(), demo.Options{Dir: dir, Listen: "0.0.0.0:0", Once: true, Out: &out, Err: t.Output()}); err != nil {
		t.Fatal(err)
	}
	if d := read(t, dir); !strings.HasPrefix(d.FHIR, "http://127.0.0.1:") {
		t.Errorf("demo.json says %s", d.FHIR)
	}
}

// TestTwoDemosDoNotShareARecord: the second says who has it and what to do.
func TestTwoDemosDoNotShareARecord(t *testing.T) {
	dir := t.TempDir()
	stayUp(t, demo.Options{Dir: dir})
	err := demo.Run(t.Context(), demo.Options{Dir: dir, Listen: "127.0.0.1:0", Once: true, Out: &bytes.Buffer{}, Err: &bytes.Buffer{}})
	if err == nil || !strings.Contains(err.Error(), "another demo") || !strings.Contains(err.Error(), "--dir") {
		t.Errorf("got %v", err)
	}
}
