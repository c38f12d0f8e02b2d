package fhirjson

import (
	"encoding/binary"
	"math/bits"
)

// A set of marks has one bit for each byte of a text, the lowest first: it is set
// where the reading of a string may have to stop, at quotes, backslashes, control
// characters and whatever is not ASCII. A few bits more may be set; none is missing.
// With it the end of a string is found without a look at what is in between.

// mark fills dst with the marks of b and two words of zeros, which end every search.
func mark(dst []uint64, b []byte) []uint64 {
	n := len(b) >> 6
	if need := n + 3; cap(dst) < need {
		dst = make([]uint64, need, need+need/4)
	} else {
		dst = dst[:need]
	}
	markBlocks(dst[:n], b[:n<<6])
	var rest [64]byte
	copy(rest[:], b[n<<6:])
	markBlocks(dst[n:n+1], rest[:])
	dst[n] &= 1<<(len(b)&63) - 1
	dst[n+1], dst[n+2] = 0, 0
	return dst
}

// next returns the offset of the first mark at or after i, at least the length of the
// text when there is none.
func next(marks []uint64, i int) int {
	k := i >> 6
	if w := marks[k] >> (i & 63); w != 0 {
		return i + bits.TrailingZeros64(w)
	}
	for k++; k < len(marks); k++ {
		if marks[k] != 0 {
			return k<<6 + bits.TrailingZeros64(marks[k])
		}
	}
	return len(marks) << 6
}

// markWords is markBlocks in plain Go, eight bytes at a time. x^2 brings the quote
// beside the control characters, so that one subtraction finds both; a borrow from the
// byte before may mark one byte too many.
func markWords(dst []uint64, b []byte) {
	for k := range dst {
		var set uint64
		block := b[k<<6 : k<<6+64 : k<<6+64]
		for j := 0; j < 64; j += 8 {
			x := binary.LittleEndian.Uint64(block[j : j+8])
			low, slash := x^ones*2, x^ones*'\\'
			stop := (low - ones*0x21 | low | (slash - ones)) & highs
			set |= (stop >> 7 * 0x0102040810204080 >> 56) << j
		}
		dst[k] = set
	}
}
