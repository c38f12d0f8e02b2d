package policy

import (
	"math/bits"

	"modicum/catalog"
)

// View decides about one record that came back: how each class of it shows, and
// why. It allocates nothing and changes nothing in p.
//
// Under Create and Update the view says what may be written: what a line has
// under keep or ask is Keep, everything else is Omit (rule 12).
func (p *Plan) View(a *Atoms, v *Verdict) {
	*v = Verdict{}
	if p.why != Admitted {
		return
	}
	v.Watched = a.Overlays & p.set.watch
	var d decision
	d.start(p, a)
	d.cover()
	if d.covering == 0 {
		return
	}
	d.restrict(v)
	d.give(v)
}

// decision is the working memory of one View; it lives on the stack.
type decision struct {
	plan     *Plan
	atoms    *Atoms
	patients []PatientAtoms
	nobody   [1]PatientAtoms // stands for the patients of a record that names none
	glass    bool            // broken for some patient of the record

	covering uint64
	allowed  [MaxLines]catalog.ClassSet // by line: what `of` and exceptions leave
	// shown and hidden are kept apart for lines of tasks with a broken glass (1)
	// and all others (0): the glass lets go of restrictions for its task only.
	shown  [2]View
	hidden [2]catalog.ClassSet
}

func (d *decision) start(p *Plan, a *Atoms) {
	d.plan, d.atoms, d.patients = p, a, a.Patients
	if len(d.patients) == 0 {
		d.nobody[0].Of = a.Of
		d.patients = d.nobody[:]
	}
}

// cover finds the lines that cover the record and gathers what they show.
func (d *decision) cover() {
	p, a := d.plan, d.atoms
	for i := range d.patients {
		d.glass = d.glass || d.patients[i].Glass
	}
	asked := d.asked()
	outside := p.narrowed &^ a.Within
	if a.Lasting {
		outside = 0
	}
	for i := range p.lines {
		l := &p.lines[i]
		if outside&(1<<i) != 0 {
			continue
		}
		// An exception lifts by its grant, which is looked at for each patient.
		if !l.exception && p.verb != Create && a.Overlays&l.hides&^l.lifts != 0 {
			continue
		}
		classes := allClasses
		for j := range d.patients {
			classes = classes.Intersect(d.reach(i, l, &d.patients[j]))
			if classes.Empty() {
				break
			}
		}
		if classes.Empty() {
			continue
		}
		d.covering |= 1 << i
		d.allowed[i] = classes
		see := d.see(i, l, asked)
		add(&d.shown[d.side(l)], &see)
	}
}

// side tells which restrictions a line is under.
func (d *decision) side(l *planLine) int {
	if d.glass && l.glass {
		return 1
	}
	return 0
}

// asked returns the classes asked for under every patient of the record.
func (d *decision) asked() catalog.ClassSet {
	if len(d.atoms.Patients) == 0 {
		return catalog.ClassSet{}
	}
	all := allClasses
	for i := range d.atoms.Patients {
		all = all.Intersect(d.atoms.Patients[i].Asked)
	}
	return all
}

// reach returns the classes that a line reaches for one patient: the union, over
// its conjunctions that hold, of what the facts of their slots name (rule 7).
func (d *decision) reach(i int, l *planLine, pa *PatientAtoms) catalog.ClassSet {
	p := d.plan
	if l.lent() && pa.Lent&(1<<i) == 0 {
		return catalog.ClassSet{}
	}
	if l.exception && !d.lifted(l, pa) {
		return catalog.ClassSet{}
	}
	glass := pa.Glass && l.glass
	have := p.has(&p.caller.Holds, &pa.Holds, glass)
	fresh := p.verb == Create && d.atoms.NewPatient || d.atoms.Finding
	var out catalog.ClassSet
	for j := l.from; j < l.to; j++ {
		k := &p.conjs[j]
		if !fresh && !k.need.in(&have) && !(glass && p.glassCovers(k, &have)) {
			continue
		}
		out = out.Union(p.named(k, pa, glass || fresh))
		if out == allClasses {
			break
		}
	}
	return out
}

