package facts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/facts"
	"modicum/policy"
)

// told are records that state a fact each, with members that no fact is made of.
var told = map[string]string{
	"CareTeam/c1":    `{"resourceType":"CareTeam","id":"c1","status":"active","name":"x","category":[{"text":"x"}],"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},"period":{"start":"2026-11-01"},"participant":[{"member":{"reference":"Practitioner/dr1"}}],"note":[{"text":"x"}]}`,
	"Encounter/e1":   `{"resourceType":"Encounter","id":"e1","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/p1"},"participant":[{"individual":{"reference":"Practitioner/dr5"}}],"period":{"start":"2026-11-20"},"reasonCode":[{"text":"x"}],"location":[{"location":{"reference":"Location/l1"}}]}`,
	"Appointment/a1": `{"resourceType":"Appointment","id":"a1","status":"booked","description":"x","start":"2026-11-25T09:00:00Z","end":"2026-11-25T09:30:00Z","comment":"x","participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr7"},"status":"accepted"}]}`,
	"Task/t1":        `{"resourceType":"Task","id":"t1","status":"requested","intent":"order","description":"x","owner":{"reference":"Practitioner/ph1"},"for":{"reference":"Patient/p1"},"focus":{"reference":"MedicationRequest/m1"},"code":{"coding":[{"code":"dispense"}]},"restriction":{"period":{"end":"2026-12-24"}},"requester":{"reference":"Practitioner/dr1"}}`,
}

// F10: what nobody may write who depends on it is just what the source reads.
func TestF10_DecidingElementsAreThoseThatTheSourceReads(t *testing.T) {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	all := set.RestsOn([]string{"nurse", "pharmacist"}, "")
	deciding := facts.Deciding(set, all)
	for name, text := range told {
		var record map[string]any
		if err := json.Unmarshal([]byte(text), &record); err != nil {
			t.Fatal(err)
		}
		before := statements(t, name, record)
		if len(before) == 0 {
			t.Fatalf("%s states nothing", name)
		}
		typ := record["resourceType"].(string)
		for member := range record {
			if member == "resourceType" || member == "id" {
				continue
			}
			changed := map[string]any{}
			for k, v := range record {
				if k != member {
					changed[k] = v
				}
			}
			reads := !slices.Equal(statements(t, name, changed), before)
			if says := slices.Contains(deciding[typ], member); says != reads {
				t.Errorf("%s.%s: the source reads it: %v, it decides: %v", typ, member, reads, says)
			}
		}
		for _, member := range deciding[typ] {
			if _, there := record[member]; !there {
				t.Errorf("%s.%s is not tried", typ, member)
			}
		}
	}
}

func statements(t *testing.T, name string, record map[string]any) []string {
	t.Helper()
	body, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	f, s, _ := feed(t, &upstream{records: map[string]string{name: string(body)}})
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out []string
	s.Index().All(func(st facts.Statement, _ time.Time) bool {
		out = append(out, fmt.Sprintf("%+v", st))
		return true
	})
	slices.Sort(out)
	return out
}

// Whose access rests on nothing that the source states is bound by nothing.
func TestF10_WhatRestsOnOtherFactsDecidesNothing(t *testing.T) {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	for role, want := range map[string][]string{
		"nurse":        {"Appointment", "CareTeam", "Encounter"}, // care-relationship, active-episode
		"scheduler":    {"Task"},                                 // work-item, not appointments
		"registration": nil,
	} {
		var got []string
		for typ := range facts.Deciding(set, set.RestsOn([]string{role}, "")) {
			got = append(got, typ)
		}
		slices.Sort(got)
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %v, want %s among them", role, got, w)
			}
		}
		if role == "scheduler" && slices.Contains(got, "Appointment") {
			t.Errorf("the scheduler makes appointments, and rests on none: %v", got)
		}
	}
}
