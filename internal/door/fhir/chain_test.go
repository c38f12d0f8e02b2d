package fhir_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/internal/door/fhir"

	"modicum/ledger"
)

func TestFC04_AChainPassesThroughWhatShows(t *testing.T) {
	up := visits(t)
	up.put(patient("p2", "Familyp2", "1950-05-06"), condition("d1", "p2", "J45.0"), condition("e1", "p9", "J45.0"))
	c := openClinic(t, up, "", nil)
	mine := []string{"c1", "c2", "c3", "c4", "c5", "c6", "c7"}
	for path, want := range map[string][]string{
		"/Condition?patient.family=familyp1":                              mine,
		"/Condition?subject:Patient.family=familyp2":                      {"d1"},
		"/Condition?patient.name=family":                                  append(slices.Clone(mine), "d1"),
		"/Condition?patient.family=familyp9":                              nil, // nobody of hers
		"/Condition?patient.family=nobody":                                nil,
		"/Condition?patient.identifier=urn:mrn|mrn-p2":                    {"d1"},
		"/Condition?patient.identifier=999-00-p2":                         nil, // a number that she does not see
		"/Condition?patient.family=familyp1&patient.birthdate=1950-05-06": nil,
		"/Condition?patient.family=family&patient=p2":                     {"d1"},
		"/Condition?encounter.status=finished":                            {"c1", "c5", "c7"},
		"/Condition?encounter.status=finished&patient.family=familyp2":    nil,
		"/Condition?encounter.patient.family=familyp1":                    {"c1", "c5", "c7"},
		"/Condition?encounter.class=IMP":                                  nil,
		"/Patient/p1/Condition?encounter.status=finished":                 {"c1", "c5", "c7"},
	} {
		for _, page := range []string{"", "&_count=1", "&_count=2"} {
			if got := flat(c.all(t, "alice", path+page)); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", path+page, got, want)
			}
		}
		if b := c.get(t, "alice", path+"&_summary=count").bundle(t); *b.Total != len(want) {
			t.Errorf("%s: counted %d", path, *b.Total)
		}
	}
	for _, asked := range c.up.sent() {
		if strings.Contains(asked, ".") && !strings.Contains(asked, "_getpages") && strings.Contains(strings.SplitN(asked, "?", 2)[1], ".family=") {
			t.Errorf("a chain went to the upstream: %s", asked)
		}
	}
}

func TestFC05_AReverseChainPassesThroughWhatShows(t *testing.T) {
	up := visits(t)
	up.put(patient("p2", "Familyp2", "1950-05-06"), condition("d1", "p2", "I10"), condition("e1", "p9", "J45.0"))
	c := openClinic(t, up, "", nil)
	for path, want := range map[string][]string{
		"/Patient?_has:Condition:patient:code=J45.0":                                     {"p1"},
		"/Patient?_has:Condition:subject:code=I10":                                       {"p2"},
		"/Patient?_has:Condition:patient:code=J45.0&_has:Condition:patient:code=I10":     nil,
		"/Patient?_has:Condition:patient:code=J45.0,I10":                                 {"p1", "p2"},
		"/Patient?_id=p2&_has:Condition:patient:code=J45.0,I10":                          {"p2"},
		"/Encounter?_has:Condition:encounter:code=J45.0":                                 {"v1", "v5"},
		"/Encounter?_has:Condition:encounter:code=I10":                                   nil,
		"/Patient?_has:Encounter:patient:_has:Condition:encounter:code=J45.0":            {"p1"},
		"/Condition?encounter:Encounter._has:Condition:encounter:clinical-status=active": {"c1", "c5", "c7"},
	} {
		if got := flat(c.all(t, "alice", path)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if asked := strings.Join(c.up.sent(), " "); strings.Contains(asked, "_has") {
		t.Errorf("the upstream was asked %s", asked)
	}
}

// Who has a marked diagnosis nobody learns who does not see the diagnosis.
func TestFC05_NoReverseChainPassesThroughTheHidden(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient?_has:Condition:patient:code=", "/Patient?_id=p1&_has:Condition:patient:code="} {
		hidden, absent := c.get(t, "alice", path+"B20"), c.get(t, "alice", path+"Z99")
		if strings.ReplaceAll(hidden.plain(), "B20", "Z99") != absent.plain() {
			t.Errorf("%s: %s\nand %s", path, hidden.body, absent.body)
		}
	}
}

// How many records may be passed through is counted by what shows.
func TestFC04_WhatIsPassedThroughIsBounded(t *testing.T) {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	for i := range 201 {
		up.put(encounter(fmt.Sprintf("v%03d", i), "p1", ""), encounter(fmt.Sprintf("h%03d", i), "p1", hivLabel))
	}
	c := openClinic(t, up, "", nil)
	if r := c.get(t, "alice", "/Condition?encounter.status=finished"); r.status != 400 || !strings.Contains(r.body, "too-costly") {
		t.Errorf("through 201: %d %.300s", r.status, r.body)
	}
	up.records["Encounter"] = up.records["Encounter"][1:]
	if r := c.get(t, "alice", "/Condition?encounter.status=finished"); r.status != 200 {
		t.Errorf("through 200: %d %.300s", r.status, r.body)
	}
	up.records["Encounter"] = up.records["Encounter"][3:] // 199 show, and as many do not
	if r := c.get(t, "alice", "/Condition?encounter.status=finished"); r.status != 200 {
		t.Errorf("through 199, with as many hidden: %d %.300s", r.status, r.body)
	}
}

// Nor does it count to how many hidden records those refer that are passed through.
func TestN1_HiddenTargetsDoNotCountAsPassedThrough(t *testing.T) {
	for _, n := range []int{150, 201} {
		var answers []string
		for _, visit := range []string{"h%03d", ""} {
			up := newSheet(t)
			up.put(patient("p1", "Familyp1", "1940-05-06"))
			for i := range n {
				if visit == "" {
					up.put(condition(fmt.Sprintf("c%03d", i), "p1", "J45.0"))
					continue
				}
				at := fmt.Sprintf(visit, i)
				up.put(encounter(at, "p1", hivLabel), edit(during(fmt.Sprintf("c%03d", i), "p1", at), `"recordedDate"`, `"evidence":[{"detail":[{"reference":"Encounter/`+at+`x"}]}],"recordedDate"`))
			}
			c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Public = mustParse(t, "https://gate.example/fhir") })
			for _, path := range []string{"/Encounter?_has:Condition:encounter:code=J45.0", "/Encounter?_has:Condition:evidence-detail:code=J45.0"} {
				r := c.get(t, "alice", path)
				answers = append(answers, r.plain())
				if want := map[int]int{150: 200, 201: 400}[n]; r.status != want {
					t.Errorf("through %d that show: %d, want %d", n, r.status, want)
				}
			}
		}
		if answers[0] != answers[2] || answers[1] != answers[3] {
			t.Errorf("%d: told apart: %q", n, answers)
		}
	}
}

