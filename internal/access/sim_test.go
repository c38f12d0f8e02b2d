package access_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/policy"
)

// sim lives many lifecycles in one small world under one seed, and holds what the book
// says against a slow model: what was acknowledged, the pages as they lie on the shelf,
// and the two clocks by arithmetic alone.
type sim struct {
	t     testing.TB
	seed  uint64
	rng   *rand.Rand
	h     *house
	sets  [2]*policy.Set
	steps []string

	high     time.Duration // the furthest that the wall clock was ahead of the other, since the start
	seen     bool
	requests []string
	grants   map[string]bool          // every grant whose making was acknowledged
	ended    map[string]bool          // whose end was acknowledged
	cut      map[string]bool          // whose end could not be recorded
	loose    map[string]*access.Grant // broken by the spool alone, in this process
	made     map[string]time.Time     // when, by the monotonic clock
	lives    int
	faulty   bool
}

// locked makes a source of bytes safe for several at once.
type locked struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

var simSets = sync.OnceValue(func() [2]*policy.Set {
	t := new(testing.T)
	other := "-- roles/nurse.yaml --\n" + strings.Replace(part(hospital, "roles/nurse.yaml"), "Nurse\n", "A nurse\n", 1)
	return [2]*policy.Set{compile(t, hospital), compile(t, hospital, other)}
})

func newSim(t testing.TB, seed uint64) *sim {
	s := &sim{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), sets: simSets(), grants: map[string]bool{}, ended: map[string]bool{}, made: map[string]time.Time{}}
	var key [32]byte
	copy(key[:], strconv.FormatUint(seed, 10))
	s.h = &house{t: t, shelf: &booktest.Shelf{}, set: s.sets[0], now: noon, sure: true, spool: &spool{}, random: rand.NewChaCha8(key), staff: newStaff()}
	s.start()
	return s
}

// start opens the book on the shelf as it is, as a process does.
func (s *sim) start() {
	h := s.h
	h.desk, h.staff.ended = book.NewDesk(h.shelf), nil
	refs, _ := ledger.NewRefs("t1", make([]byte, 32))
	var err error
	h.book, err = access.Open(context.Background(), access.Config{
		Desk: h.desk, People: h.staff, Policy: func() *policy.Set { return h.set }, Refs: refs, Tell: h, Spool: h.spool,
		Now: func() (time.Time, bool) { return h.now, h.sure }, Mono: func() time.Duration { return h.mono }, Random: &locked{r: h.random},
	})
	if err != nil {
		s.fail("open: %v", err)
	}
	s.seen, s.cut, s.loose = false, map[string]bool{}, map[string]*access.Grant{}
	s.observe()
	for _, e := range h.spool.entries { // as whoever drains the spool does
		if err := h.book.Adopt(context.Background(), e.(*ledger.Act)); err != nil {
			s.fail("adopt: %v", err)
		}
	}
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d, after %s:\n%s\n(MODICUM_LENT_SEED=%d runs it alone)", s.seed, strings.Join(s.steps[max(0, len(s.steps)-12):], "; "), fmt.Sprintf(format, args...), s.seed)
}

// observe lets book and model look at the clocks.
func (s *sim) observe() {
	s.h.book.State(&access.Grant{})
	ahead := s.h.now.Sub(noon) - s.h.mono
	if s.h.sure && (!s.seen || ahead > s.high) {
		s.high, s.seen = ahead, true
	}
}

// certain is what the model says of the time; latest the later of both clocks.
func (s *sim) certain() (latest time.Time, sure bool) {
	derived := noon.Add(s.h.mono + s.high)
	if !s.seen {
		derived = time.Time{}
	}
	if !s.h.sure {
		return derived, false
	}
	latest = s.h.now
	if derived.After(latest) {
		latest = derived
	}
	return latest, !s.h.now.Before(derived.Add(-time.Second))
}

// page reads a page as it lies on the shelf.
func page[T any](s *sim, kind, id string) (v T, open bool) {
	p, err := s.h.shelf.Page(context.Background(), kind, id)
	if err != nil {
		return v, false
	}
	if err := json.Unmarshal(p.Body, &v); err != nil {
		s.fail("a page that cannot be read: %v", err)
	}
	return v, !p.Closed
}

