package preview_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum"
	"modicum/catalog"
	"modicum/internal/preview"
	"modicum/internal/problem"
	"modicum/policy"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func sample(t *testing.T) *policy.Set {
	t.Helper()
	set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors().Err())
	}
	return set
}

// small is a policy of one role, whose task is given.
func small(t *testing.T, task string) *policy.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"organization.yaml": "organization: small\ntitle: Small\ntime-zone: UTC\npositions: [owner]\npurposes: {treatment: [TREAT]}\n",
		"conditions.yaml": "sources: {desk: {title: Desk, fresh: 1 hour, programs: [desk]}}\nfacts:\n" +
			"  in-care: {means: In care., about: patient, from: [desk]}\n  on-duty: {means: On duty., about: caller, from: [desk]}\n" +
			"  case: {means: A case., about: patient, from: [desk], carries: [object, classes, marked, dates], values: {since: time, open: yes-no, level: number}}\n" +
			"conditions:\n  late-case: {means: Late., fact: case, where: \"fact.level >= 2.0 && fact.open && fact.since < now\"}\n",
		"roles/nurse.yaml": "role: nurse\ntitle: Nurse\nowner: owner\nreview: 12 months\ntasks:\n  care:\n    title: Care\n    purpose: treatment\n" + task + "say: What care needs.\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	set, probs := policy.Load(fsys, catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors().Err())
	}
	return set
}