// has returns the facts that hold for a patient: those about the caller are the
// request's, and broken-glass holds by the glass alone.
func (p *Plan) has(caller, patient *FactSet, glass bool) FactSet {
	have := patient.Minus(p.set.about[AboutCaller])
	have.Remove(p.set.glass)
	if glass {
		have.Add(p.set.glass)
	}
	return have.Union(caller.Intersect(p.set.about[AboutCaller]))
}

// glassCovers: a broken glass stands in for facts about the patient, not for
// what a record says (author).
func (p *Plan) glassCovers(k *planConj, have *FactSet) bool {
	rest := k.need.Minus(p.set.about[AboutPatient])
	return rest.in(have)
}

// named intersects what the slots of a conjunction name. Where a glass is broken
// it stands in for the `of` on facts about the patient.
func (p *Plan) named(k *planConj, pa *PatientAtoms, glass bool) catalog.ClassSet {
	out := allClasses
	for _, of := range k.ofs {
		if glass && !of.caller {
			continue
		}
		out = out.Intersect(p.of(of.slot, pa))
	}
	return out
}

// of returns what a slot names; a slot that was not filled names nothing.
func (p *Plan) of(slot uint8, pa *PatientAtoms) catalog.ClassSet {
	n := int(p.slotOf[slot])
	if n == 0 || n > len(pa.Of) {
		return catalog.ClassSet{}
	}
	return pa.Of[n-1]
}

// lifted reports whether an exception for this patient lifts every hiding
// overlay of the record; never what its role never sees, nor Unrecognized.
func (d *decision) lifted(l *planLine, pa *PatientAtoms) bool {
	lifts := pa.LentOverlays &^ (1 << catalog.Unrecognized)
	if role := d.plan.set.tasks[l.task].role; role >= 0 {
		lifts &^= d.plan.set.roles[role].neverOverlays
	}
	if d.plan.ceiling.on {
		lifts &= d.plan.ceiling.lifts
	}
	return d.atoms.Overlays&l.hides&^lifts == 0
}

// see returns what a covering line shows of the record.
func (d *decision) see(i int, l *planLine, asked catalog.ClassSet) View {
	p := d.plan
	v, ask := l.see, l.ask
	if l.exception {
		v, ask = d.lent(l)
	}
	if p.verb&(Create|Update) != 0 {
		v, ask = View{Keep: v.Keep.Union(ask)}, catalog.ClassSet{}
	}
	v.Keep = v.Keep.Union(ask.Intersect(asked))
	v.Mask = v.Mask.Union(ask.Minus(asked))
	if d.allowed[i] != allClasses {
		v.only(d.allowed[i])
	}
	return v
}

// lent returns what an exception shows: the classes lent for every patient of
// the record, or, where only an overlay is lent, what the task shows. Where the
// grants differ in kind, only what both keep.
func (d *decision) lent(l *planLine) (View, catalog.ClassSet) {
	classes, with, without := allClasses, false, false
	for i := range d.patients {
		if d.patients[i].LentClasses.Empty() {
			without = true
			continue
		}
		with = true
		classes = classes.Intersect(d.patients[i].LentClasses)
	}
	switch {
	case !with:
		return l.see, l.ask
	case without:
		classes = classes.Intersect(l.see.Keep)
	}
	return View{Keep: classes.Minus(d.plan.never(l.line))}, catalog.ClassSet{}
}

// restrict finds what restrictions hide. They come after the lines, judge each
// patient, and the more closed wins (rule 11).
func (d *decision) restrict(v *Verdict) {
	shown := [2]catalog.ClassSet{d.shown[0].Shown(), d.shown[1].Shown()}
	any := shown[0].Union(shown[1])
	for word := d.plan.bites; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		r := &d.plan.set.restrictions[i]
		extent := d.extent(r).Intersect(any)
		if extent.Empty() {
			continue
		}
		for side := range shown {
			at := extent.Intersect(shown[side])
			if at.Empty() {
				continue
			}
			hide, let := d.bite(i, r, side == 1)
			d.hidden[side] = d.hidden[side].Union(hide.Intersect(extent))
			if hide.Meets(at) {
				v.Restrictions |= 1 << i
			}
			if let.Minus(hide).Meets(at) {
				v.Obligations |= r.obligations
			}
		}
	}
}

