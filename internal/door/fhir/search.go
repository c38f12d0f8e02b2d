package fhir

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// search answers [base]/Type?... and [base]/Type/_search.
func (x *exchange) search(at place) error {
	t, ok := x.catalog().Type(at.typ)
	return x.inquire(at.typ, func(pairs []pair) (*inquiry, error) {
		if !ok {
			return nil, problem.Parameter // a type that R4 does not have is no search that we have
		}
		q, err := parseSearch(x.catalog(), t, pairs)
		return &inquiry{asked: q, legs: []*query{q}}, err
	})
}

// binding is what cursors of this caller are sealed to. Who was away finds none again.
func (x *exchange) binding() []byte {
	away := x.caller.Away
	switch {
	case defect.On(defect.CursorForAnybody):
		return binding("cursor")
	case defect.On(defect.CursorOutlives):
		away = 0
	}
	return binding("cursor", x.caller.ID, x.caller.Client, x.task, x.purpose, strconv.FormatInt(away, 10))
}

// results is what one page of an answer shows.
type results struct {
	shown     []*candidate
	next      *candidate // the first that did not fit; nil at the end
	total     int        // -1: not known
	matches   int        // of shown; the others are included
	committed int        // of shown, so many are on record
	stopped   bool       // the task's limit of results ends the search here
}

func (x *exchange) answerSearch(in *inquiry, st *state, f *finder) error {
	x.allowed = allow(x.r.Context(), x.door.cfg.Budget.Time)
	defer x.allowed.release()
	ctx := x.allowed.Context
	if len(x.session.Find()) > 0 && !in.asked.longEnough() {
		return longerName
	}
	if err := x.includable(in.asked); err != nil {
		return err
	}
	if err := x.passable(in.asked); err != nil {
		return err
	}
	first := in.legs[f.first]
	if err := f.pass(ctx, first, x.session); err != nil {
		return x.problemOf(err)
	}
	if x.session.TooWide() && first.among == nil {
		return problem.NameAPatient
	}
	if err := f.ordered(ctx); err != nil {
		return x.problemOf(err)
	}
	p := x.newProjection()
	defer p.close()
	if in.asked.countOnly {
		return x.answerCount(ctx, f, p)
	}
	res, err := x.chosen(ctx, f, p, st)
	if err == nil && len(in.asked.includes) > 0 {
		err = x.include(ctx, f, p, res)
	}
	if err != nil {
		return x.problemOf(err)
	}
	if x.sent { // window by window
		return nil
	}
	if defect.On(defect.IncludedCounted) && res.total >= 0 {
		res.total = len(res.shown)
	}
	return x.writeSearch(in, st, p, res)
}

// chosen is what the answer shows.
func (x *exchange) chosen(ctx context.Context, f *finder, p *projection, st *state) (*results, error) {
	if f.in.choose != nil {
		return f.in.choose(ctx, f, p)
	}
	return x.gather(ctx, f, p, st)
}

// gather reads on until a page is full and one more record shows, or the end.
func (x *exchange) gather(ctx context.Context, f *finder, p *projection, st *state) (*results, error) {
	size, find := x.pageSize(f.in.asked, st)
	res := &results{total: -1}
	// What stands beside the matches is found by them, so that they are held; and whether a
	// look-up finds too many is known at its end.
	held, weight := find || len(f.in.asked.includes) > 0, 0
	p.shown = slices.Grow(p.shown[:0], min(size, 64)+1)
	for {
		for len(p.shown) <= size && !(defect.On(defect.NextOfUpstream) && len(p.shown) == size) {
			c, err := f.next(ctx)
			if err != nil {
				return nil, err
			}
			if c == nil {
				break
			}
			p.shown = append(p.shown, c)
			if weight += c.record.Size(); weight > lightPage && !held {
				return res, x.long(ctx, f, p, st, size, res)
			}
		}
		ended := len(p.shown) <= size
		if err := x.resolve(ctx, p.shown[:min(size, len(p.shown))]); err != nil {
			return nil, err
		}
		if err := p.run(min(size, len(p.shown))); err != nil {
			return nil, err
		}
		if len(*p.buf) > lightText && !held {
			return res, x.long(ctx, f, p, st, size, res)
		}
		if ended || len(p.shown) > size {
			break
		}
	}
	res.shown = p.shown[:min(size, len(p.shown))]
	res.matches = len(res.shown)
	if r := f.last(); defect.On(defect.NextOfUpstream) && len(p.shown) == size && r != nil && r.unread() {
		at := r.at
		at.Offset = r.pages[len(r.pages)-1].pos
		res.next = &candidate{page: &page{reader: r, at: at}, index: at.Offset}
		return res, nil
	}
	if find && defect.On(defect.FindCountsHidden) && f.given() > size {
		return nil, giveOneMore
	}
	if len(p.shown) > size {
		if find {
			return nil, giveOneMore
		}
		res.next = p.shown[size]
		res.next.session().Withhold(res.next.judged)
	}
	x.limit(st, res)
	if res.next == nil && st.Page == 0 && !res.stopped {
		res.total = len(res.shown)
		if defect.On(defect.TotalOfUpstream) {
			res.total = f.given()
		}
	}
	return res, nil
}

