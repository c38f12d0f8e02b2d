package fhir

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"modicum/catalog"
)

// TestSeenIsASetOfRecords: it says what a map would, before and after it grew, and is
// empty when it is lent again.
func TestSeenIsASetOfRecords(t *testing.T) {
	s, random := newSeen(), rand.New(rand.NewPCG(1, 2))
	for round := range 3 {
		want := map[record]bool{}
		for range 5000 {
			r := record{catalog.Type(random.IntN(3)), fmt.Sprint("r", random.IntN(1500))}
			if s.has(r) != want[r] || s.add(r) == want[r] || !s.has(r) {
				t.Fatalf("round %d, %d records: %v is not told apart", round, len(want), r)
			}
			want[r] = true
		}
		if s.empty(); len(s.list) != 0 {
			t.Fatal("not empty")
		}
		for r := range want {
			if s.has(r) {
				t.Fatalf("%v is remembered", r)
			}
		}
	}
}
