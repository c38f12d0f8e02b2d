package gate

import (
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// narrower returns for each class the more closed of two treatments: a look-up
// shows what its `show` says and no more than its task's lines.
func narrower(a, b *policy.View) policy.View {
	var v policy.View
	for c := range a.Shown().Intersect(b.Shown()).All {
		v.Put(c, min(a.Of(c), b.Of(c)))
	}
	return v
}

// noteListed remembers whom a look-up answered with: reading such a patient
// within `find.for` makes `found` hold for the tasks of that role.
func (s *Session) noteListed(js []*Judgement) {
	js = asEnforced(js)
	for i := range js {
		for _, f := range s.finding {
			s.gate.listed.put(foundKey{s.sub.Person, f.Role, s.ref(js[i].ID)}, struct{}{}, s.now, f.For.After(s.now))
		}
	}
}

// noteRead makes `found` hold, before View, for a patient who is read after a
// look-up answered with them. The decision's entry says so.
func (s *Session) noteRead() {
	patient := s.words.types.patient
	if s.ask.Type != patient || s.ask.ID == "" {
		return
	}
	for _, f := range s.plan.Find() {
		k := foundKey{s.sub.Person, f.Role, s.ref(s.ask.ID)}
		if s.gate.listed.has(k, s.now) {
			s.gate.found.put(k, s.ask.ID, s.now, f.For.After(s.now))
			s.found = append(s.found, f.Role)
		}
	}
	slices.Sort(s.found)
	s.found = slices.Compact(s.found)
}

// findRoles lists the roles whose tasks that speak have a look-up.
func (s *Session) findRoles() []string {
	var out []string
	for i := range s.infos {
		if f := s.infos[i].Find; f != nil && !slices.Contains(out, f.Role) {
			out = append(out, f.Role)
		}
	}
	return out
}

// isFound reports whether the patient was found in every role whose tasks that
// speak have a look-up: the fact is one bit, so the narrowest role decides.
func (s *Session) isFound(patient string) bool {
	roles := s.findRoles()
	return len(roles) > 0 && !slices.ContainsFunc(roles, func(role string) bool {
		return !s.gate.found.has(foundKey{s.sub.Person, role, s.ref(patient)}, s.now)
	})
}

// foundBy lists the patients whom a person found in one of the roles. Those who
// were found before the last start are known by reference alone and are not
// listed until they are read again: a scope shows less, and never more.
func (g *Gate) foundBy(person string, roles []string, now time.Time) []string {
	var out []string
	g.found.each(now, func(k foundKey, id string) {
		if id != "" && k.person == person && slices.Contains(roles, k.role) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	})
	return out
}

// proven reports whether the record was shown to this caller, under these tasks
// and this policy, a short while ago.
func (s *Session) proven(t catalog.Type, id string) bool {
	if defect.On(defect.AnyTargetProven) {
		return true
	}
	if s.cat.ByProof(t) {
		return s.gate.borne.has(proofKey{s.sight, t, id}, s.now)
	}
	return s.gate.proofs.has(proofKey{s.sight, t, id}, s.now)
}

// remember counts shown records and proves them, and what they refer to without
// naming a patient (a drug, a substance), for a while. What was not recorded was
// not shown, and proves nothing.
func (s *Session) remember(shown []*Judgement) {
	s.shown += int64(len(shown))
	shown = asEnforced(shown)
	until := s.now.Add(proofFor)
	proofs := s.gate.proofs
	proofs.mu.Lock()
	defer proofs.mu.Unlock()
	for _, j := range shown {
		if s.cat.ByProof(j.Type) {
			continue // it was proven by another, whose proof it does not prolong
		}
		s.proves(j, until)
		for _, i := range j.implies {
			s.gate.borne.put(i.proofKey, i.by, s.now, until)
		}
	}
}

// proves notes that a record was shown. Its id lies among those of its page (judgeByPolicy),
// which must not stay in memory for it. The caller holds the lock of the proofs.
func (s *Session) proves(j *Judgement, until time.Time) {
	k := proofKey{s.sight, j.Type, j.ID}
	if !s.gate.proofs.prolong(k, until) {
		k.id = strings.Clone(k.id)
		s.gate.proofs.set(k, struct{}{}, s.now, until)
	}
}
