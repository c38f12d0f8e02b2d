package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

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
// along, and so does what is contained, where something that shows names it (FC35).
func (p *projector) asked(id catalog.NodeID) bool {
	n := p.cat.Node(id)
	return p.Elements == nil || n.Mandatory || n.Structure || n.Kind == catalog.Meta || n.Kind == catalog.Resource || slices.Contains(p.Elements, id)
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
