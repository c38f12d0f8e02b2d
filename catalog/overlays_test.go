package catalog_test

import (
	"testing"

	"modicum/catalog"
)

func TestCodeOverlays(t *testing.T) {
	none := []string{}
	for _, tt := range []struct {
		name, system, code string
		want               []string
	}{
		{"a range", icd10cm, "F11.20", []string{"sensitive.sud"}},
		{"its lower bound", icd10cm, "F10", []string{"sensitive.sud"}},
		{"its upper bound and below it", icd10cm, "F19.982", []string{"sensitive.sud"}},
		{"its exception: nicotine", icd10cm, "F17.210", none},
		{"after it", icd10cm, "F20.0", []string{"sensitive.mental-health"}},
		{"F55 is substance use, not mental health", icd10cm, "F55.8", []string{"sensitive.sud"}},
		{"F64 is gender-affirming, not mental health", icd10cm, "F64.0", []string{"sensitive.gender-affirming"}},
		{"F52 lies in two", icd10cm, "F52.4", []string{"sensitive.mental-health", "sensitive.reproductive"}},
		{"dots do not matter", icd10cm, "Z79891", []string{"sensitive.sud"}},
		{"nor where they stand", icd10cm, "Z7.9891", []string{"sensitive.sud"}},
		{"case does not matter", icd10cm, "f11.20", []string{"sensitive.sud"}},
		{"a code covers its children", icd10cm, "B20", []string{"sensitive.hiv"}},
		{"a longer code with dots", icd10cm, "O98.711", []string{"sensitive.hiv", "sensitive.reproductive"}},
		{"and not its parent", icd10cm, "O98", []string{"sensitive.reproductive"}},
		{"nor its neighbour", icd10cm, "Z79.89", none},
		{"a range with a letter at its end", icd10cm, "O9A.412", []string{"sensitive.reproductive", "sensitive.violence"}},
		{"a range of longer bounds", icd10cm, "O98.211", []string{"sensitive.std", "sensitive.reproductive"}},
		{"beyond it", icd10cm, "O98.411", []string{"sensitive.reproductive"}},
		{"what is common", icd10cm, "I10", none},
		{"the ICD-10 of the WHO", "http://hl7.org/fhir/sid/icd-10", "B24", []string{"sensitive.hiv"}},
		{"the OID of ICD-10-CM", "urn:oid:2.16.840.1.113883.6.90", "F11.20", []string{"sensitive.sud"}},
		{"https and a slash at the end", "https://hl7.org/fhir/sid/icd-10-cm/", "F11.20", []string{"sensitive.sud"}},
		{"SNOMED", snomed, "86406008", []string{"sensitive.hiv"}},
		{"a longer SNOMED code is another concept", snomed, "864060081", none},
		{"SNOMED by its OID", "urn:oid:2.16.840.1.113883.6.96", "86406008", []string{"sensitive.hiv"}},
		{"LOINC", loinc, "20447-9", []string{"sensitive.hiv"}},
		{"LOINC of orientation", loinc, "76690-7", []string{"sensitive.gender-affirming"}},
		{"RxNorm lithium", rxnorm, "6448", []string{"sensitive.mental-health"}},
		{"a longer RxNorm code is another drug", rxnorm, "644810", none},
		{"HCPCS range", hcpcs, "G2074", []string{"sensitive.sud"}},
		{"beyond it", hcpcs, "G2081", none},
		{"HCPCS code", hcpcs, "S2260", []string{"sensitive.reproductive"}},
		{"place of service", placeOfSvc, "58", []string{"sensitive.sud"}},
		{"another place of service", placeOfSvc, "5", none},
		{"a sensitivity label elsewhere than in meta", actCode, "HIV", []string{"sensitive.hiv"}},
		{"an ActCode that is no label", actCode, "AMB", none},
		{"confidentiality elsewhere says nothing about this record", confident, "R", none},
		{"another system with the same code", "http://x.example", "F11.20", none},
		{"no system", "", "F11.20", none},
		{"no code", icd10cm, "", none},
		{"only a dot", icd10cm, ".", none},
		{"a very long code", icd10cm, "F11.20000000000000000000000000000000", []string{"sensitive.sud"}},
	} {
		got, want := cat.CodeOverlays([]byte(tt.system), []byte(tt.code)), overlays(t, tt.want...)
		if got != want {
			t.Errorf("%s: %s %s: got %b, want %b", tt.name, tt.system, tt.code, got, want)
		}
	}
}

