package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"modicum/internal/defect"
	"modicum/ledger"
)

// Wanted says which decisions and acts are looked for. What is empty does not restrict.
type Wanted struct {
	Who, Role, Task, Purpose, Door string
	Patient                        string // keyed reference: of the decision or act, or opened by it
	Grant                          string // under which it might count
	Kind                           ledger.Kind
	Act                            string // acts of this name
	But                            string // all but acts of this name
	Effect                         ledger.Effect
	End                            ledger.End // how the answer ended
	Shown                          bool       // something was shown
	From, To                       int64      // microseconds since 1970, UTC; To is exclusive, 0 is open
	Before                         int64      // go on before this position, as Found.Next says; 0, or beyond the end, starts with the newest
	Limit                          int        // 0 means 50, at most 500
}

// Found is a page of decisions and acts, newest first.
type Found struct {
	Groups []Group
	Next   int64 // where to go on: Wanted.Before; 0: there are no older ones
	// Until is the time to which was looked where the search paused with less than a page;
	// 0 when it did not.
	Until int64
}

// Group is all that is recorded of a decision or act, in order.
type Group struct {
	Records []Record
	Entries []ledger.Entry
}

const (
	mostGroups = 400    // decisions that one call looks at
	mostProbed = 20_000 // positions that the index gives
	mostRows   = 1000   // rows of the index, each of a run of entries
	mostRuns   = 4      // segments that one call looks through in vain
)

// Find returns decisions and acts, newest first by position. It looks at a bounded part of
// the record at a time and says where to go on.
func (s *Store) Find(ctx context.Context, w Wanted) (Found, error) {
	if err := s.settledWhole(ctx); err != nil {
		return Found{}, err
	}
	if w.Limit <= 0 {
		w.Limit = 50
	}
	f := finding{s: s, l: s.leafing(s.read), w: w, limit: min(w.Limit, 500), before: w.Before}
	if end := s.drained.Load(); f.before <= 0 || f.before > end { // beyond it there are as many segments as a number allows
		f.before = end
	}
	hits := f.scan
	if w.led() == byEnd {
		hits = f.ended
	}
	if t := w.term(); t != "" {
		recent := s.terms.find(t) // before the index is asked: what leaves memory is there by then
		hits = func(ctx context.Context, n int) ([]hit, bool, error) { return f.named(ctx, t, recent, n) }
	}
	err := f.collect(ctx, hits)
	return f.found, err
}

// term is the one by which the index finds candidates: the rarest that is known.
func (w *Wanted) term() string {
	switch {
	case w.Grant != "":
		return "g:" + w.Grant
	case w.Patient != "":
		return "p:" + w.Patient
	case w.Who != "":
		return "w:" + w.Who
	}
	return ""
}

// fits reports whether a decision or act is wanted, and the entry at pos the newest of it
// that says so: each is found once, however many of its entries name the patient. It
// decodes the group.
func (w *Wanted) fits(g *Group, pos int64) (bool, error) {
	var x subject
	led := w.led()
	named, last := w.Patient == "", int64(-1)
	for i := range g.Records {
		e, err := g.Records[i].Entry()
		if err != nil {
			return false, err
		}
		g.Entries = append(g.Entries, e)
		x.add(e)
		names := w.Patient != "" && slices.Contains(e.Header().Patients, w.Patient)
		named = named || names
		if led == byPatient && names || led == byEnd && e.Header().Kind == ledger.KindOutcome || led == byItself && part(e.Header()) == 0 {
			last = g.Records[i].Pos
		}
	}
	return named && last == pos && w.is(&x), nil
}

// subject is a decision or act and what came of it.
type subject struct {
	head          ledger.Header
	purpose, door string
	act           string
	end           ledger.End
	shown         bool
}

func (x *subject) add(e ledger.Entry) {
	switch e := e.(type) {
	case *ledger.Decision:
		x.head, x.purpose, x.door = e.Header(), e.Purpose, e.Door
	case *ledger.Act:
		x.head, x.act = e.Header(), e.Act
	case *ledger.Opened:
		x.shown = true
	case *ledger.Outcome:
		x.end, x.shown = e.End, x.shown || e.Counts.Shown > 0
	}
}

