package policy

import (
	"math/bits"

	"modicum/internal/defect"
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
	d := decision{plan: p, atoms: a, patients: a.Patients}
	if len(d.patients) == 0 {
		nobody := [1]PatientAtoms{{Of: a.Of}}
		d.patients = nobody[:]
	}
	if d.anyGlass() {
		var broken side // stays on the stack, and is not cleared for all others
		d.broken = &broken
	}
	d.cover()
	if d.covering == 0 {
		return
	}
	d.restrict(v)
	d.give(v)
}

// decision is the working memory of one View; it lives on the stack and is kept
// small, since clearing it is part of every decision.
type decision struct {
	plan     *Plan
	atoms    *Atoms
	patients []PatientAtoms // one nobody for a record that names none
	asked    mask
	writes   bool // Create or Update: what is under ask may be written

	covering uint64
	whole    uint64 // of these, lines that nothing narrows by class
	own      side
	broken   *side // of lines of tasks with a broken glass, nil where none is broken
	first    facts // of the first patient, without a glass: most records name one
}

// anyGlass reports whether the glass is broken for some patient of the record.
func (d *decision) anyGlass() bool {
	for i := range d.patients {
		if d.patients[i].Glass {
			return true
		}
	}
	return false
}

// side is what lines show and restrictions hide. It is kept apart for lines of tasks
// with a broken glass and all others: the glass lets go of restrictions for its task
// only.
type side struct {
	shown  masks
	hidden mask
	open   mask   // what is not hidden, set last
	lets   uint64 // restrictions with obligations that let go of something
}

// facts is what is true for one patient, as lines and as restrictions ask it.
type facts struct{ have, bites, unknown FactSet }

// cover finds the lines that cover the record and gathers what they show.
func (d *decision) cover() {
	p, a := d.plan, d.atoms
	d.writes = p.verb&(Create|Update) != 0
	p.has(&d.first.have, &d.patients[0], false)
	d.ask()
	outside := p.narrowed &^ a.Within
	if a.Lasting || defect.On(defect.WithinIgnored) {
		outside = 0
	}
	overlays := a.Overlays
	if p.verb == Create || defect.On(defect.OverlayIgnored) {
		overlays = 0
	}
	if defect.On(defect.LiftsJoined) {
		for i := range p.lines {
			overlays &^= p.lines[i].lifts
		}
	}
	for i := range p.lines {
		l := &p.lines[i]
		// An exception lifts by its grant, which is looked at for each patient.
		if outside&(1<<i) != 0 || !l.exception && overlays&l.hides&^l.lifts != 0 {
			continue
		}
		classes := d.allowed(i, l)
		if classes.empty() {
			continue
		}
		d.covering |= 1 << i
		if classes.all() && !l.exception && !d.writes {
			d.whole |= 1 << i
		}
		d.show(&d.side(l).shown, l, classes)
	}
}

// side tells which restrictions a line is under.
func (d *decision) side(l *planLine) *side {
	if d.broken != nil && l.glass {
		return d.broken
	}
	return &d.own
}

// ask notes the classes asked for under every patient of the record.
func (d *decision) ask() {
	for i := range d.atoms.Patients {
		asked := maskOf(&d.atoms.Patients[i].Asked)
		if i == 0 {
			d.asked = asked
		}
		d.asked = d.asked.and(asked)
	}
}

// show adds what a covering line shows of the classes that it reaches.
func (d *decision) show(to *masks, l *planLine, classes mask) {
	see, ask := &l.masks, l.asks
	if l.exception {
		if lent, ok := d.lent(l); ok {
			to.keep = to.keep.or(lent.and(classes))
			return
		}
	}
	if d.writes {
		to.keep = to.keep.or(see.keep.or(ask).and(classes))
		return
	}
	to.add(see, classes)
	if !ask.empty() {
		ask = ask.and(classes)
		if defect.On(defect.AskShown) {
			to.keep = to.keep.or(ask)
		}
		to.keep = to.keep.or(ask.and(d.asked))
		to.mask = to.mask.or(ask.without(d.asked))
	}
}

// allowed returns the classes that a line reaches for every patient.
func (d *decision) allowed(i int, l *planLine) mask {
	classes := allMask
	for j := range d.patients {
		if classes = classes.and(d.reach(i, l, j)); classes.empty() || defect.On(defect.OnePatientSuffices) {
			break
		}
	}
	return classes
}

// reach returns the classes that a line reaches for one patient: the union, over
// its conjunctions that hold, of what the facts of their slots name (rule 7).
func (d *decision) reach(i int, l *planLine, j int) mask {
	p, pa := d.plan, &d.patients[j]
	if l.lent() && (pa.Lent&(1<<i) == 0 || l.exception && !d.lifted(l, pa)) {
		return mask{}
	}
	glass := pa.Glass && l.glass
	have := &d.first.have
	if j > 0 || glass {
		have = new(FactSet) // stays on the stack
		p.has(have, pa, glass)
	}
	fresh := p.verb == Create && d.atoms.NewPatient || d.atoms.Finding
	var out mask
	for n := l.from; n < l.to; n++ {
		k := p.conjs[n]
		if !k.patient.in(have) && !fresh && !(glass && p.glassCovers(k, have)) {
			continue
		}
		if len(k.ofs) == 0 || defect.On(defect.OfIgnored) {
			return allMask
		}
		if out = out.or(p.named(k, pa, glass || fresh)); out.all() {
			break
		}
	}
	return out
}

