package console

import (
	"net/url"
	"slices"

	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/policy"
)

// Step is what somebody who runs people does next in an installation that is new: one
// click leads to it.
type Step struct {
	Title, Why string
	To         string // address of the page where it is done
}

// mostSteps are shown at once: more would be a list to put off.
const mostSteps = 3

// young is below how many active people an installation is taken for new. From four on
// duties are expected apart, and a list of single people would be no help.
const young = 4

// Steps are what a new installation lacks for lending and reading, the first things first.
// They are for who runs people, and there is none once the installation is no longer small.
func (o *Office) Steps(v *Viewer, now int64) (out []Step) {
	if !v.Holds(people.RunPeople) && !defect.On(defect.StepsForAnybody) {
		return nil
	}
	all := o.active()
	switch {
	case len(all) >= young:
		return nil
	case len(all) == 1:
		out = append(out, Step{"Add the second person", "A colleague who asks, or who says yes: nobody can say it to themselves.", "/people/new"})
	}
	for _, p := range all {
		if p.ID != v.Person.ID {
			out = append(out, o.stepsFor(p, now)...)
		}
	}
	out = append(out, o.approverStep(v, all, now)...)
	return append(out, o.secondStep(v, all, now)...)
}

// active are the people who are not gone, as far as it takes to see that they are many.
func (o *Office) active() (out []*people.Person) {
	for p := range o.People.People() {
		if p.Active {
			out = append(out, p)
		}
		if len(out) == young {
			break
		}
	}
	return out
}

func (o *Office) stepsFor(p *people.Person, now int64) (out []Step) {
	if len(o.People.Standings(p.ID, now)) == 0 {
		out = append(out, Step{"Give " + p.Name + " a role", "Without one they see nothing of any patient.", personAt(p.ID) + "/give"})
	}
	if o.SignIn != nil && !o.SignIn.Here(p.ID) && p.From == people.Local {
		out = append(out, Step{"Invite " + p.Name, "You hand them a link, and they register a passkey of their own.", personAt(p.ID) + "#signing"})
	}
	return out
}

// approverStep: a task that somebody holds can be lent, and nobody is there to say yes.
func (o *Office) approverStep(v *Viewer, all []*people.Person, now int64) []Step {
	set, lacks := o.Policy(), o.People.Lacks(now)
	for _, p := range all {
		for _, t := range set.TasksOf(o.People.Roles(p.ID, now)) {
			for _, need := range needsOf(&t) {
				if slices.ContainsFunc(lacks, func(l people.Lack) bool { return l.What == "no-approver:"+need }) && o.isPosition(need) && !o.proposed(all, need, now) {
					return []Step{{
						"Decide who lends “" + t.Title + "”", "The policy leaves the answer to the " + words(need) + ", and nobody is one yet. You can be, until somebody else is.",
						personAt(v.Person.ID) + "/give?" + url.Values{"what": {string(people.Position) + " " + need}}.Encode(),
					}}
				}
			}
		}
	}
	return nil
}

// proposed reports whether a position was given already, and waits for a second person.
func (o *Office) proposed(all []*people.Person, position string, now int64) bool {
	for _, p := range all {
		waits := func(s people.Standing) bool { return s.Kind == people.Position && s.Name == position && s.Waits }
		if slices.ContainsFunc(o.People.Standings(p.ID, now), waits) {
			return true
		}
	}
	return false
}

func needsOf(t *policy.TaskInfo) (out []string) {
	if t.Lend == nil {
		return nil
	}
	for _, w := range t.Lend.Approve {
		out = append(out, w.Text)
	}
	return out
}

func (o *Office) isPosition(name string) bool {
	for _, w := range o.Policy().Folder().Organization.Positions {
		if w.Text == name {
			return true
		}
	}
	return name == people.Manager
}

// secondStep: whoever runs people alone gives rights to which nobody agrees.
func (o *Office) secondStep(v *Viewer, all []*people.Person, now int64) []Step {
	if !slices.ContainsFunc(o.People.Lacks(now), func(l people.Lack) bool { return l.What == "second-administrator" }) {
		return nil
	}
	for _, p := range all {
		if p.ID != v.Person.ID {
			return []Step{{
				"Let a second person run people", "As long as only you do, nobody else agrees to the rights that you give.",
				personAt(p.ID) + "/give?" + url.Values{"what": {string(people.DutyKind) + " " + string(people.RunPeople)}}.Encode(),
			}}
		}
	}
	return nil
}
