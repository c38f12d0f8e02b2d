package policy

import (
	"fmt"
	"strings"

	"modicum/catalog"
	"modicum/policy/doc"
)

// judge compares what shows with what the case expects.
func (c *caseRun) judge(want *doc.Expect) []string {
	admitted := c.plan.why == Admitted
	if want.Refused {
		if admitted {
			return []string{"admitted, want refused by " + strings.Join(c.lineIDs(), ", ")}
		}
		return nil
	}
	visit, lasting := c.atoms(false), c.atoms(true)
	var of, ofLasting Verdict
	if admitted {
		c.plan.View(&visit, &of)
		c.plan.View(&lasting, &ofLasting)
	}
	if want.Nothing {
		return c.wantNothing(&of.View, &ofLasting.View, &visit)
	}
	var out []string
	for _, pair := range want.Treatment {
		class, ok := c.set.cat.Class(pair.Key.Text)
		treatment, known := ParseTreatment(pair.Value.Text)
		if !ok || !known {
			out = append(out, fmt.Sprintf("%s: %s: no such class or treatment", pair.Key.Text, pair.Value.Text))
			continue
		}
		view, atoms := &of.View, &visit
		if c.given.Record.Lasting || c.set.cat.LastingOnly(class) {
			view, atoms = &ofLasting.View, &lasting
		}
		if got := view.Of(class); got != treatment {
			out = append(out, fmt.Sprintf("%s: got %s, want %s; %s", pair.Key.Text, got, treatment, c.because(atoms, class)))
		}
	}
	return out
}

// wantNothing: no record shows, be it refused or withheld. A class counts on the
// kind of record that bears it.
func (c *caseRun) wantNothing(of, lasting *View, atoms *Atoms) []string {
	var out []string
	for class := range c.set.cat.Content().All {
		view := of
		if c.given.Record.Lasting || c.set.cat.LastingOnly(class) {
			view = lasting
		}
		if got := view.Of(class); got != Omit {
			out = append(out, fmt.Sprintf("%s: got %s, want nothing; %s", c.set.cat.Name(class), got, c.because(atoms, class)))
			if len(out) == 3 {
				return append(out, "and more")
			}
		}
	}
	return out
}

func (c *caseRun) because(a *Atoms, class catalog.Class) string {
	var parts []string
	for _, r := range c.plan.Explain(a, class) {
		text := r.Text
		if text == "" {
			text = "shows it as " + r.Gave.String()
		}
		parts = append(parts, r.ID+": "+text)
	}
	return "because " + strings.Join(parts, "; ")
}

func (c *caseRun) lineIDs() []string {
	var out []string
	for i := range c.plan.Lines() {
		out = append(out, c.plan.LineID(i))
	}
	return out
}

// atoms describes the record of the case for View, once as a lasting record and
// once as one of a visit.
func (c *caseRun) atoms(lasting bool) Atoms {
	pa := PatientAtoms{Truth: c.truth, Asked: c.classes(c.given.Asked), Glass: c.given.BrokenGlass}
	lasting = lasting || c.given.Record.Lasting
	for _, of := range c.plan.ofs {
		pa.Of = append(pa.Of, c.named(of, lasting))
	}
	if c.req.Exception {
		pa.LentClasses, pa.LentOverlays = c.lentClasses()
	}
	a := Atoms{Overlays: c.marked, Lasting: lasting}
	for i := range c.plan.Lines() {
		if lasting || c.within(i) {
			a.Within |= 1 << i
		}
		if c.plan.LineException(i) && c.req.Exception || !c.plan.LineException(i) && c.given.Lent {
			pa.Lent |= 1 << i
		}
	}
	a.Patients = []PatientAtoms{pa}
	return a
}

// within reports whether the record satisfies back and place of a line.
func (c *caseRun) within(i int) bool {
	back, place := c.plan.LineWithin(i)
	if !back.Zero() && before(c.given.Record.Age, back) {
		return false
	}
	switch c.given.Record.Place.Text {
	case "department", "":
		return true
	case "facility":
		return place != OwnDepartment
	}
	return place == Anywhere
}

// before reports whether an age lies before the start of a span back from now.
func before(age, back doc.Span) bool {
	at := caseNow.AddDate(0, -age.Months, -age.Days).Add(-age.Clock)
	return at.Before(caseNow.AddDate(0, -back.Months, -back.Days).Add(-back.Clock))
}

// named returns the classes that the given instances of a fact name for the
// record, as PatientAtoms.Of wants them.
func (c *caseRun) named(of Of, lasting bool) catalog.ClassSet {
	info := &c.set.facts[of.Fact]
	if !lasting && info.Carries&(CarriesObject|CarriesDates) != 0 && !c.belongs(info) {
		return catalog.ClassSet{}
	}
	var out catalog.ClassSet
	hiding := c.set.Hiding(c.marked)
	for _, in := range c.held[of.Fact] {
		if hiding&^in.marked == 0 || of.Restricting && c.marked&in.marked != 0 {
			out = out.Union(in.classes)
		}
	}
	return out
}

// belongs reports whether the record belongs to what the fact names, as far as
// the case says.
func (c *caseRun) belongs(info *FactInfo) bool {
	if !c.given.Record.OfGiven {
		return true
	}
	base := c.set.facts[info.Base].Name
	for _, w := range c.given.Record.Of {
		if w.Text == info.Name || w.Text == base {
			return true
		}
	}
	return false
}