// check holds Of against the model for everybody.
func (s *sim) check() {
	latest, sure := s.certain()
	live := map[string]bool{}
	for id := range s.h.staff.people {
		for _, l := range s.h.book.Of(id, s.h.now, s.h.sure) {
			live[l.Grant] = true
			g, open := page[access.Grant](s, "grant", l.Grant)
			if loose := s.loose[l.Grant]; loose != nil && !open {
				g, open = *loose, true
			}
			switch {
			case !s.grants[l.Grant] && !s.faulty:
				s.fail("a grant that nobody was told of lends")
			case s.ended[l.Grant] || s.cut[l.Grant]:
				s.fail("it lends after its end was acknowledged: %+v", g)
			case (!open || g.State != access.Live) && !s.h.desk.Certain() && g.Want.Kind == access.Glass:
				// Kept, and nobody knows: a glass goes on until it is known.
			case g.Person != id, !open, g.State != access.Live:
				s.fail("it lends, and its page says %+v", g)
			case !sure && g.Want.Kind != access.Glass:
				s.fail("it lends in uncertain time")
			case !latest.Before(time.UnixMicro(g.Until)):
				s.fail("it outlives its end: latest %s, %+v", latest, g)
			case !s.h.staff.Active(id):
				s.fail("somebody who is gone is lent something")
			}
		}
	}
	if !sure || !s.h.desk.Certain() {
		return
	}
	for id := range s.grants {
		if s.loose[id] != nil && s.h.book.Loose() > 0 {
			continue // it may or may not be in the book yet
		}
		g, open := page[access.Grant](s, "grant", id)
		must := open && !s.ended[id] && !s.cut[id] && g.State == access.Live && !s.h.now.Before(time.UnixMicro(g.From)) && latest.Before(time.UnixMicro(g.Until))
		if must != live[id] {
			s.fail("lends: %t, the model says %t: %+v", live[id], must, g)
		}
	}
}

var everybody = []string{"nina", "nina2", "nils", "cara", "boss", "pia", "cole", "iris", "sam", "rita", "robot"}

func (s *sim) one(of []string) string {
	if len(of) == 0 {
		return ""
	}
	return of[s.rng.IntN(len(of))]
}

// step does one thing at random.
func (s *sim) step() {
	h, ctx := s.h, context.Background()
	by := s.one(everybody)
	say := func(format string, args ...any) { s.steps = append(s.steps, fmt.Sprintf(format, args...)) }
	switch n := s.rng.IntN(100); {
	case n < 22:
		d := time.Duration(s.rng.Int64N(int64(2 * time.Hour)))
		say("%s pass", d)
		h.pass(d)
	case n < 26:
		d := time.Duration(s.rng.Int64N(int64(6*time.Hour))) - 3*time.Hour
		say("the clock steps by %s", d)
		h.now = h.now.Add(d)
	case n < 28:
		h.sure = !h.sure
		say("trusted %t", h.sure)
	case n < 44:
		s.ask(ctx, by)
	case n < 68:
		s.approve(ctx, by, s.one(s.requests))
	case n < 71:
		id := s.one(s.requests)
		say("%s takes back %s", by, id)
		if err := h.book.Withdraw(ctx, who(by), id); err == nil {
			if r, _ := page[access.Request](s, "request", id); r.Asker != by || r.State != access.Withdrawn {
				s.fail("%s took back %+v", by, r)
			}
		}
	case n < 74:
		s.end(say, by)
	case n < 80:
		s.glass(ctx, say, by)
	case n < 88:
		say("sweep")
		if err := h.book.Sweep(ctx); err != nil && !s.faulty {
			s.fail("sweep: %v", err)
		}
	case n < 91:
		fault := booktest.Fault(s.rng.IntN(4))
		say("fault %d", fault)
		s.faulty = s.faulty || fault != booktest.None
		h.shelf.Next = func() booktest.Fault { return fault }
	case n < 94:
		say("restart")
		h.shelf.Next = nil
		s.start()
	case n < 96:
		h.set = s.sets[s.rng.IntN(2)]
		say("another policy")
	case n < 97:
		s.leave(say)
	default:
		s.review(ctx, say, by)
	}
	s.observe()
	s.check()
}

