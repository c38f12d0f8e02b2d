package store_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// story is the nth decision or act, with what came of it; some of it rare.
func story(n int) []ledger.Entry {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	if r.IntN(5) == 0 {
		a := ledgertest.Act(n)
		a.Who, a.Act = fmt.Sprintf("staff-%d", r.IntN(40)), []string{"facts-loaded", "log-read", "started"}[r.IntN(3)]
		if r.IntN(2) == 0 {
			a.Patients = []string{ledgertest.Patient(r.IntN(30))}
		}
		return []ledger.Entry{a}
	}
	d := ledgertest.Decision(n)
	d.Who, d.Patients = fmt.Sprintf("staff-%d", r.IntN(40)), nil
	d.Role, d.Task = []string{"nurse", "biller", "nurse biller"}[r.IntN(3)], fmt.Sprintf("task-%d", r.IntN(6))
	d.Purpose, d.Door = []string{"treatment", "payment"}[r.IntN(2)], []string{"fhir", "ledger"}[r.IntN(2)]
	if n%3000 == 5 {
		d.Role, d.Door = "auditor", "sql"
	}
	if r.IntN(9) == 0 {
		d.Grant = ledgertest.ID(1_000_000+r.IntN(20)) + " " + ledgertest.ID(1_000_100)
	}
	if r.IntN(4) == 0 {
		d.Effect, d.Reasons = ledger.Refuse, []string{`no-verb "purpose":"payment"`}
		return []ledger.Entry{d}
	}
	out := []ledger.Entry{d}
	for seq := range int64(r.IntN(3)) {
		o := ledgertest.Opened(n, seq+1)
		o.Patients = []string{ledgertest.Patient(r.IntN(30))}
		out = append(out, o)
	}
	if r.IntN(10) > 0 {
		end := ledgertest.Outcome(n)
		end.Counts.Shown = int64(r.IntN(2))
		end.End = []ledger.End{ledger.Completed, ledger.Completed, ledger.Aborted}[r.IntN(3)]
		if r.IntN(2) == 0 {
			end.Patients = []string{ledgertest.Patient(r.IntN(30))}
		}
		out = append(out, end)
	}
	return out
}

