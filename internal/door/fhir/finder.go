package fhir

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// inquiry is what a request asks as a whole: one search, or several in a fixed order
// (a compartment, a whole chart), whose records stand one after another.
type inquiry struct {
	asked *query   // as the client spelt it: it shapes the answer
	legs  []*query // the searches; of a plain search, asked itself
	route string   // of the decisions of further legs
	path  string   // of the answer's links, below the base
	// choose picks among all that shows, in place of pages; nil for pages.
	choose func(context.Context, *finder, *projection) (*results, error)
}

// inquire reads a request that searches, or the cursor of one that did, and answers
// it. Build makes the searches of what was asked; path is where links lead.
func (x *exchange) inquire(path string, build func([]pair) (*inquiry, error)) error {
	pairs, err := x.pairs()
	if err != nil {
		return err
	}
	in, err := build(pairs)
	if err != nil {
		return err
	}
	in.asked.post, x.pretty = x.r.Method == "POST", in.asked.pretty
	st := &state{}
	if in.asked.cursor != "" {
		if in, st, err = x.resume(path, in.asked.cursor, build); err != nil {
			return err
		}
	}
	in.path = path
	for _, q := range in.legs {
		q.count, q.elements, q.post = in.asked.count, in.asked.elements, in.asked.post
	}
	f, err := x.newFinder(in, st)
	if err != nil {
		return err
	}
	defer f.close()
	return x.answerSearch(in, st, f)
}

// resume takes what was asked and the place in the upstream out of a cursor.
func (x *exchange) resume(path, cursor string, build func([]pair) (*inquiry, error)) (*inquiry, *state, error) {
	now, _ := x.door.cfg.Now()
	st, err := x.door.sealer.open(cursor, x.binding(), now)
	if err != nil || st.Type != path || st.ID != "" {
		return nil, nil, problem.SearchAgain
	}
	pairs := make([]pair, len(st.Query))
	for i, p := range st.Query {
		pairs[i] = pair{p[0], p[1]}
	}
	in, err := build(pairs)
	if err != nil || st.Leg < 0 || st.Leg >= len(in.legs) {
		return nil, nil, problem.SearchAgain // the catalog moved on
	}
	in.asked.cursor, in.asked.post = cursor, st.Post
	return in, st, nil
}

// finder runs the searches of one answer in order, each under a decision of its own,
// and gives out what shows, each record once.
type finder struct {
	x       *exchange
	in      *inquiry
	page    int
	first   int // the leg of the answer's own decision
	leg     int // the one that is read
	at      position
	led     []byte    // what the search of the cursor passed through; nil once that is compared
	readers []*reader // opened; the last is of leg while reading is true
	reading bool
	beside  []*reader // of what stands beside the matches
	only    string    // the one patient whom scopes leave of the first leg
	tab     spent
	seen    *seen
}

// newFinder admits the first search that may show anything to this caller: its
// refusal is that of the request.
func (x *exchange) newFinder(in *inquiry, st *state) (*finder, error) {
	f := &finder{x: x, in: in, page: st.Page, leg: st.Leg, at: st.At, led: st.Through, seen: x.door.seen()}
	if len(in.legs) > 1 {
		f.first = max(0, slices.IndexFunc(in.legs, f.would))
	}
	var err error
	q := in.legs[f.first]
	if f.only, err = x.left(q); err != nil {
		return nil, err
	}
	ask := x.askFor(q, f.page)
	if err := x.open(&ask); err != nil {
		return nil, err
	}
	if st.Generation != "" && st.Generation != x.session.Generation() && !defect.On(defect.CursorOutlivesPolicy) {
		return nil, problem.SearchAgain
	}
	return f, nil
}

// left is the one patient whom the token's scopes leave of a search; an error where
// they leave nothing.
func (x *exchange) left(q *query) (only string, err error) {
	only, err = x.scopes(q.name, caller.ScopeSearch)
	if err == nil && only != "" && len(q.patients) > 0 && !(len(q.patients) == 1 && q.patients[0] == only) {
		return "", problem.Scope
	}
	return only, err
}

func (x *exchange) askFor(q *query, page int) gate.Ask {
	ask := q.ask()
	ask.Caller, ask.Task, ask.Purpose, ask.Page = x.caller, x.task, x.purpose, page
	return ask
}

// would reports whether a search would be admitted. It is a function of caller,
// policy and request, and nothing is recorded of it: what is not admitted is not asked.
func (f *finder) would(q *query) bool {
	if _, err := f.x.left(q); err != nil {
		return false
	}
	ask := f.x.askFor(q, f.page)
	return f.x.route.Would(&ask)
}

