package gate_test

import (
	"errors"
	"strings"
	"testing"

	"modicum/internal/gate"
	"modicum/internal/problem"
)

// restricted are restrictions of patients who asked that some of their record be kept
// from the clinician: by dates, and by the claim that it belongs to.
const restricted = `
-- restrictions.yaml --
restrictions:
  kept-back: {title: Kept back, cite: 45 CFR 164.522(a), hide: everything, of: kept-back, say: No.}
  unbilled: {title: Unbilled, cite: 45 CFR 164.522(a), hide: everything, of: unbilled, say: No.}
`

// What restricts takes in what may lie there: only what lies outside for sure is let
// go (threat-model D6, policy-language rule 7).
func TestRule7_ARestrictionTakesInWhatMayLieThere(t *testing.T) {
	dated := func(date string) string {
		return strings.Replace(condition("c1", "p1", "e1"), `"2026-11-01"`, `"`+date+`"`, 1)
	}
	undated := strings.Replace(condition("c1", "p1", "e1"), `,"recordedDate":"2026-11-01"`, "", 1)
	const people = `{"source":"people","whole":"2026-11-23T11:59:00Z"}` + "\n"
	days := people + `{"fact":"kept-back","who":"*","patient":"Patient/p1","dates":{"from":"2026-10-01T00:00:00Z","until":"2026-11-01T00:00:00Z"},"source":"people","recorded_by":"desk"}` + "\n"
	claim := func(id string) string {
		return people + `{"fact":"unbilled","who":"*","patient":"Patient/p1","object":"Claim/` + id + `","source":"people","recorded_by":"desk"}` + "\n"
	}
	for _, tt := range []struct {
		name, people, record string
		there                bool
	}{
		{"nobody asked for anything", people, undated, true},
		{"within the days", days, dated("2026-10-12"), false},
		{"the first day after", days, dated("2026-11-01"), true},
		{"the last day before", days, dated("2026-09-30"), true},
		{"a year that holds the days", days, dated("2026"), false},
		{"no date at all", days, undated, false},
		{"the visit of the claim", claim("k1"), condition("c1", "p1", "e1"), false},
		{"another visit", claim("k1"), condition("c1", "p1", "e2"), true},
		{"a claim that is no longer there", claim("gone"), condition("c1", "p1", "e2"), false},
	} {
		h := newHouse(t, restricted)
		h.shelf.bodies["Claim/k1"] = `{"resourceType":"Claim","id":"k1","status":"active","patient":{"reference":"Patient/p1"},"item":[{"sequence":1,"encounter":[{"reference":"Encounter/e1"}]}]}`
		h.feed(map[string]string{"people": tt.people})
		s := must(h.list("alice", "Condition", "p1"))(t)
		if got := h.judge(s, tt.record)[0].There; got != tt.there {
			t.Errorf("%s: there is %v, want %v", tt.name, got, tt.there)
		}
		s.Close(t.Context(), gate.Outcome{Status: 200})
		h.gate.Wait()
	}
}

// A task that speaks counts for its limit, whether or not a line of it may count: one
// more fact must not refuse what was allowed without it (rules 4 and 17).
func TestRule17_ATaskThatSpeaksCountsBeforeItsFactsHold(t *testing.T) {
	h := newHouse(t, `
-- roles/biller.yaml --
role: biller
title: Biller
owner: boss
review: 12 months
say: Bills.
tasks:
  bill:
    title: Bill
    purpose: payment
    do: [read, search]
    while: [assigned]
    see: {keep: [demographics.name]}
  recheck:
    title: Recheck
    purpose: payment
    do: [read, search]
    while: [assigned, shift]
    see: {keep: [demographics.name]}
    limits: {requests: 2 per hour}
`)
	h.feed(map[string]string{"roster": `{"source":"roster","whole":"2026-11-23T11:59:00Z"}` + "\n"}) // nobody is on shift
	ask := func() error {
		s, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Purpose: "HPAYMT", Type: h.typ("Patient"), Patients: []string{"p1"}})
		if err == nil {
			s.Close(t.Context(), gate.Outcome{Status: 200})
		}
		return err
	}
	for i := range 2 {
		if err := ask(); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if err := ask(); !errors.Is(err, problem.Limit) {
		t.Errorf("a third request of two an hour, off shift: %v", err)
	}
}
