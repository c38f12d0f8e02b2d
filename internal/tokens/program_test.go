package tokens_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/people"
)

func TestAProgramGetsATokenForItsKey(t *testing.T) {
	for _, tt := range []struct {
		alg   jose.SignatureAlgorithm
		curve elliptic.Curve
	}{{jose.RS384, nil}, {jose.ES384, elliptic.P384()}, {jose.ES256, elliptic.P256()}} {
		t.Run(string(tt.alg), func(t *testing.T) {
			h := newHouse(t)
			k := h.key(tt.alg, tt.curve, 0)
			h.dir.programs["claims"].Keys = []people.Key{k}
			f := h.form(h.sign(k.ID, h.claims("claims")), "system/Claim.s system/Claim.u system/Observation.rs")
			status, answer := h.post("/oauth/token", f)
			if status != 200 || answer["token_type"] != "bearer" || answer["expires_in"] != 300.0 || answer["scope"] != "system/Claim.s" {
				t.Fatalf("%d %v", status, answer)
			}
			c, err := h.ask(answer["access_token"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if c.ID != "claims" || !c.Program || c.Client != "claims" || c.Task != "billing-specialist/work-denial" || len(c.Scopes) != 1 {
				t.Errorf("got %+v", c)
			}
			if h.acts("token-issued") != 1 {
				t.Error("it is not on record")
			}
		})
	}
}

// TestK2_EveryBadAssertionGetsOneAnswer: what is wrong with it is nobody's business.
func TestK2_EveryBadAssertionGetsOneAnswer(t *testing.T) {
	with := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) {
			if value == nil {
				delete(c, name)
				return
			}
			c[name] = value
		}
	}
	now := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	for name, edit := range map[string]func(map[string]any){
		"another audience":              with("aud", "https://elsewhere.example/oauth/token"),
		"two audiences":                 with("aud", []string{public + "/oauth/token", "https://elsewhere.example/oauth/token"}),
		"the audience is our address":   with("aud", public),
		"no audience":                   with("aud", nil),
		"another subject":               with("sub", "labs"),
		"another program":               func(c map[string]any) { c["iss"], c["sub"] = "labs", "labs" },
		"a program that nobody knows":   func(c map[string]any) { c["iss"], c["sub"] = "nobody", "nobody" },
		"a person":                      func(c map[string]any) { c["iss"], c["sub"] = "alice", "alice" },
		"no end":                        with("exp", nil),
		"over":                          with("exp", now.Add(-11*time.Second).Unix()),
		"longer than five minutes":      with("exp", now.Add(5*time.Minute+11*time.Second).Unix()),
		"from the future":               with("iat", now.Add(time.Minute).Unix()),
		"not yet":                       with("nbf", now.Add(time.Minute).Unix()),
		"without a name of its own":     with("jti", nil),
		"a name that is no text":        with("jti", 7),
		"a name of a kilobyte":          with("jti", strings.Repeat("x", 1024)),
		"an end that is no number":      with("exp", "tomorrow"),
		"an issuer that nobody can see": with("iss", "claims\u200b"),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			c := h.claims("claims")
			edit(c)
			h.badClient(h.form(h.sign(h.dir.programs["claims"].Keys[0].ID, c), ""))
		})
	}
}

// badClient demands the one answer, and that nothing was given.
func (h *house) badClient(f url.Values) {
	h.Helper()
	status, answer := h.post("/oauth/token", f)
	const want = `error="invalid_client";error_description="The client assertion was not accepted.";`
	if status != http.StatusUnauthorized || sorted(answer) != want {
		h.Errorf("got %d %s", status, sorted(answer))
	}
	if h.acts("token-issued") != 0 {
		h.Error("a token was given out")
	}
}

