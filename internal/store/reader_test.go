package store_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/store"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

// TestAReaderReadsBesideTheWriter: what is durable is found and proved while the
// server has the store open, and what comes later as well.
func TestAReaderReadsBesideTheWriter(t *testing.T) {
	o := options(t)
	s := open(t, o)
	fill(t, s, ledgertest.Decision(1), ledgertest.Opened(1, 1), ledgertest.Outcome(1))
	r, err := store.OpenReader(bg, o.Dir, o.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	fill(t, s, ledgertest.Decision(2))
	for id, want := range map[string]int{ledgertest.ID(1): 3, ledgertest.ID(2): 1} {
		got, err := r.ByID(bg, id)
		if err != nil || len(got) != want {
			t.Fatalf("%s: %d entries, %v; want %d", id, len(got), err, want)
		}
		p, err := r.Prove(bg, &got[0])
		if err != nil {
			t.Fatal(err)
		}
		if res, err := verify.Proof(p.Format(), o.Key.Public()); err != nil || !res.OK || res.Entry != string(got[0].Body) {
			t.Errorf("proof of %s: %+v %v", id, res, err)
		}
	}
	first := ledgertest.Decision(1)
	found, err := r.Search(bg, store.Query{Patient: first.Patients[0], Who: first.Who})
	if err != nil || len(found) == 0 {
		t.Errorf("search: %d, %v", len(found), err)
	}
}

// TestAReaderProvesNothingThatWasAltered: one changed byte of a stored entry has
// no proof.
func TestAReaderProvesNothingThatWasAltered(t *testing.T) {
	o := options(t)
	s := open(t, o)
	fill(t, s, ledgertest.Decision(1), ledgertest.Decision(2))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(o.Dir, "modicum.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("update ledger_sheaf set bodies = cast(replace(cast(bodies as text), '\"who\":\"hosp', '\"who\":\"xosp') as blob)"); err != nil {
		t.Fatal(err)
	}
	r, err := store.OpenReader(bg, o.Dir, o.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.ByID(bg, ledgertest.ID(1))
	if err != nil || !strings.Contains(string(got[0].Body), `"who":"xosp`) {
		t.Fatalf("the case changes nothing: %v", err)
	}
	if _, err := r.Prove(bg, &got[0]); err == nil {
		t.Error("an altered entry was proved")
	}
}

// TestAReaderMakesNothing: a folder without a store is said to be one.
func TestAReaderMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.OpenReader(bg, dir); !errors.Is(err, store.ErrNoRecord) {
		t.Errorf("got %v, want ErrNoRecord", err)
	}
	if m, _ := filepath.Glob(filepath.Join(dir, "*")); len(m) > 0 {
		t.Errorf("it made %v", m)
	}
}
