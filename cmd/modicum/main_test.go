package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// command runs the command and returns its status and what it printed.
func command(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, nil, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// TestInitIsReadyToServe: what init writes passes its own next commands.
func TestInitIsReadyToServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hospital")
	if status, _, errs := command(t, "init", dir); status != exitYes {
		t.Fatalf("init: %d %s", status, errs)
	}
	for _, args := range [][]string{
		{"policy", "check", "--quiet", filepath.Join(dir, "policy")},
		{"policy", "test", filepath.Join(dir, "policy")},
		{"policy", "fmt", "--check", filepath.Join(dir, "policy")},
		{"serve", "--check", "--config", filepath.Join(dir, "modicum.yaml")},
	} {
		if status, out, errs := command(t, args...); status != exitYes {
			t.Errorf("%v: %d\n%s%s", args, status, out, errs)
		}
	}
	if status, _, errs := command(t, "init", dir); status != exitUsage || !strings.Contains(errs, "not empty") {
		t.Errorf("a second init: %d %s", status, errs)
	}
}

// TestWhatComesNextCanBeTyped: beside the folder that init made lies no modicum, unless it
// is on the path.
func TestWhatComesNextCanBeTyped(t *testing.T) {
	for _, tt := range []struct{ arg0, dir, want string }{
		{"modicum", "hospital", "modicum"},
		{"./modicum", "hospital", "../modicum"},
		{"./modicum", "./a/b/", "../../modicum"},
		{"bin/modicum", "hospital", "../bin/modicum"},
		{"../modicum", ".", "../modicum"},
		{"/usr/bin/modicum", "hospital", "modicum"},
		{"./modicum", "/srv/hospital", "modicum"},
	} {
		if got := calledFrom(tt.arg0, tt.dir); got != tt.want {
			t.Errorf("%s init %s: %q, want %q", tt.arg0, tt.dir, got, tt.want)
		}
	}
}

// TestAMistakeSaysWhere: a mistake in policy and configuration names file, line
// and what is known.
func TestAMistakeSaysWhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "hospital")
	command(t, "init", dir)
	spoil(t, filepath.Join(dir, "policy", "roles", "nurse.yaml"), "purpose: treatment", "purpose: treatmint")
	status, out, _ := command(t, "policy", "check", "--quiet", filepath.Join(dir, "policy"))
	if status != exitNo || !strings.Contains(out, "roles/nurse.yaml:") || !strings.Contains(out, "treatment") {
		t.Errorf("policy: %d\n%s", status, out)
	}
	spoil(t, filepath.Join(dir, "modicum.yaml"), "\nlisten:", "\nlissen:")
	status, _, errs := command(t, "serve", "--check", "--config", filepath.Join(dir, "modicum.yaml"))
	if status != exitUsage || !strings.Contains(errs, "listen") || !strings.Contains(errs, "modicum.yaml:") {
		t.Errorf("configuration: %d\n%s", status, errs)
	}
}

func spoil(t *testing.T, path, old, with string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte(old), []byte(with), 1), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestVersionAndUsage: exit statuses that scripts can use.
func TestVersionAndUsage(t *testing.T) {
	if status, out, _ := command(t, "version", "--json"); status != exitYes || !strings.Contains(out, `"semantics":1`) {
		t.Errorf("version: %d %s", status, out)
	}
	if status, _, errs := command(t, "no-such-command"); status != exitUsage || errs == "" {
		t.Errorf("unknown command: %d %s", status, errs)
	}
}

// lockedBuffer is a buffer that a server writes to while a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestColourOnlyOnATerminal: and never with NO_COLOR (no-color.org), which counts
// when it is not empty.
func TestColourOnlyOnATerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if colored(w, nil) || colored(&bytes.Buffer{}, nil) {
		t.Error("colour where nobody looks")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to be had here")
	}
	defer terminal.Close()
	for env, want := range map[string]bool{"": true, "NO_COLOR=": true, "NO_COLOR=1": false, "TERM=dumb": false, "TERM=xterm": true} {
		if got := colored(terminal, []string{env}); got != want {
			t.Errorf("%q: %v, want %v", env, got, want)
		}
	}
}

// TestResultsAreJSONWhereAsked: every command that prints a result for people has
// --json; those that print a file in a form of its own do not need it.
func TestResultsAreJSONWhereAsked(t *testing.T) {
	own := []string{"demo", "policy schema", "ledger prove", "help", "completion"}
	for _, c := range leaves(t) {
		name := strings.Join(c, " ")
		if slices.Contains(own, name) {
			continue
		}
		if err := parses(t, append(c, "--json", "--help")); err != nil {
			t.Errorf("modicum %s has no --json: %v", name, err)
		}
		_, out, _ := command(t, append(c, "--help")...)
		if !strings.Contains(out, "--json") && name != "decide" {
			t.Errorf("modicum %s does not tell of --json", name)
		}
	}
}
