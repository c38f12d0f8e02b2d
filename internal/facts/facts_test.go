package facts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/facts"
	"modicum/policy"
)

// The vocabulary of these tests; the numbers are the FactIDs.
const (
	assigned policy.FactID = iota
	workItem
	shift
	isPatient
	release
	contract
	dispense // condition: work-item with kind dispense
	found    // built in
	episode
	appointment
)

func vocabulary() *facts.Vocabulary {
	classes := map[string]catalog.ClassSet{"clinical.lab": catalog.ClassSet{}.With(3), "clinical": catalog.ClassSet{}.With(3).With(4)}
	return &facts.Vocabulary{
		Sources: []facts.Source{
			{Name: "adt", Fresh: 15 * time.Minute, Programs: []string{"adt-feed"}},
			{Name: "queue", Fresh: 15 * time.Minute, Programs: []string{"queue-feed"}},
			{Name: "roster", Fresh: 24 * time.Hour, Programs: []string{"roster-feed"}},
			{Name: "people", Fresh: 7 * 24 * time.Hour, Programs: []string{"people-feed"}},
			{Name: "fhir", Fresh: 15 * time.Minute},
		},
		Kinds: []facts.Kind{
			assigned:    {Name: "assigned-patient", Patient: true, Sources: []int{0, 2, 4}},
			workItem:    {Name: "work-item", Patient: true, Sources: []int{1, 4}, Object: true, Values: map[string]facts.ValueType{"kind": facts.Text, "due": facts.Time, "urgent": facts.YesNo, "rank": facts.Number}},
			shift:       {Name: "during-shift", Sources: []int{2}},
			isPatient:   {Name: "is-patient", Patient: true, Sources: []int{3}},
			release:     {Name: "release-request", Patient: true, Sources: []int{3}, Classes: true, Marked: true, Dates: true},
			contract:    {Name: "contract", Sources: []int{3}, Classes: true},
			dispense:    {Name: "dispense-item", Patient: true, Sources: []int{1, 4}, Condition: true, Base: workItem, UsesNow: true},
			found:       {Name: "found", Patient: true, Builtin: true},
			episode:     {Name: "episode", Patient: true, Sources: []int{4}, Object: true, Values: map[string]facts.ValueType{"closed": facts.Time}},
			appointment: {Name: "appointment", Patient: true, Sources: []int{4}, Object: true},
		},
		Classes:  func(name string) (catalog.ClassSet, bool) { s, ok := classes[name]; return s, ok },
		Overlays: func(name string) (catalog.OverlaySet, bool) { return 1, name == "sensitive.hiv" },
		Where: func(id policy.FactID, in facts.WhereInput) bool {
			return id == dispense && in.Values["kind"] == "dispense"
		},
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct {
	t      time.Time
	unsure bool
}

func (c *clock) now() (time.Time, bool) { return c.t, !c.unsure }

func store(t testing.TB) (*facts.Store, *clock) {
	t.Helper()
	c := &clock{t: noon}
	return facts.NewStore(vocabulary(), c.now, nil), c
}

// state posts lines as the program of their source.
func state(t testing.TB, s *facts.Store, program, body string) {
	t.Helper()
	if _, ps, err := s.State(program, true, []byte(body), func(facts.Act) error { return nil }); err != nil {
		t.Fatalf("%v\n%v", err, ps)
	}
}

const (
	aliceP1   = `{"fact":"assigned-patient","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward-clerk-7"}` + "\n"
	wholeADT  = `{"source":"adt","whole":"2026-11-23T12:00:00Z"}` + "\n"
	bobItem   = `{"fact":"work-item","who":"bob","patient":"Patient/p1","object":"Encounter/e9","id":"WQ-1","values":{"kind":"dispense"},"source":"queue","recorded_by":"queue"}` + "\n"
	aliceSelf = `{"fact":"is-patient","who":"alice","patient":"Patient/p9","source":"people","recorded_by":"alice"}` + "\n"
)

var (
	alice = &facts.Subject{Person: "alice", Roles: []string{"nurse"}, Dept: "ward-3"}
	bob   = &facts.Subject{Person: "bob"}
)

// about looks one patient up.
func about(s *facts.Store, sub *facts.Subject, patient string, c *clock) (policy.Truth, []facts.Instance) {
	var truth policy.Truth
	in := s.Index().Patient(sub, patient, c.t, !c.unsure, &truth, nil)
	return truth, in
}

// says is "holds", "bites" and "unknown" of one fact.
func says(t policy.Truth, f policy.FactID) string {
	var out []string
	if t.Holds.Has(f) {
		out = append(out, "holds")
	}
	if t.Bites.Has(f) {
		out = append(out, "bites")
	}
	if t.Unknown.Has(f) {
		out = append(out, "unknown")
	}
	return strings.Join(out, " ")
}

func TestRule04_PermitsWhileFreshRestrictsForEver(t *testing.T) {
	s, c := store(t)
	state(t, s, "people-feed", `{"source":"people","whole":"2026-11-23T12:00:00Z"}`+"\n"+aliceSelf)
	for _, tt := range []struct {
		name  string
		after time.Duration
		want  string
	}{
		{"fresh: it permits and restricts", time.Hour, "holds bites"},
		{"at the bound it is fresh", 7 * 24 * time.Hour, "holds bites"},
		{"stale: it restricts still", 7*24*time.Hour + time.Second, "bites"},
		{"a year later it restricts still", 365 * 24 * time.Hour, "bites"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := &clock{t: noon.Add(tt.after)}
			truth, _ := about(s, alice, "p9", at)
			if got := says(truth, isPatient); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	c.unsure = true
	if truth, _ := about(s, alice, "p9", c); says(truth, isPatient) != "bites" {
		t.Errorf("with an unsure clock got %q, want bites", says(truth, isPatient))
	}
}

func TestRule04_UnknownUntilEverySourceWasReadWhole(t *testing.T) {
	s, c := store(t)
	truth, _ := about(s, alice, "p1", c)
	if got := says(truth, isPatient); got != "unknown" {
		t.Fatalf("before any source: got %q", got)
	}
	state(t, s, "people-feed", aliceSelf)
	if truth, _ = about(s, alice, "p1", c); says(truth, isPatient) != "unknown" {
		t.Errorf("lines alone do not make a source whole: got %q", says(truth, isPatient))
	}
	state(t, s, "people-feed", `{"source":"people","whole":"2026-11-23T12:00:00Z"}`+"\n"+aliceSelf)
	if truth, _ = about(s, alice, "p1", c); says(truth, isPatient) != "" {
		t.Errorf("read whole: got %q, want nothing", says(truth, isPatient))
	}
	state(t, s, "adt-feed", wholeADT)
	if truth, _ = about(s, alice, "p1", c); says(truth, assigned) != "unknown" {
		t.Errorf("one of three sources is whole: got %q, want unknown", says(truth, assigned))
	}
}

func TestFactsBeginAndEndAsStated(t *testing.T) {
	s, _ := store(t)
	state(t, s, "adt-feed", `{"fact":"assigned-patient","who":"alice","patient":"Patient/p1","from":"2026-11-23T12:01:00.5Z","until":"2026-11-23T12:05:00.5Z","source":"adt","recorded_by":"x"}`)
	for _, tt := range []struct {
		at   string
		want string
	}{
		{"12:00:59", "unknown"},
		{"12:01:00", "bites unknown"}, // permits are rounded inwards, restrictions outwards
		{"12:01:01", "holds bites unknown"},
		{"12:04:59", "holds bites unknown"},
		{"12:05:00", "bites unknown"},
		{"12:05:01", "unknown"},
	} {
		at, err := time.Parse("2006-01-02 15:04:05", "2026-11-23 "+tt.at)
		if err != nil {
			t.Fatal(err)
		}
		truth, _ := about(s, alice, "p1", &clock{t: at})
		if got := says(truth, assigned); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestWhoMayBeAPersonDepartmentRoleOrAnyone(t *testing.T) {
	for _, tt := range []struct {
		who  string
		sub  *facts.Subject
		want bool
	}{
		{"alice", alice, true},
		{"alice", bob, false},
		{"dept:ward-3", alice, true},
		{"dept:ward-4", alice, false},
		{"role:nurse", alice, true},
		{"role:nurse", bob, false},
		{"*", bob, true},
		{"Practitioner/dr1", &facts.Subject{Person: "x", Practitioners: []string{"Practitioner/dr1"}}, false}, // T8: a name is not a reference
		{"ward-3", alice, false},
	} {
		t.Run(tt.who+" "+tt.sub.Person, func(t *testing.T) {
			s, c := store(t)
			state(t, s, "adt-feed", strings.Replace(aliceP1, `"alice"`, `"`+tt.who+`"`, 1))
			if truth, _ := about(s, tt.sub, "p1", c); truth.Holds.Has(assigned) != tt.want {
				t.Errorf("got %v, want %v", truth.Holds.Has(assigned), tt.want)
			}
		})
	}
}

func TestWhereMakesAnInstanceOfItsOwn(t *testing.T) {
	s, c := store(t)
	state(t, s, "queue-feed", bobItem+strings.NewReplacer("dispense", "claim", "WQ-1", "WQ-2", "e9", "e10").Replace(bobItem))
	truth, in := about(s, bob, "p1", c)
	if !truth.Holds.Has(workItem) || !truth.Holds.Has(dispense) {
		t.Fatalf("truth %+v", truth)
	}
	var got []string
	for _, i := range in {
		got = append(got, fmt.Sprint(i.Fact, i.Object, i.ID(), i.Permits))
	}
	slices.Sort(got)
	want := []string{fmt.Sprint(workItem, "Encounter/e10", "WQ-2", true), fmt.Sprint(workItem, "Encounter/e9", "WQ-1", true), fmt.Sprint(dispense, "Encounter/e9", "WQ-1", true)}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesReplaceAndWithdraw(t *testing.T) {
	s, c := store(t)
	state(t, s, "queue-feed", bobItem)
	state(t, s, "queue-feed", strings.Replace(bobItem, "dispense", "claim", 1))
	if truth, in := about(s, bob, "p1", c); len(in) != 1 || truth.Holds.Has(dispense) {
		t.Errorf("replaced: got %v", in)
	}
	state(t, s, "queue-feed", strings.Replace(bobItem, `"source"`, `"until":"2026-11-23T11:00:00Z","source"`, 1))
	if truth, in := about(s, bob, "p1", c); len(in) != 0 || truth.Bites.Has(workItem) {
		t.Errorf("withdrawn: got %v", in)
	}
}

func TestD13_OneSourceDoesNotWithdrawForAnother(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", aliceP1)
	state(t, s, "roster-feed", strings.Replace(aliceP1, `"source":"adt"`, `"until":"2026-11-23T11:00:00Z","source":"roster"`, 1))
	if truth, _ := about(s, alice, "p1", c); !truth.Holds.Has(assigned) {
		t.Error("what adt says was withdrawn by roster")
	}
}

func TestWholeIsTheEntireContent(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", aliceP1)
	c.t = noon.Add(time.Minute)
	state(t, s, "adt-feed", `{"source":"adt","whole":"2026-11-23T12:00:30Z"}`+"\n"+strings.Replace(aliceP1, "p1", "p2", 1))
	if truth, _ := about(s, alice, "p1", c); truth.Bites.Has(assigned) {
		t.Error("what the whole does not hold is still true")
	}
	if truth, _ := about(s, alice, "p2", c); !truth.Holds.Has(assigned) {
		t.Error("what the whole holds is not true")
	}
	// Age counts from the time that the whole states.
	if truth, _ := about(s, alice, "p2", &clock{t: noon.Add(15*time.Minute + 31*time.Second)}); truth.Holds.Has(assigned) {
		t.Error("older than the bound and still permits")
	}
}

func TestG1_SelfAssertedIsKept(t *testing.T) {
	s, c := store(t)
	state(t, s, "people-feed", aliceSelf)
	_, in := about(s, alice, "p9", c)
	if len(in) != 1 || !in[0].SelfAsserted {
		t.Errorf("got %+v", in)
	}
}

func TestLinkedPatientsShareRestrictionsNotPermissions(t *testing.T) {
	s, c := store(t)
	state(t, s, "people-feed", aliceSelf)
	s.SetLinks([][2]string{{"p9", "p10"}, {"p10", "p11"}})
	for _, p := range []string{"p10", "p11"} {
		truth, in := about(s, alice, p, c)
		if truth.Holds.Has(isPatient) || !truth.Bites.Has(isPatient) || len(in) != 1 || in[0].Permits {
			t.Errorf("%s: got %q %+v", p, says(truth, isPatient), in)
		}
	}
	if truth, _ := about(s, alice, "p9", c); !truth.Holds.Has(isPatient) {
		t.Error("the named patient lost what permits")
	}
}

func TestPatientsListsThoseWhomTheFactPermits(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", aliceP1+strings.Replace(aliceP1, "p1", "p2", 1)+strings.NewReplacer("p1", "p3", "alice", "dept:ward-3").Replace(aliceP1)+strings.NewReplacer("p1", "p4", "alice", "bob").Replace(aliceP1))
	list := func(now time.Time) []string {
		got := slices.Collect(s.Index().Patients(alice, assigned, now, true))
		slices.Sort(got)
		return got
	}
	if got := list(c.t); !slices.Equal(got, []string{"p1", "p2", "p3"}) {
		t.Errorf("got %v", got)
	}
	if got := list(noon.Add(time.Hour)); len(got) != 0 {
		t.Errorf("stale: got %v", got)
	}
	state(t, s, "queue-feed", bobItem)
	if got := slices.Collect(s.Index().Patients(bob, dispense, c.t, true)); !slices.Equal(got, []string{"p1"}) {
		t.Errorf("of a condition with where: got %v", got)
	}
}

func TestEarliestIsWhenSomethingCouldChange(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", aliceP1)
	if got, want := s.Index().Earliest(alice, []string{"p1"}, c.t), noon.Add(15*time.Minute); !got.Equal(want) {
		t.Errorf("age: got %v, want %v", got, want)
	}
	state(t, s, "adt-feed", strings.Replace(aliceP1, `"source"`, `"until":"2026-11-23T12:03:00Z","source"`, 1))
	if got, want := s.Index().Earliest(alice, []string{"p1"}, c.t), noon.Add(3*time.Minute); !got.Equal(want) {
		t.Errorf("until: got %v, want %v", got, want)
	}
	if got := s.Index().Earliest(alice, []string{"p2"}, c.t); !got.IsZero() {
		t.Errorf("nothing to change: got %v", got)
	}
}

func TestCallerFacts(t *testing.T) {
	s, c := store(t)
	state(t, s, "roster-feed", `{"fact":"during-shift","who":"bob","from":"2026-11-23T07:00:00Z","until":"2026-11-23T15:30:00Z","source":"roster","recorded_by":"roster"}`)
	var truth policy.Truth
	s.Index().Caller(bob, c.t, true, &truth)
	if !truth.Holds.Has(shift) || truth.Unknown.Has(isPatient) {
		t.Errorf("got %+v", truth)
	}
	truth = policy.Truth{}
	s.Index().Caller(bob, noon.Add(4*time.Hour), true, &truth)
	if truth.Holds.Has(shift) || truth.Bites.Has(shift) {
		t.Error("the shift is over")
	}
}

func TestD13_OnlyProgramsOfTheSourceMayState(t *testing.T) {
	s, c := store(t)
	for _, tt := range []struct {
		name, subject string
		program       bool
	}{{"another program", "queue-feed", true}, {"a person with the program's name", "adt-feed", false}, {"nobody", "", true}} {
		recorded := false
		_, _, err := s.State(tt.subject, tt.program, []byte(aliceP1), func(facts.Act) error { recorded = true; return nil })
		if err == nil || recorded {
			t.Errorf("%s: err %v, recorded %v", tt.name, err, recorded)
		}
	}
	if truth, _ := about(s, alice, "p1", c); truth.Bites.Has(assigned) {
		t.Error("a refused body came into force")
	}
}

func TestL2_WhatIsNotRecordedDoesNotComeIntoForce(t *testing.T) {
	s, c := store(t)
	full := fmt.Errorf("disk full")
	if _, _, err := s.State("adt-feed", true, []byte(aliceP1), func(facts.Act) error { return full }); err == nil {
		t.Fatal("accepted")
	}
	if truth, _ := about(s, alice, "p1", c); truth.Bites.Has(assigned) {
		t.Error("it came into force")
	}
}

func TestFilesAreTakenWholeOrNotAtAll(t *testing.T) {
	s, c := store(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "adt.ndjson")
	globs := []string{filepath.Join(dir, "*.ndjson")}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, c.t, c.t); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(patient string) bool { truth, _ := about(s, alice, patient, c); return truth.Holds.Has(assigned) }

	write(wholeADT + aliceP1)
	if ps := s.ReadFiles(globs, true); len(ps) > 0 || !holds("p1") {
		t.Fatalf("first: %v", ps)
	}
	c.t = c.t.Add(time.Second)
	write(wholeADT + strings.Replace(aliceP1, "p1", "p2", 1) + `{"fact":"assigned-patent"}` + "\n")
	ps := s.ReadFiles(globs, true)
	if len(ps) == 0 || ps[0].Line != 3 || !strings.Contains(ps[0].Text, "assigned-patient") {
		t.Errorf("problems: %v", ps)
	}
	if !holds("p1") || holds("p2") {
		t.Error("a wrong line must refuse the file and keep the facts in force")
	}
	if st := s.Index().Sources(c.t)[0]; st.Broken == "" {
		t.Error("/readyz does not learn of it")
	}
	if ps := s.ReadFiles(globs, true); len(ps) > 0 {
		t.Errorf("the same version was reported twice: %v", ps)
	}
	c.t = c.t.Add(time.Second)
	write(strings.Replace(aliceP1, "p1", "p2", 1))
	if ps := s.ReadFiles(globs, true); len(ps) > 0 || holds("p1") || !holds("p2") {
		t.Errorf("repaired: %v p1 %v p2 %v", ps, holds("p1"), holds("p2"))
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s.ReadFiles(globs, true)
	if truth, _ := about(s, alice, "p2", c); truth.Holds.Has(assigned) || !truth.Bites.Has(assigned) {
		t.Error("a file that is gone permits nothing and keeps its restrictions")
	}
}

func TestAFileIsReadWhenItHasSettled(t *testing.T) {
	s, c := store(t)
	path := filepath.Join(t.TempDir(), "a.ndjson")
	if err := os.WriteFile(path, []byte(aliceP1[:len(aliceP1)-1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if ps := s.ReadFiles([]string{path}, false); len(ps) > 0 {
		t.Errorf("read at the first look: %v", ps)
	}
	if ps := s.ReadFiles([]string{path}, false); len(ps) != 1 || !strings.Contains(ps[0].Text, "no end") {
		t.Errorf("a last line without end: %v", ps)
	}
	if err := os.WriteFile(path, []byte(aliceP1), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ReadFiles([]string{path}, false)
	if ps := s.ReadFiles([]string{path}, false); len(ps) > 0 {
		t.Errorf("complete: %v", ps)
	}
	if truth, _ := about(s, alice, "p1", c); !truth.Bites.Has(assigned) {
		t.Error("not taken")
	}
}

func TestStrictLines(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"an unknown key, with the one that was meant", `{"fakt":"assigned-patient"}`, "nearest known one is fact"},
		{"a name twice", `{"fact":"assigned-patient","fact":"assigned-patient"}`, "twice"},
		{"two values", aliceP1[:len(aliceP1)-1] + `{}`, "not one JSON object"},
		{"not an object", `[]`, "not one JSON object"},
		{"an empty line", ``, "not one JSON object"},
		{"bad UTF-8", "{\"fact\":\"\xff\"}", "UTF-8"},
		{"a wrong type", `{"fact":["x"],"source":"adt"}`, "must be a string"},
		{"an unknown fact", strings.Replace(aliceP1, "assigned-patient", "assigned-patent", 1), "nearest one is assigned-patient"},
		{"a condition is not stated", strings.Replace(bobItem, "work-item", "dispense-item", 1), "is not a fact"},
		{"a built-in fact is not stated", strings.Replace(aliceP1, "assigned-patient", "found", 1), "is not a fact"},
		{"an unknown source", strings.Replace(aliceP1, `"adt"`, `"adr"`, 1), "nearest one is adt"},
		{"a source that may not state it", strings.Replace(aliceP1, `"adt"`, `"people"`, 1), "may not state this fact"},
		{"a who of no known form", strings.Replace(aliceP1, `"alice"`, `"role:Nurse!"`, 1), "must be a person"},
		{"a patient that is no reference", strings.Replace(aliceP1, "Patient/p1", "p1", 1), "must be Patient/ID"},
		{"a patient where none belongs", `{"fact":"during-shift","who":"bob","patient":"Patient/p1","source":"roster","recorded_by":"r"}`, "about the caller alone"},
		{"an object that is not declared", strings.Replace(aliceP1, `"source"`, `"object":"Encounter/e1","source"`, 1), "does not carry it"},
		{"an object that is missing", strings.Replace(bobItem, `"object":"Encounter/e9",`, "", 1), "is missing: the fact carries it"},
		{"an object that is no reference", strings.Replace(bobItem, "Encounter/e9", "e9", 1), "must be TYPE/ID"},
		{"a value that is not declared", strings.Replace(bobItem, `"kind"`, `"kid"`, 1), "nearest one is kind"},
		{"a value of another type", strings.Replace(bobItem, `"dispense"`, `7`, 1), "kind must be text"},
		{"a time that is a date", strings.Replace(aliceP1, `"source"`, `"from":"2026-11-23","source"`, 1), "RFC 3339"},
		{"nobody recorded it", strings.Replace(aliceP1, `,"recorded_by":"ward-clerk-7"`, "", 1), "recorded it"},
		{"a whole of tomorrow", `{"source":"adt","whole":"2026-11-24T12:00:00Z"}`, "in the future"},
		{"a whole with a fact", `{"source":"adt","whole":"2026-11-23T12:00:00Z","fact":"x"}`, "stands with source alone"},
		{"classes that are none", strings.Replace(releaseP1, "clinical.lab", "clinical.lob", 1), "not a class"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, ps := facts.CheckFile(vocabulary(), "f", strings.NewReader(aliceP1+strings.TrimSuffix(tt.line, "\n")+"\n"), noon)
			if len(ps) == 0 {
				t.Fatal("accepted")
			}
			if ps[0].Line != 2 || !strings.Contains(ps.Error(), tt.want) {
				t.Errorf("got %v, want line 2 and %q", ps, tt.want)
			}
			for _, secret := range []string{"alice", "p1\"", "e9"} {
				if strings.Contains(ps.Error(), secret) {
					t.Errorf("D14: the problem repeats %q", secret)
				}
			}
		})
	}
}

const releaseP1 = `{"fact":"release-request","who":"carol","patient":"Patient/p1","classes":["clinical.lab"],"marked":["sensitive.hiv"],"dates":{"from":"2026-01-01T00:00:00Z","until":"2026-06-01T00:00:00Z"},"source":"people","recorded_by":"desk"}` + "\n"

func TestWhatAFactCarries(t *testing.T) {
	s, c := store(t)
	state(t, s, "people-feed", releaseP1)
	_, in := about(s, &facts.Subject{Person: "carol"}, "p1", c)
	if len(in) != 1 {
		t.Fatalf("got %v", in)
	}
	i := in[0]
	if !i.HasClasses || !i.Classes.Has(3) || i.Classes.Has(4) || !i.HasMarked || i.Marked != 1 || !i.HasDates ||
		i.From.Month() != time.January || i.Until.Month() != time.June || i.HasObject {
		t.Errorf("got %+v", i)
	}
}

func TestRebindKeepsWhatTheNewPolicyKnows(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", wholeADT+aliceP1)
	state(t, s, "queue-feed", bobItem)
	next := vocabulary()
	next.Kinds[assigned], next.Kinds[shift] = next.Kinds[shift], next.Kinds[assigned] // other numbers
	next.Kinds[workItem].Object = false                                               // carries other things: what was stated does not fit
	ix := s.Rebind(next)
	if ix != s.Index() || ix.Vocabulary() != next {
		t.Fatal("not in force")
	}
	truth, _ := about(s, alice, "p1", c)
	if !truth.Holds.Has(shift) || truth.Holds.Has(assigned) {
		t.Errorf("got %+v", truth.Holds)
	}
	if truth, _ := about(s, bob, "p1", c); truth.Bites.Has(workItem) {
		t.Error("a statement that the new policy would refuse is in force")
	}
}

// TestAListSaysWhyAFactDoesNotHold: and agrees with what permits.
func TestAListSaysWhyAFactDoesNotHold(t *testing.T) {
	s, c := store(t)
	state(t, s, "adt-feed", strings.Join([]string{
		`{"fact":"assigned-patient","who":"ann","patient":"Patient/now","source":"adt","recorded_by":"x"}`,
		`{"fact":"assigned-patient","who":"ann","patient":"Patient/later","from":"2026-11-23T12:30:00Z","source":"adt","recorded_by":"x"}`,
		`{"fact":"assigned-patient","who":"ann","patient":"Patient/past","until":"2026-11-23T12:05:00Z","source":"adt","recorded_by":"x"}`,
	}, "\n"))
	for _, tt := range []struct {
		after  time.Duration
		unsure bool
		want   map[string]string
	}{
		{0, false, map[string]string{"now": "", "later": "begins at 2026-11-23T12:30:00Z", "past": ""}},
		{10 * time.Minute, false, map[string]string{"now": "", "later": "begins at 2026-11-23T12:30:00Z", "past": "ended at 2026-11-23T12:05:00Z"}},
		{50 * time.Minute, false, map[string]string{"now": "stale: learned 50 minutes ago, and adt counts for 15 minutes", "later": "stale: learned 50 minutes ago, and adt counts for 15 minutes", "past": "ended at 2026-11-23T12:05:00Z"}},
		{26*time.Hour + 5*time.Minute, false, map[string]string{"now": "stale: learned 1 day 2 hours 5 minutes ago, and adt counts for 15 minutes", "later": "stale: learned 1 day 2 hours 5 minutes ago, and adt counts for 15 minutes", "past": "ended at 2026-11-23T12:05:00Z"}},
		{0, true, map[string]string{"now": "the time is not trusted", "later": "the time is not trusted", "past": "the time is not trusted"}},
	} {
		at, n := noon.Add(tt.after), 0
		c.t = at
		s.Index().List(at, !tt.unsure, func(l facts.Listed) bool {
			n++
			var truth policy.Truth
			s.Index().Patient(&facts.Subject{Person: "ann"}, l.Patient, at, !tt.unsure, &truth, nil)
			if l.Why != tt.want[l.Patient] || l.Permits != (l.Why == "") || l.Permits != truth.Holds.Has(l.Fact) || l.Restricts != truth.Bites.Has(l.Fact) {
				t.Errorf("after %v: %s: %+v, want %q; holds %v, bites %v", tt.after, l.Patient, l, tt.want[l.Patient], truth.Holds.Has(l.Fact), truth.Bites.Has(l.Fact))
			}
			return true
		})
		if n != 3 {
			t.Errorf("after %v: %d facts listed, want 3", tt.after, n)
		}
	}
}
