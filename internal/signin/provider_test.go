package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// provider is an identity provider that says whatever a test wants it to.
type provider struct {
	t      *testing.T
	web    *httptest.Server
	key    *ecdsa.PrivateKey
	now    func() time.Time
	edit   func(claims map[string]any) // of the next ID token
	sign   func(claims map[string]any) string
	asked  url.Values // of the last start
	form   url.Values // of the last code
	secret string     // as it came with the last code
	nonce  string
	status int // of the token endpoint; 0 is 200
}

func newProvider(t *testing.T, now func() time.Time) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key, now: now}
	mux := http.NewServeMux()
	p.web = httptest.NewServer(mux)
	t.Cleanup(p.web.Close)
	say := func(v any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		}
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", say(map[string]any{
		"issuer": p.web.URL, "authorization_endpoint": p.web.URL + "/auth", "token_endpoint": p.web.URL + "/token", "jwks_uri": p.web.URL + "/keys",
		"end_session_endpoint": p.web.URL + "/out", "authorization_response_iss_parameter_supported": true,
	}))
	mux.HandleFunc("GET /keys", say(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}))
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		p.form = r.PostForm
		_, p.secret, _ = r.BasicAuth()
		if p.status != 0 {
			http.Error(w, `{"error":"invalid_grant"}`, p.status)
			return
		}
		say(map[string]any{"access_token": "opaque", "token_type": "Bearer", "id_token": p.idToken()})(w, r)
	})
	return p
}

func (p *provider) idToken() string {
	c := map[string]any{
		"iss": p.web.URL, "aud": "console", "sub": "fay", "nonce": p.nonce, "iat": p.now().Unix(), "exp": p.now().Add(5 * time.Minute).Unix(),
		"name": "Fay Example", "email": "fay@hospital.example", "groups": []string{"nurses", "bosses"}, "sid": "sso-1", "acr": "weak",
		"auth_time": p.now().Unix(), "fhirUser": "Practitioner/f1", "dept": "ward-3",
	}
	if p.edit != nil {
		p.edit(c)
	}
	if p.sign != nil {
		return p.sign(c)
	}
	return p.signed(c, "JWT")
}

func (p *provider) signed(c map[string]any, typ jose.ContentType) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{}).WithHeader("kid", "k1").WithType(typ))
	if err != nil {
		p.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}
