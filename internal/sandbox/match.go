package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
)

// matches reports whether one of the comma-separated alternatives matches.
func matches(cat *catalog.Catalog, p *catalog.Param, modifier, value string, r *record) bool {
	return slices.ContainsFunc(strings.Split(value, ","), func(v string) bool {
		if p.Name == "_id" {
			return r.id == v
		}
		return slices.ContainsFunc(read(cat, p, r.tree), func(x any) bool { return match(p, modifier, v, x) })
	})
}

// read returns the values that a parameter reads in a resource.
func read(cat *catalog.Catalog, p *catalog.Param, tree map[string]any) []any {
	var out []any
	for _, n := range p.Nodes {
		path := strings.Split(cat.Node(n).Path, ".")
		out = append(out, walk(tree, path[1:])...)
	}
	return out
}

// walk follows a path of element names; a choice takes any of its types.
func walk(v any, path []string) []any {
	switch v := v.(type) {
	case []any:
		var out []any
		for _, item := range v {
			out = append(out, walk(item, path)...)
		}
		return out
	case map[string]any:
		if len(path) == 0 {
			return []any{v}
		}
		if choice, ok := strings.CutSuffix(path[0], "[x]"); ok {
			var out []any
			for name, item := range v {
				if strings.HasPrefix(name, choice) {
					out = append(out, walk(item, path[1:])...)
				}
			}
			return out
		}
		if item, ok := v[path[0]]; ok {
			return walk(item, path[1:])
		}
		return nil
	}
	if len(path) == 0 && v != nil {
		return []any{v}
	}
	return nil
}

func match(p *catalog.Param, modifier, want string, have any) bool {
	switch p.Kind {
	case catalog.TokenParam:
		return token(want, have)
	case catalog.ReferenceParam:
		m, _ := have.(map[string]any)
		ref, _ := m["reference"].(string)
		return ref == want || strings.HasSuffix(ref, "/"+want) && !strings.Contains(want, "/")
	case catalog.DateParam:
		return date(want, flat(have))
	case catalog.StringParam:
		return text(modifier, want, have)
	}
	return fmt.Sprint(have) == want
}

// token matches [system|]code against codings, identifiers, contact points and codes.
func token(want string, have any) bool {
	system, code, hasSystem := strings.Cut(want, "|")
	if !hasSystem {
		system, code = "", want
	}
	m, ok := have.(map[string]any)
	if !ok {
		return fmt.Sprint(have) == code
	}
	if list, ok := m["coding"].([]any); ok {
		return slices.ContainsFunc(list, func(c any) bool { return token(want, c) })
	}
	value, _ := m["code"].(string)
	if v, ok := m["value"].(string); ok {
		value = v
	}
	s, _ := m["system"].(string)
	return value == code && (!hasSystem || s == system)
}

// flat returns the date or the start of a period, or a plain value.
func flat(v any) string {
	if m, ok := v.(map[string]any); ok {
		start, _ := m["start"].(string)
		return start
	}
	return fmt.Sprint(v)
}

// date compares at the precision of what is asked.
func date(want, have string) bool {
	prefix := "eq"
	if len(want) > 2 && want[0] >= 'a' && want[0] <= 'z' {
		prefix, want = want[:2], want[2:]
	}
	cut := have[:min(len(have), len(want))]
	switch prefix {
	case "eq":
		return cut == want
	case "ne":
		return cut != want
	case "ge", "sa":
		return cut >= want
	case "gt":
		return cut > want
	case "le", "eb":
		return cut <= want
	}
	return cut < want
}

// text matches the beginning of any string in a name or address, whole with :exact.
func text(modifier, want string, have any) bool {
	switch v := have.(type) {
	case map[string]any:
		for _, item := range v {
			if text(modifier, want, item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return text(modifier, want, item) })
	case string:
		if modifier == "exact" {
			return v == want
		}
		return strings.HasPrefix(strings.ToLower(v), strings.ToLower(want))
	}
	return false
}
