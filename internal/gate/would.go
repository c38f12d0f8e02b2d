package gate

import (
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
		sub: subjectOf(ask.Caller), now: now, trusted: trusted,
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
