package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// readings are what the record says of who read it.
func (k *clinic) readings() (out []string) {
	for _, e := range k.log.Entries() {
		if a, ok := e.(*ledger.Act); ok {
			out = append(out, a.Who+": "+a.Act+" "+strings.Join(a.What, " "))
		}
	}
	return out
}

// gated are the operations that ask for a duty.
var gated = []struct{ method, path, body string }{
	{"POST", "/record", `{}`}, {"GET", "/record/" + ledgertest.ID(1), ""}, {"GET", "/record/" + ledgertest.ID(1) + "/proof", ""},
	{"GET", "/see-as", ""}, {"POST", "/see-as", `{"task":"nurse/give-care","from":"made-up","sample":"p1","assume":[]}`},
	{"GET", "/health", ""}, {"GET", "/installation", ""}, {"POST", "/webhooks/pager/enable", ""},
	{"GET", "/people/nina/tokens", ""}, {"GET", "/people/nina/sessions", ""}, {"GET", "/proposals", ""},
}

// What asks for a duty is closed to whoever does not hold it, to programs and applications,
// and to a token that was given out for one task, which may only read what there is to see
// as another; nothing is asked of what lies behind.
func TestC1_WhatADutyOpensIsClosedToOthers(t *testing.T) {
	k := newClinic(t)
	asked := func(as string) {
		t.Helper()
		for _, op := range gated {
			if status, v := k.call(as, op.method, op.path, op.body); status != http.StatusForbidden {
				t.Errorf("%s: %s %s: %d %v", as, op.method, op.path, status, v)
			}
		}
	}
	asked("nina")
	asked("robot")
	for _, d := range []people.Duty{people.ReadRecord, people.ReviewAccess} {
		k.duty("iris", d)
	}
	k.token = func(c *caller.Caller) { c.Scopes, _ = caller.ParseScopes("user/Patient.rs") }
	asked("iris")
	k.token = func(c *caller.Caller) { c.Task = "nurse/give-care" }
	choices := slices.IndexFunc(gated, func(op struct{ method, path, body string }) bool { return op.method == "GET" && op.path == "/see-as" })
	all := gated
	gated = slices.Delete(slices.Clone(all), choices, choices+1)
	asked("iris")
	gated = all
	for _, path := range []string{"/people", "/people/nina", "/policy-changes", "/policy-changes?state=decided", "/policy-changes/" + ledgertest.ID(1)} {
		if status, v := k.call("iris", "GET", path, ""); status != http.StatusForbidden || v["type"] != "urn:modicum:problem:not-for-task" {
			t.Errorf("with a token of one task: %s: %d %v", path, status, v)
		}
	}
	if status, v := k.call("iris", "GET", "/people/iris", ""); status != http.StatusOK {
		t.Errorf("herself: %d %v", status, v)
	}
	if k.lies.Asked > 0 || len(k.log.Entries()) > 0 || len(k.hooks) > 0 {
		t.Errorf("something was asked: %d of the record, %q, hooks %q", k.lies.Asked, k.readings(), k.hooks)
	}
	k.token = nil
	for _, op := range gated[:5] {
		if status, v := k.call("iris", op.method, op.path, op.body); status != http.StatusOK {
			t.Errorf("iris: %s %s: %d %v", op.method, op.path, status, v)
		}
	}
	k.duty("cara", people.RunSystem)
	for i, op := range gated[5:] {
		who := []string{"cara", "olga"}[min(1, i/3)]
		if status, v := k.call(who, op.method, op.path, op.body); status != http.StatusOK && status != http.StatusNoContent {
			t.Errorf("%s: %s %s: %d %v", who, op.method, op.path, status, v)
		}
	}
}

