package merge_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// tree is a JSON value as the tests read and change it: slow and obvious, and no code
// of the package.
type tree struct {
	kind    byte   // { [ or that of a scalar
	raw     string // of a scalar
	members []member
	items   []*tree
}

type member struct {
	name  string
	value *tree
}

func parse(tb testing.TB, b []byte) *tree {
	tb.Helper()
	d := jsontext.NewDecoder(bytes.NewReader(b))
	t, err := readTree(d)
	if err != nil {
		tb.Fatalf("not JSON: %v\n%s", err, b)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		tb.Fatalf("something follows: %s", b)
	}
	return t
}

func readTree(d *jsontext.Decoder) (*tree, error) {
	k := d.PeekKind()
	if k != '{' && k != '[' {
		v, err := d.ReadValue()
		return &tree{kind: byte(v.Kind()), raw: string(v)}, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	t := &tree{kind: byte(k)}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		name := ""
		if k == '{' {
			tok, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			name = tok.String()
		}
		v, err := readTree(d)
		if err != nil {
			return nil, err
		}
		if k == '{' {
			t.members = append(t.members, member{name, v})
		} else {
			t.items = append(t.items, v)
		}
	}
	_, err := d.ReadToken()
	return t, err
}

func (t *tree) get(name string) *tree {
	for _, m := range t.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

func (t *tree) drop(name string) {
	t.members = slices.DeleteFunc(t.members, func(m member) bool { return m.name == name })
}

func (t *tree) clone() *tree {
	c := &tree{kind: t.kind, raw: t.raw}
	for _, m := range t.members {
		c.members = append(c.members, member{m.name, m.value.clone()})
	}
	for _, i := range t.items {
		c.items = append(c.items, i.clone())
	}
	return c
}

func (t *tree) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t *tree) write(b *strings.Builder) {
	switch t.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range t.members {
			if i > 0 {
				b.WriteByte(',')
			}
			name, _ := jsontext.AppendQuote(nil, m.name)
			b.Write(name)
			b.WriteByte(':')
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

// sorted is t with its members in the order of their names, for comparing.
func (t *tree) sorted() *tree {
	c := t.clone()
	c.walk("", func(_ string, v *tree) {
		slices.SortFunc(v.members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	})
	return c
}

func (t *tree) walk(path string, see func(path string, t *tree)) {
	see(path, t)
	for _, m := range t.members {
		m.value.walk(path+"."+m.name, see)
	}
	for _, i := range t.items {
		i.walk(path, see)
	}
}

// leaves counts the scalars of t by path and text; nulls hold a place only.
func (t *tree) leaves() map[string]int {
	out := map[string]int{}
	t.walk("", func(path string, v *tree) {
		if v.kind != '{' && v.kind != '[' && v.kind != 'n' {
			out[path+" "+v.raw]++
		}
	})
	return out
}

// less takes away from a what b has.
func less(a, b map[string]int) map[string]int {
	out := maps.Clone(a)
	for k, n := range b {
		if out[k] -= n; out[k] <= 0 {
			delete(out, k)
		}
	}
	return out
}
