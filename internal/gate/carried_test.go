package gate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/ledger"
)

const (
	actCode      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	theirProblem = `,"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"%s"}]},"subject":{"reference":"Patient/p1"}}`
)

// keeper sees the whole chart of whom it looks after, but nothing that is marked;
// opener also what is marked HIV.
const keepers = `
-- roles/keeper.yaml --
role: keeper
title: Keeper
owner: boss
review: 12 months
say: The chart.
tasks:
  keep:
    title: Keep the chart
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [clinical, admin, financial.claim]}
    within: whole-record
    justify: Tests look at every type.
-- roles/opener.yaml --
role: opener
title: Opener
owner: boss
review: 12 months
say: The chart.
tasks:
  keep:
    title: Keep the chart
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [clinical, admin, financial.claim]}
    within: whole-record
    justify: Tests look at every type.
    also:
      - marked: [sensitive.hiv]
`

// flagged puts the records to which others refer on the shelf: hiv is a condition
// marked by its code, labelled one by its label, plain is marked by nothing.
func newKeepers(t *testing.T) *house {
	h := newHouse(t, keepers)
	h.staff["kim"] = &caller.Caller{ID: "alice", Roles: []string{"keeper"}}
	put := func(ref, rest string) {
		typ, id, _ := strings.Cut(ref, "/")
		h.shelf.bodies[ref] = fmt.Sprintf(`{"resourceType":%q,"id":%q%s`, typ, id, rest)
	}
	put("Condition/hiv", fmt.Sprintf(theirProblem, "B20"))
	put("Condition/plain", fmt.Sprintf(theirProblem, "J45.0"))
	put("Condition/labelled", `,"meta":{"security":[{"system":"`+actCode+`","code":"HIV"}]}`+fmt.Sprintf(theirProblem, "J45.0"))
	put("Condition/unheard", `,"meta":{"security":[{"system":"`+actCode+`","code":"ZZZ"}]}`+fmt.Sprintf(theirProblem, "J45.0"))
	put("Medication/lithium", `,"code":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"6448"}]}}`)
	put("Medication/mix", `,"ingredient":[{"itemReference":{"reference":"Medication/lithium"}}]}`)
	put("Observation/load", `,"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"20447-9"}]},"subject":{"reference":"Patient/p1"}}`)
	put("Encounter/psych", `,"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"reasonReference":[{"reference":"Condition/hiv"}]}`)
	put("MedicationRequest/order", `,"status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"subject":{"reference":"Patient/p1"},"reasonReference":[{"reference":"Condition/hiv"}]}`)
	put("List/drugs", `,"status":"current","mode":"working","subject":{"reference":"Patient/p1"},"entry":[{"item":{"reference":"MedicationRequest/order"}}]}`)
	put("List/lists", `,"status":"current","mode":"working","subject":{"reference":"Patient/p1"},"entry":[{"item":{"reference":"List/drugs"}}]}`)
	put("List/round", `,"status":"current","mode":"working","subject":{"reference":"Patient/p1"},"entry":[{"item":{"reference":"List/trip"}}]}`)
	put("List/trip", `,"status":"current","mode":"working","subject":{"reference":"Patient/p1"},"entry":[{"item":{"reference":"List/round"}}]}`)
	put("Condition/broken", `,"code":`)
	return h
}

