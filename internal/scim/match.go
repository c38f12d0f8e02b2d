package scim

import (
	"strings"
	"time"
)

// match reports whether a resource fits a filter.
func (e *expr) match(o object) bool {
	switch {
	case e == nil:
		return true
	case e.not != nil:
		return !e.not.match(o)
	case e.and != nil:
		for _, x := range e.and {
			if !x.match(o) {
				return false
			}
		}
		return true
	case e.or != nil:
		for _, x := range e.or {
			if x.match(o) {
				return true
			}
		}
		return false
	case e.inside != nil:
		for _, part := range e.w.objects(o) {
			if e.inside.match(part) {
				return true
			}
		}
		return false
	}
	return e.term(o)
}

// objects are the values of an attribute with parts.
func (w where) objects(o object) []object {
	if w.attr == nil {
		return nil
	}
	if w.urn != "" {
		o = sub(o, w.urn)
	}
	if w.attr.many {
		return list(o, w.attr.name)
	}
	if part := sub(o, w.attr.name); part != nil {
		return []object{part}
	}
	return nil
}

// values are what a term compares.
func (w where) values(o object) (out []any) {
	leaf := w.leaf()
	if w.attr == nil || leaf == nil {
		return nil
	}
	if leaf != w.attr {
		for _, part := range w.objects(o) {
			if v, has := part[leaf.name]; has {
				out = append(out, v)
			}
		}
		return out
	}
	if w.urn != "" {
		o = sub(o, w.urn)
	}
	v, has := o[w.attr.name]
	if many, is := v.([]any); is {
		return many
	}
	if has {
		out = append(out, v)
	}
	return out
}

func (e *expr) term(o object) bool {
	values := e.w.values(o)
	switch {
	case e.op == "pr" && e.w.attr != nil && e.w.sub == nil && e.w.attr.kind == complex:
		return len(e.w.objects(o)) > 0
	case e.op == "pr":
		return len(values) > 0
	case e.value == nil: // null is unassigned
		return (e.op == "eq") == (len(values) == 0)
	case e.op == "ne":
		return !e.any(values, "eq")
	}
	return e.any(values, e.op)
}

func (e *expr) any(values []any, op string) bool {
	for _, v := range values {
		if compare(e.w.leaf(), v, op, e.value) {
			return true
		}
	}
	return false
}

func compare(a *attribute, have any, op string, want any) bool {
	switch have := have.(type) {
	case bool:
		w, ok := want.(bool)
		return ok && op == "eq" && have == w
	case string:
		w, ok := want.(string)
		if !ok {
			return false
		}
		if a.kind == moment {
			return compareTimes(have, op, w)
		}
		if !a.exact {
			have, w = strings.ToLower(have), strings.ToLower(w)
		}
		return compareText(have, op, w)
	}
	return false
}

func compareTimes(have, op, want string) bool {
	h, err1 := time.Parse(time.RFC3339, have)
	w, err2 := time.Parse(time.RFC3339, want)
	return err1 == nil && err2 == nil && ordered(h.Compare(w), op)
}

func compareText(have, op, want string) bool {
	switch op {
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	}
	return ordered(strings.Compare(have, want), op)
}

func ordered(c int, op string) bool {
	switch op {
	case "eq":
		return c == 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	case "le":
		return c <= 0
	}
	return false
}
