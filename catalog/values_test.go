package catalog_test

import (
	"testing"

	"modicum/catalog"
)

const v20203 = "http://terminology.hl7.org/CodeSystem/v2-0203"

func TestIdentifierClass(t *testing.T) {
	other := class(t, "identifiers.other")
	for _, tt := range []struct{ name, typeSystem, typeCode, system, want string }{
		{"by type", v20203, "MR", "http://hospital.example/mrn", "identifiers.mrn"},
		{"by system", "", "", "http://hl7.org/fhir/sid/us-ssn", "identifiers.ssn"},
		{"both agree", v20203, "SS", "http://hl7.org/fhir/sid/us-ssn", "identifiers.ssn"},
		{"an SSN called an MRN is an SSN", v20203, "MR", "http://hl7.org/fhir/sid/us-ssn", "identifiers.ssn"},
		{"a license by a directory system is a license", v20203, "DL", "http://hl7.org/fhir/sid/us-npi", "identifiers.license"},
		{"two that disagree are nobody's", v20203, "MR", "http://hl7.org/fhir/sid/us-medicare", "unknown"},
		{"two that must be named and disagree are nobody's", v20203, "DL", "http://hl7.org/fhir/sid/us-ssn", "unknown"},
		{"a national number that is an SSN is an SSN", v20203, "NI", "http://hl7.org/fhir/sid/us-ssn", "identifiers.ssn"},
		{"unknown code", v20203, "ZZZ", "http://x.example", "identifiers.other"},
		{"unknown code system", "http://x.example/types", "MR", "http://x.example", "identifiers.other"},
		{"no coding, no system", "", "", "", "identifiers.other"},
		{"older spelling of the code system", "http://hl7.org/fhir/v2/0203", "MR", "", "identifiers.mrn"},
		{"spelling with https and a slash", "https://terminology.hl7.org/CodeSystem/v2-0203/", "MB", "", "coverage.member-id"},
	} {
		got := cat.IdentifierClass(other, []byte(tt.typeSystem), []byte(tt.typeCode), []byte(tt.system))
		if cat.Name(got) != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, cat.Name(got), tt.want)
		}
	}
}

func TestContactClass(t *testing.T) {
	phone := class(t, "contact.phone")
	for system, want := range map[string]string{
		"phone": "contact.phone", "sms": "contact.phone", "pager": "contact.phone", "other": "contact.phone",
		"fax": "contact.fax", "email": "contact.email", "url": "identifiers.web-url", "": "unknown", "carrier-pigeon": "unknown", "Email": "unknown",
	} {
		if got := cat.Name(cat.ContactClass(phone, []byte(system))); got != want {
			t.Errorf("system %q: got %s, want %s", system, got, want)
		}
	}
	if cat.ContactClass(catalog.Unknown, []byte("phone")) != catalog.Unknown {
		t.Error("a hidden contact point got a class")
	}
}

func TestByValueMarksPersonsOnly(t *testing.T) {
	for path, want := range map[string]bool{
		"Patient.identifier": true, "Person.identifier": true, "RelatedPerson.identifier": true, "Patient.telecom": true, "Person.telecom": true,
		"RelatedPerson.telecom": false, "Patient.contact.telecom": false, "Practitioner.identifier": false, "Practitioner.telecom": false,
		"Coverage.identifier": false, "Encounter.identifier": false, "Patient.identifier.value": false, "Organization.telecom": false,
	} {
		if _, n := one(t, path); n.ByValue != want {
			t.Errorf("%s: by value %t, want %t", path, n.ByValue, want)
		}
	}
}

// FC20: extensions by canonical address, nothing else.
func TestFC20ExtensionClass(t *testing.T) {
	for url, want := range map[string]string{
		"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race":      "demographics.race-ethnicity",
		"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName": "contact.related-person",
		"http://hl7.org/fhir/StructureDefinition/patient-importance":        "sensitive.vip",
		"http://hl7.org/fhir/StructureDefinition/patient-genderIdentity":    "demographics.sogi",
		"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race/":     "",
		"https://hl7.org/fhir/us/core/StructureDefinition/us-core-race":     "",
		"http://hl7.org/fhir/us/core/StructureDefinition/US-CORE-RACE":      "",
		"http://hospital.example/fhir/StructureDefinition/favourite-color":  "",
		"": "", "race": "", catalog.DataAbsentReason: "",
	} {
		got, ok := cat.ExtensionClass([]byte(url))
		if ok != (want != "") || ok && cat.Name(got) != want {
			t.Errorf("%s: %s, %t; want %q", url, cat.Name(got), ok, want)
		}
	}
	if !cat.InheritExtension([]byte(catalog.DataAbsentReason)) || cat.InheritExtension([]byte("http://x.example/y")) {
		t.Error("what inherits is not what the list says")
	}
}

const (
	actCode    = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	confident  = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	obsCat     = "http://terminology.hl7.org/CodeSystem/observation-category"
	usCoreCat  = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
	loinc      = "http://loinc.org"
	icd10cm    = "http://hl7.org/fhir/sid/icd-10-cm"
	snomed     = "http://snomed.info/sct"
	rxnorm     = "http://www.nlm.nih.gov/research/umls/rxnorm"
	hcpcs      = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
	placeOfSvc = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
)