// referring are records of p1 that are marked by nothing themselves.
var referring = []struct {
	name, typ, rest string
	marked          []string // why, as it is recorded; none: it shows to the keeper
}{
	{"a prescription for a flagged condition", "MedicationRequest", `"status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"reasonReference":[{"reference":"Condition/hiv"}]`, []string{"sensitive.hiv Condition"}},
	{"for one with a label", "MedicationRequest", `"status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"reasonReference":[{"reference":"Condition/plain"},{"reference":"Condition/labelled"}]`, []string{"sensitive.hiv Condition"}},
	{"for a plain one", "MedicationRequest", `"status":"active","intent":"order","medicationCodeableConcept":{"text":"x"},"reasonReference":[{"reference":"Condition/plain"}]`, nil},
	{"of a flagged drug", "MedicationStatement", `"status":"active","medicationReference":{"reference":"Medication/lithium"}`, []string{"sensitive.mental-health Medication"}},
	{"of a drug made of one", "MedicationStatement", `"status":"active","medicationReference":{"reference":"Medication/mix"}`, []string{"sensitive.mental-health Medication"}},
	{"an administration of such an order", "MedicationAdministration", `"status":"completed","medicationCodeableConcept":{"text":"x"},"effectiveDateTime":"2026-11-01","request":{"reference":"MedicationRequest/order"}`, []string{"sensitive.hiv Condition"}},
	{"a dispense of such an order", "MedicationDispense", `"status":"completed","medicationCodeableConcept":{"text":"x"},"authorizingPrescription":[{"reference":"MedicationRequest/order"}]`, []string{"sensitive.hiv Condition"}},
	{"a visit for a flagged reason", "Encounter", `"status":"finished","class":{"code":"AMB"},"reasonReference":[{"reference":"Condition/hiv"}]`, []string{"sensitive.hiv Condition"}},
	{"a visit with a flagged diagnosis", "Encounter", `"status":"finished","class":{"code":"AMB"},"diagnosis":[{"condition":{"reference":"Condition/hiv"}}]`, []string{"sensitive.hiv Condition"}},
	{"the claim for a flagged visit", "Claim", `"status":"active","type":{"text":"x"},"use":"claim","created":"2026-11-01","provider":{"reference":"Organization/o"},"priority":{"text":"x"},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}],"item":[{"sequence":1,"productOrService":{"text":"x"},"encounter":[{"reference":"Encounter/psych"}]}]`, []string{"sensitive.hiv Condition"}},
	{"a claim that names the diagnosis", "Claim", `"status":"active","type":{"text":"x"},"use":"claim","created":"2026-11-01","provider":{"reference":"Organization/o"},"priority":{"text":"x"},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}],"diagnosis":[{"sequence":1,"diagnosisReference":{"reference":"Condition/hiv"}}]`, []string{"sensitive.hiv Condition"}},
	{"a report of a flagged result", "DiagnosticReport", `"status":"final","code":{"text":"x"},"result":[{"reference":"Observation/load"}]`, []string{"sensitive.hiv Observation"}},
	{"a panel with a flagged member", "Observation", `"status":"final","code":{"text":"x"},"hasMember":[{"reference":"Observation/load"}]`, []string{"sensitive.hiv Observation"}},
	{"a list of a flagged entry", "List", `"status":"current","mode":"working","entry":[{"item":{"reference":"Condition/plain"}},{"item":{"reference":"Condition/hiv"}}]`, []string{"sensitive.hiv Condition"}},
	{"a list of such an order", "List", `"status":"current","mode":"working","entry":[{"item":{"reference":"MedicationRequest/order"}}]`, []string{"sensitive.hiv Condition"}},
	{"a document with a flagged section", "Composition", `"status":"final","type":{"text":"x"},"date":"2026-11-01","author":[{"reference":"Practitioner/d"}],"title":"x","section":[{"section":[{"entry":[{"reference":"Condition/hiv"}]}]}]`, []string{"sensitive.hiv Condition"}},
	{"a plan that addresses it", "CarePlan", `"status":"active","intent":"plan","addresses":[{"reference":"Condition/hiv"}]`, []string{"sensitive.hiv Condition"}},
	{"a label that nobody knows", "Procedure", `"status":"completed","reasonReference":[{"reference":"Condition/unheard"}]`, []string{"overlay-15 Condition"}},
	{"what was only found in a flagged visit", "Procedure", `"status":"completed","code":{"text":"x"},"encounter":{"reference":"Encounter/psych"}`, nil},
	{"what the server does not hold", "Procedure", `"status":"completed","reasonReference":[{"reference":"Condition/nowhere"}]`, nil},
	{"a reason in words alone", "Procedure", `"status":"completed","reasonReference":[{"display":"because"}]`, nil},
	{"two lists of each other", "List", `"status":"current","mode":"working","entry":[{"item":{"reference":"List/round"}}]`, nil},
	{"a contained condition", "Procedure", `"status":"completed","contained":[{"resourceType":"Condition","id":"c","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"B20"}]},"subject":{"reference":"Patient/p1"}}],"reasonReference":[{"reference":"#c"}]`, []string{"sensitive.hiv code"}},
	{"its own label", "Procedure", `"status":"completed","meta":{"security":[{"system":"` + actCode + `","code":"HIV"}]}`, []string{"sensitive.hiv label"}},
	{"a label of one element", "Procedure", `"status":"completed","note":[{"text":"x","_text":{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"system":"` + actCode + `","code":"HIV"}}]}}]`, []string{"sensitive.hiv code", "sensitive.hiv label"}},
	{"an element restricted without a reason", "Procedure", `"status":"completed","code":{"text":"x","extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label","valueCoding":{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}}]}`, []string{"overlay-15 label"}},
	{"an element whose label says nothing", "Procedure", `"status":"completed","code":{"text":"x","extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"}]}`, []string{"overlay-15 label"}},
	{"the duty to look at such labels", "Procedure", `"status":"completed","meta":{"security":[{"system":"` + actCode + `","code":"PROCESSINLINELABEL"}]}`, nil},
	{"the law on which a label rests", "Procedure", `"status":"completed","meta":{"security":[{"extension":[{"url":"http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-sec-label-basis","valueCoding":{"system":"` + actCode + `","code":"42CFRPart2"}}],"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}`, []string{"sensitive.sud-part2 code"}},
}

