package fhirjson_test

import (
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

const (
	tag    = `"meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}`
	darExt = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`
)

func patient(members string) string {
	return `{"resourceType":"Patient","id":"p1",` + members + `}`
}

func shownPatient(members string) string {
	return `{"resourceType":"Patient","id":"p1",` + tag + `,` + members + `}`
}

type projection struct {
	name, in, want string
}

func check(t *testing.T, sh *fhirjson.Shape, tests []projection) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := projected(t, tt.in, sh); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestFC17_WhatTheCatalogDoesNotKnowIsDropped(t *testing.T) {
	check(t, wide(t, "demographics.gender", "demographics.name"), []projection{
		{"a vendor's field", patient(`"shoeSize":44,"gender":"male"`), shownPatient(`"gender":"male"`)},
		{"inside a datatype", patient(`"name":[{"family":"A","rank":"B"}]`), shownPatient(`"name":[{"family":"A"}]`)},
		{"another case", patient(`"Gender":"female","gender":"male"`), shownPatient(`"gender":"male"`)},
		{"the wrong JSON type", patient(`"gender":["male"],"name":{"family":"A"},"active":true`), ""},
		{"an array in an array", patient(`"gender":"male","name":[[{"family":"A"}]]`), shownPatient(`"gender":"male"`)},
		{"a scalar for an object", patient(`"gender":"male","name":["A"]`), shownPatient(`"gender":"male"`)},
		{"an object for a scalar", patient(`"gender":{"x":"male"},"name":[{"family":"A"}]`), shownPatient(`"name":[{"family":"A"}]`)},
		{"empties", patient(`"gender":"male","name":[{"family":"","given":[],"period":{}},{}]`), shownPatient(`"gender":"male"`)},
	})
}

func TestFC18_SiblingsFollowTheirElement(t *testing.T) {
	const dar = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`
	const vendor = `{"extension":[{"url":"http://vendor.example/x","valueString":"secret"}]}`
	check(t, wide(t, "demographics.name", "demographics.gender"), []projection{
		{"hidden together", patient(`"gender":"male","_birthDate":` + dar), shownPatient(`"gender":"male"`)},
		{"shown together", patient(`"_gender":` + dar), shownPatient(`"_gender":` + dar)},
		{"arrays stay aligned", patient(`"name":[{"given":["A",null,"C"],"_given":[null,` + dar + `,null]}]`),
			shownPatient(`"name":[{"given":["A",null,"C"],"_given":[null,` + dar + `,null]}]`)},
		{"a hidden extension leaves no gap", patient(`"name":[{"given":["A",null,"C"],"_given":[null,` + vendor + `,null]}]`),
			shownPatient(`"name":[{"given":["A","C"]}]`)},
		{"only an extension shows", patient(`"name":[{"_given":[` + vendor + `,` + dar + `],"given":["A"]}]`),
			shownPatient(`"name":[{"_given":[null,` + dar + `],"given":["A",null]}]`)},
		{"nulls alone", patient(`"gender":"male","name":[{"given":[null,null]}]`), shownPatient(`"gender":"male"`)},
		{"a sibling of an object is unknown", patient(`"gender":"male","_name":[` + dar + `]`), shownPatient(`"gender":"male"`)},
		{"birth time in the sibling of the birth date", patient(`"gender":"male","birthDate":"1974-12-25","_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1974-12-25T14:35:45-05:00"}]}`),
			shownPatient(`"gender":"male"`)},
	})
}

func TestFC18_TheMarkOfAnAgeStandsOnce(t *testing.T) {
	const masked = `"_birthDate":` + darExt
	sh := &fhirjson.Shape{View: policy.View{Coarse: classes(t, "demographics.birth-date"), Keep: classes(t, "demographics.gender")}, Year: 2026}
	check(t, sh, []projection{
		{"for an age of 90 and over", patient(`"gender":"male","birthDate":"1920-01-01"`), shownPatient(`"gender":"male",` + masked)},
		{"the mark alone", patient(`"gender":"male",` + masked), shownPatient(`"gender":"male",` + masked)},
		{"both", patient(`"gender":"male",` + masked + `,"birthDate":"1920-01-01"`), shownPatient(`"gender":"male",` + masked)},
		{"both, the other way round", patient(`"gender":"male","birthDate":"1920-01-01",` + masked), shownPatient(`"gender":"male",` + masked)},
	})
}

func TestFC24_WhatShowsInsideDoesNotHangOnItsOrder(t *testing.T) {
	sh := &fhirjson.Shape{View: policy.View{Keep: catalog.R4().Content()}}
	one := projected(t, patient(`"contained":[{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","alias":["z"]}],"managingOrganization":{"reference":"#b"}`), sh)
	two := projected(t, patient(`"contained":[{"resourceType":"Organization","id":"c","alias":["z"]},{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}}],"managingOrganization":{"reference":"#b"}`), sh)
	for _, out := range []string{one, two} {
		if !strings.Contains(out, `{"reference":"#b"}`) || !strings.Contains(out, `{"reference":"#c"}`) || !strings.Contains(out, `"z"`) {
			t.Errorf("got %s", out)
		}
	}
	none := projected(t, patient(`"contained":[{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","partOf":{"reference":"#b"}}],"managingOrganization":{"reference":"#b"}`), sh)
	if none != "" {
		t.Errorf("two that have nothing but each other: got %s", none)
	}
}

func TestFC19_AllVariantsOfAChoiceFollowOneElement(t *testing.T) {
	check(t, wide(t, "demographics.gender"), []projection{
		{"boolean", patient(`"gender":"male","deceasedBoolean":true`), shownPatient(`"gender":"male"`)},
		{"dateTime", patient(`"gender":"male","deceasedDateTime":"2015-02-14"`), shownPatient(`"gender":"male"`)},
	})
	check(t, wide(t, "demographics.death"), []projection{
		{"boolean", patient(`"gender":"male","deceasedBoolean":true`), shownPatient(`"deceasedBoolean":true`)},
		{"dateTime", patient(`"gender":"male","deceasedDateTime":"2015-02-14"`), shownPatient(`"deceasedDateTime":"2015-02-14"`)},
		{"a type the choice has not", patient(`"gender":"male","deceasedString":"yes"`), ""},
	})
}

func TestFC20_ExtensionsByAddress(t *testing.T) {
	const race = `{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"White"}]}`
	const religion = `{"url":"http://hl7.org/fhir/StructureDefinition/patient-religion","valueCodeableConcept":{"text":"x"}}`
	check(t, wide(t, "demographics.race-ethnicity", "demographics.gender", "clinical.problem"), []projection{
		{"by the class of its address", patient(`"extension":[` + religion + `,` + race + `]`), shownPatient(`"extension":[` + race + `]`)},
		{"unknown", patient(`"gender":"male","extension":[{"url":"http://vendor.example/x","valueString":"secret"}]`), shownPatient(`"gender":"male"`)},
		{"unknown inside a known one", patient(`"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"White"},{"url":"http://vendor.example/x","valueString":"secret"}]}]`),
			shownPatient(`"extension":[` + race + `]`)},
		{"hidden inside a known one", patient(`"gender":"male","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[` + religion + `]}]`), shownPatient(`"gender":"male"`)},
		{"without a value", patient(`"gender":"male","extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"}]`), shownPatient(`"gender":"male"`)},
		{"a relative address at the top", patient(`"gender":"male","extension":[{"url":"text","valueString":"secret"}]`), shownPatient(`"gender":"male"`)},
		{"an extension without address", patient(`"gender":"male","extension":[{"valueString":"secret"}]`), shownPatient(`"gender":"male"`)},
		{"an unknown modifier withholds", patient(`"gender":"male","modifierExtension":[{"url":"http://vendor.example/not","valueBoolean":true}]`), ""},
		{"a modifier below withholds", patient(`"gender":"male","contact":[{"modifierExtension":[{"url":"http://vendor.example/not","valueBoolean":true}]}]`), ""},
		{"implicit rules withhold", patient(`"gender":"male","implicitRules":"http://vendor.example/rules"`), ""},
	})
}

func TestFC21_NarrativeIsDropped(t *testing.T) {
	sh := wide(t, "demographics.gender", "system.narrative")
	check(t, sh, []projection{
		{"even when its class is kept", patient(`"text":{"status":"generated","div":"<div>secret</div>"},"gender":"male"`), shownPatient(`"gender":"male"`)},
	})
}

const obs = `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"x"},`
const shownObs = `{"resourceType":"Observation","id":"o1",` + tag + `,"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"x"},`

func TestFC22_DisplayAndIdentifierOfReferencesAreHidden(t *testing.T) {
	check(t, wide(t, "clinical.lab"), []projection{
		{"beside a reference", obs + `"subject":{"reference":"Patient/p1","display":"Peter","identifier":{"value":"1"}}}`, shownObs + `"subject":{"reference":"Patient/p1"}}`},
		{"alone", obs + `"performer":[{"display":"Dr. Who"}],"subject":{"reference":"Patient/p1"}}`, shownObs + `"subject":{"reference":"Patient/p1"}}`},
	})
}

func TestFC23_ReferencesOnlyToWhatTheCallerMayKnow(t *testing.T) {
	sh := wide(t, "clinical.lab")
	sh.PatientInScope = func(id []byte) bool { return string(id) == "p1" }
	sh.Visible = func(_ catalog.Type, id []byte) bool { return string(id) == "seen" }
	const end = `"subject":{"reference":"Patient/p1"}}`
	check(t, sh, []projection{
		{"the patient in scope", obs + end, shownObs + end},
		{"another patient, mandatory or not", obs + `"subject":{"reference":"Patient/p2"}}`, strings.TrimSuffix(shownObs, ",") + "}"},
		{"proven visible", obs + `"specimen":{"reference":"Specimen/seen"},` + end, shownObs + `"specimen":{"reference":"Specimen/seen"},` + end},
		{"not proven", obs + `"specimen":{"reference":"Specimen/other","type":"Specimen"},` + end, shownObs + end},
		{"of no patient", obs + `"performer":[{"reference":"Practitioner/1"},{"reference":"Patient/p2"}],` + end, shownObs + `"performer":[{"reference":"Practitioner/1"}],` + end},
		{"another server", obs + `"performer":[{"reference":"https://else.example/fhir/Practitioner/1"}],` + end, shownObs + end},
		{"urn", obs + `"performer":[{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}],` + end, shownObs + end},
		{"our base becomes relative", obs + `"performer":[{"reference":"https://up.example/fhir/Practitioner/1"}],` + end, shownObs + `"performer":[{"reference":"Practitioner/1"}],` + end},
		{"a version is left out", obs + `"performer":[{"reference":"Practitioner/1/_history/7"}],` + end, shownObs + `"performer":[{"reference":"Practitioner/1"}],` + end},
		{"more path than a version", obs + `"performer":[{"reference":"Practitioner/1/_history/7/x"}],` + end, shownObs + end},
		{"a slash before", obs + `"performer":[{"reference":"/Practitioner/1"}],` + end, shownObs + end},
		{"escaped slash", obs + `"performer":[{"reference":"Practitioner\/1"}],` + end, shownObs + `"performer":[{"reference":"Practitioner\/1"}],` + end},
		{"FC13 a search", obs + `"performer":[{"reference":"Practitioner?identifier=1"}],` + end, shownObs + end},
		{"a fragment of nothing", obs + `"specimen":{"reference":"#s"},` + end, shownObs + end},
	})
}

func TestFC24_ContainedResourcesByTheirOwnRules(t *testing.T) {
	sh := wide(t, "clinical.medication", "admin.provider")
	sh.PatientInScope = func(id []byte) bool { return string(id) == "p1" }
	const head = `{"resourceType":"MedicationRequest","id":"m1",`
	const rest = `"status":"active","intent":"order","medicationReference":{"reference":"#a"},"subject":{"reference":"Patient/p1"}}`
	const shownRest = `"status":"active","intent":"order","medicationReference":{"reference":"#a"},"subject":{"reference":"Patient/p1"}}`
	const absent = `"status":"active","intent":"order","subject":{"reference":"Patient/p1"},"medicationCodeableConcept":` + darExt + `}`
	drug := `{"resourceType":"Medication","id":"a","code":{"text":"x"}}`
	check(t, sh, []projection{
		{"shown with its own class", head + `"contained":[` + drug + `],` + rest, head + tag + `,"contained":[` + drug + `],` + shownRest},
		{"its own narrative and meta go", head + `"contained":[{"resourceType":"Medication","id":"a","meta":{"versionId":"1"},"text":{"status":"empty"},"code":{"text":"x"}}],` + rest, head + tag + `,"contained":[` + drug + `],` + shownRest},
		{"of a class that is hidden", head + `"contained":[{"resourceType":"Organization","id":"a","name":"x"}],` + rest, head + tag + `,` + absent},
		{"referred to by nothing that shows", head + `"contained":[` + drug + `,{"resourceType":"Practitioner","id":"b","active":true}],` + rest, head + tag + `,"contained":[` + drug + `],` + shownRest},
		{"of another patient", head + `"contained":[{"resourceType":"MedicationStatement","id":"a","status":"active","subject":{"reference":"Patient/p2"},"dosage":[{"text":"x"}]}],` + rest, head + tag + `,` + absent},
		{"a patient", head + `"contained":[{"resourceType":"Patient","id":"a","gender":"male"}],` + rest, head + tag + `,` + absent},
		{"denied by default", head + `"contained":[{"resourceType":"Basic","id":"a","code":{"text":"x"}}],` + rest, head + tag + `,` + absent},
		{"inside a contained one", head + `"contained":[{"resourceType":"Medication","id":"a","contained":[` + drug + `],"code":{"text":"x"}}],` + rest, head + tag + `,"contained":[` + drug + `],` + shownRest},
		{"an unknown modifier inside withholds", head + `"contained":[{"resourceType":"Medication","id":"a","modifierExtension":[{"url":"x"}],"code":{"text":"x"}}],` + rest, ""},
	})
}

func TestFC25_NestedBundlesAndParametersAreWithheld(t *testing.T) {
	sh := &fhirjson.Shape{View: policy.View{Keep: catalog.R4().Content()}}
	for _, in := range []string{
		`{"resourceType":"Bundle","id":"b","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p2","gender":"male"}}]}`,
		`{"resourceType":"Parameters","id":"b","parameter":[{"name":"x","resource":{"resourceType":"Patient","id":"p2","gender":"male"}}]}`,
		`{"resourceType":"OperationOutcome","id":"b","issue":[{"severity":"error","code":"invalid","diagnostics":"secret"}]}`,
		`{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"c2VjcmV0"}`,
		`{"resourceType":"Basic","id":"b","code":{"text":"secret"}}`,
	} {
		if got := projected(t, in, sh); got != "" {
			t.Errorf("got %s", got)
		}
	}
}

func TestFC26_AttachmentsShowWholeOrNot(t *testing.T) {
	const in = `{"resourceType":"DocumentReference","id":"d1","status":"current","content":[{"attachment":{"contentType":"text/plain","url":"http://x.example/1","title":"HIV","size":3,"hash":"aGFzaA==","creation":"2020-01-01"},"format":{"code":"x"}}]}`
	const head = `{"resourceType":"DocumentReference","id":"d1",` + tag + `,"status":"current",`
	absent := `"content":[{"attachment":` + darExt + `}]}`
	check(t, wide(t, "clinical.lab"), []projection{{"nothing shows", in, ""}})
	view := policy.View{Keep: classes(t, "clinical.note-index"), Coarse: classes(t, "clinical.note")}
	withType := strings.Replace(in, `"content"`, `"type":{"text":"x"},"content"`, 1)
	check(t, wide(t, "clinical.note-index"), []projection{{"hidden with url, title, size, hash", withType, head + `"type":{"text":"x"},` + absent}})
	check(t, &fhirjson.Shape{View: view}, []projection{{"no date of it alone", withType, head + `"type":{"text":"x"},` + absent}})
	check(t, wide(t, "clinical.note"), []projection{{"kept whole", in, head + in[strings.Index(in, `"content"`):]}})
	check(t, wide(t, "demographics.gender"), []projection{{"photo", patient(`"gender":"male","photo":[{"url":"http://x.example/1","title":"HIV"}]`), shownPatient(`"gender":"male"`)}})
}

// FC29: answers are of the class clinical.assessment as a whole. No catalog lists
// questionnaires by linkId, so there is nothing finer to allow.
func TestFC29_AnswersFollowTheClassOfAssessments(t *testing.T) {
	const in = `{"resourceType":"QuestionnaireResponse","id":"q1","status":"completed","subject":{"reference":"Patient/p1"},"item":[{"linkId":"1","answer":[{"valueString":"secret"}]}]}`
	check(t, wide(t, "clinical.lab"), []projection{{"hidden", in, ""}})
	check(t, wide(t, "clinical.assessment"), []projection{{"shown", in, strings.Replace(in, `"id":"q1",`, `"id":"q1",`+tag+`,`, 1)}})
}

// policy-language 2: last4 of numbers only, and of those that have more than they show;
// coarse dates are years, and 90 and over is one group (45 CFR 164.514(b)(2)(i)(C)).
func TestReducedValuesShowNoMoreThanTheyMay(t *testing.T) {
	last := &fhirjson.Shape{View: policy.View{Last4: classes(t, "contact.phone"), Keep: classes(t, "demographics.gender")}, Year: 2026}
	phone := func(n string) string { return `"gender":"male","telecom":[{"system":"phone","value":"` + n + `"}]` }
	check(t, last, []projection{
		{"eight digits and more", patient(phone("555-123-4567")), shownPatient(phone("****4567"))},
		{"seven digits would show most of it", patient(phone("555-1234")), shownPatient(`"gender":"male"`)},
		{"more than a number", patient(phone("555-123-4567, ask for Ann")), shownPatient(`"gender":"male"`)},
	})
	coarse := &fhirjson.Shape{View: policy.View{Coarse: classes(t, "demographics.birth-date"), Keep: classes(t, "demographics.gender")}, Year: 2026}
	check(t, coarse, []projection{
		{"the year", patient(`"gender":"male","birthDate":"1974-12-25"`), shownPatient(`"gender":"male","birthDate":"1974"`)},
		{"89", patient(`"gender":"male","birthDate":"1937-12-25"`), shownPatient(`"gender":"male","birthDate":"1937"`)},
		{"90", patient(`"gender":"male","birthDate":"1936-12-25"`), shownPatient(`"gender":"male","_birthDate":` + darExt)},
	})
}
