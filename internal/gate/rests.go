package gate

import (
	"slices"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/policy"
)

// rests is what is asked again, by others than the session's goroutine, while an answer
// leaves: the facts about the caller, what is lent, and the facts about the patients of
// whom something is leaving. What the records say is not asked again.
type rests struct {
	of     Session // what never changes of it
	grants []string

	mu       sync.Mutex
	patients []*person // as they were judged; never changed
	look     func()    // has it asked whether they still hold; nil while nobody watches
}

// rests copies what the session rests on.
func (s *Session) rests() *rests {
	if s.leaving != nil {
		return s.leaving
	}
	return &rests{grants: s.grants(), patients: s.given, of: Session{
		gate: s.gate, route: s.route, set: s.set, cat: s.cat, ask: s.ask, sub: s.sub, trusted: s.trusted, mode: s.mode,
		plan: s.plan, infos: s.infos, finding: s.finding, truth: s.truth, words: s.words,
	}}
}

// noteLeaving notes the patients of whom something leaves now. What left before is not
// asked about any more.
func (s *Session) noteLeaving(shown []*Judgement) {
	var given []*person
	for _, j := range shown {
		for _, id := range j.Patients {
			if n := len(given); n > 0 && given[n-1].alone[0] == id {
				continue // most pages are of one patient
			}
			if p := s.personOf(id); !slices.Contains(given, p) {
				given = append(given, p)
			}
		}
	}
	if s.given = given; s.leaving != nil {
		s.leaving.note(given)
	}
}

// note says of whom something leaves next. It is asked at once whether that still holds,
// and until when: facts may have changed since they were judged.
func (r *rests) note(patients []*person) {
	r.mu.Lock()
	r.patients = patients
	look := r.look
	r.mu.Unlock()
	if look != nil && !defect.On(defect.LeavesUnlooked) {
		look()
	}
}

// heed fulfils [Ground].
func (r *rests) heed(look func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.look = look
}

// still fulfils [Ground].
func (r *rests) still(now time.Time, trusted bool) (again time.Time, still bool) {
	s := r.of
	s.gen, s.now = s.gate.cfg.Generation(), now
	if s.gen.Set != s.set || trusted != s.trusted {
		return again, false
	}
	s.people, s.lately, s.refs = make(map[string]*person), nil, make(map[string]string)
	if req := s.request(); req.Caller != s.truth || !s.stillLent(r.grants) {
		return again, false
	}
	r.mu.Lock()
	patients := r.patients
	r.mu.Unlock()
	ids := make([]string, 0, len(patients))
	for _, before := range patients {
		id := before.alone[0]
		if !keeps(before, s.personOf(id)) {
			return again, false
		}
		ids = append(ids, id)
	}
	return s.gen.Facts.Earliest(&s.sub, ids, now), true
}

// keeps reports whether nothing that opens was lost about a patient, and nothing came
// that closes.
func keeps(before, now *person) bool {
	b, n := &before.plain[0], &now.plain[0]
	lost := func(of, in policy.FactSet) bool { left := of.Minus(in); return !left.Empty() }
	switch {
	case lost(b.Holds, n.Holds), lost(n.Bites, b.Bites), lost(n.Unknown, b.Unknown):
		return false
	case b.Lent&^n.Lent != 0, b.Glass && !n.Glass, b.LentClasses != n.LentClasses, b.LentOverlays != n.LentOverlays:
		return false
	}
	return !slices.ContainsFunc(before.instances, func(i facts.Instance) bool {
		return i.Permits && !slices.ContainsFunc(now.instances, func(j facts.Instance) bool { return sameStatement(i, j) })
	})
}

// sameStatement reports whether two statements permit the same.
func sameStatement(i, j facts.Instance) bool {
	return j.Permits && i.Fact == j.Fact && i.HasObject == j.HasObject && i.Object == j.Object &&
		i.HasClasses == j.HasClasses && i.Classes == j.Classes && i.HasMarked == j.HasMarked && i.Marked == j.Marked &&
		i.HasDates == j.HasDates && i.From.Equal(j.From) && i.Until.Equal(j.Until)
}
