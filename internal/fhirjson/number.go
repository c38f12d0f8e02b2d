package fhirjson

import (
	"modicum/catalog"
	"modicum/policy"
)

// numbered writes an identifier or contact point by its last four or as a token: the
// value so reduced, and where the class follows the value, what gave it the class, so
// that a reader can tell a Social Security number from a record number. Nothing else
// of it shows. No other treatment fits.
func (p *projector) numbered(i uint32, c *cell, t policy.Treatment) result {
	if t != policy.Last4 && t != policy.Token {
		p.note(c, p.unless(c, t))
		return nothing
	}
	p.valued = true
	n := p.info[c.node].node
	before := p.mark()
	p.open(c)
	shown := nothing
	for j := i + 1; j < c.next; j = p.tape[j].next {
		m := &p.tape[j]
		if m.node == 0 || m.flags&(sibling|blank) != 0 {
			continue
		}
		switch name := p.info[m.node].node.Name; {
		case name == "value":
			shown = max(shown, p.put(j))
		case !n.ByValue:
		case name == "system" && n.Kind == catalog.ContactPoint && m.shape == text:
			p.whole(m) // ContactClass knows it, or the class would be Unknown
		case name == "system" && m.shape == text:
			if _, known := p.s.cat.IdentifierSystemClass(p.s.decoded(p.src, m)); known {
				p.whole(m)
			}
		case name == "type" && m.shape == object:
			p.typeCodes(j)
		}
	}
	if shown != visible {
		p.undo(before)
		return nothing
	}
	p.close(c)
	return visible
}

// typeCodes writes the codings of an identifier's type that the catalog knows, their
// system and code alone.
func (p *projector) typeCodes(typ uint32) {
	codings := p.s.find(p.src, typ, "coding")
	if codings == 0 || p.tape[codings].shape != array {
		return
	}
	before := p.mark()
	p.constant(`"type":{"coding":[`)
	p.comma = false
	any := false
	for j := codings + 1; j < p.tape[codings].next; j = p.tape[j].next {
		system, code := p.s.find(p.src, j, "system"), p.s.find(p.src, j, "code")
		if system == 0 || code == 0 || p.tape[system].shape != text || p.tape[code].shape != text {
			continue
		}
		s, k := &p.tape[system], &p.tape[code]
		if _, known := p.s.cat.IdentifierTypeClass(p.s.decoded(p.src, s), p.s.decoded(p.src, k)); !known {
			continue
		}
		p.constant(`{"system":`)
		p.dst = append(p.dst, p.src[s.start:s.end]...)
		p.dst = append(p.dst, `,"code":`...)
		p.dst = append(p.dst, p.src[k.start:k.end]...)
		p.dst = append(p.dst, '}')
		any = true
	}
	if !any {
		p.undo(before)
		return
	}
	p.dst = append(p.dst, `]}`...)
	p.comma = true
}
