package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// counting counts questions to the database.
type counting struct {
	asker
	asked int
}

func (c *counting) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.asked++
	return c.asker.QueryContext(ctx, query, args...)
}

// apart are entries of which each row ends with a decision of one person about one patient,
// and the next begins with what came of it, which names another patient.
func apart(rows int) (all []ledger.Entry) {
	for n := range rows * mostBound {
		d := ledgertest.Decision(n)
		switch d.Effect, d.Patients = ledger.Refuse, nil; n % mostBound {
		case 0:
			if n > 0 {
				end := ledgertest.Outcome(n - 1)
				end.Patients = []string{ledgertest.Patient(2)}
				all = append(all, end)
				continue
			}
		case mostBound - 1:
			d.Effect, d.Who, d.Patients = ledger.Admit, "rare", []string{ledgertest.Patient(1)}
		}
		all = append(all, d)
	}
	return all[:len(all)-1] // of the last nothing came
}

// TestRowsThatHoldWhatIsFoundAreReadTogether: however many they are, a search asks a few
// times, and so reads none twice.
func TestRowsThatHoldWhatIsFoundAreReadTogether(t *testing.T) {
	s, _ := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	const rows, few = 41, 6
	together(t, s, apart(rows))
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, w := range []Wanted{{Patient: ledgertest.Patient(1)}, {Patient: ledgertest.Patient(2)}, {Who: "rare"}} {
		q := &counting{asker: s.read}
		f := finding{s: s, l: s.leafing(q), w: w, limit: 50, before: s.drained.Load()}
		recent := s.terms.find(w.term())
		err := f.collect(t.Context(), func(ctx context.Context, n int) ([]hit, bool, error) { return f.named(ctx, w.term(), recent, n) })
		if err != nil || len(f.found.Groups) != rows-1 || len(f.found.Groups[0].Records) != 2 || q.asked > few {
			t.Errorf("%+v: %d found, %v, with %d questions", w, len(f.found.Groups), err, q.asked)
		}
	}
	for want, query := range map[int]Query{2 * (rows - 1): {Who: "rare"}, rows - 1: {Patient: ledgertest.Patient(2), Who: "rare"}} {
		q := &counting{asker: s.read}
		x := searching{s: s, q: query, l: s.leafing(q), limit: 100}
		look := x.ofPerson
		if query.Patient != "" {
			look = x.named
		}
		err := look(t.Context())
		if err == nil {
			_, err = x.l.records(t.Context(), x.found)
		}
		if err != nil || len(x.found) != want || q.asked > few {
			t.Errorf("%+v: %d found, %v, with %d questions", query, len(x.found), err, q.asked)
		}
	}
}