func TestK2_WhatSignsAnAssertion(t *testing.T) {
	h := newHouse(t)
	p := h.dir.programs["claims"]
	kid := p.Keys[0].ID
	good := h.sign(kid, h.claims("claims"))
	head, rest, _ := strings.Cut(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	jwk, _ := jose.NewSigner(h.keys[kid], &jose.SignerOptions{EmbedJWK: true})
	embedded, _ := jwt.Signed(jwk).Claims(h.claims("claims")).Serialize()
	hmac, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS384, Key: p.Keys[0].JWK}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	symmetric, _ := jwt.Signed(hmac).Claims(h.claims("claims")).Serialize()
	other := h.key(jose.ES384, elliptic.P384(), 0)
	h.keys["forged"] = h.keys[other.ID]
	forged := h.keys[other.ID]
	h.keys[kid+"x"] = forged
	body, sig, _ := strings.Cut(rest, ".")
	for name, assertion := range map[string]string{
		"alg none":                       b64([]byte(`{"alg":"none","typ":"JWT","kid":"`+kid+`"}`)) + "." + body + ".",
		"alg none with a signature":      b64([]byte(`{"alg":"none","typ":"JWT","kid":"`+kid+`"}`)) + "." + body + "." + sig,
		"a secret made of the key":       symmetric,
		"a key that travels with it":     embedded,
		"another key under its id":       h.signAs(kid, forged, h.claims("claims")),
		"a key of another program":       h.sign(h.dir.programs["labs"].Keys[0].ID, h.claims("claims")),
		"no key named":                   h.signAs("", h.keys[kid], h.claims("claims")),
		"a body that was changed":        head + "." + b64([]byte(`{"iss":"labs"}`)) + "." + sig,
		"a name twice":                   b64([]byte(`{"alg":"ES384","alg":"ES384","kid":"`+kid+`"}`)) + "." + body + "." + sig,
		"nothing":                        "",
		"half":                           head,
		"an access token of an issuer's": strings.Replace(good, head, b64([]byte(`{"alg":"ES384","typ":"at+jwt","kid":"`+kid+`"}`)), 1),
	} {
		t.Run(name, func(t *testing.T) { h.T = t; h.badClient(h.form(assertion, "")) })
	}
	h.T = t
	if status, _ := h.post("/oauth/token", h.form(good, "")); status != 200 {
		t.Error("the good one is refused, too")
	}
}

func TestK2_AnAssertionIsUsedOnceAcrossRestarts(t *testing.T) {
	h := newHouse(t)
	kid := h.dir.programs["claims"].Keys[0].ID
	c := h.claims("claims")
	delete(c, "iat") // a program need not say when
	f := h.form(h.sign(kid, c), "")
	if status, answer := h.post("/oauth/token", f); status != 200 {
		t.Fatal(answer)
	}
	for _, step := range []func(){func() {}, h.restart, func() { h.now = h.now.Add(time.Minute) }} {
		step()
		if status, answer := h.post("/oauth/token", f); status != 401 || answer["error"] != "invalid_client" {
			t.Errorf("again: %d %v", status, answer)
		}
	}
	if h.acts("token-issued") != 1 || h.acts("token-refused") != 3 {
		t.Errorf("on record: %d given, %d refused", h.acts("token-issued"), h.acts("token-refused"))
	}
}

