package fhirjson

import (
	"errors"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// ErrStale: the record is not one of this Scanner since its last Reset.
var ErrStale = errors.New("record of another scanner, or from before its reset")

// subsetted marks every answer as a part of the resource. Everything else of meta
// shows with system.metadata only.
const (
	subsetted    = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`
	subsettedTag = `"tag":[` + subsetted + `]`
	subsetMeta   = `"meta":{` + subsettedTag + `}`
)

// result says what was written.
type result uint8

const (
	nothing   result = iota
	structure        // only what comes with what shows: id, status, a link to the patient
	visible
)

// projector is the copy pass. Bytes that show are not copied one by one: the run
// src[lo:hi] is pending and grows while the next thing that shows is its neighbour.
type projector struct {
	s    *Scanner
	r    *Record
	sh   *Shape
	src  []byte
	tape []cell
	info []fact

	dst    []byte
	lo, hi uint32
	comma  bool // something stands before in the object or array being written

	t        *[128]policy.Treatment // by effective class; at OfRecord that of the resource's class
	class    catalog.Class          // of the resource being written
	table    [128]policy.Treatment
	flat     [128]policy.Treatment // of a record whose class replaces all
	view     policy.View           // that table was made for
	given    policy.View           // what Shape said, before definitions were made whole
	tabled   bool
	masks    bool // the view masks something
	byType   bool // the view masks what an identifier of a person may be
	bySystem bool // likewise a contact point

	marks     int              // constants of mask written so far
	kept      []catalog.NodeID // members written though their class is masked
	dry       bool             // nothing written will be used
	reached   uint64           // contained resources that something written names
	survives  uint64           // contained resources that have something to show
	emits     uint64           // contained resources that are written
	noInner   bool             // contained resources are left aside
	topFilter bool             // Elements apply

	runs   *[]Run  // where copied runs are noted, or nil
	notes  *recipe // what is being noted, or nil
	valued bool    // what was written has bytes made of a value, or one decided in a way that no recipe tells
}

func (p *projector) forget() {
	p.s, p.r, p.sh, p.src, p.tape, p.dst, p.runs, p.notes = nil, nil, nil, nil, nil, nil, nil, nil
}

// state is what undo returns to.
type state struct {
	n       int
	lo, hi  uint32
	comma   bool
	reached uint64
	kept    int
}

func (p *projector) mark() state {
	return state{len(p.dst), p.lo, p.hi, p.comma, p.reached, len(p.kept)}
}

func (p *projector) undo(s state) {
	p.dst, p.lo, p.hi, p.comma, p.reached, p.kept = p.dst[:s.n], s.lo, s.hi, s.comma, s.reached, p.kept[:s.kept]
	if p.runs != nil && !p.dry {
		p.dropRuns()
	}
}

// Project appends what sh shows of r to dst, as a valid FHIR resource. Where nothing
// shows, dst comes back as it was and Outcome.There is false.
func (s *Scanner) Project(dst []byte, r *Record, sh *Shape) ([]byte, Outcome, error) {
	if r == nil || r.s != s {
		return dst, Outcome{}, ErrStale
	}
	if sh.Observe != nil {
		return s.observe(dst, r, sh)
	}
	if r.Withheld {
		return dst, Outcome{}, nil
	}
	if defect.On(defect.Everything) {
		return s.copyAll(dst, r)
	}
	p := &s.p
	c := s.recipeOf(r, sh)
	if c != nil && c.is == usable && c.view == sh.View {
		if out, ok := p.follow(c, dst, s, r, sh); ok {
			p.forget()
			return out, Outcome{There: c.there}, nil
		}
	}
	if c != nil && !c.wanted(&sh.View) {
		c = nil
	}
	p.begin(s, r, sh)
	if len(r.inner) > 0 {
		p.settleInner()
	}
	p.dst = dst
	if c != nil {
		c.begin(&sh.View)
		p.notes, p.runs = c, &c.runs
	}
	there := p.top()
	p.flush()
	out := p.dst
	if c != nil {
		c.note(r, out, len(dst), there, p.valued)
	}
	p.forget()
	return out, Outcome{There: there}, nil
}

func (p *projector) begin(s *Scanner, r *Record, sh *Shape) {
	p.s, p.r, p.sh, p.src, p.tape, p.info = s, r, sh, r.src, s.tape, s.know.nodes
	p.lo, p.hi, p.comma, p.dry, p.kept = 0, 0, false, false, p.kept[:0]
	p.reached, p.survives, p.emits, p.noInner = 0, 0, 0, false
	p.topFilter = sh.Elements != nil
	p.runs, p.notes, p.valued = sh.Runs, nil, false
	if !p.tabled || p.given != sh.View {
		p.given, p.view, p.tabled = sh.View, whole(sh.View, s.know.definition), true
		for c := range p.table {
			p.table[c] = p.view.Of(catalog.Class(c))
			if defect.On(defect.MaskAsKeep) && p.table[c] == policy.Mask {
				p.table[c] = policy.Keep
			}
		}
		p.masks = !p.view.Mask.Empty()
		p.byType = p.view.Mask.Meets(s.know.byType)
		p.bySystem = p.view.Mask.Meets(s.know.bySystem)
	}
	p.judgeAs(r.Class, r.whole)
}

// whole takes away what would show parts of definitions: their expressions and
// invariants name each other, so they show whole or not, and they are of no patient.
func whole(v policy.View, definition catalog.Class) policy.View {
	parts := catalog.ClassSet{}.With(definition)
	v.Mask, v.Token, v.Coarse, v.Last4 = v.Mask.Minus(parts), v.Token.Minus(parts), v.Coarse.Minus(parts), v.Last4.Minus(parts)
	return v
}

// judgeAs sets the class of the resource being written.
func (p *projector) judgeAs(class catalog.Class, whole bool) {
	p.class = class
	t := p.view.Of(class)
	p.table[catalog.OfRecord] = t
	p.t = &p.table
	if !whole {
		return
	}
	for c := range p.flat {
		p.flat[c] = t
	}
	p.flat[catalog.Unknown] = policy.Omit
	p.flat[p.s.know.meta] = min(t, p.view.Of(p.s.know.meta))
	p.t = &p.flat
}

// real returns the class that an effective class stands for.
func (p *projector) real(c catalog.Class) catalog.Class {
	if c == catalog.OfRecord {
		return p.class
	}
	return c
}

func (p *projector) flush() {
	if p.lo < p.hi {
		if p.runs != nil && !p.dry {
			p.noteRun()
		}
		p.dst = append(p.dst, p.src[p.lo:p.hi]...)
	}
	p.lo, p.hi = 0, 0
}

// copy writes src[from:to].
func (p *projector) copy(from, to uint32) {
	if p.hi != from || p.lo == p.hi {
		p.flush()
		p.lo = from
	}
	p.hi = to
}

// separate writes the comma before what starts at from. Between neighbours the
// source has it.
func (p *projector) separate(from uint32) {
	if !p.comma {
		return
	}
	if p.hi+1 == from && p.lo < p.hi {
		p.hi = from
		return
	}
	p.flush()
	p.dst = append(p.dst, ',')
}

// constant writes a member or item that is not in the source.
func (p *projector) constant(s string) {
	p.flush()
	if p.comma {
		p.dst = append(p.dst, ',')
	}
	p.dst = append(p.dst, s...)
	p.comma = true
}

// whole writes a value, with its name, as it is.
func (p *projector) whole(c *cell) {
	from := c.from()
	if p.comma && p.hi+1 == from && p.lo < p.hi { // the neighbour of what is pending
		p.hi = c.end
		return
	}
	p.separate(from)
	p.copy(from, c.end)
	p.comma = true
}

// open writes the beginning of an object or array, with its name.
func (p *projector) open(c *cell) {
	from := c.from()
	p.separate(from)
	p.copy(from, c.start+1)
	p.comma = false
}

func (p *projector) close(c *cell) {
	p.copy(c.end-1, c.end)
	p.comma = true
}

// put writes what shows of a member or item and of what is below it.
func (p *projector) put(i uint32) result {
	c := &p.tape[i]
	t := p.t[c.class]
	if c.flags&(rough|blank|special) == 0 {
		if t == policy.Keep && !(p.masks && c.shape <= array && p.view.Mask.Meets(p.info[c.node].below)) {
			p.whole(c)
			return visible
		}
		if t <= policy.Mask && c.shape <= array {
			p.note(c, NotShown+Reason(t)) // Omit or Mask
			return nothing
		}
	}
	if c.node == 0 || c.flags&blank != 0 {
		p.note(c, NotKnown)
		return nothing
	}
	if t != policy.Keep && p.info[c.node].node.WholeOnly {
		p.note(c, p.unless(c, t))
		return nothing
	}
	switch c.shape {
	case array:
		return p.array(i, c)
	case object:
		return p.complex(i, c, t)
	}
	return p.scalar(c, t)
}

func (p *projector) array(i uint32, c *cell) result {
	n := p.info[c.node].node
	before := p.mark()
	p.open(c)
	shown := nothing
	for j := i + 1; j < c.next; j = p.tape[j].next {
		if n.ByValue && p.passesMark(j, n) {
			continue
		}
		shown = max(shown, p.put(j))
	}
	if shown == nothing {
		p.undo(before)
		return nothing
	}
	if n.ByValue && p.masksByValue(n) {
		p.constant(item(n.Masked))
	}
	p.close(c)
	return shown
}

// item returns the one item of a constant `"name":[item]`.
func item(masked string) string {
	for i := 0; i < len(masked); i++ {
		if masked[i] == '[' {
			return masked[i+1 : len(masked)-1]
		}
	}
	return ""
}

// passesMark is isMark of an item that is being written.
func (p *projector) passesMark(j uint32, n *catalog.Node) bool {
	if p.isMark(&p.tape[j], n) {
		p.valued = true
		return true
	}
	if p.notes != nil {
		p.notes.items = append(p.notes.items, j-p.r.root)
	}
	return false
}

// isMark reports whether an item is the mark that this projector writes.
func (p *projector) isMark(c *cell, n *catalog.Node) bool {
	mark := item(n.Masked)
	return mark != "" && int(c.end-c.start) == len(mark) && string(p.src[c.start:c.end]) == mark
}

// masksByValue reports whether the view masks one of the classes that an identifier
// or contact point of a person may have: the mark is there whatever stands there.
func (p *projector) masksByValue(n *catalog.Node) bool {
	if n.Masked == "" {
		return false
	}
	if n.Kind == catalog.Identifier {
		return p.byType
	}
	return p.bySystem
}

// complex writes an object by its kind.
func (p *projector) complex(i uint32, c *cell, t policy.Treatment) result {
	switch p.info[c.node].kind {
	case catalog.Narrative:
		if defect.On(defect.NarrativeKept) {
			p.whole(c)
			return visible
		}
		p.note(c, Generated) // FC21
		return nothing
	case catalog.Extension, catalog.Attachment: // FC20, FC26: whole or not at all
		if defect.On(defect.ExtensionsKept) {
			p.whole(c)
			return visible
		}
		if t != policy.Keep {
			p.note(c, p.unless(c, t))
			return nothing
		}
	case catalog.Reference:
		return p.reference(i, c, t)
	case catalog.Meta:
		if c.parent == p.r.root {
			return p.meta(i, c, t)
		}
	case catalog.ResourceRoot:
		return p.contained(i, c)
	case catalog.Coding:
		if t == policy.Coarse {
			return p.codeGroup(i, c)
		}
	case catalog.Identifier, catalog.ContactPoint:
		if t != policy.Keep {
			return p.numbered(i, c, t)
		}
	}
	return p.object(i, c)
}

// unless says why a value that would show under keep alone does not.
func (p *projector) unless(c *cell, t policy.Treatment) Reason {
	switch {
	case c.class == catalog.Unknown:
		return NotKnown
	case t == policy.Omit:
		return NotShown
	case t == policy.Mask:
		return IsMasked
	}
	return DoesNotFit
}

// object writes an object whose members are judged one by one. One that has only
// structure left, or cannot be valid, is not there.
func (p *projector) object(i uint32, c *cell) result {
	before := p.mark()
	p.open(c)
	has, group, shown := p.members(i, c)
	if shown != visible || !p.complete(i, c, has, group) {
		p.undo(before)
		if shown == visible {
			p.noteBelow(i, c) // it goes with what is hidden in it
		}
		return nothing
	}
	p.kept = p.kept[:before.kept]
	p.close(c)
	return visible
}

// members writes what shows of an object's members. has collects the mandatory ones.
func (p *projector) members(i uint32, c *cell) (has uint64, group bool, shown result) {
	for j := i + 1; j < c.next; j = p.tape[j].next {
		m := &p.tape[j]
		f := &p.info[m.node]
		r := visible
		if m.node != 0 && p.plain(c, m, f) {
			p.whole(m)
		} else if r = p.member(i, c, j); r == nothing {
			continue
		}
		has |= f.bit
		group = group || f.group
		shown = max(shown, r)
		if p.masks && (p.t[m.class] == policy.Mask || f.node.ByValue) {
			p.kept = append(p.kept, m.node)
		}
	}
	return has, group, shown
}

// plain reports whether a member shows as it is, which needs no closer look: nothing in
// it is hidden or masked, and no other member counts for it.
func (p *projector) plain(holder, m *cell, f *fact) bool {
	return p.t[m.class] == policy.Keep && !p.masks && m.flags&(rough|blank|special) == 0 && holder.flags&siblings == 0 &&
		f.is&standsIn == 0 && p.info[holder.node].kind != catalog.Extension
}

func (p *projector) member(i uint32, c *cell, j uint32) result {
	m := &p.tape[j]
	if m.node == 0 {
		if defect.On(defect.VendorKept) {
			p.whole(m)
			return structure
		}
		p.note(m, NotKnown) // FC17
		return nothing
	}
	f := &p.info[m.node]
	n := f.node
	if f.is&standsIn != 0 && isAbsent(p.src, m, n) {
		return nothing // it comes again, where constants stand
	}
	if c.flags&siblings != 0 && n.Kind == catalog.Primitive {
		if n.Array {
			return p.aligned(i, j)
		}
		if m.flags&sibling != 0 {
			return p.siblingOf(i, j, m, f)
		}
	}
	r := p.put(j)
	if r == visible && p.info[c.node].kind == catalog.Extension && f.name == "url" {
		return structure // an address without a value says nothing
	}
	return r
}

// isAbsent reports whether a member is the constant that stands for its absence.
func isAbsent(src []byte, m *cell, n *catalog.Node) bool {
	from := m.from()
	return n.Absent != "" && int(m.end-from) == len(n.Absent) && string(src[from:m.end]) == n.Absent
}

// siblingOf writes the member "_name" of a primitive: it follows its element (FC18).
func (p *projector) siblingOf(i, j uint32, m *cell, f *fact) result {
	t := p.t[m.class]
	if defect.On(defect.SiblingsKept) {
		p.whole(m)
		return visible
	}
	if t == policy.Keep && m.flags&blank == 0 {
		return p.object(j, m)
	}
	p.valued = true
	if t == policy.Coarse && f.birth && string(p.src[m.from():m.end]) == f.node.Masked && !p.agedBeside(i, m, f) {
		p.whole(m) // our own mark of an age over 89
		return visible
	}
	p.note(m, p.unless(m, t))
	return nothing
}

// complete writes the constants that stand for what an object must have and may not
// show, then the marks, in definition order: after everything that shows, so that
// their place tells nothing. It reports whether the object can be valid.
func (p *projector) complete(i uint32, c *cell, has uint64, group bool) bool {
	f := &p.info[c.node]
	if missing := f.must &^ has; missing != 0 {
		for _, id := range p.s.cat.MandatoryChildren(c.node) {
			k := &p.info[id]
			if missing&k.bit == 0 {
				continue
			}
			switch {
			case p.neverThere(i, c, k):
			case k.node.Absent != "":
				p.constant(k.node.Absent)
				group = group || k.group
			case !k.node.Bound: // a bound code always shows: the source has none
				return false
			}
		}
	}
	if p.masks {
		group = p.writeMarks(c, f) || group
	}
	if f.is&grouped == 0 || group {
		return true
	}
	if f.node.Kind != catalog.ResourceRoot {
		return false
	}
	first := p.info[f.node.AnyOf[0]].node.Absent
	if first != "" {
		p.constant(first)
	}
	return first != ""
}

// neverThere reports whether a mandatory value that would show is missing because the
// record has none: it was not valid before, and nothing may say that it is masked. Of
// a simple value only: what holds references or parts may go for what is hidden in it.
func (p *projector) neverThere(i uint32, c *cell, k *fact) bool {
	class := k.class
	if f := &p.info[c.node]; c.flags&swaps != 0 && class == f.class {
		class = c.class
	}
	if p.t[class] != policy.Keep || k.kind != catalog.Primitive || k.node.ChoiceOf != 0 {
		return false
	}
	for j := i + 1; j < c.next; j = p.tape[j].next {
		if m := &p.tape[j]; m.node != 0 && &p.info[m.node] == k && isAbsent(p.src, m, k.node) {
			return false // the record itself says so
		}
	}
	return true
}

// writeMarks writes one constant for each child that the view masks, whether or not
// the record has it (F7).
func (p *projector) writeMarks(c *cell, f *fact) (group bool) {
	for _, id := range f.masks {
		k := &p.info[id]
		n := k.node
		class := n.Class
		if c.flags&swaps != 0 && class == f.node.Class {
			class = c.class
		}
		if k.bit != 0 || p.t[class] != policy.Mask && !(n.ByValue && p.masksByValue(n)) {
			continue
		}
		if defect.On(defect.MaskTellsValue) && !p.holds(c, id) {
			continue
		}
		if p.wasKept(id, n) || c.node == p.tape[p.r.root].node && !p.asked(n, id) {
			continue
		}
		p.constant(n.Masked)
		p.marks++
		group = group || k.group
	}
	return group
}

// holds reports whether the source has a member of an object, for the fault that
// tells it.
func (p *projector) holds(c *cell, id catalog.NodeID) bool {
	for j := c.next - 1; &p.tape[j] != c; j-- {
		if p.tape[j].node == id && &p.tape[p.tape[j].parent] == c {
			return true
		}
	}
	return false
}

func (p *projector) wasKept(id catalog.NodeID, n *catalog.Node) bool {
	for _, k := range p.kept {
		if k == id || n.ChoiceOf != 0 && p.info[k].node.ChoiceOf == n.ChoiceOf {
			return true
		}
	}
	return false
}

// copyAll is Project with enforcement off; see package defect.
func (s *Scanner) copyAll(dst []byte, r *Record) ([]byte, Outcome, error) {
	c := &s.tape[r.root]
	return append(dst, r.src[c.start:c.end]...), Outcome{There: true}, nil
}
