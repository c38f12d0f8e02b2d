package reference

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Tree is a JSON value with the order of its members and the spelling of its scalars.
type Tree struct {
	Kind    byte   // { [ " 0 t f n
	Raw     string // of a scalar, as written
	Members []Member
	Items   []*Tree

	from  *element   // of a scalar that a projection wrote: what it was made of
	names *contained // of a reference that a projection wrote: the resource inside that it names
}

// Member is a member of an object.
type Member struct {
	Name  string
	Value *Tree
}

// Parse reads one JSON text. It refuses what is not JSON, duplicate names among it.
func Parse(b []byte) (*Tree, error) {
	d := jsontext.NewDecoder(bytes.NewReader(b))
	t, err := parseValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return t, nil
}

func parseValue(d *jsontext.Decoder) (*Tree, error) {
	switch k := d.PeekKind(); k {
	case '{', '[':
		return parseNested(d, byte(k))
	default:
		v, err := d.ReadValue()
		return &Tree{Kind: byte(v.Kind()), Raw: string(v)}, err
	}
}

func parseNested(d *jsontext.Decoder, kind byte) (*Tree, error) {
	t := &Tree{Kind: kind}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		name := ""
		if kind == '{' {
			tok, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			name = tok.String()
		}
		v, err := parseValue(d)
		if err != nil {
			return nil, err
		}
		if kind == '{' {
			t.Members = append(t.Members, Member{name, v})
		} else {
			t.Items = append(t.Items, v)
		}
	}
	_, err := d.ReadToken()
	return t, err
}

// Get returns a member's value, nil where there is none.
func (t *Tree) Get(name string) *Tree {
	if t == nil {
		return nil
	}
	for _, m := range t.Members {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

// Text returns the text of a string; false for anything else.
func (t *Tree) Text() (string, bool) {
	if t == nil || t.Kind != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, t.Raw)
	return string(b), err == nil
}

func (t *Tree) text() string {
	s, _ := t.Text()
	return s
}

// blank: null, an empty string, object or array says nothing (FC17).
func (t *Tree) blank() bool {
	switch t.Kind {
	case 'n':
		return true
	case '"':
		return t.Raw == `""`
	}
	return t.Kind == '{' && len(t.Members) == 0 || t.Kind == '[' && len(t.Items) == 0
}

// String writes the tree without white space.
func (t *Tree) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *Tree) write(b *strings.Builder) {
	switch t.Kind {
	case '{':
		b.WriteByte('{')
		for i, m := range t.Members {
			if i > 0 {
				b.WriteByte(',')
			}
			name, _ := jsontext.AppendQuote(nil, m.Name)
			b.Write(name)
			b.WriteByte(':')
			m.Value.write(b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, v := range t.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			v.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(t.Raw)
	}
}

// quoted is a string as JSON spells it.
func quoted(s string) *Tree {
	b, _ := jsontext.AppendQuote(nil, s)
	return &Tree{Kind: '"', Raw: string(b)}
}

// constant is a member that the catalog spells out.
func constant(text string) Member {
	t, err := Parse([]byte("{" + text + "}"))
	if err != nil || len(t.Members) != 1 {
		panic("reference: the catalog's constant " + text + " is no member")
	}
	return t.Members[0]
}
