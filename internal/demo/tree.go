package demo

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// node is one JSON value with where it stands in a text without spaces.
type node struct {
	name     string // of the member that it is or is an item of; "" for the root
	from, to int    // bytes
	array    bool
	kids     []*node // of an object or array
	text     string  // of a scalar
	scalar   bool
}

// parse reads a JSON text without space between its tokens.
func parse(src []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	n, err := parseValue(dec, src)
	if err == nil && dec.More() {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next returns the next token and where it begins.
func next(dec *json.Decoder, src []byte) (json.Token, int, error) {
	from := int(dec.InputOffset())
	t, err := dec.Token()
	for from < len(src) && (src[from] == ',' || src[from] == ':') {
		from++
	}
	return t, from, err
}

func parseValue(dec *json.Decoder, src []byte) (*node, error) {
	t, from, err := next(dec, src)
	if err != nil {
		return nil, err
	}
	n := &node{from: from}
	delim, open := t.(json.Delim)
	if !open {
		n.scalar, n.text, n.to = true, scalarText(t), int(dec.InputOffset())
		return n, nil
	}
	n.array = delim == '['
	for dec.More() {
		name := ""
		if !n.array {
			key, _, err := next(dec, src)
			if err != nil {
				return nil, err
			}
			name, _ = key.(string)
		}
		kid, err := parseValue(dec, src)
		if err != nil {
			return nil, err
		}
		kid.called(name)
		n.kids = append(n.kids, kid)
	}
	_, _, err = next(dec, src)
	n.to = int(dec.InputOffset())
	return n, err
}

// called names a member, and its items after it. A tree never changes once it was
// read: several compare with it at once.
func (n *node) called(name string) {
	n.name = name
	if n.array {
		for _, item := range n.kids {
			item.name = name
		}
	}
}

func scalarText(t json.Token) string {
	switch t := t.(type) {
	case string:
		return t
	case json.Number:
		return t.String()
	case bool:
		if t {
			return "yes"
		}
		return "no"
	}
	return ""
}

// kid returns the member of that name, nil where there is none.
func (n *node) kid(name string) *node {
	if n == nil || n.array {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// at follows names of members; of an array it takes the first item.
func (n *node) at(path ...string) *node {
	for _, name := range path {
		if n != nil && n.array {
			if len(n.kids) == 0 {
				return nil
			}
			n = n.kids[0]
		}
		n = n.kid(name)
	}
	return n
}

// str is the text at a path, "" where there is none.
func (n *node) str(path ...string) string {
	if n = n.at(path...); n == nil {
		return ""
	}
	return n.text
}

// choice returns the member whose name begins like an element with several types:
// value of valueString.
func (n *node) choice(begin string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if rest, ok := strings.CutPrefix(k.name, begin); ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return k
		}
	}
	return nil
}

// masked reports whether a value says that it was masked
// (hl7.org/fhir/R4/extension-data-absent-reason.html).
func (n *node) masked() bool {
	if n == nil || n.scalar {
		return false
	}
	for _, k := range n.kids {
		if k.scalar && k.name == "valueCode" && k.text == "masked" || k.masked() {
			return true
		}
	}
	return false
}
