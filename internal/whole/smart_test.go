package whole_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

const observationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"

// ward is a FHIR server with two patients, one of whom has records of several kinds.
func ward(t *testing.T) string {
	t.Helper()
	s := sandbox.NewServer()
	put := func(text string, args ...any) { s.PutJSON(fmt.Appendf(nil, text, args...)) }
	for _, p := range []string{"p1", "p2"} {
		put(`{"resourceType":"Patient","id":"%s","name":[{"family":"Family%[1]s"}]}`, p)
		put(`{"resourceType":"Condition","id":"c-%[1]s","code":{"text":"x"},"subject":{"reference":"Patient/%[1]s"}}`, p)
		put(`{"resourceType":"Encounter","id":"e-%[1]s","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/%[1]s"}}`, p)
		for _, category := range []string{"laboratory", "vital-signs"} {
			put(`{"resourceType":"Observation","id":"%[2]s-%[1]s","status":"final","category":[{"coding":[{"system":"%[3]s","code":"%[2]s"}]}],"code":{"text":"x"},"subject":{"reference":"Patient/%[1]s"}}`, p, category, observationCategory)
		}
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// TestASmartAppLaunchesReadsAndWrites: an application of a public library discovers the
// provider here, signs a person in there (code flow with PKCE), and reads and writes
// what its scopes and the person's task have in common.
func TestASmartAppLaunchesReadsAndWrites(t *testing.T) {
	realm := testkit.StartKeycloak(t)
	i := install(t, fmt.Sprintf(`data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers:
  - {issuer: "%[1]s", audience: "%[2]s", person: preferred_username, algorithms: [RS256], roles_claim: groups, roles: {hospital-doctors: physician}}
fhir: {base: /fhir, upstream: %[3]s}
clients:
  - {id: growth-chart, task: treat, scopes: required}
facts: {files: ["facts/*.ndjson"]}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, realm.URL, realm.Audience, ward(t)))
	facts := whole("adt")
	for _, p := range []string{"p1", "p2"} {
		facts += fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"ward"}`, p) + "\n"
	}
	i.write(t, "facts/adt.ndjson", facts)
	i.write(t, "facts/people.ndjson", whole("people"))
	i.write(t, "facts/office.ndjson", whole("office"))
	i.start(t)

	scopes := []string{
		"fhirUser", "launch/patient", "patient/Patient.r", "patient/Condition.rs", "patient/AllergyIntolerance.crus",
		"patient/Observation.rs?category=" + observationCategory + "|laboratory",
	}
	app := testkit.App(t, filepath.Join("testdata", "smart-app.cjs"), i.door+"/fhir", "growth-chart", "openid "+strings.Join(scopes, " "))
	realm.Register(t, testkit.SmartApp{
		ID: "growth-chart", Redirect: app + "/app", Scopes: scopes, Claims: map[string]string{"patient": "p1", "fhirUser": "Practitioner/dr-alice"},
	})
	status, body := realm.Launch(t, app+"/launch", "alice")
	var got struct {
		Patient, Family, User, Made, Changed string
		Conditions, Observations, Allergies  []string
		Encounters, Stranger, Procedure      int
	}
	if err := json.Unmarshal(body, &got); status != http.StatusOK || err != nil {
		t.Fatalf("%d %v: %s\n%s", status, err, body, i.log.String())
	}
	if got.Patient != "p1" || got.Family != "Familyp1" || got.User != "Practitioner/dr-alice" {
		t.Errorf("launched for %q, %q, by %q", got.Patient, got.Family, got.User)
	}
	if !slices.Equal(got.Conditions, []string{"c-p1"}) || !slices.Equal(got.Observations, []string{"laboratory-p1"}) {
		t.Errorf("reads %v and %v", got.Conditions, got.Observations)
	}
	if got.Changed != "Penicillin V" {
		t.Errorf("changed to %q", got.Changed)
	}
	if got.Made == "" || !slices.Equal(got.Allergies, []string{got.Made}) {
		t.Errorf("made %q, finds %v", got.Made, got.Allergies)
	}
	if got.Encounters != http.StatusForbidden || got.Stranger != http.StatusNotFound || got.Procedure != http.StatusForbidden {
		t.Errorf("beyond its scopes: encounters %d, another patient %d, a procedure %d", got.Encounters, got.Stranger, got.Procedure)
	}
	// The same person without scopes: the client is registered as `scopes: required`.
	bare := testkit.App(t, filepath.Join("testdata", "smart-app.cjs"), i.door+"/fhir", "plain-chart", "openid")
	realm.Register(t, testkit.SmartApp{ID: "plain-chart", Redirect: bare + "/app", Claims: map[string]string{"patient": "p1", "client_id": "growth-chart"}})
	if status, body := realm.Launch(t, bare+"/launch", "alice"); status == http.StatusOK || !strings.Contains(string(body), "403") && !strings.Contains(string(body), "Forbidden") {
		t.Errorf("without scopes: %d %s", status, body)
	}
}