func TestK2_ATokenDiesWithWhatItRestsOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(h *house, p *people.Program)
		why  caller.Reason
	}{
		{"its key is over", func(h *house, p *people.Program) { p.Keys[0].Until = h.now.UnixMicro() }, caller.Revoked},
		{"its key was taken", func(_ *house, p *people.Program) { p.Keys = nil }, caller.Revoked},
		{"the program was stopped", func(_ *house, p *people.Program) { p.Active = false }, caller.Gone},
		{"the program's time is up", func(h *house, p *people.Program) { p.Until = h.now.UnixMicro() }, caller.Gone},
		{"its owner left", func(h *house, _ *people.Program) { h.dir.persons["olga"] = &people.Person{ID: "olga"} }, caller.Gone},
		{"nobody owns it", func(_ *house, p *people.Program) { p.Owner = "nobody" }, caller.Gone},
		{"its range was narrowed", func(_ *house, p *people.Program) { p.Networks = []string{"192.0.2.0/24"} }, caller.BadNetwork},
		{"five minutes", func(h *house, _ *people.Program) { h.now = h.now.Add(5 * time.Minute) }, caller.BadTimes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			token := h.programToken("claims")
			if _, err := h.ask(token); err != nil {
				t.Fatal(err)
			}
			p := *h.dir.programs["claims"]
			p.Keys = append([]people.Key(nil), p.Keys...)
			h.dir.programs["claims"] = &p
			tt.end(h, &p)
			h.refused(token, tt.why)
			kid := h.dir.programs["labs"].Keys[0].ID
			if len(p.Keys) > 0 {
				kid = p.Keys[0].ID
			}
			if tt.why != caller.BadTimes {
				if status, _ := h.post("/oauth/token", h.form(h.sign(kid, h.claims("claims")), "")); status != 401 {
					t.Errorf("a new token: %d", status)
				}
			}
		})
	}
}

func TestK2_AProgramAsksFromWhereItMay(t *testing.T) {
	h := newHouse(t)
	h.dir.programs["claims"].Networks = []string{"10.1.0.0/16", "2001:db8::/32"}
	token := h.programToken("claims")
	for from, ok := range map[string]bool{"10.1.9.9": true, "10.2.0.1": false, "[2001:db8::7]": true, "[::ffff:10.1.0.1]": true, "nowhere": false} {
		if _, err := h.ask(token, from); (err == nil) != ok {
			t.Errorf("%s: %v", from, err)
		}
	}
}

func TestScopesAreThoseAskedForOfThoseRegistered(t *testing.T) {
	for _, tt := range []struct{ asked, want string }{
		{"", "system/Claim.rs system/Observation.rs?category=laboratory system/Patient.r"},
		{"system/Claim.r", "system/Claim.r"},
		{"system/Claim.rs system/Claim.rs", "system/Claim.rs"},
		{"system/Claim.cruds", ""},
		{"system/*.rs", ""},
		{"system/Observation.rs", ""},
		{"system/Observation.rs?category=laboratory", "system/Observation.rs?category=laboratory"},
		{"user/Claim.rs openid", ""},
		{"system/Patient.r user/Claim.rs", "system/Patient.r"},
		{"system/Patient.x", ""},
	} {
		h := newHouse(t)
		status, answer := h.post("/oauth/token", h.form(h.sign(h.dir.programs["claims"].Keys[0].ID, h.claims("claims")), tt.asked))
		switch {
		case tt.want == "" && (status != 400 || answer["error"] != "invalid_scope" || h.acts("token-refused") != 1):
			t.Errorf("%q: %d %v", tt.asked, status, answer)
		case tt.want != "" && answer["scope"] != tt.want:
			t.Errorf("%q: %d %v", tt.asked, status, answer)
		}
	}
}

