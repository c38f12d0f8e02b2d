package gate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/defect"
)

// Ends is where the end of a right is told, and what answers under way wait for: the
// usual [Rights]. Each of its functions returns when every answer that rests on what
// ended has been cut; whoever acknowledges an end calls it before. It is safe for
// concurrent use and starts no goroutine but timers.
type Ends struct {
	now  func() (now time.Time, trusted bool)
	turn atomic.Uint64 // how often something of a person ended

	mu     sync.Mutex
	people map[string]*ending
	grants map[string]*ending // and whatever else ends by its id, once
	over   []over             // what ended, in that order, until it is forgotten
	all    map[*watch]struct{}
}

// over is what ended, and when; the clock is the one that nobody sets.
type over struct {
	of map[string]*ending
	id string
	at time.Time
}

// overFor is how long it is known that something ended: far longer than it takes from
// asking who asks, and what is lent, to watching it.
const overFor = time.Hour

// ending is what is known of a person or grant.
type ending struct {
	gone    bool
	cut     uint64    // turn at which the person was gone or had less; 0: not lately
	told    time.Time // when it was last told of
	watches map[*watch]struct{}
}

// watch is one answer under way.
type watch struct {
	Ground
	end    func() // once is enough, more does no harm
	cancel context.CancelCauseFunc
	due    time.Time // Until, by the clock that nobody sets; zero: never

	looking sync.Mutex // held while it is looked at, so that the latest look decides when the next is

	mu    sync.Mutex
	timer *time.Timer // nil where nothing changes by itself
	done  bool
}

// NewEnds returns an Ends by whose clock rights end; only the time from now to an end
// counts, so that a clock which is set afterwards delays nothing.
func NewEnds(now func() (now time.Time, trusted bool)) *Ends {
	return &Ends{
		now: now, people: make(map[string]*ending), grants: make(map[string]*ending), all: make(map[*watch]struct{}),
	}
}

// Turn is for [Ground.AsOf]: whoever takes it before they ask who asks learns of all that
// ends from then on.
func (e *Ends) Turn() uint64 { return e.turn.Load() }

// Watch fulfils [Rights].
func (e *Ends) Watch(ctx context.Context, g Ground, cut func()) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{Ground: g, cancel: cancel, end: func() {
		cancel(ErrEnded)
		if cut != nil {
			cut()
		}
	}}
	if !g.Until.IsZero() {
		now, _ := e.now()
		w.due = time.Now().Add(g.Until.Sub(now))
	}
	e.mu.Lock()
	gone := e.add(w)
	e.mu.Unlock()
	if gone {
		w.end()
		return ctx, func() { e.drop(w) }
	}
	if g.Changed != nil {
		g.Changed(func() { e.look(w) })
	}
	e.look(w)
	return ctx, func() { e.drop(w) }
}

// add notes a watch and reports whether what it rests on has ended.
func (e *Ends) add(w *watch) (gone bool) {
	e.all[w] = struct{}{}
	for _, id := range w.Who {
		n := note(e.people, id, w)
		gone = gone || n.gone || n.cut > w.AsOf && !defect.On(defect.CutForgotten)
	}
	for _, id := range w.On {
		gone = note(e.grants, id, w).gone || gone
	}
	return gone
}

func note(of map[string]*ending, id string, w *watch) *ending {
	n := entry(of, id)
	n.watches[w] = struct{}{}
	return n
}

func entry(of map[string]*ending, id string) *ending {
	n := of[id]
	if n == nil {
		n = &ending{watches: make(map[*watch]struct{})}
		of[id] = n
	}
	return n
}

// over reports whether the time of a watch is up, by either clock.
func (w *watch) over(now time.Time) bool {
	if w.due.IsZero() || defect.On(defect.ExpiryNotWatched) {
		return false
	}
	return !now.Before(w.Until) || !time.Now().Before(w.due)
}

// look ends a watch whose time is up or whose facts hold no more, and looks again when
// either may have changed by the passing of time.
func (e *Ends) look(w *watch) {
	if !e.holds(w) {
		w.end()
	}
}