func (w *Wanted) is(x *subject) bool {
	at := x.head.At
	return alike(w.Who, x.head.Who) && among(w.Role, x.head.Role) && among(w.Task, x.head.Task) && alike(w.Purpose, x.purpose) && alike(w.Door, x.door) &&
		(w.Grant == "" || slices.Contains(x.head.Grants, w.Grant)) && alike(string(w.Kind), string(x.head.Kind)) && alike(w.Act, x.act) &&
		(w.But == "" || x.act != w.But) && alike(string(w.Effect), string(x.head.Effect)) && alike(string(w.End), string(x.end)) && (!w.Shown || x.shown) &&
		(w.From == 0 || at >= w.From) && (w.To == 0 || at < w.To)
}

func alike(wanted, is string) bool { return wanted == "" || wanted == is }
func among(wanted, is string) bool {
	return wanted == "" || slices.Contains(strings.Fields(is), wanted)
}

// lead is what the hits of a search are: a decision is found at the newest entry that has it.
type lead uint8

const (
	byItself  lead = iota // the decision or act
	byPatient             // any entry that names the patient
	byEnd                 // how it ended
)

func (w *Wanted) led() lead {
	switch {
	case w.Grant != "":
		return byItself
	case w.Patient != "":
		return byPatient
	case w.End != "" && w.Who == "":
		return byEnd
	}
	return byItself
}

// hit is an entry whose decision or act may fit.
type hit struct {
	pos int64
	of  int64 // where its decision or act lies
}

// finding is one Find under way.
type finding struct {
	s      *Store
	l      *leafing
	w      Wanted
	limit  int
	before int64 // all from here on was looked at
	found  Found
	looked int
	probed int
	runs   int // segments looked through in vain
}

// collect looks at hits, newest first, until the page is full, there are no more, or the
// work of one call is done.
func (f *finding) collect(ctx context.Context, hits func(context.Context, int) ([]hit, bool, error)) error {
	for n := 0; ; {
		n = min(max(16, f.limit-len(f.found.Groups), n), 2048)
		next, more, err := hits(ctx, n)
		if err != nil {
			return err
		}
		if len(next) == 0 {
			n *= 4 // what the index gives does not fit: ask for more at once
		} else {
			n = 0
		}
		if err := f.take(ctx, next); err != nil || f.found.Next != 0 {
			return err
		}
		if !more {
			return nil
		}
		if f.looked >= mostGroups || f.probed >= mostProbed || f.runs >= mostRuns {
			f.found.Next = f.before
			return f.reached(ctx)
		}
	}
}

// take adds the decisions of hits that fit. It says where to go on once the page is full.
func (f *finding) take(ctx context.Context, hits []hit) error {
	groups, err := f.groups(ctx, hits)
	if err != nil {
		return err
	}
	for _, h := range hits {
		f.looked++
		g := Group{Records: groups[h.of]}
		fits, err := f.w.fits(&g, h.pos)
		if err != nil {
			return fmt.Errorf("%w: entry at position %d: %w", ErrDamaged, h.pos, err)
		}
		if !fits {
			continue
		}
		if len(f.found.Groups) == f.limit {
			f.found.Next = h.pos + 1
			return nil
		}
		f.found.Groups = append(f.found.Groups, g)
	}
	return nil
}

// reached says to which time was looked.
func (f *finding) reached(ctx context.Context) error {
	h, err := f.l.at(ctx, f.before)
	if h != nil {
		f.found.Until = h.at
	}
	return err
}

// groups reads all entries of the decisions and acts of some hits, by where these lie.
func (f *finding) groups(ctx context.Context, hits []hit) (map[int64][]Record, error) {
	out := make(map[int64][]Record, len(hits))
	var decided, at, of []int64
	for _, h := range hits {
		if _, there := out[h.of]; !there {
			out[h.of] = nil
			decided = append(decided, h.of)
		}
	}
	for some := range slices.Chunk(decided, atOnce) {
		if err := f.l.needWithEnds(ctx, some); err != nil {
			return nil, err
		}
		for _, pos := range some {
			members, err := f.l.members(ctx, pos)
			if err != nil {
				return nil, err
			}
			for _, m := range members {
				at, of = append(at, m.pos), append(of, pos)
			}
		}
	}
	records, err := f.l.records(ctx, at)
	if err != nil {
		return nil, err
	}
	for i, r := range records {
		out[of[i]] = append(out[of[i]], r)
	}
	return out, nil
}

