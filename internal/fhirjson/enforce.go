//go:build !leaktest

package fhirjson

// leakEverything is false in everything that is shipped. With the build tag leaktest
// Project copies whole records, which shows that the leak tests can fail:
//
//	go test -tags leaktest ./internal/fhirjson/   # must be red
const leakEverything = false
