package catalog_test

import (
	"strings"
	"testing"

	"modicum/catalog"
)

// TestIsID holds the grammar against each byte that there is, alone and beside others, and
// against both lengths at which it ends (hl7.org/fhir/R4/datatypes.html#id).
func TestIsID(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
	for c := range 256 {
		s := string([]byte{byte(c)})
		want := strings.Contains(letters, s)
		for _, spelt := range []string{s, "a" + s, s + "9"} {
			if got := catalog.IsID(spelt); got != want {
				t.Errorf("%q: %v", spelt, got)
			}
			if got := catalog.IsID([]byte(spelt)); got != want {
				t.Errorf("bytes %q: %v", spelt, got)
			}
		}
	}
	for n, want := range map[int]bool{0: false, 1: true, 64: true, 65: false} {
		if got := catalog.IsID(strings.Repeat("a", n)); got != want {
			t.Errorf("%d letters: %v", n, got)
		}
	}
}