func TestTheEndpointReadsFormsStrictlyAndAnswersByRFC6749(t *testing.T) {
	h := newHouse(t)
	good := h.form(h.sign(h.dir.programs["claims"].Keys[0].ID, h.claims("claims")), "")
	for name, tt := range map[string]struct {
		body, typ, path string
		status          int
		code            string
	}{
		"a parameter twice":      {good.Encode() + "&scope=x", "", "", 400, "invalid_request"},
		"in the address":         {good.Encode(), "", "?scope=x", 400, "invalid_request"},
		"not a form":             {"{}", "application/json", "", 400, "invalid_request"},
		"no grant":               {"a=b", "", "", 400, "invalid_request"},
		"a password":             {"grant_type=password&username=alice&password=x", "", "", 400, "unsupported_grant_type"},
		"a megabyte":             {"grant_type=" + strings.Repeat("x", 1<<20), "", "", 400, "invalid_request"},
		"a secret":               {good.Encode() + "&client_secret=x", "", "", 401, "invalid_client"},
		"another name":           {good.Encode() + "&client_id=labs", "", "", 401, "invalid_client"},
		"a code that nobody has": {"grant_type=authorization_code&client_id=modicum-cli&code=x", "", "", 400, "invalid_grant"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/oauth/token"+tt.path, strings.NewReader(tt.body))
			if tt.typ == "" {
				tt.typ = "application/x-www-form-urlencoded; charset=utf-8"
			}
			r.Header.Set("Content-Type", tt.typ)
			w := httptest.NewRecorder()
			h.Handler().ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), `"error":"`+tt.code+`"`) || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/oauth/token?"+good.Encode(), nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestTheEndpointIsNotHammered(t *testing.T) {
	h := newHouse(t)
	bad := h.form("x", "")
	for range 60 {
		if status, _ := h.post("/oauth/token", bad); status != 401 {
			t.Fatalf("got %d", status)
		}
	}
	if status, answer := h.post("/oauth/token", bad); status != 429 || answer["error"] != "slow_down" {
		t.Errorf("got %d %v", status, answer)
	}
	h.now = h.now.Add(time.Minute)
	h.programToken("claims")
}

func TestAProgramRevokesItsOwnTokenOnly(t *testing.T) {
	h := newHouse(t)
	token := h.programToken("claims")
	for _, program := range []string{"labs", "claims"} {
		f := h.form(h.sign(h.dir.programs[program].Keys[0].ID, h.claims(program)), "")
		f.Set("token", token)
		if status, _ := h.post("/oauth/revoke", f); status != 200 {
			t.Fatalf("%s: %d", program, status)
		}
		if _, err := h.ask(token); (err == nil) != (program == "labs") {
			t.Errorf("after %s: %v", program, err)
		}
		if (len(h.over) == 1) != (program == "claims") {
			t.Errorf("after %s what is under way with %d tokens ends", program, len(h.over))
		}
	}
}

func TestL2_ATokenThatCannotBeRecordedIsNotGiven(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	f := h.form(h.sign(h.dir.programs["claims"].Keys[0].ID, h.claims("claims")), "")
	if status, answer := h.post("/oauth/token", f); status != 503 || answer["access_token"] != nil {
		t.Errorf("got %d %v", status, answer)
	}
}

func TestTheDescriptionNamesWhatIsThere(t *testing.T) {
	h := newHouse(t)
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/oauth-authorization-server", nil))
	for _, want := range []string{`"issuer":"` + public + `"`, `"token_endpoint":"` + public + `/oauth/token"`, `"private_key_jwt"`, `"RS384"`, `"S256"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is missing in %s", want, w.Body)
		}
	}
}

// FuzzAssertion: whatever stands in an assertion, no token comes of it without the key.
func FuzzAssertion(f *testing.F) {
	f.Add(`{"alg":"ES384","kid":"k"}`, `{"iss":"claims","sub":"claims","aud":"`+public+`/oauth/token","jti":"1","exp":1795770060}`, []byte("x"))
	f.Add(`{"alg":"none","typ":"JWT","kid":"k"}`, `{"iss":["claims"],"exp":1e99}`, []byte{})
	f.Fuzz(func(t *testing.T, header, claims string, sig []byte) {
		h := newHouse(t)
		b64 := base64.RawURLEncoding.EncodeToString
		header = strings.Replace(header, `"k"`, `"`+h.dir.programs["claims"].Keys[0].ID+`"`, 1)
		status, _ := h.post("/oauth/token", h.form(b64([]byte(header))+"."+b64([]byte(claims))+"."+b64(sig), ""))
		if status != 401 || h.acts("token-issued") != 0 {
			t.Errorf("got %d for %q %q", status, header, claims)
		}
	})
}
