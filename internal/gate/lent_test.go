package gate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/ledger"
)

// loans is what is lent in these tests, by person.
type loans struct{ of map[string][]gate.Loan }

func (l *loans) Of(person string, now time.Time, trusted bool) []gate.Loan {
	return slices.DeleteFunc(slices.Clone(l.of[person]), func(l gate.Loan) bool {
		return !trusted && l.Kind != gate.LentGlass || !now.Before(l.Until)
	})
}

// lending has a role with each way in which something is lent.
const lending = `
-- roles/ward.yaml --
role: ward
title: Ward
owner: boss
review: 12 months
say: The chart of your patients.
tasks:
  care:
    title: Care for a patient
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [clinical.problem], ask: [demographics.birth-date]}
    break-glass: {for: 2 hours, review: 72 hours}
  cover:
    title: Cover for a colleague
    purpose: treatment
    do: [read, search]
    while: [shift]
    see: {keep: [clinical.problem]}
    lend: {for: 12 hours, approve: [boss]}
    justify: Who covers needs the chart of one patient.
never: [clinical.note.psychotherapy]
`

func lendingHouse(t *testing.T) *house {
	t.Helper()
	org, _, _ := strings.Cut(organization, "-- conditions.yaml --")
	h := newHouse(t, org+`ask: {for: 15 minutes}
break-glass: {for: 4 hours, patients: 5 per day, review: 72 hours}
exceptions: {for: 8 hours, patients: 1, approve: [boss]}
`+lending)
	h.feed(map[string]string{"roster": `{"source":"roster","whole":"2026-11-23T11:59:00Z"}
{"fact":"shift","who":"wanda","source":"roster","recorded_by":"roster"}
`, "adt": `{"source":"adt","whole":"2026-11-23T11:59:00Z"}
{"fact":"assigned","who":"wanda","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
`, "people": `{"source":"people","whole":"2026-11-23T11:59:00Z"}
{"fact":"is-patient","who":"wanda","patient":"Patient/p4","source":"people","recorded_by":"hr"}
`})
	h.staff["wanda"] = &caller.Caller{ID: "wanda", Roles: []string{"ward"}}
	return h
}

func (h *house) lends(l ...gate.Loan) {
	for i := range l {
		if l[i].Until.IsZero() {
			l[i].Until = h.now.Add(time.Hour)
		}
	}
	h.lent.of = map[string][]gate.Loan{"wanda": l}
}

// sees opens a request for a record by task, shows it, checks that the record can be
// derived again to the bit, and returns the decision and whether the record was there.
func (h *house) sees(task, purpose, ref, body string, patients ...string) (*ledger.Decision, bool) {
	h.t.Helper()
	typ, id, _ := strings.Cut(ref, "/")
	s, err := h.reads.Open(h.t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: task, Purpose: purpose, Type: h.typ(typ), ID: id, Patients: patients})
	if err != nil {
		var refused *gate.Refusal
		if !errors.As(err, &refused) {
			h.t.Fatal(err)
		}
		return nil, false
	}
	ids, err := h.show(s, body)
	if err != nil {
		h.t.Fatal(err)
	}
	if r := h.replay(s.ID()); len(r.Differences) > 0 {
		h.t.Errorf("explain differs: %v", r.Differences)
	}
	return h.book.of(s.ID())[0].(*ledger.Decision), len(ids) == 1
}

func (h *house) class(name string) catalog.ClassSet {
	c, ok := h.set.Catalog().Class(name)
	if !ok {
		h.t.Fatalf("no class %s", name)
	}
	return catalog.ClassSet{}.With(c)
}

