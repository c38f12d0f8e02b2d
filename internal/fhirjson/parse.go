package fhirjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"modicum/internal/defect"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080

	longName   = 255 // bytes of a member name; the longest of FHIR R4 has 44
	longNumber = 255 // bytes of a number; FHIR asks for 18 digits
)

// frame is an object or array that is being read.
type frame struct {
	cell    uint32
	members uint32
	seen    uint64 // a bit for each member name's hash
	object  bool
}

// parse reads one JSON value that is the whole of b, checks every byte of it
// (RFC 8259, UTF-8, no duplicate names, bounds), and appends it to the tape. It
// returns the cell of the value, and whether white space stands between tokens.
func (s *Scanner) parse(b []byte) (root uint32, spaced bool, err error) {
	if len(b) > s.limits.MaxBytes {
		return 0, false, refuse(s.limits.MaxBytes, whyBytes)
	}
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		return 0, false, refuse(0, whyBOM)
	}
	var (
		tape  = s.tape
		stack = s.stack[:0]
		top   frame // the innermost open object or array; cell 0 is none
		room  = len(tape) + s.limits.MaxValues
		most  = uint32(s.limits.MaxMembers)
		hash  uint64
		i     int
		at    int
		w     why
		flags flag
		name  uint32
		nlen  uint8
		c     byte
	)
	root = uint32(len(tape))

value:
	if i >= len(b) {
		at, w = i, whyEnd
		goto bad
	}
	c = b[i]
	if c <= ' ' {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyToken
			goto bad
		}
		spaced = true
		goto value
	}
	if len(tape) >= room {
		at, w = i, whyCells
		goto bad
	}
	switch {
	case c == '"':
		at, flags, w = str(b, i+1)
		if w != fine {
			goto bad
		}
		if at == i+2 {
			flags |= blank
		}
		tape = room1(tape)
		leaf(&tape[len(tape)-1], i, at, len(tape), &top, name, nlen, hash, text, flags)
		i = at
		goto after
	case c == '{' || c == '[':
		if len(stack) >= s.limits.MaxDepth {
			at, w = i, whyDepth
			goto bad
		}
		kind := object
		if c == '[' {
			kind = array
		}
		stack = append(stack, top)
		parent := top.cell
		top = frame{cell: uint32(len(tape)), object: kind == object}
		tape = room1(tape)
		open := &tape[len(tape)-1]
		open.start, open.end, open.next, open.parent, open.name = uint32(i), 0, 0, parent, name
		open.node, open.aux, open.nameLen, open.shape, open.class, open.flags = 0, uint32(hash), nlen, kind, 0, 0
		i++
		for i < len(b) && b[i] <= ' ' {
			if i = space(b, i); i < 0 {
				at, w = -i-1, whyToken
				goto bad
			}
			spaced = true
		}
		if i >= len(b) {
			at, w = i, whyEnd
			goto bad
		}
		if b[i] == c+2 { // } and ] stand two after { and [
			tape[top.cell].flags |= blank
			goto closing
		}
		if kind == object {
			goto member
		}
		name, nlen = 0, 0
		goto value
	case c == '-' || c-'0' < 10:
		at, w = num(b, i)
		if w != fine {
			goto bad
		}
		tape = room1(tape)
		leaf(&tape[len(tape)-1], i, at, len(tape), &top, name, nlen, hash, number, 0)
		i = at
		goto after
	case c == 't' || c == 'f' || c == 'n':
		kind := boolean
		var fl flag
		word := "true"
		if c == 'f' {
			word = "false"
		} else if c == 'n' {
			word, kind, fl = "null", null, blank
		}
		if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
			at, w = i, whyLiteral
			goto bad
		}
		tape = room1(tape)
		leaf(&tape[len(tape)-1], i, i+len(word), len(tape), &top, name, nlen, hash, kind, fl)
		i += len(word)
		goto after
	}
	at, w = i, whyToken
	goto bad