func TestOverlaysFollowReferences(t *testing.T) {
	h := newKeepers(t)
	for _, tt := range referring {
		t.Run(tt.name, func(t *testing.T) {
			s := must(h.list("kim", tt.typ, "p1"))(t)
			of := "subject"
			if tt.typ == "Claim" {
				of = "patient"
			}
			body := fmt.Sprintf(`{"resourceType":%q,"id":"x1",%s,%q:{"reference":"Patient/p1"}}`, tt.typ, tt.rest, of)
			ids, err := h.show(s, body)
			if err != nil {
				t.Fatal(err)
			}
			if shows := len(ids) > 0; shows != (len(tt.marked) == 0) {
				t.Errorf("it shows: %t", shows)
			}
			v := lastVerdict(h.book.of(s.ID()))
			if !slices.Equal(v.Marked, tt.marked) {
				t.Errorf("recorded %v, want %v", v.Marked, tt.marked)
			}
			for _, name := range tt.marked {
				if name, _, _ = strings.Cut(name, " "); !slices.Contains(v.Atoms.Overlays, name) {
					t.Errorf("%s is not among the overlays of the atoms: %v", name, v.Atoms.Overlays)
				}
			}
			if r := h.replay(s.ID()); len(r.Differences) > 0 {
				t.Errorf("derived again: %v", r.Differences)
			}
		})
	}
}

func lastVerdict(entries []ledger.Entry) *ledger.Verdict {
	for _, e := range slices.Backward(entries) {
		switch e := e.(type) {
		case *ledger.Outcome:
			if len(e.Verdicts) > 0 {
				return &e.Verdicts[0]
			}
		case *ledger.Opened:
			if len(e.Verdicts) > 0 {
				return &e.Verdicts[0]
			}
		}
	}
	return &ledger.Verdict{}
}

// What cannot be looked up, or lies further away than the gate looks, may be anything:
// whoever may not see every marked record does not see what refers to it.
func TestD6_WhatCannotBeLookedUpMayBeAnything(t *testing.T) {
	h := newKeepers(t)
	for name, reference := range map[string]string{
		"another server":             `{"reference":"https://elsewhere.example/fhir/Condition/1"}`,
		"an identifier":              `{"identifier":{"value":"1"}}`,
		"a contained one that lacks": `{"reference":"#gone"}`,
		"a search":                   `{"reference":"Condition?code=B20"}`,
		"one that cannot be read":    `{"reference":"Condition/broken"}`,
	} {
		s := must(h.list("kim", "Procedure", "p1"))(t)
		ids, err := h.show(s, `{"resourceType":"Procedure","id":"x1","status":"completed","subject":{"reference":"Patient/p1"},"reasonReference":[`+reference+`]}`)
		if err != nil || len(ids) > 0 {
			t.Errorf("%s: %v %v", name, ids, err)
		}
		if v := lastVerdict(h.book.of(s.ID())); !slices.Contains(v.Marked, "sensitive.hiv unknown") {
			t.Errorf("%s: recorded %v", name, v.Marked)
		}
	}
	s := must(h.list("kim", "List", "p1"))(t)
	far, err := h.show(s, `{"resourceType":"List","id":"x1","status":"current","mode":"working","subject":{"reference":"Patient/p1"},"entry":[{"item":{"reference":"List/lists"}}]}`)
	if err != nil || len(far) > 0 {
		t.Errorf("four records away: %v %v", far, err)
	}
}

// A line that lifts what lies on the target shows what refers to it.
func TestALineLiftsWhatReferencesCarry(t *testing.T) {
	h := newKeepers(t)
	h.staff["kim"] = &caller.Caller{ID: "alice", Roles: []string{"opener"}}
	s := must(h.list("kim", "Procedure", "p1"))(t)
	ids, err := h.show(s, `{"resourceType":"Procedure","id":"x1","status":"completed","subject":{"reference":"Patient/p1"},"reasonReference":[{"reference":"Condition/hiv"}]}`)
	if err != nil || len(ids) != 1 {
		t.Errorf("%v %v", ids, err)
	}
}

// What is looked up is looked up once for the batch, and only for what would show.
func TestTargetsAreLookedUpOnce(t *testing.T) {
	h := newKeepers(t)
	s := must(h.list("kim", "Procedure", "p1"))(t)
	h.shelf.asked = nil
	procedure := func(id, patient, reason string) string {
		return fmt.Sprintf(`{"resourceType":"Procedure","id":%q,"status":"completed","subject":{"reference":"Patient/%s"},"reasonReference":[{"reference":"Condition/%s"}]}`, id, patient, reason)
	}
	h.judge(s, procedure("x1", "p1", "plain"), procedure("x2", "p1", "plain"), procedure("x3", "p9", "hiv"))
	h.judge(s, procedure("x4", "p1", "plain"))
	if !slices.Equal(h.shelf.asked, []string{"Condition/plain"}) {
		t.Errorf("asked for %v", h.shelf.asked)
	}
	h.shelf.err = errors.New("down")
	if _, err := s.Judge(t.Context(), h.scan(procedure("x5", "p1", "labelled")), []gate.Judgement{}); err == nil {
		t.Error("an upstream that cannot say lets the record through")
	}
}
