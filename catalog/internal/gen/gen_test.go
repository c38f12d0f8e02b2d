package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

const definitionsDir = "../../../../shared/data/definitions"

// The committed table is what the definitions and the data files give.
func TestGeneratedTableIsCurrent(t *testing.T) {
	if _, err := os.Stat(definitionsDir); err != nil {
		t.Skip("SKIPPED: no FHIR R4 definitions in ../shared/data/definitions; the committed table is used as it is")
	}
	got, notes, err := Generate(definitionsDir, "../../data")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../data/r4.table")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("data/r4.table is not current: run go generate ./catalog")
	}
	again, _, err := Generate(definitionsDir, "../../data")
	if err != nil || !bytes.Equal(got, again) {
		t.Errorf("generating twice gives different bytes (%v)", err)
	}
	if len(got) > 800<<10 {
		t.Errorf("the table has %d bytes, more than 800 KiB", len(got))
	}
	checkRefused(t, notes)
}

// refused are the parameters that the generator leaves out, all of them: another
// one must be looked at by a person before it is added here.
var refused = []string{
	"_content", "_filter", "_query", "_text", // FC07
	// R4 gives age and birthOrderBoolean no expression; the others read extensions (FC20).
	"age", "amino-acid-change", "assessed-condition", "birthOrderBoolean", "din", "dna-variant",
	"gene-amino-acid-change", "gene-dnavariant", "gene-identifier", "item-subject", "mothersMaidenName",
}

func checkRefused(t *testing.T, notes []string) {
	if len(notes) != len(refused) {
		t.Errorf("%d parameters refused, want %d: %v", len(notes), len(refused), notes)
		return
	}
	for i, n := range notes {
		if !strings.HasPrefix(n, "refused parameter "+refused[i]+":") {
			t.Errorf("refused %q, want %s", n, refused[i])
		}
	}
}

// The project's copies of the reference tables are those of the design.
func TestReferenceTablesAreCopies(t *testing.T) {
	for _, name := range []string{"data-classes.yaml", "sensitivity-codes.yaml"} {
		want, err := os.ReadFile("../../../../shared/reference/" + name)
		if err != nil {
			t.Skip("SKIPPED: no ../shared/reference/" + name)
		}
		got, err := os.ReadFile("../../data/" + name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("data/%s differs from the reference (%v)", name, err)
		}
	}
}

func TestParseReadsTheSubsetOfR4(t *testing.T) {
	for _, tt := range []struct{ expression, want string }{
		{"Patient.name.family", "Patient.name.family"},
		{"Observation.code | Observation.component.code", "Observation.code|Observation.component.code"},
		{"(Observation.value as CodeableConcept).text", "Observation.value:CodeableConcept.text"},
		{"Condition.onset.as(Age)", "Condition.onset:Age"},
		{"Person.telecom.where(system='email')", "Person.telecom+Person.telecom.system"},
		{"Person.link.target.where(resolve() is Patient)", "Person.link.target>Patient"},
		{"Bundle.entry[0].resource", "Bundle.entry.resource"},
		{"Patient.deceased.exists() and Patient.deceased != false", "Patient.deceased"},
		{"Device.extension('http://x.example/y')", "Device refused"},
		{"A.b.where(hasExtension('http://x.example/y')).c.value.ofType(Reference)", "A.b.c.value:Reference refused"},
	} {
		alts, err := parse(tt.expression)
		if err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		if got := spell(alts); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.expression, got, tt.want)
		}
	}
}

func spell(alts []alternative) string {
	var parts []string
	for _, a := range alts {
		s := a.typ
		for _, p := range a.steps {
			s += "." + p.name
			if p.cast != "" {
				s += ":" + p.cast
			}
		}
		for _, p := range a.also {
			s += "+" + p
		}
		for _, p := range a.targets {
			s += ">" + p
		}
		if a.refused != "" {
			s += " refused"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "|")
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, expression := range []string{
		"Patient.name.first()", "Patient.name.where(use='official' or use='usual')",
		"Patient.name.given.repeat(x)", "iif(Patient.active, 1, 2)", "Patient.name + Patient.address",
		"Patient.identifier.where(type.coding.code='MR')", "Patient.name.family.lower()",
	} {
		if alts, err := parse(expression); err == nil {
			t.Errorf("%s was read as %s", expression, spell(alts))
		}
	}
}

// A constraint that nobody has thought about stops the generator.
func TestUnknownConstraintIsAProblem(t *testing.T) {
	b := newBuilder(&definitions{types: map[string]*element{
		"X": {path: "X", errors: []constraint{{"zzz-1", "a.exists() implies b.exists()"}}},
	}}, &words{})
	b.checkConstraints()
	if err := b.problems(); err == nil || !strings.Contains(err.Error(), "constraint zzz-1") {
		t.Errorf("got %v, want a problem that names zzz-1", err)
	}
}

func TestConstraintShapes(t *testing.T) {
	for expression, want := range map[string]string{
		"name.exists() or telecom.exists() or address.exists() or organization.exists()": "name telecom address organization",
		"category.exists() xor productOrService.exists()":                                "category productOrService",
		"(identifier.count() + name.count()) > 0":                                        "identifier name",
		"value.empty() or system.exists()":                                               "",
		"(detail.exists() and measure.exists()) or detail.exists().not()":                "",
	} {
		b := &builder{}
		got := strings.Join(b.anyOf(&element{path: "X", errors: []constraint{{"k", expression}}}), " ")
		if got != want {
			t.Errorf("%s: got %q, want %q", expression, got, want)
		}
	}
}
