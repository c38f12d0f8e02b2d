package twin

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit"
	"modicum/policy"
)

// world seeds of a plain run, and requests of each session without its further pages.
const (
	plainWorlds  = 50
	sessionSteps = 400
)

// run is one pair of worlds from a seed.
type run struct {
	seed   uint64
	set    *policy.Set
	person *person
	a, b   *world
	hider  *hider
	seen   [2]sight
	draw   func(*asker) ask // the next request of the session
}

func newRun(seed uint64, set *policy.Set) *run { return newRunOf(seed, set, func(*world) {}) }

// kept are runs that two tests make the same: a twin takes longer than its session.
var kept = map[uint64]*run{}

// newPlainRun is newRun under the policy of this package, or under another that shows as
// much to whoever reads and searches.
func newPlainRun(seed uint64, set *policy.Set) *run {
	r := kept[seed]
	if r == nil {
		r = newRun(seed, set)
		r.hider.judge = nil // holds much, and has said all
	}
	if seed <= writesWorlds {
		kept[seed] = r
	}
	same := *r
	same.set = set
	return &same
}

// newRunOf is a run of worlds to which something was added.
func newRunOf(seed uint64, set *policy.Set, add func(*world)) *run {
	r := &run{seed: seed, set: set, a: grow(rand.New(rand.NewPCG(seed, 1))), draw: (*asker).draw}
	add(r.a)
	r.a.age(rand.New(rand.NewPCG(seed, 5)))
	r.person = hire(rand.New(rand.NewPCG(seed, 2)), seed, r.a)
	r.person.borrow(rand.New(rand.NewPCG(seed, 6)), seed, r.a)
	j := newJudge(set, r.person)
	r.b, r.hider = twinOf(rand.New(rand.NewPCG(seed, 3)), r.a, j)
	r.seen = [2]sight{{}, {}}
	for _, e := range r.a.entries {
		r.seen[0][e.ref()] = j.shown(r.a, e) != ""
	}
	for ref, text := range r.hider.text {
		r.seen[1][ref] = text != ""
	}
	return r
}

// session asks both worlds the same and returns the first difference, "" for none.
func (r *run) session(t testing.TB, b *world, n *tally) string {
	p := &pair{a: openClinic(t, r.a, r.person, r.set), b: openClinic(t, b, r.person, r.set), seen: r.seen, count: n}
	defer p.b.close()
	defer p.a.close()
	p.asks = newAsker(rand.New(rand.NewPCG(r.seed, 4)), r)
	for range sessionSteps {
		if diff := p.step(t, r.draw(p.asks)); diff != "" {
			return diff
		}
	}
	n.worlds++
	n.changes, n.tried, n.inner = n.changes+r.hider.kept, n.tried+r.hider.tried, n.inner+r.hider.inner
	return r.spoken(p)
}

// spoken searches what both doors logged and recorded for anything of the worlds.
func (r *run) spoken(p *pair) string {
	for _, c := range []*clinic{p.a, p.b} {
		c.gate.Wait()
		for name, text := range map[string]string{"log": c.logs.String(), "record": c.book.text.String()} {
			for _, bad := range append([]string{canary}, r.a.patients...) {
				if i := strings.Index(text, bad); i >= 0 && (bad == canary || strings.Contains(text, "Patient/"+bad) || strings.Contains(text, `"`+bad+`"`)) {
					return fmt.Sprintf("the %s of a door holds a value: …%s…", name, text[max(0, i-80):min(len(text), i+80)])
				}
			}
		}
	}
	return ""
}

// smaller takes changes out of the twin for as long as the session still differs,
// by halves, and says which are left.
func (r *run) smaller(t testing.TB) string {
	left := r.differing(r.b)
	b := r.b
	for size := (len(left) + 1) / 2; size > 0 && !testing.Short(); size /= 2 {
		for from := 0; from < len(left); {
			less := b.clone()
			to := min(len(left), from+size)
			for _, ref := range left[from:to] {
				less.revert(ref, r.a)
			}
			if r.session(t, less, newTally()) == "" {
				from = to
				continue
			}
			b, left = less, slices.Delete(left, from, to)
		}
	}
	var out strings.Builder
	for _, ref := range left {
		fmt.Fprintf(&out, "%s\n   %v\n   %v\n", ref, text(r.a.find(ref)), text(b.find(ref)))
	}
	return out.String()
}

