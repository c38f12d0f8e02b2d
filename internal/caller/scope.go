package caller

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// ScopeVerb is an interaction of a SMART scope, hl7.org/fhir/smart-app-launch
// (2.2.0), "scopes and launch context". Verbs may be joined by |.
type ScopeVerb uint8

// The verbs of a SMART v2 scope.
const (
	ScopeCreate ScopeVerb = 1 << iota
	ScopeRead             // read, vread, history of one
	ScopeUpdate
	ScopeDelete
	ScopeSearch // search, history of a type
)

// ScopeContext is for whose data a SMART scope stands.
type ScopeContext uint8

// The contexts of a SMART scope. Zero is that of a scope that does not parse.
const (
	NoContext      ScopeContext = iota
	PatientContext              // the one patient in launch context
	UserContext                 // what the user may see
	SystemContext               // what the program may see
)

// Scope is one SMART scope. It only ever takes away (policy-language rule 11).
type Scope struct {
	Context ScopeContext
	Type    string // a resource type, or "*"
	Verbs   ScopeVerb
	// Query narrows the scope to records that match all of it (v2 granular
	// scopes): parameter and its values as written, alternatives by comma.
	Query []ScopeFilter
	// Closed: it looks like a SMART scope and does not parse. Everything of Type
	// is taken away, whatever other scopes say.
	Closed bool
}

// ScopeFilter is one parameter of a granular scope: a record fits if one of the
// values does. A name with a modifier stays as it is written.
type ScopeFilter struct {
	Name   string
	Values []ScopeValue
}

// ScopeValue is one alternative, [system]|[code]. HasSystem tells "|code", which
// asks for no system, from "code", which takes any.
type ScopeValue struct {
	System, Code string
	HasSystem    bool
}

// Scopes are the SMART scopes of a token; others are not kept. No scopes take
// nothing away, unless the client is registered as `scopes: required`.
type Scopes []Scope

// maxScopes bounds the scopes of one token, maxScope the bytes of one.
const (
	maxScopes = 512
	maxScope  = 1024
)

// ParseScopes reads a scope string (RFC 6749 section 3.3), with its SMART
// scopes of version 1 and 2. It returns false when the string is not one.
func ParseScopes(s string) (Scopes, bool) {
	var out Scopes
	for n, one := range strings.Split(s, " ") {
		if one == "" {
			continue // Some issuers join lists with double spaces.
		}
		if n >= maxScopes || len(one) > maxScope || !scopeToken(one) {
			return nil, false
		}
		if sc, smart := parseScope(one); smart {
			out = append(out, sc)
		}
	}
	return out, true
}

// scopeToken is RFC 6749 appendix A.4.
func scopeToken(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// parseScope reports whether s looks like a SMART scope, and what it says. One
// that looks like it and does not parse comes back Closed.
func parseScope(s string) (Scope, bool) {
	level, rest, slash := strings.Cut(s, "/")
	context, exact := scopeContext(level)
	if !slash || context == NoContext {
		return Scope{}, false
	}
	name, tail, dot := strings.Cut(rest, ".")
	closed := Scope{Type: "*", Closed: true}
	if resourceType(name) {
		closed.Type = name // what it is about is clear; what it allows is not
	}
	if !exact || !dot || closed.Type != name {
		return closed, true
	}
	letters, query, granular := strings.Cut(tail, "?")
	verbs := scopeVerbs(letters)
	if verbs == 0 {
		return closed, true
	}
	sc := Scope{Context: context, Type: name, Verbs: verbs}
	if !granular {
		return sc, true
	}
	filters, ok := scopeQuery(query)
	if !ok {
		return closed, true
	}
	sc.Query = filters
	return sc, true
}

// scopeContext knows the level in any case, and whether it is spelt exactly.
func scopeContext(level string) (c ScopeContext, exact bool) {
	switch strings.ToLower(level) {
	case "patient":
		return PatientContext, level == "patient"
	case "user":
		return UserContext, level == "user"
	case "system":
		return SystemContext, level == "system"
	}
	return NoContext, false
}

// resourceType is the grammar of a type name, or "*".
func resourceType(s string) bool {
	if s == "*" {
		return true
	}
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
			return false
		}
	}
	return true
}