func TestRule14_ALentLineCountsForItsPatientsUntilItsEnd(t *testing.T) {
	h := lendingHouse(t)
	if _, there := h.sees("cover", "", "Condition/c2", condition("c2", "p2", "")); there {
		t.Fatal("there without a grant")
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentLine, Task: "ward/cover", Patients: []string{"p2"}})
	d, there := h.sees("cover", "", "Condition/c2", condition("c2", "p2", ""))
	if !there || d.Grant != "g1" {
		t.Errorf("lent: there %t, grant %q", there, d.Grant)
	}
	if _, there := h.sees("cover", "", "Condition/c3", condition("c3", "p3", "")); there {
		t.Error("another patient is there")
	}
	if _, there := h.sees("cover", "", "Condition/c4", condition("c4", "p4", "")); there {
		t.Error("a restriction does not bite")
	}
	s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: "cover", Type: h.typ("Condition")})
	if err != nil || !slices.Equal(s.Scope().Patients, []string{"p2"}) {
		t.Errorf("scope %+v, %v", s.Scope(), err)
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
	h.now = h.now.Add(time.Hour)
	if _, there := h.sees("cover", "", "Condition/c2", condition("c2", "p2", "")); there {
		t.Error("there after the end")
	}
}

func TestRule14_AnExceptionIsOneMoreLineAndTwoAreNotJoined(t *testing.T) {
	h := lendingHouse(t)
	lab := `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"Patient/p1"}}`
	hiv := strings.Replace(lab, `"status"`, `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"status"`, 1)
	if _, there := h.sees("care", "", "Observation/o1", lab); there {
		t.Fatal("there without a grant")
	}
	one := gate.Loan{Grant: "g1", Kind: gate.LentException, Task: "ward/care", Patients: []string{"p1"}, Classes: h.class("clinical.lab")}
	h.lends(one)
	d, there := h.sees("care", "", "Observation/o1", lab)
	if !there || d.Grant != "g1" || !d.Request.Exception || !slices.Contains(d.Request.Lent, "clinical.lab") {
		t.Errorf("lent: there %t, %+v", there, d)
	}
	if _, there := h.sees("care", "", "Observation/o1", hiv); there {
		t.Error("a class lifts a marking")
	}
	hivClass, _ := h.set.Catalog().Class("sensitive.hiv")
	over, _ := h.set.Catalog().OverlayOf(hivClass)
	two := gate.Loan{Grant: "g2", Kind: gate.LentException, Task: "ward/care", Patients: []string{"p1"}, Overlays: catalog.OverlaySet(0).With(over)}
	h.lends(one, two)
	if _, there := h.sees("care", "", "Observation/o1", hiv); there {
		t.Error("a class of one grant shows under the marking of another")
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentException, Task: "ward/cover", Patients: []string{"p1"}, Classes: h.class("clinical.lab")})
	if _, there := h.sees("care", "", "Observation/o1", lab); there {
		t.Error("the exception of another task counts")
	}
}

func TestRule14_AValueShowsOnItsRecordAlone(t *testing.T) {
	h := lendingHouse(t)
	birth := func(id, patient string) string {
		h.t.Helper()
		s, err := h.reads.Open(t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: "care", Type: h.typ("Patient"), ID: id, Patients: []string{id}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context(), gate.Outcome{Status: 200})
		j := h.judge(s, patient)[0]
		c, _ := h.set.Catalog().Class("demographics.birth-date")
		return j.Verdict.View.Of(c).String()
	}
	if got := birth("p1", patient("p1")); got != "mask" {
		t.Fatalf("before asking: %s", got)
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentValue, Task: "ward/care", Record: "Patient/p1", Classes: h.class("demographics.birth-date")})
	if got := birth("p1", patient("p1")); got != "keep" {
		t.Errorf("asked for: %s", got)
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentValue, Task: "ward/care", Record: "Patient/p2", Classes: h.class("demographics.birth-date")})
	if got := birth("p1", patient("p1")); got != "mask" {
		t.Errorf("another record was asked for: %s", got)
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentValue, Task: "ward/cover", Record: "Patient/p1", Classes: h.class("demographics.birth-date")})
	if got := birth("p1", patient("p1")); got != "mask" {
		t.Errorf("asked for another task: %s", got)
	}
}

