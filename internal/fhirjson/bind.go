package fhirjson

import (
	"cmp"
	"encoding/binary"
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
)

// binder is the second half of the index pass. parse gave each cell its element; the
// binder looks into those that tell more by what they hold, gives classes that follow
// from it, and notes what deciding needs.
type binder struct {
	s    *Scanner
	r    *Record
	src  []byte
	tape []cell
	info []fact

	deep   bool           // a class followed from what is in a cell
	typ    catalog.Type   // of the resource whose cells are being looked at
	in     int32          // its index in inner, -1 for the record itself
	inEnd  uint32         // the cell after it, when in >= 0
	rule   catalog.RuleID // earliest conditional rule of the record so far
	labels catalog.OverlaySet
	codes  catalog.OverlaySet
	rank   uint8               // of the main date found so far
	people map[string]struct{} // ids of the patients named, once they are many

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
		b.unknown()
		return
	}
	b.look()
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
	t, ok := s.typeOf(b.src, r.root)
	if !ok {
		return false
	}
	r.Type, b.typ = t, t
	if r.ID = s.text(b.src, r.root, "id"); !catalog.IsID(r.ID) {
		return false
	}
	if root.node != s.cat.Root(t) {
		return false // typeAhead saw another one: what the cells are cannot be told
	}
	b.codes = s.cat.TypeOverlays(t)
	if t == s.know.patient {
		s.patients = append(s.patients, Ref{t, r.ID})
	}
	return true
}

// typeOf reads the type of the resource whose object is obj.
func (s *Scanner) typeOf(src []byte, obj uint32) (catalog.Type, bool) {
	i := s.find(src, obj, "resourceType")
	if i == 0 || s.tape[i].shape != text {
		return 0, false
	}
	c := &s.tape[i]
	if c.flags&escaped != 0 {
		return s.cat.TypeBytes(s.decoded(src, c))
	}
	return s.know.typeAt(src, int(c.start)+1, int(c.end-c.start)-2)
}

// unknown takes from what is no record what parse made of it.
func (b *binder) unknown() {
	for i := b.r.root; i < b.tape[b.r.root].next; i++ {
		c := &b.tape[i]
		c.node, c.class, c.flags = 0, catalog.Unknown, c.flags&(escaped|blank)
	}
}

// look goes through the record's events in the order of their cells.
func (b *binder) look() {
	events := b.s.events
	end := b.tape[b.r.root].next
	i := b.s.bound // nearly always records are bound in their order
	if i > len(events) || i > 0 && events[i-1].cell >= b.r.root || i < len(events) && events[i].cell < b.r.root {
		i, _ = slices.BinarySearchFunc(events, b.r.root, func(e event, root uint32) int { return cmp.Compare(e.cell, root) })
	}
	b.r.event = i
	for ; i < len(events) && events[i].cell < end; i++ {
		e := &events[i]
		if b.in >= 0 && e.cell >= b.inEnd {
			b.typ, b.in = b.r.Type, -1
		}
		switch c := &b.tape[e.cell]; {
		case e.tell:
			b.tells(c, e.node)
		case c.shape == object:
			b.object(e.cell, c)
		default:
			b.scalar(e.cell, c)
		}
	}
	b.s.bound = i
	if b.r.deep = b.deep; b.deep {
		b.roughen(end)
	}
}

// tells notes what the mere presence of a member tells.
func (b *binder) tells(c *cell, id catalog.NodeID) {
	n := b.info[id].node
	if n.Withholds && !defect.On(defect.ModifierIgnored) {
		b.r.Withheld = true
	}
	if c.node != 0 {
		b.codes |= n.Marks
	}
}

// hand gives what is in an object the class that follows from the object's own.
func (b *binder) hand(i uint32) {
	tape := b.tape
	b.deep = true
	for j := i + 1; j < tape[i].next; j++ {
		c := &tape[j]
		p := &tape[c.parent]
		of := b.info[c.node].class
		switch {
		case c.node == 0:
		case p.shape == array:
			c.class = p.class
			c.flags |= p.flags & swaps
		case of == catalog.OfExtension:
			c.class = p.class
		case p.flags&swaps != 0 && of == b.info[p.node].class:
			c.class = p.class
			c.flags |= swaps
		default:
			c.class = of
		}
	}
}

