package gate_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/ledger"
)

// hire adds people and programs who matter to few tests.
func (h *house) hire() {
	h.staff["ned"] = &caller.Caller{ID: "ned", Roles: []string{"biller"}} // not on shift
	h.staff["both"] = &caller.Caller{ID: "vic", Roles: []string{"vendor", "hosting"}}
	h.staff["claims"] = &caller.Caller{ID: "northgate-out", Subject: "northgate-out", Client: "claims-out", Program: true, Roles: []string{"clearing"}}
	h.staff["stranger"] = &caller.Caller{ID: "northgate-out", Subject: "northgate-out", Client: "other", Program: true, Roles: []string{"clearing"}}
	h.staff["delegate"] = &caller.Caller{ID: "alice", Roles: []string{"clinician"}, Actor: &caller.Delegation{ID: "scribe", Roles: []string{"clinician"}}}
}

func shownClasses(h *house, j *gate.Judgement) []string {
	var out []string
	for c := range j.Verdict.View.Shown().All {
		out = append(out, h.set.Catalog().Name(c))
	}
	slices.Sort(out)
	return out
}

func TestSection6_APartnersProgramSeesNoMoreThanItsCeiling(t *testing.T) {
	h := newHouse(t)
	h.hire()
	s := must(h.read("claims", "Patient/p1"))(t)
	j := h.judge(s, patient("p1"))[0]
	got := shownClasses(h, &j)
	if !j.There || !slices.Contains(got, "demographics.name") || slices.Contains(got, "demographics.birth-date") {
		t.Errorf("there %v, shows %v: the birth date is over the ceiling", j.There, got)
	}
	if _, err := h.show(s, patient("p1")); err != nil {
		t.Fatal(err)
	}
	d := h.book.of(s.ID())[0].(*ledger.Decision)
	if d.Request.Program != "claims-out" || d.Request.Partner != "northgate" || d.Flow != "disclosure" {
		t.Errorf("recorded program %s of %s, flow %s", d.Request.Program, d.Request.Partner, d.Flow)
	}
}

func TestSection6_AContractThatEndedHoldsNoMore(t *testing.T) {
	h := newHouse(t)
	h.hire()
	h.now = time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	_, err := h.read("claims", "Patient/p1")
	h.refused(err, problem.NotNow, "caller-facts")
}

func TestSection6_AProgramThatNobodyListedHoldsNoTask(t *testing.T) {
	h := newHouse(t)
	h.hire()
	if _, err := h.read("stranger", "Patient/p1"); err == nil {
		t.Error("admitted")
	}
}

func TestSection6_APersonOfAPartnerIsUnderItsCeiling(t *testing.T) {
	h := newHouse(t)
	h.hire()
	_, err := h.list("vic", "Condition", "p1") // the task sees problems, the ceiling does not
	h.refused(err, problem.NotForTask, "shows-nothing")
	if _, err := h.list("vic", "Observation", "p1"); err != nil {
		t.Errorf("what the ceiling leaves: %v", err)
	}
}

func TestSection6_RolesOfTwoPartnersCountForNeither(t *testing.T) {
	h := newHouse(t)
	h.hire()
	_, err := h.list("both", "Condition", "p1")
	h.refused(err, problem.NoRole, "no-role")
}

func (h *house) lookFor(who string, values map[string]string) (*gate.Session, error) {
	ask := &gate.Ask{Caller: h.staff[who], Type: h.typ("Patient")}
	for _, name := range []string{"family", "birthdate"} {
		if v, ok := values[name]; ok {
			ask.Criteria = append(ask.Criteria, gate.Criterion{Param: h.param("Patient", name), Values: []gate.Value{{Code: v}}})
		}
	}
	return h.searches.Open(h.t.Context(), ask)
}

var twoThings = map[string]string{"family": "Familyp7", "birthdate": "1950-02-03"}

func TestRule13_OneThingFindsNobody(t *testing.T) {
	h := newHouse(t)
	s, err := h.lookFor("dora", map[string]string{"family": "Familyp7"})
	if err == nil { // admitted as a search among those found, of whom there are none
		if ids, _ := h.show(s, patient("p7")); len(s.Find()) > 0 || len(ids) > 0 {
			t.Errorf("a look-up by one thing shows %v", ids)
		}
	}
}

