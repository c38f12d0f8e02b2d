package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// later are the numbers of docs/threat-model.md, sections 6 and 7, whose subject is not
// built: SQL, writes, lent access and its governance, exports, console.
var later = []string{
	"N2",
	"S1", "S2", "S3", "S4", "S5", "S7", "S8", "S9", "S10", "S11",
	"X1", "X2",
}

var (
	invariant = regexp.MustCompile(`(?m)^- ([A-Z]{1,2}[0-9]+)\. `)
	channel   = regexp.MustCompile(`(?m)^\| (FC[0-9]+) \|`)
	testName  = regexp.MustCompile(`(?m)^func Test([A-Z]{1,2}[0-9]+)(?:_([A-Z]{1,2}[0-9]+))?_?[A-Z]`)
)

// TestEveryNumberOfTheThreatModelHasATest: the name of a test says which row it holds. A
// row without one is a defect, unless it stands in later.
func TestEveryNumberOfTheThreatModelHasATest(t *testing.T) {
	rows, tested := numbered(t), testedNumbers(t)
	if len(rows) < 80 {
		t.Fatalf("found only %d numbers: the reading of docs/threat-model.md is broken", len(rows))
	}
	for _, row := range rows {
		switch has, put := tested[row], slices.Contains(later, row); {
		case !has && !put:
			t.Errorf("%s has no test: none is named Test%s_…", row, row)
		case has && put:
			t.Errorf("%s has a test: take it off the list of what comes later", row)
		}
	}
	for _, row := range later {
		if !slices.Contains(rows, row) {
			t.Errorf("%s comes later, but docs/threat-model.md has no such number", row)
		}
	}
}

// numbered lists the numbers of sections 6 and 7.
func numbered(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, six := strings.Cut(string(text), "\n## 6. ")
	part, _, eight := strings.Cut(rest, "\n## 8. ")
	if !six || !eight {
		t.Fatal("docs/threat-model.md has no sections 6 to 8")
	}
	var rows []string
	for _, m := range slices.Concat(invariant.FindAllStringSubmatch(part, -1), channel.FindAllStringSubmatch(part, -1)) {
		rows = append(rows, m[1])
	}
	return rows
}

// testedNumbers are those that a test's name begins with.
func testedNumbers(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, name := range goFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			out[m[1]], out[m[2]] = true, true
		}
	}
	return out
}
