package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tellOnce runs the demo once on dir and returns what it printed.
func tellOnce(t *testing.T, dir string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	if err := Run(ctx, Options{Dir: dir, Listen: "127.0.0.1:0", Once: true, Out: &out, Err: &errs}); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	return out.String()
}

func cells(t *testing.T, story, title string) []string {
	t.Helper()
	for line := range strings.Lines(story) {
		if rest, ok := strings.CutPrefix(line, title); ok {
			var out []string
			for rest = strings.TrimRight(rest[23-len(title):], "\n"); len(rest) > 0; rest = rest[min(11, len(rest)):] {
				out = append(out, strings.TrimSpace(rest[:min(11, len(rest))]))
			}
			return out
		}
	}
	t.Fatalf("the story has no row %q:\n%s", title, story)
	return nil
}

// TestStoryShowsEachPersonTheLeast asks through the whole of the system: what
// each role of the sample policy gets of one patient (R12, R13, R111, R112).
func TestStoryShowsEachPersonTheLeast(t *testing.T) {
	story := tellOnce(t, t.TempDir())
	for title, want := range map[string]string{
		// physician nurse billing front-desk IT researcher nobody
		"Name":                   "kept|kept|kept|kept|not there|not shown|not there",
		"Social security number": "not shown|not shown|not shown|not shown|not there|not shown|not there",
		"HIV result":             "kept|kept|not there|not there|not there|not there|not there",
		"Psychotherapy note":     "not there|not there|not there|not there|not there|not there|not there",
		"Laboratory result":      "kept|kept|not there|not there|not there|kept|not there",
		"Claim: diagnosis codes": "not there|not there|kept|not there|not there|not there|not there",
	} {
		if got := strings.Join(cells(t, story, title), "|"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", title, got, want)
		}
	}
	for _, part := range []string{"agrees to the bit", "found, changed", "curl -s"} {
		if !strings.Contains(story, part) {
			t.Errorf("the story does not say %q", part)
		}
	}
}

// TestSecondRunGoesOn: the record of a former run is kept and grows.
func TestSecondRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, dir)
	first, err := os.ReadFile(filepath.Join(dir, "data", "ledger", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	tellOnce(t, dir)
	second, err := os.ReadFile(filepath.Join(dir, "data", "ledger", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, second) {
		t.Error("the second run left the checkpoint as it was")
	}
	text, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		FHIR, Console, Upstream string
		Ledger                  struct{ Folder, Key string }
		People                  []struct{ ID, Name, Role, Token string }
		Patients                []struct{ ID, Note string }
	}
	if err := json.Unmarshal(text, &told); err != nil {
		t.Fatal(err)
	}
	if told.FHIR == "" || told.Ledger.Key == "" || len(told.People) < 8 || len(told.Patients) < 20 {
		t.Errorf("demo.json lacks something that docs/interfaces.md 6 promises: %d people, %d patients", len(told.People), len(told.Patients))
	}
}