after: // a value ended before i
	if len(stack) == 0 {
		for i < len(b) {
			if !isSpace(b[i]) {
				at, w = i, whyTrailing
				goto bad
			}
			spaced = true
			i++
		}
		s.tape, s.stack = tape, stack[:0]
		return root, spaced, nil
	}
	if i >= len(b) {
		at, w = i, whyEnd
		goto bad
	}
	c = b[i]
	if c == ',' {
		i++
		if top.object {
			goto member
		}
		name, nlen = 0, 0
		goto value
	}
	if c == '}' || c == ']' {
		if (c == '}') != top.object {
			at, w = i, whyComma
			goto bad
		}
		goto closing
	}
	if c <= ' ' {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyComma
			goto bad
		}
		spaced = true
		goto after
	}
	at, w = i, whyComma
	goto bad

closing: // b[i] closes top
	i++
	tape[top.cell].end = uint32(i)
	tape[top.cell].next = uint32(len(tape))
	top = stack[len(stack)-1]
	stack = stack[:len(stack)-1]
	goto after

member: // a member name is next
	if i >= len(b) {
		at, w = i, whyEnd
		goto bad
	}
	c = b[i]
	if c != '"' {
		if c <= ' ' {
			if i = space(b, i); i < 0 {
				at, w = -i-1, whyName
				goto bad
			}
			spaced = true
			goto member
		}
		at, w = i, whyName
		goto bad
	}
	i++
	if at, hash = shortName(b, i); at == 0 {
		if at, flags, w = str(b, i); w != fine {
			goto bad
		}
		if flags&escaped != 0 {
			at, w = i, whyEscapedName
			goto bad
		}
		at--
		hash = nameHash(b[i:at])
	}
	if at-i > longName {
		at, w = i, whyLongName
		goto bad
	}
	name, nlen = uint32(i), uint8(at-i)
	if top.members++; top.members > most {
		at, w = i, whyMembers
		goto bad
	}
	if bit := uint64(1) << (hash >> 58); top.seen&bit == 0 {
		top.seen |= bit
	} else if !defect.On(defect.DuplicatesAccepted) && repeats(b, tape, top.cell, name, nlen) {
		at, w = i, whyDuplicate
		goto bad
	}
	at++
	i = at
	if i < len(b) && b[i] == ':' {
		i++
		goto value
	}
	if i < len(b) && isSpace(b[i]) {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyColon
			goto bad
		}
		spaced = true
	}
	if i < len(b) && b[i] == ':' {
		i++
		goto value
	}
	at, w = i, whyColon
	if i >= len(b) {
		w = whyEnd
	}

bad:
	s.tape, s.stack = tape[:root], stack[:0] // nothing of a refused text is left
	return 0, false, refuse(at, w)
}

// room1 makes the tape one cell longer. What the cell held before stays in it: leaf
// and parse write every field where it lies, since a cell that is put together
// elsewhere and copied costs as much as reading the value.
func room1(tape []cell) []cell {
	if len(tape) < cap(tape) {
		return tape[:len(tape)+1]
	}
	return append(tape, cell{})
}

// leaf writes the cell of a value that holds no others.
func leaf(c *cell, start, end, next int, top *frame, name uint32, nlen uint8, hash uint64, kind shape, flags flag) {
	c.start, c.end, c.next, c.parent, c.name = uint32(start), uint32(end), uint32(next), top.cell, name
	c.node, c.aux, c.nameLen, c.shape, c.class, c.flags = 0, uint32(hash), nlen, kind, 0, flags
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// space returns the offset of the first byte from i on that is not white space,
// or -offset-1 where b[i] is a control character that is not white space either.
func space(b []byte, i int) int {
	if !isSpace(b[i]) {
		return -i - 1
	}
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// repeats reports whether an object on the tape already has a member of the name.
func repeats(b []byte, tape []cell, obj, name uint32, n uint8) bool {
	mine := b[name : name+uint32(n)]
	for m := obj + 1; m < uint32(len(tape)); m = tape[m].next {
		if tape[m].nameLen == n && string(b[tape[m].name:tape[m].name+uint32(n)]) == string(mine) {
			return true
		}
	}
	return false
}

const mix = 0x9E3779B97F4A7C15

// shortName reads a member name of ASCII letters from i on and returns the offset of
// its closing quote and its hash, or 0 where it needs a closer look.
func shortName(b []byte, i int) (end int, hash uint64) {
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		quote := x ^ ones*'"'
		slash := x ^ ones*'\\'
		stop := ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x | x) & highs
		if stop == 0 {
			hash = (hash ^ x) * mix
			i += 8
			continue
		}
		n := uint(bits.TrailingZeros64(stop)) &^ 7
		i += int(n >> 3)
		if b[i] != '"' {
			return 0, 0
		}
		return i, (hash ^ x&(1<<n-1) ^ uint64(n)) * mix
	}
	return 0, 0
}

