package selftest_test

import (
	"fmt"
	"strings"
	"testing"

	"modicum/internal/selftest"
)

// TestCorpusHasAProbeForEveryRow: FC01 to FC52, in their order, none named twice alike.
func TestCorpusHasAProbeForEveryRow(t *testing.T) {
	probes, err := selftest.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	rows, titles := map[string]bool{}, map[string]bool{}
	last := ""
	for _, p := range probes {
		if p.Row < last {
			t.Errorf("%s, %s, stands after %s", p.Row, p.Title, last)
		}
		if titles[p.Row+p.Title] {
			t.Errorf("%s, %s, stands twice", p.Row, p.Title)
		}
		last, rows[p.Row], titles[p.Row+p.Title] = p.Row, true, true
		if method, _, _ := strings.Cut(p.Ask+p.Raw, " "); method == "DELETE" && !strings.Contains(p.Ask, "{ssn}") {
			t.Errorf("%s, %s, could delete what was not planted", p.Row, p.Title)
		}
	}
	for i := 1; i <= 52; i++ {
		if row := fmt.Sprintf("FC%02d", i); !rows[row] {
			t.Errorf("no probe of %s", row)
		}
	}
}
