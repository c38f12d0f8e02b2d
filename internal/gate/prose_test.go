package gate_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"modicum/internal/gate"
	"modicum/policy"
)

// TestEveryCodeOfTheRecordIsSpelt: why a request was refused, and why a record was
// withheld, is told in words.
func TestEveryCodeOfTheRecordIsSpelt(t *testing.T) {
	for why := policy.NoRole; why <= policy.TooManyLines; why++ {
		if _, spelt := gate.Prose(why.String()); !spelt {
			t.Errorf("%s is not spelt", why)
		}
	}
	if _, spelt := gate.Prose("of-another-version"); spelt {
		t.Error("an unknown code must stand as it is")
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`j\.(?:There, j\.)?Because = (?:false, )?"([a-z]+)"`).FindAllSubmatch(text, -1) {
			words[string(m[1])] = true
		}
	}
	if len(words) < 7 {
		t.Errorf("found only %d words: the reading of the sources is broken", len(words))
	}
	for w := range words {
		if gate.Withheld(w) == w {
			t.Errorf("withheld because %q is not spelt", w)
		}
	}
}
