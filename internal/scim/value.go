package scim

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// object is a JSON object in the schema's own spelling: what canonical made.
type object = map[string]any

// mostBody is the most bytes of a body, RFC 7644 section 3.12 (413).
const mostBody = 1 << 20

// decode reads one JSON object. Names given twice and bad UTF-8 are refused.
func decode(body []byte) (object, error) {
	var v object
	if err := json.Unmarshal(body, &v); err != nil || v == nil {
		return nil, bad(invalidSyntax, "The body is not one JSON object, or has a name twice.")
	}
	return v, nil
}

// canonical makes of what a client sent what the schema says: names in its spelling,
// values of its types, lists where there are many. What is not kept is left out.
func (r *resource) canonical(in object) (object, error) {
	out := object{}
	for name, v := range in {
		urn, rest, ok := r.split(name)
		if !ok || strings.EqualFold(name, "schemas") {
			continue
		}
		if rest == "" {
			if err := r.extension(out, urn, v); err != nil {
				return nil, err
			}
			continue
		}
		a := r.attribute(urn, rest)
		if a == nil {
			continue
		}
		if err := put(r.part(out, urn), a, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *resource) extension(out object, urn string, v any) error {
	part, ok := v.(object)
	if v == nil || urn == "" {
		return nil
	}
	if !ok {
		return bad(invalidValue, "An extension must be an object.")
	}
	for name, v := range part {
		if a := r.attribute(urn, name); a != nil {
			if err := put(r.part(out, urn), a, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// part is the object that an attribute lies in, made where it is missing.
func (r *resource) part(o object, urn string) object {
	if urn == "" {
		return o
	}
	part, ok := o[urn].(object)
	if !ok {
		part = object{}
		o[urn] = part
	}
	return part
}

// put sets an attribute that must not be there yet: two spellings of a name are one.
func put(o object, a *attribute, v any) error {
	if _, twice := o[a.name]; twice {
		return bad(invalidSyntax, "An attribute is given twice, in two spellings.")
	}
	c, err := coerce(a, v)
	if err != nil {
		return err
	}
	if c != nil {
		o[a.name] = c
	}
	return nil
}

// coerce makes a value of the attribute's type; nil is unassigned.
func coerce(a *attribute, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	if !a.many {
		return one(a, v)
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // a single value where several may stand
	}
	var out []any
	for _, e := range list {
		c, err := one(a, e)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// one makes a single value.
func one(a *attribute, v any) (any, error) {
	switch a.kind {
	case complex:
		return parts(a, v)
	case boolean:
		return truth(a, v)
	case moment:
		s, ok := v.(string)
		if _, err := time.Parse(time.RFC3339, s); !ok || err != nil {
			return nil, wrong(a, "a date and time")
		}
		return s, nil
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return nil, wrong(a, "a string")
	case len(s) > 2048 || !utf8.ValidString(s):
		return nil, bad(invalidValue, a.name+" is longer than 2048 bytes.")
	case s == "":
		return nil, nil
	}
	return s, nil
}

func wrong(a *attribute, want string) error {
	return bad(invalidValue, a.name+" must be "+want+".")
}

// parts makes a complex value. A plain string is its value: so Entra sends a manager.
func parts(a *attribute, v any) (any, error) {
	if s, plain := v.(string); plain && find(a.subs, "value") != nil {
		v = object{"value": s}
	}
	in, ok := v.(object)
	if !ok {
		return nil, wrong(a, "an object")
	}
	out := object{}
	for name, v := range in {
		if sub := find(a.subs, name); sub != nil {
			if err := put(out, sub, v); err != nil {
				return nil, err
			}
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// truth reads a boolean; Entra sends "True" and "False" as strings.
func truth(a *attribute, v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return nil, wrong(a, "true or false")
}

// str reads a string of an object, "" when there is none.
func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// sub reads an object of an object; reading of nil is allowed.
func sub(o object, name string) object {
	s, _ := o[name].(object)
	return s
}

// list reads a list of objects.
func list(o object, name string) []object {
	in, _ := o[name].([]any)
	var out []object
	for _, e := range in {
		if m, ok := e.(object); ok {
			out = append(out, m)
		}
	}
	return out
}
