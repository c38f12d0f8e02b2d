package sandbox

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Person is a member of staff of the sandbox.
type Person struct {
	ID, Name, Role string
	Tasks          []string // the task that the demo uses first
	Practitioner   string   // reference, "" when none
}

// Patient is one of the sandbox's patients.
type Patient struct {
	ID, Name, Note string
}

// Staff are the people of the sandbox. All names are invented.
var Staff = []Person{
	{"alice", "Dr. Alice Example", "physician", []string{"treat"}, "Practitioner/alice"},
	{"nina", "Nina Sample, RN", "nurse", []string{"give-care"}, "Practitioner/nina"},
	{"omar", "Omar Test, PharmD", "pharmacist", []string{"dispense"}, "Practitioner/omar"},
	{"bob", "Bob Ledgerman", "billing-specialist", []string{"work-denial"}, ""},
	{"carla", "Carla Codewell", "coder", []string{"code-encounter"}, ""},
	{"fay", "Fay Frontdesk", "registration", []string{"register"}, ""},
	{"ivan", "Ivan Servers", "it-support", []string{"run-systems"}, ""},
	{"rosa", "Rosa Research", "researcher", []string{"run-study"}, ""},
	{"petra", "Petra Privacy", "privacy-officer", []string{"investigate"}, ""},
	{"dan", "Dr. Dan Elsewhere", "physician", []string{"treat"}, "Practitioner/dan"},
}

const (
	icd      = "http://hl7.org/fhir/sid/icd-10-cm"
	loinc    = "http://loinc.org"
	rxnorm   = "http://www.nlm.nih.gov/research/umls/rxnorm"
	actCode  = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	obsCat   = "http://terminology.hl7.org/CodeSystem/observation-category"
	facility = "sample-hospital"
	ward     = "ward-3"
)

type m = map[string]any

// Patients lists the patients of the sandbox.
func Patients() []Patient {
	notes := map[int]string{
		1: "HIV result, self-pay visit, psychotherapy note; on Bob's work list",
		2: "substance use program (42 CFR Part 2)", 3: "is also Nina, a nurse here", 4: "VIP",
		5: "minor, care consented to alone", 6: "is family of Dr. Alice Example",
		7: "lives with patients 8 and 9", 8: "lives with patients 7 and 9", 9: "lives with patients 7 and 8",
	}
	var out []Patient
	for i := 1; i <= 20; i++ {
		note := notes[i]
		if note == "" {
			note = "ordinary chart"
		}
		out = append(out, Patient{fmt.Sprintf("p%d", i), given(i) + " Synthetic", note})
	}
	return out
}