func TestRule13_ALookUpShowsItsShowAndReadingWhatItFoundMakesFound(t *testing.T) {
	h := newHouse(t)
	if ids, err := h.show(must(h.read("dora", "Patient/p7"))(t), patient("p7")); err != nil || len(ids) > 0 {
		t.Fatalf("before the look-up: shown %v, %v", ids, err)
	}
	h.find(t)
	// Found, but not read yet: the records are not there.
	if ids, _ := h.show(must(h.list("dora", "Condition", "p7"))(t), condition("c1", "p7", "")); len(ids) > 0 {
		t.Errorf("shown %v before the patient was read", ids)
	}
	if ids, err := h.show(must(h.read("dora", "Patient/p7"))(t), patient("p7")); err != nil || len(ids) != 1 {
		t.Fatalf("after the look-up: shown %v, %v", ids, err)
	}
	if ids, _ := h.show(must(h.list("dora", "Condition", "p7"))(t), condition("c1", "p7", "")); len(ids) != 1 {
		t.Errorf("found, and %v shown", ids)
	}
	s := must(h.list("dora", "Condition"))(t)
	if got := s.Scope().Patients; !slices.Equal(got, []string{"p7"}) {
		t.Errorf("scope %v, want the one found", got)
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
	h.now = noon.Add(31 * time.Minute)
	if ids, _ := h.show(must(h.list("dora", "Condition", "p7"))(t), condition("c1", "p7", "")); len(ids) > 0 {
		t.Errorf("found for longer than find.for: %v", ids)
	}
}

// find looks p7 up at the desk, and checks what that shows.
func (h *house) find(t *testing.T) {
	t.Helper()
	s := must(h.lookFor("dora", twoThings))(t)
	if !s.Scope().Everyone || len(s.Find()) != 1 {
		t.Fatalf("scope %+v, finds %d", s.Scope(), len(s.Find()))
	}
	j := h.judge(s, patient("p7"))[0]
	if got := shownClasses(h, &j); !slices.Equal(got, []string{"demographics.name"}) {
		t.Errorf("a look-up shows %v", got)
	}
	if ids, err := h.show(s, patient("p7")); err != nil || len(ids) != 1 {
		t.Fatalf("shown %v, %v", ids, err)
	}
}

func TestRule17_PatientsAreCountedOnceOverWhatWasShown(t *testing.T) {
	h := newHouse(t)
	bill := func(id, patient, visit string) error {
		s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition"), Patients: []string{patient}})
		if err != nil {
			return err
		}
		_, err = h.show(s, condition(id, patient, visit))
		return err
	}
	for i, step := range []struct {
		patient, visit string
		want           error
	}{{"p1", "e1", nil}, {"p1", "e1", nil}, {"p2", "e2", nil}, {"p3", "e3", problem.Limit}} {
		if err := bill("c1", step.patient, step.visit); !errors.Is(err, step.want) {
			t.Errorf("step %d: %v, want %v", i, err, step.want)
		}
	}
}

func TestRule17_RequestsArePassedOncePerUnit(t *testing.T) {
	h := newHouse(t)
	bill := func() error {
		s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition"), Patients: []string{"p1"}})
		if err == nil {
			s.Close(t.Context(), gate.Outcome{Status: 200})
		}
		return err
	}
	for i := range 4 {
		if err := bill(); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	h.refused(bill(), problem.Limit, "limit-requests")
	h.now = h.now.Add(time.Hour)
	h.feed(feeds)
	if err := bill(); err != nil {
		t.Errorf("in the next hour: %v", err)
	}
}

// Two tasks of one purpose speak together. What they use up is used up for each.
func TestRule17_AskingByPurposeIsNoFreshAllowance(t *testing.T) {
	h := newHouse(t)
	ask := func(task, purpose string) error {
		s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: task, Purpose: purpose, Type: h.typ("Patient"), Patients: []string{"p1"}})
		if err == nil {
			s.Close(t.Context(), gate.Outcome{Status: 200})
		}
		return err
	}
	for i := range 4 {
		if err := ask("bill", ""); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	h.refused(ask("", "HPAYMT"), problem.Limit, "limit-requests")
	if err := ask("audit-bill", ""); err != nil {
		t.Errorf("a task without a limit: %v", err)
	}
}

func TestProofs_AReferenceIsKeptWhereItsTargetWasShownAShortWhileAgo(t *testing.T) {
	h := newHouse(t)
	visible := func() bool {
		s := must(h.read("alice", "Condition/c1"))(t)
		defer s.Close(t.Context(), gate.Outcome{Status: 200})
		j := h.judge(s, condition("c1", "p1", "e1"))[0]
		sh := s.Shape(&j, nil)
		return sh.Visible(h.typ("Encounter"), []byte("e1"))
	}
	if visible() {
		t.Error("visible before it was shown")
	}
	if ids, err := h.show(must(h.read("alice", "Encounter/e1"))(t), encounter("e1", "p1")); err != nil || len(ids) != 1 {
		t.Fatalf("shown %v, %v", ids, err)
	}
	if !visible() {
		t.Error("not visible after it was shown")
	}
	h.staff["alice"] = &caller.Caller{ID: "someone-else", Roles: []string{"clinician"}}
	if visible() {
		t.Error("visible to somebody else")
	}
	h.staff["alice"] = &caller.Caller{ID: "alice", Roles: []string{"clinician"}}
	h.now = noon.Add(6 * time.Minute)
	if visible() {
		t.Error("visible after the proof ended")
	}
}

func TestProofs_ADrugShowsByARecordThatNamesIt(t *testing.T) {
	h := newHouse(t)
	const drug = `{"resourceType":"Medication","id":"m1","code":{"text":"Drug"}}`
	if ids, _ := h.show(must(h.read("alice", "Medication/m1"))(t), drug); len(ids) > 0 {
		t.Errorf("shown %v without proof", ids)
	}
	order := `{"resourceType":"MedicationRequest","id":"r1","status":"active","intent":"order","medicationReference":{"reference":"Medication/m1"},"subject":{"reference":"Patient/p1"}}`
	if ids, err := h.show(must(h.read("alice", "MedicationRequest/r1"))(t), order); err != nil || len(ids) != 1 {
		t.Fatalf("the order: %v, %v", ids, err)
	}
	if ids, _ := h.show(must(h.read("alice", "Medication/m1"))(t), drug); len(ids) != 1 {
		t.Error("the drug of a visible order is not there")
	}
}

func TestShape_PseudonymsDifferByClassAndTask(t *testing.T) {
	h := newHouse(t)
	s := must(h.read("alice", "Patient/p1"))(t)
	j := h.judge(s, patient("p1"))[0]
	sh := s.Shape(&j, nil)
	name, _ := h.set.Catalog().Class("demographics.name")
	birth, _ := h.set.Catalog().Class("demographics.birth-date")
	one := string(sh.Token(nil, name, []byte("x")))
	if len(one) != 20 || one != string(sh.Token(nil, name, []byte("x"))) {
		t.Errorf("pseudonym %q", one)
	}
	if one == string(sh.Token(nil, birth, []byte("x"))) || one == string(sh.Token(nil, name, []byte("y"))) {
		t.Error("pseudonyms repeat")
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
}

func TestProofs_WhatWasNotRecordedWasNotShownAndProvesNothing(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("alice", "Encounter"))(t)
	js := h.judge(s, encounter("e1", "p1"))
	if err := s.Commit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	h.book.mu.Lock()
	h.book.fail = errors.New("disk full")
	h.book.mu.Unlock()
	if err := s.Commit(t.Context(), js); err == nil {
		t.Fatal("opened without a record")
	}
	h.book.mu.Lock()
	h.book.fail = nil
	h.book.mu.Unlock()
	s.Close(t.Context(), gate.Outcome{Status: 503})
	s = must(h.read("alice", "Condition/c1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	j := h.judge(s, condition("c1", "p1", "e1"))[0]
	if s.Shape(&j, nil).Visible(h.typ("Encounter"), []byte("e1")) {
		t.Error("a record that never left proves a reference")
	}
}
