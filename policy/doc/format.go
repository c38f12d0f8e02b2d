package doc

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWidth is the longest line, in characters, that a list or mapping in
// brackets may make; what is longer is written over lines.
const maxWidth = 120

// ErrFormat: the file cannot be formatted without changing what it says.
var ErrFormat = errors.New("cannot be formatted")

// Format writes a file in the one style all policies have: keys in the order of
// the language, short lists in brackets, two spaces, comments at their place,
// no quotes that are not needed. name says what the file holds, as for Parse.
// Given the organization, codes of purposes are replaced by their names.
//
// Format refuses, with the problems as error, what cannot be read. What it
// writes says the same as what it read, and formatting it again changes nothing.
func Format(name string, src []byte, organization ...*Organization) ([]byte, error) {
	k := kindFor(name)
	if k == nil {
		var l list
		reportFile(name, &l)
		return nil, problemError{l.all}
	}
	root, remarks, err := k.forFormat(name, src)
	if err != nil {
		return nil, err
	}
	p := printer{}
	if len(organization) > 0 {
		p.organization = organization[0]
	}
	header := attach(root, remarks, bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")))
	p.normalize(root, k.shape)
	p.lines(0, header)
	p.mapping(root, k.shape, 0, len(header) == 0)
	out := p.out.Bytes()
	again, _, err := k.forFormat(name, out)
	if err != nil || !same(root, again) {
		return nil, fmt.Errorf("%s: %w without changing what it says; please report this file", name, ErrFormat)
	}
	return out, nil
}

// forFormat reads a file, or says why it cannot be read.
func (k *kindOf) forFormat(name string, src []byte) (*node, []remark, error) {
	var l list
	n, remarks := parseTree(name, src, &l)
	if n != nil {
		k.shape.check(n, k.what, &l)
	}
	if err := l.all.Sort().Err(); err != nil {
		return nil, nil, err
	}
	return n, remarks, nil
}

// same reports whether two trees say the same: the order of keys says nothing,
// that of items does.
func same(a, b *node) bool {
	if a.form != b.form || a.text != b.text || len(a.items) != len(b.items) || len(a.entries) != len(b.entries) {
		return false
	}
	for i := range a.items {
		if !same(a.items[i], b.items[i]) {
			return false
		}
	}
	for i := range a.entries {
		other := b.find(a.entries[i].key.Text)
		if other == nil || !same(a.entries[i].value, other) {
			return false
		}
	}
	return true
}

// printer writes a tree.
type printer struct {
	out          bytes.Buffer
	organization *Organization
}

// normalize puts keys into order and writes values the one way they are written.
func (p *printer) normalize(n *node, s *shape) {
	switch n.form {
	case scalar:
		n.text = p.word(n.text, s.scalar)
	case sequence:
		for _, item := range n.items {
			p.normalize(item, s.item)
		}
	case mapping:
		place := map[string]int{}
		for i, k := range s.keys {
			place[k.name] = i - len(s.keys)
		}
		slices.SortStableFunc(n.entries, func(a, b entry) int { return place[a.key.Text] - place[b.key.Text] })
		for i := range n.entries {
			p.normalize(n.entries[i].value, s.of(n.entries[i].key.Text))
		}
	}
}

// of returns the shape of a key's value.
func (s *shape) of(name string) *shape {
	if k := s.key(name); k != nil {
		return k.shape
	}
	return s.entry
}

// word replaces true by yes, false by no, and a purpose's code by its name.
func (p *printer) word(text string, g *grammar) string {
	switch {
	case g == gYesNo && text == "true":
		return "yes"
	case g == gYesNo && text == "false":
		return "no"
	case g == gPurpose && p.organization != nil:
		if name, ok := p.organization.PurposeOf(text); ok {
			return name
		}
	}
	return text
}

// lines writes lines of comments and blank lines, never two blank ones in a row.
func (p *printer) lines(indent int, lines []string) {
	for _, l := range lines {
		if l == "" && (p.out.Len() == 0 || bytes.HasSuffix(p.out.Bytes(), []byte("\n\n"))) {
			continue
		}
		if l != "" {
			p.out.WriteString(strings.Repeat(" ", indent))
		}
		p.out.WriteString(l)
		p.out.WriteByte('\n')
	}
}

// mapping writes keys one a line; first says that nothing stands above, so that
// no blank line begins it.
func (p *printer) mapping(n *node, s *shape, indent int, first bool) {
	for i := range n.entries {
		e := &n.entries[i]
		p.above(&e.notes, indent, first && i == 0)
		p.out.WriteString(strings.Repeat(" ", indent))
		p.entry(e, s, indent)
	}
}

// above writes what stands above an entry or item. Comments behind it that have
// no room there, because there are several, come along.
func (p *printer) above(n *notes, indent int, first bool) {
	if len(n.line) > 1 {
		n.head, n.line = append(n.head, n.line...), nil
	}
	p.lines(indent, trimBlank(n.head, first, false))
}

// entry writes key and value from where the line is, and what stands below.
func (p *printer) entry(e *entry, s *shape, indent int) {
	inner := s.of(e.key.Text)
	key := plain(e.key.Text, false) + ":"
	p.out.WriteString(key)
	if text, ok := p.inline(e.value, inner, indent+width(key)+1); ok {
		p.out.WriteString(" " + text)
		p.behind(&e.notes)
	} else {
		p.behind(&e.notes)
		p.block(e.value, inner, indent+2)
	}
	p.lines(indent, e.notes.foot)
}

func (p *printer) behind(n *notes) {
	for _, l := range n.line {
		p.out.WriteString("  " + l)
	}
	p.out.WriteByte('\n')
}

// block writes a list or mapping over lines.
func (p *printer) block(n *node, s *shape, indent int) {
	if n.form == mapping {
		p.mapping(n, s, indent, true)
		return
	}
	for i, item := range n.items {
		p.item(item, s.item, indent, i == 0)
	}
}

// item writes one item of a list over lines.
func (p *printer) item(n *node, s *shape, indent int, first bool) {
	text, flat := p.inline(n, s, indent+2)
	if !flat { // a comment would part the dash from its first key
		begin := &n.entries[0].notes
		n.notes.head = append(append(n.notes.head, n.notes.line...), begin.head...)
		n.notes.line, begin.head = nil, nil
		if len(begin.line) > 1 {
			n.notes.head, begin.line = append(n.notes.head, begin.line...), nil
		}
	}
	p.above(&n.notes, indent, first)
	p.out.WriteString(strings.Repeat(" ", indent) + "- ")
	if flat {
		p.out.WriteString(text)
		p.behind(&n.notes)
	} else {
		p.entry(&n.entries[0], s, indent+2)
		rest := &node{form: mapping, entries: n.entries[1:]}
		p.mapping(rest, s, indent+2, false)
	}
	p.lines(indent, n.notes.foot)
}

// inline returns a value as it stands behind its key, if it may: a scalar, or
// brackets that hold no comment and fit on the line, of which used columns are
// taken.
func (p *printer) inline(n *node, s *shape, used int) (string, bool) {
	if n.form == scalar {
		return plain(n.text, false), true
	}
	if len(n.items)+len(n.entries) == 0 {
		return flow(n, s), true
	}
	if s.solo && n.form == sequence && len(n.items) == 1 && n.items[0].notes.none() {
		return plain(n.items[0].text, false), true
	}
	if s.block || noted(n) {
		return "", false
	}
	text := flow(n, s)
	return text, used+width(text) <= maxWidth
}

// noted reports whether a comment belongs to something inside n.
func noted(n *node) bool {
	for i := range n.entries {
		if !n.entries[i].notes.none() || noted(n.entries[i].value) {
			return true
		}
	}
	for _, item := range n.items {
		if !item.notes.none() || noted(item) {
			return true
		}
	}
	return false
}

// flow writes a value in brackets.
func flow(n *node, s *shape) string {
	var parts []string
	switch n.form {
	case mapping:
		for _, e := range n.entries {
			parts = append(parts, plain(e.key.Text, true)+": "+flow(e.value, s.of(e.key.Text)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case sequence:
		if s.solo && len(n.items) == 1 {
			return plain(n.items[0].text, true)
		}
		for _, item := range n.items {
			parts = append(parts, flow(item, s.item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return plain(n.text, true)
}

func width(text string) int { return utf8.RuneCountInString(text) }

// plain writes text without quotes where every reader of YAML takes it as it
// stands, else in quotes. Words that some reader takes for something else (no,
// null) are text here, and only null is worth quotes.
func plain(text string, inBrackets bool) string {
	if isPlain(text, inBrackets) {
		return text
	}
	if strings.ContainsAny(text, `"\`) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return `"` + text + `"`
}

func isPlain(text string, inBrackets bool) bool {
	first, _ := utf8.DecodeRuneInString(text)
	if !unicode.IsLetter(first) && !unicode.IsDigit(first) && first != '/' && first != '(' && first != '_' {
		return false
	}
	if strings.EqualFold(text, "null") || strings.HasSuffix(text, ":") || strings.Contains(text, ": ") || strings.Contains(text, " #") {
		return false
	}
	return !inBrackets || !strings.ContainsFunc(text, marksInBrackets)
}

// marksInBrackets reports whether a character may end a text in brackets, for
// some parser.
func marksInBrackets(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ._-/+()%@=", r)
}