func at(t testing.TB, path, system, code string) catalog.CodeAt {
	id, _ := one(t, path)
	return catalog.CodeAt{Node: id, System: []byte(system), Code: []byte(code)}
}

func TestRecordClass(t *testing.T) {
	for _, tt := range []struct {
		name, typ, want string
		codes           []catalog.CodeAt
	}{
		{"no category", "Observation", "clinical.observation", nil},
		{"laboratory", "Observation", "clinical.lab", []catalog.CodeAt{at(t, "Observation.category.coding", obsCat, "laboratory")}},
		{"first rule wins, not the first code", "Observation", "clinical.vital-sign", []catalog.CodeAt{
			at(t, "Observation.category.coding", obsCat, "laboratory"), at(t, "Observation.category.coding", obsCat, "vital-signs")}},
		{"a code of the same letters elsewhere is no category", "Observation", "clinical.observation", []catalog.CodeAt{at(t, "Observation.code.coding", obsCat, "laboratory")}},
		{"another system is no category", "Observation", "clinical.observation", []catalog.CodeAt{at(t, "Observation.category.coding", "http://x.example", "laboratory")}},
		{"orientation beats its category", "Observation", "demographics.sogi", []catalog.CodeAt{
			at(t, "Observation.category.coding", obsCat, "social-history"), at(t, "Observation.code.coding", loinc, "76690-7")}},
		{"the second system of a rule", "Observation", "clinical.social-history", []catalog.CodeAt{at(t, "Observation.category.coding", usCoreCat, "sdoh")}},
		{"the last code of a list", "Observation", "clinical.functional-status", []catalog.CodeAt{at(t, "Observation.category.coding", usCoreCat, "cognitive-status")}},
		{"report of a laboratory", "DiagnosticReport", "clinical.lab", []catalog.CodeAt{at(t, "DiagnosticReport.category.coding", "http://terminology.hl7.org/CodeSystem/v2-0074", "LAB")}},
		{"radiology", "DiagnosticReport", "clinical.imaging", []catalog.CodeAt{at(t, "DiagnosticReport.category.coding", loinc, "LP29684-5")}},
		{"social need", "Condition", "clinical.social-history", []catalog.CodeAt{at(t, "Condition.category.coding", usCoreCat, "sdoh")}},
		{"only a summary is aggregate", "MeasureReport", "dataset.aggregate", []catalog.CodeAt{at(t, "MeasureReport.type", "", "summary")}},
		{"an individual report", "MeasureReport", "quality.measure-report", []catalog.CodeAt{at(t, "MeasureReport.type", "", "individual")}},
		{"a psychotherapy label beats all", "Observation", "clinical.note.psychotherapy", []catalog.CodeAt{
			at(t, "Observation.category.coding", obsCat, "laboratory"), at(t, "Observation.meta.security", actCode, "PSYTHPN")}},
		{"on any type", "DocumentReference", "clinical.note.psychotherapy", []catalog.CodeAt{at(t, "DocumentReference.securityLabel.coding", actCode, "HIPAAPsyNotes")}},
		{"a tag is no label", "Observation", "clinical.observation", []catalog.CodeAt{at(t, "Observation.meta.tag", actCode, "PSYTHPN")}},
	} {
		if got := cat.Name(cat.RecordClass(resource(t, tt.typ), tt.codes)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A psychotherapy note replaces the class of everything in the record, its comments
// and identifiers among it; a category only that of the record itself.
func TestPsychotherapyReplacesEveryClass(t *testing.T) {
	doc := resource(t, "DocumentReference")
	label := at(t, "DocumentReference.meta.security", actCode, "PSYTHPN")
	c, whole := cat.RuleClass(cat.RuleFor(doc, label.Node, label.System, label.Code))
	if cat.Name(c) != "clinical.note.psychotherapy" || !whole {
		t.Errorf("got %s, whole %t", cat.Name(c), whole)
	}
	obs := at(t, "Observation.category.coding", obsCat, "laboratory")
	if _, whole := cat.RuleClass(cat.RuleFor(resource(t, "Observation"), obs.Node, obs.System, obs.Code)); whole {
		t.Error("a category replaces the class of comments")
	}
	if c, whole := cat.RuleClass(0); c != catalog.Unknown || whole {
		t.Error("no rule gives a class")
	}
}

func TestRuledMarksWhereRulesLook(t *testing.T) {
	for path, want := range map[string]bool{
		"Observation.category.coding": true, "Observation.code.coding": true, "Observation.valueCodeableConcept.coding": false,
		"Condition.category.coding": true, "Condition.code.coding": false, "MeasureReport.type": true, "Patient.meta.security": true,
		"Patient.meta.tag": false, "Procedure.category.coding": false, "Observation.method.coding": false,
	} {
		if _, n := one(t, path); n.Ruled != want {
			t.Errorf("%s: ruled %t, want %t", path, n.Ruled, want)
		}
	}
}
