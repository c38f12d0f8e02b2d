package sandbox

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

const (
	icd     = "http://hl7.org/fhir/sid/icd-10-cm"
	loinc   = "http://loinc.org"
	rxnorm  = "http://www.nlm.nih.gov/research/umls/rxnorm"
	snomed  = "http://snomed.info/sct"
	actCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	obsCat  = "http://terminology.hl7.org/CodeSystem/observation-category"
	active  = "http://terminology.hl7.org/CodeSystem/condition-clinical"
)

type m = map[string]any

// hospital writes records whose dates lie relative to one day.
type hospital struct {
	put func(map[string]any)
	now time.Time
}

// Fill puts the hospital into a server.
func Fill(s *Server, now time.Time) {
	h := hospital{s.Put, now.UTC()}
	h.directory()
	for i := range given {
		h.chart(i + 1)
	}
	h.first()
	h.sensitive()
	h.work()
}

func (h *hospital) day(n int) string { return h.now.AddDate(0, 0, n).Format(time.DateOnly) }

func (h *hospital) at(n int, clock string) string { return h.day(n) + "T" + clock + ":00Z" }

func concept(system, code, text string) m {
	coding := m{"system": system, "code": code}
	if text == "" {
		return m{"coding": []m{coding}}
	}
	coding["display"] = text
	return m{"coding": []m{coding}, "text": text}
}

func ref(to string) m { return m{"reference": to} }

// labelled is meta with a security label.
func labelled(code string) m { return m{"security": []m{{"system": actCode, "code": code}}} }

func attachment(text string) []m {
	return []m{{"attachment": m{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(text))}}}
}

// directory is what is about no patient: organizations, places, staff.
func (h *hospital) directory() {
	h.put(m{"resourceType": "Organization", "id": facility, "active": true, "name": "Sample Hospital"})
	h.put(m{"resourceType": "Organization", "id": program, "active": true, "name": "Harbor Recovery Program"})
	h.put(m{"resourceType": "Organization", "id": "northgate", "active": true, "name": "Northgate Health Plan"})
	h.put(m{"resourceType": "Location", "id": ward, "name": "Ward 3", "status": "active", "managingOrganization": ref("Organization/" + facility)})
	for _, p := range Everybody() {
		if id, ok := strings.CutPrefix(p.Practitioner, "Practitioner/"); ok {
			h.put(m{"resourceType": "Practitioner", "id": id, "active": true, "name": []m{{"text": p.Name}}})
		}
	}
}

// chart gives a patient a cover sheet, coverage, a visit and a small chart.
func (h *hospital) chart(i int) {
	visit := fmt.Sprintf("e%d", i)
	about := func(typ, id string, more m) {
		more["resourceType"], more["id"], more["encounter"] = typ, fmt.Sprintf("%s%d", id, i), ref("Encounter/"+visit)
		if _, named := more["patient"]; !named {
			more["subject"] = ref(fmt.Sprintf("Patient/p%d", i))
		}
		h.put(more)
	}
	h.put(patient(i))
	h.put(m{"resourceType": "Coverage", "id": fmt.Sprintf("v%d", i), "status": "active", "subscriberId": fmt.Sprintf("MEMBER-%d", 10000+i),
		"beneficiary": ref(fmt.Sprintf("Patient/p%d", i)), "payor": []m{ref("Organization/northgate")}})
	h.put(m{"resourceType": "Encounter", "id": visit, "status": "in-progress", "class": m{"system": actCode, "code": "IMP"},
		"identifier": []m{{"value": fmt.Sprintf("V-%04d", i)}}, "subject": ref(fmt.Sprintf("Patient/p%d", i)),
		"participant": []m{{"individual": ref("Practitioner/" + attending(i))}},
		"period":      m{"start": h.at(-2, "08:00")}, "reasonCode": []m{concept(icd, "I10", "Hypertension")},
		"location": []m{{"location": ref("Location/" + ward)}}, "serviceProvider": ref("Organization/" + facility)})
	about("Condition", "c", m{"clinicalStatus": concept(active, "active", ""), "code": concept(icd, "I10", "Essential hypertension"), "recordedDate": h.day(-2)})
	about("Observation", "o", m{"status": "final", "category": []m{concept(obsCat, "laboratory", "")}, "code": concept(loinc, "2160-0", "Creatinine"),
		"effectiveDateTime": h.day(-1), "valueQuantity": m{"value": 1.1, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}})
	about("Observation", "w", m{"status": "final", "category": []m{concept(obsCat, "vital-signs", "")}, "code": concept(loinc, "29463-7", "Body weight"),
		"effectiveDateTime": h.at(-2, "09:15"), "valueQuantity": m{"value": 60 + i, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}})
	about("MedicationRequest", "m", m{"status": "active", "intent": "order", "medicationCodeableConcept": concept(rxnorm, "29046", "Lisinopril"), "authoredOn": h.day(-1)})
	about("AllergyIntolerance", "a", m{"patient": ref(fmt.Sprintf("Patient/p%d", i)), "code": concept(snomed, "91936005", "Allergy to penicillin"), "recordedDate": h.day(-2)})
}

// attending names who treats a patient.
func attending(i int) string {
	if i < 10 {
		return "alice"
	}
	return "dan"
}

