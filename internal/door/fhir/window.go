package fhir

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"modicum/catalog"
	"modicum/internal/defect"
)

// Beyond a bound a page leaves window by window (design 5, step 7): each is read, judged,
// projected, on record and only then sent, and its memory given back. Where a window ends
// depends on what shows alone, and so does everything about the bytes that leave (N1):
// how they are framed, the order of the Bundle's members, which references are kept.
// References are kept to what left before and to what shows in the same window.
const (
	// wholePage is how many bytes of entries are assembled before anything leaves. A page
	// of no more has its links and total first; of a longer one they come last.
	wholePage = 4 << 20
	// firstWindow is room for the window that leaves when a page has more than wholePage,
	// with its last record as most are.
	firstWindow = wholePage + windowSize
	// windowSize is how many bytes make a window after the first.
	windowSize = 1 << 20
	// windowRecords is how many records do.
	windowRecords = 256
	// lightPage is how many bytes of records are projected together without a measure of
	// each: what shows of them is far below wholePage, and measured where it is not.
	lightPage, lightText = 256 << 10, 1 << 20
)

// window is the part of a page that is assembled and has not left: p.shown, and p.buf
// with the text of each, a comma before it.
type window struct {
	x        *exchange
	f        *finder
	p        *projection
	in       *inquiry
	st       *state
	res      *results
	measured int // bytes of the records, each as it shows by itself
	left     int // records that left before
	away     map[record]bool
	asked    bool                  // the record that is projected asks for another
	missed   map[catalog.Type]bool // types that were asked for and are not away
	unsure   bool                  // a record may show only with another
	spare    []byte
	begun    bool
	ended    bool // nothing follows
}

