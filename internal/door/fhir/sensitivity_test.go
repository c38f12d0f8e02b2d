package fhir_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
)

// sensitiveWard holds records of p1 by what protects them, and what refers to them.
func sensitiveWard(t *testing.T) *sheet {
	up := newSheet(t)
	label := func(code string) string {
		return fmt.Sprintf(`"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"%s"}]},`, code)
	}
	problem := func(id, meta string) string {
		return fmt.Sprintf(`{"resourceType":"Condition","id":"%s",%s"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"J45.0"}]},"subject":{"reference":"Patient/p1"}}`, id, meta)
	}
	drug := func(id, reason string) string {
		return fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"%s","status":"active","intent":"order","medicationCodeableConcept":{"text":"drug"},"subject":{"reference":"Patient/p1"},"reasonReference":[{"reference":"Condition/%s"}]}`, id, reason)
	}
	note := func(id, meta string) string {
		return fmt.Sprintf(`{"resourceType":"DocumentReference","id":"%s",%s"status":"current","type":{"text":"note"},"subject":{"reference":"Patient/p1"},"description":"words","content":[{"attachment":{"title":"words"}}]}`, id, meta)
	}
	visit := func(id, meta string) string {
		return fmt.Sprintf(`{"resourceType":"Encounter","id":"%s",%s"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`, id, meta)
	}
	claim := func(id, visit string) string {
		return fmt.Sprintf(`{"resourceType":"Claim","id":"%s","status":"active","type":{"coding":[{"code":"professional"}]},"use":"claim","patient":{"reference":"Patient/p1"},"created":"2026-11-01","provider":{"reference":"Organization/o1"},"priority":{"coding":[{"code":"normal"}]},"insurance":[{"sequence":1,"focal":true,"coverage":{"reference":"Coverage/v1"}}],"item":[{"sequence":1,"productOrService":{"text":"x"},"encounter":[{"reference":"Encounter/%s"}]}]}`, id, visit)
	}
	up.put(patient("p1", "Family", "1950-02-03"),
		problem("plain", ""), problem("program", label("42CFRPart2")), problem("alone", label("ADOL")),
		drug("of-plain", "plain"), drug("of-program", "program"), drug("of-alone", "alone"),
		note("chart", ""), note("session", label("PSYTHPN")),
		visit("open", ""), visit("paid", label("HIPAASelfPay")), claim("k-open", "open"), claim("k-paid", "paid"))
	return up
}

const sensitiveFacts = `{"source":"%s","whole":"2026-11-23T11:59:00Z"}
%s`

// openSensitive is the sample policy before that ward, with facts by source.
func openSensitive(t *testing.T, facts map[string]string) *clinic {
	lines := map[string]string{}
	for _, source := range []string{"adt", "people", "office", "queue"} {
		lines[source] = fmt.Sprintf(sensitiveFacts, source, facts[source])
	}
	up := sensitiveWard(t)
	c := openClinicAt(t, up.URL+"/fhir", loadPolicy(t, "../../../policy-sample"), lines, func(c *clinic, _ *fhir.Config) { c.up = up })
	c.staff["doc"] = &caller.Caller{ID: "doc", Roles: []string{"physician"}}
	c.staff["parent"] = &caller.Caller{ID: "parent", Roles: []string{"individual"}}
	c.staff["claims"] = &caller.Caller{ID: "claims-out", Program: true, Subject: "claims-out", Client: "claims-out"}
	return c
}

func stated(fact, who, more string) string {
	source := map[string]string{"assigned-patient": "adt", "part2-consent": "office", "portal-session": "people", "representative": "people", "work-item": "queue"}[fact]
	return fmt.Sprintf(`{"fact":"%s","who":"%s",%s"source":"%s","recorded_by":"feed"}`+"\n", fact, who, more, source)
}

const ofP1 = `"patient":"Patient/p1",`

// The sample's restrictions bite by the labels of a record and by those of what it
// refers to, and let go where they say.
func TestSampleRestrictionsBiteByLabelAndReference(t *testing.T) {
	assigned := stated("assigned-patient", "doc", ofP1)
	consent := stated("part2-consent", "doc", ofP1)
	represents := stated("portal-session", "parent", "") + stated("representative", "parent", ofP1+`"classes":["clinical.problem","clinical.medication"],`)
	queued := func(claim string) string {
		return stated("work-item", "claims-out", ofP1+`"object":"Claim/`+claim+`","id":"w-`+claim+`","values":{"kind":"claim"},`)
	}
	for _, tt := range []struct {
		name, who, task string
		facts           map[string]string
		shows, hides    []string
		notice          bool
	}{
		{"Part 2 without consent", "doc", "treat", map[string]string{"adt": assigned}, []string{"Condition/plain", "MedicationRequest/of-plain"}, []string{"Condition/program", "MedicationRequest/of-program"}, false},
		{"Part 2 with consent, and the notice", "doc", "treat", map[string]string{"adt": assigned, "office": consent}, []string{"Condition/program", "MedicationRequest/of-program"}, nil, true},
		{"psychotherapy notes", "doc", "treat", map[string]string{"adt": assigned}, []string{"DocumentReference/chart"}, []string{"DocumentReference/session"}, false},
		{"what a minor consented to alone, for the parent", "parent", "see-as-representative", map[string]string{"people": represents}, []string{"Condition/plain", "MedicationRequest/of-plain"}, []string{"Condition/alone", "MedicationRequest/of-alone"}, false},
		{"and for the physician", "doc", "treat", map[string]string{"adt": assigned}, []string{"Condition/alone", "MedicationRequest/of-alone"}, nil, false},
		{"a visit paid for by the patient", "claims", "", map[string]string{"queue": queued("k-open") + queued("k-paid")}, []string{"Claim/k-open"}, []string{"Claim/k-paid"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := openSensitive(t, tt.facts)
			headers := []string{"Modicum-Task", tt.task}
			if tt.task == "" {
				headers = nil
			}
			absent := c.get(t, tt.who, "/Condition/nowhere", headers...)
			for _, ref := range tt.shows {
				r := c.get(t, tt.who, "/"+ref, headers...)
				if r.status != http.StatusOK {
					t.Errorf("%s: %d %s", ref, r.status, r.body)
				}
				lacks(t, string(r.body), `"security"`)
				if got := strings.Contains(r.header.Get("Modicum-Obligation"), "part2-notice"); got != tt.notice {
					t.Errorf("%s: notice %t", ref, got)
				}
			}
			for _, ref := range tt.hides {
				if r := c.get(t, tt.who, "/"+ref, headers...); r.status != http.StatusNotFound || tt.task != "" && string(r.body) != string(absent.body) {
					t.Errorf("%s: %d %s", ref, r.status, r.body)
				}
			}
		})
	}
}