// Who reads is on record before anything is told, each time, and no patient by name: also
// where the same is asked under the same Idempotency-Key.
func TestL2_EveryReadingOfTheRecordIsOnRecordFirst(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReadRecord)
	for range 2 {
		status, v := k.call("iris", "POST", "/record", `{"patient":"p1","who":"nina","role":"nurse","kind":"decision"}`, "Idempotency-Key", "again")
		if items, _ := v["items"].([]any); status != http.StatusOK || len(items) != 1 || items[0].(map[string]any)["who"] != "nina" {
			t.Fatalf("%d %v", status, v)
		}
	}
	k.call("iris", "POST", "/record", `{"who":"Anna Berg"}`)
	id := ledgertest.ID(1)
	status, v := k.call("iris", "GET", "/record/"+id, "")
	if entries, _ := v["entries"].([]any); status != http.StatusOK || len(entries) != 2 || v["again"] == nil || !strings.Contains(fmt.Sprint(entries[0]), `"nina"`) {
		t.Errorf("one: %d %v", status, v)
	}
	if status, v = k.call("iris", "GET", "/record/"+id+"/proof", ""); status != http.StatusOK || v["proof"] != "c2sp.org/tlog-proof@v1\n" || v["name"] != id+".tlog-proof" {
		t.Errorf("proof: %d %v", status, v)
	}
	search := "iris: log-read search who=nina kind=decision role=nurse"
	want := []string{search, search, "iris: log-read search who", "iris: log-read entry " + id, "iris: log-read proof " + id}
	if got := k.readings(); !slices.Equal(got, want) {
		t.Errorf("on record:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if a := k.log.Entries()[0].(*ledger.Act); !slices.Equal(a.Patients, []string{k.record.Refs.Ref("Patient/p1")}) {
		t.Errorf("whom it was about: %q", a.Patients)
	}
}

func TestL1_TheRecordTellsNothingToWhoCannotBeRecorded(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReadRecord)
	k.log.Fail(errors.New("the disk is full"))
	for _, op := range gated[:3] {
		if status, v := k.call("iris", op.method, op.path, op.body); status != http.StatusServiceUnavailable || strings.Contains(fmt.Sprint(v), "disk") {
			t.Errorf("%s %s: %d %v", op.method, op.path, status, v)
		}
	}
	if k.lies.Asked > 0 {
		t.Errorf("%d looks", k.lies.Asked)
	}
}

// Everything that is wrong with a search is said at once, and nothing of it is on record:
// what directory and policy do not know may be the name of a patient.
func TestASearchThatCannotBeIsRefusedWhole(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReadRecord)
	status, v := k.call("iris", "POST", "/record", `{"role":"Anna Berg","task":"x","purpose":"y","door":"z","kind":"k","effect":"e","grant":"g","patient":"Anna Berg","before":"b","limit":501,"from":"2026-11-24T00:00:00Z","until":"2026-11-23T00:00:00Z"}`)
	if wrong, _ := v["wrong"].([]any); status != http.StatusUnprocessableEntity || len(wrong) != 11 || strings.Contains(fmt.Sprint(v), "Berg") {
		t.Errorf("%d, %d things: %v", status, len(wrong), v)
	}
	if len(k.log.Entries()) > 0 {
		t.Errorf("on record: %q", k.readings())
	}
}

func TestTheRecordIsReadPageByPage(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReadRecord)
	for n := range 5 {
		if err := k.lies.Add(ledgertest.Act(10 + n)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for body := `{"limit":3}`; body != ""; {
		status, v := k.call("iris", "POST", "/record", body)
		if status != http.StatusOK {
			t.Fatalf("%d %v", status, v)
		}
		for _, one := range v["items"].([]any) {
			ids = append(ids, one.(map[string]any)["id"].(string))
		}
		body = ""
		if v["next"] != nil {
			body = fmt.Sprintf(`{"limit":3,"before":%q}`, v["next"])
		}
	}
	if len(ids) != 7 || len(slices.Compact(slices.Clone(ids))) != 7 || ids[6] != ledgertest.ID(1) {
		t.Errorf("%q", ids)
	}
}
