package fhirjson

import (
	"modicum/catalog"
	"modicum/internal/defect"
)

// binder is the second half of the index pass: it walks a record's cells once,
// gives each its element and class, and notes what deciding needs.
type binder struct {
	s    *Scanner
	r    *Record
	src  []byte
	tape []cell
	info []fact

	typ    catalog.Type   // of the resource whose cells are being walked
	in     int32          // its index in inner, -1 for the record itself
	inEnd  uint32         // the cell after it, when in >= 0
	rule   catalog.RuleID // earliest conditional rule of the record so far
	labels catalog.OverlaySet
	codes  catalog.OverlaySet
	rank   uint8 // of the main date found so far

	visit  Ref
	visits bool // the record names more than one

	refs, patients, accounts, authors, places, inner int // where the record's part begins
}

func (b *binder) bind() {
	s := b.s
	b.tape, b.info, b.in = s.tape, s.know.nodes, -1
	b.refs, b.patients, b.accounts = len(s.refs), len(s.patients), len(s.accounts)
	b.authors, b.places, b.inner = len(s.authors), len(s.places), len(s.inner)
	if !b.identify() {
		b.r.Withheld = true
		return
	}
	b.walk()
	b.resolveInner()
	b.finish()
}

// identify reads type and id. A resource without them is not there.
func (b *binder) identify() bool {
	s, r := b.s, b.r
	root := &b.tape[r.root]
	if root.shape != object {
		return false
	}
	t, ok := s.cat.TypeBytes(s.text(b.src, r.root, "resourceType"))
	if !ok {
		return false
	}
	r.Type, b.typ = t, t
	if r.ID = s.text(b.src, r.root, "id"); !isID(r.ID) {
		return false
	}
	root.node = s.cat.Root(t)
	root.class = catalog.OfRecord
	root.flags |= rough | special
	b.codes = s.cat.TypeOverlays(t)
	if t == s.know.patient {
		s.patients = append(s.patients, Ref{t, r.ID})
	}
	return true
}

// walk visits the cells in document order. An object's members get their element
// when the object is reached, so every cell knows its own before its turn.
func (b *binder) walk() {
	tape := b.tape
	end := tape[b.r.root].next
	for i := b.r.root; i < end; {
		c := &tape[i]
		if b.in >= 0 && i >= b.inEnd {
			b.typ, b.in = b.r.Type, -1
		}
		if c.node == 0 {
			c.flags |= rough
			i = c.next
			continue
		}
		switch c.shape {
		case object:
			b.object(i, c)
		case array:
			b.array(i, c)
		default:
			b.scalar(i, c)
		}
		i++
	}
	// What needs the walker makes all that holds it need the walker.
	for i := end - 1; i > b.r.root; i-- {
		c := &tape[i]
		p := &tape[c.parent]
		if c.flags&(rough|blank|special) != 0 || c.class != p.class {
			p.flags |= rough
		}
	}
}

// array hands its element to its items.
func (b *binder) array(i uint32, c *cell) {
	nested := b.info[c.node].kind
	if b.info[c.node].is&byValue != 0 {
		c.flags |= special // a mark may stand beside what shows
	}
	for j := i + 1; j < c.next; j = b.tape[j].next {
		item := &b.tape[j]
		if item.shape == array {
			continue // FHIR has no arrays of arrays
		}
		if item.shape == null && nested != catalog.Primitive {
			continue
		}
		if (item.shape == object) == (nested == catalog.Primitive && c.flags&sibling == 0) && item.shape != null {
			continue
		}
		item.node, item.class = c.node, c.class
		item.flags |= c.flags & (sibling | swaps)
	}
}

// object gives each member its element, and reads what the object's kind tells.
func (b *binder) object(i uint32, c *cell) {
	f := &b.info[c.node]
	n := f.node
	switch f.kind {
	case catalog.Resource:
		if !b.contained(i, c) {
			return
		}
	case catalog.Extension:
		b.extension(i, c)
	case catalog.Identifier:
		if f.is&byValue != 0 {
			b.identifier(i, c)
		}
	case catalog.ContactPoint:
		if f.is&byValue != 0 {
			c.class = b.s.cat.ContactClass(n.Class, b.s.text(b.src, i, "system"))
			c.flags |= swaps
		}
	case catalog.Coding:
		b.coding(i, n, c.node)
	case catalog.Reference:
		b.reference(i, c, n)
	case catalog.Attachment, catalog.Meta, catalog.Narrative:
		c.flags |= special
	}
	b.members(i, c)
	if f.is&dated != 0 {
		if start := b.s.find(b.src, i, "start"); start != 0 && n.Datatype == catalog.DTPeriod {
			b.date(n.MainDate, start)
		}
	}
}

