package gate

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// scopeVerb is the verb of a SMART scope that an interaction needs, whatever it
// counts as in the policy: listing the records of a named patient is reading there
// and a search here (hl7.org/fhir/smart-app-launch 2.2.0).
func (i *Interaction) scopeVerb() caller.ScopeVerb {
	switch {
	case i.Scope != 0:
		return i.Scope
	case i.Verbs&policy.Create != 0:
		return caller.ScopeCreate
	case i.Verbs&policy.Update != 0:
		return caller.ScopeUpdate
	case i.Verbs&policy.Search != 0:
		return caller.ScopeSearch
	case i.Verbs&policy.Read != 0:
		return caller.ScopeRead
	}
	return 0 // which no scope has
}

// scopesLeave reports whether the token's scopes leave anything of the type asked
// for: without it the request is refused. A look-up of a patient needs all of the
// type: what scopes take away must not make it find one where it would ask for one
// more (rule 13).
func (s *Session) scopesLeave() bool {
	if len(s.finding) > 0 && !s.limitOf(s.ask.Type).Open && !defect.On(defect.ScopesIgnored) {
		return false
	}
	return ScopesLeave(s.ask.Caller, s.cat.TypeName(s.ask.Type), s.route.interaction.scopeVerb())
}

// ScopesLeave reports whether a caller's scopes may leave records of a type under a
// verb. A scope for the patient in launch context leaves nothing without one.
func ScopesLeave(c *caller.Caller, typ string, verb caller.ScopeVerb) bool {
	left := c.Scopes.Limit(typ, verb)
	return left.Open || defect.On(defect.ScopesIgnored) ||
		slices.ContainsFunc(left.Alternatives, func(sc *caller.Scope) bool { return sc.Context != caller.PatientContext || c.Patient != "" })
}

// limitOf is what the scopes leave of a type, looked up once a request.
func (s *Session) limitOf(t catalog.Type) caller.Limit {
	if l, known := s.limits[t]; known {
		return l
	}
	if s.limits == nil {
		s.limits = make(map[catalog.Type]caller.Limit)
	}
	l := s.ask.Caller.Scopes.Limit(s.cat.TypeName(t), s.route.interaction.scopeVerb())
	s.limits[t] = l
	return l
}

// Covered reports whether the token's SMART scopes leave a record (policy-language
// rule 11). Judge asks it of every record that it lets through; a door asks it of
// what a caller wants to write, with the view under which it is written. A record
// stays if one scope covers it whole: its type and verb, of the patient in launch
// context where it says patient, and all of its query by what the view keeps: a
// query that could be answered by what is hidden would tell of it.
func (s *Session) Covered(r *fhirjson.Record, view *policy.View) bool {
	if len(s.ask.Caller.Scopes) == 0 || defect.On(defect.ScopesIgnored) {
		return true
	}
	l := s.limitOf(r.Type)
	return l.Open || slices.ContainsFunc(l.Alternatives, func(sc *caller.Scope) bool {
		return s.ofLaunch(sc, r) && !slices.ContainsFunc(sc.Query, func(f caller.ScopeFilter) bool { return !s.answers(r, view, &f) })
	})
}

// ofLaunch: a scope that says patient is for what names the patient in launch
// context and nobody else; what names nobody (a practitioner) is part of it.
func (s *Session) ofLaunch(sc *caller.Scope, r *fhirjson.Record) bool {
	if sc.Context != caller.PatientContext || defect.On(defect.ScopesOfAnybody) {
		return true
	}
	launch := s.ask.Caller.Patient
	return launch != "" && !slices.ContainsFunc(r.Patients, func(p fhirjson.Ref) bool { return string(p.ID) != launch })
}

// answers reports whether a record fits one parameter of a granular scope. Tokens and
// references are judged here; of every other kind, and with a modifier, the scope
// covers nothing (docs/divergences.md).
func (s *Session) answers(r *fhirjson.Record, view *policy.View, f *caller.ScopeFilter) bool {
	if defect.On(defect.ScopeQueryIgnored) {
		return true
	}
	p, known := s.cat.Param(r.Type, f.Name)
	if !known || p.ReadsUnknown() {
		return false
	}
	if defect.On(defect.ScopeReadsHidden) {
		view = &policy.View{Keep: s.cat.Content()}
	}
	return slices.ContainsFunc(f.Values, func(v caller.ScopeValue) bool {
		switch p.Kind {
		case catalog.TokenParam:
			return r.Fits(p, view, v.System, v.Code, v.HasSystem)
		case catalog.ReferenceParam:
			return !v.HasSystem && s.refers(r, view, p, v.Code)
		}
		return false
	})
}

// refers: a reference fits where its target is one that the caller would be shown.
func (s *Session) refers(r *fhirjson.Record, view *policy.View, p *catalog.Param, text string) bool {
	name, id, typed := strings.Cut(text, "/")
	t, known := s.cat.Type(name)
	if !typed || !known || !s.seesTargets([]Ref{{t, id}}) || !s.knows(r, Ref{t, id}) {
		return false
	}
	patient := s.words.types.patient
	if t == patient && p.NamesPatient {
		view = nil // the patient in scope is shown whatever the view keeps (design 6)
	}
	return r.Refers(p, view, fhirjson.Ref{Type: t, ID: []byte(id)})
}

// mostScopes is how many scopes an entry of the record names.
const mostScopes = 64

// scopeNames spells the token's scopes for the record.
func scopeNames(scopes caller.Scopes) []string {
	var out []string
	for _, sc := range scopes {
		out = append(out, sc.String())
	}
	slices.Sort(out)
	if out = slices.Compact(out); len(out) > mostScopes {
		out = append(out[:mostScopes], fmt.Sprintf("and %d more", len(out)-mostScopes))
	}
	return out
}

// scopeSight tells tokens of one person apart: what one application was shown proves
// nothing to another that may see less (design 6, references).
func scopeSight(c *caller.Caller) string {
	if len(c.Scopes) == 0 || defect.On(defect.ProofBeyondScopes) {
		return ""
	}
	return fmt.Sprintf("%q %q", c.Scopes, c.Patient)
}
