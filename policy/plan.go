package policy

import (
	"modicum/catalog"
	"modicum/policy/doc"
)

// Plan is what Admit allows a request to go on with: the lines that may count.
// The zero Plan is ready for Admit and may be used again and again, which is how
// deciding stays free of allocation. After Admit it is only read: View may be
// called by several goroutines at once, Admit may not.
type Plan struct {
	set     *Set
	why     Why
	verb    Verb
	purpose int
	code    string
	caller  Truth

	held    []uint64 // roles of the caller, as bits
	claimed []uint64 // the same with roles of programs, which speak for no person and may stand in conflict
	dropped []uint64 // roles that exclude each other
	speak   []int    // tasks that speak, rule 2
	count   []int    // of these, tasks with a line that may count
	lines   []planLine
	conjs   []*conj
	ofs     []Of
	slotOf  [maxSlots]uint8 // slot of the Set → slot of the Plan + 1

	narrowed uint64 // lines that ask for back or place
	bites    uint64 // restrictions that bite for this purpose and recipient
	stuck    uint64 // of these, whose `unless` cannot let go: the door cannot meet its obligations
	ceiling  struct {
		on           bool
		classes      catalog.ClassSet
		lifts, hides catalog.OverlaySet
	}
}

// planLine is a line with those of its conjunctions that the caller's facts leave.
type planLine struct {
	*line
	exception    bool // an exception: shows and lifts what its grant names
	from, to     int  // in Plan.conjs
	lifts, hides catalog.OverlaySet
}

// lent reports whether the line counts only by a grant.
func (l *planLine) lent() bool { return l.exception || l.lend != nil }

// Set returns the policy that admitted.
func (p *Plan) Set() *Set { return p.set }

// Why returns the outcome of Admit.
func (p *Plan) Why() Why { return p.why }

// Ofs returns the facts for which PatientAtoms.Of must be filled, in its order.
// The slice is the Plan's: it is good until the next Admit.
func (p *Plan) Ofs() []Of { return p.ofs }

// Lines returns how many lines may count; Verdict.Lines and PatientAtoms.Lent
// have a bit for each.
func (p *Plan) Lines() int { return len(p.lines) }

// LineID names the i-th line: "nurse/give-care" is the task itself,
// "nurse/give-care#2" the first entry of its `also`, "nurse/give-care#exception"
// what an exception adds, "disclosures/referral-packet" a disclosure's.
func (p *Plan) LineID(i int) string {
	l := &p.lines[i]
	if l.exception {
		return p.set.tasks[l.task].id + "#exception"
	}
	return l.id
}

// LineSay returns what to tell staff about the i-th line's task.
func (p *Plan) LineSay(i int) string { return p.set.tasks[p.lines[i].task].say }

// LineTask returns the i-th line's task as a number within Tasks.
func (p *Plan) LineTask(i int) int {
	for n, t := range p.count {
		if t == p.lines[i].task {
			return n
		}
	}
	return -1
}

// LineWithin returns what the i-th line asks of a record's date and place:
// Atoms.Within has bit i set when the record satisfies both. A zero span and
// Anywhere ask for nothing.
func (p *Plan) LineWithin(i int) (back doc.Span, place Place) {
	return p.lines[i].back, p.lines[i].place
}

// LineLent reports whether the i-th line counts only by a grant, and what the
// policy says about that grant; nil for an exception.
func (p *Plan) LineLent(i int) (lent bool, terms *doc.Lend) {
	return p.lines[i].lent(), p.lines[i].lend
}

// LineException reports whether the i-th line is that of an exception.
func (p *Plan) LineException(i int) bool { return p.lines[i].exception }

// LineView returns how the i-th line shows classes; those under ask are masked
// until asked for.
func (p *Plan) LineView(i int) (v View, ask catalog.ClassSet) {
	return p.lines[i].see, p.lines[i].ask
}

// NeedsVisit reports whether the gate must know the visit or place of a record:
// some line asks for a place, or some slot is of a fact that carries an object.
func (p *Plan) NeedsVisit() bool {
	for i := range p.lines {
		if p.lines[i].place != Anywhere {
			return true
		}
	}
	for _, of := range p.ofs {
		if p.set.facts[of.Fact].Carries&CarriesObject != 0 {
			return true
		}
	}
	return false
}

// CallerFacts returns the facts about the caller that can still matter for View;
// they are part of the Request, so nobody needs to look them up again.
func (p *Plan) CallerFacts() FactSet { return p.facts().Intersect(p.set.about[AboutCaller]) }

// PatientFacts returns the facts about patient and record that can matter for
// View, the built-in ones included: nothing else is worth looking up.
func (p *Plan) PatientFacts() FactSet { return p.facts().Minus(p.set.about[AboutCaller]) }

func (p *Plan) facts() FactSet {
	var all FactSet
	if p.why != Admitted {
		return all
	}
	for i := range p.conjs {
		all = all.Union(p.conjs[i].patient)
	}
	for i := range p.set.restrictions {
		if p.bites&(1<<i) == 0 {
			continue
		}
		all = all.Union(p.set.restrictions[i].facts())
	}
	for _, of := range p.ofs {
		all.Add(of.Fact)
	}
	return all
}

// facts are those by which the restriction bites, and those that lift it.
func (r *restriction) facts() FactSet { return r.bitesBy().Union(factsOf(r.unless)) }

