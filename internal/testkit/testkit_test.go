package testkit_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/testkit"
	"modicum/internal/testkit/fhirdata"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func TestHAPIHoldsWhatWasLoaded(t *testing.T) {
	server := testkit.HAPI(t)
	for _, typ := range server.Data.Types() {
		n, err := fhirdata.Count(t.Context(), server.Base, typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := len(server.Data[typ]); n != want {
			t.Errorf("%s: %d, want %d", typ, n, want)
		}
	}
	patient := server.Data.Patients()[0]
	n, err := fhirdata.Count(t.Context(), server.Base, "Condition", url.Values{"patient": {patient}})
	if err != nil || n == 0 || n == len(server.Data["Condition"]) {
		t.Errorf("conditions of one patient: %d of %d, %v", n, len(server.Data["Condition"]), err)
	}
}

func TestAHAPIServerOfOnesOwnTakesWrites(t *testing.T) {
	server := testkit.NewHAPI(t, testkit.HAPIOptions{Patients: 10})
	body := `{"resourceType":"Patient","id":"new-one","active":true}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.Base+"/Patient/new-one", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("put: %s", resp.Status)
	}
	n, err := fhirdata.Count(t.Context(), server.Base, "Patient", nil)
	if want := len(server.Data.Patients()) + 1; err != nil || n != want {
		t.Errorf("patients: %d, want %d, %v", n, want, err)
	}
}

func TestMedplumAnswersWithoutLinks(t *testing.T) {
	server := testkit.Medplum(t)
	resp, err := http.Get(server.Base + "/Patient?_count=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var bundle struct {
		Link  []any
		Entry []any
	}
	if err := json.NewDecoder(resp.Body).Decode(&bundle); err != nil {
		t.Fatal(err)
	}
	if len(bundle.Entry) != 1 || len(bundle.Link) != 0 {
		t.Errorf("%d entries and %d links, want 1 and 0", len(bundle.Entry), len(bundle.Link))
	}
}

func TestValidatorTellsGoodFromBad(t *testing.T) {
	found := testkit.Validator(t).Check(t,
		[]byte(`{"resourceType":"Patient","id":"a","gender":"female"}`),
		[]byte("{\"resourceType\":\"Patient\",\n\"id\":\"b\",\"gender\":\"no such code\",\"shoeSize\":43}"),
		[]byte(`{"resourceType":"Patient"`),
		[]byte(`{"resourceType":"Observation","id":"c"}`),
	)
	for i, want := range []bool{true, false, false, false} {
		if got := len(found[i]) == 0; got != want {
			t.Errorf("resource %d: valid is %v, want %v: %v", i, got, want, found[i])
		}
	}
	if added := testkit.NewIssues(found[3], found[3]); len(added) != 0 {
		t.Errorf("a resource has new issues against itself: %v", added)
	}
	if added := testkit.NewIssues(found[0], found[1]); len(added) != len(found[1]) {
		t.Errorf("new issues: %v", added)
	}
}

type claims struct {
	jwt.Claims
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope"`
	Groups   []string `json:"groups"`
	FHIRUser string   `json:"fhirUser"`
}

func TestOIDCTokensVerifyWithThePublishedKeys(t *testing.T) {
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256} {
		issuer := testkit.OIDC(t, testkit.OIDCOptions{
			Alg: string(alg),
			TTL: 2 * time.Minute,
			People: map[string]map[string]any{
				"alice": {"groups": []string{"registered-nurse"}, "fhirUser": "Practitioner/7", "acr": "urn:mfa"},
				"bob":   {"groups": []string{"billing-specialist"}},
			},
			Programs: map[string]map[string]any{"claims-engine": {"groups": []string{"service-claims"}}},
			Scopes:   []string{"patient/*.rs", "system/Claim.rs"},
		})
		keys := published(t, issuer)
		got := verify(t, issuer.UserToken(t, "alice", "patient/*.rs"), alg, keys)
		if got.Subject != "alice" || got.FHIRUser != "Practitioner/7" || !slices.Equal(got.Groups, []string{"registered-nurse"}) ||
			got.Issuer != issuer.URL || !got.Audience.Contains(issuer.Audience) || got.Scope != "patient/*.rs" || got.ClientID != "app" {
			t.Errorf("%s: alice's token says %+v", alg, got)
		}
		if life := got.Expiry.Time().Sub(got.IssuedAt.Time()); life != 2*time.Minute {
			t.Errorf("%s: lives %v", alg, life)
		}
		got = verify(t, issuer.ProgramToken(t, "claims-engine", "system/Claim.rs"), alg, keys)
		if got.ClientID != "claims-engine" || got.Subject != "claims-engine" || !slices.Equal(got.Groups, []string{"service-claims"}) {
			t.Errorf("%s: the program's token says %+v", alg, got)
		}
	}
}

func TestOIDCRotatesItsKeys(t *testing.T) {
	issuer := testkit.OIDC(t, testkit.OIDCOptions{People: map[string]map[string]any{"alice": {}}})
	before, url := published(t, issuer), issuer.URL
	old := issuer.UserToken(t, "alice")
	issuer.Rotate(t, true)
	if issuer.URL != url {
		t.Fatalf("the issuer moved from %s to %s", url, issuer.URL)
	}
	both := published(t, issuer)
	verify(t, old, jose.ES256, both)
	fresh := issuer.UserToken(t, "alice")
	verify(t, fresh, jose.ES256, both)
	if len(before.Key(keyID(t, fresh))) != 0 {
		t.Error("the new token is signed by the old key")
	}
	issuer.Rotate(t, false)
	if left := published(t, issuer); len(left.Key(keyID(t, old))) != 0 {
		t.Error("the old key is still published")
	}
}

func published(t *testing.T, issuer *testkit.Issuer) jose.JSONWebKeySet {
	t.Helper()
	var discovery struct {
		Issuer string
		URI    string `json:"jwks_uri"`
	}
	getJSON(t, issuer.URL+"/.well-known/openid-configuration", &discovery)
	if discovery.Issuer != issuer.URL {
		t.Fatalf("discovery names %s, want %s", discovery.Issuer, issuer.URL)
	}
	var keys jose.JSONWebKeySet
	getJSON(t, discovery.URI, &keys)
	for _, k := range keys.Keys {
		if !k.IsPublic() {
			t.Fatal("a private key is published")
		}
	}
	return keys
}

func getJSON(t *testing.T, url string, into any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatalf("%s: %s: %v", url, resp.Status, err)
	}
}

