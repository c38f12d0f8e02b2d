package signin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/signin"
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

// federation is a site whose people sign in at a provider.
type federation struct {
	*site
	idp      *provider
	oidc     *signin.OIDC
	arrivals []people.Arrival
	web      *httptest.Server
	ours     map[string]bool   // pages for which no provider speaks
	theirs   map[string]string // subjects of people, by their ids, where it was said
}

func newFederation(t *testing.T, edit ...func(*caller.Issuer)) *federation {
	t.Helper()
	f := &federation{site: newSite(t)}
	f.idp = newProvider(t, func() time.Time { now, _ := f.now(); return now })
	issuer := caller.Issuer{Issuer: f.idp.web.URL, Audience: "modicum", Algorithms: []string{"ES256"}, RolesClaim: "groups", Roles: map[string]string{"nurses": "nurse"}}
	for _, e := range edit {
		e(&issuer)
	}
	verifier, err := caller.New(caller.Config{Issuers: []caller.Issuer{issuer}, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	f.oidc, err = signin.NewOIDC(f.svc, signin.OIDCConfig{
		Logins:  []signin.Login{{Issuer: f.idp.web.URL, Name: "Hospital log-in", Client: "console", Algorithms: []string{"ES256"}, Strong: []string{"phr"}}},
		Issuers: verifier, Arrive: f.arrive, Ours: func(id string) bool { return f.ours[id] }, Word: f.word,
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sign-in/oidc", f.oidc.Handler())
	mux.Handle("/sign-in/oidc/", f.oidc.Handler())
	mux.Handle("/sign-in/out", f.svc.Handler())
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		if x := signin.From(r.Context()); x != nil {
			proved := "not proved"
			if signin.Proved(r.Context(), 5*time.Minute) == nil {
				proved = "proved"
			}
			_, _ = io.WriteString(w, x.Person+" "+proved)
		}
	})
	all := http.NewServeMux()
	all.Handle("/", f.svc.Wrap(mux))
	all.Handle(signin.LogoutPath, f.oidc.BackChannel())
	f.web = httptest.NewServer(all)
	t.Cleanup(f.web.Close)
	return f
}

func (f *federation) arrive(_ context.Context, a people.Arrival) (*people.Person, error) {
	f.arrivals = append(f.arrivals, a)
	p := f.staff.Person(a.ID)
	if p == nil {
		p = &people.Person{ID: a.ID, UserName: a.ID, Name: a.Name, From: people.Issuer, Active: true}
		f.staff.set(p)
	}
	if !p.Active {
		return nil, &people.Refusal{Kind: people.ErrGone}
	}
	return p, nil
}

// tab is a browser.
type tab struct {
	f      *federation
	client *http.Client
}

func (f *federation) tab() *tab {
	jar, _ := cookiejar.New(nil)
	return &tab{f, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *tab) get(path string) (int, string, http.Header) {
	b.f.t.Helper()
	res, err := b.client.Get(b.f.web.URL + path)
	if err != nil {
		b.f.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(body), res.Header
}

// start goes to the provider, and gives what it is asked.
func (b *tab) start(more string) url.Values {
	b.f.t.Helper()
	status, body, h := b.get("/sign-in/oidc/start?issuer=" + url.QueryEscape(b.f.idp.web.URL) + more)
	to, err := url.Parse(h.Get("Location"))
	if err != nil || status != http.StatusSeeOther || !strings.HasPrefix(to.String(), b.f.idp.web.URL+"/auth?") {
		b.f.t.Fatalf("%d %s %s", status, h.Get("Location"), body)
	}
	b.f.idp.asked, b.f.idp.nonce = to.Query(), to.Query().Get("nonce")
	return to.Query()
}

// back comes from the provider with an answer.
func (b *tab) back(q url.Values) (int, string, http.Header) {
	b.f.t.Helper()
	return b.get("/sign-in/oidc?" + q.Encode())
}

// answer is what the provider sends a browser back with.
func (f *federation) answer(asked url.Values) url.Values {
	return url.Values{"code": {rand.Text()}, "state": asked["state"], "iss": {f.idp.web.URL}}
}

func (b *tab) signIn() {
	b.f.t.Helper()
	if status, body, _ := b.back(b.f.answer(b.start("&to=/my"))); status != http.StatusSeeOther {
		b.f.t.Fatalf("%d %s", status, body)
	}
}

func (b *tab) who() string { _, body, _ := b.get("/who"); return body }

func TestSomebodySignsInAtTheirProvider(t *testing.T) {
	f := newFederation(t)
	b := f.tab()
	asked := b.start("&to=/my")
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "console", "code_challenge_method": "S256", "acr_values": "phr", "prompt": "",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
	if !strings.HasSuffix(asked.Get("redirect_uri"), "/sign-in/oidc") || len(asked.Get("state")) < 43 || len(asked.Get("nonce")) < 43 {
		t.Errorf("asked %v", asked)
	}
	status, body, h := b.back(f.answer(asked))
	if status != http.StatusSeeOther || h.Get("Location") != "/my" {
		t.Fatalf("%d %s %s", status, h.Get("Location"), body)
	}
	sum := sha256.Sum256([]byte(f.idp.form.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		t.Error("the code was fetched without its verifier")
	}
	if b.who() != "fay not proved" {
		t.Errorf("she is %q", b.who())
	}
	a := f.arrivals[0]
	if a.ID != "fay" || a.Name != "Fay Example" || a.Department != "ward-3" || !slices.Equal(a.Roles, []string{"nurse"}) || !slices.Equal(a.Practitioners, []string{"Practitioner/f1"}) {
		t.Errorf("the directory was told %+v", a)
	}
	if want := f.at.Add(12 * time.Hour).UnixMicro(); a.Until != want {
		t.Errorf("its word counts until %d, want %d", a.Until, want)
	}
	for _, secret := range []string{f.idp.form.Get("code"), f.idp.form.Get("code_verifier"), asked.Get("nonce"), asked.Get("state")} {
		if strings.Contains(f.log.String(), secret) {
			t.Error("the diary holds a secret (K1)")
		}
	}
}

// TestK2_AnIDTokenThatIsNotWhatItShouldBeSignsNobodyIn: one claim wrong at a time.
func TestK2_AnIDTokenThatIsNotWhatItShouldBeSignsNobodyIn(t *testing.T) {
	with := func(name string, v any) func(*federation, map[string]any) {
		return func(_ *federation, c map[string]any) {
			if v == nil {
				delete(c, name)
				return
			}
			c[name] = v
		}
	}
	at := time.Date(2026, 11, 27, 7, 0, 0, 0, time.UTC)
	for name, edit := range map[string]func(*federation, map[string]any){
		"the nonce of another log-in": with("nonce", "another"),
		"no nonce":                    with("nonce", nil),
		"another issuer":              with("iss", "https://id.evil.example"),
		"another audience":            with("aud", "another-app"),
		"the audience of a door":      with("aud", "modicum"),
		"two audiences and no party":  with("aud", []string{"console", "another-app"}),
		"another party":               with("azp", "another-app"),
		"over":                        with("exp", at.Add(-time.Minute).Unix()),
		"without an end":              with("exp", nil),
		"from the future":             with("iat", at.Add(time.Hour).Unix()),
		"without a beginning":         with("iat", nil),
		"of nobody":                   with("sub", ""),
		"of everybody":                with("sub", "*"),
		"of a role":                   with("sub", "role:nurse"),
		"of a program":                func(_ *federation, c map[string]any) { c["azp"], c["sub"] = "console", "console" },
		"roles that are no list":      with("groups", map[string]any{"a": 1}),
		"an access token":             with("typ", "Bearer"),
		"the hash of another token":   with("at_hash", "x"),
		"a session that is a number":  with("sid", 7),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			f.idp.edit = func(c map[string]any) { edit(f, c) }
			f.refuses(f.tab(), http.StatusBadRequest)
		})
	}
}

// refuses demands that a log-in ends without a session, and is told of in the diary alone.
func (f *federation) refuses(b *tab, want int) {
	f.t.Helper()
	status, body, h := b.back(f.answer(b.start("")))
	if status != want || b.who() != "" || len(f.arrivals) != 0 || slices.Contains(f.acts(), "signed-in") {
		f.t.Errorf("got %d %q %v, as %q", status, body, h, b.who())
	}
	if strings.Contains(body, "nonce") || strings.Contains(body, "ID token") || !strings.Contains(f.log.String(), "refused") && want != 503 {
		f.t.Errorf("the page says %q, the diary %q", body, f.log.String())
	}
}

func TestK2_WhatSignsAnIDToken(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	text := func(c map[string]any) string { b, _ := json.Marshal(c); return b64(b) }
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	for name, sign := range map[string]func(*federation, map[string]any) string{
		"nothing": func(_ *federation, c map[string]any) string {
			return b64([]byte(`{"alg":"none"}`)) + "." + text(c) + "."
		},
		"a secret": func(_ *federation, c map[string]any) string {
			s, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("console", 8))}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
			out, _ := jwt.Signed(s).Claims(c).Serialize()
			return out
		},
		"another key": func(_ *federation, c map[string]any) string {
			s, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: other}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
			out, _ := jwt.Signed(s).Claims(c).Serialize()
			return out
		},
		"a key that it brings": func(_ *federation, c map[string]any) string {
			s, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: other}, &jose.SignerOptions{EmbedJWK: true})
			out, _ := jwt.Signed(s).Claims(c).Serialize()
			return out
		},
		"nothing is there":   func(*federation, map[string]any) string { return "" },
		"an access token's":  func(f *federation, c map[string]any) string { return f.idp.signed(c, "at+jwt") },
		"a log-out token's":  func(f *federation, c map[string]any) string { return f.idp.signed(c, "logout+jwt") },
		"a signature cut up": func(f *federation, c map[string]any) string { s := f.idp.signed(c, "JWT"); return s[:len(s)-8] },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			f.idp.sign = func(c map[string]any) string { return sign(f, c) }
			f.refuses(f.tab(), http.StatusBadRequest)
		})
	}
}

