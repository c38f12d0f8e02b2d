package store

import (
	"context"
	"database/sql"
	"fmt"
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

// TestWhatTheIndexLacksIsReadAgain: a process that dies loses nothing that a search finds,
// and goes on with the run that it had begun.
func TestWhatTheIndexLacksIsReadAgain(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	n := manyDecisions(t, s, 0, maxTerms/2+500) // two names each: one run, and more
	if runs := s.Runs(t); runs != 1 || s.terms.count == 0 || s.terms.count >= maxTerms {
		t.Fatalf("%d runs are written and %d names remembered", runs, s.terms.count)
	}
	s.copier.close() // a process that is killed copies nothing while its files are taken
	again, err := Open(t.Context(), dead(t, o))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.terms.count != s.terms.count {
		t.Errorf("%d names are remembered, want %d", again.terms.count, s.terms.count)
	}
	for i := range 97 {
		found(t, again, i, n)
	}
	n = manyDecisions(t, again, n, n+maxTerms/2)
	for i := range 97 {
		found(t, again, i, n)
	}
	if runs := again.Runs(t); runs != 2 || again.terms.count >= maxTerms {
		t.Errorf("%d runs are written and %d names remembered", runs, again.terms.count)
	}
}

// manyDecisions appends the decisions from one number to another and two more, moves them
// into the database, and returns how many there are.
func manyDecisions(t *testing.T, s *Store, from, to int) int {
	t.Helper()
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for i := from + n; i < to; i += 64 {
				if _, err := s.Append(t.Context(), ledgertest.Decision(i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for range 2 { // what is full enough is written with what comes next
		appended(t, s, ledgertest.Decision(to))
		if err := s.settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		to++
	}
	return to
}

// TestASearchForARareNamePauses: it looks at a bounded part of the index, says where it
// goes on, and finds what lies beyond.
func TestASearchForARareNamePauses(t *testing.T) {
	s, _ := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	rare := ledgertest.Decision(0)
	rare.Who = "somebody"
	appended(t, s, rare)
	manyDecisions(t, s, 1, 3*mostRows)
	for first := range int64(5*mostRows/2 + 1) { // runs of one entry each
		r := run{first: first, rows: map[slot][]byte{}}
		r.add("w:"+[]string{"somebody", "else"}[min(first, 1)], []int64{first})
		r.rows[slot{bucketOf("w:somebody"), 0}] = append(r.rows[slot{bucketOf("w:somebody"), 0}], r.rows[slot{bucketOf("w:else"), 0}]...)
		if err := r.write(t.Context(), s.insert.run, first); err != nil {
			t.Fatal(err)
		}
	}
	s.terms.forget()
	w, pauses := Wanted{Who: "somebody"}, 0
	for {
		f, err := s.Find(t.Context(), w)
		if err != nil || f.Next != 0 && (f.Next >= w.Before && w.Before > 0 || f.Until == 0) {
			t.Fatalf("before %d: %+v, %v", w.Before, f, err)
		}
		if len(f.Groups) > 0 {
			break
		}
		if w.Before = f.Next; f.Next == 0 {
			t.Fatal("it ended without what is there")
		}
		pauses++
	}
	if pauses != 2 {
		t.Errorf("it paused %d times, want 2", pauses)
	}
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
