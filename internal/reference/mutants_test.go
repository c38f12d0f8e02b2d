package reference_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/reference"
	"modicum/internal/testkit"
)

// odd are values that stand where something else is meant: other shapes, empties, our
// own marks, references of every kind, extensions known and unknown.
var odd = []string{
	`null`, `""`, `{}`, `[]`, `[null]`, `44`, `true`, `"x"`, `["x"]`, `[["x"]]`, `{"x":1}`, `[{}]`, `"2026-02-29"`, `"1920"`, `"1990-05"`,
	`{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`,
	`[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}]`,
	`[null,{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}]`,
	`[{"url":"http://vendor.example/x","valueString":"secret"},{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]`,
	`[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"x"},{"url":"http://vendor.example/x","valueString":"y"}]}]`,
	`{"reference":"Patient/example"}`, `{"reference":"Patient/p1","display":"x"}`, `{"reference":"#a"}`, `{"reference":"#"}`,
	`{"reference":"https://up.example/fhir/Patient/p2/_history/7","type":"Patient"}`, `{"reference":"Practitioner/1","identifier":{"value":"x"}}`,
	`{"reference":"urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"}`, `{"display":"x"}`, `{"identifier":{"value":"x"}}`,
	`{"reference":"Observation/o2"}`, `{"reference":"Observation/o3"}`, `{"reference":"https://else.example/Patient/7"}`, `{"type":"Patient"}`,
	`[{"reference":"Patient/p1"},{"reference":"Encounter/e1"}]`, `{"reference":"Encounter/e2"}`, `{"reference":"Location/l1"}`,
	`[{"resourceType":"Medication","id":"a","code":{"text":"x"}},{"resourceType":"Organization","id":"b","name":"y","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","alias":["z"]}]`,
	`[{"resourceType":"Organization","id":"a","endpoint":[{"reference":"#b"}]},{"resourceType":"Endpoint","id":"b","status":"active","name":"z","connectionType":{"code":"x"},"payloadType":[{"text":"x"}],"address":"http://x.example"}]`,
	`[{"resourceType":"Observation","id":"a","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p2"},"valueString":"y"}]`,
	`[{"resourceType":"Patient","id":"a","gender":"male"}]`, `[{"id":"a"}]`,
	`[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"value":"12345678"}]`,
	`[{"system":"phone","value":"(555) 123-4567"},{"system":"email","value":"a@b.example"},{"value":"12345678"}]`,
	`{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"B20","display":"x"},{"code":"y"}],"text":"z"}`,
	`[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]`,
	`[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"},{"system":"http://vendor.example/labels","code":"x"}]`,
	`{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"},{"code":"x"}],"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z"}`,
	`{"start":"2026-01-01","end":"2026-01-02"}`, `{"start":"2026-01-01T10:00:00+01:00"}`,
}

// aimed are members that mean something at the top of many types.
var aimed = []string{
	`"extension":[{"url":"http://hl7.org/fhir/us/core/StructureDefinition/us-core-race","extension":[{"url":"text","valueString":"x"}]}]`,
	`"meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00Z","tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}`,
	`"meta":{"versionId":"2","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`,
	`"name":[{"family":"A","given":["A",null,"C"],"_given":[null,{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},{"extension":[{"url":"http://vendor.example/x","valueString":"y"}]}]}]`,
	`"name":[{"_given":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}]}]`,
	`"identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"},{"code":"SS"}],"text":"x"},"value":"12345678","period":{"start":"2020-01-01"},"assigner":{"reference":"Organization/1"}}]`,
	`"telecom":[{"system":"phone","value":"(555) 123-4567"},{"system":"email","value":"a@b.example"},{"value":"12345678"}]`,
	`"birthDate":"1920-01-01"`, `"birthDate":"1990-05"`, `"birthDate":"2150-01-01"`,
	`"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`,
	`"address":[{"postalCode":"60637","city":"x","_line":[{"extension":[]}]},{"postalCode":"03601-1234"},{"postalCode":"6063"}]`,
	`"contained":[{"resourceType":"Organization","id":"a","name":"y","partOf":{"reference":"#b"}},{"resourceType":"Organization","id":"b","partOf":{"reference":"#c"}},{"resourceType":"Organization","id":"c","alias":["z"]}]`,
	`"managingOrganization":{"reference":"#a"}`, `"performer":[{"reference":"#b"}]`, `"subject":{"reference":"Patient/p1"}`,
	`"contact":[{"relationship":[{"text":"x"}],"name":{"family":"y"},"organization":{"reference":"#a"}}]`,
}

