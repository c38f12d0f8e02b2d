package testkit

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// OIDCOptions says who an [Issuer] knows.
type OIDCOptions struct {
	Audience string                    // the resource server that tokens are for; empty means https://modicum.test
	Alg      string                    // what signs access tokens, ES256 or RS256; empty means ES256
	TTL      time.Duration             // life of an access token, whole seconds; 0 means 5 minutes
	People   map[string]map[string]any // subject: claims of the access token, such as groups, fhirUser, acr
	Programs map[string]map[string]any // client id: claims of the access token
	Scopes   []string                  // what may be asked for, such as patient/*.rs
}

// Issuer is a running OpenID provider (npm oidc-provider). URL is the issuer; discovery and keys lie where OpenID says.
type Issuer struct {
	URL      string
	Audience string

	o        OIDCOptions
	keys     []jose.JSONWebKey // private; the first of an algorithm signs
	programs map[string]jose.JSONWebKey
	port     int
	p        *process
}

// callback is where the authorization code would go; nothing listens there.
const callback = "http://127.0.0.1/callback"

// OIDC starts an OpenID provider that ends with the test.
func OIDC(tb testing.TB, o OIDCOptions) *Issuer {
	tb.Helper()
	Need(tb, Node)
	if o.Audience == "" {
		o.Audience = "https://modicum.test"
	}
	if o.Alg == "" {
		o.Alg = "ES256"
	}
	if o.TTL == 0 {
		o.TTL = 5 * time.Minute
	}
	i := &Issuer{Audience: o.Audience, o: o, keys: newKeys(tb), programs: map[string]jose.JSONWebKey{}}
	for id := range o.Programs {
		i.programs[id] = newKey(tb, jose.ES384, elliptic.P384())
	}
	i.start(tb)
	tb.Cleanup(func() { i.p.stop(0) })
	return i
}

// Rotate starts the provider again, at the same address, with new signing keys. With keepOld the former public keys
// stay published, as a provider does for a while; without, tokens signed by them can no longer be verified.
func (i *Issuer) Rotate(tb testing.TB, keepOld bool) {
	tb.Helper()
	former := i.keys
	i.keys = newKeys(tb)
	if keepOld {
		i.keys = append(i.keys, former...)
	}
	i.Stop()
	i.start(tb)
}

// Stop ends the provider: discovery and keys cannot be had any more.
func (i *Issuer) Stop() { i.p.stop(2 * time.Second) }

// SigningKey gives the private key that signs alg at present, for tests that forge tokens.
func (i *Issuer) SigningKey(alg string) jose.JSONWebKey {
	for _, k := range i.keys {
		if k.Algorithm == alg {
			return k
		}
	}
	return jose.JSONWebKey{}
}

func (i *Issuer) start(tb testing.TB) {
	tb.Helper()
	config, err := i.config()
	if err != nil {
		tb.Fatal(err)
	}
	node, err := nodePath()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(node, filepath.Join(cacheDir(), "node", "oidc.mjs"))
	in, err := cmd.StdinPipe() // stays open: the provider ends when it is closed
	if err != nil {
		tb.Fatal(err)
	}
	go func() { _, _ = in.Write(append(config, '\n')) }()
	p, issuer, err := launchServer("OpenID provider", cmd, time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	u, err := url.Parse(issuer)
	if err != nil {
		tb.Fatal(err)
	}
	i.p, i.URL = p, issuer
	i.port, _ = strconv.Atoi(u.Port())
}

// config is what oidc.mjs reads.
func (i *Issuer) config() ([]byte, error) {
	type program struct {
		JWKS   jose.JSONWebKeySet `json:"jwks"`
		Scope  string             `json:"scope"`
		Claims map[string]any     `json:"claims"`
	}
	programs := map[string]program{}
	for id, claims := range i.o.Programs {
		keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(i.programs[id])}}
		programs[id] = program{keys, strings.Join(i.o.Scopes, " "), claims}
	}
	return json.Marshal(map[string]any{
		"port": i.port, "keys": i.keys, "audience": i.o.Audience, "alg": i.o.Alg, "ttl": int(i.o.TTL.Seconds()),
		"people": i.o.People, "programs": programs, "redirect": callback, "scopes": i.o.Scopes,
	})
}

