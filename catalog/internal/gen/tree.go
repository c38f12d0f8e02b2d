package main

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/catalog/internal/table"
)

// builder grows the element tree. Elements of a resource have nodes of their own;
// the inside of a datatype is shared by all elements of one class that hold it,
// unless a rule or a search parameter names a path into it.
type builder struct {
	defs    *definitions
	words   *words
	notes   []string
	out     table.Snapshot
	rules   map[string]uint64 // element path to class, 0 for hidden
	special map[string]bool   // paths, without [x], below which nothing may be shared
	tables  map[string]uint64 // memo: what and in which class, to table
	typeNo  map[string]uint64
	groups  []group
	absents map[uint64]table.Constant
	errs    []error
}

// group is an AnyOf to be filled in when all tables stand.
type group struct {
	node  uint64
	names []string
}

// context is what a child inherits.
type context struct {
	class  uint64
	ruled  bool // by a path or datatype rule: datatype rules no longer apply
	locked bool // hidden, or inside an extension: no rule applies
	free   bool // a type without patient data: identifiers and attachments are its own
}

const (
	ofRecord    = uint64(catalog.OfRecord)
	ofExtension = uint64(catalog.OfExtension)
)

func newBuilder(d *definitions, w *words) *builder {
	return &builder{
		defs: d, words: w, rules: map[string]uint64{}, special: map[string]bool{},
		tables: map[string]uint64{}, typeNo: map[string]uint64{},
		absents: map[uint64]table.Constant{},
	}
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

func (b *builder) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// build derives everything, in the order in which one thing needs another.
func (b *builder) build() error {
	b.out.Nodes = make([]table.Node, 1)
	b.out.Tables = make([]table.Table, 1)
	for i, t := range b.defs.resources {
		b.typeNo[t] = uint64(i + 1)
		b.out.Types = append(b.out.Types, table.Type{Name: t})
	}
	b.addClasses()
	b.readPathRules()
	b.readSpecialPaths()
	b.checkConstraints()
	if len(b.errs) > 0 {
		return b.problems()
	}
	for i, t := range b.defs.resources {
		b.out.Types[i].Root = b.root(t)
	}
	b.fillGroups()
	b.addMarks()
	b.addRules()
	b.addParams()
	b.addValueTables()
	b.addCodes()
	b.addTraits()
	return b.problems()
}

func (b *builder) problems() error {
	if len(b.errs) == 0 {
		return nil
	}
	lines := make([]string, len(b.errs))
	for i, e := range b.errs {
		lines[i] = e.Error()
	}
	return fmt.Errorf("%d problems:\n  %s", len(lines), strings.Join(lines, "\n  "))
}

func (b *builder) snapshot() *table.Snapshot { return &b.out }

func (b *builder) root(typ string) uint64 {
	def := b.defs.types[typ]
	id := uint64(len(b.out.Nodes))
	b.out.Nodes = append(b.out.Nodes, table.Node{
		Name: typ, Path: typ, Class: ofRecord, Kind: uint64(catalog.ResourceRoot),
	})
	c := context{class: ofRecord, free: b.patientFree(typ)}
	t := b.children(def, typ, c)
	b.out.Nodes[id].Table = t
	b.addGroup(id, def)
	return id
}

func (b *builder) patientFree(typ string) bool {
	class := b.words.classes.Classes[b.out.Types[b.typeNo[typ]-1].Default-1].Class
	return slices.Contains(b.words.decisions.PatientFree, class)
}

// children returns the table of what stands inside def, where the element has the
// path logical and c is what it hands down.
func (b *builder) children(def *element, logical string, c context) uint64 {
	own := ""
	if plain := strings.ReplaceAll(logical, "[x]", ""); b.special[plain] {
		own = plain
	}
	key := fmt.Sprintf("%s|%d|%t|%t|%t|%s", def.path, c.class, c.ruled, c.locked, c.free, own)
	if t, ok := b.tables[key]; ok {
		return t
	}
	id := uint64(len(b.out.Tables))
	b.tables[key] = id
	b.out.Tables = append(b.out.Tables, table.Table{})
	var nodes []uint64
	for _, e := range def.children {
		nodes = append(nodes, b.element(def, e, logical, c)...)
	}
	b.out.Tables[id].Nodes = nodes
	return id
}

// element makes the node of one element, or one node for each type of a choice.
func (b *builder) element(parent, e *element, logical string, c context) []uint64 {
	path := logical + "." + e.name
	if e.choice {
		path += "[x]"
	}
	types := e.types
	if e.contentRef != "" {
		types = []elementType{{code: "BackboneElement"}}
	}
	first := uint64(len(b.out.Nodes))
	var ids []uint64
	for range types { // reserve, so that variants stand side by side
		ids = append(ids, uint64(len(b.out.Nodes)))
		b.out.Nodes = append(b.out.Nodes, table.Node{})
	}
	mixed, all := false, uint64(0)
	for i, t := range types {
		n := b.node(parent, e, t, path, c)
		if e.choice {
			n.ChoiceOf = first
		}
		mixed = mixed || i > 0 && n.Class != all
		all = n.Class
		b.out.Nodes[ids[i]] = n
		b.addGroup(ids[i], e)
	}
	absent, masked := b.constants(e)
	if mixed || noMask[path] {
		// A mark for a choice whose variants have several classes could stand
		// beside a variant that shows.
		masked = table.Constant{}
	}
	for _, id := range ids {
		n := &b.out.Nodes[id]
		if n.Flags&table.Mandatory != 0 {
			n.Absent = absent
		}
		n.Masked = masked
		b.absents[id] = absent
	}
	return ids
}

func (b *builder) node(parent, e *element, t elementType, path string, c context) table.Node {
	inner := b.classify(parent, e, t.code, path, c)
	n := table.Node{
		Name: e.name, Path: path, Class: inner.class,
		Kind: uint64(b.kindOf(e, t.code)), Datatype: uint64(datatypeOf(t.code)),
	}
	if e.choice {
		n.Name = e.name + strings.ToUpper(t.code[:1]) + t.code[1:]
	}
	if class := inner.class; class != 0 && class < ofExtension {
		if o, is := b.words.overlay[b.words.classes.Classes[class-1].Class]; is {
			n.Marks = 1 << o // the element's presence marks the record; nobody can `see` it
		}
	}
	n.Flags = b.flags(parent, e, t, path, &n)
	b.refer(&n, t, path)
	n.Table = b.inner(e, t.code, path, inner)
	return n
}

// classify applies the rules: the longest path, then the datatype, then what is
// handed down.
func (b *builder) classify(parent, e *element, datatype, path string, c context) context {
	class := func(name string) context {
		n, err := b.words.class(name, path)
		if err != nil {
			b.errs = append(b.errs, err)
		}
		return context{class: n, ruled: true, free: c.free}
	}
	hidden := context{ruled: true, locked: true, free: c.free}
	if datatype == "Signature" || parent.path == "Reference" && (e.name == "display" || e.name == "identifier") {
		return hidden // FC22, FC30
	}
	if c.locked {
		return c
	}
	if rule, ok := b.rules[path]; ok {
		if rule == 0 {
			return hidden
		}
		return context{class: rule, ruled: true, free: c.free}
	}
	if atRoot := strings.Count(path, ".") == 1; atRoot {
		switch e.name {
		case "id":
			return class("identifiers.resource-id")
		case "implicitRules":
			return hidden
		}
	}
	if c.ruled {
		return c
	}
	switch datatype {
	case "Annotation":
		return class("clinical.annotation")
	case "Narrative":
		return class("system.narrative")
	case "Meta":
		return class("system.metadata")
	case "Attachment", "base64Binary":
		if !c.free && strings.Contains(path, ".") && !strings.HasPrefix(path, "Binary.") {
			return class("clinical.note")
		}
	case "Identifier":
		if !c.free {
			return class("identifiers.business")
		}
	}
	return c
}

func (b *builder) flags(parent, e *element, t elementType, path string, n *table.Node) (f uint64) {
	set := func(bit uint64, when bool) {
		if when {
			f |= bit
		}
	}
	depth := strings.Count(path, ".")
	bound := e.required && t.code == "code"
	mandatory := e.min > 0 || keepValid[path]
	person := strings.HasPrefix(path, "Patient.") || strings.HasPrefix(path, "Person.") || strings.HasPrefix(path, "RelatedPerson.")
	className := ""
	if n.Class != 0 && n.Class < ofExtension {
		className = b.words.classes.Classes[n.Class-1].Class
	}
	set(table.Array, e.array)
	set(table.Mandatory, mandatory)
	set(table.Bound, bound)
	set(table.Withholds, e.name == "modifierExtension" || e.name == "implicitRules" && depth == 1)
	set(table.Structure, depth == 1 && (e.name == "id" || mandatory && bound))
	set(table.WholeOnly, wholeOnly[path])
	set(table.ByValue, person && (t.code == "Identifier" && className == "identifiers.other" ||
		t.code == "ContactPoint" && className == "contact.phone"))
	return f
}

// refer notes where a reference may point.
func (b *builder) refer(n *table.Node, t elementType, path string) {
	if t.code != "Reference" {
		return
	}
	words := make([]uint64, 4)
	for name, no := range b.typeNo {
		if t.any || slices.Contains(t.targets, name) {
			words[no>>6] |= 1 << (no & 63)
		}
	}
	n.RefersSet = words
	if patient := b.typeNo["Patient"]; words[patient>>6]&(1<<(patient&63)) != 0 && path != "Patient.link.other" {
		n.Flags |= table.BearsPatient // Patient.link is a mere reference, design 5
	}
}

// inner returns the table of the children of an element of the datatype.
func (b *builder) inner(e *element, datatype, path string, c context) uint64 {
	switch {
	case datatype == "Resource":
		return 0
	case datatype == "Extension":
		// An extension's class follows its address, so that what is inside has it too.
		return b.children(b.defs.types["Extension"], "Extension", context{class: ofExtension, ruled: true, locked: true})
	case e.contentRef != "":
		def := b.defs.find(e.contentRef)
		if def == nil {
			b.fail("%s: content of %s is not defined", path, e.contentRef)
			return 0
		}
		return b.children(def, path, c)
	case len(e.children) > 0:
		return b.children(e, path, c)
	case b.defs.kinds[datatype] == "primitive-type":
		return b.children(b.defs.types["Element"], path, c)
	}
	def := b.defs.types[datatype]
	if def == nil {
		b.fail("%s: datatype %s is not defined", path, datatype)
		return 0
	}
	return b.children(def, path, c)
}

func (b *builder) addGroup(node uint64, e *element) {
	if e.contentRef != "" { // the constraints stand where the content does
		e = b.defs.find(e.contentRef)
	}
	if e == nil {
		return
	}
	if names := b.anyOf(e); len(names) > 0 {
		b.groups = append(b.groups, group{node, names})
	}
}

func (b *builder) fillGroups() {
	for _, g := range b.groups {
		n := &b.out.Nodes[g.node]
		for _, name := range g.names {
			found := b.within(n.Table, name, "")
			if len(found) == 0 {
				b.fail("%s: no child %s for its constraint", n.Path, name)
			}
			n.AnyOf = append(n.AnyOf, found...)
			for _, id := range found {
				b.out.Nodes[id].Absent = b.absents[id]
			}
		}
	}
}

// within returns the nodes of a table by element name: all variants of a choice,
// or the one of the type.
func (b *builder) within(t uint64, name, typ string) (found []uint64) {
	for _, id := range b.out.Tables[t].Nodes {
		n := &b.out.Nodes[id]
		last := strings.TrimSuffix(n.Path[strings.LastIndexByte(n.Path, '.')+1:], "[x]")
		if last != name {
			continue
		}
		if typ == "" || n.ChoiceOf == 0 || strings.EqualFold(n.Name, name+typ) {
			found = append(found, id)
		}
	}
	return found
}

// at returns the nodes at a path without choice types, such as Claim.item.encounter.
func (b *builder) at(path string) []uint64 {
	parts := strings.Split(path, ".")
	no := b.typeNo[parts[0]]
	if no == 0 {
		return nil
	}
	now := []uint64{b.out.Types[no-1].Root}
	for _, p := range parts[1:] {
		var next []uint64
		for _, id := range now {
			next = append(next, b.within(b.out.Nodes[id].Table, strings.TrimSuffix(p, "[x]"), "")...)
		}
		now = next
	}
	return now
}
