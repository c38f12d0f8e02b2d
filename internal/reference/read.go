package reference

import (
	"slices"
	"time"

	"modicum/catalog"
)

// Reader reads records of one upstream.
type Reader struct {
	Catalog *catalog.Catalog
	Base    string         // address of the upstream; a reference below it names a record of ours
	Zone    *time.Location // of dates without a time zone; nil: UTC
}

// Ref names a record of this server.
type Ref struct {
	Type catalog.Type
	ID   string
}

// Record is what a resource tells about itself.
type Record struct {
	Type     catalog.Type
	ID       string
	Class    catalog.Class // of the record, by the conditional rules
	Overlays Overlays
	Lasting  bool

	Patients       []string // every patient whom it names, at any depth
	UnknownPatient bool     // it names one who cannot be told: it is not there
	Withheld       bool     // not there whatever a view shows (FC20, FC25)

	Visits      []Ref // visits and episodes that it says it belongs to
	Accounts    []string
	Authors     []Ref
	Places      []Ref
	From, Until time.Time // main date; zero where it has none

	bearer *Record // the visible record by which it is proven
	reader *Reader
	root   *element
	whole  bool // Class replaces that of every element: psychotherapy notes
	inner  []*contained
	rule   catalog.RuleID
	labels catalog.OverlaySet
	codes  catalog.OverlaySet
	rank   uint8 // of the main date
}

// element is a value of a record with what the catalog says about it.
type element struct {
	tree    *Tree
	name    string         // of the member; "" for an item
	node    catalog.NodeID // 0: the catalog does not know it
	class   catalog.Class  // OfRecord stands for that of the resource around it
	sibling bool           // the member "_name" of a primitive
	swaps   bool           // elements of the node's own class take this one's: identifiers, contact points
	below   []*element     // members or items
	to      *target        // of a Reference
	inner   *contained     // the contained resource that it is
	typ     catalog.Type   // of the resource around it
	around  *contained     // the contained resource around it, nil in the record itself
	up      *element
}

// contained is a resource inside a record (FC24).
type contained struct {
	at     *element
	typ    catalog.Type
	id     string
	class  catalog.Class
	whole  bool
	rule   catalog.RuleID
	denied bool
}

// Read tells what a resource says about itself.
func (rd *Reader) Read(t *Tree) *Record {
	r := &Record{reader: rd, Overlays: Overlays{}, Withheld: true}
	typ, known := rd.Catalog.Type(t.Get("resourceType").text())
	r.ID = t.Get("id").text()
	if t.Kind != '{' || !known || !isID(r.ID) {
		return r
	}
	r.Type, r.Withheld = typ, false
	r.root = &element{tree: t, node: rd.Catalog.Root(typ), class: catalog.OfRecord, typ: typ}
	r.codes = rd.Catalog.TypeOverlays(typ)
	if r.isPatient(typ) {
		r.addPatient(r.ID)
	}
	r.members(r.root)
	r.settle()
	return r
}

func (r *Record) isPatient(t catalog.Type) bool { return r.reader.Catalog.TypeName(t) == "Patient" }

func (r *Record) addPatient(id string) {
	if !slices.Contains(r.Patients, id) {
		r.Patients = append(r.Patients, id)
	}
}

// settle tells what only the whole record tells.
func (r *Record) settle() {
	cat := r.reader.Catalog
	r.Class = cat.DefaultClass(r.Type)
	if r.rule != 0 {
		r.Class, r.whole = cat.RuleClass(r.rule)
	}
	for _, k := range r.inner {
		if k.rule != 0 {
			k.class, k.whole = cat.RuleClass(k.rule)
		}
	}
	for o := range (r.codes | cat.Settle(r.labels)).All {
		r.Overlays[o] = true
	}
	r.Lasting = cat.Lasting(r.Type)
	r.Withheld = r.Withheld || cat.DenyByDefault(r.Type) && !cat.DenyUnlessNamed(r.Type)
	r.settleTargets(r.root)
}

// members gives the members of an object their elements, and goes on below.
func (r *Record) members(e *element) {
	cat := r.reader.Catalog
	for _, m := range e.tree.Members {
		node, sibling := cat.Child(e.node, []byte(m.Name))
		k := &element{tree: m.Value, name: m.Name, typ: e.typ, around: e.around, up: e}
		e.below = append(e.below, k)
		n := cat.Node(node)
		if node == 0 {
			continue
		}
		r.Withheld = r.Withheld || n.Withholds // FC20
		if !fits(n, sibling, m.Value) {
			continue
		}
		k.node, k.sibling, k.class = node, sibling, n.Class
		r.codes |= n.Marks
		switch {
		case n.Class == catalog.OfExtension:
			k.class = e.class
		case e.swaps && n.Class == cat.Node(e.node).Class:
			k.class, k.swaps = e.class, true
		}
		r.value(k)
	}
}

// fits reports whether a value has the JSON shape of its element. What has another is
// as unknown as a vendor's own field (FC17).
func fits(n *catalog.Node, sibling bool, t *Tree) bool {
	switch {
	case t.Kind == 'n' || (t.Kind == '[') != n.Array:
		return false
	case t.Kind == '[':
		return true
	}
	return (t.Kind == '{') == (n.Kind != catalog.Primitive || sibling)
}

func (r *Record) value(e *element) {
	switch e.tree.Kind {
	case '[':
		r.items(e)
	case '{':
		r.object(e)
	default:
		r.scalar(e)
	}
}

// items: an array's items are what the array is. FHIR has no arrays of arrays, and
// null stands only among primitives.
func (r *Record) items(e *element) {
	primitive := r.reader.Catalog.Node(e.node).Kind == catalog.Primitive
	for _, v := range e.tree.Items {
		k := &element{tree: v, typ: e.typ, around: e.around, up: e}
		e.below = append(e.below, k)
		switch {
		case v.Kind == '[', v.Kind == 'n' && !primitive:
			continue
		case v.Kind != 'n' && (v.Kind == '{') == (primitive && !e.sibling):
			continue
		}
		k.node, k.class, k.sibling, k.swaps = e.node, e.class, e.sibling, e.swaps
		r.value(k)
	}
}

func (r *Record) object(e *element) {
	cat := r.reader.Catalog
	n := cat.Node(e.node)
	switch n.Kind {
	case catalog.Resource:
		if !r.contains(e) {
			e.node = 0
			return
		}
	case catalog.Extension:
		r.extension(e)
	case catalog.Identifier:
		if n.ByValue {
			e.class, e.swaps = r.identifierClass(n.Class, e.tree), true
		}
	case catalog.ContactPoint:
		if n.ByValue {
			e.class, e.swaps = cat.ContactClass(n.Class, []byte(e.tree.Get("system").text())), true
		}
	case catalog.Coding:
		r.code(e, []byte(e.tree.Get("system").text()), []byte(e.tree.Get("code").text()))
	case catalog.Reference:
		r.reference(e, n)
	}
	r.members(e)
	if n.Datatype == catalog.DTPeriod {
		r.date(e, n, e.tree.Get("start"))
	}
}
