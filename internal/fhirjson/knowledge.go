package fhirjson

import (
	"encoding/binary"
	"strings"
	"sync"

	"modicum/catalog"
)

// knowledge is what the projector asks of the catalog for every value, laid out by
// NodeID. It is built once for a catalog and shared by the Scanners of a Pool.
type knowledge struct {
	cat   *catalog.Catalog
	nodes []fact
	links []link     // open addressing; a power of two
	types []typeName // likewise

	numbers    catalog.ClassSet // classes of strings that are numbers of a person or thing: last4, token
	byType     catalog.ClassSet // what an identifier of a person may be
	bySystem   catalog.ClassSet // what a contact point of a person may be
	birth      catalog.Class
	meta       catalog.Class
	definition catalog.Class
	patient    catalog.Type
	location   catalog.Type
	account    catalog.Type
	visit      [2]catalog.Type
}

// fact is what is known about a node beside its catalog.Node; what reading asks of
// every member comes first.
type fact struct {
	// head is the beginning and tail, skip bytes behind it, the end of the name with its
	// closing quote and colon, eight bytes each, the lowest first; of a shorter one both
	// are the same, and mask covers what they have of it.
	head, mask, tail uint64
	size             uint8 // of the name with quote and colon; 0: no name
	place            uint8 // among the children of its parent, modulo 64
	class            catalog.Class
	kind             catalog.Kind
	is               trait
	item             form // of a value that is no array
	skip             uint8
	table            uint32 // of its children, among the links; 0: it has none
	// must is a bit for each mandatory child (one for all variants of a choice);
	// bit is the node's own among its parent's, 0 when it is optional.
	must, bit uint64

	name    string // of the JSON member
	node    *catalog.Node
	masks   []catalog.NodeID // children that mask writes a constant for, each choice once
	below   catalog.ClassSet // classes of which a mark could stand somewhere below
	group   bool             // one of the parent's AnyOf
	subject bool             // the patient of the record: parameter patient or subject
	birth   bool             // a date of birth
}

// trait is what reading must know about a node.
type trait uint16

const (
	isArray    trait = 1 << iota
	byValue          // see Node.ByValue
	dated            // may be the main date
	coded            // a code that a label or rule looks at
	telling          // its mere presence tells something: Withholds, Marks
	standsIn         // mandatory, and has a constant that stands for its absence
	grouped          // has an AnyOf
	heeded           // an object that the binder looks into
	structural       // see Node.Structure
	guarded          // an object that the projector never copies whole: Reference, Meta, ...
)

// form is the kind of JSON that a value must be.
type form uint8

const (
	noForm form = iota // the element is not known
	objects
	scalars
	arrays
)

// link leads from a table of children and the hash of a member's name to the child.
// Most names have at most eight bytes, and head decides; of longer ones the text is
// compared.
type link struct {
	table, hash uint32
	head        uint64 // the first eight bytes of the name, little end first
	child       catalog.NodeID
	len         uint8
}

// names makes f known by its name.
func (f *fact) names(name string) {
	key := name + `":`
	f.name, f.size, f.mask = name, uint8(len(key)), 1<<(8*uint(min(len(key), 8)))-1
	f.head = headOf([]byte(key), 0, uint32(len(key)))
	if f.tail = f.head; len(key) > 8 {
		f.skip = uint8(len(key) - 8)
		f.tail = headOf([]byte(key), uint32(f.skip), 8)
	}
}

// at reports whether the text from i on is f's name with quote and colon. Up to sixteen bytes
// it is found without a branch: how long names are, nothing foretells.
func (f *fact) at(b []byte, i int) bool {
	k := i + int(f.skip)
	if k+8 > len(b) {
		return false // so near the end of the text it is looked up
	}
	if ((binary.LittleEndian.Uint64(b[i:])^f.head)|(binary.LittleEndian.Uint64(b[k:])^f.tail))&f.mask != 0 {
		return false
	}
	return f.size <= 16 || string(b[i+8:k]) == f.name[8:f.skip]
}

// headOf returns the first eight bytes of src[at:at+n].
func headOf(src []byte, at, n uint32) uint64 {
	if int(at)+8 <= len(src) {
		x := binary.LittleEndian.Uint64(src[at:])
		if n < 8 {
			x &= 1<<(8*n) - 1
		}
		return x
	}
	var x uint64
	for i := min(n, 8); i > 0; i-- {
		x = x<<8 | uint64(src[at+i-1])
	}
	return x
}

