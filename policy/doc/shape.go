package doc

import (
	"fmt"
	"strings"
)

// shape is what may stand in one place of a file. A value may be written in up
// to three forms; those that are nil are refused. Reader, formatter and JSON
// Schema all follow the shapes, so that they cannot disagree.
type shape struct {
	name    string   // names a definition of the schema; "" is written in place
	scalar  *grammar // one word or text
	item    *shape   // a list of these
	keys    []key    // fixed keys, in the order in which fmt writes them
	entry   *shape   // keys that the author names
	keyAs   *grammar // how those keys are written
	single  bool     // exactly one entry
	maybe   bool     // may be empty: tests only
	solo    bool     // fmt writes a list of one word as that word
	block   bool     // fmt writes it over lines, never in brackets
	needOne []string // one of these keys must be there
}

// key is one key of a mapping.
type key struct {
	name  string
	need  bool
	shape *shape
	means string // for editors
}

func need(name string, s *shape, means string) key { return key{name, true, s, means} }
func may(name string, s *shape, means string) key  { return key{name, false, s, means} }

// one is a scalar; many a list of scalars; over a list written one item a line.
func one(g *grammar) *shape   { return &shape{scalar: g} }
func many(g *grammar) *shape  { return &shape{item: one(g)} }
func over(g *grammar) *shape  { return &shape{item: one(g), block: true} }
func maybe(g *grammar) *shape { return &shape{item: one(g), maybe: true} }

// soloOr is one word or a list of them.
func soloOr(g *grammar) *shape { return &shape{scalar: g, item: one(g), solo: true} }

// forms says what may be written, for a message.
func (s *shape) forms() string {
	var out []string
	if s.scalar != nil {
		out = append(out, s.scalar.what)
	}
	if s.item != nil {
		if s.item.scalar != nil {
			out = append(out, "a list, [...], each "+s.item.scalar.what)
		} else {
			out = append(out, "a list, one item a line after -")
		}
	}
	if s.keys != nil || s.entry != nil {
		out = append(out, "keys, {key: value}")
	}
	return strings.Join(out, ", or ")
}

func (s *shape) allows(f form) bool {
	switch f {
	case scalar:
		return s.scalar != nil
	case sequence:
		return s.item != nil
	case mapping:
		return s.keys != nil || s.entry != nil
	}
	return false
}

func (s *shape) key(name string) *key {
	for i := range s.keys {
		if s.keys[i].name == name {
			return &s.keys[i]
		}
	}
	return nil
}

func (s *shape) names() []string {
	out := make([]string, len(s.keys))
	for i, k := range s.keys {
		out[i] = k.name
	}
	return out
}

// check reports everything in n that its shape does not allow. What it reports
// is skipped when n is bound to a document; the rest is read.
func (s *shape) check(n *node, what string, l *list) {
	if n.form == nothing {
		l.add(n.at, codeEmpty, fmt.Sprintf("nothing is written for %s", what), "write "+s.forms()+", or delete the key")
		return
	}
	if !s.allows(n.form) {
		l.add(n.at, codeShape, fmt.Sprintf("%s is %s here", what, n.form), "write "+s.forms())
		return
	}
	switch n.form {
	case scalar:
		if message, hint := s.scalar.fault(n.text); message != "" {
			l.add(n.at, codeValue, fmt.Sprintf("%s: %s", what, message), hint)
		}
	case sequence:
		s.checkItems(n, what, l)
	case mapping:
		s.checkKeys(n, what, l)
	}
}

func (s *shape) checkItems(n *node, what string, l *list) {
	if len(n.items) == 0 && !s.maybe {
		l.add(n.at, codeEmpty, fmt.Sprintf("the list of %s is empty", what), "name something, or delete the key")
	}
	seen := map[string]bool{}
	for _, item := range n.items {
		s.item.check(item, what, l)
		if item.form != scalar {
			continue
		}
		if seen[item.text] {
			l.add(item.at, codeDuplicate, fmt.Sprintf("%s names %s twice", what, quoted(item.text)), "keep one of them")
		}
		seen[item.text] = true
	}
}

func (s *shape) checkKeys(n *node, what string, l *list) {
	if len(n.entries) == 0 && !s.maybe {
		l.add(n.at, codeEmpty, fmt.Sprintf("%s has no keys", what), "write "+s.forms()+", or delete the key")
	}
	if s.single && len(n.entries) > 1 {
		l.add(n.entries[1].key.At, codeShape, fmt.Sprintf("%s holds one key at a time", what), "begin a new item with -")
	}
	for i := range n.entries {
		s.checkEntry(&n.entries[i], what, l)
	}
	for _, k := range s.keys {
		if k.need && !n.has(k.name) {
			l.add(n.at, codeMissing, fmt.Sprintf("%s lacks %s", what, k.name), k.means)
		}
	}
	if len(s.needOne) > 0 && !n.hasAny(s.needOne) && len(n.entries) > 0 {
		l.add(n.at, codeMissing, fmt.Sprintf("%s lacks one of %s", what, listed(s.needOne)), "")
	}
}

func (s *shape) checkEntry(e *entry, what string, l *list) {
	if k := s.key(e.key.Text); k != nil {
		k.shape.check(e.value, k.name, l)
		return
	}
	if s.entry == nil {
		hint := didYouMean(e.key.Text, s.names())
		if e.value.form == nothing {
			hint = "put text that holds a comma in quotes; known keys: " + listed(s.names())
		}
		l.add(e.key.At, codeUnknownKey, fmt.Sprintf("%s has no key %s", what, quoted(e.key.Text)), hint)
		return
	}
	if message, hint := s.keyAs.fault(e.key.Text); message != "" {
		l.add(e.key.At, codeValue, message, hint)
	}
	s.entry.check(e.value, e.key.Text, l)
}

func (n *node) has(name string) bool { return n.find(name) != nil }

func (n *node) hasAny(names []string) bool {
	for _, name := range names {
		if n.has(name) {
			return true
		}
	}
	return false
}
