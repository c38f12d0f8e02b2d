package gate

import (
	"slices"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// narrower returns for each class the more closed of two treatments: a look-up
// shows what its `show` says and no more than its task's lines.
func narrower(a, b *policy.View) policy.View {
	var v policy.View
	for c := range a.Shown().Intersect(b.Shown()).All {
		one := catalog.ClassSet{}.With(c)
		switch min(a.Of(c), b.Of(c)) {
		case policy.Keep:
			v.Keep = v.Keep.Union(one)
		case policy.Last4:
			v.Last4 = v.Last4.Union(one)
		case policy.Coarse:
			v.Coarse = v.Coarse.Union(one)
		case policy.Token:
			v.Token = v.Token.Union(one)
		case policy.Mask:
			v.Mask = v.Mask.Union(one)
		}
	}
	return v
}

// noteListed remembers whom a look-up answered with: reading such a patient
// within `find.for` makes `found` hold for the tasks of that role.
func (s *Session) noteListed(js []Judgement) {
	for i := range js {
		for _, f := range s.finding {
			s.gate.listed.put(foundKey{s.sub.Person, f.Role, js[i].ID}, s.now, f.For.After(s.now))
		}
	}
}

// noteRead makes `found` hold, before View, for a patient who is read after a
// look-up answered with them.
func (s *Session) noteRead() {
	patient, _ := s.cat.Type("Patient")
	if s.ask.Type != patient || s.ask.ID == "" {
		return
	}
	for _, f := range s.plan.Find() {
		k := foundKey{s.sub.Person, f.Role, s.ask.ID}
		if s.gate.listed.has(k, s.now) {
			s.gate.found.put(k, s.now, f.For.After(s.now))
		}
	}
}

// findRoles lists the roles whose tasks that speak have a look-up.
func (s *Session) findRoles() []string {
	var out []string
	for _, f := range s.plan.Find() {
		if !slices.Contains(out, f.Role) {
			out = append(out, f.Role)
		}
	}
	return out
}

// isFound reports whether the patient was found in every role whose tasks that
// speak have a look-up: the fact is one bit, so the narrowest role decides.
func (g *Gate) isFound(s *Session, patient string) bool {
	roles := s.findRoles()
	return len(roles) > 0 && !slices.ContainsFunc(roles, func(role string) bool {
		return !g.found.has(foundKey{s.sub.Person, role, patient}, s.now)
	})
}

// foundBy lists the patients whom a person found in one of the roles.
func (g *Gate) foundBy(person string, roles []string, now time.Time) []string {
	var out []string
	g.found.each(now, func(k foundKey) {
		if k.person == person && slices.Contains(roles, k.role) && !slices.Contains(out, k.patient) {
			out = append(out, k.patient)
		}
	})
	return out
}

// proven reports whether the record was shown to this caller, under these tasks
// and this policy, a short while ago.
func (s *Session) proven(t catalog.Type, id string) bool {
	return s.gate.proofs.has(s.proofKey(t, id), s.now)
}

func (s *Session) proofKey(t catalog.Type, id string) proofKey {
	return proofKey{s.sub.Person, s.tasks, s.Generation(), s.cat.TypeName(t) + "/" + id}
}

// proofFor is how long a shown record proves itself as the target of a reference.
const proofFor = 5 * time.Minute

// remember counts a shown record and proves it, and what it refers to without
// naming a patient (a drug, a substance), for a while.
func (s *Session) remember(j *Judgement) {
	s.shown++
	s.gate.proofs.put(s.proofKey(j.Type, j.ID), s.now, s.now.Add(proofFor))
	for _, ref := range j.implies {
		s.gate.proofs.put(ref, s.now, s.now.Add(proofFor))
	}
}

// implied lists the records that show only by proof (Medication, Substance) to
// which a record refers by an element that its view keeps.
func (s *Session) implied(r *fhirjson.Record, view *policy.View) []proofKey {
	var out []proofKey
	for _, ref := range r.References {
		if ref.Type == 0 || !s.cat.ByProof(ref.Type) {
			continue
		}
		class := s.cat.Node(ref.Node).Class
		if class == catalog.OfRecord {
			class = r.Class
		}
		if view.Keep.Has(class) {
			out = append(out, s.proofKey(ref.Type, string(ref.ID)))
		}
	}
	return out
}
