package fhirjson

import (
	"encoding/binary"
	"math/bits"

	"modicum/catalog"
)

// longName bounds the bytes of a member name; the longest of FHIR R4 has 44.
const longName = 255

// member reads a member name from i on that is not the one expected, and finds its
// element. It returns the offset of the closing quote, or of what is wrong.
func (s *Scanner) member(b []byte, i int, top *frame) (node catalog.NodeID, flags flag, bit uint64, at int, w why) {
	at, hash := shortName(b, i)
	if at == 0 {
		if at, flags, w = str(b, i); w != fine {
			return 0, 0, 0, at, w
		}
		if flags&escaped != 0 {
			return 0, 0, 0, i, whyEscapedName
		}
		at--
		hash = nameHash(b[i:at])
	}
	if at-i > longName {
		return 0, 0, 0, i, whyLongName
	}
	bit = 1 << (hash >> 58)
	if top.node == 0 {
		return 0, 0, bit, at, fine
	}
	node, sib := s.know.child(top.node, uint32(hash), b, uint32(i), uint8(at-i))
	switch {
	case node == 0:
		if s.know.nodes[top.node].kind == catalog.ResourceRoot && string(b[i:at]) == "resourceType" {
			flags = special
		}
	case sib:
		flags = sibling | rough
	default:
		s.guess[top.guess] = node
		bit = 1 << s.know.nodes[node].place
	}
	if node != 0 {
		top.guess = uint32(node)<<1 | 1
	}
	return node, flags, bit, at, fine
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