func TestLabelOverlays(t *testing.T) {
	unrecognized := catalog.OverlaySet(0).With(catalog.Unrecognized)
	for _, tt := range []struct {
		system, code string
		want         catalog.OverlaySet
	}{
		{actCode, "HIV", overlays(t, "sensitive.hiv")},
		{"urn:oid:2.16.840.1.113883.5.4", "HIV", overlays(t, "sensitive.hiv")},
		{actCode, "OPIOIDUD", overlays(t, "sensitive.sud")},
		{actCode, "ETH", overlays(t, "sensitive.sud")},
		{actCode, "42CFRPart2", overlays(t, "sensitive.sud-part2")},
		{actCode, "BH", overlays(t, "sensitive.mental-health", "sensitive.sud")},
		{actCode, "SEX", overlays(t, "sensitive.reproductive", "sensitive.gender-affirming")},
		{actCode, "PSYTHPN", overlays(t, "sensitive.mental-health")},
		{actCode, "VIP", overlays(t, "sensitive.vip")},
		{actCode, "HIPAASelfPay", overlays(t, "sensitive.restricted")},
		{actCode, "MINEC", 0},
		{confident, "N", 0}, {confident, "U", 0}, {confident, "L", 0}, {confident, "M", 0},
		{confident, "R", catalog.OverlaySet(0).With(catalog.Restricted)},
		{confident, "HIV", overlays(t, "sensitive.hiv")}, // retired, still read
		{confident, "X", unrecognized},
		{actCode, "TBOO", unrecognized}, {actCode, "NODSCLCD", unrecognized}, {actCode, "hiv", unrecognized}, {actCode, "", unrecognized},
		{"http://hospital.example/labels", "HIV", unrecognized}, {"", "N", unrecognized},
		{"http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", 0},
	} {
		if got := cat.LabelOverlays([]byte(tt.system), []byte(tt.code)); got != tt.want {
			t.Errorf("%s %s: got %b, want %b", tt.system, tt.code, got, tt.want)
		}
	}
}

// R and V are answered by a label that says why; alone they are unrecognized, and
// nobody can lift them (D6).
func TestRestrictedWithoutAReasonIsUnrecognized(t *testing.T) {
	label := func(system, code string) catalog.OverlaySet { return cat.LabelOverlays([]byte(system), []byte(code)) }
	hiv := overlays(t, "sensitive.hiv")
	unrecognized := catalog.OverlaySet(0).With(catalog.Unrecognized)
	for name, tt := range map[string]struct{ labels, want catalog.OverlaySet }{
		"R alone":                  {label(confident, "R"), unrecognized},
		"V and a duty":             {label(confident, "V") | label(actCode, "MINEC"), unrecognized},
		"R and HIV":                {label(confident, "R") | label(actCode, "HIV"), hiv},
		"N and HIV":                {label(confident, "N") | label(actCode, "HIV"), hiv},
		"R and an unknown label":   {label(confident, "R") | label(actCode, "ZZZ"), unrecognized},
		"an unknown label and HIV": {label(actCode, "ZZZ") | label(actCode, "HIV"), hiv | unrecognized},
		"nothing":                  {0, 0},
	} {
		if got := cat.Settle(tt.labels); got != tt.want {
			t.Errorf("%s: got %b, want %b", name, got, tt.want)
		}
	}
	if cat.Overlays().Has(catalog.Restricted) || cat.Overlays().Has(catalog.Unrecognized) {
		t.Error("a policy could lift what nobody may lift")
	}
}

