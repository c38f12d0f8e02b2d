package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/internal/share"
)

// seats bound how much is asked of the server at once. An answer has a seat while it is
// waited for and read; one that turns out long moves to a seat of its own kind, so that
// clients who read slowly keep nobody else from asking. Of both kinds each caller has a
// share, so that whoever asks much leaves seats for others.
type seats struct{ asking, streams *share.Places }

type callerKey struct{}

// For says in whose name the server is asked, by a context made from ctx. Who is not said is
// this process itself.
func For(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}

func callerOf(ctx context.Context) string {
	who, _ := ctx.Value(callerKey{}).(string)
	return who
}

// take waits for a seat. ErrBusy: there was none for as long as the answer may take.
func (s seats) take(ctx context.Context, who string, most time.Duration) error {
	err := s.asking.Take(ctx, who, most)
	if errors.Is(err, share.ErrNone) {
		return ErrBusy
	}
	return err
}

// seated is the body of an answer that has a seat.
type seated struct {
	body
	who   string
	mu    sync.Mutex
	taken *share.Places // nil once it was given back
}

// Close lets go of the answer and its seat.
func (s *seated) Close() error {
	err := s.body.Close()
	s.move(nil)
	return err
}

// move gives the seat back for one of another kind, and reports whether there was one.
func (s *seated) move(to *share.Places) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to != nil && !to.Try(s.who) {
		return false
	}
	if s.taken != nil {
		s.taken.Give(s.who)
	}
	s.taken = to
	return true
}

// stay moves an answer that turns out long; ErrBusy where there are as many as may be, or
// as many of its caller's.
func (c *Client) stay(a *answer) error {
	if s, is := a.body.(*seated); is && !defect.On(defect.SlowHoldAll) && !s.move(c.seats.streams) {
		return ErrBusy
	}
	return nil
}