// child is catalog.Catalog.Child by the hash that reading the name left behind. The
// name is src[at:at+n].
func (k *knowledge) child(parent catalog.NodeID, hash uint32, src []byte, at uint32, n uint8) (catalog.NodeID, bool) {
	if n > 0 && src[at] == '_' {
		return k.cat.Child(parent, src[at:at+uint32(n)])
	}
	head := headOf(src, at, uint32(n))
	table := k.nodes[parent].table
	mask := uint32(len(k.links) - 1)
	for i := hash ^ table*0x9E3779B1; ; i++ {
		l := &k.links[i&mask]
		if l.child == 0 {
			return 0, false
		}
		if l.hash == hash && l.table == table && l.head == head && l.len == n &&
			(n <= 8 || k.nodes[l.child].name == string(src[at:at+uint32(n)])) {
			return l.child, false
		}
	}
}

// addLinks fills links for all tables of children, at most half full.
func (k *knowledge) addLinks() {
	tables := map[*catalog.NodeID]uint32{}
	n := 0
	for id := range k.nodes {
		kids := k.cat.Children(catalog.NodeID(id))
		if k.nodes[id].node == nil || len(kids) == 0 {
			continue
		}
		t, old := tables[&kids[0]]
		if !old {
			t = uint32(len(tables) + 1)
			tables[&kids[0]] = t
			n += len(kids)
		}
		k.nodes[id].table = t
	}
	size := 1
	for size < 2*n {
		size *= 2
	}
	k.links = make([]link, size)
	done := make([]bool, len(tables)+1)
	for id := range k.nodes {
		t := k.nodes[id].table
		if t == 0 || done[t] {
			continue
		}
		done[t] = true
		for place, c := range k.cat.Children(catalog.NodeID(id)) {
			k.nodes[c].place = uint8(place & 63)
			name := []byte(k.nodes[c].name)
			hash := uint32(nameHash(name))
			i := hash ^ t*0x9E3779B1
			for k.links[i&uint32(size-1)].child != 0 {
				i++
			}
			k.links[i&uint32(size-1)] = link{t, hash, headOf(name, 0, uint32(len(name))), c, uint8(len(name))}
		}
	}
}

// typeName is the name of a resource type.
type typeName struct {
	head uint64 // its first eight bytes, little end first
	name string
	typ  catalog.Type
}

func (k *knowledge) typeSlot(head uint64, n int) uint64 {
	return (head ^ uint64(n)) * mix >> 32 & uint64(len(k.types)-1)
}

// addTypes fills types, at most half full.
func (k *knowledge) addTypes() {
	size := 2
	for size < 2*len(k.cat.Types()) {
		size *= 2
	}
	k.types = make([]typeName, size)
	for _, t := range k.cat.Types() {
		name := k.cat.TypeName(t)
		head := headOf([]byte(name), 0, uint32(len(name)))
		i := k.typeSlot(head, len(name))
		for k.types[i].typ != 0 {
			i = (i + 1) & uint64(size-1)
		}
		k.types[i] = typeName{head, name, t}
	}
}

// typeAt is catalog.Catalog.TypeBytes of src[at:at+n].
func (k *knowledge) typeAt(src []byte, at, n int) (catalog.Type, bool) {
	if n == 0 {
		return 0, false
	}
	head := headOf(src, uint32(at), uint32(n))
	for i := k.typeSlot(head, n); ; i++ {
		t := &k.types[i&uint64(len(k.types)-1)]
		if t.typ == 0 {
			return 0, false
		}
		if t.head == head && len(t.name) == n && (n <= 8 || t.name == string(src[at:at+n])) {
			return t.typ, true
		}
	}
}

func knowledgeOf(cat *catalog.Catalog) *knowledge {
	k := &knowledge{cat: cat, nodes: make([]fact, 1)}
	for _, t := range cat.Types() {
		k.add(cat.Root(t))
		for _, name := range []string{"patient", "subject"} {
			p, ok := cat.Param(t, name)
			if !ok {
				continue
			}
			for _, n := range p.Nodes {
				k.subject(t, n)
			}
		}
	}
	k.findMarks()
	k.addLinks()
	k.addTypes()
	for _, c := range cat.Classes() {
		switch name := c.Name; {
		case strings.HasPrefix(name, "identifiers.") || name == "coverage.member-id":
			k.numbers = k.numbers.With(c.Class)
		}
	}
	class := func(name string) catalog.Class { c, _ := cat.Class(name); return c }
	for _, name := range []string{"mrn", "ssn", "license", "account", "visit", "device", "business", "other"} {
		k.byType = k.byType.With(class("identifiers." + name))
	}
	k.byType = k.byType.With(class("coverage.member-id"))
	for _, name := range []string{"contact.phone", "contact.fax", "contact.email", "identifiers.web-url"} {
		k.bySystem = k.bySystem.With(class(name))
	}
	k.birth, k.meta, k.definition = class("demographics.birth-date"), class("system.metadata"), class("system.definition")
	typ := func(name string) catalog.Type { t, _ := cat.Type(name); return t }
	k.patient, k.location, k.account = typ("Patient"), typ("Location"), typ("Account")
	k.visit = [2]catalog.Type{typ("Encounter"), typ("EpisodeOfCare")}
	return k
}

