package store_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// batch makes the store take all entries in one batch: they queue while an act
// holds the writer. It returns how each append ended.
func batch(t *testing.T, s *store.Store, n int, entries []ledger.Entry) []error {
	t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := s.Append(bg, ledgertest.Act(n), func(ledger.Tx) error { close(held); <-release; return nil })
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	errs := make([]error, len(entries))
	for i, e := range entries {
		queued := s.Queued()
		all.Go(func() { _, errs[i] = s.Append(bg, e, nil) })
		for s.Queued() == queued { // in this order: it is queued before the next
			runtime.Gosched()
		}
	}
	close(release)
	all.Wait()
	return errs
}

func TestABatchIsWrittenManyRowsAtATimeAndOneFaultIsOneEntrys(t *testing.T) {
	o := options(t)
	s := open(t, o)
	if _, err := s.Append(bg, ledgertest.Decision(1), nil); err != nil {
		t.Fatal(err)
	}
	var entries []ledger.Entry
	bad := map[int]bool{}
	for n := 2; n < 60; n++ {
		entries = append(entries, ledgertest.Decision(n), ledgertest.Outcome(n))
		switch n {
		case 20: // there already: in the record, in this batch
			bad[len(entries)] = true
			entries = append(entries, ledgertest.Decision(1))
		case 30:
			bad[len(entries)] = true
			entries = append(entries, ledgertest.Decision(29))
		case 40: // out of order
			bad[len(entries)] = true
			entries = append(entries, ledgertest.Outcome(7))
		}
	}
	good := 0
	for i, err := range batch(t, s, 1000, entries) {
		if bad[i] != errors.Is(err, ledger.ErrOrder) || !bad[i] && err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if err == nil {
			good++
		}
	}
	head, err := s.Head(bg)
	if err != nil || head.Size != int64(good)+2 || good != len(entries)-len(bad) {
		t.Errorf("%d of %d taken, the tree has %d, %v", good, len(entries), head.Size, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, o) // checks every leaf against the signed tree
}
