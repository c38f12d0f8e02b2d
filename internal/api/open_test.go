package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"modicum/internal/caller"
)

// An application reads records with its person's token, and does nothing in their name.
func TestG8_AnApplicationsTokenAsksForNothingAndDecidesNothing(t *testing.T) {
	k := newClinic(t)
	k.token = func(c *caller.Caller) { c.Scopes, _ = caller.ParseScopes("user/Patient.rs") }
	for _, op := range []struct{ method, path, body string }{
		{"POST", "/requests", cover}, {"POST", "/break-glass", `{"patient":"p1","reason":{"text":"found unconscious"}}`}, {"GET", "/grants", ""}, {"GET", "/inbox", ""},
	} {
		if status, v := k.call("nina", op.method, op.path, op.body); status != http.StatusForbidden || v["type"] != "urn:modicum:problem:person-alone" {
			t.Errorf("%s %s: %d %v", op.method, op.path, status, v)
		}
	}
	if status, v := k.call("nina", "GET", "/me", ""); status != http.StatusOK {
		t.Errorf("who it is: %d %v", status, v)
	}
	if len(k.lent.Requests("nina")) > 0 || len(k.lent.Grants("nina")) > 0 {
		t.Error("something was done")
	}
}

// A token that was given out for one task is no proof of anything else.
func TestK2_ATokenForOneTaskDoesNothingThatNeedsAProof(t *testing.T) {
	k := newClinic(t)
	k.token = func(c *caller.Caller) { c.Task = "nurse/give-care" }
	if status, v := k.call("olga", "POST", "/people", `{"user_name":"bob","name":"Bob Biller"}`); status != http.StatusForbidden || v["type"] != "urn:modicum:problem:not-for-task" {
		t.Errorf("adds a person: %d %v", status, v)
	}
	value := `{"kind":"ask","task":"cover","patients":[],"record":"Patient/p1","classes":["identifiers.ssn"],"reason":{"text":"two of one name"}}`
	for path, body := range map[string]string{"/requests": value, "/break-glass": `{"patient":"p1","task":"cover","reason":{"text":"found unconscious"}}`} {
		if status, v := k.call("nina", "POST", path, body); status != http.StatusForbidden || v["type"] != "urn:modicum:problem:not-for-task" {
			t.Errorf("%s for another task: %d %v", path, status, v)
		}
	}
	if status, v := k.call("nina", "POST", "/break-glass", `{"patient":"p1","reason":{"text":"found unconscious"}}`); status != http.StatusCreated {
		t.Errorf("the glass of its task: %d %v", status, v)
	}
	k.token = func(c *caller.Caller) { c.Task = caller.NoTask }
	if status, v := k.call("olga", "POST", "/people", `{"user_name":"bob","name":"Bob Biller"}`); status != http.StatusCreated {
		t.Errorf("a token of the command line: %d %v", status, v)
	}
}

func TestL2_WhatIsTriedInVainBeforeItBeginsIsOnRecord(t *testing.T) {
	k := newClinic(t)
	try := func(as, method, path string, want int) {
		t.Helper()
		if status, v := k.call(as, method, path, ""); status != want {
			t.Errorf("%s %s: %d %v", method, path, status, v)
		}
	}
	try("robot", "POST", "/requests", 403)
	k.proved = time.Hour
	try("cara", "POST", "/requests/x/approve", 401)
	k.token = func(c *caller.Caller) { c.Actor = &caller.Delegation{ID: "rita", Roles: []string{"nurse"}} }
	try("nina", "POST", "/grants/x/revoke", 403)
	k.token = func(c *caller.Caller) { c.Scopes, _ = caller.ParseScopes("user/Patient.rs") }
	try("nina", "POST", "/grants/x/give-back", 403)
	try("nina", "GET", "/grants", 403) // changes nothing
	try("nobody", "POST", "/requests", 401)
	want := []string{"robot ask person-alone", "cara approve prove-again", "rita revoke person-alone", "nina giveBack person-alone"}
	if !slices.Equal(k.tried, want) {
		t.Errorf("on record: %q, want %q", k.tried, want)
	}
	k.untold = true
	try("nina", "POST", "/grants/x/give-back", 503)
}

// TestL2_ALookThatADutyGuardsIsRefusedOnRecord: whoever looks where they may not is told
// so, and it is known; what everybody may look at of their own is not noted.
func TestL2_ALookThatADutyGuardsIsRefusedOnRecord(t *testing.T) {
	k := newClinic(t)
	guarded := map[string]string{
		"/record/01a20846-fe00-751f-9e04-9c1f90901a70": "getRecord", "/health": "health", "/people": "listPeople", "/people/olga": "getPerson",
		"/people/olga/tokens": "listTokensOf", "/policy-changes": "listPolicyChanges", "/see-as": "seeAsChoices",
	}
	for path, name := range guarded {
		k.tried, k.untold = nil, false
		if status, v := k.call("nina", "GET", path, ""); status != http.StatusForbidden || !slices.Equal(k.tried, []string{"nina " + name + " not-yours"}) {
			t.Errorf("%s: %d %v, on record %q", path, status, v, k.tried)
		}
		k.untold = true
		if status, _ := k.call("nina", "GET", path, ""); status != http.StatusServiceUnavailable {
			t.Errorf("%s, where that cannot be recorded: %d", path, status)
		}
	}
	k.tried, k.untold = nil, false
	for _, path := range []string{"/people/nina", "/programs", "/grants", "/me"} {
		if status, v := k.call("nina", "GET", path, ""); status != http.StatusOK || len(k.tried) > 0 {
			t.Errorf("%s: %d %v, on record %q", path, status, v, k.tried)
		}
	}
}

// TestL2_WhatATokenIsTriedForBeyondItsTaskIsOnRecord, at each operation that says for what.
func TestL2_WhatATokenIsTriedForBeyondItsTaskIsOnRecord(t *testing.T) {
	k := newClinic(t)
	k.token = func(c *caller.Caller) { c.Task = "nurse/give-care" }
	for path, tt := range map[string][2]string{
		"/requests":    {"ask", `{"kind":"ask","task":"cover","patients":[],"record":"Patient/p1","classes":["identifiers.ssn"],"reason":{"text":"two of one name"}}`},
		"/break-glass": {"breakGlass", `{"patient":"p1","task":"cover","reason":{"text":"found unconscious"}}`},
		"/look":        {"look", `{"patient":"p1","task":"cover"}`},
	} {
		k.tried = nil
		if status, v := k.call("nina", "POST", path, tt[1]); status != http.StatusForbidden || !slices.Equal(k.tried, []string{"nina " + tt[0] + " not-for-task"}) {
			t.Errorf("%s: %d %v, on record %q", path, status, v, k.tried)
		}
	}
}

// TestL2_AGlassForWhichNobodyProvedThemselvesIsOnRecord: whoever took over a session that
// was left open did not sign in within a shift.
func TestL2_AGlassForWhichNobodyProvedThemselvesIsOnRecord(t *testing.T) {
	k := newClinic(t)
	k.proved = 13 * time.Hour
	status, v := k.call("nina", "POST", "/break-glass", `{"patient":"p1","task":"give-care","reason":{"text":"found unconscious"}}`)
	if status != http.StatusUnauthorized || !slices.Equal(k.tried, []string{"nina breakGlass prove-again"}) {
		t.Errorf("%d %v, on record %q", status, v, k.tried)
	}
}
