package fhirjson

import (
	"math/rand/v2"
	"testing"

	"modicum/catalog"
)

// The marks of the processor at hand and those of plain Go both have a bit at every
// byte at which a string may stop, and others only right behind one that is marked.
func TestMarksMissNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := make([]byte, rng.IntN(300))
		for i := range b {
			b[i] = byte(0x23 + rng.IntN(0x5c-0x23))
			if rng.IntN(20) == 0 {
				b[i] = byte(rng.IntN(256))
			}
		}
		plain := make([]uint64, len(b)>>6)
		markWords(plain, b)
		marks := mark(nil, b)
		for i, c := range b {
			stop := c == '"' || c == '\\' || c < ' ' || c >= 0x80
			if got := marks[i>>6]>>(i&63)&1 == 1; got != stop && (stop || i == 0 || marks[(i-1)>>6]>>((i-1)&63)&1 == 0) {
				t.Fatalf("byte %d, %#x: marked %v in %q", i, c, got, b)
			}
			if stop && i>>6 < len(plain) && plain[i>>6]>>(i&63)&1 == 0 {
				t.Fatalf("byte %d, %#x: not marked in plain Go in %q", i, c, b)
			}
		}
		for k, w := range plain {
			if extra := w &^ (marks[k] | w<<1); extra != 0 {
				t.Fatalf("plain Go marks %#x besides in %q", extra, b)
			}
		}
		if from := rng.IntN(len(b) + 1); next(marks, from) < from {
			t.Fatalf("next goes back from %d in %q", from, b)
		}
	}
}

// The guess which member is next is right only if what follows a member is of the
// same object: no element stands in two tables of children, nor at two places.
func TestEachElementStandsInOneTable(t *testing.T) {
	k := knowledgeOf(catalog.R4())
	type place struct {
		table uint32
		at    int
	}
	seen := map[catalog.NodeID]place{}
	for id := range k.nodes {
		for at, c := range k.cat.Children(catalog.NodeID(id)) {
			if k.nodes[id].node == nil {
				continue
			}
			here := place{k.nodes[id].table, at}
			if there, old := seen[c]; old && there != here {
				t.Errorf("%s stands at %v and %v", k.nodes[c].node.Path, there, here)
			}
			seen[c] = here
		}
	}
	if len(seen) < 5000 {
		t.Errorf("only %d elements", len(seen))
	}
}
