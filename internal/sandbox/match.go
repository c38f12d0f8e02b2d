package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
)

// criterion is a search parameter with its modifier.
type criterion struct {
	cat      *catalog.Catalog
	param    *catalog.Param
	modifier string
}

// criterion reads the name of a parameter. What is not built is refused: a
// parameter that is dropped widens the search.
func (s *Server) criterion(t catalog.Type, name string) (*criterion, error) {
	bare, modifier, _ := strings.Cut(name, ":")
	p, known := s.cat.Param(t, bare)
	c := &criterion{s.cat, p, modifier}
	switch {
	case !known, p.Kind == catalog.CompositeParam, p.Kind == catalog.SpecialParam:
		return nil, invalid
	case modifier == "", p.Kind == catalog.StringParam && (modifier == "exact" || modifier == "contains"):
		return c, nil
	case p.Kind == catalog.ReferenceParam:
		_, isType := s.cat.Type(modifier)
		if isType {
			return c, nil
		}
	}
	return nil, invalid
}

// alternative is one of the values that a criterion accepts.
type alternative struct {
	text   string // as it stands, backslashes taken away
	raw    string
	date   span
	prefix string // of dates and numbers
	number float64
}

// alternatives splits a value at its commas and reads each part.
func (c *criterion) alternatives(value string) ([]alternative, error) {
	var out []alternative
	for _, raw := range split(value, ',') {
		a := alternative{raw: raw, text: unescape(raw)}
		if a.text == "" {
			return nil, invalid
		}
		var err error
		switch c.param.Kind {
		case catalog.DateParam:
			a.prefix, raw = prefixed(raw)
			a.date, err = parseSpan(raw)
		case catalog.NumberParam, catalog.QuantityParam:
			a.prefix, raw = prefixed(raw)
			bare, _, _ := strings.Cut(raw, "|")
			a.number, err = strconv.ParseFloat(bare, 64)
		}
		if err != nil {
			return nil, invalid
		}
		out = append(out, a)
	}
	return out, nil
}

// split cuts at a separator that no backslash precedes.
func split(s string, sep byte) []string {
	var out []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\|`, `|`, `\$`, `$`).Replace(s)
}

func prefixed(s string) (prefix, rest string) {
	if len(s) > 2 && s[0] >= 'a' && s[0] <= 'z' {
		return s[:2], s[2:]
	}
	return "eq", s
}

// matches reports whether a record matches one of the alternatives.
func (c *criterion) matches(want []alternative, r *record) bool {
	return slices.ContainsFunc(want, func(a alternative) bool {
		if c.param.Name == "_id" {
			return r.id == a.text
		}
		return slices.ContainsFunc(read(c.cat, c.param, r.tree), func(v any) bool { return c.match(&a, v) })
	})
}

func (c *criterion) match(a *alternative, have any) bool {
	switch c.param.Kind {
	case catalog.TokenParam:
		return c.token(a, have)
	case catalog.ReferenceParam:
		return c.reference(a.text, have)
	case catalog.DateParam:
		return a.meets(spanOf(have))
	case catalog.NumberParam, catalog.QuantityParam:
		return a.compares(have)
	case catalog.StringParam:
		return text(c.modifier, strings.ToLower(a.text), a.text, have)
	}
	return fmt.Sprint(have) == a.text
}

// read returns the values that a parameter reads in a resource.
func read(cat *catalog.Catalog, p *catalog.Param, tree map[string]any) []any {
	if p.Name == "_id" {
		return []any{tree["id"]}
	}
	var out []any
	for _, n := range p.Nodes {
		out = append(out, walk(tree, strings.Split(cat.Node(n).Path, ".")[1:])...)
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
		var out []any
		choice, isChoice := strings.CutSuffix(path[0], "[x]")
		for name, item := range v {
			if name == path[0] || isChoice && strings.HasPrefix(name, choice) {
				out = append(out, walk(item, path[1:])...)
			}
		}
		return out
	case nil:
		return nil
	}
	if len(path) > 0 {
		return nil
	}
	return []any{v}
}

// reference matches [Type/]id.
func (c *criterion) reference(want string, have any) bool {
	v, _ := have.(map[string]any)
	ref, _ := v["reference"].(string)
	if strings.Contains(want, "/") {
		return ref == want
	}
	typ, id, _ := strings.Cut(ref, "/")
	if c.param.Name == "patient" && typ != "Patient" || c.modifier != "" && typ != c.modifier {
		return false
	}
	return id == want
}

// token matches code, system|code, |code and system| against codings, identifiers,
// contact points and codes.
func (c *criterion) token(a *alternative, have any) bool {
	parts := split(a.raw, '|')
	code := unescape(parts[len(parts)-1])
	v, ok := have.(map[string]any)
	if !ok {
		return fmt.Sprint(have) == code && (len(parts) == 1 || parts[0] != "")
	}
	if list, ok := v["coding"].([]any); ok {
		return slices.ContainsFunc(list, func(x any) bool { return c.token(a, x) })
	}
	value, _ := v["code"].(string)
	if s, ok := v["value"].(string); ok {
		value = s
	}
	system, _ := v["system"].(string)
	if c.param.ContactSystem != "" {
		return system == c.param.ContactSystem && value == code
	}
	return (code == "" || value == code) && (len(parts) == 1 || system == unescape(parts[0]))
}

// text matches the beginning of any string in a name or address, a part with
// :contains, the whole with :exact.
func text(modifier, lower, want string, have any) bool {
	switch v := have.(type) {
	case map[string]any:
		for name, item := range v {
			if name != "use" && name != "system" && name != "period" && text(modifier, lower, want, item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return text(modifier, lower, want, item) })
	case string:
		switch modifier {
		case "exact":
			return v == want
		case "contains":
			return strings.Contains(strings.ToLower(v), lower)
		}
		return strings.HasPrefix(strings.ToLower(v), lower)
	}
	return false
}