func (b *binder) members(i uint32, c *cell) {
	var has uint64
	tape, src, know := b.tape, b.src, b.s.know
	parent := &b.info[c.node]
	known := 0
	for j := i + 1; j < c.next; j = tape[j].next {
		m := &tape[j]
		node, sib := know.child(c.node, m.aux, src, m.name, m.nameLen)
		if node == 0 {
			if parent.kind == catalog.ResourceRoot && string(src[m.name:m.name+uint32(m.nameLen)]) == "resourceType" {
				m.flags |= special
			}
			continue
		}
		f := &b.info[node]
		if f.is&telling != 0 && f.node.Withholds && !defect.On(defect.ModifierIgnored) {
			b.r.Withheld = true
		}
		if !fits(m, f, sib) {
			continue
		}
		m.node, m.class = node, f.class
		if f.is&telling != 0 {
			b.codes |= f.node.Marks
		}
		if sib {
			m.flags |= sibling | rough
			c.flags |= siblings
		}
		switch {
		case f.class == catalog.OfExtension:
			m.class = c.class
		case c.flags&swaps != 0 && f.class == parent.class:
			m.class = c.class
			m.flags |= swaps
		}
		has |= f.bit
		if f.is&standsIn != 0 && (f.bit != 0 || f.group) && isAbsent(src, m, f.node) {
			c.flags |= rough
		}
		known++
	}
	if has&parent.must != parent.must || parent.grouped || known < 2 && parent.kind == catalog.Extension {
		c.flags |= rough
	}
}

// fits reports whether a member has the JSON shape that FHIR gives the element. What
// has another is as unknown as a vendor's own field.
func fits(m *cell, f *fact, sib bool) bool {
	if (m.shape == array) != (f.is&isArray != 0) || m.shape == null {
		return false
	}
	if m.shape == array {
		return true
	}
	return (m.shape == object) == (f.kind != catalog.Primitive || sib)
}

// contained begins a contained resource (FC24). What contains itself (a resource
// inside a contained one) has no meaning in R4 and is dropped.
func (b *binder) contained(i uint32, c *cell) bool {
	s := b.s
	c.flags |= special | rough
	t, ok := s.cat.TypeBytes(s.text(b.src, i, "resourceType"))
	if !ok || b.in >= 0 || b.tape[c.parent].parent != b.r.root {
		c.node = 0 // its members have none yet
		return false
	}
	b.in = int32(len(s.inner) - b.inner)
	b.inEnd, b.typ = c.next, t
	s.inner = append(s.inner, contained{
		cell: i, typ: t, id: s.text(b.src, i, "id"), class: s.cat.DefaultClass(t),
		denied: s.cat.DenyByDefault(t) || t == s.know.patient,
	})
	if t == s.know.patient {
		b.r.UnknownPatient = true // a person whom no id of this server names
	}
	b.codes |= s.cat.TypeOverlays(t)
	c.node, c.class = s.cat.Root(t), catalog.OfRecord
	c.aux = uint32(b.in) + 1
	return true
}

// extension decides the class of an extension by its address (FC20).
func (b *binder) extension(i uint32, c *cell) {
	cat := b.s.cat
	url := b.s.text(b.src, i, "url")
	class, listed := cat.ExtensionClass(url)
	if catalog.InlineLabel(url) && !defect.On(defect.LabelsIgnored) {
		b.inlineLabel(i)
	}
	switch {
	case listed:
		if o, is := cat.OverlayOf(class); is {
			b.codes = b.codes.With(o)
			class = catalog.Unknown
		}
		c.class = class
	case cat.InheritExtension(url):
		// c has its parent's class
	case b.insideExtension(c) && len(url) > 0 && !absolute(url):
		// a part of the extension around it
	default:
		c.class = catalog.Unknown
	}
	if c.class == catalog.Unknown {
		c.flags |= rough
	}
}

// inlineLabel reads the label that stands at an element. One that cannot be read may be
// any (threat-model D6).
func (b *binder) inlineLabel(i uint32) {
	var system, code []byte
	if at := b.s.find(b.src, i, "valueCoding"); at != 0 {
		system, code = b.s.text(b.src, at, "system"), b.s.text(b.src, at, "code")
	}
	b.labels |= b.s.cat.LabelOverlays(system, code)
}

func (b *binder) insideExtension(c *cell) bool {
	holder := &b.tape[b.tape[c.parent].parent]
	return holder.node != 0 && b.info[holder.node].node.Kind == catalog.Extension
}

// absolute reports whether an address has a scheme.
func absolute(url []byte) bool {
	for _, c := range url {
		switch c {
		case ':':
			return true
		case '/', '?', '#':
			return false
		}
	}
	return false
}

