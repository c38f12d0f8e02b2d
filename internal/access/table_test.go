package access_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"modicum/internal/access"
)

// TestTheTableIsDocumented: docs/lent-access.md shows every row of the table, and no other.
func TestTheTableIsDocumented(t *testing.T) {
	var want strings.Builder
	for _, s := range access.Steps() {
		var from []string
		for _, f := range s.From {
			from = append(from, name(f))
		}
		to := name(s.To)
		if s.To == "" {
			to = "stays"
		}
		fmt.Fprintf(&want, "| %s | %s | %s | %s | `%s` | %s |\n", strings.Join(from, ", "), s.On, to, s.By, s.Act, s.Note)
	}
	const file = "../../docs/lent-access.md"
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head = "| From | By | To | Who | On record | |\n|---|---|---|---|---|---|\n"
	before, rest, ok := strings.Cut(string(doc), head)
	_, after, ends := strings.Cut(rest, "\n\n")
	if !ok || !ends {
		t.Fatal("docs/lent-access.md has no table of states")
	}
	if got := strings.TrimSuffix(rest, "\n\n"+after) + "\n"; got != want.String() {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, []byte(before+head+want.String()+"\n"+after), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Errorf("docs/lent-access.md differs from access.Steps; UPDATE=1 rewrites its table. Want:\n%s", want.String())
	}
}

func name(s access.State) string {
	if s == access.None {
		return "nothing"
	}
	return string(s)
}

// TestEveryStateIsReachedAndEndsInHistory: from nothing every state is reached, and from
// each that is kept open there is a way into history.
func TestEveryStateIsReachedAndEndsInHistory(t *testing.T) {
	reached := map[access.State]bool{access.None: true}
	for range access.Steps() {
		for _, s := range access.Steps() {
			for _, f := range s.From {
				if reached[f] && s.To != "" {
					reached[s.To] = true
				}
			}
		}
	}
	for _, s := range []access.State{
		access.Waiting, access.Approved, access.Refused, access.Withdrawn, access.Lapsed, access.Live,
		access.Over, access.Done, access.Revoked, access.NoLonger, access.Closed,
	} {
		if !reached[s] {
			t.Errorf("%s is never reached", s)
		}
	}
	for _, s := range access.Steps() {
		for _, f := range s.From {
			for _, end := range []access.State{access.Approved, access.Refused, access.Withdrawn, access.Lapsed, access.Closed} {
				if f == end {
					t.Errorf("something happens to what is %s, which is history", f)
				}
			}
		}
	}
}
