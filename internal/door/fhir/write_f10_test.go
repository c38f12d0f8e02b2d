package fhir_test

import (
	"testing"
)

// F10: a nurse's access rests on assigned-patient, which the gate learns from care teams
// and visits; the desk's does not.
func TestF10_WhoDependsOnARecordDoesNotMakeIt(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	visit := `{"resourceType":"Encounter","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"},"participant":[{"individual":{"reference":"Practitioner/x"}}]}`
	a.refused(t, c.post(t, "nina", "Encounter", visit), 403, "decides-access", "Encounter")
	team := `{"resourceType":"CareTeam","status":"active","subject":{"reference":"Patient/p1"},"participant":[{"member":{"reference":"Practitioner/x"}}]}`
	a.refused(t, c.post(t, "nina", "CareTeam", team), 403, "decides-access", "CareTeam")
	// Whoever they are, patients are not joined here: restrictions and permissions follow.
	joined := `{"resourceType":"Patient","name":[{"family":"New"}],"link":[{"other":{"reference":"Patient/p1"},"type":"seealso"}]}`
	a.refused(t, c.post(t, "dora", "Patient", joined), 403, "decides-access", "Patient.link")
	visitOfDesk := `{"resourceType":"Encounter","status":"planned","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p1"}}`
	c.post(t, "dora", "Encounter", visitOfDesk).id(t)
}

// F10: what access is decided by is not changed by who depends on it, nor by anybody
// where it says whose the record is or how it is marked.
func TestF10_WhatDecidesAccessIsNotChanged(t *testing.T) {
	a := newArchive(t)
	chart(a)
	a.inner.PutJSON([]byte(`{"resourceType":"Encounter","id":"e2","meta":{"versionId":"1"},"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"},"participant":[{"individual":{"reference":"Practitioner/x"}}],"period":{"start":"2026-11-01"}}`))
	a.inner.PutJSON([]byte(`{"resourceType":"Condition","id":"m1","meta":{"versionId":"1"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"F32.1"},{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"R45.89"}]},"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"}}`))
	a.inner.PutJSON([]byte(`{"resourceType":"MedicationRequest","id":"m2","meta":{"versionId":"1"},"status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/p1"},"reasonReference":[{"reference":"Condition/m1"},{"reference":"Condition/c1"}]}`))
	c := writing(t, a, nil)
	for _, name := range []string{"Condition/m1", "Condition/c1"} {
		if r := c.get(t, "nina", "/"+name); r.status != 200 {
			t.Fatal(r.body)
		}
	}
	c.get(t, "nina", "/Encounter/e1") // which proves the reference to it
	for name, tt := range map[string]struct {
		who, record string
		change      func(string) string
		unproven    bool // the new target may be refused as not proven before
	}{
		"whose it is":                       {"nina", "Condition/m1", swap(t, "Patient/p1", "Patient/p2"), true},
		"of which visit":                    {"nina", "Condition/m1", swap(t, "Encounter/e1", "Encounter/e2"), true},
		"the code that marks it":            {"nina", "Condition/m1", swap(t, "F32.1", "R45.1"), false},
		"what it is for, which marks it":    {"nina", "MedicationRequest/m2", swap(t, `{"reference":"Condition/m1"},`, ""), false},
		"what it is for, and could mark it": {"nina", "MedicationRequest/m2", swap(t, `,{"reference":"Condition/c1"}`, ""), false},
		"a visit's status":                  {"nina", "Encounter/e2", swap(t, "in-progress", "finished"), false},
		"a visit's participants":            {"nina", "Encounter/e2", swap(t, "Practitioner/x", "Practitioner/y"), false},
		"a visit's period":                  {"nina", "Encounter/e2", swap(t, "2026-11-01", "2026-10-01"), false},
		"a label, by who writes metadata":   {"dora", "Encounter/hid-1", func(s string) string { return s }, false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.record == "Encounter/hid-1" {
				_, put := c.edit(t, "dora", "Encounter/e1", swap(t, `"meta":{`, `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}],`))
				a.refused(t, put, 403, "not-writable", "Encounter.meta.security")
				return
			}
			_, put := c.edit(t, tt.who, tt.record, tt.change)
			slug, _ := put.problem(t)
			if slug != "decides-access" && !(tt.unproven && slug == "not-writable") {
				t.Errorf("refused as %s", slug)
			}
			if w := a.writes(); put.status != 403 || len(w) > 0 {
				t.Errorf("%d %s, sent %v", put.status, put.body, w)
			}
		})
	}
	// The desk's access rests on none of it.
	if _, put := c.edit(t, "dora", "Encounter/e2", swap(t, "in-progress", "finished")); put.status != 200 {
		t.Errorf("%d %s", put.status, put.body)
	}
	// A mark may be added, and then hides.
	if _, put := c.edit(t, "nina", "Condition/c1", swap(t, "J45.0", "B20")); put.status != 200 || put.body != "" {
		t.Errorf("%d %s", put.status, put.body)
	}
	same(t, c.get(t, "nina", "/Condition/c1"), c.get(t, "nina", "/Condition/no-such"))
}
