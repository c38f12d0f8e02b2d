package fhirjson

// markBlocks sets in dst the marks of b, 64 bytes for each word of dst: markWords with
// SSE2, which every amd64 processor has, 16 bytes at a time.
func markBlocks(dst []uint64, b []byte) {
	if len(dst) > 0 {
		_ = b[len(dst)<<6-1]
		markSSE2(&dst[0], &b[0], len(dst))
	}
}

//go:noescape
func markSSE2(dst *uint64, b *byte, words int)