// UserToken logs a person in, by the authorization code flow with PKCE, and gives the access token.
func (i *Issuer) UserToken(tb testing.TB, person string, scopes ...string) string {
	tb.Helper()
	verifier := random()
	challenge := sha256.Sum256([]byte(verifier))
	state := random()
	code, err := i.authorize(url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {callback}, "state": {state},
		"scope": {strings.Join(append([]string{"openid"}, scopes...), " ")}, "resource": {i.Audience},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
		"login_hint": {person},
	})
	if err != nil {
		tb.Fatalf("log %s in: %v", person, err)
	}
	token, err := i.token(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"app"}, "redirect_uri": {callback},
		"code": {code}, "code_verifier": {verifier}, "resource": {i.Audience},
	})
	if err != nil {
		tb.Fatalf("log %s in: %v", person, err)
	}
	return token
}

// authorize walks from the authorization endpoint to the redirect that carries the code, keeping cookies as a browser does.
func (i *Issuer) authorize(q url.Values) (code string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := http.Client{Jar: jar, Timeout: 30 * time.Second, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) || len(via) > 10 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := browser.Get(i.URL + "/auth?" + q.Encode())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return "", fmt.Errorf("no redirect but %s: %s", resp.Status, body)
	}
	back := to.Query()
	if back.Get("code") == "" || back.Get("state") != q.Get("state") {
		return "", fmt.Errorf("no code but %q: %q", back.Get("error"), back.Get("error_description"))
	}
	return back.Get("code"), nil
}

// ProgramToken gets an access token for a program: client_credentials with private_key_jwt, as SMART Backend Services.
func (i *Issuer) ProgramToken(tb testing.TB, id string, scopes ...string) string {
	tb.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: i.programs[id]}, nil)
	if err != nil {
		tb.Fatalf("program %s: %v", id, err)
	}
	now := time.Now()
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: id, Subject: id, Audience: jwt.Audience{i.URL}, ID: random(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
	if err != nil {
		tb.Fatal(err)
	}
	token, err := i.token(url.Values{
		"grant_type": {"client_credentials"}, "client_id": {id}, "scope": {strings.Join(scopes, " ")}, "resource": {i.Audience},
		"client_assertion":      {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})
	if err != nil {
		tb.Fatalf("program %s: %v", id, err)
	}
	return token
}

func (i *Issuer) token(form url.Values) (string, error) {
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.PostForm(i.URL+"/token", form)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return "", fmt.Errorf("token endpoint: %s: %w", resp.Status, err)
	}
	if answer.AccessToken == "" {
		return "", fmt.Errorf("token endpoint: %s: %s: %s", resp.Status, answer.Error, answer.Description)
	}
	return answer.AccessToken, nil
}

// newKeys makes a signing key for each algorithm.
func newKeys(tb testing.TB) []jose.JSONWebKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return []jose.JSONWebKey{newKey(tb, jose.ES256, elliptic.P256()), asJWK(key, jose.RS256)}
}

func newKey(tb testing.TB, alg jose.SignatureAlgorithm, curve elliptic.Curve) jose.JSONWebKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return asJWK(key, alg)
}

func asJWK(key crypto.Signer, alg jose.SignatureAlgorithm) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: random()[:8], Algorithm: string(alg), Use: "sig"}
}

func public(k jose.JSONWebKey) jose.JSONWebKey { return k.Public() }

func random() string { return rand.Text() + rand.Text() }

// PID is the process of the provider.
func (i *Issuer) PID() int { return i.p.cmd.Process.Pid }