func TestC1_AnAnswerCountsOnceInTheBrowserThatAsked(t *testing.T) {
	f := newFederation(t)
	mine, other := f.tab(), f.tab()
	asked := mine.start("")
	good := f.answer(asked)
	for name, q := range map[string]url.Values{
		"another state":      edited(good, "state", "x"),
		"no state":           edited(good, "state", ""),
		"another provider":   edited(good, "iss", "https://id.evil.example"),
		"no provider":        edited(good, "iss", ""),
		"an error":           edited(good, "error", "access_denied"),
		"no code":            edited(good, "code", ""),
		"a code of somebody": good, // another browser: a code that was injected (session fixation by log-in)
	} {
		b := mine
		if name == "a code of somebody" {
			b = other
			other.start("")
		} else {
			mine.start("")
			if q.Get("state") != "x" && q.Get("state") != "" {
				q.Set("state", f.idp.asked.Get("state"))
			}
		}
		if status, body, _ := b.back(q); status < 400 || b.who() != "" {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, _, _ := f.tab().back(good); status != http.StatusBadRequest {
		t.Errorf("a browser that never asked: %d", status)
	}
	good = f.answer(mine.start(""))
	if status, body, _ := mine.back(good); status != http.StatusSeeOther {
		t.Fatalf("the good one: %d %s", status, body)
	}
	if status, _, _ := mine.back(good); status != http.StatusBadRequest {
		t.Errorf("a second time: %d", status)
	}
	late := f.tab()
	good = f.answer(late.start(""))
	f.pass(10 * time.Minute)
	if status, _, _ := late.back(good); status != http.StatusBadRequest || late.who() != "" {
		t.Errorf("ten minutes later: %d", status)
	}
}

func edited(q url.Values, name, value string) url.Values {
	out := maps.Clone(q)
	out.Set(name, value)
	if value == "" {
		out.Del(name)
	}
	return out
}

func TestNobodyIsSentElsewhereAfterwards(t *testing.T) {
	f := newFederation(t)
	for _, to := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)"} {
		b := f.tab()
		_, _, h := b.back(f.answer(b.start("&to=" + url.QueryEscape(to))))
		if h.Get("Location") != "/" {
			t.Errorf("%s leads to %s", to, h.Get("Location"))
		}
	}
}

