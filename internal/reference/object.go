package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

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
	var mark *Tree
	if n.ByValue {
		mark = p.markOfItem(n)
	}
	out, how := &Tree{Kind: '['}, nothing
	for _, k := range e.below {
		if mark != nil && k.tree.String() == mark.String() {
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
