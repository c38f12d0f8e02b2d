package scim

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of a filter, RFC 7644 section 3.4.2.2.
const (
	mostFilter = 4096 // bytes
	mostTerms  = 64
	mostDepth  = 16
)

// expr is a filter as a tree: exactly one of its kinds is set.
type expr struct {
	and, or []*expr
	not     *expr
	w       where  // of a term, and of a group in brackets
	inside  *expr  // of a group in brackets
	op      string // of a term
	value   any    // string, bool, float64 or nil
}

// parser reads a filter or the brackets of a path. attr tells what a name means.
type parser struct {
	in    string
	at    int
	terms int
	depth int
	attr  func(string) (where, error)
}

func errFilter(detail string) error { return bad(invalidFilter, detail) }

// filter parses a filter over a resource; "" is nil, which everything fits.
func (r *resource) filter(in string) (*expr, error) {
	if strings.TrimSpace(in) == "" {
		return nil, nil
	}
	return parseFilter(in, func(name string) (where, error) {
		w, ok := r.lookup(name)
		if ok && w.attr != nil {
			return w, nil
		}
		if _, rest, known := r.split(name); known && isNotKept(strings.Split(rest, ".")[0]) {
			return where{}, nil // nobody has it: it fits nothing
		}
		return where{}, errFilter("The filter names an attribute that is not advertised.")
	})
}

func parseFilter(in string, attr func(string) (where, error)) (*expr, error) {
	if len(in) > mostFilter {
		return nil, errFilter("The filter is longer than 4096 bytes.")
	}
	p := &parser{in: in, attr: attr}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.blank(); p.at != len(p.in) {
		return nil, errFilter("The filter goes on after its end.")
	}
	return e, nil
}

func (p *parser) blank() {
	for p.at < len(p.in) && p.in[p.at] == ' ' {
		p.at++
	}
}

// word reads a name or operator.
func (p *parser) word() string {
	p.blank()
	start := p.at
	for p.at < len(p.in) && strings.IndexByte(" ()[]\"", p.in[p.at]) < 0 {
		p.at++
	}
	return p.in[start:p.at]
}

// take reads a word where it stands next.
func (p *parser) take(word string) bool {
	at := p.at
	if strings.EqualFold(p.word(), word) {
		return true
	}
	p.at = at
	return false
}

func (p *parser) mark(c byte) bool {
	p.blank()
	if p.at < len(p.in) && p.in[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) or() (*expr, error) {
	if p.depth++; p.depth > mostDepth {
		return nil, errFilter("The filter is nested too deep.")
	}
	defer func() { p.depth-- }()
	return p.joined("or", p.and, func(list []*expr) *expr { return &expr{or: list} })
}

func (p *parser) and() (*expr, error) {
	return p.joined("and", p.unit, func(list []*expr) *expr { return &expr{and: list} })
}

func (p *parser) joined(word string, next func() (*expr, error), join func([]*expr) *expr) (*expr, error) {
	first, err := next()
	if err != nil {
		return nil, err
	}
	all := []*expr{first}
	for p.take(word) {
		e, err := next()
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return first, nil
	}
	return join(all), nil
}

// unit is a term, a group, or the negation of a group.
func (p *parser) unit() (*expr, error) {
	at := p.at
	if p.take("not") && p.mark('(') {
		e, err := p.closed(')')
		return &expr{not: e}, err
	}
	p.at = at
	if p.mark('(') {
		return p.closed(')')
	}
	return p.term()
}

func (p *parser) closed(c byte) (*expr, error) {
	e, err := p.or()
	if err == nil && !p.mark(c) {
		err = errFilter("A bracket of the filter is not closed.")
	}
	return e, err
}

func (p *parser) term() (*expr, error) {
	if p.terms++; p.terms > mostTerms {
		return nil, errFilter("The filter has more than 64 terms.")
	}
	name := p.word()
	if name == "" {
		return nil, errFilter("The filter lacks the name of an attribute.")
	}
	w, err := p.attr(name)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.in) && p.in[p.at] == '[' {
		p.at++
		return p.brackets(w)
	}
	return p.compare(w)
}

// brackets reads emails[type eq "work"]: names inside are those of its parts.
func (p *parser) brackets(w where) (*expr, error) {
	if w.attr != nil && (w.attr.kind != complex || w.sub != nil) {
		return nil, errFilter("Brackets stand after an attribute with parts.")
	}
	outer := p.attr
	p.attr = func(name string) (where, error) { return partOf(w, name) }
	defer func() { p.attr = outer }()
	e, err := p.closed(']')
	return &expr{w: w, inside: e}, err
}

func partOf(w where, name string) (where, error) {
	if w.attr == nil {
		return where{}, nil
	}
	sub := find(w.attr.subs, name)
	if sub == nil {
		return where{}, errFilter("The filter names a part that the attribute has not.")
	}
	return where{attr: sub}, nil
}

func (p *parser) compare(w where) (*expr, error) {
	op := strings.ToLower(p.word())
	switch op {
	case "pr":
		return &expr{w: w, op: op}, nil
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
	default:
		return nil, errFilter("The filter has an operator that is none of eq, ne, co, sw, ew, pr, gt, ge, lt, le.")
	}
	v, err := p.literal()
	if err != nil {
		return nil, err
	}
	e := &expr{w: w, op: op, value: v}
	return e, e.fits()
}

// literal reads a JSON string, number, true, false or null.
func (p *parser) literal() (any, error) {
	p.blank()
	var v any
	if p.at < len(p.in) && p.in[p.at] == '"' {
		dec := jsontext.NewDecoder(strings.NewReader(p.in[p.at:]))
		if err := json.UnmarshalDecode(dec, &v); err != nil {
			return nil, errFilter("A string of the filter is not closed, or no JSON string.")
		}
		p.at += int(dec.InputOffset())
		return v, nil
	}
	if err := json.Unmarshal([]byte(strings.ToLower(p.word())), &v); err != nil {
		return nil, errFilter("The filter compares with something that is no string, number, true, false or null.")
	}
	return v, nil
}

// fits refuses comparisons that mean nothing.
func (e *expr) fits() error {
	a := e.w.leaf()
	if a == nil || a.kind != boolean {
		return nil
	}
	if s, ok := e.value.(string); ok {
		v, err := truth(a, s) // Entra writes active eq "true"
		if err != nil {
			return errFilter("A yes-or-no attribute is compared with something else.")
		}
		e.value = v
	}
	if e.op != "eq" && e.op != "ne" {
		return errFilter("A yes-or-no attribute has only eq and ne.")
	}
	return nil
}

// leaf is what a term compares: the part named `value` of an attribute with parts.
func (w where) leaf() *attribute {
	switch {
	case w.sub != nil:
		return w.sub
	case w.attr != nil && w.attr.kind == complex:
		return find(w.attr.subs, "value")
	}
	return w.attr
}
