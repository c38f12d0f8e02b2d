// Package share divides a number of places among those who want them, so that nobody takes
// all from others (threat-model FC51, A9).
//
// Whoever is called by a name has one share, however many connections they come by. Alone
// they may hold all places but a ninth: what they hold comes back when it is done with, and
// until then whoever comes next, and comes again, must not wait for it. A place that comes
// back goes to whoever waits and holds fewest, among those to whoever waits longest. The
// name "" is the house itself, which asks little and is held to no share.
package share

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"modicum/internal/defect"
)

// ErrNone: no place was to be had.
var ErrNone = errors.New("share: no place is free")

// kept is how many times as many places somebody may hold as stay free, but for a remainder.
const kept = 8

// queues is how many times as many may wait in one name as there are places.
const queues = 4

// Places are a number of places. They are safe for concurrent use.
type Places struct {
	most int

	mu      sync.Mutex
	free    int               // guarded by mu
	shares  map[string]*share // guarded by mu: of those who hold or wait
	waiting []*waiter         // guarded by mu: in the order in which they came; none of them may take a place now
	spare   *share            // guarded by mu: one that nobody has, lest each request make its own
}

// share is what one name has; guarded by the mutex of its places.
type share struct {
	who           string
	held, waiting int
}

type waiter struct {
	share *share
	given chan struct{} // closed when it has its place
}

// New returns so many places, all free.
func New(most int) *Places {
	return &Places{most: most, free: most, shares: make(map[string]*share)}
}

// Try takes a place for who, where there is one to be had now.
func (p *Places) Try(who string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(who)
	if !p.may(s) {
		p.drop(s)
		return false
	}
	p.take(s)
	return true
}

// Take is Try, and waits for so long. The error is ErrNone, also where the deadline of ctx
// comes first, or why ctx was ended otherwise.
func (p *Places) Take(ctx context.Context, who string, most time.Duration) error {
	w, err := p.ask(who)
	if w == nil {
		return err
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-w.given:
		return nil
	case <-timer.C:
		err = ErrNone
	case <-ctx.Done():
		if err = context.Cause(ctx); errors.Is(err, context.DeadlineExceeded) {
			err = ErrNone
		}
	}
	p.leave(w)
	return err
}

// ask takes a place, or a place in the queue.
func (p *Places) ask(who string) (*waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(who)
	switch {
	case p.may(s):
		p.take(s)
		return nil, nil
	case s.waiting >= queues*p.most:
		return nil, ErrNone
	}
	w := &waiter{s, make(chan struct{})}
	s.waiting++
	p.waiting = append(p.waiting, w)
	return w, nil
}

// leave gives up waiting, and the place that came at the last moment.
func (p *Places) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiting, w); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		w.share.waiting--
		p.drop(w.share)
		return
	}
	p.give(w.share)
}

// Give gives a place of who back.
func (p *Places) Give(who string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.give(p.shares[who])
}

// give hands the place on.
func (p *Places) give(s *share) {
	s.held--
	p.free++
	for len(p.waiting) > 0 {
		i := p.first()
		w := p.waiting[i]
		if !p.may(w.share) {
			break // nor may any other: they hold as many or more
		}
		p.waiting = slices.Delete(p.waiting, i, i+1)
		w.share.waiting--
		p.take(w.share)
		close(w.given)
	}
	p.drop(s)
}

// first is the place in the queue of whoever is next.
func (p *Places) first() int {
	if defect.On(defect.FirstComeServed) {
		return 0
	}
	next := 0
	for i, w := range p.waiting {
		if w.share.held == 0 || w.share.who == "" {
			return i
		}
		if w.share.held < p.waiting[next].share.held {
			next = i
		}
	}
	return next
}

// may reports whether a share may have one place more: there is one, and enough stay free
// for others. Somebody who holds none may have the last.
func (p *Places) may(s *share) bool {
	if p.free == 0 {
		return false
	}
	return s.held == 0 || s.who == "" || s.held <= kept*(p.free-1) || defect.On(defect.PlacesForOne)
}

func (p *Places) take(s *share) {
	s.held++
	p.free--
}

// of is the share of a name.
func (p *Places) of(who string) *share {
	s := p.shares[who]
	if s == nil {
		if s = p.spare; s == nil {
			s = new(share)
		}
		p.spare = nil
		s.who = who
		p.shares[who] = s
	}
	return s
}

// drop forgets a share that holds nothing and waits for nothing.
func (p *Places) drop(s *share) {
	if s.held == 0 && s.waiting == 0 {
		delete(p.shares, s.who)
		p.spare = s
	}
}
