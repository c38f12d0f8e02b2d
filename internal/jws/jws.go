// Package jws takes signed tokens apart (RFC 7515, 7519), strictly and before anything
// in them is believed: duplicates, trailing data, nesting, letters that nobody sees, and
// keys that travel with a token are refused. It verifies nothing.
package jws

import (
	"bytes"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Fault is what is wrong with a token's form.
type Fault uint8

// The faults.
const (
	NoFault   Fault = iota
	Huge            // over 16 kB
	Garbled         // not three parts of base64url, or not JSON objects, or a name twice
	Header          // an embedded key or address of one, crit, zip, nested
	Type            // typ is none of those expected
	Algorithm       // alg is not a text
)

// Bounds of a token.
const (
	MaxToken = 16 << 10 // bytes
	maxDepth = 12
)

// Token is a token taken apart.
type Token struct {
	Alg, Kid, Typ string
	Claims        Claims
}

// Claims are the members of the payload, each checked to be strict JSON.
type Claims map[string]jsontext.Value

// Parse takes a compact JWS apart (RFC 7515 section 7.1). Nothing is verified. types
// are the values of typ that it may have, in lower case; "" stands for none.
func Parse(token string, types ...string) (Token, Fault) {
	if len(token) > MaxToken {
		return Token{}, Huge
	}
	head, rest, ok1 := strings.Cut(token, ".")
	body, sig, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(sig, ".") || sig == "" {
		return Token{}, Garbled
	}
	header, ok1 := object(head)
	payload, ok2 := object(body)
	if _, ok := decode(sig); !ok || !ok1 || !ok2 {
		return Token{}, Garbled
	}
	t := Token{Claims: payload}
	// Keys and addresses of keys that travel with a token are the forger's; what
	// crit names we would have to understand; the rest changes what was signed.
	for _, name := range [...]string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty", "epk"} {
		if _, has := header[name]; has {
			return Token{}, Header
		}
	}
	var ok bool
	if t.Alg, ok = header.Text("alg"); !ok {
		return Token{}, Algorithm
	}
	if t.Kid, ok = header.Text("kid"); !ok || len(t.Kid) > 512 {
		return Token{}, Header
	}
	if t.Typ, ok = header.Text("typ"); !ok || !slices.Contains(types, strings.ToLower(t.Typ)) {
		return Token{}, Type
	}
	return t, NoFault
}

// decode is base64url without padding, line ends or loose bits.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") { // the decoder would skip them
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// object decodes one JSON object without duplicates, trailing data or bad UTF-8.
func object(part string) (Claims, bool) {
	b, ok := decode(part)
	if !ok || depth(b) > maxDepth {
		return nil, false
	}
	var c Claims
	if err := json.Unmarshal(b, &c); err != nil || c == nil {
		return nil, false
	}
	return c, true
}

// depth bounds nesting before a parser recurses; brackets in strings count, too.
func depth(b []byte) int {
	d, most := 0, 0
	for _, c := range b {
		switch c {
		case '{', '[':
			d++
			most = max(most, d)
		case '}', ']':
			d--
		}
	}
	return most
}

// Text reads a string claim: "" when it is absent, false when it is not a string
// or not plain text.
func (c Claims) Text(name string) (string, bool) {
	v, has := c[name]
	if !has {
		return "", true
	}
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil || !Plain(s) {
		return "", false
	}
	return s, true
}

// Texts reads a claim that is a string or a list of strings.
func (c Claims) Texts(name string) ([]string, bool) {
	v, has := c[name]
	if !has {
		return nil, true
	}
	return TextsOf(v)
}

// TextsOf reads a value that is a string or a list of strings.
func TextsOf(v jsontext.Value) ([]string, bool) {
	var list []string
	switch v.Kind() {
	case '"':
		list = make([]string, 1)
		if json.Unmarshal(v, &list[0]) != nil {
			return nil, false
		}
	case '[':
		if json.Unmarshal(v, &list) != nil || bytes.Contains(v, []byte("null")) && !allStrings(v) {
			return nil, false
		}
	default:
		return nil, false
	}
	for _, s := range list {
		if !Plain(s) {
			return nil, false
		}
	}
	return list, true
}

// allStrings tells ["null"] from [null], which unmarshals to "".
func allStrings(v jsontext.Value) bool {
	var list []jsontext.Value
	if json.Unmarshal(v, &list) != nil {
		return false
	}
	for _, one := range list {
		if one.Kind() != '"' {
			return false
		}
	}
	return true
}

// Members reads an object claim; nil when absent.
func (c Claims) Members(name string) (Claims, bool) {
	v, has := c[name]
	if !has {
		return nil, true
	}
	var m Claims
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return nil, false
	}
	return m, true
}

// Instant reads a NumericDate (RFC 7519 section 2); zero when absent.
func (c Claims) Instant(name string) (time.Time, bool) {
	v, has := c[name]
	if !has {
		return time.Time{}, true
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != '0' || err != nil || f <= 0 || f > 1<<40 {
		return time.Time{}, false
	}
	sec, frac := math.Modf(f)
	return time.Unix(int64(sec), int64(frac*1e9)).UTC(), true
}

// Lookup finds a claim by name or, from a slash on, by JSON pointer (RFC 6901).
func (c Claims) Lookup(name string) (jsontext.Value, bool) {
	if !strings.HasPrefix(name, "/") {
		v, has := c[name]
		return v, has
	}
	at := c
	parts := strings.Split(name[1:], "/")
	for i, p := range parts {
		v, has := at[strings.NewReplacer("~1", "/", "~0", "~").Replace(p)]
		if !has || i == len(parts)-1 {
			return v, has
		}
		var next Claims
		if v.Kind() != '{' || json.Unmarshal(v, &next) != nil {
			return nil, false
		}
		at = next
	}
	return nil, false
}

// Plain reports whether s is text that a reader sees: valid UTF-8 of bounded length without controls and
// letters that nobody sees, which could make two names look alike (T8).
func Plain(s string) bool {
	if len(s) > 2048 || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// Times checks exp, iat and nbf (RFC 7519 section 4.1) against now: exp and iat must be
// there, and the other's clock may be off by leeway.
func (c Claims) Times(now time.Time, leeway time.Duration) (issued, expires time.Time, ok bool) {
	exp, ok1 := c.Instant("exp")
	iat, ok2 := c.Instant("iat")
	nbf, ok3 := c.Instant("nbf")
	if !ok1 || !ok2 || !ok3 || exp.IsZero() || iat.IsZero() {
		return time.Time{}, time.Time{}, false
	}
	ahead := now.Add(leeway)
	if !now.Before(exp.Add(leeway)) || iat.After(ahead) || nbf.After(ahead) || !exp.After(iat) {
		return time.Time{}, time.Time{}, false
	}
	return iat, exp, true
}

// Audience reports whether the token is for aud. Other audiences may stand beside
// it, as many issuers list their own; each must be a string.
func (c Claims) Audience(aud string) bool {
	list, ok := c.Texts("aud")
	return ok && slices.Contains(list, aud)
}
