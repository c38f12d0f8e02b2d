package gate

import (
	"context"
	"errors"
	"time"

	"modicum/internal/defect"
)

// ErrEnded: the right on which an answer rests is no more. Nothing further of the
// answer may leave.
var ErrEnded = errors.New("gate: the right has ended")

// Rights tells an answer under way that the right on which it rests has ended, so
// that it is cut off within a second (threat-model G3). It is safe for concurrent
// use. [Ends] is one.
type Rights interface {
	// Watch returns a context that ends, with ErrEnded as its cause, when the ground
	// does, or another policy is in force. cut is called then, before whoever ended it
	// hears that it is done; it must be quick and may be called more than once. What had
	// ended before Watch was called ends it at once. The function lets go of the watch.
	Watch(ctx context.Context, g Ground, cut func()) (context.Context, func())
}

// Ground is what an answer under way rests on.
type Ground struct {
	Who   []string  // who asks, and their application: ends when one of them may ask nothing any more, or holds less
	AsOf  uint64    // [Ends.Turn] before it was asked what they hold
	On    []string  // ids of grants and tokens: ends when one of them does
	Until time.Time // ends then; zero: never by itself
	// Still reports whether everything else holds at a moment, and when that may change
	// by the passing of time, zero for never; nil: there is nothing else. It is asked by
	// other goroutines.
	Still func(now time.Time, trusted bool) (again time.Time, still bool)
	// Changed, if not nil, is given what has Still asked again: it is called whenever the
	// answer comes to rest on more, before that leaves.
	Changed func(look func())
}

// Watch is [Rights.Watch] for what the session rests on. The door holds it while the
// answer leaves.
func (s *Session) Watch(ctx context.Context, cut func()) (context.Context, func()) {
	if defect.On(defect.StreamOutlivesRight) {
		return ctx, func() {}
	}
	c := s.ask.Caller
	g := Ground{Who: []string{c.ID}, AsOf: c.AsOf, On: append(s.grants(), c.Tokens...), Until: s.until()}
	if !s.observes() {
		s.leaving = s.rests()
		g.Still, g.Changed = s.leaving.still, s.leaving.heed
	}
	if c.Client != "" && c.Client != c.ID {
		g.Who = append(g.Who, c.Client)
	}
	watched, stop := s.gate.cfg.Rights.Watch(ctx, g, cut)
	if s.gate.cfg.Generation().Set == s.set {
		return watched, stop
	}
	// The policy changed before anybody watched.
	stop()
	ended, cancel := context.WithCancelCause(ctx)
	cancel(ErrEnded)
	return ended, func() {}
}

// until is the moment at which the right ends by itself; zero: never.
func (s *Session) until() time.Time {
	end := s.ask.Caller.Expires
	if of := s.ask.Caller.Until; !of.IsZero() && (end.IsZero() || of.Before(end)) {
		end = of
	}
	for i := range s.loans {
		if l := &s.loans[i]; s.mayCount(l) && (end.IsZero() || l.Until.Before(end)) {
			end = l.Until
		}
	}
	return end
}

// Renew decides again, by the policy, the facts and the time of now, before more of a
// long answer is judged (threat-model D9). It is ErrEnded where the policy or anything
// about the caller is no longer as it was recorded, or the time is up: an answer has one
// decision, from which the record derives every part of it. Facts about patients may
// have changed: what was judged before and did not leave must be judged again.
func (s *Session) Renew() error {
	if defect.On(defect.StreamOutlivesRight) {
		return nil
	}
	gen := s.gate.cfg.Generation()
	now, trusted := s.gate.cfg.Now()
	until := s.until()
	if gen.Set != s.set || trusted != s.trusted || !until.IsZero() && !now.Before(until) {
		return ErrEnded
	}
	if s.leaving != nil && !defect.On(defect.FactsNotWatched) {
		if _, still := s.leaving.still(now, trusted); !still { // what was given to the connection last may not have left
			return ErrEnded
		}
	}
	recorded := s.grants()
	s.gen, s.now = gen, now
	if req := s.request(); req.Caller != s.truth || !s.stillLent(recorded) {
		return ErrEnded
	}
	s.reach()
	clear(s.people)
	s.lately = nil
	s.last = lastView{}
	return nil
}
