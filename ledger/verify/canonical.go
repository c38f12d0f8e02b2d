package verify

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	schema     = 1
	maxEntry   = 65535
	maxDepth   = 16
	maxInteger = 1<<53 - 1
)

// known keys of each kind, in order; docs/ledger-format.md.
var known = map[string][]string{
	"act":      {"act", "at", "behalf", "hashes", "id", "kind", "patients", "reason", "schema", "what", "who"},
	"decision": {"alerts", "asked", "at", "behalf", "client", "door", "effect", "exemption", "facts", "flow", "generation", "grant", "id", "interaction", "kind", "mode", "network", "obligations", "part_of", "patients", "purpose", "purpose_code", "reasons", "request", "role", "roles", "schema", "scope", "scopes", "status", "task", "time_trusted", "view", "who", "would"},
	"opened":   {"at", "id", "kind", "patients", "schema", "seq", "verdicts", "views"},
	"outcome":  {"at", "bytes", "counts", "end", "id", "kind", "more", "patients", "schema", "seq", "status", "verdicts", "views", "written"},
}

// needed keys of every entry, whatever its kind.
const neededKeys = 4 // at, id, kind, schema

// entry is what the order of a log depends on.
type entry struct {
	kind   string
	id     [16]byte
	at     int64
	seq    int64
	more   bool
	effect string
}

// scanner walks one JSON text and accepts RFC 8785 with integers only.
type scanner struct {
	b   []byte
	pos int
}

type scanError string

func (e scanError) Error() string { return string(e) }

func (s *scanner) fail(what string) error {
	return scanError(fmt.Sprintf("%s at byte %d", what, s.pos))
}

// parseEntry checks the form of one entry and reads its header.
func parseEntry(b []byte) (entry, error) {
	if len(b) > maxEntry {
		return entry{}, scanError("longer than 65535 bytes")
	}
	s := &scanner{b: b}
	var e entry
	var names [32][]byte
	n, seen := 0, 0
	sch := int64(-1)
	err := s.object(1, func(name []byte) error {
		if n == len(names) {
			return s.fail("too many keys")
		}
		names[n] = name
		n++
		start := s.pos
		if err := s.value(1); err != nil {
			return err
		}
		v := s.b[start:s.pos]
		var err error
		switch string(name) {
		case "at":
			seen++
			e.at, err = integer(v)
		case "effect":
			e.effect = text(v)
		case "id":
			seen++
			e.id, err = uuid(v)
		case "kind":
			seen++
			e.kind = text(v)
		case "more":
			e.more = string(v) == "true"
		case "schema":
			seen++
			sch, err = integer(v)
		case "seq":
			e.seq, err = integer(v)
		}
		return err
	})
	if err != nil {
		return e, err
	}
	if s.pos != len(b) {
		return e, s.fail("something follows the object")
	}
	if seen != neededKeys || e.at <= 0 {
		return e, scanError("at, id, kind or schema is missing or wrong")
	}
	if sch != schema {
		return e, scanError(fmt.Sprintf("schema %d; this verifier knows %d, use a newer one", sch, schema))
	}
	return e, checkNames(e.kind, names[:n])
}

// checkNames holds the keys, sorted, against the known ones, sorted too.
func checkNames(kind string, names [][]byte) error {
	want, ok := known[kind]
	if !ok {
		return scanError("unknown kind")
	}
	for _, n := range names {
		for len(want) > 0 && want[0] != string(n) {
			want = want[1:]
		}
		if len(want) == 0 {
			return scanError("a key that a " + kind + " does not have")
		}
		want = want[1:]
	}
	return nil
}

func (s *scanner) peek() byte {
	if s.pos < len(s.b) {
		return s.b[s.pos]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.pos >= len(s.b) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) value(depth int) error {
	if depth > maxDepth {
		return s.fail("nested too deep")
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth+1, func([]byte) error { return s.value(depth + 1) })
	case c == '[':
		return s.array(depth + 1)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, w := range [...]string{"true", "false"} {
		if bytes.HasPrefix(s.b[s.pos:], []byte(w)) {
			s.pos += len(w)
			return nil
		}
	}
	return s.fail("not a value that entries hold")
}

// object reads members; keys are plain ASCII and strictly ascending, so that
// none is there twice.
func (s *scanner) object(depth int, member func(name []byte) error) error {
	if !s.take('{') {
		return s.fail("not an object")
	}
	if s.take('}') {
		return nil
	}
	var last []byte
	for {
		name, err := s.name()
		if err != nil {
			return err
		}
		if last != nil && bytes.Compare(last, name) >= 0 {
			return s.fail("keys are not in order")
		}
		last = name
		if !s.take(':') {
			return s.fail("no colon after a key")
		}
		if err := member(name); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.fail("no comma between members")
		}
	}
}

