package fhirjson

import (
	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// scalar writes a string, number or boolean by its treatment.
func (p *projector) scalar(c *cell, t policy.Treatment) result {
	f := &p.info[c.node]
	n := f.node
	switch {
	case n.Kind != catalog.Primitive:
		p.note(c, NotKnown)
		return nothing
	case t == policy.Keep:
		p.whole(c)
		return visible
	case n.Mandatory && n.Bound:
		p.whole(c) // a code that the structure needs
		return structure
	case t <= policy.Mask:
		p.note(c, p.unless(c, t))
		return nothing
	}
	before := p.mark()
	if c.shape != text || !p.reduced(c, f, t) {
		p.undo(before)
		p.note(c, DoesNotFit)
		return nothing
	}
	p.note(c, Reduced)
	return visible
}

// reduced writes a string coarser, as a token, or by its last four; false where the
// treatment does not fit it.
func (p *projector) reduced(c *cell, f *fact, t policy.Treatment) bool {
	p.valued = true
	value := p.s.decoded(p.src, c)
	switch t {
	case policy.Coarse:
		return p.coarse(c, f, value)
	case policy.Last4:
		return p.fitsNumber(c, f.node, true) && p.lastFour(c, value)
	case policy.Token:
		return p.fitsNumber(c, f.node, false) && p.token(c, value)
	}
	return false
}

// fitsNumber reports whether an element holds a number of a person or thing: the
// value of an identifier, a member or serial number, for the last four a telephone
// number as well.
func (p *projector) fitsNumber(c *cell, n *catalog.Node, contact bool) bool {
	if n.Datatype != catalog.DTString || n.Name == "id" {
		return false
	}
	class := p.real(c.class)
	return p.s.know.numbers.Has(class) || contact && n.Name == "value" && p.s.know.bySystem.Has(class)
}

// quote writes the name of a string and its opening quote.
func (p *projector) quote(c *cell) {
	from := c.from()
	p.separate(from)
	p.copy(from, c.start+1)
	p.flush()
}

func (p *projector) unquote() {
	p.dst = append(p.dst, '"')
	p.comma = true
}

// lastFour writes "****6789". Numbers of fewer than eight characters, and what has
// other signs than letters, digits and what groups them, have no last four.
func (p *projector) lastFour(c *cell, value []byte) bool {
	var last [4]byte
	n := 0
	for _, b := range value {
		switch {
		case b-'0' < 10 || (b|0x20)-'a' < 26:
			copy(last[:], last[1:])
			last[3] = b
			n++
		case b == ' ' || b == '-' || b == '.' || b == '(' || b == ')' || b == '+' || b == '/':
		case b == '*' && n == 0 && len(value) == 8: // our own mark
		default:
			return false
		}
	}
	if n < 8 && !defect.On(defect.Last4OfShort) && !(n == 4 && len(value) == 8 && string(value[:4]) == "****") {
		return false
	}
	p.quote(c)
	p.dst = append(p.dst, "****"...)
	p.dst = append(p.dst, last[:]...)
	p.unquote()
	return true
}

func (p *projector) token(c *cell, value []byte) bool {
	if p.sh.Token == nil {
		return false
	}
	p.quote(c)
	n := len(p.dst)
	p.dst = p.sh.Token(p.dst, p.real(c.class), value)
	for _, b := range p.dst[n:] {
		if !(b-'0' < 10 || (b|0x20)-'a' < 26 || b == '-' || b == '.' || b == '_') {
			return false
		}
	}
	if len(p.dst) == n {
		return false
	}
	p.unquote()
	return true
}

// coarse writes the year of a date and the three-digit area of a ZIP code.
func (p *projector) coarse(c *cell, f *fact, value []byte) bool {
	switch f.node.Datatype {
	case catalog.DTDate, catalog.DTDateTime:
		return p.year(c, f, value)
	case catalog.DTString:
		return f.node.Name == "postalCode" && p.zip3(c, value)
	}
	return false
}

func (p *projector) year(c *cell, f *fact, value []byte) bool {
	if _, ok := parseDate(value, p.s.limits.Zone); !ok {
		return false
	}
	year, _ := numeral(value, 0, 4)
	if defect.On(defect.CoarseKeepsDay) {
		p.whole(c)
		return true
	}
	if (f.birth || p.real(c.class) == p.s.know.birth) && p.tellsAge(year) {
		if !p.marksAge(f) {
			return false
		}
		p.constant(f.node.Masked)
		return true
	}
	p.quote(c)
	p.dst = append(p.dst, value[:4]...)
	p.unquote()
	return true
}

// tellsAge: 90 and over is one group, and a year of birth must not show it.
func (p *projector) tellsAge(year int) bool {
	return p.sh.Year-year >= 90 && !defect.On(defect.AgeShown) || p.sh.Year == 0 || year > p.sh.Year
}

// marksAge reports whether an element has a mark for an age of 90 and over.
func (p *projector) marksAge(f *fact) bool {
	return f.birth && f.node.Masked != "" && p.sh.Year != 0
}

// agedBeside reports whether the date beside a member "_birthDate" is written as the
// mark, which is a "_birthDate" as well.
func (p *projector) agedBeside(holder uint32, m *cell, f *fact) bool {
	j := p.partner(holder, m)
	if j == 0 || p.tape[j].shape != text || !p.marksAge(f) {
		return false
	}
	value := p.s.decoded(p.src, &p.tape[j])
	year, _ := numeral(value, 0, 4)
	_, ok := parseDate(value, p.s.limits.Zone)
	return ok && p.tellsAge(year)
}

func (p *projector) zip3(c *cell, value []byte) bool {
	five, ok := 0, false
	switch {
	case len(value) == 3: // our own
		five, ok = numeral(value, 0, 3)
	case len(value) == 5, len(value) == 10 && value[5] == '-':
		if _, ok = numeral(value, 0, 5); ok {
			five, _ = numeral(value, 0, 3)
		}
	}
	if !ok {
		return false
	}
	p.quote(c)
	if populous[five>>6]&(1<<(five&63)) == 0 {
		p.dst = append(p.dst, "000"...)
	} else {
		p.dst = append(p.dst, value[:3]...)
	}
	p.unquote()
	return true
}
