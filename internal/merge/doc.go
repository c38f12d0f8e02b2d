package merge

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// doc is a record as the scanner read it. Values are named by their index; none is
// where there is no value.
type doc struct {
	rec  *fhirjson.Record
	text []byte
	vals []fhirjson.Value
}

const none = -1

func newDoc(rec *fhirjson.Record) doc {
	return doc{rec: rec, text: rec.Text(), vals: rec.Values(nil)}
}

func (d *doc) bytes(i int) []byte { return d.text[d.vals[i].From:d.vals[i].To] }

func (d *doc) kind(i int) byte {
	if i == none {
		return 0
	}
	return d.vals[i].Kind
}

// inside returns the members or items of a value.
func (d *doc) inside(i int) (all []int) {
	if i == none || d.vals[i].Kind != '{' && d.vals[i].Kind != '[' {
		return nil
	}
	for j := i + 1; j < d.vals[i].Next; j = d.vals[j].Next {
		all = append(all, j)
	}
	return all
}

// member returns the member of an object by name.
func (d *doc) member(i int, name string) int {
	if d.kind(i) != '{' {
		return none
	}
	for j := i + 1; j < d.vals[i].Next; j = d.vals[j].Next {
		if d.vals[j].Name == name {
			return j
		}
	}
	return none
}

// str returns the text of a string member, "" where it has none.
func (d *doc) str(i int, name string) string {
	j := d.member(i, name)
	if d.kind(j) != '"' {
		return ""
	}
	return unquote(d.bytes(j))
}

// blank reports a value that FHIR JSON does not have: "", {}, [], null.
func (d *doc) blank(i int) bool {
	return d.kind(i) == 'n' || d.kind(i) != '0' && d.kind(i) != 't' && d.vals[i].To-d.vals[i].From == 2
}

// path names a value by its elements, those that the catalog does not know left out.
func (d *doc) path(cat *catalog.Catalog, i int) string {
	var names []string
	for ; i > 0; i = d.vals[i].Parent {
		if v := &d.vals[i]; v.Name != "" && v.Node != 0 {
			names = append(names, strings.TrimPrefix(v.Name, "_"))
		}
	}
	names = append(names, d.rec.TypeName())
	slices.Reverse(names)
	return strings.Join(names, ".")
}

// same reports whether two values say the same: member order, escapes and the spelling
// of numbers aside.
func (d *doc) same(i int, e *doc, j int) bool {
	if i == none || j == none {
		return i == j
	}
	if string(d.bytes(i)) == string(e.bytes(j)) {
		return true
	}
	return d.kind(i) == e.kind(j) && d.canon(i) == e.canon(j)
}

// canon is one spelling of all values that are the same.
func (d *doc) canon(i int) string {
	if i == none {
		return ""
	}
	var b strings.Builder
	d.writeCanon(&b, i)
	return b.String()
}

func (d *doc) writeCanon(b *strings.Builder, i int) {
	all := d.inside(i)
	switch d.vals[i].Kind {
	case '{':
		slices.SortFunc(all, func(x, y int) int { return strings.Compare(d.vals[x].Name, d.vals[y].Name) })
		b.WriteByte('{')
		for _, j := range all {
			b.WriteString(quote(d.vals[j].Name) + ":")
			d.writeCanon(b, j)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for _, j := range all {
			d.writeCanon(b, j)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case '"':
		b.WriteString(quote(unquote(d.bytes(i))))
	case '0':
		b.WriteString(decimal(string(d.bytes(i))))
	default:
		b.Write(d.bytes(i))
	}
}

func unquote(b []byte) string {
	s, err := jsontext.AppendUnquote(nil, b)
	if err != nil {
		panic("merge: a string that the scanner read does not unquote") // cannot happen
	}
	return string(s)
}

func quote(s string) string {
	b, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		panic("merge: a text that the scanner read does not quote") // cannot happen
	}
	return string(b)
}

// decimal is one spelling of equal JSON numbers: digits without zeros at either end,
// and an exponent. A number whose exponent is out of all reason stands for itself.
func decimal(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		e, ok := small(s[i+1:])
		if !ok {
			return sign + s
		}
		exp = e
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+part, "0")
	exp -= len(part)
	short := strings.TrimRight(digits, "0")
	exp += len(digits) - len(short)
	if short == "" {
		return "0"
	}
	return sign + short + "e" + strconv.Itoa(exp)
}

// small reads an exponent of at most six digits.
func small(s string) (int, bool) {
	if len(s) > 7 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
