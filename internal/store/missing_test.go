package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"modicum/ledger/ledgertest"
)

// TestL3_ASearchSaysThatEntriesAreGone: whatever leads it, fewer would look like all.
func TestL3_ASearchSaysThatEntriesAreGone(t *testing.T) {
	s, _ := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	together(t, s, decisions(0, 3*mostBound))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := ledgertest.Decision(1)
	search := func(q Query) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			found, err := s.Search(ctx, q)
			return len(found), err
		}
	}
	find := func(w Wanted) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			found, err := s.Find(ctx, w)
			return len(found.Groups), err
		}
	}
	by := map[string]func(context.Context) (int, error){
		"search by person": search(Query{Who: d.Who}), "search by patient": search(Query{Patient: d.Patients[0]}), "search by role": search(Query{Role: d.Role}),
		"find by person": find(Wanted{Who: d.Who}), "find by patient": find(Wanted{Patient: d.Patients[0]}), "find by role": find(Wanted{Role: d.Role, Limit: 500}),
	}
	for name, ask := range by {
		if n, err := ask(t.Context()); err != nil || n == 0 {
			t.Fatalf("%s: %d found, %v", name, n, err)
		}
	}
	if _, err := s.write.ExecContext(t.Context(), "delete from ledger_sheaf where first = 0"); err != nil {
		t.Fatal(err)
	}
	for name, ask := range by {
		if n, err := ask(t.Context()); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d found, %v", name, n, err)
		}
	}
}
