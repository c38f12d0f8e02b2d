package gate

import (
	"context"

	"modicum/catalog"
	"modicum/ledger"
	"modicum/policy"
)

// Would reports whether Open would admit a request, limits aside. It is a function of
// caller, facts about the caller, policy and request (N4), and leaves no record, since
// it opens nothing: a door that answers by several decisions asks it which of them are
// worth making.
func (r *Route) Would(ask *Ask) bool {
	gen := r.gate.cfg.Generation()
	now, trusted := r.gate.cfg.Now()
	s := &Session{
		gate: r.gate, route: r, gen: gen, set: gen.Set, cat: gen.Set.Catalog(), ask: ask,
		sub: subjectOf(ask.Caller), now: now, trusted: trusted, words: r.gate.wordsOf(gen.Set),
	}
	if ask.Caller.Actor != nil {
		return false
	}
	if g := r.gate; g.mode(gen.Set, r.interaction.Door, ask.Caller) == ledger.Observe {
		return s.scopesLeave()
	}
	req := s.request()
	return s.admit(&req) == policy.Admitted && s.scopesLeave()
}

// ProveCriteria looks up the records that the criteria name and that nothing proves
// yet, and judges them under the lines that count for this request: a reference is a
// criterion only where its target shows (design 6), and a request that rests on records
// which were just found cannot wait until they are shown.
func (s *Session) ProveCriteria(ctx context.Context) error {
	patient := s.words.types.patient
	byType := make(map[catalog.Type][]string)
	for i := range s.ask.Criteria {
		for _, ref := range s.ask.Criteria[i].Refs {
			to := target{ref.Type, ref.ID}
			_, asked := s.resolved[to]
			if asked || ref.Type == patient || s.cat.PatientFree(ref.Type) || s.cat.ByProof(ref.Type) || s.proven(ref.Type, ref.ID) {
				continue
			}
			if s.resolved == nil {
				s.resolved = make(map[target]bool)
			}
			s.resolved[to] = false
			byType[ref.Type] = append(byType[ref.Type], ref.ID)
		}
	}
	for _, t := range sortedTypes(byType) {
		if err := s.resolve(ctx, t, byType[t]); err != nil {
			return err
		}
	}
	return nil
}
