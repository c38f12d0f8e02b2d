package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// large is an act of some thirty kilobytes.
func large(n int) *ledger.Act {
	a := ledgertest.Act(n)
	for i := range 400 {
		a.What = append(a.What, fmt.Sprintf("facts/%060d.ndjson", i))
	}
	return a
}

// TestTheWriteAheadLogBeginsAnew: what the log holds is copied beside the writer, who
// then writes it from its beginning again.
func TestTheWriteAheadLogBeginsAnew(t *testing.T) {
	s, _ := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	bg := context.Background()
	longest, most := 0, 6*copyAfter/(30<<10)
	for n := range most {
		if _, err := s.Append(bg, large(n), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.settle(bg); err != nil {
			t.Fatal(err)
		}
		now := frames(t, s)
		if now < longest/2 {
			return
		}
		longest = max(longest, now)
	}
	t.Errorf("%d pages lie in the log after %d entries: it never began anew", longest, most)
}

// frames is how many pages the write-ahead log holds.
func frames(t *testing.T, s *Store) (n int) {
	t.Helper()
	var busy, copied int
	if err := s.read.QueryRow("pragma wal_checkpoint(noop)").Scan(&busy, &n, &copied); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestARunOfTheIndexThatWasCutShortIsWrittenAgain: the index is written in pieces; a
// process that dies between two of them loses nothing that a search finds.
func TestARunOfTheIndexThatWasCutShortIsWrittenAgain(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	bg := context.Background()
	const entries = maxTerms/2 + 3*leastPiece // two terms an entry: some pieces are written, not all
	n := 0
	for underWay := false; n < entries && !underWay; n++ {
		if _, err := s.Append(bg, ledgertest.Decision(n), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.settle(bg); err != nil {
			t.Fatal(err)
		}
		s.db.Lock()
		underWay = s.terms.run != nil && s.terms.written > 0
		s.db.Unlock()
	}
	s.terms.mu.Lock()
	remembered := len(s.terms.list)
	s.terms.mu.Unlock()
	if n == entries || remembered < maxTerms {
		t.Fatalf("no run is under way: %d remembered", remembered)
	}
	// The folder as it lies, as a process leaves it that dies now.
	dead := filepath.Join(t.TempDir(), "dead")
	if err := os.CopyFS(dead, os.DirFS(o.Dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dead, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Dir = dead
	again, err := Open(bg, o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for i := range 97 {
		found(t, again, i, n)
	}
	var all sync.WaitGroup
	for end := n + maxTerms; n < end; n += 64 { // until this run has ended, and more
		for i := range 64 {
			all.Go(func() {
				if _, err := again.Append(bg, ledgertest.Decision(n+i), nil); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := again.settle(bg); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 97 {
		found(t, again, i, n)
	}
	if again.terms.mu.Lock(); len(again.terms.list) >= 2*maxTerms {
		t.Errorf("%d terms remembered: a run takes too long", len(again.terms.list))
	}
	again.terms.mu.Unlock()
}

// found holds that a search finds every one of n decisions about patient i, each once.
func found(t *testing.T, s *Store, i, n int) {
	t.Helper()
	got, err := s.Search(context.Background(), Query{Patient: ledgertest.Patient(i), Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if want := (n - i + 96) / 97; len(got) != want {
		t.Errorf("patient %d: %d entries found, want %d", i, len(got), want)
	}
}
