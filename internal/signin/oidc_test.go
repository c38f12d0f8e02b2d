package signin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/people"
)

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