// has gathers the facts that hold for a patient: those about the caller are the
// request's, and broken-glass holds by the glass alone.
func (p *Plan) has(have *FactSet, pa *PatientAtoms, glass bool) {
	caller := &p.set.about[AboutCaller]
	for w := range have {
		have[w] = pa.Holds[w]&^caller[w] | p.caller.Holds[w]&caller[w]
		if defect.On(defect.UnknownPermits) {
			have[w] |= pa.Unknown[w] &^ caller[w]
		}
	}
	have.Remove(p.set.glass)
	if glass {
		have.Add(p.set.glass)
	}
}

// glassCovers: a broken glass stands in for facts about the patient, not for
// what a record says (author).
func (p *Plan) glassCovers(k *conj, have *FactSet) bool {
	rest := k.patient.Minus(p.set.about[AboutPatient])
	return rest.in(have)
}

// named intersects what the slots of a conjunction name. Where a glass is broken
// it stands in for the `of` on facts about the patient.
func (p *Plan) named(k *conj, pa *PatientAtoms, glass bool) mask {
	out := allMask
	for _, of := range k.ofs {
		if !glass || of.caller {
			out = out.and(p.of(of.slot, pa))
		}
	}
	return out
}

// of returns what a slot names; a slot that was not filled names nothing.
func (p *Plan) of(slot uint8, pa *PatientAtoms) mask {
	n := int(p.slotOf[slot])
	if n == 0 || n > len(pa.Of) {
		return mask{}
	}
	return maskOf(&pa.Of[n-1])
}

// lifted reports whether an exception for this patient lifts every hiding
// overlay of the record; never what its role never sees, nor what no policy can name
// (Unrecognized, Restricted).
func (d *decision) lifted(l *planLine, pa *PatientAtoms) bool {
	lifts := pa.LentOverlays & d.plan.set.cat.Overlays()
	if role := d.plan.set.tasks[l.task].role; role >= 0 {
		lifts &^= d.plan.set.roles[role].neverOverlays
	}
	if d.plan.ceiling.on {
		lifts &= d.plan.ceiling.lifts
	}
	return d.atoms.Overlays&l.hides&^lifts == 0
}

// lent returns the classes that an exception lends for every patient of the
// record; false where an overlay alone is lent, which shows what the task shows.
// Where the grants differ in kind, only what both keep.
func (d *decision) lent(l *planLine) (classes mask, with bool) {
	classes, without := allMask, false
	for i := range d.patients {
		lent := maskOf(&d.patients[i].LentClasses)
		if lent.empty() {
			without = true
			continue
		}
		with = true
		classes = classes.and(lent)
	}
	if !with {
		return mask{}, false
	}
	if without {
		classes = classes.and(l.masks.keep)
	}
	never := d.plan.never(l.line)
	content := d.plan.set.cat.Content()
	return classes.and(maskOf(&content)).without(maskOf(&never)), true
}

// restrict finds what restrictions hide. They come after the lines, judge each
// patient, and the more closed wins (rule 11).
func (d *decision) restrict(v *Verdict) {
	p := d.plan
	if defect.On(defect.RestrictionIgnored) {
		return
	}
	shown := d.own.shown.shown()
	d.biting(&d.first, &d.patients[0])
	plain := len(d.patients) == 1 && d.broken == nil
	for word := p.bites; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		r := &p.set.restrictions[i]
		if plain && r.while != nil {
			if _, possible := holds(r.while, &d.first); !possible {
				continue // the most of them, for the most patients
			}
		}
		extent := d.extent(r)
		if at := extent.and(shown); !at.empty() {
			d.bite(v, i, r, &d.own, at)
		}
		if d.broken == nil {
			continue
		}
		if at := extent.and(d.broken.shown.shown()); !at.empty() {
			d.bite(v, i, r, d.broken, at)
		}
	}
}

// extent returns the classes of the record that a restriction is about: all, where it
// hides an overlay of the record.
func (d *decision) extent(r *restriction) mask {
	if r.overlays&d.atoms.Overlays != 0 && d.plan.verb != Create {
		return allMask
	}
	return r.mask
}

// biting gathers what restricts for a patient: every last known value, what holds
// included, and what was never learned.
func (d *decision) biting(f *facts, pa *PatientAtoms) {
	c := &d.plan.caller
	for w := range f.bites {
		f.bites[w] = c.Bites[w] | c.Holds[w] | pa.Bites[w] | pa.Holds[w]
		f.unknown[w] = c.Unknown[w] | pa.Unknown[w]
	}
	if pa.Glass {
		f.bites.Add(d.plan.set.glass)
	}
}