// identifier decides the class of an identifier of a person by all its type codings
// and its system.
func (b *binder) identifier(i uint32, c *cell) {
	s, cat := b.s, b.s.cat
	def := b.info[c.node].node.Class
	class, said := def, false
	join := func(k catalog.Class, known bool) {
		switch {
		case !known:
		case said:
			class = cat.JoinIdentifier(class, k)
		default:
			class, said = k, true
		}
	}
	join(cat.IdentifierSystemClass(s.text(b.src, i, "system")))
	if typ := s.find(b.src, i, "type"); typ != 0 {
		if codings := s.find(b.src, typ, "coding"); codings != 0 && b.tape[codings].shape == array {
			for j := codings + 1; j < b.tape[codings].next; j = b.tape[j].next {
				join(cat.IdentifierTypeClass(s.text(b.src, j, "system"), s.text(b.src, j, "code")))
			}
		}
	}
	if defect.On(defect.NumbersAlike) {
		class, _ = cat.Class("identifiers.mrn")
	}
	c.class = class
	c.flags |= swaps
}

// coding feeds labels, sensitive codes and conditional rules.
func (b *binder) coding(i uint32, n *catalog.Node, id catalog.NodeID) {
	var system, code []byte
	for j := i + 1; j < b.tape[i].next; j = b.tape[j].next {
		m := &b.tape[j]
		if m.shape != text {
			continue
		}
		switch name := b.src[m.name : m.name+uint32(m.nameLen)]; {
		case string(name) == "system":
			system = b.s.decoded(b.src, m)
		case string(name) == "code":
			code = b.s.decoded(b.src, m)
		}
	}
	b.coded(n, id, system, code)
}

func (b *binder) coded(n *catalog.Node, id catalog.NodeID, system, code []byte) {
	cat := b.s.cat
	var label catalog.OverlaySet
	if n.Label && !defect.On(defect.LabelsIgnored) {
		label = cat.LabelOverlays(system, code)
		b.labels |= label
	}
	if !defect.On(defect.CodesIgnored) {
		b.codes |= cat.CodeOverlays(system, code) &^ label
	}
	if !n.Ruled {
		return
	}
	rule := cat.RuleFor(b.typ, id, system, code)
	if rule == 0 {
		return
	}
	if b.in >= 0 {
		if k := &b.s.inner[b.inner+int(b.in)]; k.rule == 0 || rule < k.rule {
			k.rule = rule
		}
	} else if b.rule == 0 || rule < b.rule {
		b.rule = rule
	}
}

func (b *binder) scalar(i uint32, c *cell) {
	f := &b.info[c.node]
	if f.is&(dated|coded) == 0 || c.flags&sibling != 0 || c.shape != text {
		return
	}
	if f.is&dated != 0 {
		b.date(f.node.MainDate, i)
	}
	if f.is&coded != 0 {
		b.s.implied = append(b.s.implied[:0], f.node.Implied...)
		b.coded(f.node, c.node, b.s.implied, b.s.decoded(b.src, c))
	}
}

func (b *binder) date(rank uint8, i uint32) {
	if b.in >= 0 || b.rank != 0 && b.rank <= rank || b.tape[i].shape != text {
		return
	}
	if span, ok := parseDate(b.s.decoded(b.src, &b.tape[i]), b.s.limits.Zone); ok {
		b.r.Date, b.rank = span, rank
	}
}

// finish settles what the whole record tells.
func (b *binder) finish() {
	s, r, cat := b.s, b.r, b.s.cat
	r.Class = cat.DefaultClass(r.Type)
	if b.rule != 0 {
		r.Class, r.whole = cat.RuleClass(b.rule)
	}
	for i := b.inner; i < len(s.inner); i++ {
		if k := &s.inner[i]; k.rule != 0 {
			k.class, k.whole = cat.RuleClass(k.rule)
		}
	}
	r.Labelled, r.Coded = cat.Settle(b.labels), b.codes
	r.Overlays = r.Labelled | r.Coded
	r.Lasting = cat.Lasting(r.Type)
	r.Withheld = r.Withheld || cat.DenyByDefault(r.Type) && !cat.DenyUnlessNamed(r.Type)
	r.References = s.refs[b.refs:len(s.refs):len(s.refs)]
	r.Patients = s.patients[b.patients:len(s.patients):len(s.patients)]
	if defect.On(defect.SecondPatientIgnored) && len(r.Patients) > 1 {
		r.Patients = r.Patients[:1]
	}
	if !b.visits {
		r.Visit = b.visit
	}
	r.Accounts = s.accounts[b.accounts:len(s.accounts):len(s.accounts)]
	r.Authors = s.authors[b.authors:len(s.authors):len(s.authors)]
	r.Places = s.places[b.places:len(s.places):len(s.places)]
	r.inner = s.inner[b.inner:len(s.inner):len(s.inner)]
	if meta := s.find(b.src, r.root, "meta"); meta != 0 {
		r.VersionID = s.text(b.src, meta, "versionId")
		r.LastUpdated = s.text(b.src, meta, "lastUpdated")
	}
}
