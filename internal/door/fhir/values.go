package fhir

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// read takes one alternative of a criterion apart by the grammar of its kind
// (hl7.org/fhir/R4/search.html#ptypes) and returns it rebuilt. What does not fit
// the grammar is refused rather than left to the upstream, whose error would
// echo it, or which would drop it and widen the search.
func (c *criterion) read(cat *catalog.Catalog, raw string) (string, error) {
	switch c.param.Kind {
	case catalog.TokenParam:
		v, token, err := readToken(c.param, raw)
		c.tokens = append(c.tokens, token)
		return v, err
	case catalog.StringParam:
		s := literal(raw)
		c.texts = append(c.texts, s)
		if strings.TrimSpace(s) == "" {
			return "", problem.Malformed
		}
		return escaped(s), nil
	case catalog.ReferenceParam:
		return readReference(cat, c.param, c.modifier, raw)
	case catalog.CompositeParam:
		return readComposite(cat, c.param, raw)
	}
	return readPlain(c.param.Kind, raw)
}

// readPlain reads the kinds without a reference or a token.
func readPlain(kind catalog.ParamKind, raw string) (string, error) {
	var ok bool
	switch kind {
	case catalog.DateParam:
		ok = dateGrammar.MatchString(raw)
	case catalog.NumberParam:
		ok = numberGrammar.MatchString(raw)
	case catalog.QuantityParam:
		return readQuantity(raw)
	case catalog.URIParam:
		s := literal(raw)
		if s == "" || strings.ContainsAny(s, " \t\"<>") {
			return "", problem.Malformed
		}
		return escaped(s), nil
	default:
		return "", problem.Parameter
	}
	if !ok {
		return "", problem.Malformed
	}
	return raw, nil
}

// The prefix ap is left out: how near is near, each server says for itself.
var (
	dateGrammar = regexp.MustCompile(`^(eq|ne|gt|lt|ge|le|sa|eb)?` +
		`[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-]([01][0-9]):[0-5][0-9])?)?)?)?$`)
	dayGrammar    = regexp.MustCompile(`^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$`)
	sinceGrammar  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?$`)
	numberGrammar = regexp.MustCompile(`^(eq|ne|gt|lt|ge|le|sa|eb)?-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)
)

// readQuantity reads number, number|system|code and number||code.
func readQuantity(raw string) (string, error) {
	parts, ok := splitValue(raw, '|')
	if !ok || len(parts) != 1 && len(parts) != 3 || !numberGrammar.MatchString(parts[0]) {
		return "", problem.Malformed
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	system, code := literal(parts[1]), literal(parts[2])
	if code == "" || strings.ContainsRune(system, ' ') {
		return "", problem.Malformed
	}
	return parts[0] + "|" + escaped(system) + "|" + escaped(code), nil
}

// readToken reads code, system|code, |code and system|; the last not where a
// value must be matched again, nor of an id, which has no system.
func readToken(p *catalog.Param, raw string) (string, gate.Value, error) {
	parts, ok := splitValue(raw, '|')
	if !ok || len(parts) > 2 {
		return "", gate.Value{}, problem.Malformed
	}
	if p.Name == "_id" {
		if len(parts) != 1 || !upstream.IsID(parts[0]) {
			return "", gate.Value{}, problem.Malformed
		}
		return parts[0], gate.Value{Code: parts[0]}, nil
	}
	if len(parts) == 1 {
		code := literal(parts[0])
		if strings.TrimSpace(code) == "" {
			return "", gate.Value{}, problem.Malformed
		}
		return escaped(code), gate.Value{Code: code}, nil
	}
	v := gate.Value{System: literal(parts[0]), Code: literal(parts[1]), HasSystem: true}
	if v.Code == "" && (v.System == "" || p.ValueDependent) || strings.ContainsRune(v.System, ' ') {
		return "", gate.Value{}, problem.Malformed
	}
	return escaped(v.System) + "|" + escaped(v.Code), v, nil
}

// readReference reads [Type/]id. A bare id needs a parameter with one target, or
// the target as modifier: what else it could name, each server guesses for itself.
// Absolute addresses, versions and canonicals are not read (FC13).
func readReference(cat *catalog.Catalog, p *catalog.Param, modifier, raw string) (string, error) {
	name, id, typed := strings.Cut(raw, "/")
	if !typed {
		name, id = modifier, raw
		if name == "" && p.Name == "patient" {
			name = "Patient"
		}
		if name == "" {
			name = onlyTarget(cat, p)
		}
	}
	t, ok := cat.Type(name)
	if !ok || !p.Targets.Has(t) || modifier != "" && modifier != name || !upstream.IsID(id) {
		return "", problem.Malformed
	}
	return name + "/" + id, nil
}

func onlyTarget(cat *catalog.Catalog, p *catalog.Param) string {
	only := ""
	for _, t := range cat.Types() {
		if p.Targets.Has(t) {
			if only != "" {
				return ""
			}
			only = cat.TypeName(t)
		}
	}
	return only
}

// readComposite reads component$component, each by its own grammar (FC06). Admit
// asks for all the elements of all of them.
func readComposite(cat *catalog.Catalog, p *catalog.Param, raw string) (string, error) {
	parts, ok := splitValue(raw, '$')
	if !ok || len(p.Components) < 2 || len(parts) != len(p.Components) {
		return "", problem.Malformed
	}
	for i, part := range parts {
		inner := criterion{param: p.Components[i]}
		if inner.param.Kind == catalog.CompositeParam || inner.param.ValueDependent || inner.param.ReadsUnknown() {
			return "", problem.Parameter
		}
		v, err := inner.read(cat, part)
		if err != nil {
			return "", err
		}
		parts[i] = v
	}
	return strings.Join(parts, "$"), nil
}

// longEnough reports whether the names of a find have at least three letters
// (policy-language rule 13): shorter ones list half the town.
func (q *query) longEnough() bool {
	for _, c := range q.criteria {
		if c.param.Kind != catalog.StringParam || !isName(c.param) {
			continue
		}
		for _, s := range c.texts {
			for _, word := range strings.Fields(s) {
				if utf8.RuneCountInString(word) < 3 {
					return false
				}
			}
		}
	}
	return true
}