// show runs records through a new Preview.
func show(t *testing.T, set *policy.Set, as preview.As, facts []string, records string) []preview.Shown {
	t.Helper()
	p, err := preview.New(set, as, noon)
	if err != nil {
		t.Fatal(err)
	}
	list, err := preview.Records("in", strings.NewReader(records))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range facts {
		if err := p.Hold(f); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := p.Show(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return shown
}

const patient = `{"resourceType":"Patient","id":"p1","birthDate":"1980-02-03"}` + "\n"

// TestWhatShowsOnlyByProof: a drug shows where a record that shows refers to it,
// whatever the order, and not by itself.
func TestWhatShowsOnlyByProof(t *testing.T) {
	const drug = `{"resourceType":"Medication","id":"m1","code":{"text":"amoxicillin"}}` + "\n"
	const order = `{"resourceType":"MedicationRequest","id":"r1","status":"active","intent":"order","subject":{"reference":"Patient/p1"},"medicationReference":{"reference":"Medication/m1"}}` + "\n"
	as := preview.As{Roles: []string{"nurse"}, Task: "care"}
	set, facts := small(t, "    do: [read]\n    while: [on-duty]\n    see: {keep: [clinical.medication]}\n    justify: Needed.\n"), []string{"on-duty"}
	got := show(t, set, as, facts, drug+order)
	if !got[0].There || !got[1].There || !strings.Contains(string(got[1].Resource), "Medication/m1") {
		t.Errorf("got %+v", got)
	}
	if got := show(t, set, as, facts, drug); got[0].There {
		t.Error("a drug showed without a record that refers to it")
	}
}

// TestVisitsAreFoundAmongTheRecords: what is asked of the place of a visit is
// answered by the Encounter that was given; without it the record lies outside.
func TestVisitsAreFoundAmongTheRecords(t *testing.T) {
	set := small(t, "    do: [read]\n    while: [in-care]\n    within: {place: department}\n    see: {keep: [clinical, admin]}\n    justify: Needed.\n")
	const visit = `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"location":[{"location":{"reference":"Location/ward-3"}}]}` + "\n"
	const lab = `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"Na"},"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"}}` + "\n"
	as := preview.As{Roles: []string{"nurse"}, Task: "care", Dept: "ward-3"}
	if got := show(t, set, as, []string{"in-care"}, lab+visit); !got[0].There {
		t.Errorf("own department: %+v", got[0])
	}
	if got := show(t, set, as, []string{"in-care"}, lab); got[0].There {
		t.Error("a record whose visit nobody knows showed")
	}
	as.Dept = "ward-4"
	if got := show(t, set, as, []string{"in-care"}, lab+visit); got[0].There {
		t.Error("another department's record showed")
	}
}

// TestAFactCarriesEverything: a bare fact narrows nothing, and its values reach
// the conditions on it.
func TestAFactCarriesEverything(t *testing.T) {
	set := small(t, "    do: [read]\n    while: [late-case]\n    within: {of: late-case}\n    see: {keep: [demographics]}\n    also: [{marked: [sensitive.hiv]}]\n    justify: Needed.\n")
	const marked = `{"resourceType":"Patient","id":"p1","birthDate":"1980-02-03","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}}`
	as := preview.As{Roles: []string{"nurse"}, Task: "care"}
	for fact, want := range map[string]bool{
		"case:level=2,open=yes,since=3d":         true,
		"case:level=2,open=yes,since=12h":        true,
		"case:level=2,open=yes,since=2026-03-01": true,
		"case:level=1,open=yes,since=3d":         false,
		"case:level=2,open=no,since=3d":          false,
		"case:level=2,open=yes,since=2026-04-01": false,
	} {
		got := show(t, set, as, []string{fact}, marked)
		if got[0].There != want || want && !strings.Contains(string(got[0].Resource), "1980-02-03") {
			t.Errorf("%s: there %v, want %v: %+v", fact, got[0].There, want, got[0])
		}
	}
}

// TestLimitsHold: a task shows no more patients than its limit, here as at a door.
func TestLimitsHold(t *testing.T) {
	set := small(t, "    do: [read]\n    while: [in-care]\n    see: {keep: [demographics]}\n    limits: {patients: 1 per day}\n")
	p, err := preview.New(set, preview.As{Roles: []string{"nurse"}, Task: "care"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := preview.Records("in", strings.NewReader(patient+strings.Replace(patient, "p1", "p2", 1)))
	for _, r := range list {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Hold("in-care"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Show(t.Context()); err == nil || err.Error() != problem.Limit.Error() {
		t.Errorf("got %v, want the limit", err)
	}
}

// TestNothingGivenNothingShown: without facts nothing shows, and nobody without a role.
func TestNothingGivenNothingShown(t *testing.T) {
	for _, as := range []preview.As{{Roles: []string{"nurse"}, Task: "give-care"}, {Task: "give-care"}, {Roles: []string{"nobody"}}} {
		if got := show(t, sample(t), as, nil, patient); got[0].There || got[0].Refused == nil || got[0].Resource != nil {
			t.Errorf("%+v: %+v", as, got[0])
		}
	}
}

// TestTheGlassCannotBeGiven: what follows from a request, a --fact cannot state.
func TestTheGlassCannotBeGiven(t *testing.T) {
	p, err := preview.New(sample(t), preview.As{Roles: []string{"nurse"}, Task: "give-care"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"broken-glass", "author"} {
		if err := p.Hold(name); err == nil || !strings.Contains(err.Error(), "cannot be given") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRecords: an input is taken apart into resources that stand in it, or
// refused with a place within it; never neither.
func FuzzRecords(f *testing.F) {
	f.Add(patient)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"p1"}},{}]}`)
	f.Add("[1]\n{")
	f.Add("\xef\xbb\xbf{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{\"resourceType\":\"Bundle\",\"entry\":[]}}]}")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := preview.Records("in", strings.NewReader(text))
		if (err == nil) != (len(list) > 0) {
			t.Fatalf("%d records, %v", len(list), err)
		}
		for _, r := range list {
			if !strings.Contains(text, string(r.Body)) || r.Body[0] != '{' {
				t.Errorf("a record that does not stand in the input: %q", r.Body)
			}
		}
		if wrong, ok := err.(*preview.InputError); ok && (wrong.Line < 1 || wrong.Col < 1 || wrong.Line > strings.Count(text, "\n")+1) {
			t.Errorf("a place outside: %v", err)
		}
	})
}
