package fhir

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"modicum/internal/fhirjson"
)

// TestAnEntryHasTheConnectionOfItsBatch: an entry that took itself for a request of HTTP/1
// would hold back, or break off, what others write to a connection of HTTP/2.
func TestAnEntryHasTheConnectionOfItsBatch(t *testing.T) {
	for _, major := range []int{1, 2} {
		x := &exchange{door: &Door{base: "/fhir"}, r: httptest.NewRequest(http.MethodPost, "/fhir", nil)}
		x.r.ProtoMajor = major
		r, spelt := x.requestOf(t.Context(), &fhirjson.Request{Method: http.MethodGet, URL: "Patient/p1"})
		if !spelt || r.ProtoMajor != major {
			t.Errorf("a batch by HTTP/%d: its entry %+v", major, r)
		}
	}
}
