package store

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modicum/ledger/ledgertest"
)

// TestACommitWaitsForThoseWhoCameTogether: as many as lately, and never past the moment
// between two commits. Whoever appends alone waits for nobody.
func TestACommitWaitsForThoseWhoCameTogether(t *testing.T) {
	const each = paced / 10
	for _, tt := range []struct {
		name        string
		lately      int
		ago         time.Duration // the last commit began
		first, then int           // entries that are there, and that come later, each after the one before
		taken       int
		took        time.Duration
	}{
		{"alone", 1, each, 1, 5, 1, 0},
		{"as many as lately are there", 4, each, 4, 5, 4, 0},
		{"as many as lately come", 4, each, 1, 5, 4, 3 * each},
		{"fewer come", 8, 5 * each, 1, 3, 4, 5 * each},
		{"the last commit is long ago", 8, paced, 1, 5, 1, 0},
		{"no commit before", 0, 0, 1, 5, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &Store{in: make(chan *pending, maxBatch), stop: make(chan struct{})}
				p := &pending{head: ledgertest.Decision(1).Header()}
				c := crowd{lately: tt.lately}
				if tt.lately > 0 {
					c.began = time.Now()
					time.Sleep(tt.ago)
				}
				var others sync.WaitGroup
				defer others.Wait()
				others.Go(func() {
					for range tt.then {
						time.Sleep(each)
						s.in <- p
					}
				})
				var batch []*pending
				for range tt.first {
					batch = append(batch, p)
				}
				began := time.Now()
				batch = c.wait(s, batch)
				if took := time.Since(began); len(batch) != tt.taken || took != tt.took {
					t.Errorf("%d entries after %s, want %d after %s", len(batch), took, tt.taken, tt.took)
				}
			})
		})
	}
}

// TestACrowdIsForgotten: after some commits of one entry each nobody waits any more.
func TestACrowdIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{in: make(chan *pending), stop: make(chan struct{})}
		c := crowd{lately: maxBatch}
		for range 50 {
			c.wait(s, []*pending{{}})
		}
		if began := time.Now(); c.lately != 1 || len(c.wait(s, []*pending{{}})) != 1 || time.Since(began) != 0 {
			t.Errorf("%d are waited for", c.lately)
		}
	})
}
