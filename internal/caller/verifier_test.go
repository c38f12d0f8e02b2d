package caller_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"modicum/internal/caller"
	"modicum/internal/problem"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// issuer signs tokens as an identity provider does; synthetic.
type issuer struct {
	es    *ecdsa.PrivateKey
	rsa   *rsa.PrivateKey
	other *ecdsa.PrivateKey // not of the issuer
}

var idp = func() *issuer {
	es, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	r, err3 := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err1, err2, err3); err != nil {
		panic(err)
	}
	return &issuer{es, r, other}
}()

func (i *issuer) jwks() []byte {
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: i.es.Public(), KeyID: "e1", Algorithm: "ES256", Use: "sig"},
		{Key: i.rsa.Public(), KeyID: "r1", Use: "sig"},
	}})
	if err != nil {
		panic(err)
	}
	return b
}

// payload is a good one with changes; a nil value takes the claim away.
func payload(changes map[string]any) []byte {
	p := map[string]any{"iss": "https://id.example/staff", "aud": "modicum", "sub": "alice", "exp": noon.Add(5 * time.Minute).Unix(), "iat": noon.Unix(), "groups": []string{"nurse"}, "azp": "ward-app"}
	for k, v := range changes {
		if p[k] = v; v == nil {
			delete(p, k)
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return b
}

var b64 = base64.RawURLEncoding.EncodeToString

// sign makes a token of any header, however wrong.
func sign(header string, payload []byte, key any) string {
	text := b64([]byte(header)) + "." + b64(payload)
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		h := crypto.SHA256.New()
		h.Write([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, k, h.Sum(nil))
		if err != nil {
			panic(err)
		}
		sig := make([]byte, 64)
		r.FillBytes(sig[:32])
		s.FillBytes(sig[32:])
		return text + "." + b64(sig)
	case *rsa.PrivateKey:
		h := crypto.SHA256.New()
		h.Write([]byte(text))
		sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, h.Sum(nil))
		if err != nil {
			panic(err)
		}
		return text + "." + b64(sig)
	case []byte: // HS256
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: k}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "r1"))
		if err != nil {
			panic(err)
		}
		jws, err := signer.Sign(payload)
		if err != nil {
			panic(err)
		}
		out, err := jws.CompactSerialize()
		if err != nil {
			panic(err)
		}
		return out
	}
	return text + "."
}

const es256 = `{"alg":"ES256","kid":"e1","typ":"JWT"}`

func good(changes map[string]any) string { return sign(es256, payload(changes), idp.es) }

func staff(t testing.TB) caller.Issuer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, idp.jwks(), 0o600); err != nil {
		t.Fatal(err)
	}
	return caller.Issuer{Issuer: "https://id.example/staff", Audience: "modicum", JWKSFile: path, Algorithms: []string{"ES256", "RS256"}, RolesClaim: "groups"}
}

