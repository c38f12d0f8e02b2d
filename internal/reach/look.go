package reach

import (
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/policy"
	"modicum/policy/doc"
)

// look is one look under way.
type look struct {
	set    *policy.Set
	ix     *facts.Index
	now    time.Time
	sure   bool
	answer *Answer
	sub    facts.Subject
	own    []facts.Instance // about the asker alone
	plan   policy.Plan
}

// meets: a look shows no data, so every obligation can be kept.
const meets = policy.RecordSession | policy.Watermark | policy.Part2Notice | policy.NoReidentification | policy.RedactText | policy.DeleteAfterUse

// needs lists what the lines of the task ask for, which is the same for every patient.
func (l *look) needs() {
	seen := map[string]bool{}
	for _, info := range l.set.Catalog().Classes() {
		for _, s := range l.set.Sees(info.Class) {
			if s.Role+"/"+s.Task != l.answer.Task.ID || seen[s.Line] {
				continue
			}
			seen[s.Line] = true
			l.answer.Needs = append(l.answer.Needs, Need{s.Line, s.While, s.Within, s.Lent, s.Marked, s.Glass})
		}
	}
	slices.SortFunc(l.answer.Needs, func(a, b Need) int { return strings.Compare(a.Line, b.Line) })
}

// admit asks what the task shows this person of anybody at all.
func (l *look) admit(by Asker) bool {
	req := policy.Request{
		Roles: by.Roles, Task: l.answer.Task.ID, Partner: by.Partner, Verb: policy.Read,
		Shows: l.set.Catalog().Content(), Meets: meets,
	}
	l.own = l.ix.CallerInstances(&l.sub, l.now, l.sure, &req.Caller, nil)
	if why := l.set.Admit(&req, &l.plan); why != policy.Admitted {
		l.answer.Refused = why.String()
		return false
	}
	return true
}

// patient fills in what shows of a patient, where anything does.
func (l *look) patient(id string) {
	var truth policy.Truth
	instances := l.ix.Patient(&l.sub, id, l.now, l.sure, &truth, slices.Clone(l.own))
	whole := l.view(&policy.PatientAtoms{Truth: truth, Of: l.of(instances, true)}, 0)
	if whole.Empty() && !(defect.On(defect.ReachTellsMissing) && len(instances) > len(l.own)) {
		return
	}
	l.answer.Reached = true
	// What restrictions take is not told: their facts are left out.
	atoms := &policy.PatientAtoms{Truth: policy.Truth{Holds: truth.Holds}, Of: l.of(instances, false)}
	if defect.On(defect.ReachTellsRestrictions) {
		atoms = &policy.PatientAtoms{Truth: truth, Of: l.of(instances, true)}
	}
	view := l.view(atoms, 0)
	for _, info := range l.set.Catalog().Classes() {
		switch {
		case info.IsOverlay:
			marked := l.view(atoms, catalog.OverlaySet(0).With(info.Overlay))
			l.answer.Marks = append(l.answer.Marks, Mark{info.Name, info.Title, !marked.Empty(), l.never(info.Name)})
		case l.set.Catalog().Content().Has(info.Class):
			l.answer.Classes = append(l.answer.Classes, l.class(&info, &view))
		}
	}
}

// view is what shows of a record within everything, without markings but these.
func (l *look) view(a *policy.PatientAtoms, marks catalog.OverlaySet) policy.View {
	var v policy.Verdict
	l.plan.View(&policy.Atoms{Overlays: marks, Within: ^uint64(0), Patients: []policy.PatientAtoms{*a}}, &v)
	return v.View
}

// of fills the slots of facts that name classes, at their widest: whatever object or
// date they name; those of restrictions only where these count.
func (l *look) of(instances []facts.Instance, restrictions bool) []catalog.ClassSet {
	ofs := l.plan.Ofs()
	out := make([]catalog.ClassSet, len(ofs))
	for i, of := range ofs {
		for j := range instances {
			in := &instances[j]
			if in.Fact != of.Fact || of.Restricting && !restrictions || !of.Restricting && !in.Permits {
				continue
			}
			named := in.Classes
			if !in.HasClasses {
				named = l.set.Catalog().Content()
			}
			out[i] = out[i].Union(named)
		}
	}
	return out
}

// class says of a class how it shows, and by which other way it could.
func (l *look) class(info *catalog.ClassInfo, view *policy.View) Class {
	c := Class{Class: info.Class, Name: info.Name, Title: info.Title, Shows: view.Of(info.Class), Never: l.never(info.Name), Explicit: info.ExplicitOnly}
	for _, s := range l.set.Sees(info.Class) {
		if s.Role+"/"+s.Task != l.answer.Task.ID {
			continue
		}
		c.Masked = c.Masked || s.Treatment == "ask" && s.Lent == ""
		c.Lent = c.Lent || s.Lent != ""
	}
	c.Masked = c.Masked && c.Shows < policy.Keep
	return c
}

func (l *look) never(name string) bool {
	role, ok := l.set.RoleOf(l.answer.Task.Role)
	return ok && slices.ContainsFunc(role.Never, func(w doc.Word) bool {
		return name == w.Text || strings.HasPrefix(name, w.Text+".")
	})
}
