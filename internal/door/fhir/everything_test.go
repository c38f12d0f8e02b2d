package fhir_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/ledger"
)

func observation(id, patient, code, day, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s",%s"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"%s"}]},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"%s"}`, id, more, code, patient, day)
}

// wholeWard has charts of several types.
func wholeWard(t *testing.T) *sheet {
	up := visits(t)
	up.put(observation("o1", "p1", "718-7", "2026-01-05", ""), observation("o2", "p1", "718-7", "2026-03-05", hivLabel), observation("o3", "p9", "718-7", "2026-03-05", ""),
		`{"resourceType":"Claim","id":"k1","status":"active","patient":{"reference":"Patient/p1"}}`,
		`{"resourceType":"AllergyIntolerance","id":"a1","patient":{"reference":"Patient/p1"}}`)
	return up
}

func TestFC37_EverythingIsTheSearchesOfTheChart(t *testing.T) {
	c := openClinic(t, wholeWard(t), "", nil)
	all := "m Patient/p1, m Condition/c1, m Condition/c2, m Condition/c3, m Condition/c4, m Condition/c5, m Condition/c6, m Condition/c7, m Encounter/v1, m Encounter/v5, m Observation/o1"
	b := c.get(t, "alice", "/Patient/p1/$everything").bundle(t)
	if got := b.spelt(); got != all {
		t.Errorf("got  %s\nwant %s", got, all)
	}
	if b.Total == nil || *b.Total != 11 {
		t.Errorf("total %v, want 11", b.Total)
	}
	for _, count := range []int{1, 2, 3, 7, 8, 10, 11} {
		var pages []string
		for path := fmt.Sprintf("/Patient/p1/$everything?_count=%d", count); path != ""; {
			b := c.get(t, "alice", path).bundle(t)
			if path = b.link("next"); path != "" && len(b.Entry) != count || len(b.Entry) == 0 {
				t.Errorf("%d a page: a page of %d", count, len(b.Entry))
			}
			pages = append(pages, b.spelt())
		}
		if got := strings.Join(pages, ", "); got != all {
			t.Errorf("%d a page: %s", count, got)
		}
	}
	for path, want := range map[string]string{
		"/Patient/p1/$everything?_type=Observation,Encounter": "m Encounter/v1, m Encounter/v5, m Observation/o1",
		"/Patient/p1/$everything?_type=Patient":               "m Patient/p1",
		"/Patient/p1/*?_type=Observation":                     "m Observation/o1",
		"/Patient/p1/*":                                       all,
		"/Patient/p9/$everything":                             "", "/Patient/nobody/$everything": "",
		"/Encounter/v1/$everything": "m Encounter/v1, m Condition/c1, m Condition/c5", "/Encounter/v2/$everything": "", "/Encounter/v9/$everything": "", "/Encounter/v7/*": "",
	} {
		b := c.get(t, "alice", path).bundle(t)
		if got := b.spelt(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// What is out of scope is as nobody's.
	for _, path := range []string{"/Patient/ID/$everything", "/Encounter/ID/$everything"} {
		out, none := c.get(t, "alice", strings.Replace(path, "ID", "p9", 1)), c.get(t, "alice", strings.Replace(path, "ID", "q9", 1))
		if strings.ReplaceAll(out.plain(), "p9", "q9") != none.plain() {
			t.Errorf("%s: %s and %s", path, out.plain(), none.plain())
		}
	}
}

// Each person gets of it what the plain searches show to that person; whose task shows
// nothing of a chart is refused.
func TestFC37_EverythingIsWhatEachPersonSees(t *testing.T) {
	c := openClinic(t, wholeWard(t), "", nil)
	for who, want := range map[string]string{
		"bob":  "m Patient/p1, m Condition/c1, m Condition/c2, m Condition/c3, m Condition/c4, m Condition/c5, m Condition/c6, m Condition/c7",
		"rita": "m Condition/c1, m Condition/c2, m Condition/c3, m Condition/c4, m Condition/c5, m Condition/c6, m Condition/c7", // her limit is 7
		"nemo": "",
	} {
		b := c.get(t, who, "/Patient/p1/$everything").bundle(t)
		if got := b.spelt(); got != want {
			t.Errorf("%s: %s, want %s", who, got, want)
		}
	}
	if r := c.get(t, "norma", "/Patient/p1/$everything"); r.status != 403 {
		t.Errorf("%d %s", r.status, r.body)
	}
	// What is of a time: by a date that shows, and by metadata where it shows.
	b := c.get(t, "alice", "/Patient/p1/$everything?start=2026&end=2026-12&_type=Condition,Patient").bundle(t)
	if got := b.spelt(); !strings.HasPrefix(got, "m Patient/p1") {
		t.Errorf("of a time: %s", got)
	}
	if r := c.get(t, "vera", "/Patient/p1/$everything?_since=2026-01-01T00:00:00Z"); r.status != 200 {
		t.Errorf("since: %d %s", r.status, r.body)
	}
	asked := strings.Join(c.up.sent(), "\n")
	for _, part := range []string{"_lastUpdated=ge2026-01-01", "recorded-date=ge2026", "recorded-date=le2026-12"} {
		contains(t, asked, part)
	}
	lacks(t, asked, "everything")
}

func TestFC37_EachTypeOfAChartIsDecidedByItself(t *testing.T) {
	c := openClinic(t, wholeWard(t), "", nil)
	first := c.get(t, "alice", "/Patient/p1/$everything").header.Get("Modicum-Decision")
	c.gate.Wait()
	var types []string
	for _, e := range c.book.entries {
		if d, ok := e.(*ledger.Decision); ok {
			if d.Interaction != "everything" || d.ID != first && d.PartOf != first || d.Effect != ledger.Admit {
				t.Errorf("%+v", d)
			}
			types = append(types, d.Asked[0])
		}
	}
	for _, typ := range []string{"Patient", "Condition", "Encounter", "Observation"} {
		if !slices.Contains(types, typ) {
			t.Errorf("no decision about %s: %v", typ, types)
		}
	}
	if slices.Contains(types, "Claim") {
		t.Error("a type that no line shows was decided about")
	}
}

// dated is a role that sees laboratory values whole, and problems without their dates.
const dated = `role: assistant
title: Assistant
owner: chief-nursing-officer
review: 12 months
tasks:
  assist:
    title: Help out
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [clinical.lab, demographics.name]}
    also:
      - see: {mask: [clinical.lab]}
        marked: [sensitive.hiv]
