package fhirjson

// hasAssembly: nearly every value is retraced by retraceFast.
const hasAssembly = true

// retraceFast is the part of retrace that nearly every value takes, with SSE2, which every
// amd64 processor has, and without what Go adds to each look into a slice: it writes the
// cells from old on to fresh, as far as they are objects, arrays, and strings of plain
// ASCII that are neither empty nor too near the end of the text, and known as elements. It
// stops at the first other cell, which retrace reads itself: it refuses nothing. It returns
// how many cells it wrote, and prev and delta behind them.
func retraceFast(fresh, old []cell, from, b []byte, marks []uint64, prev, delta, move uint32) (done int, prev2, delta2 uint32) {
	if len(old) == 0 || len(fresh) < len(old) || len(b) == 0 || len(marks) < len(b)>>6+3 {
		return 0, prev, delta
	}
	if last := old[len(old)-1].start; prev > last || int(last)+32 > len(from) {
		return 0, prev, delta // it looks at 32 bytes of the old text from prev to there
	}
	return retraceSSE2(&fresh[0], &old[0], len(old), &from[0], &b[0], len(b), &marks[0], prev, delta, move)
}

//go:noescape
func retraceSSE2(fresh, old *cell, cells int, from, b *byte, size int, marks *uint64, prev, delta, move uint32) (done int, prev2, delta2 uint32)
