//go:build !amd64

package fhirjson

// hasAssembly: retrace reads every cell itself.
const hasAssembly = false

// retraceFast does nothing.
func retraceFast(_, _ []cell, _, _ []byte, _ []uint64, prev, delta, _ uint32) (done int, prev2, delta2 uint32) {
	return 0, prev, delta
}
