package fhir

import (
	"strings"
	"unicode/utf8"
)

// Limits of a search: each is far above what people ask and far below what
// costs (FC51).
const (
	maxQuery  = 64 << 10 // bytes of the query in the URL, and of a form
	maxParams = 64       // parameters
	maxValue  = 16 << 10 // bytes of one parameter's value
	maxValues = 200      // alternatives of one parameter
)

// pair is one parameter as sent, unescaped.
type pair struct{ name, value string }

// parseQuery takes an application/x-www-form-urlencoded text apart. Anything
// that some server might read in another way refuses the whole: an escape that
// is none, an escaped parameter name, control characters, invalid UTF-8, a
// semicolon, a parameter without "=" (FC48). net/url.ParseQuery drops what it
// cannot read and goes on, and a dropped criterion widens a search.
func parseQuery(q string, dst []pair) ([]pair, bool) {
	if q == "" {
		return dst, true
	}
	if len(q) > maxQuery || !uriChars(q) {
		return nil, false
	}
	for part := range strings.SplitSeq(q, "&") {
		name, value, ok := strings.Cut(part, "=")
		if strings.IndexByte(name, '%') >= 0 {
			name = colon.Replace(name)
		}
		if !ok || !paramName(name) || len(dst) == maxParams {
			return nil, false
		}
		v, ok := unescape(value)
		if !ok || v == "" || len(v) > maxValue {
			return nil, false
		}
		dst = append(dst, pair{name, v})
	}
	return dst, true
}

// colon is the one escape read in names: URLSearchParams of every browser writes
// family:exact as family%3Aexact.
var colon = strings.NewReplacer("%3A", ":", "%3a", ":")

// uriChars reports whether q holds only characters that stand for themselves in
// a query. A bare semicolon is a separator to some servers and not to others.
func uriChars(q string) bool {
	for i := range len(q) {
		if c := q[i]; c <= ' ' || c >= 0x7f || c == ';' || c == '#' || c == '"' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// paramName accepts the characters of FHIR parameter names, modifiers and chains.
func paramName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == ':', c == '.', c == '[', c == ']':
		default:
			return false
		}
	}
	return true
}

func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, text(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b.WriteByte(' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi < 0 || lo < 0 {
				return "", false
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	v := b.String()
	return v, text(v)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// text reports whether s is valid UTF-8 without control characters, line
// separators and byte order marks.
func text(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfeff || r == 0x2028 || r == 0x2029 {
			return false
		}
	}
	return true
}

// splitValue cuts s at every sep that no backslash escapes, leaving escapes in
// place (hl7.org/fhir/R4/search.html#escaping). A backslash before anything but
// the four special characters and itself is refused.
func splitValue(s string, sep byte) ([]string, bool) {
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, sep) < 0 {
		return []string{s}, true
	}
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 == len(s) || !strings.ContainsRune(`\,|$`, rune(s[i+1])) {
				return nil, false
			}
			i++
		case sep:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:]), len(out) < maxValues
}

// literal takes the escapes out of one part.
func literal(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// escaped writes a literal text as a part of a value.
func escaped(s string) string {
	if !strings.ContainsAny(s, `\,|$`) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(`\,|$`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