func TestG6_WhoHasLeftIsNotLetInWhateverTheProviderSays(t *testing.T) {
	f := newFederation(t)
	f.staff.set(&people.Person{ID: "fay", UserName: "fay"})
	b := f.tab()
	if status, body, _ := b.back(f.answer(b.start(""))); status != http.StatusForbidden || b.who() != "" {
		t.Errorf("%d %s", status, body)
	}
}

func TestStepUpComparesWhatTheProviderSaysWasDone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(f *federation, c map[string]any)
		status int
	}{
		{"two factors just now", func(_ *federation, c map[string]any) { c["acr"] = "phr" }, http.StatusSeeOther},
		{"a weaker one than was asked for", func(*federation, map[string]any) {}, http.StatusForbidden},
		{"none said", func(_ *federation, c map[string]any) { delete(c, "acr") }, http.StatusForbidden},
		{"one that looks like it", func(_ *federation, c map[string]any) { c["acr"] = "phr " }, http.StatusForbidden},
		{"two factors this morning", func(f *federation, c map[string]any) {
			c["acr"], c["auth_time"] = "phr", f.idp.now().Add(-time.Hour).Unix()
		}, http.StatusForbidden},
		{"nobody knows when", func(_ *federation, c map[string]any) { c["acr"] = "phr"; delete(c, "auth_time") }, http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFederation(t)
			b := f.tab()
			b.signIn()
			f.pass(10 * time.Minute)
			asked := b.start("&prove=yes&to=/again")
			if asked.Get("prompt") != "login" || asked.Get("max_age") != "0" || asked.Get("acr_values") != "phr" {
				t.Errorf("asked %v", asked)
			}
			f.idp.edit = func(c map[string]any) { tt.edit(f, c) }
			status, body, _ := b.back(f.answer(asked))
			want := map[bool]string{true: "fay proved", false: "fay not proved"}[tt.status == http.StatusSeeOther]
			if status != tt.status || b.who() != want {
				t.Errorf("%d %s, now %q", status, body, b.who())
			}
		})
	}
}

