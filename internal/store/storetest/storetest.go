// Package storetest is the contract of a store: what every engine must do.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

// Opener opens a fresh store; a second call of reopen opens the same one again
// after it was closed.
type Opener func(t *testing.T) (s *store.Store, reopen func() *store.Store, public string)

// Run holds a store against the contract.
func Run(t *testing.T, open Opener) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"an entry is read back as it was hashed (L5)", readBack},
		{"act and entry commit or fail together", together},
		{"a failing act drops only its own entry", ownOnly},
		{"entries out of order are refused", order},
		{"order is known again after reopening", orderAfterReopen},
		{"search", search},
		{"search finds old and new, before and after reopening", searchMany},
		{"many writers, one tree that verifies (L3)", manyWriters},
		{"an entry can be proved", prove},
		{"an ended context writes nothing", endedContext},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open) })
	}
}

var bg = context.Background()

func must(t *testing.T, s ledger.Log, e ledger.Entry) ledger.Receipt {
	t.Helper()
	r, err := s.Append(bg, e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readBack(t *testing.T, open Opener) {
	s, reopen, _ := open(t)
	want, err := ledger.Encode(ledgertest.Decision(1))
	if err != nil {
		t.Fatal(err)
	}
	r := must(t, s, ledgertest.Decision(1))
	if r.Index != 0 || r.Size != 1 || r.Origin == "" {
		t.Errorf("receipt %+v", r)
	}
	must(t, s, ledgertest.Opened(1, 1))
	must(t, s, ledgertest.Outcome(1))
	for range 2 {
		got, err := s.ByID(bg, ledgertest.ID(1))
		if err != nil || len(got) != 3 || string(got[0].Body) != string(want) {
			t.Fatalf("got %d records, %v", len(got), err)
		}
		for i, r := range got {
			if e, err := r.Entry(); err != nil || e.Header().ID != ledgertest.ID(1) || r.Index != int64(i) {
				t.Errorf("record %d: %v", i, err)
			}
		}
		s.Close()
		s = reopen()
	}
	if _, err := s.ByID(bg, ledgertest.ID(2)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func exec(query string, args ...any) func(ledger.Tx) error {
	return func(tx ledger.Tx) error {
		_, err := tx.Exec(bg, query, args...)
		return err
	}
}

// count reads a number through an act, which is the only way to the database
// that callers have.
func count(t *testing.T, s *store.Store, n int, query string) (out int64) {
	t.Helper()
	_, err := s.Append(bg, ledgertest.Act(n), func(tx ledger.Tx) error {
		rows, err := tx.Query(bg, query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := rows.Scan(&out); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func together(t *testing.T, open Opener) {
	s, _, _ := open(t)
	if _, err := s.Append(bg, ledgertest.Act(1), exec("create table thing (n integer not null)")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(bg, ledgertest.Act(2), exec("insert into thing (n) values ($1)", 7)); err != nil {
		t.Fatal(err)
	}
	// The entry cannot be written (its id is taken), so the act is undone.
	if _, err := s.Append(bg, ledgertest.Act(2), exec("insert into thing (n) values ($1)", 8)); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("got %v, want out of order", err)
	}
	if got := count(t, s, 3, "select sum(n) from thing"); got != 7 {
		t.Errorf("sum is %d, want 7: an act without its entry stayed", got)
	}
	var kept ledger.Tx
	if _, err := s.Append(bg, ledgertest.Act(4), func(tx ledger.Tx) error { kept = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Exec(bg, "insert into thing (n) values (9)"); err == nil {
		t.Error("a Tx worked after its act")
	}
}

func ownOnly(t *testing.T, open Opener) {
	s, _, _ := open(t)
	if _, err := s.Append(bg, ledgertest.Act(0), exec("create table thing (n integer not null)")); err != nil {
		t.Fatal(err)
	}
	no := errors.New("no")
	var wg sync.WaitGroup
	for i := 1; i <= 60; i++ {
		wg.Go(func() {
			_, err := s.Append(bg, ledgertest.Act(i), func(tx ledger.Tx) error {
				if err := exec("insert into thing (n) values ($1)", i)(tx); err != nil {
					return err
				}
				switch i % 6 {
				case 0:
					return no
				case 3:
					panic("an act that panics")
				}
				return nil
			})
			if want := i%3 == 0; (err != nil) != want || i%6 == 0 && !errors.Is(err, no) {
				t.Errorf("act %d: got %v", i, err)
			}
		})
	}
	wg.Wait()
	if got := count(t, s, 100, "select count(*) from thing"); got != 40 {
		t.Errorf("%d acts stayed, want 40", got)
	}
	if h, err := s.Head(bg); err != nil || h.Size != 42 {
		t.Errorf("head %+v, %v: want 42 entries", h, err)
	}
}

func order(t *testing.T, open Opener) {
	s, _, _ := open(t)
	refused := ledgertest.Decision(9)
	refused.Effect = ledger.Refuse
	must(t, s, refused)
	must(t, s, ledgertest.Decision(1))
	must(t, s, ledgertest.Opened(1, 1))
	for name, e := range map[string]ledger.Entry{
		"opened without decision": ledgertest.Opened(2, 1),
		"opened after a refusal":  ledgertest.Opened(9, 1),
		"opened with a gap":       ledgertest.Opened(1, 3),
		"opened twice":            ledgertest.Opened(1, 1),
		"decision twice":          ledgertest.Decision(1),
		"outcome of nothing":      ledgertest.Outcome(3),
	} {
		if _, err := s.Append(bg, e, nil); !errors.Is(err, ledger.ErrOrder) {
			t.Errorf("%s: got %v, want out of order", name, err)
		}
	}
	must(t, s, ledgertest.Outcome(1))
	if _, err := s.Append(bg, ledgertest.Opened(1, 2), nil); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("opened after the outcome: got %v", err)
	}
}

func orderAfterReopen(t *testing.T, open Opener) {
	s, reopen, _ := open(t)
	must(t, s, ledgertest.Decision(1))
	must(t, s, ledgertest.Opened(1, 1))
	s.Close()
	s = reopen()
	if _, err := s.Append(bg, ledgertest.Opened(1, 1), nil); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("got %v, want out of order", err)
	}
	must(t, s, ledgertest.Opened(1, 2))
	must(t, s, ledgertest.Outcome(1))
}

func search(t *testing.T, open Opener) {
	s, _, _ := open(t)
	for _, e := range ledgertest.Mixed(200) {
		must(t, s, e)
	}
	d := ledgertest.Decision(8)
	for _, tt := range []struct {
		name string
		q    store.Query
		want int
	}{
		{"everything", store.Query{Limit: 1000}, 200},
		{"a person: decision, opened and outcome", store.Query{Who: d.Who}, 6},
		{"a patient: what names them", store.Query{Patient: ledgertest.Patient(8)}, 2},
		{"a person and a patient", store.Query{Who: d.Who, Patient: ledgertest.Patient(8), Kind: ledger.KindOpened}, 1},
		{"a kind", store.Query{Kind: ledger.KindAct, Limit: 1000}, 15},
		{"a role and an effect", store.Query{Role: d.Role, Effect: ledger.Admit, Kind: ledger.KindDecision, Limit: 1000}, 62},
		{"an effect that is not there", store.Query{Effect: ledger.Refuse}, 0},
		{"a task", store.Query{Task: "work-denial", Kind: ledger.KindDecision, Limit: 1000}, 62},
		{"a time", store.Query{From: d.At, To: d.At + 1}, 3},
		{"a page", store.Query{Limit: 10, After: 195}, 5},
	} {
		got, err := s.Search(bg, tt.q)
		if err != nil || len(got) != tt.want {
			t.Errorf("%s: got %d, want %d (%v)", tt.name, len(got), tt.want, err)
		}
	}
	var all []store.Record
	for q := (store.Query{Newest: true, Limit: 70}); ; {
		page, err := s.Search(bg, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		q.After = page[len(page)-1].Pos + 1
		if page[len(page)-1].Pos == 0 {
			break
		}
	}
	if len(all) != 200 || all[0].Pos != 199 || all[199].Pos != 0 {
		t.Errorf("newest first in pages: %d records", len(all))
	}
}

func searchMany(t *testing.T, open Opener) {
	s, reopen, _ := open(t)
	const n = 9000
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := w; i < n; i += 32 {
				if _, err := s.Append(bg, ledgertest.Decision(i), nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range 1500 { // one patient often, newer than the index
		must(t, s, ledgertest.Decision(n+97*i))
	}
	d := ledgertest.Decision(n)
	patient, who := 0, 0
	for i := range n + 1500 {
		if i >= n {
			i = n + 97*(i-n)
		}
		e := ledgertest.Decision(i)
		if e.Patients[0] == d.Patients[0] {
			patient++
		}
		if e.Who == d.Who {
			who++
		}
	}
	for range 2 {
		p, err := s.Search(bg, store.Query{Patient: d.Patients[0], Limit: 10000})
		if err != nil || len(p) != patient {
			t.Errorf("a patient: got %d, want %d (%v)", len(p), patient, err)
		}
		w, err := s.Search(bg, store.Query{Who: d.Who, Limit: 10000})
		if err != nil || len(w) != who {
			t.Errorf("a person: got %d, want %d (%v)", len(w), who, err)
		}
		s.Close()
		s = reopen()
	}
}

func manyWriters(t *testing.T, open Opener) {
	s, _, public := open(t)
	const writers, each = 32, 40
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n := w*each + i
				for _, e := range []ledger.Entry{ledgertest.Decision(n), ledgertest.Opened(n, 1), ledgertest.Outcome(n)} {
					if _, err := s.Append(bg, e, nil); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Log(bg, verify.Folder(s.Folder()), verify.Options{Keys: []string{public}})
	if err != nil || !r.OK || r.Size != writers*each*3 || r.Unfinished != 0 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func prove(t *testing.T, open Opener) {
	s, _, public := open(t)
	for _, e := range ledgertest.Mixed(300) {
		must(t, s, e)
	}
	p, err := s.Prove(bg, ledgertest.ID(40))
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Proof(p.Format(), public)
	if err != nil || !r.OK {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := s.Prove(bg, ledgertest.ID(5000)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func endedContext(t *testing.T, open Opener) {
	s, _, _ := open(t)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	_, err := s.Append(ctx, ledgertest.Act(1), func(ledger.Tx) error { return fmt.Errorf("must not run") })
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ledger.ErrNotDurable) {
		t.Errorf("got %v", err)
	}
	must(t, s, ledgertest.Act(2))
	if h, _ := s.Head(bg); h.Size != 1 {
		t.Errorf("%d entries, want 1", h.Size)
	}
}