// next returns the next record that shows, or nil at the end of the last search.
func (f *finder) next(ctx context.Context) (*candidate, error) {
	for f.leg < len(f.in.legs) {
		if !f.reading {
			if err := f.begin(ctx); err != nil {
				return nil, err
			}
		}
		if f.reading {
			if c, err := f.reader().next(ctx); c != nil || err != nil {
				return c, err
			}
		}
		f.leg, f.at, f.led, f.reading = f.leg+1, position{}, nil, false
	}
	return nil, nil
}

func (f *finder) reader() *reader { return f.readers[len(f.readers)-1] }

// begin opens the search at f.leg. One that is refused finds nothing, and neither
// does one over more patients than can be asked for at once.
func (f *finder) begin(ctx context.Context) error {
	q, s, only := f.in.legs[f.leg], f.x.session, f.only
	if f.leg != f.first && !defect.On(defect.ChartUnderOneDecision) {
		if !f.would(q) {
			return nil
		}
		only, _ = f.x.left(q)
		ask := f.x.askFor(q, f.page)
		var err error
		if s, err = f.x.part(f.in.route, &ask); s == nil || err != nil {
			return err
		}
		if err := f.pass(ctx, q, s); err != nil {
			return err
		}
		if s.TooWide() && q.among == nil {
			return nil
		}
	}
	// What leads further now than before would be asked of the upstream where its page is
	// begun anew, and not where its link goes on, which is as its hidden records have it (N1).
	if f.led != nil && !bytes.Equal(f.led, q.through) && !defect.On(defect.PassageMoves) {
		return problem.SearchAgain
	}
	f.led = nil
	if q.prove {
		if err := s.ProveCriteria(ctx); err != nil {
			return err
		}
	}
	if f.leg != f.first {
		f.tab.pages-- // the budget is of one search, and each may ask once without using it up
	}
	f.readers, f.reading = append(f.readers, f.open(q, s, f.at, only)), true
	return nil
}

// open reads for this page under a session: with the page's budget, and nothing that
// the page has already.
func (f *finder) open(q *query, s *gate.Session, at position, only string) *reader {
	r := f.x.newReader(q, s, at, only)
	r.leg, r.tab, r.seen = f.leg, &f.tab, f.seen
	return r
}

// part admits a further decision of this answer. No session and no error: the policy
// refuses it, so that it adds nothing. What else stands in the way ends the answer.
func (x *exchange) part(route string, ask *gate.Ask) (*gate.Session, error) {
	s, err := x.also(route, ask)
	if s == nil && errors.As(err, new(*gate.Refusal)) && !errors.Is(err, problem.Limit) && !errors.Is(err, problem.Unavailable) {
		return nil, nil
	}
	if s != nil && err == nil {
		x.oblige(s)
	}
	return s, err
}

// oblige names the obligations of a further decision in the answer's header.
func (x *exchange) oblige(s *gate.Session) { x.obliges(s.Obligations().Names()) }

// obliges adds names of obligations to those of the answer's header.
func (x *exchange) obliges(names []string) {
	if had := x.w.Header().Get("Modicum-Obligation"); had != "" {
		names = append(names, strings.Split(had, ", ")...)
	}
	if len(names) > 0 {
		slices.Sort(names)
		x.w.Header().Set("Modicum-Obligation", strings.Join(slices.Compact(names), ", "))
	}
}

// given is what the upstream gave for this page, for the faults that count it.
func (f *finder) given() (n int) {
	for _, r := range f.readers {
		n += r.given
	}
	return n
}

// close lets go of everything. Nothing given out may be used after.
func (f *finder) close() {
	for _, r := range f.readers {
		r.close()
	}
	for _, r := range f.beside {
		r.close()
	}
	f.x.door.forget(f.seen)
	f.seen = nil
}

// last is the reader that was read last, nil where none was.
func (f *finder) last() *reader {
	if len(f.readers) == 0 {
		return nil
	}
	return f.reader()
}

// ordered refuses an order that would have to be made over several upstream searches:
// over chunks of patients, and where more than one of the searches finds anything that
// shows. What is hidden has no part in it (N1).
func (f *finder) ordered(ctx context.Context) error {
	if len(f.in.asked.sorts) == 0 {
		return nil
	}
	if f.open(f.in.legs[f.first], f.x.session, position{}, f.only).chunks() > 1 {
		return problem.NameAPatient
	}
	leg, at := f.leg, f.at
	f.leg, f.at, f.reading = f.first+1, position{}, false
	c, err := f.next(ctx)
	if err != nil {
		return err
	}
	if c != nil {
		c.session().Withhold(c.judged)
		return severalOrders
	}
	f.leg, f.at, f.reading, f.in.legs = leg, at, false, f.in.legs[:f.first+1]
	return nil
}

var severalOrders = problem.Parameter.With(problem.Hint{Say: "The records are found by several elements, and an order over all of them is not made here. Search by one of them: patient=."})
