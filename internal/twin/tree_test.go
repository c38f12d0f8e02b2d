package twin

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// tree is a JSON value that keeps the order of its members and the spelling of
// its numbers.
type tree struct {
	kind    byte // '{', '[' or 's' for a scalar
	raw     string
	members []member
	items   []*tree
}

type member struct {
	name  string
	value *tree
}

// parse reads one JSON value; the text is our own, so that it cannot fail.
func parse(text string) *tree {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	t := parseValue(dec)
	if _, err := dec.Token(); err != io.EOF {
		panic("test data: " + text)
	}
	return t
}

func parseValue(dec *json.Decoder) *tree {
	tok, err := dec.Token()
	if err != nil {
		panic("test data: " + err.Error())
	}
	switch tok {
	case json.Delim('{'):
		t := &tree{kind: '{'}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				panic("test data: " + err.Error())
			}
			t.members = append(t.members, member{name.(string), parseValue(dec)})
		}
		dec.Token()
		return t
	case json.Delim('['):
		t := &tree{kind: '['}
		for dec.More() {
			t.items = append(t.items, parseValue(dec))
		}
		dec.Token()
		return t
	}
	if n, ok := tok.(json.Number); ok {
		return &tree{kind: 's', raw: n.String()}
	}
	return scalar(tok)
}

func scalar(v any) *tree {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return &tree{kind: 's', raw: string(b)}
}

func (t *tree) String() string {
	var b bytes.Buffer
	t.write(&b)
	return b.String()
}

func (t *tree) write(b *bytes.Buffer) {
	switch t.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range t.members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(scalar(m.name).raw + ":")
			m.value.write(b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, v := range t.items {
			if i > 0 {
				b.WriteByte(',')
			}
			v.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(t.raw)
	}
}

func (t *tree) get(name string) *tree {
	if t == nil {
		return nil
	}
	for _, m := range t.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// at follows names and, through arrays, the first item.
func (t *tree) at(path ...string) *tree {
	for _, name := range path {
		if t != nil && t.kind == '[' && len(t.items) > 0 {
			t = t.items[0]
		}
		t = t.get(name)
	}
	return t
}

// set replaces a member or adds it at the end.
func (t *tree) set(name string, v *tree) {
	for i := range t.members {
		if t.members[i].name == name {
			t.members[i].value = v
			return
		}
	}
	t.members = append(t.members, member{name, v})
}

func (t *tree) drop(name string) {
	t.members = slices.DeleteFunc(t.members, func(m member) bool { return m.name == name })
}

// text is the string that a scalar holds, "" for anything else.
func (t *tree) text() string {
	if t == nil || t.kind != 's' {
		return ""
	}
	var s string
	if json.Unmarshal([]byte(t.raw), &s) != nil {
		return t.raw
	}
	return s
}

func (t *tree) clone() *tree { return parse(t.String()) }

// walk visits t and all below it, containers before what they hold.
func (t *tree) walk(name string, visit func(name string, v *tree)) {
	visit(name, t)
	for _, m := range t.members {
		m.value.walk(m.name, visit)
	}
	for _, v := range t.items {
		v.walk(name, visit)
	}
}
