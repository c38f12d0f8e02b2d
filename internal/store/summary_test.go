package store

import (
	"testing"

	"modicum/ledger"
)

// TestASegmentThatWasNotSeenWholeIsRead: what a segment holds is known only to a process
// that saw each of its entries come.
func TestASegmentThatWasNotSeenWholeIsRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		from  int64
		hole  int64 // left out
		whole bool
	}{
		{"from its beginning", segmentSize, -1, true},
		{"from a later entry on", segmentSize + 1, -1, false},
		{"all but one", segmentSize, segmentSize + 100, false},
		{"all but the last", segmentSize, 2*segmentSize - 1, false},
		{"what came before it as well", segmentSize - 3, -1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var all summaries
			for pos := tt.from; pos < 2*segmentSize+3; pos++ {
				if pos != tt.hole {
					all.note([]*pending{{pos: pos, head: ledger.Header{At: pos}, sort: sort{traits: traits{role: "nurse"}}}})
				}
			}
			g := all.of(1)
			if (g != nil) != tt.whole {
				t.Fatalf("got %v, whole %v", g, tt.whole)
			}
			if want := (segment{segmentSize, 2*segmentSize - 1, " role:nurse "}); g != nil && *g != want {
				t.Errorf("got %+v, want %+v", *g, want)
			}
			if all.of(0) != nil || all.of(2) != nil {
				t.Error("a segment that is not full is taken for whole")
			}
		})
	}
}
