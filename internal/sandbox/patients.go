package sandbox

import (
	"fmt"
	"strings"
)

// Patient is one of the sandbox's patients.
type Patient struct {
	ID, Name, Note string
}

// given are the first names of patients p1, p2, ...; their last name is Synthetic.
var given = strings.Fields("Ada Ben Cleo Dov Elin Finn Gia Hugo Ines Jon Kira Liam Mona Nils Olga Paul Quin Rita Sven Tara")

// notes say what is particular about a patient.
var notes = map[int]string{
	1: "HIV result, self-pay visit, psychotherapy note; on Bob's work list",
	2: "in the substance use program (42 CFR Part 2)",
	3: "is also Nina, a nurse here",
	4: "VIP",
	5: "minor, care consented to alone",
	6: "is family of Dr. Alice Example",
	7: "lives with Hugo and Ines; on Bob's work list",
	8: "lives with Gia and Ines",
	9: "lives with Gia and Hugo",
}

// Patients lists the patients of the sandbox.
func Patients() []Patient {
	out := make([]Patient, 0, len(given))
	for i, name := range given {
		note := notes[i+1]
		if note == "" {
			note = "ordinary chart"
		}
		out = append(out, Patient{fmt.Sprintf("p%d", i+1), name + " Synthetic", note})
	}
	return out
}

// patient is the cover sheet of patient i.
func patient(i int) m {
	name := given[i-1]
	p := m{
		"resourceType": "Patient", "id": fmt.Sprintf("p%d", i), "active": true,
		"identifier": []m{
			numbered("MR", "urn:sample:mrn", fmt.Sprintf("MRN-%05d", 10000+i)),
			numbered("SS", "http://hl7.org/fhir/sid/us-ssn", fmt.Sprintf("900-55-%04d", 1000+i)),
			numbered("AN", "urn:sample:account", fmt.Sprintf("ACCT-%04d-%04d", 7000+i, 2200+7*i)),
		},
		"name": []m{{"family": "Synthetic", "given": []string{name}}},
		"telecom": []m{
			{"system": "phone", "value": fmt.Sprintf("555-01%02d", i)},
			{"system": "email", "value": strings.ToLower(name) + "@patients.example"},
		},
		"gender":    []string{"female", "male"}[i%2],
		"birthDate": fmt.Sprintf("%d-%02d-%02d", 1940+3*i%60, 1+i%12, 1+i),
		"address":   []m{address(fmt.Sprintf("%d Example Street", 100+i))},
	}
	switch i {
	case 4:
		p["meta"] = labelled("VIP")
	case 5:
		p["birthDate"] = "2011-04-06"
	case 7, 8, 9: // a family at one address
		p["address"] = []m{address("7 Shared Lane")}
	}
	return p
}

func numbered(code, system, value string) m {
	return m{"type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", code, ""), "system": system, "value": value}
}

func address(line string) m {
	return m{"line": []string{line}, "city": "Sampleton", "state": "IL", "postalCode": "60601"}
}