// TestN1_ASearchThatLeadsElsewhereBetweenPagesBeginsAnew: whether a further page asks the
// upstream again or goes on where it stood follows how many hidden records lie between. It
// gives neither a record twice nor one that was not led to, whichever it is.
func TestN1_ASearchThatLeadsElsewhereBetweenPagesBeginsAnew(t *testing.T) {
	for _, hidden := range []int{0, 60} { // none, and more than a page of the upstream
		for path, more := range map[string]string{
			"/Condition?encounter.status=finished":           encounter("v0", "p1", ""),
			"/Condition?patient=p1&encounter.class=AMB":      encounter("v0", "p1", ""),
			"/Encounter?_has:Condition:encounter:code=J45.0": during("c0", "p1", "v3"),
		} {
			up := visits(t)
			up.put(during("c8", "p1", "v0"))
			for i := range hidden {
				up.put(edit(during(fmt.Sprintf("h%d", i), "p1", "v1"), "J45.0", "B20"))
			}
			c := openClinic(t, up, "", nil)
			first := c.get(t, "alice", path+"&_count=1").bundle(t)
			next := first.link("next")
			if r := c.get(t, "alice", next); r.status != 200 {
				t.Errorf("%s: a way that is as it was: %d %.200s", path, r.status, r.body)
			}
			up.put(more)
			if r := c.get(t, "alice", next); r.status != 410 || !strings.Contains(r.body, "Search again") {
				t.Errorf("%s: %d %.200s", path, r.status, r.body)
			}
			up.put(encounter("v3", "p1", hivLabel), during("h", "p9", "v9"))
			again := c.get(t, "alice", path+"&_count=1").bundle(t)
			if r := c.get(t, "alice", again.link("next")); r.status != 200 {
				t.Errorf("%s: asked anew: %d %.200s", path, r.status, r.body)
			}
		}
	}
}

func TestL2_WhatASearchPassesThroughIsRecorded(t *testing.T) {
	c := openClinic(t, visits(t), "", nil)
	first := c.get(t, "alice", "/Condition?patient.family=familyp1").header.Get("Modicum-Decision")
	c.gate.Wait()
	var through *ledger.Decision
	shown := map[string]int64{}
	for _, e := range c.book.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			if e.Interaction == "chain" {
				through = e
			}
		case *ledger.Outcome:
			shown[e.ID] = e.Counts.Shown
		}
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "familyp1") {
			t.Errorf("the record holds a literal: %s", text)
		}
	}
	if through == nil || through.PartOf != first || through.Asked[0] != "Patient" || shown[through.ID] != 1 {
		t.Errorf("passed through: %+v, shown %v", through, shown)
	}
}
