package fhirjson_test

import (
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// Rule 7: a record without the date asked for lies outside. A day that its month does
// not have is no date, and not one of the month after.
func TestRule07_ADayThatIsNoneIsNoDate(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for date, is := range map[string]bool{
		"2026-02-28": true, "2028-02-29": true, "2026-12-31": true, "2026-04-30T10:00:00Z": true,
		"2026-02-29": false, "2026-04-31": false, "2026-02-30T10:00:00Z": false, "2026-01-32": false, "2026-01-00": false,
	} {
		s.Reset()
		r, err := s.Resource([]byte(`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"effectiveDateTime":"` + date + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := !r.Date.IsZero(); got != is {
			t.Errorf("%s: a date is %v, want %v", date, got, is)
		}
	}
}
