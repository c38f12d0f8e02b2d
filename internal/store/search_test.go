package store_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// stored is an entry and its decision or act, as the slow search sees them.
type stored struct {
	pos         int64
	is, decided ledger.Header
}

// TestSearchIsWhatLookingAtEveryEntryFinds: page after page, in both orders, over full
// segments and the newest one.
func TestSearchIsWhatLookingAtEveryEntryFinds(t *testing.T) {
	s := open(t, options(t))
	tell(t, s, 0, 4500)
	s.Summarized(t)
	all := decided(t, s)
	some := 0
	for i := range 120 {
		q := asked(i)
		want := searched(all, &q)
		got := walked(t, s, q)
		if some += min(len(want), 1); !slices.Equal(got, want) {
			t.Errorf("%+v: %d found, want %d", q, len(got), len(want))
		}
	}
	if some < 40 {
		t.Errorf("only %d searches find anything", some)
	}
}

func decided(t *testing.T, s *store.Store) (all []stored) {
	t.Helper()
	by := map[string]ledger.Header{}
	entries(t, s, func(pos int64, e ledger.Entry) {
		h := e.Header()
		if h.Kind == ledger.KindDecision || h.Kind == ledger.KindAct {
			by[h.ID] = h
		}
		all = append(all, stored{pos, h, by[h.ID]})
	})
	return all
}

func asked(i int) (q store.Query) {
	r := rand.New(rand.NewPCG(5, uint64(i)))
	pick := func(to *string, values ...string) {
		if r.IntN(4) == 0 {
			*to = values[r.IntN(len(values))]
		}
	}
	pick(&q.Who, "staff-1", "staff-7", "nobody")
	pick(&q.Role, "nurse", "nurse biller", "emperor")
	pick(&q.Task, "task-1", "task-5")
	pick(&q.Patient, ledgertest.Patient(3), ledgertest.Patient(17))
	pick(&q.Grant, ledgertest.ID(1_000_003), ledgertest.ID(1_000_100))
	pick((*string)(&q.Kind), "decision", "act", "opened", "outcome")
	pick((*string)(&q.Effect), "admit", "refuse")
	if r.IntN(6) == 0 {
		q.Tasks = []string{"task-2", "task-3"}
	}
	if first := ledgertest.Decision(0).At; r.IntN(4) == 0 {
		q.From, q.To = first+int64(r.IntN(2000)), first+2000+int64(r.IntN(2500))
	}
	q.Newest, q.Limit = r.IntN(2) == 0, []int{7, 100, 5000}[r.IntN(3)]
	return q
}

// searched goes through all entries and asks each by itself.
func searched(all []stored, q *store.Query) (out []int64) {
	no := func(want, is string) bool { return want != "" && want != is }
	for _, e := range all {
		d := &e.decided
		switch {
		case no(q.Who, d.Who), no(q.Role, d.Role), no(q.Task, d.Task), no(string(q.Effect), string(d.Effect)), no(string(q.Kind), string(e.is.Kind)):
		case q.Patient != "" && !slices.Contains(e.is.Patients, q.Patient), q.Grant != "" && !slices.Contains(e.is.Grants, q.Grant):
		case len(q.Tasks) > 0 && !slices.ContainsFunc(strings.Fields(d.Task), func(t string) bool { return slices.Contains(q.Tasks, t) }):
		case q.From != 0 && e.is.At < q.From, q.To != 0 && e.is.At >= q.To:
		default:
			out = append(out, e.pos)
		}
	}
	if q.Newest {
		slices.Reverse(out)
	}
	return out
}

func walked(t *testing.T, s *store.Store, q store.Query) (out []int64) {
	t.Helper()
	for range 3000 {
		records, err := s.Search(bg, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			out = append(out, r.Pos)
		}
		if len(records) < q.Limit {
			return out
		}
		q.After = out[len(out)-1] + 1
	}
	t.Fatal("the search does not end")
	return nil
}
