package api

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestD11_AKeyThatWasKeptMeanwhileIsNotNew: a request that looked before another kept the
// key, and goes on after that one is over. Nothing of the package's outside stops one there.
func TestD11_AKeyThatWasKeptMeanwhileIsNotNew(t *testing.T) {
	desk := book.NewDesk(&booktest.Shelf{})
	m, err := Remember(t.Context(), desk)
	if err != nil {
		t.Fatal(err)
	}
	wards, err := book.Open[string](t.Context(), desk, "ward", nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	does := func(now time.Time, answer string) {
		t.Helper()
		if s, err := m.take(t.Context(), "nina", "k", "of", now); s != nil || err != nil {
			t.Fatalf("the first: %v %v", s, err)
		}
		ctx := m.beside(t.Context(), "k", func(*book.Change) (int, []byte, error) { return 200, []byte(answer), nil })
		if err := desk.Change(ctx, func(c *book.Change) error {
			wards.Put(c, "w", new(string))
			c.Record(&ledger.Act{Act: "ward-changed", At: now.UnixMicro(), ID: ledgertest.ID(len(answer)), Who: "nina"})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		m.leave("k")
	}
	none := m.kept("k")
	does(now, "one")
	old := m.kept("k")
	later := now.Add(25 * time.Hour)
	for when, looked := range map[time.Time]*slot{now: none, later: nil} {
		if s, certain, err := m.takes("nina", "k", "of", looked, when); certain {
			t.Errorf("taken for new: %v %v", s, err)
		}
	}
	does(later, "three")
	if s, certain, err := m.takes("nina", "k", "of", old, later); certain {
		t.Errorf("taken by the page of the day before: %v %v", s, err)
	}
	if s, err := m.take(t.Context(), "nina", "k", "of", later); err != nil || s == nil || string(s.Body) != "three" {
		t.Errorf("asked again: %v %v", s, err)
	}
}

// TestNobodyTakesTheRoomOfAllKeys: whoever begins with very many in a day waits for the next,
// and nobody else does.
func TestNobodyTakesTheRoomOfAllKeys(t *testing.T) {
	m := newMemory()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	takes := func(who string, n int, now time.Time) error {
		_, err := m.take(t.Context(), who, fmt.Sprint(who, n), "of", now)
		return err
	}
	for n := range rememberOne {
		if err := takes("nina", n, now); err != nil {
			t.Fatal(n, err)
		}
	}
	if err := takes("nina", rememberOne, now); !errors.Is(err, problem.Busy) {
		t.Errorf("one more: %v", err)
	}
	if err := takes("bob", 1, now); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	if err := takes("nina", rememberOne, now.Add(24*time.Hour)); err != nil {
		t.Errorf("the next day: %v", err)
	}
}