say: Laboratory values, marked ones as a mark.
`

func TestFC37_TheLatestAreChosenAmongWhatShows(t *testing.T) {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	for i, day := range []string{"2026-01-05", "2026-04-05", "2026-02-05", "2026-03-05"} {
		up.put(observation(fmt.Sprintf("h%d", i), "p1", "718-7", day, ""), observation(fmt.Sprintf("g%d", i), "p1", "2160-0", day, ""))
	}
	up.put(observation("x1", "p1", "718-7", "2026-05-05", hivLabel), observation("x2", "p9", "718-7", "2026-06-05", ""), observation("x3", "p1", "20447-9", "2026-06-05", ""))
	c := withRole(t, up, "assistant", dated)
	for path, want := range map[string]string{
		"?patient=p1":                             "m Observation/h1, m Observation/g1",
		"?patient=p1&max=2":                       "m Observation/h1, m Observation/h3, m Observation/g1, m Observation/g3",
		"?subject=Patient/p1&max=100&code=718-7":  "m Observation/h1, m Observation/h3, m Observation/h2, m Observation/h0",
		"?patient=Patient/p1&category=laboratory": "m Observation/h1, m Observation/g1",
		"?patient=p9":                             "",
		"?patient=p1&code=20447-9":                "",
	} {
		for _, who := range []string{"alice", "wanda"} { // wanda sees that x1 and x3 are there, and neither code nor date
			b := c.get(t, who, "/Observation/$lastn"+path).bundle(t)
			if got := b.spelt(); got != want {
				t.Errorf("%s, %s: %s, want %s", path, who, got, want)
			}
			if b.Total == nil || *b.Total != len(b.Entry) {
				t.Errorf("%s: total %v", path, b.Total)
			}
		}
	}
	same(t, c.get(t, "bob", "/Observation/$lastn?patient=p1"), c.get(t, "bob", "/Observation?patient=p1"))
}
