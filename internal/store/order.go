package store

import (
	"context"
	"fmt"

	"modicum/ledger"
)

// maxOpen bounds the decisions that are remembered; the others are looked up.
const maxOpen = 1 << 16

// progress of one admitted decision.
type progress struct {
	pos             int64 // of the decision
	opened, outcome int64 // entries so far
	ended           bool
}

// mustLookUp reports whether inOrder will ask the database for this entry's decision.
func (s *Store) mustLookUp(h ledger.Header) bool {
	return (h.Kind == ledger.KindOpened || h.Kind == ledger.KindOutcome) && s.open[h.ID] == nil
}

// inOrder holds that every opened and outcome follows its admitted decision
// without a gap, which is what verifiers check.
func (s *Store) inOrder(ctx context.Context, tx asker, h ledger.Header) (own, err error) {
	if h.Kind != ledger.KindOpened && h.Kind != ledger.KindOutcome {
		return nil, nil
	}
	d := s.open[h.ID]
	if d == nil {
		if d, err = s.lookUp(ctx, tx, h.ID); err != nil {
			return nil, fmt.Errorf("look up decision: %w", err)
		}
	}
	bad := func(why string) (error, error) {
		return fmt.Errorf("append %s %d: %s: %w", h.Kind, h.Seq, why, ledger.ErrOrder), nil
	}
	switch {
	case d == nil:
		return bad("no admitted decision has this id")
	case d.ended:
		return bad("the decision has its outcome")
	case h.Kind == ledger.KindOutcome && h.Seq != d.outcome:
		return bad(fmt.Sprintf("part %d is next", d.outcome))
	case h.Kind == ledger.KindOpened && d.outcome > 0:
		return bad("the outcome has begun")
	case h.Kind == ledger.KindOpened && h.Seq != d.opened+1:
		return bad(fmt.Sprintf("number %d is next", d.opened+1))
	}
	s.remember(h.ID, d)
	return nil, nil
}

// follow notes an entry that was written.
func (s *Store) follow(p *pending) {
	h := &p.head
	switch h.Kind {
	case ledger.KindDecision:
		if h.Effect == ledger.Admit {
			s.remember(h.ID, &progress{pos: p.pos})
		}
	case ledger.KindOpened:
		s.open[h.ID].opened++
		p.behind = p.pos - s.open[h.ID].pos
	case ledger.KindOutcome:
		p.behind = p.pos - s.open[h.ID].pos
		if s.open[h.ID].outcome++; !h.More {
			delete(s.open, h.ID)
		}
	}
}

func (s *Store) remember(id string, d *progress) {
	if len(s.open) >= maxOpen && s.open[id] == nil {
		clear(s.open) // not lost: lookUp finds them
	}
	s.open[id] = d
}

// lookUp reads the progress of a decision of this origin; nil when there is
// none that was admitted.
func (s *Store) lookUp(ctx context.Context, tx asker, id string) (*progress, error) {
	all, err := s.leafing(tx).group(ctx, id)
	if err != nil {
		return nil, err
	}
	var d *progress
	for _, m := range all {
		switch {
		case m.pos < s.origin.first: // of an earlier log
		case m.part == 0 && m.sort.effect == string(ledger.Admit):
			d = &progress{pos: m.pos}
		case m.part > 0 && d != nil:
			d.opened++
		case m.part < 0 && d != nil:
			d.outcome++
			d.ended = m.ends
		}
	}
	return d, nil
}
