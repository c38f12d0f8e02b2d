package people_test

import (
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"modicum/internal/people"
)

// TestG6_ANameIsFoundInWhateverSpelling: the short way for plain letters finds what the
// long one finds, and who is written in others is found by all of their spellings.
func TestG6_ANameIsFoundInWhateverSpelling(t *testing.T) {
	long := func(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }
	plain := make([]byte, 0, 128)
	for c := range byte(128) {
		plain = append(plain, c)
	}
	for _, name := range []string{string(plain), "", "Alice.Example", "hosp/ALICE", "Straße", "ＡＬＩＣＥ", "\u212aim", "Ångström", "A\u030angstrom", "\xff"} {
		if got := people.Fold(name); got != long(name) {
			t.Errorf("%q is found as %q, want %q", name, got, long(name))
		}
	}
	for _, of := range [][2]string{{"kim", "\u212aim"}, {"alice", "ＡＬＩＣＥ"}, {"strasse", "STRASSE"}, {"strasse", "Straße"}} {
		if people.Fold(of[0]) != people.Fold(of[1]) {
			t.Errorf("%q and %q are two", of[0], of[1])
		}
	}
}
