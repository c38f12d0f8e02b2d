package caller

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/problem"
)

// Reason says, in our log only, why a token was not accepted. It is one of a
// closed list and holds nothing of the token.
type Reason uint8

// The reasons.
const (
	NoReason     Reason = iota
	Absent              // no Authorization header
	NotBearer           // another scheme, or several headers
	Huge                // over 16 kB
	Garbled             // not three parts of base64url, or not JSON objects, or a name twice
	BadHeader           // an embedded key or address of one, crit, zip, nested
	BadType             // typ is neither JWT nor at+jwt
	BadAlgorithm        // not one that the issuer is allowed
	BadIssuer           // not a listed one
	NoKey               // none of the issuer's keys fits
	BadSignature        //
	BadAudience         // not for us
	BadTimes            // missing, expired, not yet valid, or strange
	BadClaims           // a claim has the wrong form
	BadActor            // act without roles of its own, or of another issuer
	Bound               // bound to a key (cnf) that a bearer cannot show
	Revoked             //
	ClockUnsure         // the time is not known for sure
)

var reasons = [...]string{"none", "absent", "not bearer", "huge", "garbled", "header", "type", "algorithm", "issuer", "no key",
	"signature", "audience", "times", "claims", "actor", "bound to a key", "revoked", "clock unsure"}

// String is a short constant word.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "unknown"
}

// Refusal is a token that is not accepted. To the client all are problem.Token.
type Refusal struct{ Reason Reason }

// Error is the same for all reasons, so that no log line that prints an error
// can differ by the token; Reason is logged as an attribute.
func (*Refusal) Error() string { return "the token was not accepted" }

// Unwrap gives what the client learns.
func (*Refusal) Unwrap() error { return problem.Token }

func refuse(r Reason) *Refusal { return &Refusal{r} }

// Bounds of a token.
const (
	maxToken = 16 << 10
	maxDepth = 12
	maxRoles = 256
	leeway   = 10 * time.Second // between our clock and the issuer's
)

// jws is a token taken apart, before anything in it is believed.
type jws struct {
	alg, kid, typ string
	claims        claims
}

// claims are the members of the payload, each checked to be strict JSON.
type claims map[string]jsontext.Value

// parse takes a compact JWS apart (RFC 7515 section 7.1). Nothing is verified.
func parse(token string) (jws, Reason) {
	if len(token) > maxToken {
		return jws{}, Huge
	}
	head, rest, ok1 := strings.Cut(token, ".")
	body, sig, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.Contains(sig, ".") || sig == "" {
		return jws{}, Garbled
	}
	header, ok1 := object(head)
	payload, ok2 := object(body)
	if _, ok := decode(sig); !ok || !ok1 || !ok2 {
		return jws{}, Garbled
	}
	t := jws{claims: payload}
	// Keys and addresses of keys that travel with a token are the forger's; what
	// crit names we would have to understand; the rest changes what was signed.
	for _, name := range [...]string{"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty", "epk"} {
		if _, has := header[name]; has {
			return jws{}, BadHeader
		}
	}
	var ok bool
	if t.alg, ok = header.text("alg"); !ok {
		return jws{}, BadAlgorithm
	}
	if t.kid, ok = header.text("kid"); !ok || len(t.kid) > 512 {
		return jws{}, BadHeader
	}
	if t.typ, ok = header.text("typ"); !ok {
		return jws{}, BadType
	}
	switch strings.ToLower(t.typ) {
	case "jwt", "at+jwt", "application/at+jwt":
	default:
		return jws{}, BadType
	}
	return t, NoReason
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
func object(part string) (claims, bool) {
	b, ok := decode(part)
	if !ok || depth(b) > maxDepth {
		return nil, false
	}
	var c claims
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

// text reads a string claim: "" when it is absent, false when it is not a string
// or not plain text.
func (c claims) text(name string) (string, bool) {
	v, has := c[name]
	if !has {
		return "", true
	}
	var s string
	if v.Kind() != '"' || json.Unmarshal(v, &s) != nil || !plain(s) {
		return "", false
	}
	return s, true
}

// texts reads a claim that is a string or a list of strings.
func (c claims) texts(name string) ([]string, bool) {
	v, has := c[name]
	if !has {
		return nil, true
	}
	return textsOf(v)
}

func textsOf(v jsontext.Value) ([]string, bool) {
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
		if !plain(s) {
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

// members reads an object claim; nil when absent.
func (c claims) members(name string) (claims, bool) {
	v, has := c[name]
	if !has {
		return nil, true
	}
	var m claims
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return nil, false
	}
	return m, true
}

// instant reads a NumericDate (RFC 7519 section 2); zero when absent.
func (c claims) instant(name string) (time.Time, bool) {
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

// lookup finds a claim by name or, from a slash on, by JSON pointer (RFC 6901).
func (c claims) lookup(name string) (jsontext.Value, bool) {
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
		var next claims
		if v.Kind() != '{' || json.Unmarshal(v, &next) != nil {
			return nil, false
		}
		at = next
	}
	return nil, false
}

// plain text is valid UTF-8 of bounded length without controls and letters that
// a reader does not see, which could make two names look alike (T8).
func plain(s string) bool {
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