// resolve looks up what the page refers to, where the task asks for it.
func (x *exchange) resolve(ctx context.Context, shown []*candidate) error {
	for s, of := range bySession(shown) {
		if !s.Resolves() {
			continue
		}
		recs, js := make([]*fhirjson.Record, len(of)), make([]gate.Judgement, len(of))
		for i, c := range of {
			recs[i], js[i] = c.record, *c.judged
		}
		if err := s.Resolve(ctx, recs, js); err != nil {
			return err
		}
	}
	return nil
}

// bySession yields the runs of records that one session judged, in order.
func bySession(shown []*candidate) iter.Seq2[*gate.Session, []*candidate] {
	return func(yield func(*gate.Session, []*candidate) bool) {
		for len(shown) > 0 {
			s, n := shown[0].session(), 1
			for n < len(shown) && shown[n].session() == s {
				n++
			}
			if !yield(s, shown[:n]) {
				return
			}
			shown = shown[n:]
		}
	}
}

// pageSize is how many records this page may show: what was asked, within what
// the door and the task allow. A find shows what it finds, or asks for more.
func (x *exchange) pageSize(q *query, st *state) (size int, find bool) {
	size = q.count
	if size == 0 {
		size = x.door.cfg.PageSize
	}
	size = min(size, x.door.cfg.MaxPage)
	if limit := x.session.Results(); limit > 0 {
		size = max(1, min(size, limit-st.Shown))
	}
	if f := x.session.Find(); len(f) > 0 {
		most := f[0].Results
		if most == 0 {
			most = x.door.cfg.PageSize
		}
		return most, true
	}
	return size, false
}

// answerCount counts what the caller would see, record by record (FC32). What is
// counted is disclosed, and recorded as such.
func (x *exchange) answerCount(ctx context.Context, f *finder, p *projection) error {
	n := 0
	for {
		c, err := f.next(ctx)
		if err != nil {
			return x.problemOf(err)
		}
		if c == nil {
			if defect.On(defect.CountOfUpstream) {
				n = f.given() - len(p.shown)
			}
			break
		}
		p.shown = append(p.shown, c)
		if len(p.shown) < 100 {
			continue
		}
		if err := x.count(ctx, p, &n); err != nil {
			return err
		}
	}
	if err := x.count(ctx, p, &n); err != nil {
		return err
	}
	if limit := x.session.Results(); limit > 0 && n > limit {
		n = limit
	}
	b := bundleHead(nil, "searchset", n, x.self(f.in), "")
	return x.write(http.StatusOK, "", append(b, '}'))
}

func (x *exchange) count(ctx context.Context, p *projection, n *int) error {
	if err := x.resolve(ctx, p.shown); err != nil {
		return x.problemOf(err)
	}
	if err := p.run(len(p.shown)); err != nil {
		return err
	}
	if err := x.commit(p, p.shown); err != nil {
		return err
	}
	*n += len(p.shown)
	for _, c := range p.shown {
		c.asks = true
		c.gone()
	}
	p.shown = p.shown[:0]
	return nil
}