// scopeVerbs reads v1 words, and letters of cruds in that order. Zero: neither.
func scopeVerbs(s string) ScopeVerb {
	switch s {
	case "read":
		return ScopeRead | ScopeSearch
	case "write":
		return ScopeCreate | ScopeUpdate | ScopeDelete
	case "*":
		return ScopeCreate | ScopeRead | ScopeUpdate | ScopeDelete | ScopeSearch
	}
	verbs, from := ScopeVerb(0), 0
	for _, c := range []byte(s) {
		at := strings.IndexByte("cruds"[from:], c)
		if at < 0 {
			return 0 // unknown, repeated, or out of order
		}
		from += at + 1
		verbs |= 1 << (from - 1)
	}
	return verbs
}

// scopeQuery reads param=value&... strictly: no empty name or value, no
// semicolon, no repeated name, at most eight.
func scopeQuery(s string) ([]ScopeFilter, bool) {
	var out []ScopeFilter
	for pair := range strings.SplitSeq(s, "&") {
		k, v, ok := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if !ok || err1 != nil || err2 != nil || name == "" || len(out) == 8 || strings.Contains(pair, ";") {
			return nil, false
		}
		for _, f := range out {
			if f.Name == name {
				return nil, false
			}
		}
		values, ok := scopeValues(value)
		if !ok {
			return nil, false
		}
		out = append(out, ScopeFilter{name, values})
	}
	return out, true
}

// scopeValues reads alternatives by the grammar of a token, in which \ makes the
// character after it an ordinary one (hl7.org/fhir/R4/search.html#escaping).
func scopeValues(s string) ([]ScopeValue, bool) {
	var out []ScopeValue
	var v ScopeValue
	var part strings.Builder
	done := func() bool {
		v.Code = part.String()
		part.Reset()
		out = append(out, v)
		filled := v.Code != "" || v.System != ""
		v = ScopeValue{}
		return filled && utf8.ValidString(out[len(out)-1].System+out[len(out)-1].Code)
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && strings.IndexByte(`\,|$`, s[i+1]) >= 0:
			i++
			part.WriteByte(s[i])
		case c == '\\', c == '|' && v.HasSystem:
			return nil, false
		case c == '|':
			v.System, v.HasSystem = part.String(), true
			part.Reset()
		case c == ',':
			if !done() {
				return nil, false
			}
		default:
			part.WriteByte(c)
		}
	}
	return out, done()
}

// Limit is what scopes leave of one type and verb. The zero Limit leaves nothing.
type Limit struct {
	// Open: nothing is taken away.
	Open bool
	// Alternatives, when not Open: a record stays if one of them covers it, that
	// is, the record is of the patient in launch context where the scope says
	// patient, and matches all of its Query.
	Alternatives []*Scope
}

// Nothing are the scopes that leave nothing: those of a client registered as
// `scopes: required` whose token brings none.
func Nothing() Scopes { return Scopes{{Type: "*", Closed: true}} }

// Required is the caller where its application is registered as `scopes: required`: a
// token without SMART scopes then reaches nothing.
func (c *Caller) Required() *Caller {
	if len(c.Scopes) > 0 {
		return c
	}
	as := *c
	as.Scopes = Nothing()
	return &as
}

// String spells the scope for the record. Of a query it says only that there is
// one: names and values in it may be anything (threat-model L4).
func (s Scope) String() string {
	if s.Closed {
		return "closed/" + s.Type
	}
	out := contextNames[s.Context] + "/" + s.Type + "."
	for i, letter := range "cruds" {
		if s.Verbs&(1<<i) != 0 {
			out += string(letter)
		}
	}
	if len(s.Query) > 0 {
		out += "?"
	}
	return out
}

var contextNames = [...]string{"none", "patient", "user", "system"}

// Limit says what the scopes leave of type t under every one of the verbs. No
// SMART scopes at all leave everything; who asks `scopes: required` gives Nothing.
func (s Scopes) Limit(t string, verbs ScopeVerb) Limit {
	if len(s) == 0 {
		return Limit{Open: true}
	}
	var l Limit
	for i := range s {
		sc := &s[i]
		if sc.Type != t && sc.Type != "*" {
			continue
		}
		if sc.Closed {
			return Limit{}
		}
		if sc.Verbs&verbs != verbs || verbs == 0 {
			continue
		}
		if sc.Context != PatientContext && len(sc.Query) == 0 {
			l.Open = true
		} else {
			l.Alternatives = append(l.Alternatives, sc)
		}
	}
	if l.Open {
		l.Alternatives = nil
	}
	return l
}
