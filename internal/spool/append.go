package spool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/ledger"
)

var _ ledger.Log = (*Spool)(nil)

// Append implements ledger.Log. The receipt of an entry that went into the spool is
// empty: where it will lie in the record is not known yet. An act with statements of
// its own never goes into the spool, since nobody could run them later; see Shelf.
func (s *Spool) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	if act == nil {
		if done, err := s.after(e); done || err != nil {
			return ledger.Receipt{}, err
		}
	}
	may := act == nil && s.may(e)
	var receipt ledger.Receipt
	err := s.patiently(ctx, may, func(ctx context.Context) (err error) {
		receipt, err = s.cfg.Main.Append(ctx, e, act)
		return err
	})
	if err == nil {
		s.follow(e, receipt)
		return receipt, nil
	}
	if !may || !away(err) || ctx.Err() != nil {
		return receipt, err
	}
	return ledger.Receipt{}, s.instead(held{}, e, err)
}

// patiently asks the record, and no longer than there is patience where the spool
// could take the entry.
func (s *Spool) patiently(ctx context.Context, may bool, ask func(context.Context) error) error {
	if may {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.cfg.Patience)
		defer cancel()
	}
	return ask(ctx)
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
	return true, s.keep(held{}, e)
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
func (s *Spool) instead(h held, e ledger.Entry, why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keep(h, e); err != nil {
		return errors.Join(why, err)
	}
	return nil
}

// keep writes an entry to the file; the caller holds mu.
func (s *Spool) keep(h held, e ledger.Entry) (err error) {
	if s.file.unusable != nil {
		return s.file.unusable
	}
	if s.file.damage != "" || s.file.cleared {
		return fmt.Errorf("%w: what it holds must be drained first", ErrUnusable)
	}
	if h.entry, err = ledger.Encode(e); err != nil {
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
	if err := s.file.append(h); err != nil {
		return err
	}
	if h := e.Header(); h.Kind != ledger.KindAct {
		s.spooled[h.ID] = h.Kind != ledger.KindOutcome || h.More
		delete(s.glasses, h.ID)
	}
	for _, p := range h.pages {
		s.pages[pageKey{p.Kind, p.ID}] = p
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

// Shelf is the record's shelf, behind the spool: the act of a broken glass goes into
// the spool with its pages, and pages that lie there are read from there.
func (s *Spool) Shelf() book.Shelf { return shelf{s} }

type shelf struct{ *Spool }

// Keep implements book.Shelf.
func (s shelf) Keep(ctx context.Context, e ledger.Entry, pages []book.Page) error {
	may := s.may(e) && e.Header().Kind == ledger.KindAct
	if s.holdsPages() { // later pages follow those
		if err := s.Drain(ctx); err != nil && !(may && away(err)) {
			return err
		} else if err != nil {
			return s.instead(held{pages: pages}, e, err)
		}
	}
	err := s.patiently(ctx, may, func(ctx context.Context) error { return s.cfg.Shelf.Keep(ctx, e, pages) })
	if err == nil || !may || !away(err) || ctx.Err() != nil {
		return err
	}
	return s.instead(held{pages: pages}, e, err)
}

func (s shelf) holdsPages() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pages) > 0
}

// Pages implements book.Shelf.
func (s shelf) Pages(ctx context.Context, kind string) ([]book.Page, error) {
	pages, err := s.cfg.Shelf.Pages(ctx, kind)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	pages = slices.DeleteFunc(pages, func(p book.Page) bool {
		over, ok := s.Spool.pages[pageKey{kind, p.ID}]
		return ok && over.Revision > p.Revision
	})
	for k, p := range s.Spool.pages {
		there := slices.ContainsFunc(pages, func(q book.Page) bool { return q.ID == p.ID })
		if k.kind == kind && !p.Closed && !there {
			pages = append(pages, p)
		}
	}
	return pages, nil
}

// Page implements book.Shelf.
func (s shelf) Page(ctx context.Context, kind, id string) (book.Page, error) {
	s.mu.Lock()
	over, ok := s.Spool.pages[pageKey{kind, id}]
	s.mu.Unlock()
	if ok {
		return over, nil
	}
	return s.cfg.Shelf.Page(ctx, kind, id)
}

// Closed implements book.Shelf.
func (s shelf) Closed(ctx context.Context, kind, owner, before string, limit int) ([]book.Page, error) {
	return s.cfg.Shelf.Closed(ctx, kind, owner, before, limit)
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
