package store

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestOutcomesShareTheCommitOfTheNextDecision: no answer waits for an outcome, so it is
// held back a moment for an entry that somebody waits for, which is never held back.
func TestOutcomesShareTheCommitOfTheNextDecision(t *testing.T) {
	of := func(e ledger.Entry) *pending { return &pending{head: e.Header()} }
	outcome, decision := of(ledgertest.Outcome(1)), of(ledgertest.Decision(2))
	act := of(ledgertest.Outcome(1))
	act.act = func(ledger.Tx) error { return nil }
	for _, tt := range []struct {
		name   string
		first  *pending
		then   []*pending // each a millisecond after the one before
		stop   bool       // a millisecond after those
		taken  int
		within time.Duration
	}{
		{"an outcome, then a decision", outcome, []*pending{decision}, false, 2, time.Millisecond},
		{"an outcome and nothing else", outcome, nil, false, 1, lingering},
		{"an outcome and another", outcome, []*pending{outcome}, false, 2, lingering},
		{"a decision waits for nobody", decision, []*pending{outcome}, false, 1, 0},
		{"nor does an outcome with an act", act, []*pending{outcome}, false, 1, 0},
		{"the store closes", outcome, nil, true, 1, time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Store{in: make(chan *pending, maxBatch), stop: make(chan struct{})}
				var others sync.WaitGroup
				defer others.Wait()
				others.Go(func() {
					for _, p := range tt.then {
						time.Sleep(time.Millisecond)
						s.in <- p
					}
					if tt.stop {
						time.Sleep(time.Millisecond)
						close(s.stop)
					}
				})
				began := time.Now()
				batch := s.linger([]*pending{tt.first})
				took := time.Since(began)
				if len(batch) != tt.taken || took > tt.within {
					t.Errorf("%d entries after %s, want %d within %s", len(batch), took, tt.taken, tt.within)
				}
			})
		})
	}
}
