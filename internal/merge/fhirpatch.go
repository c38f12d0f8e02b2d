package merge

import (
	"slices"
	"strings"

	"modicum/catalog"
)

// FHIRPathPatch applies a FHIRPath Patch (hl7.org/fhir/R4/fhirpatch.html), a Parameters
// resource, to what is shown of a record, and returns what Merge takes as sent. Its
// paths see what is shown only (threat-model FC15). The error is a *PatchError.
func FHIRPathPatch(cat *catalog.Catalog, shown, parameters []byte) (sent []byte, err error) {
	doc, ok := read(shown)
	params, isPatch := read(parameters)
	if !ok || !isPatch || params.get("resourceType").str() != "Parameters" {
		return nil, &PatchError{0, NotAPatch}
	}
	ops := params.get("parameter")
	if ops != nil && (ops.kind != '[' || len(ops.items) > mostOperations) {
		return nil, &PatchError{0, NotAPatch}
	}
	p := patcher{resolver{cat, doc, mostLooks}, mostBytes - len(shown)}
	if ops == nil {
		return shown, nil
	}
	for i, op := range ops.items {
		if fault := p.operation(op); fault != 0 {
			return nil, &PatchError{i, fault}
		}
	}
	doc.prune()
	return doc.append(nil), nil
}

type patcher struct {
	resolver
	left int // bytes the document may still grow
}

// operation does one operation: a parameter of that name, with a part for each argument.
func (p *patcher) operation(op *tree) Fault {
	args, ok := arguments(op)
	if op.get("name").str() != "operation" || !ok {
		return Incomplete
	}
	path, ok := args["path"]
	text := path.get("valueString").str()
	if !ok || text == "" {
		return Incomplete
	}
	spots, fault := p.find(text)
	if fault != 0 {
		return fault
	}
	switch args["type"].get("valueCode").str() {
	case "add":
		return p.add(spots, args["name"].get("valueString").str(), args["value"])
	case "insert":
		return p.insert(text, args["index"], args["value"])
	case "delete":
		return p.remove(spots)
	case "replace":
		return p.replace(spots, args["value"])
	case "move":
		return p.move(text, args["source"], args["destination"])
	}
	return NoSuchOp
}

// arguments are the parts of an operation by name, each once.
func arguments(op *tree) (map[string]*tree, bool) {
	parts := op.get("part")
	if parts == nil || parts.kind != '[' {
		return nil, false
	}
	out := map[string]*tree{}
	for _, part := range parts.items {
		name := part.get("name").str()
		if name == "" || out[name] != nil {
			return nil, false
		}
		out[name] = part
	}
	return out, true
}

func one(spots []spot) (spot, Fault) {
	switch len(spots) {
	case 0:
		return spot{}, NothingHere
	case 1:
		return spots[0], 0
	}
	return spot{}, NotOne
}

// argument is a value of an element of a type: JSON, its "_" sibling, and the type's
// name as value[x] spells it.
type argument struct {
	value, more *tree
	typ         string
}

// argument reads the part "value": value[x], or parts that are the children of an
// element without a type of its own.
func (p *patcher) argument(part *tree, n catalog.NodeID) (argument, Fault) {
	var a argument
	if part == nil || part.kind != '{' {
		return a, Incomplete
	}
	if inner := part.get("part"); inner != nil {
		v, fault := p.anonymous(inner, n)
		a.value = v
		return a, fault
	}
	for _, f := range part.members {
		name, sibling := strings.CutPrefix(f.name, "_")
		typ, ok := strings.CutPrefix(name, "value")
		switch {
		case f.name == "resource" && a.value == nil:
			a.value = f.value.clone()
		case !ok || typ == "":
		case a.typ != "" && a.typ != typ:
			return a, Incomplete
		case sibling:
			a.typ, a.more = typ, f.value.clone()
		default:
			a.typ, a.value = typ, f.value.clone()
		}
	}
	if a.value == nil && a.more == nil {
		return a, Incomplete
	}
	return a, 0
}

