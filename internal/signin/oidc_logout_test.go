package signin_test

import (
	"crypto/rand"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/book/booktest"
	"modicum/internal/signin"
)

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