func TestG5_ABrokenGlassShowsItsPatientAndNeverTheAbsolute(t *testing.T) {
	h := lendingHouse(t)
	if _, there := h.sees("care", "ETREAT", "Condition/c2", condition("c2", "p2", "")); there {
		t.Fatal("the purpose alone opens")
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentGlass, Task: "ward/care", Patients: []string{"p2", "p4"}, Purpose: "BTG"})
	for _, purpose := range []string{"", "ETREAT", "BTG"} { // the same request, and one that says so
		d, there := h.sees("care", purpose, "Condition/c2", condition("c2", "p2", ""))
		if !there || d.Grant != "g1" || !d.Request.Glass || purpose == "" && d.PurposeCode != "BTG" {
			t.Errorf("purpose %q: there %t, %+v", purpose, there, d)
		}
	}
	if d, there := h.sees("care", "TREAT", "Condition/c2", condition("c2", "p2", "")); there || d.Request.Glass {
		t.Error("a request that says it is no emergency is one")
	}
	if _, there := h.sees("care", "", "Condition/c3", condition("c3", "p3", "")); there {
		t.Error("another patient is there")
	}
	if d, there := h.sees("care", "", "Condition/c3", condition("c3", "p3", ""), "p3"); there || d.Request.Glass {
		t.Error("another patient is there, named")
	}
	if _, there := h.sees("care", "", "Condition/c4", condition("c4", "p4", "")); there {
		t.Error("a restriction that names no glass yields")
	}
	if _, there := h.sees("cover", "", "Condition/c2", condition("c2", "p2", "")); there {
		t.Error("the glass of one task opens another")
	}
	s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: "care", Purpose: "ETREAT", Type: h.typ("Condition")})
	if err != nil {
		t.Fatal(err)
	}
	if ids, _ := h.show(s, condition("c2", "p2", "")); len(ids) > 0 {
		t.Error("a request that names nobody opens it")
	}
}

func TestG8_AProgramIsLentNothing(t *testing.T) {
	h := lendingHouse(t)
	h.staff["wanda"] = &caller.Caller{ID: "wanda", Roles: []string{"ward"}, Program: true}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentLine, Task: "ward/cover", Patients: []string{"p2"}})
	if _, there := h.sees("cover", "", "Condition/c2", condition("c2", "p2", "")); there {
		t.Error("there")
	}
}

func TestG3_WhatWasShownUnderAGrantProvesNothingAfterIt(t *testing.T) {
	h := lendingHouse(t)
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentException, Task: "ward/care", Patients: []string{"p1"}, Classes: h.class("clinical.medication")})
	order := `{"resourceType":"MedicationRequest","id":"r1","status":"active","intent":"order","medicationReference":{"reference":"Medication/m1"},"subject":{"reference":"Patient/p1"}}`
	const drug = `{"resourceType":"Medication","id":"m1","code":{"text":"Drug"}}`
	if _, there := h.sees("care", "", "MedicationRequest/r1", order); !there {
		t.Fatal("the order is not there")
	}
	if _, there := h.sees("care", "", "Medication/m1", drug); !there {
		t.Error("the drug of a visible order is not there")
	}
	h.lends()
	if _, there := h.sees("care", "", "Medication/m1", drug); there {
		t.Error("the drug is there after the grant")
	}
}

func TestG3_AReferenceToWhatWasShownUnderAGrantIsLeftOutAfterIt(t *testing.T) {
	h := lendingHouse(t)
	visible := func() bool {
		s, err := h.reads.Open(t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: "care", Type: h.typ("Condition"), ID: "c1"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context(), gate.Outcome{Status: 200})
		j := h.judge(s, condition("c1", "p1", "e1"))[0]
		return s.Shape(&j, nil).Visible(h.typ("Encounter"), []byte("e1"))
	}
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentException, Task: "ward/care", Patients: []string{"p1"}, Classes: h.class("admin.encounter")})
	if _, there := h.sees("care", "", "Encounter/e1", encounter("e1", "p1")); !there || !visible() {
		t.Fatal("the visit is not there while it is lent")
	}
	h.lends()
	if visible() {
		t.Error("a reference tells of the visit after the grant")
	}
}