func (p *patcher) anonymous(parts *tree, n catalog.NodeID) (*tree, Fault) {
	out := &tree{kind: '{'}
	for _, part := range parts.items {
		if fault := p.put(out, n, part.get("name").str(), part); fault != 0 {
			return nil, fault
		}
	}
	if len(out.members) == 0 {
		return nil, Incomplete
	}
	return out, 0
}

// put adds a child to an element.
func (p *patcher) put(holder *tree, n catalog.NodeID, name string, part *tree) Fault {
	ids := p.named(n, name)
	if holder == nil || holder.kind != '{' {
		return NothingHere
	}
	if len(ids) == 0 {
		return BadPath
	}
	a, fault := p.argument(part, ids[0])
	if fault != 0 {
		return fault
	}
	id, fault := p.variant(ids, a.typ)
	if fault != 0 {
		return fault
	}
	for _, v := range ids {
		if !p.cat.Node(v).Array && len(p.spots(holder, n, v)) > 0 {
			return Occupied
		}
	}
	return p.set(spot{holder, n, id, p.cat.Node(id).Name, len(p.spots(holder, n, id))}, a, true)
}

// variant is the child of a choice that holds values of a type.
func (p *patcher) variant(ids []catalog.NodeID, typ string) (catalog.NodeID, Fault) {
	if p.cat.Node(ids[0]).ChoiceOf == 0 {
		return ids[0], 0
	}
	for _, id := range ids {
		if k := p.cat.Node(id); k.Name == base(k)+typ {
			return id, 0
		}
	}
	return 0, Incomplete
}

// set writes a value at a spot, as a new item of a list or in place of what is there.
func (p *patcher) set(s spot, a argument, fresh bool) Fault {
	for _, v := range []*tree{a.value, a.more} {
		if v != nil {
			p.left -= v.size()
		}
	}
	if p.left < 0 {
		return TooMuch
	}
	if !p.cat.Node(s.node).Array {
		p.member(s.holder, s.name, a.value)
		if p.primitive(s) {
			p.member(s.holder, "_"+s.name, a.more)
		}
		return 0
	}
	p.item(s.holder, s.name, s.at, a.value, fresh)
	if p.primitive(s) {
		p.item(s.holder, "_"+s.name, s.at, a.more, fresh)
		value, more := s.holder.get(s.name), s.holder.get("_"+s.name)
		fill(value, longest(value, more))
		fill(more, longest(value, more))
	}
	return 0
}

func (p *patcher) primitive(s spot) bool { return p.cat.Node(s.node).Kind == catalog.Primitive }

func (p *patcher) member(holder *tree, name string, v *tree) {
	if v == nil {
		holder.drop(name)
		return
	}
	holder.put(name, v)
}

// item writes an item of a list, which it makes and fills with null as far as needed:
// the two lists of a repeating primitive keep the same places.
func (p *patcher) item(holder *tree, name string, at int, v *tree, fresh bool) {
	list := holder.get(name)
	if list == nil {
		if v == nil {
			return
		}
		list = &tree{kind: '['}
		holder.put(name, list)
	}
	if v == nil {
		v = null()
	}
	fill(list, at)
	if fresh || at == len(list.items) {
		list.items = slices.Insert(list.items, at, v)
	} else {
		list.items[at] = v
	}
	p.bare(holder, name)
}

func null() *tree { return &tree{kind: 'n', raw: []byte("null")} }

// fill makes a list that is there n items long.
func fill(list *tree, n int) {
	for list != nil && len(list.items) < n {
		list.items = append(list.items, null())
	}
}

// bare takes a list away that has nothing but nulls.
func (p *patcher) bare(holder *tree, name string) {
	list := holder.get(name)
	if list != nil && !slices.ContainsFunc(list.items, func(t *tree) bool { return t.kind != 'n' }) {
		holder.drop(name)
	}
}

func (p *patcher) add(spots []spot, name string, part *tree) Fault {
	at, fault := one(spots)
	if fault != 0 {
		return fault
	}
	if name == "" {
		return Incomplete
	}
	return p.put(p.value(at), p.node(at), name, part)
}

