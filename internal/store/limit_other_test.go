//go:build !unix

package store_test

// limitFileSize: no other system limits a process so. The test that needs it fails there.
func limitFileSize(uint64) {}
