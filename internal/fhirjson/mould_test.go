package fhirjson

import (
	"bytes"
	"fmt"
	"testing"

	"modicum/catalog"
)

// N1: a mould has how a record was built, and nothing of what was in it.
func TestN1_AMouldHoldsNoValues(t *testing.T) {
	s := New(catalog.R4(), Limits{})
	record := func(id, family, phone string, n int) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"active":true,"name":[{"family":%q}],"telecom":[{"system":"phone","value":%q,"rank":%d}],"birthDate":"1961-03-08"}`, id, family, phone, n)
	}
	one, two := pageOf(record("secret-1", "Cr\\u00f6na", "555-341-7290", 8172)), pageOf(record("p2", "Low", "555", 1))
	if _, err := recordsOf(s, one, false); err != nil {
		t.Fatal(err)
	}
	patient, _ := s.cat.Type("Patient")
	m := s.mouldOf(s.cat.Root(patient))
	if len(m.cells) == 0 || len(m.text) == 0 {
		t.Fatal("nothing was learned")
	}
	for _, value := range []string{"secret", "Cr", "00f6", "phone", "555", "817", "1961"} {
		if bytes.Contains(m.text, []byte(value)) {
			t.Errorf("%s is in the mould: %s", value, m.text)
		}
	}
	m.doubt = 5
	records, err := recordsOf(s, two, false)
	if err != nil || m.doubt != 0 {
		t.Fatalf("the second record is not of the mould: %v", err)
	}
	if got := string(records[0].ID); got != "p2" {
		t.Errorf("its id is %q", got)
	}
}

// FC47: what no mould may be made of: an element that is not known, one that is said to be
// absent, a text with space between its tokens.
func TestFC47_WhatIsNotLearned(t *testing.T) {
	absent := `"code":{"extension":[{"url":"` + catalog.DataAbsentReason + `","valueCode":"masked"}]}`
	for name, rest := range map[string]string{"": `,"issued":"x"`, "unknown": `,"shoeSize":44`, "absent": `,` + absent, "spaced": ` , "issued" : "x"`} {
		s := New(catalog.R4(), Limits{})
		in := pageOf([]byte(`{"resourceType":"Observation","id":"a"` + rest + `}`))
		if _, _, err := s.parse(in, true); err != nil {
			t.Fatal(err)
		}
		observation, _ := s.cat.Type("Observation")
		if m := s.mouldOf(s.cat.Root(observation)); (len(m.cells) > 0) != (name == "") {
			t.Errorf("%s: learned %s", name, m.text)
		}
	}
}