// nameHash is the hash of a name as shortName computes it.
func nameHash(name []byte) (hash uint64) {
	for len(name) >= 8 {
		hash = (hash ^ binary.LittleEndian.Uint64(name)) * mix
		name = name[8:]
	}
	var x uint64
	for k := len(name) - 1; k >= 0; k-- {
		x = x<<8 | uint64(name[k])
	}
	return (hash ^ x ^ uint64(len(name))*8) * mix
}

// str reads a string whose content starts at i and returns the offset after its
// closing quote, or where it is wrong. Eight bytes at a time: the lowest bit of
// stop marks the first quote, backslash or control character of the word exactly.
func str(b []byte, i int) (end int, flags flag, w why) {
	start := i
	var high uint64
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			quote := x ^ ones*'"'
			slash := x ^ ones*'\\'
			stop := ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x) & highs
			if stop != 0 {
				n := bits.TrailingZeros64(stop) >> 3
				high |= x & (1<<(8*uint(n)) - 1)
				i += n
				goto stopped
			}
			high |= x
			i += 8
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
			high |= uint64(b[i])
			i++
		}
		if i >= len(b) {
			return i, flags, whyEnd
		}
	stopped:
		switch b[i] {
		case '"':
			if high&highs != 0 && !utf8.Valid(b[start:i]) {
				return badUTF8(b, start, i), flags, whyUTF8
			}
			return i + 1, flags, fine
		case '\\':
			flags |= escaped
			if i, w = escape(b, i); w != fine {
				return i, flags, w
			}
		default:
			return i, flags, whyControl
		}
	}
}

func badUTF8(b []byte, from, to int) int {
	for from < to {
		r, n := utf8.DecodeRune(b[from:to])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		from += n
	}
	return from
}

// escape reads the escape that starts at b[i]. Half a surrogate pair is refused:
// it stands for no character.
func escape(b []byte, i int) (int, why) {
	if i+1 >= len(b) {
		return i, whyEnd
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, fine
	case 'u':
	default:
		return i, whyEscape
	}
	r, ok := hex4(b, i+2)
	switch {
	case !ok:
		return i, whyEscape
	case r < 0xD800 || r > 0xDFFF:
		return i + 6, fine
	case r >= 0xDC00 || i+8 > len(b) || b[i+6] != '\\' || b[i+7] != 'u':
		return i, whySurrogate
	}
	if low, ok := hex4(b, i+8); !ok || low < 0xDC00 || low > 0xDFFF {
		return i, whySurrogate
	}
	return i + 12, fine
}

func hex4(b []byte, i int) (r rune, ok bool) {
	if i+4 > len(b) {
		return 0, false
	}
	for _, c := range b[i : i+4] {
		switch {
		case c-'0' < 10:
			r = r<<4 | rune(c-'0')
		case (c|0x20)-'a' < 6:
			r = r<<4 | rune((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// num reads a number (RFC 8259 section 6) that starts at i.
func num(b []byte, i int) (end int, w why) {
	start := i
	if b[i] == '-' {
		i++
	}
	d := digits(b, i)
	if d == i || (b[i] == '0' && d > i+1) {
		return i, whyNumber
	}
	i = d
	if i < len(b) && b[i] == '.' {
		if d = digits(b, i+1); d == i+1 {
			return i, whyNumber
		}
		i = d
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if d = digits(b, i); d == i {
			return i, whyNumber
		}
		i = d
	}
	if i-start > longNumber {
		return start, whyLongNumber
	}
	return i, fine
}

func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' < 10 {
		i++
	}
	return i
}

// compact appends b to dst without the white space between tokens. b is valid.
func compact(dst, b []byte) []byte {
	from := 0
	for i := 0; i < len(b); {
		switch {
		case b[i] == '"':
			i, _, _ = str(b, i+1)
		case isSpace(b[i]):
			dst = append(dst, b[from:i]...)
			for i < len(b) && isSpace(b[i]) {
				i++
			}
			from = i
		default:
			i++
		}
	}
	return append(dst, b[from:]...)
}