func TestG1_SomebodyElsesProofIsNotThePersonsOfTheSession(t *testing.T) {
	f := newFederation(t)
	b := f.tab()
	b.signIn()
	asked := b.start("&prove=yes")
	f.idp.edit = func(c map[string]any) { c["acr"], c["sub"] = "phr", "gus" }
	if status, body, _ := b.back(f.answer(asked)); status != http.StatusForbidden || b.who() != "fay not proved" {
		t.Errorf("%d %s, now %q", status, body, b.who())
	}
	if status, _, _ := f.tab().get("/sign-in/oidc/start?prove=yes&issuer=" + url.QueryEscape(f.idp.web.URL)); status != http.StatusBadRequest {
		t.Errorf("a proof without a session: %d", status)
	}
}

// TestT8_AProofIsOfTheSubjectWhoseSessionItIs: names are chosen anew at the provider, and
// another who has the same one now proves nothing for who had it.
func TestT8_AProofIsOfTheSubjectWhoseSessionItIs(t *testing.T) {
	f := newFederation(t, func(is *caller.Issuer) { is.Person = "preferred_username" })
	acr, subject := "weak", "f81d"
	f.idp.edit = func(c map[string]any) { c["preferred_username"], c["sub"], c["acr"] = "fay", subject, acr }
	b := f.tab()
	b.signIn()
	acr = "phr"
	for _, tt := range []struct{ subject, want string }{{"0000", "fay not proved"}, {"f81d", "fay proved"}} {
		subject = tt.subject
		status, body, _ := b.back(f.answer(b.start("&prove=yes&to=/again")))
		if got := b.who(); got != tt.want {
			t.Errorf("%s proves: %d %s, and she is %q, want %q", subject, status, body, got, tt.want)
		}
	}
}

func TestALogInByTwoFactorsIsAProof(t *testing.T) {
	f := newFederation(t)
	f.idp.edit = func(c map[string]any) { c["acr"] = "phr" }
	b := f.tab()
	b.signIn()
	if b.who() != "fay proved" {
		t.Errorf("she is %q", b.who())
	}
}

