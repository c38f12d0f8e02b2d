package testkit

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// Examples gives the official R4 examples, one resource each, or the few that are kept with the projector where the large
// data set is not there; the test's log says so.
func Examples(tb testing.TB) [][]byte {
	tb.Helper()
	path, ok := Shared(tb, "hl7-r4-examples", "examples.ndjson.gz")
	if !ok {
		tb.Log("SKIPPED: the official R4 examples (../shared/data/hl7-r4-examples) are not here; the committed few are used")
		path = filepath.Join(Root(tb), "internal", "fhirjson", "testdata", "examples.ndjson.gz")
	}
	return NDJSON(tb, path)
}

// NDJSON gives the lines of a gzipped file.
func NDJSON(tb testing.TB, path string) (all [][]byte) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		all = append(all, bytes.Clone(sc.Bytes()))
	}
	if err := sc.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}
