package gate

import (
	"context"
	"errors"
	"log/slog"

	"modicum/internal/defect"
	"modicum/ledger"
)

// finish appends the outcome's entry. The answer has left or failed by now, so
// nobody waits; where no outcome comes to lie, everything opened counts as
// disclosed (design 7).
func (g *Gate) finish(s *Session, e *ledger.Outcome) {
	if defect.On(defect.OutcomeLeftOut) {
		return
	}
	u := g.begin(e) // spelt here: a goroutine that only waits needs no more memory than it begins with
	g.ends.Add(1)
	go func() {
		defer g.ends.Done()
		err := u.wait(context.Background())
		if errors.Is(err, ledger.ErrTooLarge) {
			err = g.appendParts(e)
		}
		if err != nil {
			g.cfg.Diary.LogAttrs(context.Background(), slog.LevelError, "outcome not recorded",
				slog.String("decision", s.id), slog.String("door", s.route.interaction.Door))
		}
	}()
}

// appendParts appends an outcome that is too large for one entry.
func (g *Gate) appendParts(e *ledger.Outcome) error {
	parts, err := ledger.SplitOutcome(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.LogWait)
	defer cancel()
	for _, p := range parts {
		if _, err := g.cfg.Log.Append(ctx, p, nil); err != nil {
			return err
		}
	}
	return nil
}

// Wait returns when the outcomes of all closed sessions are recorded. Call it
// before the log is closed.
func (g *Gate) Wait() { g.ends.Wait() }
