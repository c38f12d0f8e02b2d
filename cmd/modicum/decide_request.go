package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// requestOf takes a line apart: an object of id, type and given, and nothing else.
func requestOf(set *policy.Set, name string, n int, text []byte) (id string, t catalog.Type, given *doc.Given, problems []string) {
	at := doc.At{File: name, Line: n, Col: 1}
	bad := func(col int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d:%d: %s", name, n, col, fmt.Sprintf(format, args...)))
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	if dec.PeekKind() != '{' || !jsontext.Value(text).IsValid() {
		bad(1, "is not one JSON object, or a name is there twice, or the text is not UTF-8")
		return
	}
	_, _ = dec.ReadToken() // the text is valid: reading it cannot fail
	for dec.PeekKind() != '}' {
		key, _ := dec.ReadToken()
		word := key.String()
		v, _ := dec.ReadValue()
		col := int(dec.InputOffset()) - len(v) + 1
		switch word {
		case "id":
			if json.Unmarshal(v, &id) != nil || len(id) > 256 {
				bad(col, "id must be text of at most 256 bytes")
			}
		case "type":
			var typ string
			if json.Unmarshal(v, &typ) != nil {
				bad(col, "type must be a resource type, such as Observation")
			} else if ty, ok := set.Catalog().Type(typ); ok {
				t = ty
			} else {
				bad(col, "%.64q is no resource type of FHIR R4%s", typ, meant(typ, typeNames(set.Catalog())))
			}
		case "given":
			at.Col = col
			var probs doc.Problems
			given, probs = doc.ParseGiven(at, v)
			for _, p := range probs.Errors() {
				problems = append(problems, strings.TrimSuffix(p.String()+"; "+p.Hint, "; "))
			}
		default:
			bad(int(dec.InputOffset())-len(v)-len(word)-2, "%.64q is no key of a request%s", word, meant(word, []string{"id", "type", "given"}))
		}
	}
	if given == nil && len(problems) == 0 {
		bad(1, "given is missing: what is true, as in the policy's tests")
	}
	return id, t, given, problems
}

func typeNames(cat *catalog.Catalog) []string {
	var out []string
	for _, t := range cat.Types() {
		out = append(out, cat.TypeName(t))
	}
	slices.Sort(out)
	return out
}