// mutant changes a record in a few places: what fhirjson reads comes from anywhere.
func mutant(rng *rand.Rand, t *reference.Tree) {
	var all []*reference.Tree
	var walk func(t *reference.Tree)
	walk = func(t *reference.Tree) {
		if t.Kind == '{' {
			all = append(all, t)
		}
		for _, m := range t.Members {
			walk(m.Value)
		}
		for _, v := range t.Items {
			walk(v)
		}
	}
	walk(t)
	if rng.IntN(3) == 0 {
		m, _ := reference.Parse([]byte("{" + one(rng, aimed) + "}"))
		put := m.Members[0]
		t.Members = slices.DeleteFunc(t.Members, func(m reference.Member) bool { return m.Name == put.Name })
		t.Members = slices.Insert(t.Members, rng.IntN(len(t.Members)+1), put)
		return
	}
	at := one(rng, all)
	if rng.IntN(3) == 0 {
		at = t
	}
	replace, _ := reference.Parse([]byte(one(rng, odd)))
	i := rng.IntN(len(at.Members) + 1)
	switch k := rng.IntN(6); {
	case k < 3 || i == len(at.Members):
		name := one(rng, memberNames(t, at))
		if at.Get(name) == nil {
			at.Members = slices.Insert(at.Members, i, reference.Member{Name: name, Value: replace})
		}
	case k == 3:
		at.Members = slices.Delete(at.Members, i, i+1)
	default:
		at.Members[i].Value = replace
	}
}

// memberNames are names that a member may have here: those of the catalog at the top,
// siblings of what is there, what any object may have, and none that is known.
func memberNames(root, at *reference.Tree) []string {
	names := []string{"extension", "id", "shoeSize", "modifierExtension", "text", "contained", "meta", "subject", "display"}
	for _, m := range at.Members {
		names = append(names, "_"+strings.TrimPrefix(m.Name, "_"))
	}
	if at != root {
		return names
	}
	text, _ := root.Get("resourceType").Text()
	typ, _ := catalog.R4().Type(text)
	for _, n := range catalog.R4().Children(catalog.R4().Root(typ)) {
		names = append(names, catalog.R4().Node(n).Name)
	}
	return names
}

// TestN7_ProjectorAndModelAgreeOnMutants: examples with things in them that nobody
// writes on purpose, under random views.
func TestN7_ProjectorAndModelAgreeOnMutants(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: base})
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	var small []*reference.Tree
	for _, in := range testkit.Examples(t) {
		tree, err := reference.Parse(in)
		if err != nil || len(in) > 6000 {
			continue
		}
		small = append(small, tree)
		if text, _ := tree.Get("resourceType").Text(); text == "Patient" || text == "Observation" {
			small = append(small, tree, tree, tree)
		}
	}
	const enough = 12_000
	start, soak, there := time.Now(), testkit.Soak(t, 0), 0
	// What the outputs had in them, and how often at least.
	seen, least := map[string]int{}, map[string]int{
		`"contained":[`: 20, `"****`: 20, `tok-`: 100, `:[null,`: 2, `"valueCode":"masked"`: 1000, `"reference":"#`: 10,
		`"reference":"Patient/`: 300, `us-core-race`: 20, `"versionId"`: 10, `"_`: 300,
	}
	n := 0
	for ; (n < enough || time.Since(start) < soak) && !t.Failed() && t.Context().Err() == nil; n++ {
		rng := rand.New(rand.NewPCG(uint64(n), 17))
		tree := one(rng, small).Clone()
		for range 1 + rng.IntN(4) {
			mutant(rng, tree)
		}
		in := []byte(tree.String())
		if _, err := s.Resource(in); err != nil {
			continue
		}
		out := agree(t, s, rd, in, randomView(rng))
		if out != "" {
			there++
		}
		for text := range least {
			if strings.Contains(out, text) {
				seen[text]++
			}
		}
	}
	for text, n := range least {
		if seen[text] < n {
			t.Errorf("%s: in %d outputs, want %d at least", text, seen[text], n)
		}
	}
	t.Logf("%d mutants, %d there", n, there)
	if there < n/6 {
		t.Errorf("only %d of %d mutants show anything", there, n)
	}
}
