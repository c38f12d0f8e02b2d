package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// Shape says how a record shows to one caller.
type Shape struct {
	View map[catalog.Class]policy.Treatment
	// InScope reports whether the caller may know of the patient; nil: of none.
	InScope func(patient string) bool
	// Visible reports whether another record is proven visible to the caller; nil:
	// none is.
	Visible func(t catalog.Type, id string) bool
	// Elements are the root's children that were asked for (FC35). Nil asks for all.
	Elements []catalog.NodeID
	// Token is the keyed pseudonym of a value; nil or "": there is none.
	Token func(class catalog.Class, value string) string
	// Year of the request, for ages of 90 and over (45 CFR 164.514(b)(2)(i)(C)); 0
	// shows no year of birth.
	Year int
	// Populous reports whether the three digits of a ZIP code may show: more than
	// 20,000 people live there (45 CFR 164.514(b)(2)(i)(B)). Nil: none may.
	Populous func(area string) bool
}

// shown says how much of something shows.
type shown int

const (
	nothing   shown = iota
	structure       // only what comes with what shows: id, status, a link to the patient
	visible
)

// projector writes one record.
type projector struct {
	*Shape
	record   *Record
	cat      *catalog.Catalog
	class    catalog.Class // of the resource being written
	whole    bool
	survives map[*contained]bool // contained resources that have something to show
	emits    map[*contained]bool // those that are written
}

// Project returns what a Shape shows of a record, nil where it is not there
// (design 6, rule 18). What comes back is a valid resource that is marked as a part.
func (r *Record) Project(s *Shape) *Tree {
	if r.Withheld {
		return nil
	}
	p := &projector{Shape: s, record: r, cat: r.reader.Catalog}
	p.settleInner()
	return p.top()
}

// treatment of a class: that of the record for what is of the record, and for
// everything in a record whose class replaces all, metadata and the unknown aside.
func (p *projector) treatment(c catalog.Class) policy.Treatment {
	own := p.viewed(p.class)
	switch {
	case c == catalog.Unknown:
		return policy.Omit
	case p.whole && p.cat.Name(c) == "system.metadata":
		return min(own, p.viewed(c))
	case p.whole, c == catalog.OfRecord:
		return own
	}
	return p.viewed(c)
}

// viewed is what the view says of a class. Definitions show whole or not: their parts
// name each other, and they are of no patient.
func (p *projector) viewed(c catalog.Class) policy.Treatment {
	t := p.View[c]
	if t != policy.Keep && p.cat.Name(c) == "system.definition" {
		return policy.Omit
	}
	return t
}

// top writes the record itself. It is there when something beyond structure shows, or
// a mark: mask keeps it there (rule 18).
func (p *projector) top() *Tree {
	p.class, p.whole = p.record.Class, p.record.whole
	out, how := p.root(p.record.root, true)
	marks, ok := p.complete(p.record.root, out)
	if !ok || how != visible && marks == 0 {
		return nil
	}
	return out.tree()
}

// object is an object in the writing.
type written struct {
	members []Member
	has     map[catalog.NodeID]bool // members that stand
}

func (w *written) add(m Member, n catalog.NodeID) {
	w.members = append(w.members, m)
	if n != 0 {
		w.has[n] = true
	}
}

func (w *written) tree() *Tree { return &Tree{Kind: '{', Members: w.members} }

// root writes the members of a resource. The tag that says "a part" follows the id of
// the record itself, unless meta shows in its own place.
func (p *projector) root(e *element, top bool) (*written, shown) {
	w := &written{has: map[catalog.NodeID]bool{}}
	how := nothing
	for _, k := range e.below {
		n := p.cat.Node(k.node)
		switch {
		case k.node == 0 && k.name == "resourceType":
			w.add(Member{k.name, asItIs(k)}, 0)
		case k.node == 0: // FC17
		case top && !p.asked(k.node):
			// It makes the record be there, and does not show (FC35).
			if _, as := p.member(e, k); as == visible {
				how = visible
			}
		case n.Structure && !k.sibling && !k.tree.blank():
			w.add(Member{k.name, asItIs(k)}, k.node)
			how = max(how, structure)
			if n.Class == catalog.OfRecord && p.treatment(k.class) == policy.Keep {
				how = visible
			}
			if top && n.Name == "id" && !p.metaShows(e) {
				w.add(constant(`"meta":{"tag":[`+subsetted+`]}`), 0)
			}
		default:
			if m, as := p.member(e, k); as != nothing {
				w.add(m, k.node)
				how = max(how, as)
			}
		}
	}
	return w, how
}

// asItIs copies a value and notes what its scalars were made of.
func asItIs(e *element) *Tree {
	out := &Tree{Kind: e.tree.Kind, Raw: e.tree.Raw, Items: e.tree.Items, Members: e.tree.Members, from: e}
	if out.Kind == '[' && len(e.below) == len(out.Items) {
		out.Items = nil
		for _, k := range e.below {
			out.Items = append(out.Items, asItIs(k))
		}
	}
	return out
}

// madeOf notes what a scalar was made of.
func madeOf(t *Tree, e *element) *Tree {
	t.from = e
	return t
}

