package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

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
