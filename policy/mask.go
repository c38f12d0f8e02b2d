package policy

import "modicum/catalog"

// mask is a catalog.ClassSet as two named words. Go keeps a struct of two words
// in registers and an array of two in memory, which makes deciding several times
// slower; so View computes on masks and converts at its edges.
type mask struct{ lo, hi uint64 }

var allMask = mask{^uint64(0), ^uint64(0)}

func maskOf(s *catalog.ClassSet) mask { return mask{s[0], s[1]} }

func (m mask) set() catalog.ClassSet    { return catalog.ClassSet{m.lo, m.hi} }
func (m mask) or(o mask) mask           { return mask{m.lo | o.lo, m.hi | o.hi} }
func (m mask) and(o mask) mask          { return mask{m.lo & o.lo, m.hi & o.hi} }
func (m mask) without(o mask) mask      { return mask{m.lo &^ o.lo, m.hi &^ o.hi} }
func (m mask) empty() bool              { return m.lo|m.hi == 0 }
func (m mask) all() bool                { return m.lo&m.hi == ^uint64(0) }
func (m mask) meets(o mask) bool        { return m.lo&o.lo|m.hi&o.hi != 0 }
func (m mask) has(c catalog.Class) bool { s := m.set(); return s.Has(c) }

// masks is a View in the making: sets may overlap, the most open counts.
type masks struct{ keep, last4, coarse, token, mask mask }

func masksOf(v *View) masks {
	return masks{maskOf(&v.Keep), maskOf(&v.Last4), maskOf(&v.Coarse), maskOf(&v.Token), maskOf(&v.Mask)}
}

func (m *masks) shown() mask {
	return m.keep.or(m.last4).or(m.coarse).or(m.token).or(m.mask)
}

// add joins what o shows of the classes in only.
func (m *masks) add(o *masks, only mask) {
	m.keep = m.keep.or(o.keep.and(only))
	m.last4 = m.last4.or(o.last4.and(only))
	m.coarse = m.coarse.or(o.coarse.and(only))
	m.token = m.token.or(o.token.and(only))
	m.mask = m.mask.or(o.mask.and(only))
}

// view writes the masks as a View in which each class has its most open treatment.
func (m *masks) view(v *View) {
	above := m.keep
	v.Keep = m.keep.set()
	v.Last4 = m.last4.without(above).set()
	above = above.or(m.last4)
	v.Coarse = m.coarse.without(above).set()
	above = above.or(m.coarse)
	v.Token = m.token.without(above).set()
	above = above.or(m.token)
	v.Mask = m.mask.without(above).set()
}