func TestG3_AnAnswerUnderWayEndsWithItsGrant(t *testing.T) {
	h := lendingHouse(t)
	h.lends(gate.Loan{Grant: "g1", Kind: gate.LentLine, Task: "ward/cover", Patients: []string{"p2"}})
	s, err := h.reads.Open(t.Context(), &gate.Ask{Caller: h.staff["wanda"], Task: "cover", Type: h.typ("Condition"), ID: "c2"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	if err := s.Renew(); err != nil {
		t.Fatalf("lent still: %v", err)
	}
	ctx, stop := s.Watch(t.Context(), nil)
	defer stop()
	h.ends.Grant("g1")
	if !ended(ctx) {
		t.Error("it goes on")
	}
	h.lends(gate.Loan{Grant: "g2", Kind: gate.LentLine, Task: "ward/cover", Patients: []string{"p2"}})
	if err := s.Renew(); !errors.Is(err, gate.ErrEnded) {
		t.Errorf("what was lent meanwhile stands in for it: %v", err)
	}
}

// A glass that is broken for one patient takes nothing away of others: a record that is
// read by its id, without naming task or patient, shows by every task that it shows by.
func TestRule14_ABrokenGlassTakesNothingAwayOfOtherRecords(t *testing.T) {
	h := lendingHouse(t)
	h.lends(
		gate.Loan{Grant: "g1", Kind: gate.LentLine, Task: "ward/cover", Patients: []string{"p2"}},
		gate.Loan{Grant: "g2", Kind: gate.LentGlass, Task: "ward/care", Patients: []string{"p3"}, Purpose: "ETREAT"},
	)
	if _, there := h.sees("", "", "Condition/c2", condition("c2", "p2", "")); !there {
		t.Error("what another task shows is gone")
	}
	d, there := h.sees("", "", "Condition/c3", condition("c3", "p3", ""))
	if !there || !d.Request.Glass {
		t.Errorf("the patient of the glass: there %t, %+v", there, d)
	}
	if d, there := h.sees("care", "", "Condition/c3", condition("c3", "p3", "")); !there || d.PurposeCode != "ETREAT" {
		t.Errorf("by its task: there %t, %+v", there, d)
	}
}

// What shows by a loan is on record with it: of a request that names a patient, the loans
// for others do not count, as they are not recorded.
func TestL1_WhatIsLentForAnotherPatientThanTheNamedDoesNotCount(t *testing.T) {
	problem := strings.Replace(condition("c2", "p2", ""), `"subject"`, `"asserter":{"reference":"Patient/p3"},"subject"`, 1)
	lab := `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p3"}]}`
	for name, tt := range map[string]struct {
		loan                     gate.Loan
		task, purpose, ref, body string
		named                    string
	}{
		"a line":       {gate.Loan{Kind: gate.LentLine, Task: "ward/cover"}, "cover", "", "Condition/c2", problem, "p2"},
		"a glass":      {gate.Loan{Kind: gate.LentGlass, Task: "ward/care", Purpose: "ETREAT"}, "care", "ETREAT", "Condition/c2", problem, "p2"},
		"an exception": {gate.Loan{Kind: gate.LentException, Task: "ward/care"}, "care", "", "Observation/o1", lab, "p1"},
	} {
		t.Run(name, func(t *testing.T) {
			h := lendingHouse(t)
			if tt.loan.Kind == gate.LentException { // one more line, for those who are assigned
				tt.loan.Classes = h.class("clinical.lab")
				h.feed(map[string]string{"adt": `{"source":"adt","whole":"2026-11-23T11:59:00Z"}
{"fact":"assigned","who":"wanda","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"wanda","patient":"Patient/p3","source":"adt","recorded_by":"ward"}
`})
			}
			one, other := tt.loan, tt.loan
			one.Grant, one.Patients, other.Grant, other.Patients = "g2", []string{tt.named}, "g3", []string{"p3"}
			h.lends(one, other)
			if d, there := h.sees(tt.task, tt.purpose, tt.ref, tt.body); !there || d.Grant != "g2 g3" {
				t.Errorf("who names nobody: there %t, %+v", there, d)
			}
			if d, there := h.sees(tt.task, tt.purpose, tt.ref, tt.body, tt.named); there {
				t.Errorf("it shows by a loan that is not recorded: %q", d.Grant)
			}
		})
	}
}
