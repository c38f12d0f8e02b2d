//go:build leaktest

package fhirjson

// leakEverything turns the projection off. Never shipped: see enforce.go.
const leakEverything = true