// TestFindIsWhatLookingAtEveryEntryFinds: page after page, over full segments and the
// newest one, before what segments hold was written and after; each decision once.
func TestFindIsWhatLookingAtEveryEntryFinds(t *testing.T) {
	o := options(t)
	s := open(t, o)
	stories := 9000
	if testing.Short() {
		stories = 4500
	}
	tell(t, s, 0, stories)
	all := everything(t, s)
	check := func(when string) {
		t.Helper()
		for i := range 60 {
			w := wanted(i)
			want := looked(all, &w)
			w.Limit = []int{7, 50, 500}[i%3]
			if got := pages(t, s, w); !slices.Equal(got, want) {
				t.Errorf("%s, %+v: %d found, want %d", when, w, len(got), len(want))
			}
		}
	}
	check("running")
	s.Summarized(t)
	for n := range int64(s.Segments(t)) {
		if got, want := s.Written(t, n), s.Read(t, n); got != want {
			t.Errorf("of segment %d is written %s, and it holds %s", n, got, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	s.Summarized(t)
	check("opened again")
	if n := s.Segments(t); n < 1 || n < 2 && !testing.Short() {
		t.Errorf("only %d segments are full: nothing was skipped", n)
	}
}

// TestFindMissesNothingWhileTheIndexIsWritten: what lies in memory and in the index at once
// counts once, and does not hide what is older.
func TestFindMissesNothingWhileTheIndexIsWritten(t *testing.T) {
	s := open(t, options(t))
	tell(t, s, 0, 8500)
	if s.Runs(t) == 0 {
		t.Fatal("no run was written")
	}
	s.Twice(t, 3000)
	all := everything(t, s)
	for _, w := range []store.Wanted{{Grant: ledgertest.ID(1_000_100)}, {Who: "staff-1"}, {Patient: ledgertest.Patient(3)}} {
		want := looked(all, &w)
		for w.Limit = 25; w.Limit <= 500; w.Limit += 25 {
			if got := pages(t, s, w); !slices.Equal(got, want) {
				t.Errorf("%+v: %d found, want %d", w, len(got), len(want))
			}
		}
	}
}

// TestFindPausesAndGoesOn: what is nowhere ends at once; what may be anywhere pauses, says
// how far it looked, and goes on from there.
func TestFindPausesAndGoesOn(t *testing.T) {
	s := open(t, options(t))
	tell(t, s, 0, 3500)
	s.Summarized(t)
	if f, err := s.Find(bg, store.Wanted{Role: "emperor", Before: 1 << 13}); err != nil || len(f.Groups) != 0 || f.Next != 0 {
		t.Errorf("a role that nobody had: %+v, %v", f, err)
	}
	pauses, w := 0, store.Wanted{Effect: ledger.Refuse, Shown: true} // no refusal shows anything, as each of them tells
	for w.Before = 0; ; pauses++ {
		f, err := s.Find(bg, w)
		if err != nil || len(f.Groups) != 0 || (f.Next == 0) != (f.Until == 0) || w.Before != 0 && f.Next >= w.Before {
			t.Fatalf("before %d: %+v, %v", w.Before, f, err)
		}
		if w.Before = f.Next; f.Next == 0 {
			break
		}
	}
	if pauses == 0 || pauses > 10 {
		t.Errorf("it paused %d times", pauses)
	}
	f, err := s.Find(bg, store.Wanted{Who: "staff-3", End: ledger.Aborted, Effect: ledger.Refuse}) // no refusal ends
	if err != nil || len(f.Groups) != 0 || f.Next != 0 {
		t.Errorf("what cannot be: %+v, %v", f, err)
	}
}

// TestFindFromBeyondTheEnd: an address may say any position to go on before. From one that
// nothing has reached a search begins with the newest, and takes no longer.
func TestFindFromBeyondTheEnd(t *testing.T) {
	s := open(t, options(t))
	tell(t, s, 0, 100)
	ctx, cancel := context.WithTimeout(bg, 10*time.Second)
	defer cancel()
	for _, w := range []store.Wanted{{Who: "staff-1"}, {Effect: ledger.Refuse}} {
		want, err := s.Find(ctx, w)
		if err != nil || len(want.Groups) == 0 {
			t.Fatal(len(want.Groups), err)
		}
		w.Before = math.MaxInt64
		if got, err := s.Find(ctx, w); err != nil || len(got.Groups) != len(want.Groups) || got.Next != want.Next {
			t.Errorf("%+v: %d found, %v; want %d", w, len(got.Groups), err, len(want.Groups))
		}
	}
}

// tell appends stories, many at once: each in its order.
func tell(t testing.TB, s *store.Store, from, to int) {
	t.Helper()
	next := make(chan int)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := range next {
				for _, e := range story(n) {
					if _, err := s.Append(bg, e, nil); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for n := from; n < to; n++ {
		next <- n
	}
	close(next)
	all.Wait()
}

// group is a decision or act as the slow search sees it.
type group struct {
	entries []ledger.Entry
	pos     int64
	last    map[string]int64 // where a patient was named last
	end     int64            // where it ended
}

func everything(t testing.TB, s *store.Store) (out []*group) {
	t.Helper()
	by := map[string]*group{}
	entries(t, s, func(pos int64, e ledger.Entry) {
		h := e.Header()
		g := by[h.ID]
		if g == nil {
			g = &group{pos: pos, last: map[string]int64{}}
			by[h.ID], out = g, append(out, g)
		}
		g.entries = append(g.entries, e)
		if h.Kind == ledger.KindOutcome {
			g.end = pos
		}
		for _, p := range h.Patients {
			g.last[p] = pos
		}
	})
	return out
}

// entries calls do for all that the store holds.
func entries(t testing.TB, s *store.Store, do func(pos int64, e ledger.Entry)) {
	t.Helper()
	for from := int64(0); ; {
		records, err := s.Range(bg, from, 5000)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return
		}
		for _, r := range records {
			e, err := r.Entry()
			if err != nil {
				t.Fatal(err)
			}
			do(r.Pos, e)
			from = r.Pos + 1
		}
	}
}

func wanted(i int) (w store.Wanted) {
	r := rand.New(rand.NewPCG(3, uint64(i)))
	pick := func(to *string, values ...string) {
		if r.IntN(4) == 0 {
			*to = values[r.IntN(len(values))]
		}
	}
	pick(&w.Who, "staff-1", "staff-7", "nobody")
	pick(&w.Role, "nurse", "biller", "auditor", "emperor")
	pick(&w.Task, "task-1", "task-5")
	pick(&w.Purpose, "treatment", "payment")
	pick(&w.Door, "fhir", "sql")
	pick(&w.Patient, ledgertest.Patient(3), ledgertest.Patient(17))
	pick(&w.Grant, ledgertest.ID(1_000_003), ledgertest.ID(1_000_100))
	pick(&w.Act, "started", "log-read")
	pick(&w.But, "log-read")
	pick((*string)(&w.Kind), "decision", "act")
	pick((*string)(&w.Effect), "admit", "refuse")
	pick((*string)(&w.End), "completed", "aborted")
	w.Shown = r.IntN(6) == 0
	first := ledgertest.Decision(0).At
	if r.IntN(4) == 0 {
		w.From = first + int64(r.IntN(5000))
	}
	if r.IntN(4) == 0 {
		w.To = first + int64(r.IntN(9000))
	}
	return w
}

// looked goes through all groups and asks each by itself.
func looked(all []*group, w *store.Wanted) (out []string) {
	type hit struct {
		pos int64
		id  string
	}
	var hits []hit
	for _, g := range all {
		pos := g.pos
		if w.End != "" && w.Who == "" && w.Grant == "" {
			pos = g.end
		}
		if w.Patient != "" {
			last, named := g.last[w.Patient]
			if !named {
				continue
			}
			if w.Grant == "" {
				pos = last
			}
		}
		if asks(g, w) {
			hits = append(hits, hit{pos, g.entries[0].Header().ID})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return int(b.pos - a.pos) })
	for _, h := range hits {
		out = append(out, h.id)
	}
	return out
}

func asks(g *group, w *store.Wanted) bool {
	h := g.entries[0].Header()
	purpose, door, act, shown, end := "", "", "", false, ledger.End("")
	for _, e := range g.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			purpose, door = e.Purpose, e.Door
		case *ledger.Act:
			act = e.Act
		case *ledger.Opened:
			shown = true
		case *ledger.Outcome:
			shown, end = shown || e.Counts.Shown > 0, e.End
		}
	}
	no := func(want, is string) bool { return want != "" && want != is }
	word := func(want, is string) bool {
		return want != "" && is != want && is != want+" biller" && is != "nurse "+want
	}
	switch {
	case no(w.Who, h.Who), word(w.Role, h.Role), no(w.Task, h.Task), no(w.Purpose, purpose), no(w.Door, door), no(w.Act, act):
		return false
	case w.But != "" && act == w.But, no(string(w.Kind), string(h.Kind)), no(string(w.Effect), string(h.Effect)), no(string(w.End), string(end)):
		return false
	case w.Shown && !shown, w.From != 0 && h.At < w.From, w.To != 0 && h.At >= w.To, w.Grant != "" && !slices.Contains(h.Grants, w.Grant):
		return false
	}
	return true
}

func pages(t testing.TB, s *store.Store, w store.Wanted) (out []string) {
	t.Helper()
	for range 1000 {
		f, err := s.Find(bg, w)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range f.Groups {
			if len(g.Entries) != len(g.Records) {
				t.Fatal("not all of it is decoded")
			}
			out = append(out, g.Entries[0].Header().ID)
		}
		if w.Before = f.Next; f.Next == 0 {
			return out
		}
	}
	t.Fatal("the search does not end")
	return nil
}