func (s *sim) ask(ctx context.Context, by string) {
	kind := s.rng.IntN(4)
	patient := "p" + strconv.Itoa(s.rng.IntN(30))
	why := access.Reason{Text: fmt.Sprintf("bed %d needs a second look %d", s.rng.IntN(99), s.rng.Int())}
	w := access.Want{Patients: []string{patient}, Reason: why}
	switch kind {
	case 0:
		w.Kind, w.Task, w.Reason.Kind = access.Lend, "cover", "help at the bedside"
	case 1:
		w.Kind, w.Task = access.Lend, "fix"
	case 2:
		w.Kind, w.Task, w.Classes = access.Exception, "care", []string{"clinical.lab"}
	default:
		w.Kind, w.Task, w.Record, w.Classes = access.Asked, "care", "Patient/"+patient, []string{"identifiers.ssn"}
	}
	if kind < 3 && s.rng.IntN(4) == 0 {
		w.From = s.h.now.Add(time.Duration(s.rng.Int64N(int64(4 * time.Hour)))).UnixMicro()
	}
	_, sure := s.certain()
	a, err := s.h.book.Ask(ctx, who(by), w)
	s.steps = append(s.steps, fmt.Sprintf("%s asks for %s of %s: %v", by, w.Kind, w.Task, err))
	if err != nil {
		return
	}
	if !sure || by == "robot" || !s.h.staff.Active(by) {
		s.fail("asking should not have been possible")
	}
	if a.Request != nil && !a.Again {
		s.requests = append(s.requests, a.Request.ID)
		s.lives++
	}
	if a.Grant != nil && !a.Again {
		s.granted(a.Grant, 15*time.Minute)
		s.lives++
	}
}

// granted notes a grant whose making was acknowledged, and that it ends in time.
func (s *sim) granted(g *access.Grant, most time.Duration) {
	if got := time.Duration(g.Until-g.From) * time.Microsecond; got <= 0 || got > most {
		s.fail("a grant for %s, at most %s: %+v", got, most, g)
	}
	if s.grants[g.ID] {
		s.fail("a grant was made twice")
	}
	s.grants[g.ID] = true
}

// mayApprove is the slow model of who may say yes: by trying every way in which the
// people could stand for the needs.
func (s *sim) mayApprove(r *access.Request, by string) (yes, last bool) {
	needs := map[access.Kind][]string{access.Lend: {"charge-nurse"}, access.Exception: {"privacy"}}[r.Want.Kind]
	if r.Want.Task == "fix" {
		needs = []string{"charge-nurse", "privacy"}
	}
	circle := int(s.h.now.Sub(time.UnixMicro(r.Made)) / (2 * time.Hour))
	if s.h.now.Before(time.UnixMicro(r.Made)) {
		circle = 0
	}
	can := func(id, need string) bool {
		st := s.h.staff
		good := func(name string) bool {
			return slices.ContainsFunc(st.holders[name], func(x string) bool { return x == id })
		}
		if id == "robot" || !st.Active(id) || st.Same(id, r.Asker) {
			return false
		}
		others := func(name string) bool {
			return slices.ContainsFunc(st.holders[name], func(x string) bool { return x != "robot" && st.Active(x) && !st.Same(x, r.Asker) })
		}
		first := others(need)
		second := need == "charge-nurse" && (circle >= 1 || !first)
		third := circle >= 2 || !first && !(second && others("boss"))
		return good(need) || second && good("boss") || third && good("compliance")
	}
	digest := s.h.book.Digest(r)
	var said []string
	for _, a := range r.Answers {
		if a.Digest == digest && slices.ContainsFunc(needs, func(n string) bool { return can(a.By, n) }) {
			said = append(said, a.By)
		}
	}
	if circle >= 3 || slices.ContainsFunc(said, func(x string) bool { return s.h.staff.Same(x, by) }) {
		return false, false
	}
	before, after := most(needs, said, can), most(needs, append(said, by), can)
	return after > before, after == len(needs)
}

