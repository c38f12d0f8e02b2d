package fhirjson

import "modicum/policy"

// aligned writes one of the two arrays of a repeating primitive, "name" or "_name".
// Both keep the same places: one in which neither shows anything goes from both, so
// that a hidden extension leaves no gap (FC18).
func (p *projector) aligned(holder, j uint32) result {
	m := &p.tape[j]
	t := p.t[m.class]
	if t != policy.Keep {
		if m.flags&sibling != 0 {
			p.note(m, p.unless(m, t))
			return nothing
		}
		return p.put(j)
	}
	values, siblings := j, p.partner(holder, m)
	if m.flags&sibling != 0 {
		values, siblings = siblings, j
	}
	before := p.mark()
	p.open(m)
	shown := nothing
	v, x := p.first(values), p.first(siblings)
	for v != 0 || x != 0 {
		value := v != 0 && p.tape[v].flags&blank == 0 && p.tape[v].node != 0
		below := x != 0 && p.showsSibling(x)
		this, other := value, below
		if m.flags&sibling != 0 {
			this, other = below, value
		}
		switch {
		case this && m.flags&sibling != 0:
			shown = max(shown, p.object(x, &p.tape[x]))
		case this:
			p.whole(&p.tape[v])
			shown = visible
		case other:
			p.constant("null")
		}
		v, x = p.after(values, v), p.after(siblings, x)
	}
	if shown == nothing {
		p.undo(before)
		return nothing
	}
	p.close(m)
	return shown
}

// partner returns the other member of a primitive that is written as "name" and
// "_name", 0 when it has none.
func (p *projector) partner(holder uint32, m *cell) uint32 {
	end := p.tape[holder].next
	for k := holder + 1; k < end; k = p.tape[k].next {
		c := &p.tape[k]
		if c.node == m.node && (c.flags^m.flags)&sibling != 0 {
			return k
		}
	}
	return 0
}

// first returns the first item of an array; 0 for none.
func (p *projector) first(list uint32) uint32 {
	if list == 0 || p.tape[list].next == list+1 {
		return 0
	}
	return list + 1
}

// after returns the item of an array that follows, 0 at the end.
func (p *projector) after(list, item uint32) uint32 {
	if item == 0 || p.tape[item].next >= p.tape[list].next {
		return 0
	}
	return p.tape[item].next
}

// showsSibling tries whether anything of an item of "_name" shows.
func (p *projector) showsSibling(x uint32) bool {
	c := &p.tape[x]
	if c.node == 0 || c.shape != object || c.flags&blank != 0 {
		return false
	}
	before, dry := p.mark(), p.dry
	p.dry = true
	shown := p.object(x, c)
	p.undo(before)
	p.dry = dry
	return shown == visible
}
