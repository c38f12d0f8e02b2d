package gate

import (
	"slices"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
)

// Observed says that a door only observes: what the policy would refuse or withhold
// is let through, and recorded as such (design 5, modes). Who asks is still asked,
// the request still parsed and rebuilt, and the record still durable first.
type Observed struct {
	// Enforced are roles whose holders are not observed: whoever holds one of them,
	// beside whatever others, gets what the policy gives.
	Enforced []string
}

// Observes reports whether a door only observes a caller; of nobody in particular
// (nil), whether it observes at all.
func (g *Gate) Observes(door string, c *caller.Caller) bool {
	return g.mode(g.cfg.Generation().Set, door, c) == ledger.Observe
}

// mode: the configuration of the gate decides, never a door and never a request. A
// person who asks for a chart of their own by a portal, and who acts for another, was
// never let in by the server behind for what they are here; they are not observed.
func (g *Gate) mode(set *policy.Set, door string, c *caller.Caller) ledger.Mode {
	o, observes := g.cfg.Observe[door]
	switch {
	case !observes:
		return ""
	case c == nil:
		return ledger.Observe
	case len(c.PatientOf) > 0, c.Actor != nil:
		return ""
	case defect.On(defect.EnforcedObserved):
		return ledger.Observe
	}
	if slices.ContainsFunc(c.Roles, func(r string) bool { return slices.Contains(o.Enforced, r) }) {
		return ""
	}
	for _, name := range []string{c.Client, c.Subject} {
		if p := set.Program(name); c.Program && p != nil && slices.Contains(o.Enforced, p.Role.Text) {
			return ""
		}
	}
	return ledger.Observe
}

// observes reports whether this request is only observed.
func (s *Session) observes() bool { return s.mode == ledger.Observe }

// refused reports whether enforcing would have refused the request; then no task
// speaks for it, and the plan is empty.
func (s *Session) refused() bool { return s.would != "" }

// instead is what the policy says of a record that leaves whole.
type instead struct {
	there     bool
	because   string
	view      policy.View // as it is recorded
	shows     policy.View // what would show: the same, but of an earlier version
	lost      catalog.ClassSet
	unclassed bool
}

// letThrough makes a judgement of one that enforcing would hold to: the record is
// there, whole, and what the policy says of it stands beside. What a token's scopes
// take away they take away here as well.
func (s *Session) letThrough(r *fhirjson.Record, j *Judgement) {
	everything := policy.View{Keep: s.cat.Content()}
	if !s.Covered(r, &everything) {
		if j.There {
			j.There, j.Because = false, "scope"
		}
		return
	}
	j.instead = &instead{there: j.There, because: j.Because, view: j.Verdict.View, shows: j.Verdict.View}
	if s.refused() {
		j.instead.there, j.instead.because = false, "request"
	}
	if !j.instead.there {
		s.hide(j)
	}
	j.There, j.Because, j.Verdict.View = true, "", everything
}

// strictestObserved is Strictest of what the policy says: of an earlier version leaves
// what enforcing would leave of it and of the record as it is now, and nothing where
// versions are metadata that the task does not see (F6).
func (s *Session) strictestObserved(r *fhirjson.Record, j, now *Judgement) {
	in := j.instead
	in.shows = narrower(&in.view, &now.instead.view)
	both := Judgement{Verdict: policy.Verdict{View: in.shows}}
	meta, _ := s.cat.Class("system.metadata")
	switch {
	case !in.there:
	case !now.instead.there || !s.there(r, &both):
		in.there, in.because = false, "current"
	case !in.shows.Keep.Has(meta):
		in.there, in.because = false, "version"
	}
}

// lose notes what the view would have taken away, as the projection found.
func (s *Session) lose(o fhirjson.Observed) {
	in := s.shape.judged.instead
	in.lost, in.unclassed = o.Lost, o.Unclassed
	if in.there && !o.There {
		in.there, in.because = false, "structure" // policy-language rule 18
		s.hide(s.shape.judged)
	}
}

// asEnforced lists what of the shown enforcing would have shown: limits count it, and
// it proves the references to it, so that what is said of the next record is what
// enforcing would say.
func asEnforced(shown []*Judgement) []*Judgement {
	some := false
	for i := range shown {
		some = some || shown[i].instead != nil && !shown[i].instead.there
	}
	if !some {
		return shown
	}
	return slices.DeleteFunc(slices.Clone(shown), func(j *Judgement) bool { return j.instead != nil && !j.instead.there })
}

// overLimit says of a page that enforcing would not have sent, why.
func overLimit(shown []*Judgement, because string) {
	for i := range shown {
		if in := shown[i].instead; in != nil && in.there {
			in.there, in.because = false, because
		}
	}
}

// admitObserved lets in what was refused.
func (s *Session) admitObserved(why string) {
	s.would = why
	s.finding, s.found = nil, nil
}

// widen asks the upstream for what the client asked for: the caller's own patients are
// what the policy would narrow it to.
func (s *Session) widen() {
	if s.TooWide() && !s.refused() {
		s.admitObserved(problem.NameAPatient.Slug())
	}
	if len(s.ask.Patients) == 0 {
		s.scope = Scope{Everyone: true}
	}
}

// judgeAgain looks at the shown once more as a page: a look-up that more fit than it
// may show would have answered with nobody (policy-language rule 13).
func (s *Session) judgeAgain(shown []*Judgement) {
	if !s.observes() || len(s.finding) == 0 {
		return
	}
	if most := s.finding[0].Results; most > 0 && len(asEnforced(shown)) > most {
		overLimit(shown, "find")
	}
}

// countPatients is takePatients of what enforcing would have shown.
func (s *Session) countPatients(shown []*Judgement) error {
	if !s.observes() {
		return s.takePatients(shown)
	}
	s.judgeAgain(shown)
	if s.takePatients(asEnforced(shown)) != nil {
		overLimit(shown, problem.Limit.Slug())
	}
	return nil
}

// byPolicy is the view under which a record would show.
func (j *Judgement) byPolicy() *policy.View {
	if j.instead != nil {
		return &j.instead.shows
	}
	return &j.Verdict.View
}

// hides reports whether a record of the page would not be there if it were not only
// observed: a reference to it would go.
func (s *Session) hides(t catalog.Type, id []byte) bool {
	return len(s.hidden) > 0 && s.hidden[target{t, string(id)}]
}

// hide notes a record that is there because it is only observed.
func (s *Session) hide(j *Judgement) {
	if s.hidden == nil {
		s.hidden = make(map[target]bool)
	}
	s.hidden[target{j.Type, j.ID}] = true
}

// says is what the record of a judgement says: what the policy does.
func (j *Judgement) says() instead {
	if j.instead != nil {
		return *j.instead
	}
	return instead{there: j.There, because: j.Because, view: j.Verdict.View}
}

// unclassed stands among the lost for narrative and elements that the catalog does not
// know, which have no class.
const unclassed = "-"

func (s *Session) lostNames(in *instead) []string {
	if defect.On(defect.LossLeftOut) {
		return nil
	}
	names := s.words.classNames(in.lost)
	if in.unclassed {
		names = append([]string{unclassed}, names...)
	}
	return names
}