func given(i int) string {
	return []string{"Ada", "Ben", "Cleo", "Dov", "Elin", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kira", "Liam", "Mona", "Nils", "Olga", "Paul", "Quin", "Rita", "Sven", "Tara"}[i-1]
}

// Fill puts the hospital into a server; dates lie relative to now.
func Fill(s *Server, now time.Time) {
	day := func(n int) string { return now.UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	s.Put(m{"resourceType": "Organization", "id": facility, "name": "Sample Hospital"})
	s.Put(m{"resourceType": "Location", "id": ward, "name": "Ward 3", "status": "active"})
	for _, p := range Staff {
		if p.Practitioner != "" {
			s.Put(m{"resourceType": "Practitioner", "id": strings.TrimPrefix(p.Practitioner, "Practitioner/"), "active": true, "name": []m{{"text": p.Name}}})
		}
	}
	for i, p := range Patients() {
		fillPatient(s, i+1, p.ID, day)
	}
	fillFirst(s, day)
	mark := func(code string) m { return m{"security": []m{{"system": actCode, "code": code}}} }
	s.Put(m{"resourceType": "Condition", "id": "c2-sud", "meta": mark("42CFRPart2"), "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", ""),
		"code": concept(icd, "F11.20", "Opioid dependence"), "subject": ref("Patient/p2"), "encounter": ref("Encounter/e2"), "recordedDate": day(-40)})
	s.Put(m{"resourceType": "Observation", "id": "o5-own", "meta": mark("ADOL"), "status": "final", "category": []m{concept(obsCat, "laboratory", "")},
		"code": concept(loinc, "2106-3", "Urine pregnancy test"), "subject": ref("Patient/p5"), "encounter": ref("Encounter/e5"), "effectiveDateTime": day(-3), "valueString": "negative"})
}

func concept(system, code, text string) m {
	c := m{"coding": []m{{"system": system, "code": code}}}
	if text != "" {
		c["text"] = text
		c["coding"].([]m)[0]["display"] = text
	}
	return c
}

func ref(to string) m { return m{"reference": to} }

// fillPatient gives a patient a cover sheet, a visit and a small chart.
func fillPatient(s *Server, i int, id string, day func(int) string) {
	e := fmt.Sprintf("e%d", i)
	patient := m{
		"resourceType": "Patient", "id": id, "active": true,
		"identifier": []m{
			{"type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", ""), "system": "urn:sample:mrn", "value": fmt.Sprintf("MRN-%05d", 10000+i)},
			{"type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "SS", ""), "system": "http://hl7.org/fhir/sid/us-ssn", "value": fmt.Sprintf("900-55-%04d", 1000+i)},
		},
		"name":      []m{{"family": "Synthetic", "given": []string{given(i)}}},
		"telecom":   []m{{"system": "phone", "value": fmt.Sprintf("555-01%02d", i)}, {"system": "email", "value": fmt.Sprintf("%s@patients.example", strings.ToLower(given(i)))}},
		"gender":    []string{"female", "male"}[i%2],
		"birthDate": fmt.Sprintf("%d-%02d-%02d", 1940+3*i%60, 1+i%12, 1+i),
		"address":   []m{{"line": []string{fmt.Sprintf("%d Example Street", 100+i)}, "city": "Sampleton", "state": "IL", "postalCode": "60601"}},
	}
	switch i {
	case 4:
		patient["meta"] = m{"security": []m{{"system": actCode, "code": "VIP"}}}
	case 5:
		patient["birthDate"] = "2011-04-06"
	case 7, 8, 9:
		patient["address"] = []m{{"line": []string{"7 Shared Lane"}, "city": "Sampleton", "state": "IL", "postalCode": "60601"}}
	}
	s.Put(patient)
	s.Put(m{"resourceType": "Encounter", "id": e, "status": "in-progress", "class": m{"system": actCode, "code": "IMP"}, "identifier": []m{{"value": fmt.Sprintf("V-%04d", i)}},
		"subject": ref("Patient/" + id), "period": m{"start": day(-2) + "T08:00:00Z"}, "reasonCode": []m{concept(icd, "I10", "Hypertension")},
		"location": []m{{"location": ref("Location/" + ward)}}, "serviceProvider": ref("Organization/" + facility)})
	s.Put(m{"resourceType": "Condition", "id": fmt.Sprintf("c%d", i), "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", ""),
		"code": concept(icd, "I10", "Essential hypertension"), "subject": ref("Patient/" + id), "encounter": ref("Encounter/" + e), "recordedDate": day(-2)})
	s.Put(m{"resourceType": "Observation", "id": fmt.Sprintf("o%d", i), "status": "final", "category": []m{concept(obsCat, "laboratory", "")},
		"code": concept(loinc, "2160-0", "Creatinine"), "subject": ref("Patient/" + id), "encounter": ref("Encounter/" + e), "effectiveDateTime": day(-1),
		"valueQuantity": m{"value": 1.1, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}})
	s.Put(m{"resourceType": "MedicationRequest", "id": fmt.Sprintf("m%d", i), "status": "active", "intent": "order", "medicationCodeableConcept": concept(rxnorm, "29046", "Lisinopril"),
		"subject": ref("Patient/" + id), "encounter": ref("Encounter/" + e), "authoredOn": day(-1)})
}

// fillFirst gives the first patient what the story is about.
func fillFirst(s *Server, day func(int) string) {
	subject, visit := ref("Patient/p1"), ref("Encounter/e1")
	s.Put(m{"resourceType": "Observation", "id": "o1-hiv", "status": "final", "category": []m{concept(obsCat, "laboratory", "")},
		"code": concept(loinc, "20447-9", "HIV 1 RNA viral load"), "subject": subject, "encounter": visit, "effectiveDateTime": day(-1), "valueString": "undetectable"})
	s.Put(m{"resourceType": "DocumentReference", "id": "d1", "status": "current", "type": concept(loinc, "11506-3", "Progress note"), "subject": subject, "date": day(-1) + "T10:00:00Z",
		"content": []m{{"attachment": m{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte("Synthetic progress note."))}}}, "context": m{"encounter": []m{visit}}})
	s.Put(m{"resourceType": "DocumentReference", "id": "d1-therapy", "meta": m{"security": []m{{"system": actCode, "code": "PSYTHPN"}}}, "status": "current",
		"type": concept(loinc, "34788-0", "Psychotherapy note"), "subject": subject, "date": day(-5) + "T10:00:00Z",
		"content": []m{{"attachment": m{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte("Synthetic session note."))}}}})
	s.Put(m{"resourceType": "Coverage", "id": "v1", "status": "active", "subscriberId": "MEMBER-10001", "beneficiary": subject, "payor": []m{ref("Organization/" + facility)}})
	s.Put(m{"resourceType": "Claim", "id": "k1", "status": "active", "type": concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional", ""), "use": "claim",
		"patient": subject, "created": day(-1), "provider": ref("Organization/" + facility), "priority": concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal", ""),
		"insurance": []m{{"sequence": 1, "focal": true, "coverage": ref("Coverage/v1")}},
		"diagnosis": []m{{"sequence": 1, "diagnosisCodeableConcept": concept(icd, "I10", "")}},
		"item":      []m{{"sequence": 1, "productOrService": concept("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "G0463", ""), "encounter": []m{visit}}}})
	s.Put(m{"resourceType": "Encounter", "id": "e1-selfpay", "meta": m{"security": []m{{"system": actCode, "code": "HIPAASelfPay"}}}, "status": "finished",
		"class": m{"system": actCode, "code": "AMB"}, "subject": subject, "period": m{"start": day(-60) + "T09:00:00Z", "end": day(-60) + "T09:30:00Z"},
		"location": []m{{"location": ref("Location/" + ward)}}, "serviceProvider": ref("Organization/" + facility)})
}
