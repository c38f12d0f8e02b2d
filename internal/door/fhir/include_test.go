package fhir_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/ledger"
)

// hivLabel marks a record.
const hivLabel = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},`

func encounter(id, patient, more string) string {
	return fmt.Sprintf(`{"resourceType":"Encounter","id":"%s",%s"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/%s"}}`, id, more, patient)
}

func during(id, patient, visit string) string {
	return edit(condition(id, patient, "J45.0"), `"recordedDate"`, `"encounter":{"reference":"Encounter/`+visit+`"},"recordedDate"`)
}

// visits are conditions of a visit that shows, one that is marked, one of somebody
// else, one that is nowhere, and none.
func visits(t *testing.T) *sheet {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"), patient("p9", "Familyp9", "1950-05-06"))
	up.put(encounter("v1", "p1", ""), encounter("v2", "p1", hivLabel), encounter("v9", "p9", ""), encounter("v5", "p1", ""))
	up.put(during("c1", "p1", "v1"), during("c2", "p1", "v2"), during("c3", "p1", "v9"), during("c4", "p1", "v7"), during("c5", "p1", "v1"), condition("c6", "p1", "J45.0"), during("c7", "p1", "v5"))
	return up
}

// spelt lists the entries of a page with their modes.
func (b *bundleOf) spelt() string {
	var out []string
	for _, e := range b.Entry {
		out = append(out, fmt.Sprint(e.Search.Mode[:1], " ", e.Resource["resourceType"], "/", e.Resource["id"]))
	}
	return strings.Join(out, ", ")
}

func TestFC34_WhatMatchesReferToStandsBesideThem(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	b := c.get(t, "alice", "/Condition?patient=p1&_include=Condition:encounter&_include=Condition:subject").bundle(t)
	want := "m Condition/c1, m Condition/c2, m Condition/c3, m Condition/c4, m Condition/c5, m Condition/c6, m Condition/c7, i Encounter/v1, i Encounter/v5, i Patient/p1"
	if got := b.spelt(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if b.Total == nil || *b.Total != 7 {
		t.Errorf("total %v, want 7: the matches", b.Total)
	}
	// The reference to what stands beside it is kept, and no other.
	for i, has := range []string{"Encounter/v1", "", "", "", "Encounter/v1", "", "Encounter/v5"} {
		ref, _ := b.Entry[i].Resource["encounter"].(map[string]any)
		if got, _ := ref["reference"].(string); got != has {
			t.Errorf("condition %d refers to %q, want %q", i, got, has)
		}
	}
}

// What is included is of the page: it neither fills pages nor moves their borders.
func TestFC34_IncludesDoNotPage(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	var got []string
	for path := "/Condition?patient=p1&_include=Condition:encounter&_count=3"; path != ""; {
		b := c.get(t, "alice", path).bundle(t)
		got = append(got, b.spelt())
		path = b.link("next")
	}
	want := []string{"m Condition/c1, m Condition/c2, m Condition/c3, i Encounter/v1", "m Condition/c4, m Condition/c5, m Condition/c6, i Encounter/v1", "m Condition/c7, i Encounter/v5"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFC34_HiddenAndAbsentTargetsAreOneAnswer(t *testing.T) {
	var answers []string
	for _, target := range []string{encounter("v", "p1", hivLabel), encounter("v", "p9", ""), encounter("elsewhere", "p1", "")} {
		up := newSheet(t)
		up.put(patient("p1", "Familyp1", "1940-05-06"), target, during("c1", "p1", "v"))
		c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Public = mustParse(t, "https://gate.example/fhir") })
		r := c.get(t, "alice", "/Condition?patient=p1&_include=Condition:encounter")
		if r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		answers = append(answers, r.plain())
	}
	if answers[0] != answers[2] || answers[1] != answers[2] {
		t.Errorf("told apart: %q", answers)
	}
}

// Who took part in a visit this task does not see: by no include does it get there.
func TestFC34_NoReferenceThatIsHiddenIsFollowed(t *testing.T) {
	up := visits(t)
	up.put(edit(encounter("v3", "p1", ""), `"subject"`, `"participant":[{"individual":{"reference":"Practitioner/d1"}}],"subject"`),
		`{"resourceType":"Practitioner","id":"d1","name":[{"family":"SECRET"}]}`)
	c := openClinic(t, up, "", nil)
	r := c.get(t, "alice", "/Encounter?patient=p1&_include=Encounter:practitioner")
	same(t, r, c.get(t, "alice", "/Encounter?patient=p1&_include=Encounter:shoesize"))
	lacks(t, r.body, "SECRET")
}

func TestFC34_WhatRefersToMatchesStandsBesideThem(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	b := c.get(t, "alice", "/Encounter?patient=p1&_revinclude=Condition:encounter").bundle(t)
	if got, want := b.spelt(), "m Encounter/v1, m Encounter/v5, i Condition/c1, i Condition/c5, i Condition/c7"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	b = c.get(t, "alice", "/Patient?_id=p1,p9&_revinclude=Encounter:patient").bundle(t)
	if got, want := b.spelt(), "m Patient/p1, i Encounter/v1, i Encounter/v5"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// bob may list the problems of a named patient; a search by a visit is none.
	b = c.get(t, "bob", "/Patient?_id=p1&_revinclude=Condition:patient").bundle(t)
	if got, want := b.spelt(), "m Patient/p1, i Condition/c1, i Condition/c2, i Condition/c3, i Condition/c4, i Condition/c5, i Condition/c6, i Condition/c7"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A drug shows by the prescription that names it, also beside it.
func TestFC34_WhatShowsByProofIsIncluded(t *testing.T) {
	up := visits(t)
	drug := func(id, of, drug string) string {
		return fmt.Sprintf(`{"resourceType":"MedicationRequest","id":"%s","status":"active","intent":"order","medicationReference":{"reference":"Medication/%s"},"subject":{"reference":"Patient/%s"}}`, id, drug, of)
	}
	med := func(id string) string {
		return fmt.Sprintf(`{"resourceType":"Medication","id":"%s","code":{"text":"drug %s"}}`, id, id)
	}
	up.put(drug("m1", "p1", "d1"), drug("m9", "p9", "d9"), med("d1"), med("d9"))
	c := openClinic(t, up, "", nil)
	b := c.get(t, "alice", "/MedicationRequest?patient=p1&_include=MedicationRequest:medication").bundle(t)
	if got, want := b.spelt(), "m MedicationRequest/m1, i Medication/d1"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Scopes of the token judge what stands beside as well, and a limit of results refuses
// what is too much, by what shows.
func TestFC34_WhatIsBesideIsBounded(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	scoped := *c.staff["alice"]
	scoped.Scopes, _ = caller.ParseScopes("user/Condition.rs")
	c.staff["sam"] = &scoped
	same(t, c.get(t, "sam", "/Condition?patient=p1&_include=Condition:encounter"), c.get(t, "sam", "/Condition?patient=p1&_include=Condition:shoesize"))
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	for i := range 1100 {
		up.put(condition(fmt.Sprintf("c%04d", i), "p1", "J45.0"))
	}
	c = openClinic(t, up, "", nil)
	if r := c.get(t, "alice", "/Patient?_id=p1&_revinclude=Condition:patient"); r.status != 400 || !strings.Contains(r.body, "too-costly") {
		t.Errorf("1,100 beside one: %d %.200s", r.status, r.body)
	}
}

// To how many hidden records a match refers does not count: what does not show is
// not beside it.
func TestN1_HiddenTargetsDoNotCountAsBeside(t *testing.T) {
	var answers []string
	for _, n := range []int{1200, 0} {
		up := newSheet(t)
		var details []string
		for i := range n {
			details = append(details, fmt.Sprintf(`{"reference":"Condition/h%04d"}`, i))
		}
		evidence := ""
		if n > 0 {
			evidence = `"evidence":[{"detail":[` + strings.Join(details, ",") + `]}],`
		}
		up.put(patient("p1", "Familyp1", "1940-05-06"), edit(condition("c1", "p1", "J45.0"), `"recordedDate"`, evidence+`"recordedDate"`))
		c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Public = mustParse(t, "https://gate.example/fhir") })
		r := c.get(t, "alice", "/Condition?patient=p1&_include=Condition:evidence-detail")
		if answers = append(answers, r.plain()); r.status != 200 {
			t.Errorf("%d hidden targets: %d %.300s", n, r.status, r.body)
		}
	}
	if answers[0] != answers[1] {
		t.Errorf("told apart: %q", answers)
	}
}

func TestL2_WhatIsBesideIsRecorded(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	first := c.get(t, "alice", "/Condition?patient=p1&_include=Condition:encounter").header.Get("Modicum-Decision")
	c.gate.Wait()
	for _, e := range c.book.entries {
		if d, ok := e.(*ledger.Decision); ok && d.ID != first {
			if d.PartOf != first || d.Interaction != "include" || d.Asked[0] != "Encounter" {
				t.Errorf("beside: %+v", d)
			}
			return
		}
	}
	t.Error("no decision about what is beside")
}

func mustParse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