func (r *restriction) bitesBy() FactSet {
	all := factsOf(r.of)
	for _, w := range r.while {
		all = all.Union(w)
	}
	return all
}

func factsOf(list []conjOf) (all FactSet) {
	for _, k := range list {
		all = all.Union(k.facts)
	}
	return all
}

// Scope is one way in which patients come into reach: all of Facts hold for
// them, for the i-th line. An empty Facts is an open scope, unless the line is
// lent: then the grants say for whom.
type Scope struct {
	Line  int
	Facts FactSet // about the patient; never author or broken-glass
	Lent  bool
	Glass bool // a broken glass stands in for Facts
}

// ScopeFacts returns every way in which patients come into reach, so that the
// gate can list the caller's patients from the facts alone.
func (p *Plan) ScopeFacts() []Scope {
	var out []Scope
	for i := range p.lines {
		l := &p.lines[i]
		for _, k := range p.conjs[l.from:l.to] {
			out = append(out, Scope{Line: i, Facts: p.scopeOf(k.patient), Lent: l.lent(), Glass: l.glass})
		}
	}
	return out
}

func (p *Plan) scopeOf(need FactSet) FactSet {
	need = need.Intersect(p.set.about[AboutPatient])
	need.Remove(p.set.glass)
	return need
}

// Open reports whether some line can show patient data without any fact about
// the patient and without a grant: then the scope is all patients.
func (p *Plan) Open() bool {
	for i := range p.lines {
		l := &p.lines[i]
		if l.lent() || !p.set.patientData(l.shows()) {
			continue
		}
		for _, k := range p.conjs[l.from:l.to] {
			if k.patient.Empty() || k.patient.in(&p.set.about[AboutRecord]) {
				return true
			}
		}
	}
	return false
}

// Widest returns the most that any record can show under this Plan: every line
// counted, everything asked for, restrictions aside.
func (p *Plan) Widest() View {
	var v View
	for i := range p.lines {
		add(&v, &p.lines[i].see)
		v.Keep = v.Keep.Union(p.lines[i].ask)
		if p.lines[i].exception {
			v.Keep = v.Keep.Union(p.lines[i].see.Shown())
		}
	}
	p.ceil(&v)
	return disjoint(v)
}

// Keepable returns the classes that some line keeps: criteria may read no other.
func (p *Plan) Keepable() catalog.ClassSet {
	var keep catalog.ClassSet
	for i := range p.lines {
		keep = keep.Union(p.lines[i].see.Keep)
	}
	if p.ceiling.on {
		keep = keep.Intersect(p.ceiling.classes)
	}
	return keep
}

// KeptByAll returns the classes that every task that may count keeps without a
// grant (a task of lent lines only: with one): a sort key must be among them,
// rule 12.
func (p *Plan) KeptByAll() catalog.ClassSet {
	if len(p.count) == 0 {
		return catalog.ClassSet{}
	}
	all := allClasses
	if p.ceiling.on {
		all = p.ceiling.classes
	}
	for _, t := range p.count {
		all = all.Intersect(p.keptBy(t))
	}
	return all
}

func (p *Plan) keptBy(t int) catalog.ClassSet {
	var free, lent catalog.ClassSet
	any := false
	for i := range p.lines {
		l := &p.lines[i]
		switch {
		case l.task != t || l.exception:
		case l.lend != nil:
			lent = lent.Union(l.see.Keep)
		default:
			free, any = free.Union(l.see.Keep), true
		}
	}
	if any {
		return free
	}
	return lent
}

// Purpose returns the purpose by name and the HL7 code that is recorded: ETREAT
// or BTG where stated, else the first that the organization lists.
func (p *Plan) Purpose() (name, code string) {
	if p.why != Admitted {
		return "", ""
	}
	return p.set.purposes[p.purpose].name, p.code
}

// Verb returns what the request does.
func (p *Plan) Verb() Verb { return p.verb }

// RestrictionMask returns the restrictions that may bite under this Plan, a bit
// for each in document order.
func (p *Plan) RestrictionMask() uint64 { return p.bites }

func add(v, w *View) {
	v.Keep = v.Keep.Union(w.Keep)
	v.Last4 = v.Last4.Union(w.Last4)
	v.Coarse = v.Coarse.Union(w.Coarse)
	v.Token = v.Token.Union(w.Token)
	v.Mask = v.Mask.Union(w.Mask)
}

// disjoint leaves each class under its most open treatment.
func disjoint(v View) View {
	above := v.Keep
	v.Last4 = v.Last4.Minus(above)
	above = above.Union(v.Last4)
	v.Coarse = v.Coarse.Minus(above)
	above = above.Union(v.Coarse)
	v.Token = v.Token.Minus(above)
	above = above.Union(v.Token)
	v.Mask = v.Mask.Minus(above)
	return v
}

// ceil cuts a view to the partner's ceiling.
func (p *Plan) ceil(v *View) {
	if p.ceiling.on {
		v.only(p.ceiling.classes)
	}
}

func (v *View) only(c catalog.ClassSet) {
	v.Keep = v.Keep.Intersect(c)
	v.Last4 = v.Last4.Intersect(c)
	v.Coarse = v.Coarse.Intersect(c)
	v.Token = v.Token.Intersect(c)
	v.Mask = v.Mask.Intersect(c)
}