func TestLabelsStandInThreePlaces(t *testing.T) {
	for path, want := range map[string]string{
		"Patient.meta.security": "", "DocumentReference.securityLabel.coding": "", "Composition.confidentiality": confident,
	} {
		if _, n := one(t, path); !n.Label || n.Implied != want {
			t.Errorf("%s: label %t, implied %q", path, n.Label, n.Implied)
		}
	}
	for _, path := range []string{"Patient.meta.tag", "Consent.provision.securityLabel", "AuditEvent.entity.securityLabel", "DocumentReference.type.coding", "Patient.extension.valueMeta.security"} {
		for _, id := range cat.Find(path) {
			if cat.Node(id).Label {
				t.Errorf("%s is no label of its record", path)
			}
		}
	}
}

func TestOverlaysByTypeAndElement(t *testing.T) {
	for name, want := range map[string]catalog.OverlaySet{
		"MolecularSequence": overlays(t, "sensitive.genetic"), "FamilyMemberHistory": overlays(t, "sensitive.genetic"), "Observation": 0,
	} {
		if got := cat.TypeOverlays(resource(t, name)); got != want {
			t.Errorf("%s: got %b, want %b", name, got, want)
		}
	}
	if _, n := one(t, "Encounter.hospitalization.specialCourtesy"); n.Marks != overlays(t, "sensitive.vip") {
		t.Errorf("a special courtesy marks %b", n.Marks)
	}
}

func TestCodeMeaning(t *testing.T) {
	for _, tt := range []struct{ system, code, meaning, strength string }{
		{icd10cm, "F11.20", "disorders due to alcohol and drugs (nicotine left out)", "strong"},
		{snomed, "77386006", "pregnancy", "indicative"},
		{icd10cm, "I10", "", ""}, {"http://x.example", "F11.20", "", ""},
	} {
		if m, s := cat.CodeMeaning([]byte(tt.system), []byte(tt.code)); m != tt.meaning || s != tt.strength {
			t.Errorf("%s: %q, %q", tt.code, m, s)
		}
	}
}

func TestOverlaysDoNotAllocate(t *testing.T) {
	sys, code, sct, concept := []byte(icd10cm), []byte("F11.20"), []byte(snomed), []byte("86406008")
	if n := testing.AllocsPerRun(100, func() {
		cat.CodeOverlays(sys, code)
		cat.CodeOverlays(sct, concept)
		cat.LabelOverlays(sct, concept)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// By which references a flagged record flags another: why, of what, for what; not where
// or by whom.
func TestReferencesThatCarry(t *testing.T) {
	for path, want := range map[string]bool{
		"MedicationRequest.reasonReference": true, "MedicationRequest.medicationReference": true, "MedicationDispense.authorizingPrescription": true, "Medication.ingredient.itemReference": true,
		"Encounter.diagnosis.condition": true, "Claim.item.encounter": true, "Claim.diagnosis.diagnosisReference": true, "ExplanationOfBenefit.claim": true, "DiagnosticReport.result": true,
		"List.entry.item": true, "Composition.section.entry": true, "Composition.section.section.entry": true, "CarePlan.activity.detail.reasonReference": true, "Task.reasonReference": true,
		"MedicationRequest.encounter": false, "MedicationRequest.requester": false, "MedicationRequest.subject": false, "MedicationRequest.basedOn": false, "MedicationRequest.medicationCodeableConcept": false,
		"Observation.encounter": false, "Observation.performer": false, "Condition.evidence.detail": false, "Encounter.location.location": false, "Composition.section.focus": false, "Claim.provider": false,
	} {
		ids := cat.Find(path)
		if len(ids) == 0 {
			t.Errorf("%s: no such element", path)
		}
		for _, id := range ids {
			if n := cat.Node(id); n.Carries != want {
				t.Errorf("%s carries: %t, want %t", path, n.Carries, want)
			}
		}
	}
}
