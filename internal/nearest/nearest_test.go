package nearest_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/internal/nearest"
)

func TestTheWordThatWasMeantIsFound(t *testing.T) {
	keys := []string{"while", "purpose", "do", "to", "birthDate", "listen"}
	for word, want := range map[string]string{
		"while": "while", "whlie": "while", "purpos": "purpose", "PURPOSE": "purpose", "birthdat": "birthDate",
		"listne": "listen", "xy": "", "": "", "entirely-else": "", "dx": "", strings.Repeat("while", 1<<12): "",
	} {
		if got := nearest.Word(word, keys); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

// TestOrderDoesNotMatter: words come from maps as well as from lists.
func TestOrderDoesNotMatter(t *testing.T) {
	keys := []string{"role", "rule", "roles", "rode"}
	for range 24 {
		slices.Reverse(keys[1:])
		slices.Reverse(keys)
		if got := nearest.Word("rolle", keys); got != "role" {
			t.Errorf("of %v: got %q", keys, got)
		}
	}
}
