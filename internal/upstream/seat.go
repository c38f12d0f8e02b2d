package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"modicum/internal/defect"
)

// seats bound how much is asked of the server at once. An answer has a seat while it is
// waited for and read; one that turns out long moves to a seat of its own kind, so that
// clients who read slowly keep nobody else from asking.
type seats struct{ asking, streams chan struct{} }

// take waits for a seat. ErrBusy: there was none for as long as the answer may take.
func (s seats) take(ctx context.Context, most time.Duration) error {
	select {
	case s.asking <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case s.asking <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		return ErrBusy
	}
}

// seated is the body of an answer that has a seat.
type seated struct {
	body
	mu    sync.Mutex
	taken chan struct{} // nil once it was given back
}

// Close lets go of the answer and its seat.
func (s *seated) Close() error {
	err := s.body.Close()
	s.move(nil)
	return err
}

// move gives the seat back for one of another kind, and reports whether there was one.
func (s *seated) move(to chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to != nil {
		select {
		case to <- struct{}{}:
		default:
			return false
		}
	}
	if s.taken != nil {
		<-s.taken
	}
	s.taken = to
	return true
}

// stay moves an answer that turns out long; ErrBusy where there are as many as may be.
func (c *Client) stay(a *answer) error {
	if s, is := a.body.(*seated); is && !defect.On(defect.SlowHoldAll) && !s.move(c.seats.streams) {
		return ErrBusy
	}
	return nil
}