// roughen makes what holds something that needs the walker need the walker, up to the
// root, as parse did by the classes that it knew.
func (b *binder) roughen(end uint32) {
	for i := end - 1; i > b.r.root; i-- {
		c := &b.tape[i]
		p := &b.tape[c.parent]
		if c.flags&(rough|blank|special) != 0 || c.class != p.class {
			p.flags |= rough
		}
	}
}

// object reads what the object's kind tells.
func (b *binder) object(i uint32, c *cell) {
	f := &b.info[c.node]
	switch f.kind {
	case catalog.ResourceRoot:
		b.contained(i, c)
	case catalog.Extension:
		b.extension(i, c)
		b.hand(i)
	case catalog.Identifier:
		b.identifier(i, c)
		b.hand(i)
	case catalog.ContactPoint:
		c.class = b.s.cat.ContactClass(f.class, b.s.text(b.src, i, "system"))
		c.flags |= swaps
		b.hand(i)
	case catalog.Coding:
		b.coding(i, f.node, c.node)
	case catalog.Reference:
		b.reference(i, c, f.node)
	}
	if f.is&dated != 0 {
		if start := b.s.find(b.src, i, "start"); start != 0 && f.node.Datatype == catalog.DTPeriod {
			b.date(f.node.MainDate, start)
		}
	}
}

// contained begins a contained resource (FC24). What contains itself (a resource
// inside a contained one) has no meaning in R4: parse gave it no element.
func (b *binder) contained(i uint32, c *cell) {
	s := b.s
	t, _ := s.typeOf(b.src, i)
	if s.cat.Root(t) != c.node {
		b.r.Withheld = true // typeAhead saw another one
		return
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
	c.aux = uint32(b.in) + 1
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
	known := 0
	for j := i + 1; j < c.next; j = b.tape[j].next {
		if b.tape[j].node != 0 {
			known++
		}
	}
	if c.class == catalog.Unknown || known < 2 {
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

// coding feeds labels, sensitive codes and conditional rules. Records of a page repeat
// each other's codings: one that is just as another of its element is not judged again.
// Elements of one datatype are often one node, so that the text counts for the place.
func (b *binder) coding(i uint32, n *catalog.Node, id catalog.NodeID) {
	whole := b.src[b.tape[i].start:b.tape[i].end]
	k := &b.s.codings[place(id, whole)%uint32(len(b.s.codings))]
	if k.node != id || k.typ != b.typ || string(k.text) != string(whole) {
		system, code := b.systemAndCode(i)
		*k = judged{node: id, typ: b.typ, text: whole}
		k.codes, k.labels, k.rule = b.judge(n, id, system, code)
	}
	b.coded(k.codes, k.labels, k.rule)
}

// place tells elements of texts apart by their end, so that most keep places of their own.
func place(id catalog.NodeID, text []byte) uint32 {
	if len(text) < 8 {
		return uint32(id)
	}
	end := binary.LittleEndian.Uint64(text[len(text)-8:])
	return uint32((end ^ uint64(id)<<32 ^ uint64(len(text))) * mix >> 40)
}

// judged is a coding and what was found about it.
type judged struct {
	node          catalog.NodeID
	typ           catalog.Type
	rule          catalog.RuleID
	text          []byte // of the whole object
	codes, labels catalog.OverlaySet
}

func (b *binder) systemAndCode(i uint32) (system, code []byte) {
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
	return system, code
}

// judge looks a code up.
func (b *binder) judge(n *catalog.Node, id catalog.NodeID, system, code []byte) (codes, labels catalog.OverlaySet, rule catalog.RuleID) {
	cat := b.s.cat
	if n.Label && !defect.On(defect.LabelsIgnored) {
		labels = cat.LabelOverlays(system, code)
	}
	if !defect.On(defect.CodesIgnored) {
		codes = cat.CodeOverlays(system, code) &^ labels
	}
	if n.Ruled {
		rule = cat.RuleFor(b.typ, id, system, code)
	}
	return codes, labels, rule
}

// coded notes what a code tells about the record, or the contained resource it is in.
func (b *binder) coded(codes, labels catalog.OverlaySet, rule catalog.RuleID) {
	b.codes |= codes
	b.labels |= labels
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
	if f.is&dated != 0 {
		b.date(f.node.MainDate, i)
	}
	if f.is&coded != 0 {
		b.s.implied = append(b.s.implied[:0], f.node.Implied...)
		b.coded(b.judge(f.node, c.node, b.s.implied, b.s.decoded(b.src, c)))
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