func verifier(t testing.TB, is ...caller.Issuer) *caller.Verifier {
	t.Helper()
	if len(is) == 0 {
		is = []caller.Issuer{staff(t)}
	}
	v, err := caller.New(caller.Config{Issuers: is, FHIRBases: []string{"https://ehr.example/fhir"}, Now: func() (time.Time, bool) { return noon, true }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestK2_TokenZoo(t *testing.T) {
	// A key that a forger brings along must never be fetched.
	var fetched atomic.Int32
	forger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetched.Add(1)
		_, _ = w.Write(idp.jwks())
	}))
	defer forger.Close()
	pub, err := x509.MarshalPKIXPublicKey(idp.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub})
	jwk, err := jose.JSONWebKey{Key: idp.other.Public(), KeyID: "e1"}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	dup := strings.Replace(string(payload(nil)), `"sub":"alice"`, `"sub":"alice","sub":"root"`, 1)
	valid := good(nil)
	for _, tt := range []struct {
		name, token string
		want        caller.Reason
	}{
		{"none", sign(`{"alg":"none","typ":"JWT"}`, payload(nil), nil) + "", caller.Garbled},
		{"none with a signature", sign(`{"alg":"none","typ":"JWT"}`, payload(nil), idp.es), caller.BadAlgorithm},
		{"None in other letters", sign(`{"alg":"nOnE","typ":"JWT"}`, payload(nil), idp.es), caller.BadAlgorithm},
		{"HS256 with the public key", sign("", payload(nil), asPEM), caller.BadAlgorithm},
		{"an algorithm that is not allowed here", sign(`{"alg":"PS256","kid":"r1","typ":"JWT"}`, payload(nil), idp.rsa), caller.BadAlgorithm},
		{"RS256 naming an ES key", sign(`{"alg":"RS256","kid":"e1","typ":"JWT"}`, payload(nil), idp.rsa), caller.NoKey},
		{"ES256 naming an RSA key", sign(`{"alg":"ES256","kid":"r1","typ":"JWT"}`, payload(nil), idp.es), caller.NoKey},
		{"no algorithm", sign(`{"kid":"e1","typ":"JWT"}`, payload(nil), idp.es), caller.BadAlgorithm},
		{"a key of nobody", sign(`{"alg":"ES256","kid":"e9","typ":"JWT"}`, payload(nil), idp.es), caller.NoKey},
		{"signed by another", sign(es256, payload(nil), idp.other), caller.BadSignature},
		{"one byte of the payload", valid[:60] + string(rune('A'+(valid[60]-'A'+1)%26)) + valid[61:], 0},
		{"embedded jwk", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","jwk":`+string(jwk)+`}`, payload(nil), idp.other), caller.BadHeader},
		{"jku", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","jku":"`+forger.URL+`"}`, payload(nil), idp.other), caller.BadHeader},
		{"x5u", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","x5u":"`+forger.URL+`"}`, payload(nil), idp.other), caller.BadHeader},
		{"x5c", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","x5c":["MIIB"]}`, payload(nil), idp.es), caller.BadHeader},
		{"crit", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","crit":["exp"]}`, payload(nil), idp.es), caller.BadHeader},
		{"not encoded payload", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","b64":false}`, payload(nil), idp.es), caller.BadHeader},
		{"compressed", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","zip":"DEF"}`, payload(nil), idp.es), caller.BadHeader},
		{"nested", sign(`{"alg":"ES256","kid":"e1","typ":"JWT","cty":"JWT"}`, payload(nil), idp.es), caller.BadHeader},
		{"no type", sign(`{"alg":"ES256","kid":"e1"}`, payload(nil), idp.es), caller.BadType},
		{"a log-out token", sign(`{"alg":"ES256","kid":"e1","typ":"logout+jwt"}`, payload(nil), idp.es), caller.BadType},
		{"a security event", good(map[string]any{"events": map[string]any{"x": 1}}), caller.BadType},
		{"an ID token, by its hash of the access token", good(map[string]any{"at_hash": "x"}), caller.BadType},
		{"an ID token, by its hash of the code", good(map[string]any{"c_hash": "x"}), caller.BadType},
		{"an ID token, as Keycloak says", good(map[string]any{"typ": "ID"}), caller.BadType},
		{"a refresh token, as Keycloak says", good(map[string]any{"typ": "Refresh"}), caller.BadType},
		{"a kind that is no text", good(map[string]any{"typ": []string{"Bearer"}}), caller.BadType},
		{"the header's algorithm twice", sign(`{"alg":"ES256","alg":"ES256","kid":"e1","typ":"JWT"}`, payload(nil), idp.es), caller.Garbled},
		{"the subject twice", sign(es256, []byte(dup), idp.es), caller.Garbled},
		{"trailing data", sign(es256, append(payload(nil), "{}"...), idp.es), caller.Garbled},
		{"bad UTF-8", sign(es256, []byte("{\"sub\":\"\xff\"}"), idp.es), caller.Garbled},
		{"deeply nested", sign(es256, []byte(strings.Repeat(`{"a":`, 40)+"1"+strings.Repeat("}", 40)), idp.es), caller.Garbled},
		{"padding", strings.Replace(valid, ".", "=.", 1), caller.Garbled},
		{"a line end within", valid[:20] + "\n" + valid[20:], caller.Garbled},
		{"four parts", valid + ".x", caller.Garbled},
		{"JSON serialization", `{"payload":"e30","signatures":[]}`, caller.Garbled},
		{"empty", "", caller.Garbled},
		{"huge", good(map[string]any{"groups": strings.Repeat("x", 20_000)}), caller.Huge},
		{"wrong issuer", good(map[string]any{"iss": "https://id.example/other"}), caller.BadIssuer},
		{"issuer with a slash more", good(map[string]any{"iss": "https://id.example/staff/"}), caller.BadIssuer},
		{"no issuer", good(map[string]any{"iss": nil}), caller.BadIssuer},
		{"wrong audience", good(map[string]any{"aud": "billing"}), caller.BadAudience},
		{"two audiences, neither ours", good(map[string]any{"aud": []string{"a", "b"}}), caller.BadAudience},
		{"ours within another's name", good(map[string]any{"aud": "modicum2"}), caller.BadAudience},
		{"audiences that are not text", good(map[string]any{"aud": []any{"modicum", 7}}), caller.BadAudience},
		{"no audience", good(map[string]any{"aud": nil}), caller.BadAudience},
		{"expired", good(map[string]any{"exp": noon.Add(-11 * time.Second).Unix(), "iat": noon.Add(-time.Hour).Unix()}), caller.BadTimes},
		{"not yet valid", good(map[string]any{"nbf": noon.Add(time.Minute).Unix()}), caller.BadTimes},
		{"issued in the future", good(map[string]any{"iat": noon.Add(time.Minute).Unix()}), caller.BadTimes},
		{"no exp", good(map[string]any{"exp": nil}), caller.BadTimes},
		{"no iat", good(map[string]any{"iat": nil}), caller.BadTimes},
		{"exp as text", good(map[string]any{"exp": "1795435500"}), caller.BadTimes},
		{"exp beyond all time", good(map[string]any{"exp": 1e300}), caller.BadTimes},
		{"nbf null", good(map[string]any{"nbf": json.RawMessage("null")}), caller.BadTimes},
		{"no subject", good(map[string]any{"sub": nil}), caller.BadClaims},
		{"a subject that is a list", good(map[string]any{"sub": []string{"alice"}}), caller.BadClaims},
		{"a subject that means everyone", good(map[string]any{"sub": "*"}), caller.BadClaims},
		{"a subject that means a role", good(map[string]any{"sub": "role:nurse"}), caller.BadClaims},
		{"a subject with a letter nobody sees", good(map[string]any{"sub": "ali\u200bce"}), caller.BadClaims},
		{"roles that are not text", good(map[string]any{"groups": []any{"nurse", nil}}), caller.BadClaims},
		{"roles as an object", good(map[string]any{"groups": map[string]any{"a": 1}}), caller.BadClaims},
		{"a department that is no id", good(map[string]any{"dept": "Ward 3"}), caller.BadClaims},
		{"fhirUser of a strange type", good(map[string]any{"fhirUser": "Device/1"}), caller.BadClaims},
		{"bound to a key", good(map[string]any{"cnf": map[string]any{"jkt": "x"}}), caller.Bound},
		{"an actor without roles", good(map[string]any{"act": map[string]any{"sub": "agent"}}), caller.BadActor},
		{"an actor of another issuer", good(map[string]any{"act": map[string]any{"sub": "agent", "groups": []string{"nurse"}, "iss": "https://evil.example"}}), caller.BadActor},
		{"a chain of actors", good(map[string]any{"act": map[string]any{"sub": "a", "groups": []string{"nurse"}, "act": map[string]any{"sub": "b"}}}), caller.BadActor},
		{"an actor that is text", good(map[string]any{"act": "agent"}), caller.BadActor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := verifier(t)
			c, err := v.Verify(t.Context(), tt.token)
			var refusal *caller.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("accepted as %+v", c)
			}
			if tt.want != 0 && refusal.Reason != tt.want {
				t.Errorf("got reason %v, want %v", refusal.Reason, tt.want)
			}
			if err.Error() != "the token was not accepted" || problem.From(err).Slug() != "token" {
				t.Errorf("the message differs: %v", err)
			}
		})
	}
	if n := fetched.Load(); n != 0 {
		t.Errorf("%d addresses that tokens named were fetched", n)
	}
}

func TestK2_GoodTokens(t *testing.T) {
	v := verifier(t)
	for _, tt := range []struct {
		name, token string
		check       func(*caller.Caller) bool
	}{
		{"ES256", good(nil), func(c *caller.Caller) bool {
			return c.ID == "alice" && !c.Program && slices.Equal(c.Roles, []string{"nurse"}) && c.Client == "ward-app" && c.Expires.Equal(noon.Add(5*time.Minute))
		}},
		{"RS256", sign(`{"alg":"RS256","kid":"r1","typ":"at+jwt"}`, payload(nil), idp.rsa), func(c *caller.Caller) bool { return c.ID == "alice" }},
		{"no kid, one key fits", sign(`{"alg":"ES256","typ":"JWT"}`, payload(nil), idp.es), func(c *caller.Caller) bool { return c.ID == "alice" }},
		{"two audiences, one ours", good(map[string]any{"aud": []string{"account", "modicum"}}), func(c *caller.Caller) bool { return c.ID == "alice" }},
		{"within the leeway", good(map[string]any{"exp": noon.Add(-9 * time.Second).Unix(), "iat": noon.Add(-time.Hour).Unix()}), func(c *caller.Caller) bool { return c.ID == "alice" }},
		{"one role as text", good(map[string]any{"groups": "nurse"}), func(c *caller.Caller) bool { return slices.Equal(c.Roles, []string{"nurse"}) }},
		{"roles twice", good(map[string]any{"groups": []string{"b", "a", "b"}}), func(c *caller.Caller) bool { return slices.Equal(c.Roles, []string{"a", "b"}) }},
		{"no roles", good(map[string]any{"groups": nil}), func(c *caller.Caller) bool { return len(c.Roles) == 0 }},
		{"a program", good(map[string]any{"sub": "adt-feed", "client_id": "adt-feed"}), func(c *caller.Caller) bool { return c.Program && c.Subject == "adt-feed" }},
		{"places and people", good(map[string]any{"dept": "ward-3", "facility": "org1", "fhirUser": []string{"Practitioner/dr1", "https://ehr.example/fhir/PractitionerRole/r1", "https://elsewhere.example/fhir/Practitioner/dr2"}}), func(c *caller.Caller) bool {
			return c.Dept == "ward-3" && c.Facility == "org1" && slices.Equal(c.Practitioners, []string{"Practitioner/dr1", "PractitionerRole/r1"})
		}},
		{"a portal user", good(map[string]any{"fhirUser": "Patient/p1"}), func(c *caller.Caller) bool {
			return len(c.Practitioners) == 0 && slices.Equal(c.PatientOf, []string{"Patient/p1"})
		}},
		{"assurance", good(map[string]any{"acr": "aal2", "amr": []string{"hwk"}, "auth_time": noon.Unix()}), func(c *caller.Caller) bool {
			return c.ACR == "aal2" && slices.Equal(c.AMR, []string{"hwk"}) && c.AuthTime.Equal(noon)
		}},
		{"purpose of use", good(map[string]any{"extensions": map[string]any{"ihe_iua": map[string]any{"purpose_of_use": []any{map[string]any{"system": "urn:oid:2.16.840.1.113883.1.11.20448", "code": "TREAT"}, map[string]any{"system": "urn:x", "code": "TREAT"}}}}}), func(c *caller.Caller) bool {
			return slices.Equal(c.PurposeOfUse, []string{"TREAT", "urn:x|TREAT"})
		}},
		{"an actor with roles", good(map[string]any{"act": map[string]any{"sub": "agent", "groups": []string{"nurse"}}}), func(c *caller.Caller) bool {
			return c.Actor != nil && c.Actor.ID == "agent" && slices.Equal(c.Actor.Roles, []string{"nurse"})
		}},
		{"scopes", good(map[string]any{"scope": "openid patient/Observation.rs", "patient": "p1"}), func(c *caller.Caller) bool { return len(c.Scopes) == 1 && c.Patient == "p1" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := v.Verify(t.Context(), tt.token)
			if err != nil {
				var r *caller.Refusal
				errors.As(err, &r)
				t.Fatalf("refused: %v", r.Reason)
			}
			if !tt.check(c) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestT8_PeopleOfTwoIssuersNeverShareAnID(t *testing.T) {
	a, b := staff(t), staff(t)
	b.Issuer = "https://id.example/portal"
	for _, tt := range []struct {
		name          string
		first, second string
		want          string
	}{
		{"one prefix for both", "hosp/", "hosp/", "that of another issuer"},
		{"no prefix for one", "", "portal/", "is needed"},
		{"a prefix that does not end", "hosp", "portal/", "ending in /"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a.Prefix, b.Prefix = tt.first, tt.second
			_, err := caller.New(caller.Config{Issuers: []caller.Issuer{a, b}, Now: func() (time.Time, bool) { return noon, true }})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	a.Prefix, b.Prefix = "hosp/", "portal/"
	if c, err := verifier(t, a, b).Verify(t.Context(), good(nil)); err != nil || c.ID != "hosp/alice" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestT8_NobodyBecomesAProgramByAUserName(t *testing.T) {
	is := staff(t)
	is.Person = "preferred_username"
	c, err := verifier(t, is).Verify(t.Context(), good(map[string]any{"sub": "u-1", "preferred_username": "adt-feed", "client_id": "ward-app"}))
	if err != nil || c.ID != "adt-feed" || c.Program || c.Subject != "u-1" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestK2_AMissingSettingStopsTheStart(t *testing.T) {
	for name, change := range map[string]func(*caller.Issuer){
		"issuer":     func(i *caller.Issuer) { i.Issuer = "" },
		"audience":   func(i *caller.Issuer) { i.Audience = "" },
		"algorithms": func(i *caller.Issuer) { i.Algorithms = nil },
		"HS256":      func(i *caller.Issuer) { i.Algorithms = []string{"HS256"} },
		"none":       func(i *caller.Issuer) { i.Algorithms = []string{"none"} },
		"http":       func(i *caller.Issuer) { i.Issuer = "http://id.example" },
		"two keys":   func(i *caller.Issuer) { i.JWKSURL = "https://id.example/jwks" },
	} {
		is := staff(t)
		change(&is)
		if _, err := caller.New(caller.Config{Issuers: []caller.Issuer{is}, Now: func() (time.Time, bool) { return noon, true }}); err == nil {
			t.Errorf("%s: started", name)
		}
	}
}

func TestMappedRolesOnly(t *testing.T) {
	is := staff(t)
	is.Roles = map[string]string{"hospital-billing": "billing-specialist"}
	c, err := verifier(t, is).Verify(t.Context(), good(map[string]any{"groups": []string{"hospital-billing", "physician"}}))
	if err != nil || !slices.Equal(c.Roles, []string{"billing-specialist"}) {
		t.Errorf("got %+v, %v", c, err)
	}
	is.Roles, is.RolesClaim = nil, "/realm_access/roles"
	c, err = verifier(t, is).Verify(t.Context(), good(map[string]any{"realm_access": map[string]any{"roles": []string{"nurse"}}}))
	if err != nil || !slices.Equal(c.Roles, []string{"nurse"}) {
		t.Errorf("by pointer: got %+v, %v", c, err)
	}
}

func TestD9_EachUseIsJudgedAgain(t *testing.T) {
	now, sure := noon, true
	v, err := caller.New(caller.Config{Issuers: []caller.Issuer{staff(t)}, Now: func() (time.Time, bool) { return now, sure }})
	if err != nil {
		t.Fatal(err)
	}
	token := good(nil)
	verify := func() caller.Reason {
		_, err := v.Verify(t.Context(), token)
		var r *caller.Refusal
		if errors.As(err, &r) {
			return r.Reason
		}
		return caller.NoReason
	}
	sure = false
	if got := verify(); got != caller.ClockUnsure {
		t.Errorf("a new token under an unsure clock: %v", got)
	}
	sure = true
	if got := verify(); got != caller.NoReason {
		t.Fatalf("refused: %v", got)
	}
	v.Revoke("somebody else", noon)
	if got := verify(); got != caller.NoReason {
		t.Errorf("another's revocation: %v", got)
	}
	v.Revoke("alice", noon)
	if got := verify(); got != caller.Revoked {
		t.Errorf("revoked: %v", got)
	}
	now = noon.Add(5*time.Minute + 11*time.Second)
	if got := verify(); got != caller.BadTimes {
		t.Errorf("expired while cached: %v", got)
	}
}

func TestKeysRotate(t *testing.T) {
	var keys atomic.Value
	var asked atomic.Int32
	keys.Store(idp.jwks())
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": srv.URL, "jwks_uri": srv.URL + "/jwks"})
		case "/jwks":
			asked.Add(1)
			_, _ = w.Write(keys.Load().([]byte))
		}
	}))
	defer srv.Close()
	now := noon
	v, err := caller.New(caller.Config{Issuers: []caller.Issuer{{Issuer: srv.URL, Audience: "modicum", Algorithms: []string{"ES256"}}}, Now: func() (time.Time, bool) { return now, true }})
	if err != nil {
		t.Fatal(err)
	}
	old := good(map[string]any{"iss": srv.URL})
	if _, err := v.Verify(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	next := sign(`{"alg":"ES256","kid":"e2","typ":"JWT"}`, payload(map[string]any{"iss": srv.URL}), idp.other)
	for range 20 { // unknown keys cost one fetch in ten seconds
		if _, err := v.Verify(t.Context(), next); err == nil {
			t.Fatal("accepted before the key was published")
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times, want 1: the first try was just now", n)
	}
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: idp.other.Public(), KeyID: "e2", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	keys.Store(b)
	now = now.Add(11 * time.Second)
	if _, err := v.Verify(t.Context(), next); err != nil {
		t.Errorf("the new key is not used: %v", err)
	}
	if _, err := v.Verify(t.Context(), old); err == nil {
		t.Error("a token of a key that was taken away is accepted from the cache")
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestO1_DiscoveryStaysAtTheIssuer(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(idp.jwks())
	}))
	defer other.Close()
	for name, answer := range map[string]func(w http.ResponseWriter, self string){
		"keys at another origin": func(w http.ResponseWriter, self string) {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": self, "jwks_uri": other.URL + "/jwks"})
		},
		"a redirect": func(w http.ResponseWriter, self string) {
			w.Header().Set("Location", other.URL)
			w.WriteHeader(http.StatusFound)
		},
		"another issuer": func(w http.ResponseWriter, self string) {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "https://evil.example", "jwks_uri": self + "/jwks"})
		},
		"an endless document": func(w http.ResponseWriter, self string) {
			for range 1000 {
				if _, err := w.Write(make([]byte, 1024)); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var srv *httptest.Server
			srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, srv.URL) }))
			defer srv.Close()
			v := verifier(t, caller.Issuer{Issuer: srv.URL, Audience: "modicum", Algorithms: []string{"ES256"}})
			if err := v.Refresh(context.Background()); err == nil {
				t.Error("keys were loaded")
			}
			if st := v.States(); st[0].Error == "" || st[0].Keys != 0 {
				t.Errorf("state %+v", st)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("another origin was asked")
	}
}

func TestAuthenticateReadsOneBearer(t *testing.T) {
	v := verifier(t)
	for _, tt := range []struct {
		name   string
		values []string
		want   caller.Reason
	}{
		{"none", nil, caller.Absent},
		{"good", []string{"Bearer " + good(nil)}, caller.NoReason},
		{"scheme in other letters", []string{"bearer " + good(nil)}, caller.NoReason},
		{"two", []string{"Bearer " + good(nil), "Bearer " + good(nil)}, caller.NotBearer},
		{"basic", []string{"Basic YTpi"}, caller.NotBearer},
		{"two blanks", []string{"Bearer  " + good(nil)}, caller.Garbled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/fhir/Patient/1?access_token="+good(nil), nil)
			r.Header["Authorization"] = tt.values
			if tt.values == nil {
				r.Header.Del("Authorization")
			}
			c, err := v.Authenticate(r)
			got := caller.NoReason
			var refusal *caller.Refusal
			if errors.As(err, &refusal) {
				got = refusal.Reason
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if err == nil && c.Network != "192.0.2.1" {
				t.Errorf("network %q", c.Network)
			}
		})
	}
}

// TestD9_ACallerIsOfTheirRequestAlone: whoever asked completes the caller by what holds
// now, and nothing of that is there for the next request with the token.
func TestD9_ACallerIsOfTheirRequestAlone(t *testing.T) {
	v, token := verifier(t), good(nil)
	ask := func() *caller.Caller {
		r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		c, err := v.Authenticate(r)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := ask()
	was := *first
	first.Roles, first.Proved, first.AsOf, first.Until, first.Away = []string{"privacy-officer"}, noon, 7, noon, 7
	if again := *ask(); !reflect.DeepEqual(again, was) {
		t.Errorf("the next request of the token is by %+v, want %+v", again, was)
	}
}

func FuzzToken(f *testing.F) {
	v := verifier(f)
	f.Add(good(nil))
	f.Add(sign(`{"alg":"none"}`, payload(nil), nil))
	f.Add("a.b.c")
	f.Add(sign(es256, []byte(`{"iss":"https://id.example/staff","aud":["modicum"],"exp":1e999}`), idp.es))
	accepted := map[string]bool{good(nil): true}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token)
		if err != nil {
			if err.Error() != "the token was not accepted" {
				t.Errorf("message %q", err)
			}
			return
		}
		// Only what our issuer signed is accepted, and it says what was signed.
		parts := strings.Split(token, ".")
		if len(parts) != 3 || c.ID != "alice" {
			t.Errorf("accepted %q as %+v (%v)", token, c, accepted[token])
		}
	})
}
