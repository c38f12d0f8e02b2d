package merge

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/defect"
)

// tree is a JSON value that a patch changes. A scalar keeps its text.
type tree struct {
	kind    byte // { [ " 0 t f n
	raw     []byte
	members []field
	items   []*tree
}

type field struct {
	name  string
	value *tree
}

// most bounds the bytes of a patched document and the operations of a patch: copying
// doubles what it copies (threat-model FC51).
const (
	mostBytes      = 16 << 20
	mostOperations = 1000
	mostDepth      = 64
	mostMembers    = 256     // of one object, as in any record; they are looked up in turn
	mostLooks      = 1 << 22 // values at which the paths of a patch look: about a second
)

// read reads a whole text; false where it is not JSON, has a name twice, nests too deep,
// or has an object of too many members.
func read(text []byte) (*tree, bool) {
	if len(text) > mostBytes {
		return nil, false
	}
	d := jsontext.NewDecoder(bytes.NewReader(text))
	t, ok := readValue(d)
	if !ok {
		return nil, false
	}
	_, err := d.ReadToken()
	return t, err != nil && d.InputOffset() == int64(len(bytes.TrimRight(text, " \t\r\n")))
}

func readValue(d *jsontext.Decoder) (*tree, bool) {
	kind := d.PeekKind()
	if kind != '{' && kind != '[' {
		v, err := d.ReadValue()
		return &tree{kind: byte(kind), raw: slices.Clone(v)}, err == nil
	}
	if d.StackDepth() >= mostDepth {
		return nil, false
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	t := &tree{kind: byte(kind)}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		name := ""
		if kind == '{' {
			tok, err := d.ReadToken()
			if err != nil || len(t.members) == mostMembers && !defect.On(defect.ObjectsUnbounded) {
				return nil, false
			}
			name = tok.String()
		}
		v, ok := readValue(d)
		if !ok {
			return nil, false
		}
		if kind == '{' {
			t.members = append(t.members, field{name, v})
		} else {
			t.items = append(t.items, v)
		}
	}
	_, err := d.ReadToken()
	return t, err == nil
}

func (t *tree) index(name string) int {
	return slices.IndexFunc(t.members, func(f field) bool { return f.name == name })
}

// get returns a member, nil where there is none.
func (t *tree) get(name string) *tree {
	if t == nil {
		return nil
	}
	if i := t.index(name); i >= 0 {
		return t.members[i].value
	}
	return nil
}

// put sets a member.
func (t *tree) put(name string, v *tree) {
	if i := t.index(name); i >= 0 {
		t.members[i].value = v
		return
	}
	t.members = append(t.members, field{name, v})
}

// drop takes a member away.
func (t *tree) drop(name string) {
	if i := t.index(name); i >= 0 {
		t.members = slices.Delete(t.members, i, i+1)
	}
}

// str returns the text of a string, "" of anything else.
func (t *tree) str() string {
	if t == nil || t.kind != '"' {
		return ""
	}
	return unquote(t.raw)
}

func (t *tree) clone() *tree {
	c := &tree{kind: t.kind, raw: t.raw}
	for _, f := range t.members {
		c.members = append(c.members, field{f.name, f.value.clone()})
	}
	for _, i := range t.items {
		c.items = append(c.items, i.clone())
	}
	return c
}

// size is about the bytes of a value.
func (t *tree) size() int {
	n := len(t.raw) + 2
	for _, f := range t.members {
		n += len(f.name) + 3 + f.value.size()
	}
	for _, i := range t.items {
		n += 1 + i.size()
	}
	return n
}

// equal compares as RFC 6902 section 4.6 says: numbers by value, members in any order.
func (t *tree) equal(o *tree) bool {
	if t.kind != o.kind || len(t.members) != len(o.members) || len(t.items) != len(o.items) {
		return false
	}
	for _, f := range t.members {
		if v := o.get(f.name); v == nil || !f.value.equal(v) {
			return false
		}
	}
	for i := range t.items {
		if !t.items[i].equal(o.items[i]) {
			return false
		}
	}
	switch t.kind {
	case '"':
		return t.str() == o.str()
	case '0':
		return decimal(string(t.raw)) == decimal(string(o.raw))
	}
	return true
}

// prune takes away objects and lists that a patch left empty: FHIR JSON has none.
func (t *tree) prune() (empty bool) {
	switch t.kind {
	case '{':
		t.members = slices.DeleteFunc(t.members, func(f field) bool { return f.value.prune() })
		return len(t.members) == 0
	case '[':
		t.items = slices.DeleteFunc(t.items, (*tree).prune)
		return len(t.items) == 0
	}
	return false
}

func (t *tree) append(dst []byte) []byte {
	switch t.kind {
	case '{':
		dst = append(dst, '{')
		for i, f := range t.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(dst, quote(f.name)...), ':')
			dst = f.value.append(dst)
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		for i, v := range t.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.append(dst)
		}
		return append(dst, ']')
	}
	return append(dst, t.raw...)
}