func (e *Ends) holds(w *watch) bool {
	w.looking.Lock()
	defer w.looking.Unlock()
	now, trusted := e.now()
	held, wait := !w.over(now), time.Duration(-1)
	if !w.due.IsZero() {
		wait = max(time.Until(w.due), 0) // it may have passed just now, and less is never
	}
	if held && w.Still != nil && !defect.On(defect.FactsNotWatched) {
		var again time.Time
		if again, held = w.Still(now, trusted); !again.IsZero() && (wait < 0 || again.Sub(now) < wait) {
			wait = max(again.Sub(now), 0)
		}
	}
	if held {
		w.lookIn(wait, func() { e.look(w) })
	}
	return held
}

// lookIn has a watch looked at again, in place of what was planned; less than 0 is never.
func (w *watch) lookIn(wait time.Duration, look func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	if !w.done && wait >= 0 {
		w.timer = time.AfterFunc(max(wait, time.Millisecond), look)
	}
}

func (e *Ends) drop(w *watch) {
	w.mu.Lock()
	if w.done = true; w.timer != nil {
		w.timer.Stop()
	}
	w.mu.Unlock()
	w.cancel(context.Canceled)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.all, w)
	for _, id := range w.Who {
		forget(e.people, id, w)
	}
	for _, id := range w.On {
		forget(e.grants, id, w)
	}
}

func forget(of map[string]*ending, id string, w *watch) {
	n := of[id]
	if n == nil { // named twice
		return
	}
	delete(n.watches, w)
	n.tidy(of, id)
}

func (n *ending) tidy(of map[string]*ending, id string) {
	if len(n.watches) == 0 && !n.gone && n.cut == 0 {
		delete(of, id)
	}
}

// Person ends whatever is under way for a person or program, and whatever begins to be
// watched, until Returns.
func (e *Ends) Person(id string) { e.less(id, true) }

// Cut ends whatever is under way for a person or program who may ask again at once: they
// hold less than when it began.
func (e *Ends) Cut(id string) { e.less(id, false) }

// less is remembered for a while: who was asked about before it, and is watched only
// after, holds what they had.
func (e *Ends) less(id string, gone bool) {
	e.mu.Lock()
	n := entry(e.people, id)
	n.gone, n.cut = n.gone || gone, e.turn.Add(1)
	e.remember(e.people, id)
	cut := n.list()
	e.mu.Unlock()
	end(cut)
}

// Returns lets a person or program who was away ask again.
func (e *Ends) Returns(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.people[id]; n != nil {
		n.gone = false
		n.tidy(e.people, id)
	}
}

// Grant ends whatever rests on a grant, or on something else that ends by its id: a
// token. What so ended never lives again, and so is forgotten in time.
func (e *Ends) Grant(id string) {
	e.mu.Lock()
	n := entry(e.grants, id)
	n.gone = true
	e.remember(e.grants, id)
	cut := n.list()
	e.mu.Unlock()
	end(cut)
}

// remember notes when something ended, and forgets what ended long ago, but for what is
// waited for. The caller holds mu.
func (e *Ends) remember(of map[string]*ending, id string) {
	now := time.Now()
	of[id].told = now
	e.over = append(e.over, over{of, id, now})
	for len(e.over) > 0 && time.Since(e.over[0].at) >= overFor {
		o := e.over[0]
		e.over = e.over[1:]
		e.forgetOver(o)
	}
}

func (e *Ends) forgetOver(o over) {
	n := o.of[o.id]
	switch {
	case n == nil, time.Since(n.told) < overFor && !defect.On(defect.CutOnce): // told of again: it is forgotten for that time
	case len(n.watches) > 0:
		e.over = append(e.over, over{o.of, o.id, time.Now()})
	default:
		n.cut = 0
		if n == e.grants[o.id] {
			n.gone = false
		}
		n.tidy(o.of, o.id)
	}
}

func (n *ending) list() []*watch {
	out := make([]*watch, 0, len(n.watches))
	for w := range n.watches {
		out = append(out, w)
	}
	return out
}

// end is called without mu: what it cuts may wait a moment.
func end(cut []*watch) {
	for _, w := range cut {
		w.end()
	}
}

// Policy ends whatever is under way: another policy is in force.
func (e *Ends) Policy() {
	if defect.On(defect.PolicyNotTold) {
		return
	}
	end(e.underWay())
}

// Facts ends what rests on facts that hold no more: others are in force.
func (e *Ends) Facts() {
	for _, w := range e.underWay() {
		if w.Still != nil {
			e.look(w)
		}
	}
}

func (e *Ends) underWay() []*watch {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]*watch, 0, len(e.all))
	for w := range e.all {
		out = append(out, w)
	}
	return out
}
