package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
)

func param(t testing.TB, typ, name string) *catalog.Param {
	t.Helper()
	p, ok := cat.Param(resource(t, typ), name)
	if !ok {
		t.Fatalf("%s has no parameter %s", typ, name)
	}
	return p
}

func reads(p *catalog.Param) string {
	var names []string
	for _, id := range p.Nodes {
		names = append(names, cat.Node(id).Name)
	}
	return strings.Join(names, " ")
}

func classNames(s catalog.ClassSet) string {
	var names []string
	for c := range s.All {
		names = append(names, cat.Name(c))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestParamsAndWhatTheyRead(t *testing.T) {
	for _, tt := range []struct {
		typ, name string
		kind      catalog.ParamKind
		reads     string
		classes   string // with the default class of the type
	}{
		{"Patient", "birthdate", catalog.DateParam, "birthDate", "demographics.birth-date"},
		{"Patient", "family", catalog.StringParam, "family", "demographics.name"},
		{"Patient", "name", catalog.StringParam, "name", "demographics.name"},
		{"Patient", "address-city", catalog.StringParam, "city", "demographics.address.city"},
		{"Patient", "address", catalog.StringParam, "address", "demographics.address"},
		{"Patient", "identifier", catalog.TokenParam, "identifier", "identifiers.other"},
		{"Patient", "phone", catalog.TokenParam, "telecom", "contact.phone"},
		{"Patient", "deceased", catalog.TokenParam, "deceasedBoolean deceasedDateTime", "demographics.death"},
		{"Patient", "death-date", catalog.DateParam, "deceasedDateTime", "demographics.death"},
		{"Observation", "code", catalog.TokenParam, "code", "clinical.observation"},
		{"Observation", "combo-code", catalog.TokenParam, "code code", "clinical.observation"},
		{"Observation", "value-quantity", catalog.QuantityParam, "valueQuantity valueSampledData", "clinical.observation"},
		{"Observation", "value-string", catalog.StringParam, "valueString text", "clinical.observation"},
		{"Observation", "date", catalog.DateParam, "effectiveDateTime effectivePeriod effectiveTiming effectiveInstant", "clinical.observation"},
		{"Observation", "_id", catalog.TokenParam, "id", "identifiers.resource-id"},
		{"Observation", "_security", catalog.TokenParam, "security", "system.metadata"},
		{"Encounter", "date", catalog.DateParam, "period", "admin.encounter.dates"},
		{"Encounter", "diagnosis", catalog.ReferenceParam, "condition", "clinical.encounter-reason"},
		{"Encounter", "special-arrangement", catalog.TokenParam, "specialArrangement", "admin.encounter.disposition"},
		{"Claim", "item-udi", catalog.ReferenceParam, "udi", "financial.claim.item"},
		{"Claim", "encounter", catalog.ReferenceParam, "encounter", "financial.claim.item"},
		{"DocumentReference", "contenttype", catalog.TokenParam, "contentType", "clinical.note"},
		{"Condition", "onset-age", catalog.QuantityParam, "onsetAge onsetRange", "clinical.problem"},
		{"Person", "patient", catalog.ReferenceParam, "target", "admin.patient-record"},
		{"InsurancePlan", "name", catalog.StringParam, "name alias", "admin.organization"},
	} {
		p := param(t, tt.typ, tt.name)
		got := p.Classes(cat.DefaultClass(resource(t, tt.typ)))
		if p.Kind != tt.kind || reads(p) != tt.reads || classNames(got) != tt.classes {
			t.Errorf("%s.%s: %s reads %s of %s; want %s, %s, %s", tt.typ, tt.name, p.Kind, reads(p), classNames(got), tt.kind, tt.reads, tt.classes)
		}
	}
}

// FC06: a composite parameter reads what each of its components reads.
func TestFC06CompositeReadsAllComponents(t *testing.T) {
	p := param(t, "Observation", "code-value-quantity")
	if p.Kind != catalog.CompositeParam || len(p.Components) != 2 {
		t.Fatalf("%s with %d components", p.Kind, len(p.Components))
	}
	if got := reads(p); got != "code valueQuantity" {
		t.Errorf("reads %s", got)
	}
	c := param(t, "Observation", "combo-code-value-quantity")
	if got := reads(c.Components[0]) + ", " + reads(c.Components[1]); got != "code code, valueQuantity valueQuantity" {
		t.Errorf("the components read %s", got)
	}
	for _, typ := range cat.Types() {
		for _, p := range cat.Params(typ) {
			if (p.Kind == catalog.CompositeParam) != (len(p.Components) > 1) {
				t.Errorf("%s.%s: %s with %d components", cat.TypeName(typ), p.Name, p.Kind, len(p.Components))
			}
			for _, c := range p.Components {
				for _, id := range c.Nodes {
					if !slices.Contains(p.Nodes, id) {
						t.Errorf("%s.%s does not count %s", cat.TypeName(typ), p.Name, cat.Node(id).Path)
					}
				}
			}
		}
	}
}

// FC01, FC07: what is not there is refused as unknown.
func TestFC07ParametersThatAreNotThere(t *testing.T) {
	for typ, names := range map[string]string{
		"Patient":               "_text _content _filter _query _has _list age mothersMaidenName race Birthdate ssn",
		"Observation":           "amino-acid-change dna-variant",
		"QuestionnaireResponse": "item-subject",
	} {
		for _, name := range append(strings.Fields(names), "") {
			if _, ok := cat.Param(resource(t, typ), name); ok {
				t.Errorf("%s has a parameter %q", typ, name)
			}
		}
	}
	if _, ok := cat.Param(0, "_id"); ok {
		t.Error("no type has parameters")
	}
}

// Rule 12: what may narrow a list under read.
func TestNarrowAndMainDate(t *testing.T) {
	for name, want := range map[string]string{ // typ.param: narrow, main date
		"Observation.category": "n", "Observation.code": "n", "Observation.status": "n", "Observation.date": "nd", "Observation._id": "n",
		"Observation.value-quantity": "", "Observation.performer": "", "Condition.clinical-status": "n", "Condition.recorded-date": "nd",
		"MedicationRequest.intent": "n", "MedicationRequest.date": "nd", "MedicationRequest.authoredon": "", "Encounter.type": "n",
		"Claim.created": "nd", "ServiceRequest.authored": "nd", "Task.authored-on": "nd", "Patient.birthdate": "", "Patient.name": "",
		"Condition.onset-date": "", "Observation._lastUpdated": "", "Immunization.date": "nd", "MedicationDispense.whenhandedover": "nd",
	} {
		typ, par, _ := strings.Cut(name, ".")
		p := param(t, typ, par)
		got := ""
		if p.Narrow {
			got += "n"
		}
		if p.MainDate {
			got += "d"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestParamsThatNamePatientOrVisit(t *testing.T) {
	for name, want := range map[string][2]bool{
		"Observation.patient": {true, false}, "Observation.subject": {true, false}, "Observation.encounter": {false, true},
		"Observation.performer": {}, "MedicationAdministration.context": {false, true}, "DocumentReference.encounter": {false, true},
		"Coverage.patient": {true, false}, "Appointment.actor": {}, "Claim.encounter": {false, true}, "Questionnaire.subject-type": {},
		"Observation.code": {}, "ActivityDefinition.context": {},
	} {
		typ, par, _ := strings.Cut(name, ".")
		p := param(t, typ, par)
		if got := [2]bool{p.NamesPatient, p.NamesVisit}; got != want {
			t.Errorf("%s: patient, visit %v, want %v", name, got, want)
		}
	}
}

func TestParamTargets(t *testing.T) {
	patient := param(t, "Observation", "patient")
	if !patient.Targets.Has(resource(t, "Patient")) || patient.Targets.Has(resource(t, "Group")) {
		t.Error("Observation.patient may name something else than a patient")
	}
	if subject := param(t, "Observation", "subject"); !subject.Targets.Has(resource(t, "Group")) {
		t.Error("Observation.subject may not name a group")
	}
}

func TestValueDependentAndCommon(t *testing.T) {
	for name, want := range map[string][2]bool{
		"Patient.identifier": {true, false}, "Patient.telecom": {true, false}, "Patient.email": {true, false}, "Person.phone": {true, false},
		"RelatedPerson.telecom": {false, false}, "Practitioner.identifier": {false, false}, "Observation.identifier": {false, false},
		"Patient._id": {false, true}, "Patient._lastUpdated": {false, true}, "Patient._tag": {false, true}, "Patient._source": {false, true},
	} {
		typ, par, _ := strings.Cut(name, ".")
		p := param(t, typ, par)
		if got := [2]bool{p.ValueDependent, p.Common}; got != want {
			t.Errorf("%s: value-dependent, common %v, want %v", name, got, want)
		}
	}
}

// Every parameter of a type reads elements of that type, and counts their classes.
func TestParamsReadTheirOwnType(t *testing.T) {
	if got := param(t, "Patient", "email").ContactSystem + param(t, "Patient", "telecom").ContactSystem; got != "email" {
		t.Errorf("contact systems %q", got)
	}
	total := 0
	for _, typ := range cat.Types() {
		mine := map[catalog.NodeID]bool{}
		walk(typ, func(_ string, id catalog.NodeID, _ *catalog.Node) { mine[id] = true })
		for _, p := range cat.Params(typ) {
			total++
			if len(p.Nodes) == 0 {
				t.Errorf("%s.%s reads nothing", cat.TypeName(typ), p.Name)
			}
			got := p.Classes(cat.DefaultClass(typ))
			for _, id := range p.Nodes {
				n := cat.Node(id)
				if !mine[id] {
					t.Errorf("%s.%s reads %s", cat.TypeName(typ), p.Name, n.Path)
				}
				if n.Class == catalog.Unknown && !p.ReadsUnknown() || cat.Content().Has(n.Class) && !got.Has(n.Class) || n.Class == catalog.OfRecord && !p.OfRecord() {
					t.Errorf("%s.%s does not count %s", cat.TypeName(typ), p.Name, n.Path)
				}
			}
		}
	}
	if total < 2000 {
		t.Errorf("%d parameters in all", total)
	}
}
