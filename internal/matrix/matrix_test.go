package matrix_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"modicum/catalog"
	"modicum/internal/matrix"
)

// TestEveryCellHasOneVerdict: a cell that no rule speaks of, or two do, fails.
func TestEveryCellHasOneVerdict(t *testing.T) {
	seen := make(map[string]int)
	for c := range matrix.Cells(catalog.R4()) {
		classes := matrix.Of(&c)
		if len(classes) != 1 {
			t.Errorf("%s: %d rules speak of it", &c, len(classes))
			for _, k := range classes {
				t.Log("  ", k.Name)
			}
			continue
		}
		seen[classes[0].Name]++
	}
	for i := range matrix.Classes {
		if seen[matrix.Classes[i].Name] == 0 {
			t.Errorf("the rule %q speaks of no cell", matrix.Classes[i].Name)
		}
	}
}

var update = flag.Bool("update", false, "rewrite docs/matrix.md")

func TestThePageIsCurrent(t *testing.T) {
	const page = "../../docs/matrix.md"
	var want bytes.Buffer
	if err := matrix.Write(&want, catalog.R4()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/matrix.md is not what the rules make, run: go test ./internal/matrix -update (%v)", err)
	}
}
