package reference

import (
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/policy"
)

// scalar writes a string, number or boolean by its treatment. A mandatory code with a
// required binding is structure; a treatment that does not fit omits (rule 18).
func (p *projector) scalar(e *element) (*Tree, shown) {
	n := p.cat.Node(e.node)
	switch t := p.treatment(e.class); {
	case n.Kind != catalog.Primitive:
		return nil, nothing
	case t == policy.Keep:
		return asItIs(e), visible
	case n.Mandatory && n.Bound:
		return asItIs(e), structure
	case t <= policy.Mask || e.tree.Kind != '"':
		return nil, nothing
	case t == policy.Coarse:
		return p.coarse(e, n)
	default:
		s := p.number(e, n, t)
		if s == "" {
			return nil, nothing
		}
		return madeOf(quoted(s), e), visible
	}
}

// number writes a number of a person or thing by its last four or as a token, "" where
// the treatment does not fit: an identifier's value, a member or serial number; for
// the last four a telephone number as well.
func (p *projector) number(e *element, n *catalog.Node, t policy.Treatment) string {
	class := p.classOf(e)
	name := p.cat.Name(class)
	contact := t == policy.Last4 && n.Name == "value" && slices.Contains(contactClasses, name)
	if n.Datatype != catalog.DTString || n.Name == "id" || !strings.HasPrefix(name, "identifiers.") && name != "coverage.member-id" && !contact {
		return ""
	}
	if t == policy.Last4 {
		return lastFour(e.tree.text())
	}
	if p.Token == nil {
		return ""
	}
	s := p.Token(class, e.tree.text())
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return ""
	}
	return s
}

// lastFour writes "****6789". Numbers of fewer than eight characters, and what has
// other signs than letters, digits and what groups them, have no last four.
func lastFour(value string) string {
	signs := ""
	ours := len(value) == 8 && strings.HasPrefix(value, "****")
	for _, b := range []byte(value) {
		switch {
		case '0' <= b && b <= '9', 'a' <= b|0x20 && b|0x20 <= 'z':
			signs += string(rune(b))
		case strings.IndexByte(" -.()+/", b) >= 0, ours && b == '*':
		default:
			return ""
		}
	}
	if len(signs) < 8 && !(ours && len(signs) == 4) {
		return ""
	}
	return "****" + signs[len(signs)-4:]
}

// coarse writes the year of a date and the area of a ZIP code.
func (p *projector) coarse(e *element, n *catalog.Node) (*Tree, shown) {
	value, area := e.tree.text(), ""
	switch {
	case n.Datatype == catalog.DTDate || n.Datatype == catalog.DTDateTime:
		return p.year(e, n, value)
	case n.Datatype == catalog.DTString && n.Name == "postalCode":
		area = zip3(value)
	}
	if area == "" {
		return nil, nothing
	}
	if p.Populous == nil || !p.Populous(area) {
		area = "000"
	}
	return madeOf(quoted(area), e), visible
}

// year: 90 and over is one group, and a year of birth must not tell it.
func (p *projector) year(e *element, n *catalog.Node, value string) (*Tree, shown) {
	year, ok := p.yearOf(value)
	if !ok || p.tellsBirth(e, n) && (p.Year == 0 || year > p.Year || p.Year-year >= 90) {
		return nil, nothing
	}
	return madeOf(quoted(value[:4]), e), visible
}

func (p *projector) yearOf(value string) (int, bool) {
	if _, _, ok := interval(value, p.record.reader.Zone); !ok {
		return 0, false
	}
	year, err := strconv.Atoi(value[:4])
	return year, err == nil
}

func (p *projector) tellsBirth(e *element, n *catalog.Node) bool {
	return isBirth(n) || p.cat.Name(p.classOf(e)) == "demographics.birth-date"
}

// aged reports whether a date of birth shows as the mark of an age of 90 and over,
// which stands in "_birthDate".
func (p *projector) aged(e *element, n *catalog.Node) bool {
	if !isBirth(n) || e.sibling || p.treatment(e.class) != policy.Coarse || n.Masked == "" || p.Year == 0 {
		return false
	}
	year, ok := p.yearOf(e.tree.text())
	return ok && (year > p.Year || p.Year-year >= 90)
}

func isBirth(n *catalog.Node) bool {
	return n.Datatype == catalog.DTDate && (n.Name == "birthDate" || strings.HasPrefix(n.Name, "born"))
}

func zip3(value string) string {
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	switch {
	case len(value) == 3 && digits(value):
		return value
	case len(value) == 5 && digits(value), len(value) == 10 && digits(value[:5]) && value[5] == '-':
		return value[:3]
	}
	return ""
}

// codeGroup writes a coding coarser: of ICD-10-CM the category, its first three
// characters. No other system has groups that its codes tell.
func (p *projector) codeGroup(e *element) (*Tree, shown) {
	const icd = "http://hl7.org/fhir/sid/icd-10-cm"
	code := e.tree.Get("code").text()
	digit := func(b byte) bool { return '0' <= b && b <= '9' }
	upper := func(b byte) bool { return 'A' <= b && b <= 'Z' }
	if e.tree.Get("system").text() != icd || len(code) < 3 || !upper(code[0]) || !digit(code[1]) || !digit(code[2]) && !upper(code[2]) {
		return nil, nothing
	}
	return &Tree{Kind: '{', Members: []Member{{"system", quoted(icd)}, {"code", quoted(code[:3])}}}, visible
}

// numbered writes an identifier or contact point by its last four or as a token, with
// what gave it its class, so that its class can still be told.
func (p *projector) numbered(e *element) (*Tree, shown) {
	if t := p.treatment(e.class); t != policy.Last4 && t != policy.Token {
		return nil, nothing
	}
	n := p.cat.Node(e.node)
	out, how := &Tree{Kind: '{'}, nothing
	for _, k := range e.below {
		if k.node == 0 || k.sibling || k.tree.blank() {
			continue
		}
		if k.name == "value" {
			if t, as := p.value(k); as != nothing {
				out.Members, how = append(out.Members, Member{k.name, t}), max(how, as)
			}
			continue
		}
		if t := p.namesClass(n, k); n.ByValue && t != nil {
			out.Members = append(out.Members, Member{k.name, t})
		}
	}
	if how != visible {
		return nil, nothing
	}
	return out, visible
}

// namesClass returns what of a member gave an identifier or contact point its class.
func (p *projector) namesClass(n *catalog.Node, k *element) *Tree {
	switch {
	case k.name == "system" && k.tree.Kind == '"':
		_, known := p.cat.IdentifierSystemClass([]byte(k.tree.text()))
		if known || n.Kind == catalog.ContactPoint {
			return asItIs(k)
		}
	case k.name == "type" && k.tree.Kind == '{':
		return p.typeCodes(k)
	}
	return nil
}

func (p *projector) typeCodes(e *element) *Tree {
	codes := &Tree{Kind: '['}
	if list := e.tree.Get("coding"); list != nil {
		for _, k := range list.Items {
			system, code := k.Get("system"), k.Get("code")
			if _, known := p.cat.IdentifierTypeClass([]byte(system.text()), []byte(code.text())); known {
				codes.Items = append(codes.Items, &Tree{Kind: '{', Members: []Member{{"system", system}, {"code", code}}})
			}
		}
	}
	if len(codes.Items) == 0 {
		return nil
	}
	return &Tree{Kind: '{', Members: []Member{{"coding", codes}}}
}
