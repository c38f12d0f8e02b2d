package spool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/ledger"
)

var _ ledger.Starter = (*Spool)(nil)

// Append implements ledger.Log. The receipt of an entry that went into the spool is
// empty: where it will lie in the record is not known yet. An act with statements of
// its own never goes into the spool, since nobody could run them later.
func (s *Spool) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	if act == nil {
		if done, err := s.after(e); done || err != nil {
			return ledger.Receipt{}, err
		}
	}
	may := act == nil && s.may(e)
	receipt, err := s.ask(ctx, e, act, may)
	if err == nil {
		s.follow(e, receipt)
		return receipt, nil
	}
	if !may || !away(err) || ctx.Err() != nil {
		return receipt, err
	}
	return ledger.Receipt{}, s.instead(e, err)
}

// Start implements ledger.Starter. It never takes in what the spool may have to keep.
func (s *Spool) Start(e ledger.Entry) (ledger.Started, bool, error) {
	main, can := s.cfg.Main.(ledger.Starter)
	if !can || s.may(e) || s.has(e) {
		return nil, false, nil
	}
	st, ok, err := main.Start(e)
	if !ok || err != nil {
		return nil, ok, err
	}
	return &started{st, s, e}, true, nil
}

// started is an entry on its way into the record.
type started struct {
	ledger.Started
	spool *Spool
	entry ledger.Entry
}

// Wait implements ledger.Started.
func (a *started) Wait(ctx context.Context, most time.Duration) (ledger.Receipt, error) {
	r, err := a.Started.Wait(ctx, most)
	if err == nil {
		a.spool.follow(a.entry, r)
	}
	return r, err
}

// has reports whether the spool holds entries of the same decision.
func (s *Spool) has(e ledger.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.spooled[e.Header().ID]
	return there
}

// ask asks the record, and no longer than there is patience where the spool could take
// the entry.
func (s *Spool) ask(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error, may bool) (ledger.Receipt, error) {
	if may {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Patience)
		defer cancel()
	}
	return s.cfg.Main.Append(ctx, e, act)
}

// away reports whether the record may be unable to keep anything now.
func away(err error) bool {
	return errors.Is(err, ledger.ErrNotDurable) || errors.Is(err, ledger.ErrBroken)
}

// may reports whether an entry is of a broken glass.
func (s *Spool) may(e ledger.Entry) bool {
	switch e := e.(type) {
	case *ledger.Decision:
		return e.Effect == ledger.Admit && (e.Request.Glass || defect.On(defect.SpoolTakesAll))
	case *ledger.Act:
		return e.Act == Broken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.glasses[e.Header().ID]
}

// after puts an entry behind those of its decision that lie in the spool, so that the
// record gets them in their order; false where there are none.
func (s *Spool) after(e ledger.Entry) (bool, error) {
	h := e.Header()
	if h.Kind != ledger.KindOpened && h.Kind != ledger.KindOutcome {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.spooled[h.ID]; !there {
		return false, nil
	}
	return true, s.keep(e)
}

// follow notes what the record took.
func (s *Spool) follow(e ledger.Entry, r ledger.Receipt) {
	h := e.Header()
	glass := h.Kind == ledger.KindDecision && s.may(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = max(s.known, r.Size)
	switch {
	case h.Kind == ledger.KindOutcome && !h.More:
		delete(s.glasses, h.ID)
	case glass && len(s.glasses) < mostGlasses:
		s.glasses[h.ID] = true
	}
}

// instead keeps what the record did not take; why is what the record said.
func (s *Spool) instead(e ledger.Entry, why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keep(e); err != nil {
		return errors.Join(why, err)
	}
	return nil
}

// keep writes an entry to the file; the caller holds mu.
func (s *Spool) keep(e ledger.Entry) error {
	if s.file.unusable != nil {
		return s.file.unusable
	}
	if s.file.damage != "" || s.file.cleared {
		return fmt.Errorf("%w: what it holds must be drained first", ErrUnusable)
	}
	entry, err := ledger.Encode(e)
	if err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	if s.file.torn > 0 {
		if err := s.file.mend(); err != nil {
			return err
		}
	}
	if err := s.file.append(kindEntry, entry); err != nil {
		return err
	}
	if h := e.Header(); h.Kind != ledger.KindAct {
		s.spooled[h.ID] = h.Kind != ledger.KindOutcome || h.More
		delete(s.glasses, h.ID)
	}
	return nil
}

// begin writes the head where this is the first entry.
func (s *Spool) begin() error {
	if s.file.head != nil {
		return nil
	}
	id, err := uuid.NewV7FromReader(s.cfg.Rand)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	now := s.cfg.Now()
	err = s.file.begin(head{Schema: 1, At: now.UnixMicro(), Act: id.String(), Known: s.known, Checkpoint: string(s.checkpoint)})
	if err == nil {
		s.since = now
		s.cfg.Log.Error("the record cannot be written; broken glasses are recorded in the spool")
	}
	return err
}

// Run drains whenever the record is back, until ctx ends.
func (s *Spool) Run(ctx context.Context) {
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.State().InUse {
			continue
		}
		if err := s.Drain(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "the spool cannot be drained yet", "error", err)
		}
	}
}

// drainEvery is how often it is tried.
const drainEvery = 5 * time.Second