// long answers a page that is not light: what was found of it so far, then what follows.
// It is nil where the page fits into memory, and stands in p and res then.
func (x *exchange) long(ctx context.Context, f *finder, p *projection, st *state, size int, res *results) (err error) {
	w := &window{x: x, f: f, p: p, in: f.in, st: st, res: res, away: make(map[record]bool), missed: make(map[catalog.Type]bool)}
	found := slices.Clone(p.shown)
	p.shown, *p.buf = p.shown[:0], (*p.buf)[:0]
	next := func() (*candidate, error) {
		if len(found) == 0 {
			return f.next(ctx)
		}
		c := found[0]
		found = found[1:]
		return c, nil
	}
	if err := w.fill(ctx, next, size); err != nil || x.headOnly(w) {
		return err
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	return w.finish(ctx)
}

// fill takes records until the page is full and one more shows, or the end.
func (w *window) fill(ctx context.Context, next func() (*candidate, error), size int) error {
	for {
		c, err := next()
		if err != nil {
			return err
		}
		for c != nil && w.count() == size && w.unsure { // not all of them may show
			if err := w.settle(ctx); err != nil {
				return err
			}
		}
		switch {
		case c == nil:
			if err := w.settle(ctx); err != nil {
				return err
			}
			w.ended = true
			return nil
		case w.count() < size:
			err = w.take(c)
		default:
			var shows bool
			if shows, err = w.beyond(c); shows {
				w.res.next = c
				c.session().Withhold(c.judged)
				return err
			}
		}
		if err == nil && w.full() {
			err = w.leave(ctx)
		}
		if err != nil || w.x.headOnly(w) {
			return err
		}
	}
}

// headOnly reports whether all that leaves has left: HEAD has the headers alone (FC49).
func (x *exchange) headOnly(w *window) bool { return w.begun && x.r.Method == http.MethodHead }

func (w *window) count() int { return w.left + len(w.p.shown) }

// full reports whether the window leaves. The first leaves when the page can no longer be
// assembled whole.
func (w *window) full() bool {
	if !w.begun {
		return w.measured > wholePage
	}
	return w.measured >= windowSize || len(w.p.shown) >= windowRecords
}

// take projects a record by itself: of what else is on the page it knows what left.
func (w *window) take(c *candidate) error {
	w.p.onPage, w.asked = w.alone, c.session().Resolves()
	w.room()
	c.from = len(*w.p.buf)
	text, err := w.p.entry(*w.p.buf, c, false)
	if err != nil {
		return err
	}
	*w.p.buf, c.to, c.asks = text, len(text), w.asked
	if c.to == c.from && !c.asks {
		w.withhold(c)
		return nil
	}
	w.unsure = w.unsure || c.to == c.from
	w.measured += c.to - c.from
	if defect.On(defect.WindowsByHidden) {
		w.measured += c.record.Size()
	}
	w.p.shown = append(w.p.shown, c)
	if !c.asks {
		c.settled()
	}
	return nil
}

// room gives the first window, once it is a large one, all that it may need: grown step by
// step it would leave four times as much behind, for the collector.
func (w *window) room() {
	text := *w.p.buf
	if w.begun || len(text) < windowSize || cap(text) >= firstWindow {
		return
	}
	large, _ := w.x.door.windows.Get().(*[]byte)
	if large == nil {
		large = new([]byte)
		*large = make([]byte, 0, firstWindow)
	}
	*w.p.buf = append((*large)[:0], text...)
}

func (w *window) withhold(c *candidate) {
	c.session().Withhold(c.judged)
	c.asks = true // its text goes with it
	c.gone()
}

func (w *window) alone(t catalog.Type, id []byte) bool {
	if w.away[record{t, string(id)}] {
		return true
	}
	w.asked, w.missed[t] = true, true
	return false
}

// beyond reports whether a record after a full page shows.
func (w *window) beyond(c *candidate) (shows bool, err error) {
	w.p.onPage = w.together()
	w.spare, err = w.p.entry(w.spare[:0], c, true)
	if err == nil && len(w.spare) == 0 {
		w.withhold(c)
	}
	return len(w.spare) > 0, err
}

// together tells what is on the page: what left before and the window.
func (w *window) together() func(t catalog.Type, id []byte) bool {
	ids := make(map[record]bool, len(w.p.shown))
	for _, c := range w.p.shown {
		ids[c.is()] = true
	}
	return func(t catalog.Type, id []byte) bool {
		is := record{t, string(id)}
		return ids[is] || w.away[is]
	}
}

// settle gives the records that ask for others the text that they have together, and
// drops what turns out to hold nothing but structure, until nothing more goes.
func (w *window) settle(ctx context.Context) error {
	if err := w.x.resolve(ctx, slices.DeleteFunc(slices.Clone(w.p.shown), func(c *candidate) bool { return !c.asks })); err != nil {
		return err
	}
	for again := w.unsure || w.meets(); again; {
		var err error
		if again, err = w.once(); err != nil {
			return err
		}
	}
	w.unsure = false
	return nil
}

// meets reports whether a record of the window may ask for another of it.
func (w *window) meets() bool {
	return slices.ContainsFunc(w.p.shown, func(c *candidate) bool { return w.missed[c.judged.Type] || c.session().Resolves() })
}

func (w *window) once() (dropped bool, err error) {
	w.p.onPage = w.together()
	text, kept := w.spare[:0], w.p.shown[:0]
	for _, c := range w.p.shown {
		from := len(text)
		if !c.asks {
			text = append(text, (*w.p.buf)[c.from:c.to]...)
		} else if text, err = w.p.entry(text, c, false); err != nil {
			return false, err
		}
		if len(text) == from {
			w.withhold(c)
			dropped = true
			continue
		}
		c.from, c.to = from, len(text)
		kept = append(kept, c)
	}
	w.spare, *w.p.buf, w.p.shown = *w.p.buf, text, kept
	return dropped, nil
}

// leave puts the window on record and sends it. The right to it is asked for again before
// (D9), and what was judged and did not leave is judged again after: the client may have
// taken its time.
func (w *window) leave(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	x := w.x
	x.allowed.pause()
	if err := x.watch(); err != nil {
		return err
	}
	if !defect.On(defect.WindowUnrecorded) || !w.begun {
		if err := x.commit(w.p, w.p.shown); err != nil {
			return err
		}
	}
	text := *w.p.buf
	if !w.begun {
		x.begin()
		if err := x.send([]byte(`{"resourceType":"Bundle","type":"searchset","entry":[`)); err != nil {
			return err
		}
		text = text[min(1, len(text)):]
	}
	if err := x.flow(text); err != nil {
		return err
	}
	w.begun = true
	w.forget()
	x.allowed.goOn()
	return w.f.renew(ctx)
}

// forget gives back the memory of what left. Upstream work that showed something is not
// held against the budget.
func (w *window) forget() {
	for _, c := range w.p.shown {
		w.away[c.is()] = true
		c.gone()
	}
	w.left += len(w.p.shown)
	w.f.tab.bytes = max(0, w.f.tab.bytes-int64(len(*w.p.buf)))
	w.p.shown, *w.p.buf, w.measured = w.p.shown[:0], w.lighter(*w.p.buf), 0
	w.spare = w.lighter(w.spare)
	clear(w.missed)
}

// lighter is a buffer for the next window: the first is larger than all that follow.
func (w *window) lighter(b []byte) []byte {
	if cap(b) > 2*windowSize {
		w.x.door.keep(&b)
		return nil
	}
	return b[:0]
}

// finish ends the page. What did not leave yet fits: it is for the caller to send whole
// where nothing left.
func (w *window) finish(ctx context.Context) error {
	res := w.res
	res.matches = w.count()
	w.x.limit(w.st, res)
	if res.next == nil && w.ended && w.st.Page == 0 && !res.stopped {
		res.total = w.count()
	}
	if !w.begun {
		w.whole()
		return nil
	}
	if len(w.p.shown) > 0 {
		if err := w.leave(ctx); err != nil {
			return err
		}
	}
	tail, err := w.tail()
	if err != nil {
		return err
	}
	return w.x.flow(tail)
}

// whole hands over what shows as a page that is assembled.
func (w *window) whole() {
	text := *w.p.buf
	*w.p.buf = text[:copy(text, text[min(1, len(text)):])]
	w.res.shown = w.p.shown
}

// tail closes the Bundle: with what another one begins with.
func (w *window) tail() ([]byte, error) {
	var b []byte
	if w.res.stopped {
		b = append(append(b, ','), limited...)
	}
	b = append(b, ']')
	if w.res.total >= 0 && !w.in.asked.noTotal {
		b = strconv.AppendInt(append(b, `,"total":`...), int64(w.res.total), 10)
	}
	next, err := w.x.nextOf(w.in, w.st, w.res)
	if err != nil {
		return nil, err
	}
	return append(appendLinks(append(b, ','), w.x.self(w.in), next), '}'), nil
}

// limit ends the search where the task's limit of results does.
func (x *exchange) limit(st *state, res *results) {
	if limit := x.session.Results(); res.next != nil && limit > 0 && st.Shown+res.matches >= limit {
		res.next, res.stopped = nil, true
	}
}

// begin sends the headers of a long answer. Its obligations are all that may come of
// records which are not judged yet.
func (x *exchange) begin() {
	for _, s := range x.sessions() {
		x.obliges(s.MayOwe().Names())
	}
	x.headers("", -1)
	x.status, x.sent = http.StatusOK, true
	x.w.WriteHeader(http.StatusOK)
}

// flow sends a part of a long answer, and returns when it is on its way.
func (x *exchange) flow(text []byte) error {
	x.patient(len(text))
	if err := x.ended(); err != nil { // it ended before the client was given time
		return err
	}
	if err := x.send(text); err != nil {
		return err
	}
	if x.entry {
		return nil
	}
	return x.broken(http.NewResponseController(x.w).Flush())
}

// broken says why a connection broke: because a right ended, where one did.
func (x *exchange) broken(err error) error {
	if gone := x.ended(); gone != nil {
		return gone
	}
	return err
}

// renew decides again what was judged and not given out, by the facts of now.
func (f *finder) renew(ctx context.Context) error {
	if !f.reading {
		return nil
	}
	r := f.reader()
	r.leaving = true
	if err := r.session.Renew(); err != nil {
		return err
	}
	if len(r.pages) == 0 {
		return nil
	}
	p := r.pages[len(r.pages)-1]
	if p.over || p.pos == len(p.records) {
		return nil
	}
	var err error
	p.judged, err = r.session.Judge(ctx, p.records[p.pos:], p.judged[:p.pos])
	return err
}
