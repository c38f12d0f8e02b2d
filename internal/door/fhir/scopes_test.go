package fhir_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/ledger"
)

const observationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"

// observed is an Observation of the laboratory, with further categories.
func observed(id, patient, code string, more ...string) string {
	categories := ""
	for _, c := range append([]string{observationCategory + "|laboratory"}, more...) {
		system, code, _ := strings.Cut(c, "|")
		categories += fmt.Sprintf(`,{"coding":[{"system":"%s","code":"%s"}]}`, system, code)
	}
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","category":[%s],"code":{"coding":[{"system":"http://loinc.org","code":"%s"}]},"subject":{"reference":"Patient/%s"},"effectiveDateTime":"2026-11-01","valueString":"v-%s"}`,
		id, categories[1:], code, patient, id)
}

// app signs a person in by an application whose token has scopes.
func (c *clinic) app(t testing.TB, who, scope, patient string) string {
	t.Helper()
	scopes, ok := caller.ParseScopes(scope)
	if !ok {
		t.Fatal(scope)
	}
	as := *c.staff[who]
	as.Scopes, as.Patient = scopes, patient
	token := fmt.Sprintf("app%d", len(c.staff))
	c.staff[token] = &as
	return token
}

func laboratory(t testing.TB) *sheet {
	up := ward(t)
	up.put(
		observed("o1", "p1", "718-7"), observed("o2", "p1", "2345-7", "http://x.example/c|special"), observed("o3", "p1", "718-7", "http://x.example/c|special"),
		observed("o4", "p2", "718-7", "http://x.example/d|special"), observed("o5", "p1", "20447-9", "http://x.example/c|special"), // marked HIV
		`{"resourceType":"Encounter","id":"v1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`,
		edit(condition("f1", "p1", "J45.0"), `"recordedDate"`, `"category":[{"coding":[{"system":"http://x.example/c","code":"problem"}]}],"encounter":{"reference":"Encounter/v1"},"recordedDate"`),
	)
	return up
}

// A granular scope takes away exactly what does not fit it, whatever the search asks,
// and several are a union among themselves.
func TestRule11_GranularScopesTakeAwayExactly(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	for _, tt := range []struct {
		scope, patient, path string
		want                 []string
	}{
		{"user/Observation.rs?category=" + observationCategory + "|laboratory", "", "/Observation", []string{"o1", "o2", "o3", "o4"}},
		{"user/Observation.rs?category=laboratory", "", "/Observation", []string{"o1", "o2", "o3", "o4"}},
		{"user/Observation.rs?category=http://other.example|laboratory", "", "/Observation", nil},
		{"user/Observation.rs?category=|laboratory", "", "/Observation", nil},
		{"user/Observation.rs?category=http://x.example/c|", "", "/Observation", []string{"o2", "o3"}},
		{"user/Observation.rs?category=special", "", "/Observation", []string{"o2", "o3", "o4"}},
		{"user/Observation.rs?category=http://x.example/c|special", "", "/Observation?patient=p1", []string{"o2", "o3"}},
		{"user/Observation.rs?category=http://x.example/c|special&code=718-7", "", "/Observation?patient=p1", []string{"o3"}},
		{"user/Observation.rs?category=special&code=718-7,2345-7", "", "/Observation?patient=p1", []string{"o2", "o3"}},
		{"user/Observation.rs?code=2345-7 user/Observation.rs?category=http://x.example/d|special", "", "/Observation", []string{"o2", "o4"}},
		{"user/Observation.rs?code=2345-7 user/Observation.s?category=nothing", "", "/Observation", []string{"o2"}},
		{"user/Observation.r?code=2345-7 user/Observation.s?category=nothing", "", "/Observation", nil},
		{"patient/Observation.rs?category=special", "p1", "/Observation", []string{"o2", "o3"}},
		{"patient/Observation.rs?category=special user/Observation.rs?category=http://x.example/d|special", "p1", "/Observation", []string{"o2", "o3", "o4"}},
		{"user/Observation.rs?category=special", "", "/Observation?patient=p1&code=2345-7", []string{"o2"}},
		{"user/Observation.rs?status=final", "", "/Observation?patient=p2", []string{"o4"}},
		{"user/Observation.rs?status=amended", "", "/Observation?patient=p2", nil},
		{"user/Observation.rs?subject=Patient/p2", "", "/Observation", []string{"o4"}},
		{"user/Observation.rs?patient=Patient/p2", "", "/Observation", []string{"o4"}},
		{"user/Observation.rs?shoesize=4", "", "/Observation", nil},
		{"user/Observation.rs?category:not=special", "", "/Observation", nil},
		{"user/Observation.rs?date=ge2020", "", "/Observation", nil},
		{"user/*.rs?code=718-7", "", "/Observation", []string{"o1", "o3", "o4"}},
		{"system/*.rs", "", "/Observation", []string{"o1", "o2", "o3", "o4"}},
		{"user/Patient.rs?gender=female", "", "/Patient/p1", []string{"p1"}},
		{"user/Patient.rs?gender=male", "", "/Patient/p1", nil},
		{"user/Patient.rs?identifier=urn:mrn|mrn-p1", "", "/Patient/p1", []string{"p1"}},
		{"user/Patient.rs?identifier=999-00-p1", "", "/Patient/p1", nil}, // the SSN is hidden from everybody here
		{"user/Observation.r?category=special", "", "/Observation/o2", []string{"o2"}},
		{"user/Observation.r?category=special", "", "/Observation/o1", nil},
		{"patient/Observation.r", "p2", "/Observation/o1", nil},
	} {
		var got []string
		if r := c.get(t, c.app(t, "alice", tt.scope, tt.patient), tt.path); strings.Contains(tt.path[1:], "/") {
			if r.status == http.StatusOK {
				got = []string{tt.path[strings.LastIndexByte(tt.path, '/')+1:]}
			} else if r.status != http.StatusNotFound {
				t.Errorf("%s %s: %d", tt.scope, tt.path, r.status)
			}
		} else {
			b := r.bundle(t)
			got = b.ids()
		}
		for i, ref := range got {
			got[i] = ref[strings.LastIndexByte(ref, '/')+1:]
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s for %q, %s: %v, want %v", tt.scope, tt.patient, tt.path, got, tt.want)
		}
	}
}

