package gate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/ledger"
)

// restart makes a new gate that knows what the record says and nothing else.
func (h *house) restart() {
	h.t.Helper()
	h.gate.Wait()
	h.start()
	since, tasks := h.gate.Remembers(h.set)
	r := h.gate.Recount(h.set)
	wanted := map[string]bool{}
	for _, e := range copied(h.t, h.book.all()) {
		if d, ok := e.(*ledger.Decision); ok {
			wanted[d.ID] = slices.ContainsFunc(strings.Fields(d.Task), func(t string) bool { return slices.Contains(tasks, t) })
		}
		if head := e.Header(); head.At >= since.UnixMicro() && wanted[head.ID] {
			if err := r.Add(e); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	r.Done()
}

func (h *house) bill(patient, visit string) error {
	s, err := h.searches.Open(h.t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition"), Patients: []string{patient}})
	if err != nil {
		return err
	}
	_, err = h.show(s, condition("c1", patient, visit))
	return err
}

func TestRule17_ARestartIsNoFreshAllowance(t *testing.T) {
	h := newHouse(t)
	for _, step := range []struct{ patient, visit string }{{"p1", "e1"}, {"p2", "e2"}} {
		if err := h.bill(step.patient, step.visit); err != nil {
			t.Fatal(err)
		}
	}
	h.restart()
	if err := h.bill("p3", "e3"); !errors.Is(err, problem.Limit) {
		t.Errorf("a third patient of two a day: %v", err)
	}
	if err := h.bill("p1", "e1"); err != nil { // the fourth request of four an hour
		t.Errorf("a patient who was counted: %v", err)
	}
	h.restart()
	h.refused(h.bill("p1", "e1"), problem.Limit, "limit-requests")
	h.now = h.now.Add(24 * time.Hour)
	h.feed(feeds)
	h.restart()
	if err := h.bill("p1", "e1"); err != nil && errors.Is(err, problem.Limit) {
		t.Errorf("the next day: %v", err)
	}
}

// An answer whose outcome was never written may have reached the client.
func TestRule17_WhatEndedWithoutAnOutcomeCountsAsShown(t *testing.T) {
	h := newHouse(t)
	for _, p := range []string{"p1", "p2"} {
		s := must(h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition"), Patients: []string{p}}))(t)
		if err := s.Commit(t.Context(), nil); err != nil { // the process dies here
			t.Fatal(err)
		}
	}
	h.restart()
	if err := h.bill("p3", "e3"); !errors.Is(err, problem.Limit) {
		t.Errorf("a third patient of two a day: %v", err)
	}
}

func TestRule17_WhatWasWithheldIsNotCounted(t *testing.T) {
	h := newHouse(t)
	for _, p := range []string{"p1", "p2"} {
		if err := h.bill(p, "e9"); err != nil {
			t.Fatal(err)
		}
	}
	h.restart()
	if err := h.bill("p3", "e3"); err != nil {
		t.Errorf("the first patient of whom something shows: %v", err)
	}
}

func TestRule13_LookUpsAndWhoWasFoundOutliveARestart(t *testing.T) {
	h := newHouse(t)
	h.find(t)
	h.restart()
	if ids, err := h.show(must(h.read("dora", "Patient/p7"))(t), patient("p7")); err != nil || len(ids) != 1 {
		t.Fatalf("the patient looked up before: %v, %v", ids, err)
	}
	h.restart()
	if ids, _ := h.show(must(h.list("dora", "Condition", "p7"))(t), condition("c1", "p7", "")); len(ids) != 1 {
		t.Error("the patient found before is not found any more")
	}
	if ids, _ := h.show(must(h.list("dora", "Condition", "p8"))(t), condition("c1", "p8", "")); len(ids) > 0 {
		t.Errorf("somebody else is found: %v", ids)
	}
	// The record holds no id, so an open search waits until the patient is read again.
	s := must(h.list("dora", "Condition"))(t)
	if got := s.Scope().Patients; len(got) > 0 {
		t.Errorf("scope %v", got)
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
	h.now = noon.Add(31 * time.Minute)
	h.restart()
	if ids, _ := h.show(must(h.list("dora", "Condition", "p7"))(t), condition("c1", "p7", "")); len(ids) > 0 {
		t.Errorf("found for longer than find.for: %v", ids)
	}
}
