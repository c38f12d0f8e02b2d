package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestL1_AnEntryUnderWayIsDurableWhenItsWaitSaysSo: Start promises nothing; Wait what
// Append does. Nobody's entry is written after they were told that it is not known to be.
func TestL1_AnEntryUnderWayIsDurableWhenItsWaitSaysSo(t *testing.T) {
	hold, at := make(chan struct{}), make(chan struct{}, 10)
	o := ownOptions(t)
	o.Sync = func(f *os.File) error { at <- struct{}{}; <-hold; return syncData(f) }
	s := openedWith(t, o, func(tx *sql.Tx) error { return tx.Commit() })
	start := func(n int) ledger.Started {
		t.Helper()
		st, ok, err := s.Start(ledgertest.Decision(n))
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		return st
	}
	first := start(1)
	<-at // the first is being written
	late, gone, second := start(2), start(3), start(4)
	if _, err := late.Wait(t.Context(), time.Millisecond); !errors.Is(err, ledger.ErrNotDurable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waited long enough: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gone.Wait(ctx, time.Minute); !errors.Is(err, ledger.ErrNotDurable) || !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	close(hold)
	for i, st := range []ledger.Started{first, second} { // between them that of who went away: it was decided
		if r, err := st.Wait(t.Context(), time.Minute); err != nil || r.Index != int64(2*i) {
			t.Errorf("entry %d: %+v, %v", i, r, err)
		}
	}
	if head, err := s.Head(t.Context()); err != nil || head.Size != 3 {
		t.Errorf("%d entries, %v", head.Size, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := start(5).Wait(t.Context(), time.Minute); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// TestStartNeverWaits: where there is no room nothing is taken, and what may not stand in
// the record is refused at once.
func TestStartNeverWaits(t *testing.T) {
	hold, at := make(chan struct{}), make(chan struct{}, 1000)
	o := ownOptions(t)
	o.Sync = func(f *os.File) error { at <- struct{}{}; <-hold; return syncData(f) }
	s := openedWith(t, o, func(tx *sql.Tx) error { return tx.Commit() })
	if _, ok, err := s.Start(&ledger.Decision{}); ok || err == nil {
		t.Errorf("an entry that is none: %v, %v", ok, err)
	}
	var all []ledger.Started
	for n := 1; n <= 10*maxBatch; n++ {
		st, ok, err := s.Start(ledgertest.Decision(n))
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if all = append(all, st); n == 1 {
			<-at
		}
	}
	if n := len(all); n != maxBatch+1 {
		t.Errorf("%d entries were taken", n)
	}
	close(hold)
	for _, st := range all {
		if _, err := st.Wait(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