// differing lists the records that two worlds do not have alike.
func (r *run) differing(b *world) []string {
	var out []string
	for _, e := range slices.Concat(r.a.entries, b.entries) {
		if !slices.Contains(out, e.ref()) && !same(r.a.find(e.ref()), b.find(e.ref())) {
			out = append(out, e.ref())
		}
	}
	return out
}

func text(e *entry) string {
	if e == nil {
		return "is not there"
	}
	return e.text
}

func same(a, b *entry) bool { return text(a) == text(b) }

// revert makes one record as it is in the other world.
func (w *world) revert(ref string, as *world) {
	was, e := as.find(ref), w.find(ref)
	switch {
	case was == nil:
		w.remove(func(e *entry) bool { return e.ref() == ref })
	case e == nil:
		w.insert(len(w.entries), newEntry(was.body))
	default:
		*e = *was
	}
}

// TestN1_TwinWorldsAnswerAlike: sessions of generated requests and all their pages in
// two worlds that differ in hidden things only.
func TestN1_TwinWorldsAnswerAlike(t *testing.T) {
	set, n := loadPolicy(t), newTally()
	all, plain := seeds(t, upTo(plainWorlds))
	for seed := range all {
		if twins(t, newPlainRun(seed, set), n); t.Failed() {
			return
		}
	}
	t.Logf("%d pairs in %d worlds, %d with data, %d past hidden records, %d further pages; %d of %d changes stood, %d of them inside records that show; kinds %v; types with data %v",
		n.pairs, n.worlds, n.data, n.straddling, n.pages, n.changes, n.tried, n.inner, n.kinds, n.types)
	if plain {
		n.suffice(t)
	}
}

// twins runs the session of one pair of worlds.
func twins(t *testing.T, r *run, n *tally) {
	if diff := r.session(t, r.b, n); diff != "" {
		t.Errorf("seed %d, %v: two worlds that %s may not tell apart answer differently: %s\nleft of what differs between them:\n%s", r.seed, r.person.tasks, me, diff, r.smaller(t))
	}
}

// seeds are those of a test's worlds: the plain ones; the ones that MODICUM_TWIN_SEED
// names; or of a soak others each time until its end, of which a failure names its own.
func seeds(t *testing.T, these []uint64) (all iter.Seq[uint64], plain bool) {
	t.Helper()
	if some := named(t); some != nil {
		return slices.Values(some), false
	}
	d := testkit.Soak(t, 0)
	if d == 0 {
		return slices.Values(these), true
	}
	end := time.Now().Add(d)
	return func(yield func(uint64) bool) {
		for seed := rand.Uint64() >> 1; t.Context().Err() == nil && time.Now().Before(end) && yield(seed); seed++ {
		}
	}, false
}

// named are the seeds that MODICUM_TWIN_SEED names, nil for none.
func named(t *testing.T) (out []uint64) {
	t.Helper()
	s := os.Getenv("MODICUM_TWIN_SEED")
	if s == "" {
		return nil
	}
	for one := range strings.SplitSeq(s, ",") {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, seed)
	}
	return out
}

// upTo are the seeds from 1 on.
func upTo(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i) + 1
	}
	return out
}

// suffice checks that the run can say something.
func (n *tally) suffice(t *testing.T) {
	if n.pairs < 20_000 {
		t.Errorf("%d pairs, want 20,000", n.pairs)
	}
	if n.data*3 < n.pairs || n.straddling*3 < n.pairs {
		t.Errorf("of %d pairs %d have data and %d pass hidden records, want a third of each", n.pairs, n.data, n.straddling)
	}
	for _, kind := range []string{"read", "vread", "history", "batch", "conditional read", "read of nothing", "list of a patient", "compartment", "include", "whole chart", "latest", "chain", "link", "about", "search", "search by POST", "count", "sorted", "parts", "look-up", "odd", "statement"} {
		if n.kinds[kind] < 20 {
			t.Errorf("%d requests of the kind %q, want 20", n.kinds[kind], kind)
		}
	}
	for _, typ := range slices.Concat(often, slices.Collect(maps.Keys(papers))) {
		if n.types[typ] < 20 {
			t.Errorf("%d answers with data of %s, want 20", n.types[typ], typ)
		}
	}
	if n.changes < 5000 || n.inner < 1000 || n.pages < 200 {
		t.Errorf("%d changes stood, %d inside records that show, %d further pages: want 5,000, 1,000 and 200", n.changes, n.inner, n.pages)
	}
}
