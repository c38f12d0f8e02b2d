package fhirjson_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// Where resourceType stands changes nothing: the members before it have their elements
// and classes all the same, in records, in contained resources, and however spelt.
func TestResourceTypeMayComeLate(t *testing.T) {
	const (
		first = `{"resourceType":"Observation","id":"o1","contained":[{"resourceType":"Practitioner","id":"c","active":true}],"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"#c"}],"shoeSize":{"resourceType":"Patient"}}`
		late  = `{"id":"o1","contained":[{"id":"c","active":true,"resourceType":"Practitioner"}],"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"#c"}],"shoeSize":{"resourceType":"Patient"},"resourceType" : "Obs\u0065rvation"}`
	)
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	sh := &fhirjson.Shape{View: policy.View{Keep: catalog.R4().Content()}, PatientInScope: func(id []byte) bool { return string(id) == "p1" }}
	read := func(in string) (members []string) {
		r, err := s.Resource([]byte(in))
		if err != nil || r.Withheld || len(r.Patients) != 1 {
			t.Fatalf("%v, %+v", err, r)
		}
		out, _, _ := s.Project(nil, r, sh)
		for _, m := range must(strings.ReplaceAll(string(out), `\u0065`, "e")).members {
			text := m.value.String()
			if m.name == "contained" {
				text = fmt.Sprint(len(text))
			}
			members = append(members, m.name+text)
		}
		slices.Sort(members)
		return members
	}
	got, want := read(late), read(first)
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if !strings.Contains(fmt.Sprint(want), "contained") || strings.Contains(fmt.Sprint(want), "shoeSize") {
		t.Errorf("the example shows too little or too much: %q", want)
	}
}

// A type that is named inside, or twice, or not as a text is not the record's.
func TestResourceTypeIsTheRecordsOwn(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for _, in := range []string{
		`{"id":"a","contained":[{"resourceType":"Patient"}]}`,
		`{"id":"a","x":"resourceType","y":"Patient"}`,
		`{"id":"a","x":["resourceType","Patient"]}`,
		`{"id":"a","resourceType":["Patient"]}`,
		`{"id":"a","resourceType":"patient"}`,
		`["resourceType","Patient"]`,
	} {
		r, err := s.Resource([]byte(in))
		if err != nil || !r.Withheld {
			t.Errorf("%s: %v, withheld %v", in, err, r != nil && r.Withheld)
		}
	}
}

// A coding that repeats the one before on the page counts for its own record as well,
// and by its own record's type.
func TestRepeatedCodingsCountForEachRecord(t *testing.T) {
	const sensitive = `{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F11.20"}`
	const plain = `{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"I10"}`
	var page []string
	for i, coding := range []string{sensitive, sensitive, plain, sensitive, plain, plain} {
		page = append(page, fmt.Sprintf(`{"resource":{"resourceType":"Condition","id":"c%d","subject":{"reference":"Patient/p1"},"code":{"coding":[%s]}}}`, i, coding))
	}
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	var got []bool
	in := []byte(`{"resourceType":"Bundle","type":"searchset","entry":[` + strings.Join(page, ",") + `]}`)
	if _, err := s.Bundle(in, func(e fhirjson.Entry) error {
		got = append(got, e.Record.Overlays != 0)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []bool{true, true, false, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
