package whole_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/testkit"
)

// TestTokensOfKeycloak: the command before a second provider, as many hospitals run it:
// discovery of a realm, people by preferred_username, groups as roles, a change of keys;
// and what else its log-in hands out is no access token.
func TestTokensOfKeycloak(t *testing.T) {
	realm := testkit.StartKeycloak(t)
	up := newHostile(t)
	i := install(t, fmt.Sprintf(`data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers:
  - {issuer: "%[1]s", audience: "%[2]s", person: preferred_username, algorithms: [RS256], roles_claim: groups, roles: {hospital-doctors: physician}}
fhir: {base: /fhir, upstream: %[3]s/fhir}
facts: {files: ["facts/*.ndjson"]}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, realm.URL, realm.Audience, up.URL))
	i.write(t, "facts/adt.ndjson", whole("adt")+fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"ward"}`, cPatient)+"\n")
	i.write(t, "facts/people.ndjson", whole("people"))
	i.write(t, "facts/office.ndjson", whole("office"))
	i.start(t)
	patient := i.door + "/fhir/Patient/" + cPatient
	alice := realm.LogIn(t, "app", "alice")
	eventually(t, "alice sees her patient", func() bool { return get(t, patient, alice.Access, "treat").status == http.StatusOK })
	if a := get(t, patient, realm.LogIn(t, "app", "nemo").Access, "treat"); a.status != http.StatusNotFound {
		t.Errorf("nobody's physician: %d", a.status)
	}
	for name, token := range map[string]string{
		"ID token": alice.ID, "refresh token": alice.Refresh, "for another application": realm.LogIn(t, "other-app", "alice").Access,
	} {
		if a := get(t, patient, token, "treat"); a.status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	realm.Rotate(t)
	fresh := realm.LogIn(t, "app", "alice").Access
	if keyOf(t, fresh) == keyOf(t, alice.Access) {
		t.Fatal("the realm signs with the same key")
	}
	eventually(t, "a token of the new key is taken", func() bool { return get(t, patient, fresh, "treat").status == http.StatusOK })
	if a := get(t, patient, alice.Access, "treat"); a.status != http.StatusOK {
		t.Errorf("a token of a key that is still published: %d", a.status)
	}
	i.stop(t)
	if status, out := i.run(t, "ledger", "verify", filepath.Join(i.dir, "data", "ledger"), "--key", i.vkey(t)); status != 0 {
		t.Errorf("verify: %d %s", status, out)
	}
}

// keyOf is the head of a token, which names its key.
func keyOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