// commit waits for the record of what is shown.
func (x *exchange) commit(p *projection, shown []*candidate) error {
	if len(shown) == 0 {
		return x.disclose(x.r.Context(), x.session, nil)
	}
	for s, of := range bySession(shown) {
		p.judged = judgedOf(of, p.judged)
		if err := x.disclose(x.r.Context(), s, p.judged); err != nil {
			return err
		}
	}
	if !x.recorded() {
		return problem.Unavailable
	}
	return nil
}

// disclose waits for the record of what a session shows, and names what it owes: some
// obligations come with single records, where a restriction let go of them (Part 2).
func (x *exchange) disclose(ctx context.Context, s *gate.Session, shown []*gate.Judgement) error {
	if err := s.CommitEach(ctx, shown); err != nil {
		return commitProblem(err)
	}
	x.oblige(s)
	return nil
}

// commitTo waits for the record of what one session showed.
func (x *exchange) commitTo(s *gate.Session, shown []*candidate) error {
	return commitProblem(s.CommitEach(x.r.Context(), judgedOf(shown, nil)))
}

// judgedOf lists how records were judged, in room.
func judgedOf(shown []*candidate, room []*gate.Judgement) []*gate.Judgement {
	room = slices.Grow(room[:0], len(shown))
	for _, c := range shown {
		room = append(room, c.judged)
	}
	return room
}

// commitProblem: a limit that is used up says so; everything else means that the
// record is not durable, and nothing may leave (L1).
func commitProblem(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, problem.Limit) {
		return problem.Limit
	}
	return problem.Unavailable
}

// writeSearch seals the way on, waits for the record, and sends the page.
func (x *exchange) writeSearch(in *inquiry, st *state, p *projection, res *results) error {
	next, err := x.nextOf(in, st, res)
	if err != nil {
		return err
	}
	if err := x.commit(p, res.shown[res.committed:]); err != nil {
		return err
	}
	if in.asked.noTotal {
		res.total = -1
	}
	head := bundleHead(make([]byte, 0, headRoom), "searchset", res.total, x.self(in), next)
	return x.stream(head, p, res)
}

// headRoom is for the beginning of a Bundle with its links, as most are: a cursor takes as
// much as all the rest.
const headRoom = 768

// nextOf is the link to the next page, "" at the end.
func (x *exchange) nextOf(in *inquiry, st *state, res *results) (string, error) {
	if res.next == nil {
		return "", nil
	}
	next, err := x.nextLink(in, st, res)
	if errors.Is(err, errCursorRoom) {
		return "", problem.Upstream
	}
	return next, err
}

func (x *exchange) nextLink(in *inquiry, st *state, res *results) (string, error) {
	n := &state{
		Type: in.path, Post: in.asked.post, Leg: res.next.page.reader.leg, Generation: x.session.Generation(),
		Expires: x.session.Now().Add(cursorLife).Unix(),
		Page:    st.Page + 1, Shown: st.Shown + res.matches, At: res.next.at(), Through: res.next.page.reader.query.through,
	}
	for _, p := range in.asked.asked {
		n.Query = append(n.Query, [2]string{p.name, p.value})
	}
	text, err := x.door.sealer.seal(n, x.binding())
	if err != nil {
		return "", err
	}
	return x.base + "/" + in.path + "?_cursor=" + text, nil
}

// self is the link to what was asked, as it was understood. What came in a body
// stays out of URLs (D14).
func (x *exchange) self(in *inquiry) string {
	q, link := in.asked, x.base+"/"+in.path
	switch {
	case q.cursor != "":
		return link + "?_cursor=" + q.cursor
	case q.post || len(q.asked) == 0:
		return link
	}
	var b strings.Builder
	b.Grow(len(link) + 64*len(q.asked)) // as much as most take
	b.WriteString(link)
	for i, p := range q.asked {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(queryEscape(p.name))
		b.WriteByte('=')
		b.WriteString(queryEscape(p.value))
	}
	return b.String()
}

// Refusals of a look-up (policy-language rule 13). Both depend on the request and
// on what it may find, never on a record's content.
var (
	giveOneMore = problem.NameAPatient.With(problem.Hint{Say: "Too many people fit. Give one more: a birth date, a telephone number, a record number."})
	longerName  = problem.Malformed.With(problem.Hint{Say: "A look-up needs at least three letters of each name."})
)