// The query of a scope is answered by what the record's own view keeps: bob's view
// has no gender, so that no patient fits either.
func TestRule11_AScopeReadsOnlyWhatTheViewKeeps(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	for _, gender := range []string{"female", "male"} {
		c.refuse404(t, c.get(t, c.app(t, "bob", "user/Patient.rs?gender="+gender, ""), "/Patient/p1"))
	}
	if r := c.get(t, c.app(t, "bob", "user/Patient.rs", ""), "/Patient/p1"); r.status != http.StatusOK {
		t.Errorf("without a query: %d", r.status)
	}
}

func (c *clinic) refuse404(t testing.TB, r reply) {
	t.Helper()
	absent := c.get(t, "bob", "/Patient/nowhere")
	if r.status != http.StatusNotFound || string(r.body) != string(absent.body) {
		t.Errorf("got %d %s, want what an absent record gives: %d %s", r.status, r.body, absent.status, absent.body)
	}
}

// Counts, totals and pages are those of what the scopes leave.
func TestRule11_CountsAndPagesKnowTheScopes(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	who := c.app(t, "alice", "user/Observation.rs?category=special", "")
	if b := c.get(t, who, "/Observation?_summary=count").bundle(t); b.Total == nil || *b.Total != 3 {
		t.Errorf("count: %v, want 3", b.Total)
	}
	if got := flat(c.all(t, who, "/Observation?_count=1")); len(got) != 3 {
		t.Errorf("pages hold %v", got)
	}
}

// What one application was shown is not proven to another of the same person.
func TestRule11_ApplicationsProveNothingToEachOther(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	wide, narrow := c.app(t, "alice", "user/*.rs", ""), c.app(t, "alice", "user/Condition.rs", "")
	if r := c.get(t, wide, "/Encounter/v1"); r.status != http.StatusOK {
		t.Fatal(r.status)
	}
	contains(t, string(c.get(t, wide, "/Condition/f1").body), "Encounter/v1")
	lacks(t, string(c.get(t, narrow, "/Condition/f1").body), "Encounter/v1")
}

// The record names the scopes and never what their queries ask, and says of what they
// take away why.
func TestRule11_TheRecordNamesScopes(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	r := c.get(t, c.app(t, "alice", "patient/Observation.rs?category="+url.QueryEscape("http://secret.example|canary"), "p1"), "/Observation?patient=p1")
	var scopes, because []string
	c.Close() // returns when every request has been answered to its end
	c.gate.Wait()
	for _, e := range c.book.entries {
		if e.Header().ID != r.header.Get("Modicum-Decision") {
			continue
		}
		b, _ := ledger.Encode(e)
		lacks(t, string(b), "canary", "secret.example")
		switch e := e.(type) {
		case *ledger.Decision:
			scopes = e.Scopes
		case *ledger.Outcome:
			for _, v := range e.Verdicts {
				because = append(because, v.Because)
			}
		}
	}
	if !slices.Equal(scopes, []string{"patient/Observation.rs?"}) || !slices.Contains(because, "scope") {
		t.Errorf("scopes %v, withheld %v", scopes, because)
	}
}

func TestRule11_ScopesRequired(t *testing.T) {
	c := openClinic(t, laboratory(t), "", func(cfg *fhir.Config) { cfg.Clients = map[string]fhir.Client{"strict": {ScopesRequired: true}} })
	for scope, status := range map[string]int{"": 403, "openid fhirUser launch/patient offline_access": 403, "user/Observation.rs": 200} {
		who := c.app(t, "alice", scope, "")
		c.staff[who].Client = "strict"
		if r := c.get(t, who, "/Observation?patient=p1"); r.status != status {
			t.Errorf("%q: %d, want %d", scope, r.status, status)
		}
	}
}

// bill reads and does not search: a token for one patient makes no listing of what
// was asked as a search across patients.
func TestRule11_ScopesDoNotNameThePatient(t *testing.T) {
	c := openClinic(t, laboratory(t), "", nil)
	for _, who := range []string{"bob", c.app(t, "bob", "patient/*.rs", "p1")} {
		if r := c.get(t, who, "/Condition"); r.status != http.StatusForbidden {
			t.Errorf("a search without the right to search: %d", r.status)
		}
	}
}