// first gives the first patient what the story is about.
func (h *hospital) first() {
	subject, visit := ref("Patient/p1"), ref("Encounter/e1")
	h.put(m{"resourceType": "Observation", "id": "o1-hiv", "status": "final", "category": []m{concept(obsCat, "laboratory", "")},
		"code": concept(loinc, "20447-9", "HIV 1 RNA viral load"), "subject": subject, "encounter": visit, "effectiveDateTime": h.day(-1), "valueString": "undetectable"})
	h.put(m{"resourceType": "DocumentReference", "id": "d1", "status": "current", "type": concept(loinc, "11506-3", "Progress note"), "subject": subject,
		"date": h.at(-1, "10:00"), "content": attachment("Synthetic progress note."), "context": m{"encounter": []m{visit}}})
	h.put(m{"resourceType": "DocumentReference", "id": "d1-therapy", "meta": labelled("PSYTHPN"), "status": "current",
		"type": concept(loinc, "34788-0", "Psychotherapy note"), "subject": subject, "date": h.at(-5, "10:00"), "content": attachment("Synthetic session note.")})
	h.put(m{"resourceType": "Encounter", "id": "e1-selfpay", "meta": labelled("HIPAASelfPay"), "status": "finished",
		"class": m{"system": actCode, "code": "AMB"}, "subject": subject, "period": m{"start": h.at(-60, "09:00"), "end": h.at(-60, "09:30")},
		"location": []m{{"location": ref("Location/" + ward)}}, "serviceProvider": ref("Organization/" + facility)})
}

// sensitive are records that bear a mark: the Part 2 program's, and what a minor
// consented to alone.
func (h *hospital) sensitive() {
	subject, visit := ref("Patient/p2"), ref("Encounter/e2-harbor")
	h.put(m{"resourceType": "Encounter", "id": "e2-harbor", "meta": labelled("42CFRPart2"), "status": "in-progress", "class": m{"system": actCode, "code": "AMB"},
		"subject": subject, "period": m{"start": h.at(-40, "13:00")}, "serviceProvider": ref("Organization/" + program)})
	h.put(m{"resourceType": "Condition", "id": "c2-sud", "meta": labelled("42CFRPart2"), "clinicalStatus": concept(active, "active", ""),
		"code": concept(icd, "F11.20", "Opioid dependence"), "subject": subject, "encounter": visit, "recordedDate": h.day(-40)})
	h.put(m{"resourceType": "MedicationRequest", "id": "m2-sud", "meta": labelled("42CFRPart2"), "status": "active", "intent": "order",
		"medicationCodeableConcept": concept(rxnorm, "1819", "Buprenorphine"), "subject": subject, "encounter": visit, "authoredOn": h.day(-40)})
	h.put(m{"resourceType": "Observation", "id": "o5-own", "meta": labelled("ADOL"), "status": "final", "category": []m{concept(obsCat, "laboratory", "")},
		"code": concept(loinc, "2106-3", "Urine pregnancy test"), "subject": ref("Patient/p5"), "encounter": ref("Encounter/e5"), "effectiveDateTime": h.day(-3), "valueString": "negative"})
}

// work is what makes staff look: care teams, the appointment book, claims and
// tasks of the work lists.
func (h *hospital) work() {
	for i := range given {
		team := []m{{"member": ref("Practitioner/" + attending(i+1))}}
		if i < 9 {
			team = append(team, m{"member": ref("Practitioner/nina")})
		}
		h.put(m{"resourceType": "CareTeam", "id": fmt.Sprintf("t%d", i+1), "status": "active", "subject": ref(fmt.Sprintf("Patient/p%d", i+1)),
			"participant": team, "period": m{"start": h.day(-2)}})
	}
	h.put(m{"resourceType": "CareTeam", "id": "t2-harbor", "meta": labelled("42CFRPart2"), "status": "active", "subject": ref("Patient/p2"),
		"participant": []m{{"member": ref("Practitioner/ravi")}}, "period": m{"start": h.day(-40)}})
	for _, i := range []int{1, 7} {
		h.claim(i)
	}
	for n, i := range []int{4, 11, 12} {
		h.put(m{"resourceType": "Appointment", "id": fmt.Sprintf("ap%d", i), "status": "booked", "start": h.at(n+1, "09:00"), "end": h.at(n+1, "09:30"),
			"participant": []m{
				{"actor": ref(fmt.Sprintf("Patient/p%d", i)), "status": "accepted"},
				{"actor": ref("Practitioner/" + attending(i)), "status": "accepted"},
				{"actor": ref("Location/" + ward), "status": "accepted"},
			}})
	}
	h.task("wq-1046", "Practitioner/omar", "dispense", "Patient/p1", "MedicationRequest/m1")
	h.task("wq-1047", "Practitioner/lena", "test", "Patient/p1", "Observation/o1")
}

func (h *hospital) claim(i int) {
	h.put(m{"resourceType": "Claim", "id": fmt.Sprintf("k%d", i), "status": "active", "type": concept("http://terminology.hl7.org/CodeSystem/claim-type", "institutional", ""),
		"use": "claim", "patient": ref(fmt.Sprintf("Patient/p%d", i)), "created": h.day(-1), "provider": ref("Organization/" + facility),
		"priority":  concept("http://terminology.hl7.org/CodeSystem/processpriority", "normal", ""),
		"insurance": []m{{"sequence": 1, "focal": true, "coverage": ref(fmt.Sprintf("Coverage/v%d", i))}},
		"diagnosis": []m{{"sequence": 1, "diagnosisCodeableConcept": concept(icd, "I10", "")}},
		"item": []m{{"sequence": 1, "productOrService": concept("https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "G0463", ""),
			"encounter": []m{ref(fmt.Sprintf("Encounter/e%d", i))}}}})
}

func (h *hospital) task(id, owner, kind, patient, focus string) {
	h.put(m{"resourceType": "Task", "id": id, "status": "in-progress", "intent": "order", "code": concept("urn:sample:work", kind, ""),
		"for": ref(patient), "focus": ref(focus), "owner": ref(owner), "authoredOn": h.at(-1, "08:00")})
}
