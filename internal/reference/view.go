package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// Atoms is all that View may look at: one record, and what is true for each patient
// whom it names.
type Atoms struct {
	Overlays Overlays
	Lasting  bool            // neither visit nor date (rule 7)
	Within   map[string]bool // by line: its `back` and `place` are satisfied
	Patients []Patient
	// Names is Patient.Names for a record that names nobody.
	Names      map[Use]Classes
	NewPatient bool // a patient is being created: only facts about the caller are asked (rule 9)
	Finding    bool // a patient is looked for: likewise (rule 13)
}

// Patient is what is true about one patient of a record.
type Patient struct {
	Facts map[string]Truth // about the patient and the record
	// Names says what a fact names of this record: the classes of those of its
	// instances whose object, dates and overlays take the record in (rule 7). Only
	// facts that carry something are looked up in it.
	Names        map[Use]Classes
	Asked        Classes         // classes asked for, of this record (rule 14)
	Lent         map[string]bool // by line: a grant is live for this patient
	LentClasses  Classes         // of an exception: none shows what the task shows
	LentOverlays Overlays
	Glass        bool // broken for this patient
}

// Verdict says how a record shows, and why.
type Verdict struct {
	View         map[catalog.Class]policy.Treatment // what is not in it is omitted
	Lines        map[string]bool                    // that show something
	Restrictions map[string]bool                    // that took something away
	Obligations  map[string]bool
	Exempt       map[string]bool // of Lines, those whose task is exempt (rule 15)
	Watched      Overlays        // that alert
}

// judging is one record under one decision.
type judging struct {
	*Decision
	atoms    *Atoms
	patients []Patient // one nobody for a record that names nobody
	verdict  *Verdict
}

// View decides about one record: a value shows if a single line covers it, and then
// what restricts takes away (rules 3 and 11).
func (d *Decision) View(a *Atoms) *Verdict {
	v := &Verdict{
		View: map[catalog.Class]policy.Treatment{}, Lines: map[string]bool{}, Restrictions: map[string]bool{},
		Obligations: map[string]bool{}, Exempt: map[string]bool{}, Watched: Overlays{},
	}
	if d.Why != policy.Admitted {
		return v
	}
	for o := range a.Overlays {
		if a.Overlays[o] && d.model.watched(o) {
			v.Watched[o] = true
		}
	}
	j := &judging{Decision: d, atoms: a, patients: a.Patients, verdict: v}
	if len(a.Patients) == 0 {
		j.patients = []Patient{{Names: a.Names}}
	}
	for _, l := range d.lines {
		if j.reaches(l) {
			j.show(l)
		}
	}
	return v
}

// reaches reports whether a line reaches the record: it lies within (rule 7), and
// every overlay that hides is lifted (rule 3). An exception lifts by its grant.
func (j *judging) reaches(l *line) bool {
	if l.narrowed() && !j.atoms.Lasting && !j.atoms.Within[l.id] {
		return false
	}
	if l.exception {
		return !slices.ContainsFunc(j.patients, func(p Patient) bool {
			return !j.liftsAll(l, func(o catalog.Overlay) bool { return p.LentOverlays[o] })
		})
	}
	return j.liftsAll(l, func(o catalog.Overlay) bool { return j.model.namesOverlay(l.Marked, o) })
}

// liftsAll: create is not stopped by overlays, as it shows nothing (rule 12).
func (j *judging) liftsAll(l *line, listed func(catalog.Overlay) bool) bool {
	if j.request.Verb == policy.Create {
		return true
	}
	for o := range j.atoms.Overlays {
		if j.atoms.Overlays[o] && j.hides(l, o) && !j.lifts(l, o, listed(o)) {
			return false
		}
	}
	return true
}

// show adds what one line shows of each class, restrictions and ceilings taken off.
func (j *judging) show(l *line) {
	for c := range j.model.content {
		t := j.treatment(l, c)
		if t == policy.Omit || !j.coversAll(l, c) {
			continue
		}
		hidden, lets := j.restrict(l, c)
		if hidden || !j.underCeiling(c) {
			continue
		}
		v := j.verdict
		v.View[c] = max(v.View[c], t)
		v.Lines[l.id] = true
		if l.task.exempt != "" {
			v.Exempt[l.id] = true
		}
		for _, o := range append(lets, l.task.obligations...) {
			v.Obligations[o] = true
		}
	}
}

// coversAll: where a record names several patients, the line must hold for each
// (design 5).
func (j *judging) coversAll(l *line, c catalog.Class) bool {
	return !slices.ContainsFunc(j.patients, func(p Patient) bool { return !j.covers(l, c, &p) })
}

// covers reports whether a line holds for a patient and reaches a class: no more
// than the facts of its `of` name (rule 7).
func (j *judging) covers(l *line, c catalog.Class, p *Patient) bool {
	if l.lent() && !p.Lent[l.id] {
		return false
	}
	broken := p.Glass && l.task.glass
	onlyCaller := j.request.Verb == policy.Create && j.atoms.NewPatient || j.atoms.Finding
	holds := func(fact string, _ bool) answer { return answerOf(j.permits(fact, p, broken, onlyCaller)) }
	names := func(fact string, carries bool) answer {
		free := !carries || (broken || onlyCaller) && !j.model.aboutCaller(fact)
		return min(holds(fact, carries), answerOf(free || p.namesClass(Use{fact, false}, c)))
	}
	return j.model.hold(l.While, holds) == yes && j.model.allOf(l.of(), names) == yes
}

// permits reports whether a fact holds for a line (rule 4). A broken glass stands in
// for facts about the patient (rule 14), never for facts about the caller or for
// what the record itself says.
func (j *judging) permits(fact string, p *Patient, broken, onlyCaller bool) bool {
	switch {
	case j.model.aboutCaller(fact):
		return j.request.Caller[fact].Holds
	case onlyCaller:
		return true
	case fact == author:
		return p.Facts[fact].Holds
	case fact == glass:
		return broken
	}
	return broken || p.Facts[fact].Holds
}

// treatment is how the line shows a class of this record, if it covers it.
func (j *judging) treatment(l *line, c catalog.Class) policy.Treatment {
	t, ask := j.sees(l, c)
	switch {
	case l.exception && j.lendsClasses():
		return j.lentTreatment(l, c, t)
	case j.writes() && (t == policy.Keep || ask): // rule 12
		return policy.Keep
	case j.writes():
		return policy.Omit
	case ask && j.asked(c):
		return policy.Keep // rule 14
	}
	return t
}

// asked: for every patient of the record.
func (j *judging) asked(c catalog.Class) bool {
	return len(j.atoms.Patients) > 0 && !slices.ContainsFunc(j.atoms.Patients, func(p Patient) bool { return !p.Asked[c] })
}

func (j *judging) lendsClasses() bool {
	return slices.ContainsFunc(j.patients, func(p Patient) bool { return len(p.LentClasses) > 0 })
}

// lentTreatment: an exception keeps the classes that it lends, but for what its role
// never sees. Where the grants for the patients of a record differ in kind, classes
// here and overlays there, it shows what both keep.
func (j *judging) lentTreatment(l *line, c catalog.Class, task policy.Treatment) policy.Treatment {
	if j.model.anyCovers(l.task.never, c) {
		return policy.Omit
	}
	for _, p := range j.patients {
		if len(p.LentClasses) == 0 && task != policy.Keep || len(p.LentClasses) > 0 && !p.LentClasses[c] {
			return policy.Omit
		}
	}
	return policy.Keep
}
