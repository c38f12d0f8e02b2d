package signin

import (
	"context"

	"modicum/internal/book"
	"modicum/ledger"
)

// nobody is who tried something without being known.
const nobody = "nobody"

// record sets the entry of a change. what holds names and ids, never what opens
// anything, never what somebody typed.
func (s *Service) record(c *book.Change, act, who, behalf string, what ...string) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	c.Record(&ledger.Act{Act: act, At: s.now().UnixMicro(), ID: id, Who: who, Behalf: behalf, What: what})
	return nil
}

// tell keeps an entry alone: of what was tried and refused (L2).
func (s *Service) tell(ctx context.Context, act, who, behalf string, what ...string) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error { return s.record(c, act, who, behalf, what...) })
}
