package fhirjson_test

import (
	"testing"
	"time"

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

// A moment is the one that the time package reads from the same text.
func TestRule07_AMomentIsThatOfTheCalendar(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for day := time.Date(1, 1, 1, 23, 59, 58, 0, time.UTC); day.Year() < 2500; day = day.AddDate(0, 0, 53).Add(71 * time.Minute) {
		for _, zone := range []int{0, 14 * 3600, -5*3600 - 1800} {
			text := day.In(time.FixedZone("", zone)).Format(time.RFC3339)
			if text[:4] == "0000" {
				continue // FHIR has no year 0
			}
			s.Reset()
			r, err := s.Resource([]byte(`{"resourceType":"Observation","id":"o1","effectiveDateTime":"` + text + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			if r.Date.From != day || r.Date.Until != day.Add(time.Second) {
				t.Fatalf("%s: got %v, want %v", text, r.Date, day)
			}
		}
	}
}
