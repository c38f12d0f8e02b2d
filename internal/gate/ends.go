package gate

import (
	"context"
	"sync"
	"time"

	"modicum/internal/defect"
)

// Ends is where the end of a right is told, and what answers under way wait for: the
// usual [Rights]. Each of its functions returns when every answer that rests on what
// ended has been told; whoever acknowledges an end calls it before. It is safe for
// concurrent use and starts no goroutine but timers.
type Ends struct {
	now func() (now time.Time, trusted bool)

	mu     sync.Mutex
	people map[string]*ending
	grants map[string]*ending
	over   []over // grants that ended, in that order, until they are forgotten
	all    map[*watch]struct{}
}

// over is a grant that ended, and when; the clock is the one that nobody sets.
type over struct {
	grant string
	at    time.Time
}

// overFor is how long a grant that ended is known: far longer than it takes from asking
// what is lent to watching it.
const overFor = time.Hour

// ending is what is known of a person or grant.
type ending struct {
	gone    bool
	watches map[*watch]struct{}
}

// watch is one answer under way.
type watch struct {
	end    context.CancelCauseFunc
	who    string
	grants []string
	timer  *time.Timer // nil where nothing ends by itself
}

// NewEnds returns an Ends by whose clock rights end; only the time from now to an end
// counts, so that a clock which is set afterwards delays nothing.
func NewEnds(now func() (now time.Time, trusted bool)) *Ends {
	return &Ends{
		now: now, people: make(map[string]*ending), grants: make(map[string]*ending), all: make(map[*watch]struct{}),
	}
}

// Watch fulfils [Rights].
func (e *Ends) Watch(ctx context.Context, who string, grants []string, until time.Time) (context.Context, func()) {
	ctx, end := context.WithCancelCause(ctx)
	w := &watch{end: end, who: who, grants: grants}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.add(w) {
		end(ErrEnded)
	}
	if !until.IsZero() && !defect.On(defect.ExpiryNotWatched) {
		now, _ := e.now()
		w.timer = time.AfterFunc(until.Sub(now), func() { end(ErrEnded) })
	}
	return ctx, func() { e.drop(w) }
}

// add notes a watch and reports whether what it rests on has ended.
func (e *Ends) add(w *watch) (gone bool) {
	e.all[w] = struct{}{}
	gone = note(e.people, w.who, w)
	for _, g := range w.grants {
		gone = note(e.grants, g, w) || gone
	}
	return gone
}

func note(of map[string]*ending, id string, w *watch) (gone bool) {
	n := of[id]
	if n == nil {
		n = &ending{watches: make(map[*watch]struct{})}
		of[id] = n
	}
	n.watches[w] = struct{}{}
	return n.gone
}

func (e *Ends) drop(w *watch) {
	if w.timer != nil {
		w.timer.Stop()
	}
	w.end(context.Canceled)
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.all, w)
	forget(e.people, w.who, w)
	for _, g := range w.grants {
		forget(e.grants, g, w)
	}
}

func forget(of map[string]*ending, id string, w *watch) {
	n := of[id]
	delete(n.watches, w)
	if len(n.watches) == 0 && !n.gone {
		delete(of, id)
	}
}

// Person ends whatever is under way for a person or program, and whatever begins to be
// watched, until Returns.
func (e *Ends) Person(id string) { e.end(e.people, id) }

// Cut ends whatever is under way for a person or program who may ask again at once: they
// hold less than when it began.
func (e *Ends) Cut(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.people[id]; n != nil {
		for w := range n.watches {
			w.end(ErrEnded)
		}
	}
}

// Returns lets a person or program who was away ask again.
func (e *Ends) Returns(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.people[id]; n != nil {
		if n.gone = false; len(n.watches) == 0 {
			delete(e.people, id)
		}
	}
}

// Grant ends whatever rests on a grant. A grant that ended never lives again, and so is
// forgotten in time.
func (e *Ends) Grant(id string) {
	e.end(e.grants, id)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = append(e.over, over{id, time.Now()})
	e.forgetOver()
}

// forgetOver forgets grants that ended long ago, but for those that are waited for.
func (e *Ends) forgetOver() {
	for len(e.over) > 0 && time.Since(e.over[0].at) >= overFor {
		id := e.over[0].grant
		e.over = e.over[1:]
		switch n := e.grants[id]; {
		case n == nil: // told of twice
		case len(n.watches) == 0:
			delete(e.grants, id)
		default:
			e.over = append(e.over, over{id, time.Now()})
		}
	}
}

func (e *Ends) end(of map[string]*ending, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := of[id]
	if n == nil {
		n = &ending{watches: make(map[*watch]struct{})}
		of[id] = n
	}
	n.gone = true
	for w := range n.watches {
		w.end(ErrEnded)
	}
}

// Policy ends whatever is under way: another policy is in force.
func (e *Ends) Policy() {
	if defect.On(defect.PolicyNotTold) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := range e.all {
		w.end(ErrEnded)
	}
}
