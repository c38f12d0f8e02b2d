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
