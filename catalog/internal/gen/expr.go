package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The search parameters of R4 use a small part of FHIRPath: paths joined by |,
// casts, and a few filters. An expression is read into alternatives; what it does
// not know is an error, never a guess.

// alternative is one path of an expression: what it reads, from the type on.
type alternative struct {
	typ     string
	steps   []step
	also    []string // members beside the last step that a filter reads: type, system
	targets []string // of where(resolve() is X)
	system  string   // of where(system='...'), the contact system
	refused string   // why the path cannot be judged, "" when it can
}

// step is a member and, for a choice, the type that it is cast to.
type step struct{ name, cast string }

var (
	castTerm   = regexp.MustCompile(`^\(([\w.]+) as (\w+)\)((?:\.\w+)*)$`)
	pathStep   = regexp.MustCompile(`^(\w+)$`)
	castCall   = regexp.MustCompile(`^(?:as|ofType)\((\w+)\)$`)
	resolveIs  = regexp.MustCompile(`^where\(resolve\(\) is (\w+)\)$`)
	whereEqual = regexp.MustCompile(`^where\((\w+)='([\w-]+)'\)$`)
	whereExt   = regexp.MustCompile(`^where\(hasExtension\('([^']+)'\)\)$`)
	extension  = regexp.MustCompile(`^extension\('([^']+)'\)$`)
	indexed    = regexp.MustCompile(`^(\w+)\[\d+\]$`)
	deceased   = regexp.MustCompile(`^([\w.]+)\.exists\(\) and ([\w.]+) != false$`)
)

// parse reads an expression.
func parse(expression string) (alts []alternative, err error) {
	for _, term := range splitTop(expression, '|') {
		term = strings.TrimSpace(term)
		if m := deceased.FindStringSubmatch(term); m != nil && m[1] == m[2] {
			term = m[1] // whether there is one and what it says: both read the element
		}
		a, err := parseTerm(term)
		if err != nil {
			return nil, fmt.Errorf("%w in %q", err, expression)
		}
		alts = append(alts, a)
	}
	return alts, nil
}

// resource stands for %resource: the path starts at the resource after all.
const resource = "resource"

// parseRelative reads the expression of a component, which starts at an element.
func parseRelative(expression string) ([]alternative, error) {
	terms := splitTop(expression, '|')
	for i, t := range terms {
		t = strings.TrimSpace(t)
		if rest, ok := strings.CutPrefix(t, "%resource."); ok {
			terms[i] = resource + "." + rest
			continue
		}
		terms[i] = "." + t
	}
	return parse(strings.Join(terms, "|"))
}

func parseTerm(term string) (a alternative, err error) {
	cast := ""
	rest := ""
	if m := castTerm.FindStringSubmatch(term); m != nil {
		term, cast, rest = m[1], m[2], m[3]
	}
	parts := splitTop(term, '.')
	a.typ = parts[0]
	if a.typ != "" && !pathStep.MatchString(a.typ) {
		return a, fmt.Errorf("unknown start %q", a.typ)
	}
	for _, p := range parts[1:] {
		if err := a.add(p); err != nil {
			return a, err
		}
	}
	if cast != "" {
		if len(a.steps) == 0 {
			return a, fmt.Errorf("cast of nothing")
		}
		a.steps[len(a.steps)-1].cast = cast
	}
	for _, p := range splitTop(strings.TrimPrefix(rest, "."), '.') {
		if p != "" {
			a.steps = append(a.steps, step{name: p})
		}
	}
	return a, nil
}

// add reads one step after the type.
func (a *alternative) add(p string) error {
	if m := indexed.FindStringSubmatch(p); m != nil {
		p = m[1]
	}
	switch {
	case pathStep.MatchString(p):
		a.steps = append(a.steps, step{name: p})
	case p == "exists()":
	case castCall.MatchString(p) && len(a.steps) > 0:
		a.steps[len(a.steps)-1].cast = castCall.FindStringSubmatch(p)[1]
	case resolveIs.MatchString(p):
		a.targets = append(a.targets, resolveIs.FindStringSubmatch(p)[1])
	case whereEqual.MatchString(p):
		m := whereEqual.FindStringSubmatch(p)
		a.also = append(a.also, a.path()+"."+m[1])
		if m[1] == "system" {
			a.system = m[2]
		}
	case whereExt.MatchString(p):
		a.refused = "reads the extension " + whereExt.FindStringSubmatch(p)[1]
	case extension.MatchString(p):
		a.refused = "reads the extension " + extension.FindStringSubmatch(p)[1]
	default:
		return fmt.Errorf("unknown step %q", p)
	}
	return nil
}

// path returns the plain path read so far.
func (a *alternative) path() string {
	s := a.typ
	for _, p := range a.steps {
		s += "." + p.name
	}
	return s
}

// splitTop splits at sep outside of parentheses and quotes.
func splitTop(s string, sep byte) (parts []string) {
	depth, quoted, from := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}