// named are hits that the index knows by a name, newest first.
func (f *finding) named(ctx context.Context, name string, recent []int64, n int) ([]hit, bool, error) {
	var at []int64
	for _, pos := range slices.Backward(recent) {
		if pos < f.before && len(at) < n {
			at = append(at, pos)
		}
	}
	on := int64(-1) // where to go on where the index was not looked through
	if len(at) < n {
		var err error
		if at, on, err = f.indexed(ctx, name, at, n); err != nil {
			return nil, false, err
		}
	}
	more := len(at) >= n
	at = at[:min(n, len(at))]
	f.probed += len(at)
	switch {
	case more:
		f.before = at[len(at)-1]
	case on >= 0 && !defect.On(defect.RowLookedOnce):
		f.before, f.runs, more = on, mostRuns, true // enough for one call
	}
	hits, err := f.of(ctx, at)
	return hits, more, err
}

// indexed adds to at, newest first, what the index has of a name, until there are n. Where
// it has looked at enough rows before, it says from which position on all was looked at.
func (f *finding) indexed(ctx context.Context, name string, at []int64, n int) (_ []int64, on int64, err error) {
	there := make(map[int64]bool, len(at)) // a run that was just written may lie in memory as well
	for _, pos := range at {
		there[pos] = true
	}
	rows, err := f.s.read.QueryContext(ctx, "select seg, first, terms from ledger_run where bucket = $1 and seg <= $2 and first < $3 order by seg desc, first desc", bucketOf(name), (f.before-1)>>segmentBits, f.before)
	if err != nil {
		return nil, 0, fmt.Errorf("store: read the index: %w", err)
	}
	defer rows.Close()
	for looked := 0; len(at) < n && rows.Next(); looked++ {
		var seg, first int64
		var row sql.RawBytes
		if err := rows.Scan(&seg, &first, &row); err != nil {
			return nil, 0, fmt.Errorf("store: read the index: %w", err)
		}
		found, err := positions(nil, seg, row, name)
		if err != nil {
			return nil, 0, err
		}
		for _, pos := range slices.Backward(found) {
			if pos < f.before && !there[pos] {
				at = append(at, pos)
			}
		}
		if looked+1 >= mostRows {
			return at, first, nil
		}
	}
	return at, -1, rows.Err()
}

// of are the hits at some positions whose decision or act may fit.
func (f *finding) of(ctx context.Context, at []int64) (out []hit, err error) {
	for some := range slices.Chunk(at, atOnce) {
		if err := f.l.needWithDecisions(ctx, some); err != nil {
			return nil, err
		}
		for _, pos := range some {
			h, err := f.l.named(ctx, pos)
			if err != nil {
				return nil, err
			}
			if out, err = f.add(ctx, out, pos, h); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// add adds an entry to the hits where its decision or act may fit.
func (f *finding) add(ctx context.Context, hits []hit, pos int64, h *head) ([]hit, error) {
	d, err := f.l.of(ctx, pos, h)
	if err != nil || !f.w.may(&d.head) {
		return hits, err
	}
	return append(hits, hit{pos, d.pos}), nil
}

// may reports whether a decision or act can be wanted, as far as its head tells.
func (w *Wanted) may(d *head) bool {
	s := d.sort
	return among(w.Role, s.role) && among(w.Task, s.task) && alike(string(w.Effect), s.effect) && alike(string(w.Kind), s.kind) &&
		alike(w.Purpose, s.purpose) && alike(w.Door, s.door) && alike(w.Act, s.act) && alike(w.Who, s.who) &&
		(w.But == "" || s.act != w.But) && (w.From == 0 || d.at >= w.From) && (w.To == 0 || d.at < w.To)
}

// Beside names the decisions or acts before and after a position; "" where there is none.
func (s *Store) Beside(ctx context.Context, pos int64) (older, newer string, err error) {
	if err := s.settledWhole(ctx); err != nil {
		return "", "", err
	}
	l := s.leafing(s.read)
	for _, way := range []struct {
		to        *string
		from, end int64
		newest    bool
	}{{&older, 0, pos, true}, {&newer, pos + 1, s.drained.Load(), false}} {
		err := l.each(ctx, way.from, way.end, way.newest, func(_ int64, h *head) (bool, error) {
			if h.part == 0 {
				*way.to = h.id.String()
			}
			return h.part == 0, nil
		})
		if err != nil {
			return "", "", err
		}
	}
	return older, newer, nil
}
