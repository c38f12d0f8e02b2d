package fhirjson_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// tree is a JSON value as the test oracle reads it: slow and obvious.
type tree struct {
	raw     string // of a scalar, as written
	kind    byte   // { [ " 0 t n
	members []member
	items   []*tree
	gone    bool // left out of String
}

type member struct {
	name  string
	value *tree
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

// str returns the text of a string, "" for anything else.
func (t *tree) str() string {
	if t == nil || t.kind != '"' {
		return ""
	}
	s, err := jsontext.AppendUnquote(nil, t.raw)
	if err != nil {
		panic(err)
	}
	return string(s)
}

func (t *tree) write(b *strings.Builder) {
	switch t.kind {
	case '{':
		b.WriteByte('{')
		first := true
		for _, m := range t.members {
			if m.value.gone {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			name, _ := jsontext.AppendQuote(nil, m.name)
			b.Write(name)
			b.WriteByte(':')
			m.value.write(b)
		}
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		first := true
		for _, v := range t.items {
			if v.gone {
				continue
			}
			if !first {
				b.WriteByte(',')
			}
			first = false
			v.write(b)
		}
		b.WriteByte(']')
	default:
		b.WriteString(t.raw)
	}
}

func (t *tree) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

// parse reads a whole text with jsontext, which refuses duplicate names and text
// that is not UTF-8.
func parse(b []byte) (*tree, error) {
	d := jsontext.NewDecoder(bytes.NewReader(b))
	t, err := readTree(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("trailing data: %w", err)
	}
	return t, nil
}

func readTree(d *jsontext.Decoder) (*tree, error) {
	switch k := d.PeekKind(); k {
	case '{', '[':
		if _, err := d.ReadToken(); err != nil {
			return nil, err
		}
		t := &tree{kind: byte(k)}
		for d.PeekKind() != '}' && d.PeekKind() != ']' {
			var name string
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
	default:
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		return &tree{kind: byte(v.Kind()), raw: string(v)}, nil
	}
}

// classes returns classes by name; an unknown name fails the test.
func classes(tb testing.TB, names ...string) (set catalog.ClassSet) {
	tb.Helper()
	for _, n := range names {
		c, ok := catalog.R4().Class(n)
		if !ok {
			tb.Fatalf("no class %s", n)
		}
		set = set.With(c)
	}
	return set
}

// views generates n views, each class under a Treatment of its own, some with a
// bias to one Treatment; the first keeps everything, the second nothing.
func views(n int) []policy.View {
	rng := rand.New(rand.NewPCG(1, 2))
	all := catalog.R4().Content()
	out := []policy.View{{Keep: all}, {}}
	for len(out) < n {
		var v policy.View
		bias := policy.Treatment(rng.IntN(6))
		for c := range all.All {
			t := policy.Treatment(rng.IntN(6))
			if rng.IntN(2) == 0 {
				t = bias
			}
			v.Put(c, t)
		}
		out = append(out, v)
	}
	return out
}

// shape is the Shape of a view for tests: patients whose id has an even length are
// in scope, other records whose id does not end in an odd digit are visible.
func shape(v policy.View) *fhirjson.Shape {
	return &fhirjson.Shape{
		View:           v,
		PatientInScope: func(id []byte) bool { return len(id)%2 == 0 || string(id) == "example" },
		Visible: func(_ catalog.Type, id []byte) bool {
			return !slices.Contains([]byte("13579"), id[len(id)-1])
		},
		Token: func(dst []byte, _ catalog.Class, v []byte) []byte {
			if bytes.HasPrefix(v, []byte("tok-")) {
				return append(dst, v...) // so that projecting a projection can be compared
			}
			return fmt.Appendf(dst, "tok-%d", len(v))
		},
		Year: 2026,
	}
}

// wide is a Shape that keeps these classes, with every patient in scope.
func wide(tb testing.TB, keep ...string) *fhirjson.Shape {
	return &fhirjson.Shape{
		View:           policy.View{Keep: classes(tb, keep...)},
		PatientInScope: func([]byte) bool { return true },
		Year:           2026,
	}
}

// projected returns the projection of one resource, "" where it is not there.
func projected(tb testing.TB, in string, sh *fhirjson.Shape) string {
	tb.Helper()
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: "https://up.example/fhir"})
	r, err := s.Resource([]byte(in))
	if err != nil {
		tb.Fatalf("scan %s: %v", in, err)
	}
	out, o, err := s.Project(nil, r, sh)
	if err != nil {
		tb.Fatal(err)
	}
	if o.There != (len(out) > 0) {
		tb.Fatalf("There is %v with %d bytes", o.There, len(out))
	}
	return string(out)
}
