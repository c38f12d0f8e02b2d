package reference

import (
	"slices"

	"modicum/policy"
)

// knows reports whether the caller may know what a reference names (FC23): the
// patient in scope, what is of no patient, a contained resource that shows, and what
// is proven visible.
func (p *projector) knows(to *target) bool {
	switch {
	case to.inner != nil:
		return p.survives[to.inner]
	case to.Type == 0:
		return false
	case p.scope(to), p.cat.PatientFree(to.Type), p.cat.ByProof(to.Type):
		return true
	}
	return p.Visible != nil && p.Visible(to.Type, to.ID)
}

func (p *projector) scope(to *target) bool {
	return p.record.isPatient(to.Type) && p.InScope != nil && p.InScope(to.ID)
}

// reference: its class must be kept and its target may be known. The record's own
// patient in scope comes with the record whatever its class. Display and identifier
// never show (FC22): the catalog gives them no class.
func (p *projector) reference(e *element) (*Tree, shown) {
	kept := p.treatment(e.class) == policy.Keep
	if !kept && !(e.to.subject && p.scope(e.to)) {
		return nil, nothing
	}
	knows := p.knows(e.to)
	out, how := &Tree{Kind: '{'}, nothing
	for _, k := range e.below {
		m, as := p.ofReference(e, k, knows, kept)
		if as != nothing {
			out.Members = append(out.Members, m)
			how = max(how, as)
		}
	}
	if how == nothing || how == structure && kept {
		return nil, nothing
	}
	return out, how
}

func (p *projector) ofReference(e, k *element, knows, kept bool) (Member, shown) {
	switch {
	case k.node == 0 || k.tree.blank():
		return Member{}, nothing
	case p.cat.Node(k.node).Name != "reference" && p.cat.Node(k.node).Name != "type":
		if !kept {
			return Member{}, nothing
		}
		return p.member(e, k)
	case !knows || k.tree.Kind != '"' || k.sibling:
		return Member{}, nothing
	case k.name == "type":
		return Member{k.name, asItIs(k)}, structure
	}
	text := asItIs(k)
	if e.to.reshaped {
		text = madeOf(quoted(p.cat.TypeName(e.to.Type)+"/"+e.to.ID), k)
	}
	text.names = e.to.inner
	if kept {
		return Member{k.name, text}, visible
	}
	return Member{k.name, text}, structure
}

// contained writes a contained resource by the rules of its own type (FC24).
func (p *projector) contained(e *element) (*Tree, shown) {
	if !p.emits[e.inner] {
		return nil, nothing
	}
	return p.inside(e)
}

func (p *projector) inside(e *element) (*Tree, shown) {
	class, whole := p.class, p.whole
	defer func() { p.class, p.whole = class, whole }()
	p.class, p.whole = e.inner.class, e.inner.whole
	w, how := p.root(e, false)
	if _, ok := p.complete(e, w); !ok || how != visible {
		return nil, nothing
	}
	return w.tree(), visible
}

// settleInner decides which contained resources are written: those that have
// something to show by themselves, are of no other patient, and are named by
// something that shows (dom-3).
func (p *projector) settleInner() {
	p.survives, p.emits = map[*contained]bool{}, map[*contained]bool{}
	for more := true; more; {
		more = false
		for _, k := range p.record.inner {
			if p.survives[k] || k.denied || p.foreign(k.at) {
				continue
			}
			if _, how := p.inside(k.at); how == visible {
				p.survives[k], more = true, true
			}
		}
	}
	p.reach(p.top()) // without them
}

// reach notes the contained resources that something written names, and what those
// name in turn.
func (p *projector) reach(t *Tree) {
	if t == nil {
		return
	}
	if k := t.names; k != nil && p.survives[k] && !p.emits[k] {
		p.emits[k] = true
		inside, _ := p.inside(k.at)
		p.reach(inside)
	}
	for _, m := range t.Members {
		p.reach(m.Value)
	}
	for _, v := range t.Items {
		p.reach(v)
	}
}

// foreign reports whether something names a patient out of scope.
func (p *projector) foreign(e *element) bool {
	if e.to != nil && e.to.patient && p.record.isPatient(e.to.Type) && !p.scope(e.to) {
		return true
	}
	return slices.ContainsFunc(e.below, p.foreign)
}
