//go:build !amd64

package fhirjson

func markBlocks(dst []uint64, b []byte) { markWords(dst, b) }
