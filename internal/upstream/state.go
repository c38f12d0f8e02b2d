package upstream

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"
)

// State is how the server has answered so far. What it refused a caller, or does not have,
// is an answer like any other.
type State struct {
	Answered time.Time // when it last gave a usable answer; zero: never yet
	Failed   time.Time // when it last gave none; zero: never yet
	Why      string    // of Failed, in our words: never the server's
}

// Failing reports whether the last thing that came of a request was no usable answer.
func (s State) Failing() bool { return s.Failed.After(s.Answered) }

// lately is a State that many requests tell of.
type lately struct {
	mu    sync.Mutex
	state State // guarded by mu
}

func (l *lately) note(now time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.state.Answered = now
		return
	}
	l.state.Failed, l.state.Why = now, Why(err)
}

// State says how the server has answered so far. It asks nothing.
func (c *Client) State() State {
	c.lately.mu.Lock()
	defer c.lately.mu.Unlock()
	return c.lately.state
}

// send asks, when there is a seat, and notes what came of it.
func (c *Client) send(ctx context.Context, ask func() (*answer, error)) (*answer, error) {
	who := callerOf(ctx)
	if err := c.seats.take(ctx, who, c.whole); err != nil {
		return nil, err // nothing was sent, and it is not the server's fault
	}
	var a *answer
	defer func() {
		if a == nil { // also where asking panicked: others go on (threat-model 9)
			c.seats.asking.Give(who)
		}
	}()
	a, err := ask()
	if err != nil {
		if !errors.Is(context.Cause(ctx), context.Canceled) { // it was our caller who went away
			c.lately.note(c.now(), err)
		}
		return nil, err
	}
	a.body = &seated{body: a.body, who: who, taken: c.seats.asking}
	c.lately.note(c.now(), a.usable())
	return a, nil
}

// usable is nil for an answer of a FHIR server that serves us, whatever it says.
func (a *answer) usable() error {
	switch s := a.status; {
	case s == http.StatusOK:
		return a.acceptable(math.MaxInt64)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s >= 300 && s < 400, s >= 500:
		return answered(s)
	}
	return nil
}
