package gate

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/ledger"
)

// endings are outcomes on their way into the record. Their answers have left, so that
// nobody waits for them but one goroutine, which is there while there are any: the record
// takes them in order, and many of them in one commit, so that it is woken for many.
type endings struct {
	mu      sync.Mutex
	waiting []finishing // guarded by mu
	spare   []finishing // guarded by mu: room
	runs    bool        // guarded by mu: the goroutine is there
}

// finishing is one of them.
type finishing struct {
	underway
	began   time.Time
	outcome *ledger.Outcome
	door    string
}

// finish appends the outcome's entry. The answer has left or failed by now, so
// nobody waits; where no outcome comes to lie, everything opened counts as
// disclosed (design 7).
func (g *Gate) finish(s *Session, e *ledger.Outcome) {
	if defect.On(defect.OutcomeLeftOut) {
		return
	}
	f := finishing{g.begin(e), time.Now(), e, s.route.interaction.Door}
	g.ends.Add(1)
	g.endings.mu.Lock()
	defer g.endings.mu.Unlock()
	g.endings.waiting = append(g.endings.waiting, f)
	if !g.endings.runs {
		g.endings.runs = true
		go g.see()
	}
}

// see waits for outcomes until there are none.
func (g *Gate) see() {
	var done []finishing
	for {
		done = g.endings.next(done)
		if done == nil {
			return
		}
		for i := range done {
			g.seeOne(&done[i])
		}
	}
}

// next takes what waits, and gives room back; nil where nothing does.
func (e *endings) next(done []finishing) []finishing {
	clear(done)
	e.mu.Lock()
	defer e.mu.Unlock()
	if cap(done) > 0 && cap(done) <= 1024 {
		e.spare = done[:0]
	}
	if len(e.waiting) == 0 {
		e.runs = false
		return nil
	}
	out := e.waiting
	e.waiting, e.spare = e.spare, nil
	return out
}

// seeOne waits for one outcome no longer than if nobody had waited for others before it.
func (g *Gate) seeOne(f *finishing) {
	defer g.ends.Done()
	f.most = max(0, f.most-time.Since(f.began))
	err := f.wait(context.Background())
	if errors.Is(err, ledger.ErrTooLarge) {
		err = g.appendParts(f.outcome)
	}
	if err != nil {
		g.cfg.Diary.LogAttrs(context.Background(), slog.LevelError, "outcome not recorded",
			slog.String("decision", f.outcome.ID), slog.String("door", f.door))
	}
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