func (s *scanner) name() ([]byte, error) {
	if !s.take('"') {
		return nil, s.fail("not a key")
	}
	start := s.pos
	for s.pos < len(s.b) {
		switch c := s.b[s.pos]; {
		case c == '"' && s.pos > start:
			s.pos++
			return s.b[start : s.pos-1], nil
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
			s.pos++
		default:
			return nil, s.fail("a key is not a lower-case name")
		}
	}
	return nil, s.fail("a key does not end")
}

func (s *scanner) array(depth int) error {
	s.pos++
	if s.take(']') {
		return nil
	}
	for {
		if err := s.value(depth); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.fail("no comma between elements")
		}
	}
}

// str reads a string that escapes what must be escaped, in the one way that
// RFC 8785 section 3.2.2.2 has, and nothing else.
func (s *scanner) str() error {
	s.pos++
	for s.pos < len(s.b) {
		c := s.b[s.pos]
		switch {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return s.fail("a control character is not escaped")
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, n := utf8.DecodeRune(s.b[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return s.fail("not UTF-8")
			}
			s.pos += n
		}
	}
	return s.fail("a string does not end")
}

func (s *scanner) escape() error {
	rest := s.b[s.pos+1:]
	if len(rest) == 0 {
		return s.fail("a string does not end")
	}
	if bytes.IndexByte([]byte(`"\bfnrt`), rest[0]) >= 0 {
		s.pos += 2
		return nil
	}
	if len(rest) < 5 || rest[0] != 'u' {
		return s.fail("an escape that is not allowed")
	}
	v, err := strconv.ParseUint(string(rest[1:5]), 16, 16)
	short := v == '\b' || v == '\f' || v == '\n' || v == '\r' || v == '\t'
	if err != nil || v >= ' ' || short || !bytes.Equal(rest[1:5], bytes.ToLower(rest[1:5])) {
		return s.fail("an escape that is not allowed")
	}
	s.pos += 6
	return nil
}

func (s *scanner) number() error {
	start := s.pos
	s.take('-')
	for s.peek() >= '0' && s.peek() <= '9' {
		s.pos++
	}
	if _, err := integer(s.b[start:s.pos]); err != nil {
		return s.fail("a number that is not a plain integer up to 2^53-1")
	}
	return nil
}

// integer reads a canonical integer.
func integer(v []byte) (int64, error) {
	if len(v) == 0 || len(v) > 17 {
		return 0, scanError("not an integer")
	}
	d, neg := v, v[0] == '-'
	if neg {
		d = v[1:]
	}
	if len(d) == 0 || d[0] == '0' && (len(d) > 1 || neg) {
		return 0, scanError("not an integer")
	}
	var n int64
	for _, c := range d {
		if c < '0' || c > '9' {
			return 0, scanError("not an integer")
		}
		n = n*10 + int64(c-'0')
	}
	if n > maxInteger {
		return 0, scanError("integer over 2^53-1")
	}
	if neg {
		n = -n
	}
	return n, nil
}

// text is the content of a string without escapes; anything else is "".
func text(v []byte) string {
	if len(v) < 2 || v[0] != '"' || bytes.IndexByte(v, '\\') >= 0 {
		return ""
	}
	switch s := string(v[1 : len(v)-1]); s {
	case "act", "decision", "opened", "outcome", "admit", "refuse":
		return s
	}
	return ""
}

// uuid reads the string of a lower-case UUIDv7.
func uuid(v []byte) (id [16]byte, err error) {
	bad := scanError("id is not a lower-case UUIDv7")
	if len(v) != 38 || v[0] != '"' || v[37] != '"' {
		return id, bad
	}
	v = v[1:37]
	n := 0
	for i := 0; i < 36; i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if v[i] != '-' {
				return id, bad
			}
			continue
		}
		var d byte
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		default:
			return id, bad
		}
		id[n/2] = id[n/2]<<4 | d
		n++
	}
	if id[6]>>4 != 7 || id[8]>>6 != 2 {
		return id, bad
	}
	return id, nil
}
