package fhirjson_test

import (
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// A reference has the class of what it stands in: of a contained resource its own, of
// a record that is one class as a whole that one, of an extension the extension's.
func TestFC23_AReferenceHasTheClassOfWhatItStandsIn(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for _, tt := range []struct{ in, target, class string }{
		{`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"specimen":{"reference":"Specimen/s"}}`, "Specimen", "clinical.lab"},
		{`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"contained":[{"resourceType":"MedicationStatement","id":"a","status":"active","medicationReference":{"reference":"Medication/m"}}]}`, "Medication", "clinical.medication"},
		{`{"resourceType":"MedicationRequest","id":"m","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSYTHPN"}]},"status":"active","intent":"order","medicationReference":{"reference":"Medication/m"}}`, "Medication", "clinical.note.psychotherapy"},
		{`{"resourceType":"Condition","id":"c","extension":[{"url":"http://vendor.example/x","valueReference":{"reference":"Medication/m"}}]}`, "Medication", "unknown"},
	} {
		s.Reset()
		r, err := s.Resource([]byte(tt.in))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for i := range r.References {
			ref := &r.References[i]
			if catalog.R4().TypeName(ref.Type) != tt.target {
				continue
			}
			found = true
			if got := catalog.R4().Name(r.ClassOf(ref)); got != tt.class {
				t.Errorf("%s: %s, want %s", tt.in, got, tt.class)
			}
		}
		if !found {
			t.Errorf("no reference to a %s in %s", tt.target, tt.in)
		}
	}
}
