package console_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"modicum/internal/oversight"
	"modicum/ledger/ledgertest"
)

// writtenActs are the acts that the source of the packages names where it records one, and
// those whose name it puts together.
func writtenActs(t *testing.T) []string {
	t.Helper()
	out := []string{"spool-drained", "notice-sent", "notice-failed", "notice-skipped", "webhook-disabled", "group-added", "group-changed", "group-removed",
		"person-changed", "person-moved", "duty-given-refused", "session-end-refused", "invitation-agree-refused"}
	for _, kind := range []string{"role", "position", "duty", "identity"} {
		for _, event := range []string{"given", "proposed", "agreed", "refused", "taken"} {
			out = append(out, kind+"-"+event)
		}
	}
	names := regexp.MustCompile(`\b(?:change|record|govern|tell|keep|note|act)\([a-zA-Z][^"]*?"([a-z]+(?:-[a-z]+)+)"`)
	for _, dir := range []string{"access", "change", "demo", "notice", "people", "signin", "tokens"} {
		files, err := filepath.Glob("../" + dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for line := range strings.Lines(string(text)) {
				for _, m := range names.FindAllStringSubmatch(line, -1) {
					out = append(out, m[1])
				}
			}
		}
	}
	if slices.Sort(out); len(out) < 70 {
		t.Fatalf("the source names %d acts", len(out))
	}
	return slices.Compact(out)
}

// TestEveryActIsToldInWords: what happened is a sentence, never the name that a program has
// for it.
func TestEveryActIsToldInWords(t *testing.T) {
	l := newLibrary(t)
	for _, act := range writtenActs(t) {
		a := ledgertest.Act(4)
		a.Who, a.Act, a.What = "dora", act, nil
		l.shelf.found = []*oversight.Recorded{recorded(t, a)}
		_, page := l.get(t, "/record")
		bare := strings.ReplaceAll(act, "-", " ")
		if strings.Contains(page, bare+"<") || strings.Contains(page, bare+" (") || strings.Contains(page, bare+",") {
			t.Errorf("%s has no words", act)
		}
	}
}