const subsetted = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// asked reports whether a child of the record was asked for: mandatory ones come
// along (FC35).
func (p *projector) asked(id catalog.NodeID) bool {
	n := p.cat.Node(id)
	return p.Elements == nil || n.Mandatory || n.Structure || n.Kind == catalog.Meta || slices.Contains(p.Elements, id)
}

// member writes a member of an object.
func (p *projector) member(holder, e *element) (Member, shown) {
	n := p.cat.Node(e.node)
	switch {
	case e.node == 0 || e.tree.blank():
		return Member{}, nothing // FC17
	case p.standsIn(holder, e):
		return Member{}, nothing // it comes again, where constants stand
	case p.aged(e, n):
		return constant(n.Masked), visible
	}
	t, how := p.byForm(holder, e, n)
	if how == visible && n.Name == "url" && p.cat.Node(holder.node).Kind == catalog.Extension {
		how = structure // an address without a value says nothing
	}
	return Member{e.name, t}, how
}

// byForm writes a member by how JSON spells it: primitives come as a value, an object
// beside it, or both, and repeating ones as two arrays.
func (p *projector) byForm(holder, e *element, n *catalog.Node) (*Tree, shown) {
	switch {
	case n.Kind == catalog.Primitive && n.Array && hasSiblings(holder):
		return p.aligned(holder, e)
	case e.sibling:
		return p.siblingOf(holder, e, n)
	}
	return p.value(e)
}

// standsIn reports whether a member is the constant that stands for its own absence.
func (p *projector) standsIn(holder, e *element) bool {
	n := p.cat.Node(e.node)
	if !n.Mandatory && !slices.Contains(p.cat.Node(holder.node).AnyOf, e.node) || n.Absent == "" {
		return false
	}
	return spelled(Member{e.name, e.tree}) == n.Absent
}

func spelled(m Member) string {
	s := (&Tree{Kind: '{', Members: []Member{m}}).String()
	return s[1 : len(s)-1]
}

// value writes a value by its class.
func (p *projector) value(e *element) (*Tree, shown) {
	switch {
	case e.node == 0 || e.tree.blank():
		return nil, nothing
	case p.cat.Node(e.node).WholeOnly && p.treatment(e.class) != policy.Keep:
		return nil, nothing // an invariant ties it to what may be hidden
	case e.tree.Kind == '[':
		return p.array(e)
	case e.tree.Kind == '{':
		return p.complex(e)
	}
	return p.scalar(e)
}

// array writes the items that show. Where identifiers or contact points that their
// value makes masked could stand among them, one mark stands there whatever did.
func (p *projector) array(e *element) (*Tree, shown) {
	n := p.cat.Node(e.node)
	mark := p.markOfItem(n)
	out, how := &Tree{Kind: '['}, nothing
	for _, k := range e.below {
		if n.ByValue && mark != nil && k.tree.String() == mark.String() {
			continue
		}
		if t, as := p.value(k); as != nothing {
			out.Items = append(out.Items, t)
			how = max(how, as)
		}
	}
	if how == nothing {
		return nil, nothing
	}
	if n.ByValue && p.masksByValue(n) {
		out.Items = append(out.Items, mark)
	}
	return out, how
}

// markOfItem returns the one item of an element's constant mark.
func (p *projector) markOfItem(n *catalog.Node) *Tree {
	if n.Masked == "" {
		return nil
	}
	if v := constant(n.Masked).Value; v.Kind == '[' {
		return v.Items[0]
	}
	return nil
}

// masksByValue reports whether the view masks a class that an identifier or contact
// point of a person may have (F7: the mark is there whatever stands there).
func (p *projector) masksByValue(n *catalog.Node) bool {
	may := identifierClasses
	if n.Kind == catalog.ContactPoint {
		may = contactClasses
	}
	return n.ByValue && n.Masked != "" && slices.ContainsFunc(may, func(name string) bool {
		c, _ := p.cat.Class(name)
		return p.View[c] == policy.Mask
	})
}

var (
	identifierClasses = []string{
		"identifiers.mrn", "identifiers.ssn", "identifiers.license", "identifiers.account", "identifiers.visit",
		"identifiers.device", "identifiers.business", "identifiers.other", "coverage.member-id",
	}
	contactClasses = []string{"contact.phone", "contact.fax", "contact.email", "identifiers.web-url"}
)

// complex writes an object by its kind.
func (p *projector) complex(e *element) (*Tree, shown) {
	t := p.treatment(e.class)
	switch n := p.cat.Node(e.node); n.Kind {
	case catalog.Narrative:
		return nil, nothing // FC21
	case catalog.Extension, catalog.Attachment: // whole or not at all, FC20, FC26
		if t != policy.Keep {
			return nil, nothing
		}
	case catalog.Reference:
		return p.reference(e)
	case catalog.Meta:
		if e.up == p.record.root {
			return p.meta(e)
		}
	case catalog.ResourceRoot:
		return p.contained(e)
	case catalog.Coding:
		if t == policy.Coarse {
			return p.codeGroup(e)
		}
	case catalog.Identifier, catalog.ContactPoint:
		if t != policy.Keep {
			return p.numbered(e)
		}
	}
	return p.object(e)
}

