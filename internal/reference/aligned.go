package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// aligned writes one of the two arrays of a repeating primitive, "name" or "_name".
// Both keep the same places; one in which neither shows anything goes from both, so
// that a hidden extension leaves no gap (FC18).
func (p *projector) aligned(holder, e *element) (*Tree, shown) {
	if p.treatment(e.class) != policy.Keep {
		if e.sibling {
			return nil, nothing
		}
		return p.value(e)
	}
	values, siblings := e, partner(holder, e)
	if e.sibling {
		values, siblings = siblings, e
	}
	out, how := &Tree{Kind: '['}, nothing
	for i := range max(count(values), count(siblings)) {
		value, sibling := p.alignedValue(values, i), p.alignedSibling(siblings, i)
		this := value
		if e.sibling {
			this = sibling
		}
		switch {
		case this != nil:
			out.Items, how = append(out.Items, this), visible
		case value != nil || sibling != nil:
			out.Items = append(out.Items, &Tree{Kind: 'n', Raw: "null"})
		}
	}
	if how == nothing {
		return nil, nothing
	}
	return out, how
}

func (p *projector) alignedValue(list *element, i int) *Tree {
	if i >= count(list) || list.below[i].node == 0 || list.below[i].tree.blank() {
		return nil
	}
	return asItIs(list.below[i])
}

func (p *projector) alignedSibling(list *element, i int) *Tree {
	if i >= count(list) || list.below[i].node == 0 || list.below[i].tree.Kind != '{' || list.below[i].tree.blank() {
		return nil
	}
	t, _ := p.object(list.below[i])
	return t
}

func count(list *element) int {
	if list == nil {
		return 0
	}
	return len(list.below)
}

func partner(holder, e *element) *element {
	for _, k := range holder.below {
		if k.node == e.node && k.sibling != e.sibling {
			return k
		}
	}
	return nil
}

func hasSiblings(holder *element) bool {
	return slices.ContainsFunc(holder.below, func(k *element) bool { return k.node != 0 && k.sibling })
}

// siblingOf writes the member "_name" of a primitive: it follows its element (FC18).
func (p *projector) siblingOf(holder, e *element, n *catalog.Node) (*Tree, shown) {
	if p.treatment(e.class) == policy.Keep {
		return p.object(e)
	}
	// Our own mark of an age of 90 and over stands, unless the date itself says so.
	date := partner(holder, e)
	if p.treatment(e.class) == policy.Coarse && isBirth(n) && spelled(Member{e.name, e.tree}) == n.Masked &&
		(date == nil || !p.aged(date, n)) {
		return e.tree, visible
	}
	return nil, nothing
}