// findMarks fills below. Elements hold one another in circles (an item's items), so
// it goes on until nothing is added.
func (k *knowledge) findMarks() {
	for changed := true; changed; {
		changed = false
		for n := len(k.nodes) - 1; n > 0; n-- {
			f := &k.nodes[n]
			if f.node == nil || f.node.Kind == catalog.Extension {
				continue // no marks inside an extension
			}
			set := f.below
			for _, c := range k.cat.Children(catalog.NodeID(n)) {
				set = set.Union(k.nodes[c].below)
			}
			for _, m := range f.masks {
				set = set.With(k.nodes[m].node.Class)
			}
			if set != f.below {
				f.below, changed = set, true
			}
		}
	}
}

// subject marks n where it is a Reference that stands directly in the resource.
func (k *knowledge) subject(t catalog.Type, n catalog.NodeID) {
	for _, c := range k.cat.Children(k.cat.Root(t)) {
		if c == n && k.cat.Node(n).Kind == catalog.Reference {
			k.at(n).subject = true
		}
	}
}

func (k *knowledge) at(n catalog.NodeID) *fact {
	for int(n) >= len(k.nodes) {
		k.nodes = append(k.nodes, make([]fact, len(k.nodes))...)
	}
	return &k.nodes[n]
}

func traits(n *catalog.Node) (is trait) {
	set := func(t trait, when bool) {
		if when {
			is |= t
		}
	}
	set(isArray, n.Array)
	set(byValue, n.ByValue)
	set(dated, n.MainDate != 0)
	set(coded, (n.Label || n.Ruled) && n.Kind == catalog.Primitive)
	set(grouped, len(n.AnyOf) > 0)
	set(structural, n.Structure)
	set(telling, n.Withholds || n.Marks != 0)
	switch n.Kind {
	case catalog.Identifier, catalog.ContactPoint:
		set(heeded, n.ByValue)
	case catalog.Extension, catalog.Coding:
		set(heeded, true)
	case catalog.Reference:
		set(heeded|guarded, true)
	case catalog.Attachment, catalog.Meta, catalog.Narrative:
		set(guarded, true)
	}
	set(heeded, n.MainDate != 0 && n.Datatype == catalog.DTPeriod)
	return is
}

// add fills the facts of n's children, and of theirs.
func (k *knowledge) add(n catalog.NodeID) {
	if k.at(n).node != nil {
		return
	}
	node := k.cat.Node(n)
	f := k.at(n)
	f.node, f.class, f.kind, f.is = node, node.Class, node.Kind, traits(node)
	f.names(node.Name)
	f.item = objects
	if node.Kind == catalog.Primitive {
		f.item = scalars
	}
	f.birth = node.Datatype == catalog.DTDate && (node.Name == "birthDate" || strings.HasPrefix(node.Name, "born"))
	var must uint64
	var masks []catalog.NodeID
	last, lastBit := catalog.NodeID(0), uint64(0) // variants of a choice stand side by side
	for _, c := range k.cat.Children(n) {
		k.add(c)
		child := k.cat.Node(c)
		same := child.ChoiceOf != 0 && child.ChoiceOf == last
		if child.Mandatory {
			if !same {
				lastBit = must + 1 // the lowest free bit: must is 2^n - 1
				must |= lastBit
			}
			k.at(c).bit = lastBit
		}
		if child.Masked != "" && child.Name != "id" && !same { // an id bears no extension
			masks = append(masks, c)
		}
		last = child.ChoiceOf
	}
	for _, c := range node.AnyOf {
		k.at(c).group = true
	}
	f = k.at(n) // the slice may have grown
	f.must, f.masks = must, masks
	for _, c := range k.cat.Children(n) {
		if f := k.at(c); f.node.Absent != "" && (f.bit != 0 || f.group) {
			f.is |= standsIn
		}
	}
}

// Pool hands out Scanners that share what is known about one catalog.
type Pool struct {
	know   *knowledge
	limits Limits
	free   sync.Pool
}

// NewPool returns a Pool of Scanners; the arguments are those of New.
func NewPool(cat *catalog.Catalog, l Limits) *Pool {
	return &Pool{know: knowledgeOf(cat), limits: l}
}

// Get returns an empty Scanner. Put it back when its records are no longer used.
func (p *Pool) Get() *Scanner {
	if s, ok := p.free.Get().(*Scanner); ok {
		return s
	}
	return newScanner(p.know, p.limits)
}

// maxKept is the largest tape, in cells, that a Scanner in the Pool keeps: one
// enormous page must not stay in memory for ever.
const maxKept = 1 << 20

// Put takes a Scanner back and forgets its records.
func (p *Pool) Put(s *Scanner) {
	s.Reset()
	if cap(s.tape) <= maxKept {
		p.free.Put(s)
	}
}
