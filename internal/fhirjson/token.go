package fhirjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Tokens of JSON (RFC 8259): white space, strings, numbers. What reads one returns the
// offset after it, or that of what is wrong.

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080

	longNumber = 255 // bytes of a number; FHIR asks for 18 digits
)

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

// strFrom is str of a string of which the first mark is at: it goes from mark to mark.
func strFrom(b []byte, marks []uint64, i, at int) (end int, flags flag, w why) {
	high := false
	for at < len(b) {
		switch c := b[at]; {
		case c == '"':
			if high && !utf8.Valid(b[i:at]) {
				return badUTF8(b, i, at), flags, whyUTF8
			}
			return at + 1, flags, fine
		case c == '\\':
			flags |= escaped
			if at, w = escape(b, at); w != fine {
				return at, flags, w
			}
		case c < 0x20:
			return at, flags, whyControl
		default: // not ASCII, which seldom stands alone, or a mark too many
			for high = high || c >= 0x80; at < len(b) && b[at] >= 0x80; {
				at++
			}
			if c < 0x80 {
				at++
			}
		}
		at = next(marks, at)
	}
	return len(b), flags, whyEnd
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