// extent returns the classes of this record that a restriction is about.
func (d *decision) extent(r *restriction) catalog.ClassSet {
	if r.everything || r.overlays&d.atoms.Overlays != 0 && d.plan.verb != Create {
		return allClasses
	}
	return r.classes
}

// bite returns what a restriction hides for any patient of the record, and what
// its `unless` let go.
func (d *decision) bite(i int, r *restriction, side bool) (hide, let catalog.ClassSet) {
	for j := range d.patients {
		h, l := d.bitePatient(i, r, &d.patients[j], side)
		hide, let = hide.Union(h), let.Union(l)
	}
	return hide, let
}

func (d *decision) bitePatient(i int, r *restriction, pa *PatientAtoms, side bool) (hide, let catalog.ClassSet) {
	p := d.plan
	glass := side && pa.Glass
	bites := p.caller.Bites.Union(p.caller.Holds).Union(pa.Bites).Union(pa.Holds)
	unknown := p.caller.Unknown.Union(pa.Unknown)
	if pa.Glass {
		bites.Add(p.set.glass)
	}
	known, possible := holds(r.while, &bites, &unknown)
	if !possible || !known && glass {
		return hide, let
	}
	hide = allClasses
	if r.of != nil {
		hide = p.names(r.of, pa, &bites, &unknown, glass)
	}
	if p.stuck&(1<<i) != 0 {
		return hide, let
	}
	have := p.has(&p.caller.Holds, &pa.Holds, glass)
	for j := range r.unless {
		if k := &r.unless[j]; k.facts.in(&have) {
			let = let.Union(p.letGo(k, pa))
		}
	}
	return hide.Minus(let), hide.Intersect(let)
}

// holds reports whether a restricting `while` holds by what is known, and
// whether it may hold when the unknown is counted (rule 4).
func holds(while []FactSet, bites, unknown *FactSet) (known, possible bool) {
	if while == nil {
		return true, true
	}
	either := bites.Union(*unknown)
	for i := range while {
		if while[i].in(bites) {
			return true, true
		}
		possible = possible || while[i].in(&either)
	}
	return false, possible
}

// names returns what the `of` of a restriction names by the last known values.
// A fact never learned names everything, unless a glass is broken.
func (p *Plan) names(of []conjOf, pa *PatientAtoms, bites, unknown *FactSet, glass bool) catalog.ClassSet {
	var out catalog.ClassSet
	for i := range of {
		k := &of[i]
		either := bites.Union(*unknown)
		if glass {
			either = *bites
		}
		if !k.bare.in(&either) {
			continue
		}
		all := allClasses
		for j, slot := range k.slots {
			if !glass && unknown.Has(k.names[j]) {
				continue
			}
			all = all.Intersect(p.of(slot, pa))
		}
		out = out.Union(all)
	}
	return out
}

// letGo returns what the facts of an `unless` that holds name.
func (p *Plan) letGo(k *conjOf, pa *PatientAtoms) catalog.ClassSet {
	out := allClasses
	for _, slot := range k.slots {
		out = out.Intersect(p.of(slot, pa))
	}
	return out
}

// give writes what is left to the verdict.
func (d *decision) give(v *Verdict) {
	p := d.plan
	d.shown[0].minus(d.hidden[0])
	d.shown[1].minus(d.hidden[1])
	add(&d.shown[0], &d.shown[1])
	p.ceil(&d.shown[0])
	v.View = disjoint(d.shown[0])
	for word := d.covering; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		l := &p.lines[i]
		left := d.lineShows(i, l).Minus(d.hidden[d.side(l)])
		if !left.Meets(v.View.Shown()) {
			continue
		}
		v.Lines |= 1 << i
		v.Obligations |= p.set.tasks[l.task].obligations
		if l.exempt {
			v.Exempt |= 1 << i
		}
	}
}

// lineShows returns the classes that a covering line shows, before restrictions.
func (d *decision) lineShows(i int, l *planLine) catalog.ClassSet {
	shows := l.shows()
	if l.exception {
		v, ask := d.lent(l)
		shows = v.Shown().Union(ask)
	} else if d.plan.verb&(Create|Update) != 0 {
		shows = l.writes()
	}
	return shows.Intersect(d.allowed[i])
}
