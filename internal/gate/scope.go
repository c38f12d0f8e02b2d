package gate

import (
	"maps"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// scopeOf says for whose records the upstream is asked: those of the patients
// whom the request names, or those of the caller's patients, or everybody's where
// a line may show patients that no fact names. It only narrows: every record is
// judged by itself.
func (s *Session) scopeOf() Scope {
	switch {
	case s.ask.ID != "", s.ask.Pinned && len(s.ask.Patients) == 0, s.cat.PatientFree(s.ask.Type), s.cat.ByProof(s.ask.Type), len(s.finding) > 0:
		return Scope{Everyone: true}
	case len(s.ask.Patients) > 0:
		return Scope{Patients: slices.Compact(sorted(s.ask.Patients))}
	case s.plan.Open():
		return Scope{Everyone: true}
	}
	return Scope{Patients: s.callersPatients()}
}

// callersPatients lists whom the lines may count for: for each conjunction of
// facts about the patient, the patients whom its rarest fact names.
func (s *Session) callersPatients() []string {
	all := make(map[string]bool)
	for _, way := range s.plan.ScopeFacts() {
		if way.Lent {
			for _, p := range s.lentPatients(way.Line) {
				all[p] = true
			}
			continue
		}
		for _, p := range s.fewest(way.Facts) {
			all[p] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// fewest returns the patients of the rarest of the facts.
func (s *Session) fewest(all policy.FactSet) []string {
	var best []string
	first := true
	for f := range all.All {
		ps := s.patientsOf(f)
		if first || len(ps) < len(best) {
			best, first = ps, false
		}
	}
	return best
}

func (s *Session) patientsOf(f policy.FactID) []string {
	if f == s.set.Found() {
		return s.gate.foundBy(s.sub.Person, s.ask.Caller.Roles, s.now)
	}
	return slices.Collect(s.gen.Facts.Patients(&s.sub, f, s.now, s.trusted))
}

// TooWide reports that a request without a named patient would ask for more
// patients than one request may.
func (s *Session) TooWide() bool {
	return !s.scope.Everyone && len(s.scope.Patients) > s.gate.cfg.Patients
}

// mayFind reports whether the request has the shape of a look-up: Patient, by
// criteria, naming nobody.
func (s *Session) mayFind() bool {
	patient := s.words.types.patient
	return s.ask.Type == patient && !s.ask.Passes && s.ask.ID == "" && len(s.ask.Patients) == 0 &&
		len(s.ask.Criteria) > 0 && len(s.ask.Sorts) == 0 && s.route.interaction.Verbs&policy.Search != 0
}

// findsOf returns the look-ups of the plan whose `by` covers every criterion and
// of whose classes enough are given.
func (s *Session) findsOf() []policy.FindInfo {
	var out []policy.FindInfo
	for _, f := range s.plan.Find() {
		if s.fits(f) {
			out = append(out, f)
		}
	}
	return out
}

func (s *Session) fits(f policy.FindInfo) bool {
	by := byOf(&f)
	var given catalog.ClassSet
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if k.Modifier != "" || len(k.Values) > 1 {
			return false
		}
		reads := k.Param.Classes(catalog.OfRecord)
		if k.Param.ValueDependent {
			// What an identifier or contact point is, only the record tells; it
			// counts as one, and must match on a class of `by` (matches).
			reads = firstOf(s.cat.ShowsOf(s.ask.Type).Intersect(by).Minus(given), k.Param, s.cat)
		}
		if reads.Empty() || !by.Covers(reads) && !defect.On(defect.FindByHidden) {
			return false
		}
		given = given.Union(reads)
	}
	return given.Len() >= f.AtLeast
}

func byOf(f *policy.FindInfo) catalog.ClassSet {
	var by catalog.ClassSet
	for _, c := range f.By {
		by = by.With(c)
	}
	return by
}

// firstOf returns one of the classes that an identifier or contact point read by
// the parameter may be.
func firstOf(possible catalog.ClassSet, p *catalog.Param, cat *catalog.Catalog) catalog.ClassSet {
	for c := range possible.All {
		name := cat.Name(c)
		for _, n := range p.Nodes {
			switch cat.Node(n).Kind {
			case catalog.Identifier:
				if strings.HasPrefix(name, "identifiers.") || name == "coverage.member-id" {
					return catalog.ClassSet{}.With(c)
				}
			case catalog.ContactPoint:
				if strings.HasPrefix(name, "contact.") {
					return catalog.ClassSet{}.With(c)
				}
			}
		}
	}
	return catalog.ClassSet{}
}
