package policy

import (
	"fmt"
	"strings"

	"modicum/catalog"
)

// Reason says of one line or restriction what it did with one class of a record.
type Reason struct {
	ID   string // line or restriction
	Gave Treatment
	Text string // why it gave no more; "" when it covers the class
}

// Explain says, line by line and then restriction by restriction, why a class of
// a record shows as it does. It is for tests, tools and the privacy officer,
// never for the caller of a door: it tells what is true about the patient.
func (p *Plan) Explain(a *Atoms, c catalog.Class) []Reason {
	if p.why != Admitted {
		return []Reason{{ID: "admit", Text: p.why.String()}}
	}
	d := decision{plan: p, atoms: a, patients: a.Patients}
	if len(d.patients) == 0 {
		d.patients = []PatientAtoms{{Of: a.Of}}
	}
	if d.anyGlass() {
		d.broken = new(side)
	}
	d.cover()
	d.biting(&d.first, &d.patients[0])
	var out []Reason
	for i := range p.lines {
		out = append(out, d.explainLine(i, c))
	}
	for i := range p.set.restrictions {
		if p.bites&(1<<i) == 0 {
			continue
		}
		if hides := d.explainRestriction(i, c); hides != "" {
			out = append(out, Reason{ID: "restriction " + p.set.restrictions[i].name, Text: hides})
		}
	}
	if p.ceiling.on && !p.ceiling.classes.Has(c) {
		out = append(out, Reason{ID: "ceiling", Text: "the partner's contract does not name the class"})
	}
	return out
}

func (d *decision) explainLine(i int, c catalog.Class) Reason {
	l := &d.plan.lines[i]
	r := Reason{ID: d.plan.LineID(i)}
	if d.covering&(1<<i) == 0 {
		r.Text = d.missing(i, l)
		return r
	}
	classes := d.allowed(i, l)
	var own masks
	d.show(&own, l, classes)
	var see View
	own.view(&see)
	r.Gave = see.Of(c)
	switch {
	case r.Gave == Keep:
	case !l.exception && !l.shows().Has(c):
		r.Text = "does not see the class"
	case !classes.has(c):
		r.Text = "the facts in its `of` do not name the class for this record"
	case l.ask.Has(c):
		r.Text = "masked until asked for"
	}
	return r
}

// missing says why a line does not cover the record.
func (d *decision) missing(i int, l *planLine) string {
	p, a := d.plan, d.atoms
	if p.narrowed&^a.Within&(1<<i) != 0 && !a.Lasting {
		return "the record lies outside its date or place"
	}
	if over := a.Overlays & l.hides &^ l.lifts; over != 0 && p.verb != Create && !l.exception {
		return "does not lift " + strings.Join(p.set.overlayNames(over), ", ")
	}
	for j := range d.patients {
		pa := &d.patients[j]
		if l.lent() && pa.Lent&(1<<i) == 0 {
			return "counts only by a grant"
		}
		if d.reach(i, l, j).empty() {
			return d.missingFacts(l, pa)
		}
	}
	return "nothing is left for all patients of the record"
}

func (d *decision) missingFacts(l *planLine, pa *PatientAtoms) string {
	p := d.plan
	var have FactSet
	p.has(&have, pa, pa.Glass && l.glass)
	var ways []string
	for _, k := range p.conjs[l.from:l.to] {
		var lacks []string
		for f := range k.patient.Minus(have).All {
			lacks = append(lacks, p.set.FactName(f))
		}
		if len(lacks) == 0 {
			return "the facts in its `of` do not name this record"
		}
		ways = append(ways, strings.Join(lacks, " and "))
	}
	return "lacks " + strings.Join(ways, ", or ")
}

func (d *decision) explainRestriction(i int, c catalog.Class) string {
	r := &d.plan.set.restrictions[i]
	extent := r.mask
	if r.overlays&d.atoms.Overlays != 0 && d.plan.verb != Create {
		extent = allMask
	}
	if !extent.has(c) {
		return ""
	}
	hide, let := d.bites(i, r, d.broken != nil)
	switch {
	case hide.has(c):
		return fmt.Sprintf("hides it: %s", r.doc.Title)
	case let.has(c):
		return "lets go of it"
	}
	return ""
}

func (s *Set) overlayNames(o catalog.OverlaySet) []string {
	var out []string
	for over := range o.All {
		if over == catalog.Unrecognized {
			out = append(out, "a label that the catalog does not know")
			continue
		}
		out = append(out, s.cat.Name(s.cat.OverlayClass(over)))
	}
	return out
}