func verify(t *testing.T, token string, alg jose.SignatureAlgorithm, keys jose.JSONWebKeySet) claims {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{alg})
	if err != nil {
		t.Fatal(err)
	}
	if typ := parsed.Headers[0].ExtraHeaders[jose.HeaderType]; typ != "at+jwt" {
		t.Errorf("typ is %v, RFC 9068 section 2.1 wants at+jwt", typ)
	}
	var c claims
	if err := parsed.Claims(keys, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func keyID(t *testing.T, token string) string {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Headers[0].KeyID
}

func TestClientLibrariesListAPatientsConditions(t *testing.T) {
	server := testkit.HAPI(t)
	patient := server.Data.Patients()[0]
	n, err := fhirdata.Count(t.Context(), server.Base, "Condition", url.Values{"patient": {patient}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range testkit.Clients() {
		got, err := testkit.Client(t, name, server.Base, "no-token", patient)
		if err != nil {
			t.Error(err)
			continue
		}
		if want := "conditions " + strconv.Itoa(n); strings.TrimSpace(got) != want {
			t.Errorf("%s printed %q, want %q", name, got, want)
		}
	}
}

func TestAxeFindsWhatIsWrongWithAPage(t *testing.T) {
	page := `<!doctype html><html lang="en"><title>A page</title><main><h1>Title</h1>` +
		`<p style="color:#eee;background:#fff">too pale to read</p></main></html>`
	pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = io.WriteString(w, page)
	}))
	defer pages.Close()
	ctx := testkit.Chromium(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(pages.URL)); err != nil {
		t.Fatal(err)
	}
	found := testkit.Axe(t, ctx)
	if len(found) != 1 || found[0].ID != "color-contrast" {
		t.Errorf("found %v, want color-contrast alone", found)
	}
}

func TestASmallSetIsWholeInItself(t *testing.T) {
	set, err := fhirdata.ReadFile("testdata/synthea-2.ndjson.gz")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.Patients()); n != 2 {
		t.Errorf("%d patients, want 2", n)
	}
	one := set.First(1)
	for _, typ := range one.Types() {
		for _, r := range one[typ] {
			if bytes.Contains(r.Body, []byte("Patient/"+set.Patients()[1])) {
				t.Errorf("%s names the patient that was left out", r.Key())
			}
		}
	}
	var b bytes.Buffer
	if err := set.Write(&b); err != nil {
		t.Fatal(err)
	}
	if file, _ := os.ReadFile("testdata/synthea-2.ndjson.gz"); !bytes.Equal(file, b.Bytes()) {
		t.Error("writing the set again gives other bytes")
	}
}
