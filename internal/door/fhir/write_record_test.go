package fhir_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/internal/gate"
	"modicum/ledger"
)

// decisions are the entries of the book by decision, in order.
func (b *book) decisions() map[string][]ledger.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string][]ledger.Entry{}
	for _, e := range b.entries {
		id := e.Header().ID
		out[id] = append(out[id], e)
	}
	return out
}

// Every decision about a write is derived again from its record: a new patient, a record
// of somebody, a change, what was refused, what was not there.
func TestL2_DecisionsAboutWritesAreDerivedAgain(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	c.post(t, "dora", "Patient", `{"resourceType":"Patient","name":[{"family":"New"}]}`).id(t)
	c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/e1"},`)).id(t)
	c.post(t, "nina", "Observation", vital("p9", ""))
	c.post(t, "nina", "Observation", vital("p1", `"vendor":1,`))
	c.post(t, "nina", "Condition", strings.Replace(condition("x", "p1", "J45.0"), `"id":"x",`, "", 1), "If-None-Exist", "patient=p1&code=J45.0")
	c.post(t, "rita", "Observation", vital("p1", ""))
	c.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
	c.edit(t, "rita", "Patient/p1", swap(t, "1940", "1941"))
	c.put(t, "nina", "Condition/c2", condition("c2", "p1", "J45.0"), "If-Match", `W/"x"`)
	c.put(t, "nina", "Patient/p4", patient("p4", "x", "1940"), "If-Match", `W/"x"`)
	c.gate.Wait()
	kinds := map[string]int{}
	for id, entries := range c.book.decisions() {
		d, ok := entries[0].(*ledger.Decision)
		if !ok {
			t.Fatalf("%s begins with %T", id, entries[0])
		}
		r, err := gate.Replay(c.set.Load(), entries)
		if err != nil {
			t.Errorf("%s %s: %v", d.Interaction, d.Effect, err)
			continue
		}
		if len(r.Differences) > 0 {
			t.Errorf("%s %s: %v", d.Interaction, d.Effect, r.Differences)
		}
		kinds[d.Interaction]++
	}
	for _, want := range []string{"create", "update", "read", "search-type"} {
		if kinds[want] == 0 {
			t.Errorf("no decision about %s: %v", want, kinds)
		}
	}
}

// A door that only observes lets every read through, and no write that enforcing would
// refuse: what was written cannot be taken back.
func TestWritesAreEnforcedWhereADoorObserves(t *testing.T) {
	a := newArchive(t)
	chart(a)
	observed := writing(t, a, nil)
	observed.observe["fhir"] = gate.Observed{}
	if r := observed.get(t, "nina", "/Condition/c2"); r.status != 200 {
		t.Fatalf("it does not observe: %d %s", r.status, r.body)
	}
	a.writes()
	a.refused(t, observed.post(t, "nina", "Observation", vital("p9", "")), 404, "not-found")
	a.refused(t, observed.post(t, "nina", "Observation", vital("p1", `"text":{"status":"generated","div":"<div/>"},`)), 403, "not-writable", "Observation.text")
	a.refused(t, observed.post(t, "rita", "Observation", vital("p1", "")), 403, "not-for-task")
	before := a.kept("Condition/c2")
	_, put := observed.edit(t, "nina", "Condition/c2", swap(t, `"B20"`, `"J45.0"`))
	if put.status < 400 || a.kept("Condition/c2") != before {
		t.Errorf("%d %s", put.status, put.body)
	}
	read, put := observed.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
	if put.status != 200 || !strings.Contains(read.body, "555-p1") {
		t.Errorf("%d %s of %s", put.status, put.body, read.body)
	}
	_, put = observed.edit(t, "nina", "Patient/p1", swap(t, "555-p1", "556-p1"))
	if put.status != 403 || !slices.Contains([]string{"not-writable"}, first(put.problem(t))) {
		t.Errorf("%d %s", put.status, put.body)
	}
}

func first[A, B any](a A, _ B) A { return a }