// object writes an object whose members are judged one by one. One that has only
// structure left, or cannot be valid, is not there.
func (p *projector) object(e *element) (*Tree, shown) {
	w := &written{has: map[catalog.NodeID]bool{}}
	how := nothing
	for _, k := range e.below {
		if m, as := p.member(e, k); as != nothing {
			w.add(m, k.node)
			how = max(how, as)
		}
	}
	if _, ok := p.complete(e, w); how != visible || !ok {
		return nil, nothing
	}
	return w.tree(), visible
}

// complete adds what stands for what an object must have and may not show, then the
// marks, in the order of the definition and after everything that shows, so that
// their place tells nothing. ok is false where the object cannot be valid.
func (p *projector) complete(e *element, w *written) (marks int, ok bool) {
	for _, id := range p.cat.MandatoryChildren(e.node) {
		n := p.cat.Node(id)
		switch {
		case p.stands(w, id), p.neverThere(e, id):
		case n.Absent != "":
			w.add(constant(n.Absent), id)
		case !n.Bound: // a bound code always shows: the record has none
			return 0, false
		}
	}
	marks = p.marks(e, w)
	return marks, p.group(e, w)
}

// neverThere reports whether a mandatory value that would show is missing because the
// record has none: nothing may say of it that it is masked. Of a simple value only:
// what holds references or parts may go for what is hidden in it.
func (p *projector) neverThere(e *element, id catalog.NodeID) bool {
	n := p.cat.Node(id)
	if p.treatment(p.childClass(e, id)) != policy.Keep || n.Kind != catalog.Primitive || n.ChoiceOf != 0 {
		return false
	}
	return !slices.ContainsFunc(e.below, func(k *element) bool { return k.node == id && p.standsIn(e, k) })
}

// childClass is the class that a child of an object has or would have.
func (p *projector) childClass(e *element, id catalog.NodeID) catalog.Class {
	class := p.cat.Node(id).Class
	if e.swaps && class == p.cat.Node(e.node).Class {
		return e.class
	}
	return class
}

// stands reports whether an element, or another type of the same choice, is written.
func (p *projector) stands(w *written, id catalog.NodeID) bool {
	choice := p.cat.Node(id).ChoiceOf
	for has := range w.has {
		if has == id || choice != 0 && p.cat.Node(has).ChoiceOf == choice {
			return true
		}
	}
	return false
}

// marks adds one constant for each child that the view masks, whether or not the
// record has it (F7).
func (p *projector) marks(e *element, w *written) (n int) {
	for _, id := range p.cat.Children(e.node) {
		k := p.cat.Node(id)
		switch {
		case k.Masked == "" || k.Name == "id" || k.Mandatory:
		case p.treatment(p.childClass(e, id)) != policy.Mask && !p.masksByValue(k):
		case p.stands(w, id), e == p.record.root && !p.asked(id):
		default:
			w.add(constant(k.Masked), id)
			n++
		}
	}
	return n
}

// group: where FHIR wants one of several children, one must be left; else the group
// goes, or, of a resource, the first is marked absent.
func (p *projector) group(e *element, w *written) bool {
	n := p.cat.Node(e.node)
	if len(n.AnyOf) == 0 || slices.ContainsFunc(n.AnyOf, func(id catalog.NodeID) bool { return w.has[id] }) {
		return true
	}
	first := p.cat.Node(n.AnyOf[0]).Absent
	if n.Kind != catalog.ResourceRoot || first == "" {
		return false
	}
	w.add(constant(first), n.AnyOf[0])
	return true
}

// metaShows reports whether the record's metadata shows in its own place (FC09).
func (p *projector) metaShows(root *element) bool {
	for _, k := range root.below {
		if k.name == "meta" && k.node != 0 && !k.tree.blank() {
			return p.treatment(k.class) == policy.Keep
		}
	}
	return false
}

// meta writes the record's metadata, with the tag that says "a part" once. It makes
// nothing be there.
func (p *projector) meta(e *element) (*Tree, shown) {
	if p.treatment(e.class) != policy.Keep {
		return nil, nothing
	}
	out := &Tree{Kind: '{'}
	part, _ := Parse([]byte(subsetted))
	tagged := false
	for _, k := range e.below {
		if k.node == 0 || k.name != "tag" || k.tree.Kind != '[' {
			if m, how := p.member(e, k); how != nothing {
				out.Members = append(out.Members, m)
			}
			continue
		}
		tags := &Tree{Kind: '['}
		for _, item := range k.below {
			if t, how := p.value(item); how != nothing && item.tree.Get("code").text() != "SUBSETTED" {
				tags.Items = append(tags.Items, t)
			}
		}
		tags.Items = append(tags.Items, part)
		out.Members = append(out.Members, Member{k.name, tags})
		tagged = true
	}
	if !tagged {
		out.Members = append(out.Members, Member{"tag", &Tree{Kind: '[', Items: []*Tree{part}}})
	}
	return out, structure
}
