package store

import (
	"database/sql"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestAnIDIsReadAsItIsSpelled: and nothing else is one.
func TestAnIDIsReadAsItIsSpelled(t *testing.T) {
	before := ""
	for n := range 300 {
		id := ledgertest.ID(n * 7919)
		b, ok := bytesOf(id)
		if !ok || b.String() != id {
			t.Fatalf("%s is read as %s, %t", id, b, ok)
		}
		if a, _ := bytesOf(before); before != "" && b.after(a) != (id > before) {
			t.Errorf("%s and %s are in another order", before, id)
		}
		before = id
	}
	id := ledgertest.ID(1)
	for _, bad := range []string{"", id[1:], id + "0", "X" + id[1:], "A" + id[1:], id[:8] + "0" + id[9:], id[:35] + "-"} {
		if b, ok := bytesOf(bad); ok {
			t.Errorf("%q is read as %s", bad, b)
		}
	}
}

// TestHeadsAreReadAsTheyWereWritten: and what is cut short or says too much is damage.
func TestHeadsAreReadAsTheyWereWritten(t *testing.T) {
	var heads []head
	for _, e := range ledgertest.Mixed(mostBound) {
		heads = append(heads, headOf(newPending(e, nil)))
	}
	b := appendHeads(nil, heads)
	got, err := readHeads(b, len(heads))
	if err != nil || len(got) != len(heads) {
		t.Fatal(len(got), err)
	}
	for i := range got {
		g, w := got[i], heads[i]
		if *g.sort != *w.sort {
			t.Errorf("head %d: %+v, want %+v", i, *g.sort, *w.sort)
		}
		if g.sort, w.sort = nil, nil; g != w {
			t.Errorf("head %d: %+v, want %+v", i, g, w)
		}
	}
	for n := range b {
		if _, err := readHeads(b[:n], len(heads)); err == nil {
			t.Errorf("cut after %d of %d bytes they are read", n, len(b))
		}
	}
	for _, n := range []int{len(heads) - 1, len(heads) + 1} {
		if _, err := readHeads(b, n); err == nil {
			t.Errorf("%d of %d are read", n, len(heads))
		}
	}
}

// FuzzHeads: whatever lies in a row, reading it ends, and what is read is written so that it
// is read again.
func FuzzHeads(f *testing.F) {
	f.Add(appendHeads(nil, []head{headOf(newPending(ledgertest.Decision(1), nil)), headOf(newPending(ledgertest.Outcome(1), nil))}), 2)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		heads, err := readHeads(b, n&(mostBound-1))
		if err != nil {
			return
		}
		again, err := readHeads(appendHeads(nil, heads), len(heads))
		if err != nil || len(again) != len(heads) {
			t.Fatal(len(again), err)
		}
	})
}

// TestSheavesHoldEachEntryOnce: however many are moved at a time, a sheaf that is full is one
// row, and all rows together are the record.
func TestSheavesHoldEachEntryOnce(t *testing.T) {
	s, _ := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	var want []string
	r := rand.New(rand.NewPCG(3, 5))
	all := ledgertest.Mixed(1500)
	for len(all) > 0 {
		n := min(len(all), []int{1, 2, 50, 127, 128, 129, 400}[r.IntN(7)])
		for _, e := range all[:n] {
			b, err := ledger.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, string(b))
		}
		together(t, s, all[:n])
		if err := s.settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = all[n:]
	}
	records, err := s.Range(t.Context(), 0, 5000)
	if err != nil || len(records) != len(want) {
		t.Fatalf("%d of %d are there, %v", len(records), len(want), err)
	}
	for i, rec := range records {
		if string(rec.Body) != want[i] {
			t.Fatalf("entry %d is another", i)
		}
	}
	full, err := s.leafing(s.read).numbers(t.Context(), "select n from ledger_sheaf where first / 128 < (select max(first) / 128 from ledger_sheaf)")
	if err != nil || len(full) != len(want)/mostBound || slices.Min(full) != mostBound {
		t.Errorf("full sheaves hold %v entries, %v", full, err)
	}
}

// together appends entries in their order without waiting for each.
func together(t *testing.T, s *Store, entries []ledger.Entry) {
	t.Helper()
	var all sync.WaitGroup
	for _, e := range entries {
		a, ok, err := s.Start(e)
		for ; err == nil && !ok; a, ok, err = s.Start(e) {
			all.Wait() // until there is room
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if _, err := a.Wait(t.Context(), time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestAnEntryIsFoundByItsIDWhereverItLies: ids that come in no order at all, and what comes
// of a decision long after it, before a start and after.
func TestAnEntryIsFoundByItsIDWhereverItLies(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	defer func() { s.Close() }()
	numbers := rand.New(rand.NewPCG(1, 2)).Perm(near + 900)
	var decided []ledger.Entry
	for i, n := range numbers {
		d := ledgertest.Decision(n)
		if i%500 != 0 { // these go on
			d.Effect = ledger.Refuse
		}
		decided = append(decided, d)
	}
	together(t, s, decided)
	for i := 0; i < len(numbers); i += 500 {
		appended(t, s, ledgertest.Opened(numbers[i], 1))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(numbers); i += 500 {
		appended(t, s, ledgertest.Opened(numbers[i], 2), ledgertest.Outcome(numbers[i]))
	}
	for i, n := range numbers {
		want := 1
		if i%500 == 0 {
			want = 4
		} else if i%10 != 0 {
			continue
		}
		got, err := s.ByID(t.Context(), ledgertest.ID(n))
		if err != nil || len(got) != want || got[0].Pos != int64(i) {
			t.Fatalf("of decision %d, entry %d, there are %d, %v; want %d", n, i, len(got), err, want)
		}
	}
	if got, err := s.ByID(t.Context(), ledgertest.ID(1<<20)); err == nil {
		t.Errorf("what is not there is found: %d", len(got))
	}
	if f, err := s.Find(t.Context(), Wanted{End: ledger.Completed, Limit: 500}); err != nil || len(f.Groups) != len(numbers)/500+1 {
		t.Errorf("%d ended, %v", len(f.Groups), err)
	}
}
