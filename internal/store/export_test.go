package store

import (
	"context"
	"fmt"
	"testing"
)

// Queued is how many entries wait for the writer.
func (s *Store) Queued() int { return len(s.in) }

// Summarized writes what the full segments hold, as the store does by itself.
func (s *Store) Summarized(t testing.TB) {
	t.Helper()
	if err := s.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.summarize(context.Background(), 0, s.drained.Load()>>segmentBits); err != nil {
		t.Fatal(err)
	}
}

// Written is what is written of a segment.
func (s *Store) Written(t testing.TB, n int64) string {
	t.Helper()
	g, err := s.segment(context.Background(), n)
	if err != nil || g == nil {
		t.Fatal(g, err)
	}
	return fmt.Sprint(*g)
}

// Read is what reading the entries of a segment tells of it.
func (s *Store) Read(t testing.TB, n int64) string {
	t.Helper()
	g, err := s.look(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(*g)
}

// Segments counts those of which it is written what they hold.
func (s *Store) Segments(t testing.TB) (n int) {
	t.Helper()
	if err := s.read.QueryRow("select count(*) from ledger_segment").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Twice puts what the newest n entries of the index name into memory as well: so it is for
// a moment when a run was written.
func (s *Store) Twice(t testing.TB, n int64) {
	t.Helper()
	if err := s.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	from := s.terms.first - n
	records, err := s.Range(context.Background(), from, int(s.drained.Load()-from))
	if err != nil {
		t.Fatal(err)
	}
	var all []*pending
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &pending{pos: r.Pos, head: e.Header()})
	}
	s.db.Lock()
	defer s.db.Unlock()
	s.terms.forget()
	s.terms.note(all)
}

// Runs counts those of the index.
func (s *Store) Runs(t testing.TB) (n int) {
	t.Helper()
	if err := s.read.QueryRow("select count(*) from ledger_run where bucket = -1").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