func TestAProviderThatIsDownLetsNobodyInAndNobodyOut(t *testing.T) {
	f := newFederation(t)
	in := f.tab()
	in.signIn()
	b := f.tab()
	asked := b.start("")
	f.idp.status = http.StatusBadGateway
	if status, body, _ := b.back(f.answer(asked)); status != http.StatusServiceUnavailable || !strings.Contains(body, "does not answer") {
		t.Errorf("%d %s", status, body)
	}
	f.idp.web.Close()
	if in.who() != "fay not proved" {
		t.Error("a session ended with its provider")
	}
}

// logoutToken is a good one, but for what edit does.
func (f *federation) logoutToken(edit func(map[string]any)) string {
	c := map[string]any{
		"iss": f.idp.web.URL, "aud": "console", "sub": "fay", "sid": "sso-1", "jti": rand.Text(),
		"iat": f.idp.now().Unix(), "exp": f.idp.now().Add(2 * time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if edit != nil {
		edit(c)
	}
	return f.idp.signed(c, "logout+jwt")
}

func (f *federation) logout(token string) int {
	f.t.Helper()
	res, err := http.PostForm(f.web.URL+signin.LogoutPath, url.Values{"logout_token": {token}})
	if err != nil {
		f.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestG3_ALogOutAtTheProviderEndsTheSessionBeforeItsAnswer(t *testing.T) {
	for name, edit := range map[string]func(map[string]any){
		"of the session": func(c map[string]any) { delete(c, "sub") },
		"of the person":  func(c map[string]any) { delete(c, "sid") },
		"of both":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			b := f.tab()
			b.signIn()
			if status := f.logout(f.logoutToken(edit)); status != http.StatusOK || b.who() != "" {
				t.Errorf("%d, and she is %q", status, b.who())
			}
			if f.last().Act != "sessions-ended-at-issuer" {
				t.Errorf("on record is %s", f.last().Act)
			}
		})
	}
}

func TestK2_ALogOutTokenThatIsNotWhatItShouldBeEndsNothing(t *testing.T) {
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	with := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	at := time.Date(2026, 11, 27, 7, 0, 0, 0, time.UTC)
	for name, edit := range map[string]func(map[string]any){
		"a nonce": with("nonce", "x"), "no event": without("events"), "another event": with("events", map[string]any{"x": map[string]any{}}),
		"an event that is nothing": with("events", map[string]any{"http://schemas.openid.net/event/backchannel-logout": nil}),
		"another issuer":           with("iss", "https://id.evil.example"), "another audience": with("aud", "another-app"),
		"no name of its own": without("jti"), "no beginning": without("iat"), "no end": without("exp"), "over": with("exp", at.Add(-time.Minute).Unix()),
		"of yesterday":      func(c map[string]any) { c["iat"], c["exp"] = at.Add(-24*time.Hour).Unix(), at.Add(24*time.Hour).Unix() },
		"of tomorrow":       with("iat", at.Add(time.Hour).Unix()),
		"of nobody":         func(c map[string]any) { delete(c, "sub"); delete(c, "sid") },
		"an ID token's":     with("typ", "ID"),
		"of somebody else":  func(c map[string]any) { c["sub"] = "gus"; delete(c, "sid") },
		"another's session": with("sid", "sso-2"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			b := f.tab()
			b.signIn()
			status := f.logout(f.logoutToken(edit))
			if b.who() == "" {
				t.Errorf("%d, and the session ended", status)
			}
			if accepted := status == http.StatusOK; accepted != (name == "of somebody else" || name == "another's session") {
				t.Errorf("the answer was %d", status)
			}
		})
	}
}

func TestK2_ALogOutTokenCountsOnce(t *testing.T) {
	f := newFederation(t)
	b := f.tab()
	b.signIn()
	token := f.logoutToken(nil)
	if status := f.logout(token); status != http.StatusOK {
		t.Fatal(status)
	}
	b.signIn()
	if status := f.logout(token); status != http.StatusBadRequest || b.who() == "" {
		t.Errorf("again: %d, and she is %q", status, b.who())
	}
}

func TestL2_ALogOutThatIsNotKeptIsNotAcknowledged(t *testing.T) {
	f := newFederation(t)
	b := f.tab()
	b.signIn()
	f.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if status := f.logout(f.logoutToken(nil)); status != http.StatusServiceUnavailable || b.who() == "" {
		t.Errorf("%d, and she is %q", status, b.who())
	}
}

// TestT8_ANameAtTheProviderIsNotSomebodyWhoIsKeptHere: whoever chooses names there does not
// choose who they are here; that it was tried is on record.
func TestT8_ANameAtTheProviderIsNotSomebodyWhoIsKeptHere(t *testing.T) {
	f := newFederation(t)
	f.staff.set(&people.Person{ID: "fay", UserName: "fay", Name: "Fay Example", From: people.Local, Active: true})
	f.ours = map[string]bool{"fay": true}
	b := f.tab()
	status, body, _ := b.back(f.answer(b.start("&to=/my")))
	if status != http.StatusForbidden || b.who() != "" || len(f.arrivals) != 0 || slices.Contains(f.acts(), "signed-in") {
		t.Errorf("%d, she is %q, %d arrivals: %v", status, b.who(), len(f.arrivals), f.acts())
	}
	if !strings.Contains(body, "your name belongs to somebody else") || !slices.Contains(f.acts(), "sign-in-refused") {
		t.Errorf("the page says %q, the record %v", body, f.acts())
	}
	f.ours = nil
	b.signIn()
	if b.who() != "fay not proved" {
		t.Errorf("a page that is the provider's: %q", b.who())
	}
}

func (f *federation) word(id, _, subject string) people.Word {
	switch said, is := f.theirs[id]; {
	case !is:
		return people.Unsaid
	case said == subject:
		return people.Theirs
	}
	return people.Others
}

// TestT8_ASessionEndsWithTheIdentityThatItRestsOn: who holds rights here comes in as the
// identity that was given to them, another of their name does not, and a session goes no
// further than the identity that it rests on.
func TestT8_ASessionEndsWithTheIdentityThatItRestsOn(t *testing.T) {
	f := newFederation(t)
	f.staff.set(&people.Person{ID: "fay", UserName: "fay", Name: "Fay Example", From: people.Local, Active: true})
	f.ours, f.theirs = map[string]bool{"fay": true}, map[string]string{"fay": "fay"}
	b := f.tab()
	b.signIn()
	if b.who() != "fay not proved" {
		t.Fatalf("her identity does not let her in: %q", b.who())
	}
	id := f.svc.Sessions("fay")[0].ID
	if !f.svc.Rests(id) || f.svc.Rests("another") {
		t.Error("what was given out in it is hers no more, or that of no session is somebody's")
	}
	for name, change := range map[string]func(){
		"another identity is hers": func() { f.theirs = map[string]string{"fay": "f81d"} },
		"no identity is hers":      func() { f.theirs = nil },
	} {
		f.theirs = map[string]string{"fay": "fay"}
		if b.who() == "" {
			t.Fatalf("before %s she is out", name)
		}
		change()
		if got := b.who(); got != "" || f.svc.Rests(id) {
			t.Errorf("%s, and the session is %q's, what was given out in it goes on: %v", name, got, f.svc.Rests(id))
		}
	}
	f.ours, f.theirs = nil, map[string]string{"fay": "f81d"}
	c := f.tab()
	if status, _, _ := c.back(f.answer(c.start("&to=/my"))); status != http.StatusForbidden || c.who() != "" {
		t.Errorf("another of her name came in: %d, %q", status, c.who())
	}
	var over []string
	f.svc.OnEnd(func(_ *book.Change, x *signin.Session) { over = append(over, x.ID) })
	if err := f.svc.Keep(t.Context()); err != nil || !slices.Contains(over, id) {
		t.Errorf("it waits for her identity to come back: %v, %v", over, err)
	}
}

// TestG3_SigningOutHereLeadsOnToTheProvider: with the ID token as a hint, which no log
// holds; where the provider is down the session here ends all the same.
func TestG3_SigningOutHereLeadsOnToTheProvider(t *testing.T) {
	f := newFederation(t)
	out := func(b *tab) (int, *url.URL) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.web.URL+"/sign-in/out", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		_, address, _ := strings.Cut(res.Header.Get("Refresh"), "0; url=")
		to, err := url.Parse(address)
		if err != nil || address != "" && !strings.Contains(html.UnescapeString(string(body)), address) {
			t.Errorf("without the header nobody gets on: %v %s", err, body)
		}
		return res.StatusCode, to
	}
	b := f.tab()
	b.signIn()
	status, to := out(b)
	q := to.Query()
	if status != http.StatusOK || !strings.HasPrefix(to.String(), f.idp.web.URL+"/out?") || q.Get("client_id") != "console" || !strings.HasSuffix(q.Get("post_logout_redirect_uri"), "/sign-in/oidc/out") {
		t.Errorf("%d, led to %v", status, to)
	}
	if token, err := jwt.ParseSigned(q.Get("id_token_hint"), []jose.SignatureAlgorithm{jose.ES256}); err != nil || len(token.Headers) != 1 {
		t.Errorf("the hint is no ID token: %v", err)
	}
	if b.who() != "" || strings.Contains(f.log.String(), q.Get("id_token_hint")) {
		t.Errorf("she is still %q, or the diary holds the hint", b.who())
	}
	if status, to := out(b); status != http.StatusSeeOther || to.String() != "" {
		t.Errorf("without a session: %d, led to %v", status, to)
	}
	b.signIn()
	f.idp.web.CloseClientConnections()
	f.idp.web.Close()
	if out(b); b.who() != "" {
		t.Errorf("while the provider is down she stays %q", b.who())
	}
}