// bite notes what a restriction hides of the shown classes in `at`, for any
// patient of the record, and what its `unless` lets go.
func (d *decision) bite(v *Verdict, i int, r *restriction, s *side, at mask) {
	hide, let := d.bites(i, r, s == d.broken)
	s.hidden = s.hidden.or(hide.and(at))
	if hide.meets(at) {
		v.Restrictions |= 1 << i
	}
	if r.obligations != 0 && let.without(hide).meets(at) {
		s.lets |= 1 << i
	}
}

func (d *decision) bites(i int, r *restriction, broken bool) (hide, let mask) {
	for j := range d.patients {
		pa := &d.patients[j]
		glass := broken && pa.Glass
		f := &d.first
		if j > 0 || glass {
			f = new(facts) // stays on the stack
			d.plan.has(&f.have, pa, glass)
			d.biting(f, pa)
		}
		h, l := d.bitesPatient(i, r, pa, f, glass)
		hide, let = hide.or(h), let.or(l)
		if defect.On(defect.OnePatientRestricts) {
			break
		}
	}
	return hide, let
}

func (d *decision) bitesPatient(i int, r *restriction, pa *PatientAtoms, f *facts, glass bool) (hide, let mask) {
	p := d.plan
	known, possible := holds(r.while, f)
	if !possible || !known && glass {
		return mask{}, mask{}
	}
	hide = allMask
	if r.of != nil {
		hide = p.names(r.of, pa, f, glass)
	}
	if p.stuck&(1<<i) != 0 {
		return hide, mask{}
	}
	for j := range r.unless {
		if k := &r.unless[j]; k.facts.in(&f.have) || defect.On(defect.UnlessAlwaysHolds) {
			let = let.or(p.letGo(k, pa))
		}
	}
	return hide.without(let), hide.and(let)
}

// holds reports whether a restricting `while` holds by what is known, and
// whether it may hold when the unknown is counted (rule 4).
func holds(while []FactSet, f *facts) (known, possible bool) {
	if while == nil {
		return true, true
	}
	for i := range while {
		if while[i].in(&f.bites) {
			return true, true
		}
		if !possible && !f.unknown.Empty() && !defect.On(defect.UnknownLetsGo) {
			either := f.bites.Union(f.unknown)
			possible = while[i].in(&either)
		}
	}
	return false, possible
}

// names returns what the `of` of a restriction names by the last known values.
// A fact never learned names everything, unless a glass is broken.
func (p *Plan) names(of []conjOf, pa *PatientAtoms, f *facts, glass bool) mask {
	var out mask
	either := f.bites
	if !glass {
		either = either.Union(f.unknown)
	}
	for i := range of {
		k := &of[i]
		if !k.bare.in(&either) {
			continue
		}
		all := allMask
		for j, slot := range k.slots {
			if glass || !f.unknown.Has(k.names[j]) {
				all = all.and(p.of(slot, pa))
			}
		}
		out = out.or(all)
	}
	return out
}

// letGo returns what the facts of an `unless` that holds name.
func (p *Plan) letGo(k *conjOf, pa *PatientAtoms) mask {
	out := allMask
	for _, slot := range k.slots {
		out = out.and(p.of(slot, pa))
	}
	return out
}

// give writes what is left to the verdict.
func (d *decision) give(v *Verdict) {
	var left masks
	d.settle(v, &d.own, &left)
	if d.broken != nil {
		d.settle(v, d.broken, &left)
	}
	left.view(&v.View)
	p := d.plan
	for word := d.covering; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		l := &p.lines[i]
		if !d.lineShows(i, l).meets(d.side(l).open) {
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
func (d *decision) lineShows(i int, l *planLine) mask {
	if d.whole&(1<<i) != 0 {
		return l.all
	}
	var own masks
	d.show(&own, l, d.allowed(i, l))
	return own.shown()
}

// settle adds what is left of a side, restrictions and ceiling taken off, and the
// obligations of restrictions that let go of something that shows in the end: what
// another restriction or a ceiling takes away obliges nobody.
func (d *decision) settle(v *Verdict, s *side, left *masks) {
	p := d.plan
	s.open = allMask.without(s.hidden)
	if p.ceiling.on && !defect.On(defect.CeilingIgnored) {
		s.open = s.open.and(maskOf(&p.ceiling.classes))
	}
	left.add(&s.shown, s.open)
	for word := s.lets; word != 0; word &= word - 1 {
		i := bits.TrailingZeros64(word)
		r := &p.set.restrictions[i]
		hide, let := d.bites(i, r, s == d.broken)
		if let.without(hide).and(d.extent(r)).and(s.shown.shown()).meets(s.open) {
			v.Obligations |= r.obligations
		}
	}
}