// most is how many needs some of the people can meet at once, each of them one.
func most(needs, ids []string, can func(id, need string) bool) int {
	if len(needs) == 0 {
		return 0
	}
	best := most(needs[1:], ids, can)
	for i, id := range ids {
		if can(id, needs[0]) {
			best = max(best, 1+most(needs[1:], append(slices.Clone(ids[:i]), ids[i+1:]...), can))
		}
	}
	return best
}

func (s *sim) approve(ctx context.Context, by, id string) {
	if id == "" {
		return
	}
	r, waiting := page[access.Request](s, "request", id)
	dig, fresh := s.h.book.Digest(&r), true
	if s.rng.IntN(8) == 0 {
		dig, fresh = r.Digest, r.Digest == dig
	}
	_, sure := s.certain()
	yes, last := s.mayApprove(&r, by)
	possible := s.h.staff.Active(r.Asker)
	g, err := s.h.book.Approve(ctx, who(by), id, dig, "")
	s.steps = append(s.steps, fmt.Sprintf("%s approves %s: %v", by, id, err))
	var refused *access.Refusal
	switch {
	case err == nil && !(yes && waiting && fresh && sure && possible):
		s.fail("it should have been refused: (elapsed %s) may %t, waits %t, looked at %t, certain %t: %+v", s.h.now.Sub(time.UnixMicro(r.Made)), yes, waiting, fresh, sure, r)
	case err == nil && (g != nil) != last:
		s.fail("granted %t, the model says %t: %+v", g != nil, last, r)
	case errors.As(err, &refused) && yes && waiting && fresh && sure && possible && s.h.desk.Certain():
		s.fail("it should have been taken: %v, %+v", err, r)
	}
	if g != nil {
		s.granted(g, 12*time.Hour)
		if g.From < s.h.now.UnixMicro() || g.Person != r.Asker || slices.Contains(g.Approvers, r.Asker) {
			s.fail("granted %+v", g)
		}
	}
}

func (s *sim) end(say func(string, ...any), by string) {
	var live []string
	for id := range s.grants {
		live = append(live, id)
	}
	slices.Sort(live)
	id := s.one(live)
	g, _ := page[access.Grant](s, "grant", id)
	if s.rng.IntN(2) == 0 {
		by = g.Person
	}
	err := s.h.book.Revoke(context.Background(), people.Actor{ID: by}, id, "")
	say("%s ends %s: %v", by, id, err)
	switch {
	case err == nil:
		s.ended[id] = true
	case errors.Is(err, access.ErrUnavailable) && s.h.staff.Active(by) && (by == g.Person || slices.Contains(g.Approvers, by) || slices.Contains([]string{"iris", "nina2", "cara", "rita", "pia"}, by)):
		s.cut[id] = true // at once, though it could not be recorded: for as long as this process remembers
	}
}

func (s *sim) glass(ctx context.Context, say func(string, ...any), by string) {
	g, err := s.h.book.BreakGlass(ctx, who(by), access.GlassWant{Patient: "p" + strconv.Itoa(s.rng.IntN(9)), Reason: emergency})
	say("%s breaks the glass: %v", by, err)
	if err != nil {
		return
	}
	if _, sure := s.certain(); !sure || by == "robot" {
		s.fail("a glass that should not have been broken")
	}
	if !s.grants[g.ID] {
		s.granted(g, 2*time.Hour)
		s.lives++
		if s.h.book.Loose() > 0 {
			s.loose[g.ID] = g
		}
	}
}

func (s *sim) leave(say func(string, ...any)) {
	id := s.one([]string{"nina", "nils", "sam", "cara", "pia"})
	p := *s.h.staff.people[id]
	p.Active = !p.Active
	say("%s active %t", id, p.Active)
	if p.Active {
		s.h.staff.people[id] = &p
		return
	}
	held := s.h.book.Grants(id)
	was := s.h.staff.people[id]
	if err := s.h.leave(id); err != nil {
		was.Active = true // it was not kept: they are here still, and the desk says what it knows
		return
	}
	for _, g := range held {
		s.ended[g.ID] = true
	}
}