func TestTheProviderIsToldWhereToSignOut(t *testing.T) {
	f := newFederation(t)
	to, _ := url.Parse(f.oidc.Out(t.Context(), f.idp.web.URL))
	if to.Path != "/out" || to.Query().Get("client_id") != "console" || !strings.HasSuffix(to.Query().Get("post_logout_redirect_uri"), "/sign-in/oidc/out") {
		t.Errorf("got %v", to)
	}
	if ways := f.oidc.Ways("/my"); len(ways) != 1 || ways[0].Name != "Hospital log-in" || !strings.Contains(ways[0].Href, "to=%2Fmy") {
		t.Errorf("ways %v", ways)
	}
}

// FuzzLogoutToken: whatever stands in a log-out token, it ends nothing without the
// provider's signature.
func FuzzLogoutToken(f *testing.F) {
	f.Add(`{"alg":"none"}`, `{"iss":"x","sub":"fay"}`, []byte("x"))
	f.Add(`{"alg":"ES256","kid":"k1"}`, `{"iss":"ISS","aud":"console","sub":"fay","jti":"1","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`, []byte{})
	f.Fuzz(func(t *testing.T, header, claims string, sig []byte) {
		h := newFederation(t)
		b := h.tab()
		b.signIn()
		b64 := base64.RawURLEncoding.EncodeToString
		claims = strings.ReplaceAll(claims, "ISS", h.idp.web.URL)
		if status := h.logout(b64([]byte(header)) + "." + b64([]byte(claims)) + "." + b64(sig)); status != http.StatusBadRequest || b.who() == "" {
			t.Errorf("%d for %q %q", status, header, claims)
		}
	})
}

// TestT8_ASessionEndsWithItsProvider: a provider that is listed no more speaks for nobody,
// whether there is another one or none at all.
func TestT8_ASessionEndsWithItsProvider(t *testing.T) {
	f := newFederation(t)
	b := f.tab()
	b.signIn()
	id := f.svc.Sessions("fay")[0].ID
	other := newProvider(t, time.Now)
	verifier, err := caller.New(caller.Config{Issuers: []caller.Issuer{{Issuer: other.web.URL, Audience: "modicum", Algorithms: []string{"ES256"}}}, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	for name, listed := range map[string]bool{"another is listed": true, "none is listed": false} {
		f.start()
		if listed {
			if _, err := signin.NewOIDC(f.svc, signin.OIDCConfig{
				Logins:  []signin.Login{{Issuer: other.web.URL, Client: "console", Algorithms: []string{"ES256"}}},
				Issuers: verifier, Arrive: f.arrive,
			}); err != nil {
				t.Fatal(err)
			}
		}
		if f.svc.Rests(id) {
			t.Errorf("%s, and her session goes on", name)
		}
	}
}
