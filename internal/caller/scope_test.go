package caller_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/problem"
)

const (
	r = caller.ScopeRead
	s = caller.ScopeSearch
	w = caller.ScopeCreate | caller.ScopeUpdate | caller.ScopeDelete
)

func TestRule11_ScopesOnlyTakeAway(t *testing.T) {
	for _, tt := range []struct {
		name, scopes, typ string
		verb              caller.ScopeVerb
		open              bool
		some              int // alternatives
	}{
		{"none takes nothing", "", "Observation", r, true, 0},
		{"what is not SMART takes nothing", "openid fhirUser launch/patient offline_access billing.read", "Observation", r, true, 0},
		{"v2 gives its verb", "user/Observation.rs", "Observation", s, true, 0},
		{"and no other", "user/Observation.r", "Observation", s, false, 0},
		{"and no other type", "user/Observation.rs", "Patient", r, false, 0},
		{"any type", "user/*.cruds", "Patient", w, true, 0},
		{"v1 read", "user/Patient.read", "Patient", s, true, 0},
		{"v1 read writes nothing", "user/Patient.read", "Patient", caller.ScopeUpdate, false, 0},
		{"v1 write", "user/Patient.write", "Patient", caller.ScopeDelete, true, 0},
		{"v1 write reads nothing", "user/Patient.write", "Patient", r, false, 0},
		{"v1 star", "user/Patient.*", "Patient", r, true, 0},
		{"system", "system/Patient.rs", "Patient", r, true, 0},
		{"patient context is an alternative to be proven", "patient/Observation.rs", "Observation", r, false, 1},
		{"granular is an alternative to be proven", "user/Observation.rs?category=http://x|laboratory", "Observation", r, false, 1},
		{"the wider one wins", "patient/Observation.rs user/Observation.rs", "Observation", r, true, 0},
		{"out of order takes its type", "user/Observation.sr user/*.rs", "Observation", r, false, 0},
		{"and leaves the others", "user/Observation.sr user/*.rs", "Patient", r, true, 0},
		{"repeated letters", "user/Observation.rr user/*.rs", "Observation", r, false, 0},
		{"unknown letters", "user/Observation.rx user/*.rs", "Observation", r, false, 0},
		{"no verbs", "user/Observation user/*.rs", "Observation", r, false, 0},
		{"level in capitals", "User/Observation.rs user/*.rs", "Observation", r, false, 0},
		{"type that cannot be told takes everything", "user/obs.rs user/*.rs", "Patient", r, false, 0},
		{"broken query", "user/Observation.rs?category user/*.rs", "Observation", r, false, 0},
		{"a parameter twice", "user/Observation.rs?a=1&a=2 user/*.rs", "Observation", r, false, 0},
		{"broken escapes", "user/Observation.rs?a=%zz user/*.rs", "Observation", r, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scopes, ok := caller.ParseScopes(tt.scopes)
			if !ok {
				t.Fatal("not a scope string")
			}
			got := scopes.Limit(tt.typ, tt.verb)
			if got.Open != tt.open || len(got.Alternatives) != tt.some {
				t.Errorf("got open %v and %d alternatives, want %v and %d", got.Open, len(got.Alternatives), tt.open, tt.some)
			}
		})
	}
}

func TestN6_OrderOfScopesDoesNotMatter(t *testing.T) {
	a, _ := caller.ParseScopes("user/Observation.sr user/*.rs patient/Patient.r")
	b, _ := caller.ParseScopes("patient/Patient.r user/*.rs user/Observation.sr")
	for _, typ := range []string{"Observation", "Patient", "Encounter"} {
		if x, y := a.Limit(typ, r), b.Limit(typ, r); x.Open != y.Open || len(x.Alternatives) != len(y.Alternatives) {
			t.Errorf("%s: %+v and %+v", typ, x, y)
		}
	}
}

// FuzzScope: a further scope that does not grant the type by itself never opens
// it, and parsing never loses one that looks like SMART.
func FuzzScope(f *testing.F) {
	f.Add("user/Observation.rs?category=a|b")
	f.Add("patient/*.read launch openid")
	f.Add("system/Patient.sr")
	f.Fuzz(func(t *testing.T, text string) {
		scopes, ok := caller.ParseScopes(text)
		if !ok {
			return
		}
		looks := 0
		for _, one := range strings.Split(text, " ") {
			lower := strings.ToLower(one)
			if strings.HasPrefix(lower, "user/") || strings.HasPrefix(lower, "patient/") || strings.HasPrefix(lower, "system/") {
				looks++
			}
		}
		if looks != len(scopes) {
			t.Errorf("%q: %d look like SMART scopes, %d were kept", text, looks, len(scopes))
		}
		with, ok := caller.ParseScopes(text + " user/Zzz.r")
		if ok && len(scopes) > 0 && with.Limit("Observation", r).Open != scopes.Limit("Observation", r).Open {
			t.Errorf("%q: a scope for another type changed this one", text)
		}
	})
}

func TestHeadersAreReadStrictly(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    http.Header
		ok   bool
		want caller.Stated
	}{
		{"none", http.Header{"Accept": {"x"}}, true, caller.Stated{}},
		{"all", http.Header{"Modicum-Task": {"nurse/give-care"}, "Modicum-Purpose": {"TREAT"}, "Modicum-Reason": {"Sch%C3%BCttelfrost, fever"}, "Modicum-Ask": {"identifiers.ssn"}}, true,
			caller.Stated{Task: "nurse/give-care", Purpose: "TREAT", Reason: "Schüttelfrost, fever", Ask: "identifiers.ssn"}},
		{"repeated", http.Header{"Modicum-Task": {"a", "a"}}, false, caller.Stated{}},
		{"misspelt", http.Header{"Modicum-Tasks": {"a"}}, false, caller.Stated{}},
		{"ours to send", http.Header{"Modicum-Decision": {"x"}}, false, caller.Stated{}},
		{"FC50: underscores", http.Header{"Modicum_Task": {"a"}}, false, caller.Stated{}},
		{"other letters, not canonical", http.Header{"MODICUM-TASK": {"a"}}, false, caller.Stated{}},
		{"empty", http.Header{"Modicum-Task": {""}}, false, caller.Stated{}},
		{"a list", http.Header{"Modicum-Task": {"a, b"}}, false, caller.Stated{}},
		{"two slashes", http.Header{"Modicum-Task": {"a/b/c"}}, false, caller.Stated{}},
		{"a reason that is not UTF-8", http.Header{"Modicum-Reason": {"%ff"}}, false, caller.Stated{}},
		{"a reason with a control", http.Header{"Modicum-Reason": {"a%0Ab"}}, false, caller.Stated{}},
		{"a reason of blanks", http.Header{"Modicum-Reason": {"%20"}}, false, caller.Stated{}},
		{"a reason that is too long", http.Header{"Modicum-Reason": {strings.Repeat("x", 1001)}}, false, caller.Stated{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := caller.ReadHeaders(tt.h)
			if (err == nil) != tt.ok || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
			if err != nil && !errors.Is(err, problem.Header) {
				t.Errorf("the client would learn %v", problem.From(err).Slug())
			}
		})
	}
}