func (p *patcher) replace(spots []spot, part *tree) Fault {
	at, fault := one(spots)
	switch {
	case fault != 0:
		return fault
	case at.holder == nil:
		return BadPath
	}
	a, fault := p.argument(part, at.node)
	if fault != 0 {
		return fault
	}
	if ids := p.named(at.under, base(p.cat.Node(at.node))); p.cat.Node(at.node).ChoiceOf != 0 {
		id, fault := p.variant(ids, a.typ)
		if fault != 0 {
			return fault
		}
		p.cutOut(at)
		at.node, at.name = id, p.cat.Node(id).Name
	}
	return p.set(at, a, false)
}

// base is the name of an element without the type of a choice.
func base(k *catalog.Node) string {
	return strings.TrimSuffix(k.Path[strings.LastIndexByte(k.Path, '.')+1:], "[x]")
}

// remove takes a value away. Where none is, there is nothing to do.
func (p *patcher) remove(spots []spot) Fault {
	if len(spots) == 0 {
		return 0
	}
	at, fault := one(spots)
	switch {
	case fault != 0:
		return fault
	case at.holder == nil:
		return BadPath
	}
	p.cutOut(at)
	return 0
}

// cutOut takes a value out of both its members.
func (p *patcher) cutOut(s spot) argument {
	a := argument{value: p.cutMember(s, s.name)}
	if p.primitive(s) {
		a.more = p.cutMember(s, "_"+s.name)
	}
	return a
}

func (p *patcher) cutMember(s spot, name string) *tree {
	v := s.holder.get(name)
	if v == nil {
		return nil
	}
	if s.at == single {
		s.holder.drop(name)
		return v
	}
	if s.at >= len(v.items) {
		return nil
	}
	item := v.items[s.at]
	v.items = slices.Delete(v.items, s.at, s.at+1)
	p.bare(s.holder, name)
	if item.kind == 'n' {
		return nil
	}
	return item
}

// list finds the list that a path names as a whole: its holder and its length.
func (p *patcher) list(path string) (spot, int, Fault) {
	all, ok := steps(path)
	if !ok || all[len(all)-1].name == "" || len(all) < 2 {
		return spot{}, 0, BadPath
	}
	name := all[len(all)-1].name
	holders, fault := p.find(path[:strings.LastIndexByte(path, '.')])
	if fault != 0 {
		return spot{}, 0, fault
	}
	holder, fault := one(holders)
	if fault != 0 {
		return spot{}, 0, fault
	}
	ids := p.named(p.node(holder), name)
	if len(ids) != 1 || !p.cat.Node(ids[0]).Array {
		return spot{}, 0, BadPath
	}
	s := spot{p.value(holder), p.node(holder), ids[0], p.cat.Node(ids[0]).Name, 0}
	return s, len(p.spots(s.holder, s.under, s.node)), 0
}

// whole reads a part that is an index.
func whole(part *tree) (int, bool) {
	v := part.get("valueInteger")
	if v == nil || v.kind != '0' {
		return 0, false
	}
	return position(string(v.raw))
}

func (p *patcher) insert(path string, index, part *tree) Fault {
	list, n, fault := p.list(path)
	if fault != 0 {
		return fault
	}
	at, ok := whole(index)
	if !ok {
		return Incomplete
	}
	if at > n {
		return OutOfRange
	}
	a, fault := p.argument(part, list.node)
	if fault != 0 {
		return fault
	}
	list.at = at
	return p.set(list, a, true)
}

func (p *patcher) move(path string, source, destination *tree) Fault {
	list, n, fault := p.list(path)
	if fault != 0 {
		return fault
	}
	from, ok := whole(source)
	to, other := whole(destination)
	switch {
	case !ok || !other:
		return Incomplete
	case from >= n || to >= n:
		return OutOfRange
	}
	list.at = from
	a := p.cutOut(list)
	list.at = to
	return p.set(list, a, true)
}
