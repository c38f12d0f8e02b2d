package reference_test

import (
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/reference"
	"modicum/policy"
)

// TestFC24_WhatShowsInsideDoesNotHangOnItsOrder: a contained resource that shows
// nothing but what it refers to inside shows, whichever of them is written first.
func TestFC24_WhatShowsInsideDoesNotHangOnItsOrder(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: base})
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	for _, inside := range []string{
		`{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","alias":["z"]}`,
		`{"resourceType":"Organization","id":"c","alias":["z"]},{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}}`,
		`{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","partOf":{"reference":"#b"}}`,
	} {
		in := `{"resourceType":"Patient","id":"p1","contained":[` + inside + `],"managingOrganization":{"reference":"#b"}}`
		out := agree(t, s, rd, []byte(in), policy.View{Keep: catalog.R4().Content()})
		t.Log(out)
	}
}