func (s *sim) review(ctx context.Context, say func(string, ...any), by string) {
	for id := range s.grants {
		g, open := page[access.Grant](s, "grant", id)
		if !open || g.Review == nil {
			continue
		}
		err := s.h.book.Review(ctx, who(by), id, access.Justified, "looked at all of it")
		say("%s reviews %s: %v", by, id, err)
		if err == nil && (s.h.staff.Same(by, g.Person) || slices.Contains(g.Approvers, by) || by == "robot") {
			s.fail("%s reviewed %+v", by, g)
		}
		return
	}
}

// finish holds that history outlives everything: each grant and request that was ever
// acknowledged is there, and no request gave two grants.
func (s *sim) finish() {
	s.h.shelf.Next = nil
	if err := s.h.book.Sweep(context.Background()); err != nil || s.h.book.Loose() > 0 {
		s.fail("swept at the end: %v, %d loose", err, s.h.book.Loose())
	}
	of := map[string]string{}
	for id := range s.grants {
		g, err := s.h.book.Grant(context.Background(), id)
		if err != nil {
			s.fail("a grant is gone from history: %v", err)
		}
		if g.Request != "" && of[g.Request] != "" {
			s.fail("one request, two grants")
		}
		of[g.Request] = id
	}
	for _, id := range s.requests {
		if _, err := s.h.book.Get(context.Background(), id); err != nil {
			s.fail("a request is gone from history: %v", err)
		}
	}
}

// lifecycles runs worlds until so many lifecycles were lived and so much time has passed.
func lifecycles(t *testing.T, want int, least time.Duration) {
	until := time.Now().Add(least)
	lived, made, spooled, seed := 0, 0, 0, uint64(1)
	if only := os.Getenv("MODICUM_LENT_SEED"); only != "" {
		n, err := strconv.ParseUint(only, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed, want = n, 1
	}
	for ; (lived < want || time.Now().Before(until)) && t.Context().Err() == nil; seed++ {
		s := newSim(t, seed)
		for range 160 {
			s.step()
		}
		s.finish()
		lived, made, spooled = lived+s.lives, made+len(s.grants), spooled+len(s.h.spool.entries)
	}
	t.Logf("%d lifecycles, %d grants, %d glasses by the spool, seeds up to %d", lived, made, spooled, seed-1)
	if want > 100 && (made < want/5 || spooled < want/100) {
		t.Errorf("only %d of %d came to a grant: the worlds say too little", made, lived)
	}
}

// TestG4_GeneratedLifecyclesUnderMovingClocksAndAFailingStore: no use after an end or a
// revocation, no approval used twice, nobody for themselves, an end to every grant, and
// history that outlives it. MODICUM_SOAK=1m lives some hundred thousand of them.
func TestG4_GeneratedLifecyclesUnderMovingClocksAndAFailingStore(t *testing.T) {
	lifecycles(t, 3_000, testkit.Soak(t, 0))
}

func TestG2_TwoApproversAtTheSameMoment(t *testing.T) {
	s := newSim(t, 1)
	s.h.staff.holders["charge-nurse"] = []string{"cara", "boss"}
	for i := range 200 {
		w := cover("p" + strconv.Itoa(i))
		w.Reason.Text = fmt.Sprintf("bed %d at night", i)
		a, err := s.h.book.Ask(t.Context(), who("nina"), w)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		grants := make([]*access.Grant, 2)
		for n, by := range []string{"cara", "boss"} {
			wg.Go(func() { grants[n], _ = s.h.book.Approve(t.Context(), who(by), a.Request.ID, a.Request.Digest, "") })
		}
		wg.Wait()
		if (grants[0] == nil) == (grants[1] == nil) {
			t.Fatalf("both or neither: %v", grants)
		}
	}
	if n := len(s.h.book.Grants("nina")); n != 200 {
		t.Errorf("%d grants of 200 requests", n)
	}
}
