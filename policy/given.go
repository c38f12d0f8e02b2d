package policy

import (
	"slices"

	"modicum/catalog"
	"modicum/policy/doc"
)

// Decided is what a Set says about something given in the words of policy tests
// (policy-language 7).
type Decided struct {
	Why          Why
	Plan         *Plan // tasks, limits, purpose of the request
	View         View  // how the record shows; nothing where Admit refused
	Lines        []string
	Restrictions []string // that bit
	Obligations  Obligations
	Watched      catalog.OverlaySet
}

// Given decides what was given, as a case of the policy's tests is decided: Admit,
// then View of a record that lies as the case says. A type narrows the request and
// the view to what records of it bear; zero stands for any record. The texts say
// what the policy does not know; nothing is decided then.
func (s *Set) Given(g *doc.Given, t catalog.Type) (Decided, []string) {
	run := &caseRun{set: s, given: g, held: map[FactID][]instance{}}
	run.request(&doc.TestFile{})
	run.facts()
	run.marked = run.overlays(g.Marked)
	run.classes(g.Asked)
	if len(run.errs) > 0 {
		return Decided{}, run.errs
	}
	bears := s.cat.Content()
	if t != 0 {
		bears = s.cat.ShowsOf(t)
		run.req.Shows = bears
	}
	out := Decided{Plan: &run.plan, Why: s.Admit(&run.req, &run.plan)}
	if out.Why != Admitted {
		return out, nil
	}
	out.Obligations = run.plan.Obligations()
	lasting := s.lastingClasses().Intersect(bears)
	switch {
	case g.Record.Lasting || t != 0 && s.cat.Lasting(t):
		out.add(run, true, bears)
	case t != 0:
		out.add(run, false, bears)
	default: // any record: each class on the kind of record that bears it
		out.add(run, false, bears.Minus(lasting))
		out.add(run, true, lasting)
	}
	return out, nil
}

// add joins what View says of one kind of record, of the classes named.
func (d *Decided) add(run *caseRun, lasting bool, classes catalog.ClassSet) {
	atoms := run.atoms(lasting)
	var v Verdict
	run.plan.View(&atoms, &v)
	v.View.only(classes)
	add(&d.View, &v.View)
	if v.View.Empty() {
		v.Lines = 0
	}
	for i := range run.plan.Lines() {
		if id := run.plan.LineID(i); v.Lines&(1<<i) != 0 && !slices.Contains(d.Lines, id) {
			d.Lines = append(d.Lines, id)
		}
	}
	for i := range run.set.restrictions {
		if name := run.set.restrictions[i].name; v.Restrictions&(1<<i) != 0 && !slices.Contains(d.Restrictions, name) {
			d.Restrictions = append(d.Restrictions, name)
		}
	}
	d.Watched |= v.Watched
	d.Obligations |= v.Obligations
}

// lastingClasses are those that only lasting records bear.
func (s *Set) lastingClasses() catalog.ClassSet {
	var out catalog.ClassSet
	for c := range s.cat.Content().All {
		if s.cat.LastingOnly(c) {
			out = out.With(c)
		}
	}
	return out
}
