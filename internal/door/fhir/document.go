package fhir

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// document is a JSON object taken apart, each value as it is spelt. The scanner has
// judged the text before: here nothing is judged, only put together anew (D1).
type document []field

type field struct {
	name  string
	value []byte
}

var errNoObject = errors.New("fhir: not an object")

// takeApart reads an object.
func takeApart(text []byte) (document, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errNoObject
	}
	var doc document
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errNoObject
		}
		f := field{name: name.String()}
		v, err := dec.ReadValue()
		if err != nil {
			return nil, errNoObject
		}
		v = v.Clone()
		if v.Compact() != nil {
			return nil, errNoObject
		}
		f.value = v
		doc = append(doc, f)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errNoObject
	}
	return doc, nil
}

// without is the document without some members.
func (d document) without(names ...string) document {
	var out document
next:
	for _, f := range d {
		for _, n := range names {
			if f.name == n {
				continue next
			}
		}
		out = append(out, f)
	}
	return out
}

// get returns a member's value, nil where there is none.
func (d document) get(name string) []byte {
	for _, f := range d {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// put puts members before all others.
func (d document) put(fields ...field) document { return append(fields, d...) }

// text spells the document.
func (d document) text() []byte {
	out := []byte{'{'}
	for i, f := range d {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, f.name) // of valid UTF-8, which the scanner saw to
		out = append(out, ':')
		out = append(out, f.value...)
	}
	return append(out, '}')
}

// quoted spells an id or the name of a type, neither of which needs an escape.
func quoted(s string) []byte { return append(append([]byte{'"'}, s...), '"') }
