package whole_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// TestK2_ABackendServiceWithSystemScopes: a program with its own key (private_key_jwt,
// SMART Backend Services) gets what its system scopes and its one task have in common;
// a token for another audience, and one without scopes where they are required, nothing.
func TestK2_ABackendServiceWithSystemScopes(t *testing.T) {
	s := sandbox.NewServer()
	for _, text := range []string{
		`{"resourceType":"Patient","id":"p1","name":[{"family":"Family"}],"birthDate":"1950-02-03"}`,
		`{"resourceType":"Claim","id":"k1","status":"active","type":{"coding":[{"code":"professional"}]},"use":"claim","patient":{"reference":"Patient/p1"},"created":"2026-11-01","provider":{"reference":"Organization/o1"},"priority":{"coding":[{"code":"normal"}]},"insurance":[{"sequence":1,"focal":true,"coverage":{"reference":"Coverage/v1"}}]}`,
		`{"resourceType":"Coverage","id":"v1","status":"active","beneficiary":{"reference":"Patient/p1"},"payor":[{"reference":"Organization/o1"}]}`,
	} {
		s.PutJSON([]byte(text))
	}
	up := httptest.NewServer(s)
	t.Cleanup(up.Close)
	idp := testkit.OIDC(t, testkit.OIDCOptions{
		Programs: map[string]map[string]any{"claims-out": {}, "stranger": {}},
		Scopes:   []string{"system/Claim.rs", "system/Claim.rs?use=claim", "system/Claim.rs?use=predetermination", "system/Patient.r", "system/*.rs"},
	})
	config := `data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers:
  - {issuer: "%[1]s", audience: "%[2]s", algorithms: [ES256]}
fhir: {base: /fhir, upstream: %[3]s}
clients: [{id: claims-out, scopes: required}]
facts: {files: ["facts/*.ndjson"]}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`
	i := install(t, fmt.Sprintf(config, idp.URL, idp.Audience, up.URL))
	i.write(t, "facts/queue.ndjson", whole("queue")+`{"fact":"work-item","who":"claims-out","patient":"Patient/p1","object":"Claim/k1","id":"w1","values":{"kind":"claim"},"source":"queue","recorded_by":"queue"}`+"\n")
	i.write(t, "facts/people.ndjson", whole("people"))
	i.write(t, "facts/office.ndjson", whole("office"))
	i.start(t)
	ask := func(path string, scopes ...string) int {
		return get(t, i.door+"/fhir"+path, idp.ProgramToken(t, "claims-out", scopes...), "").status
	}
	eventually(t, "the claim in the queue shows", func() bool { return ask("/Claim/k1", "system/Claim.rs") == http.StatusOK })
	for _, tt := range []struct {
		path   string
		scopes string
		status int
	}{
		{"/Claim/k1", "system/*.rs", 200}, {"/Patient/p1", "system/*.rs", 200}, {"/Patient/p1", "system/Claim.rs", 403}, {"/Patient/p1", "system/Claim.rs system/Patient.r", 200},
		{"/Claim/k1", "system/Claim.rs?use=claim", 200}, {"/Claim/k1", "system/Claim.rs?use=predetermination", 404}, {"/Claim/k1", "", 403},
	} {
		if got := ask(tt.path, strings.Fields(tt.scopes)...); got != tt.status {
			t.Errorf("%s with %q: %d, want %d", tt.path, tt.scopes, got, tt.status)
		}
	}
	if a := get(t, i.door+"/fhir/Claim/k1", idp.ProgramToken(t, "stranger", "system/*.rs"), ""); a.status == http.StatusOK {
		t.Errorf("a program that the policy does not know: %d", a.status)
	}
	if a := get(t, i.door+"/fhir/.well-known/smart-configuration", "", ""); a.status != http.StatusOK || !strings.Contains(a.body, idp.URL) {
		t.Errorf("discovery: %d %s", a.status, a.body)
	}
}
