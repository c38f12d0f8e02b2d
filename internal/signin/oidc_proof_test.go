package signin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
)

func TestStepUpComparesWhatTheProviderSaysWasDone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(f *federation, c map[string]any)
		status int
		unsaid bool // the person did all they can
	}{
		{"two factors just now", func(_ *federation, c map[string]any) { c["acr"] = "phr" }, http.StatusSeeOther, false},
		{"a weaker one than was asked for", func(*federation, map[string]any) {}, http.StatusForbidden, false},
		{"none said", func(_ *federation, c map[string]any) { delete(c, "acr") }, http.StatusForbidden, true},
		{"one that looks like it", func(_ *federation, c map[string]any) { c["acr"] = "phr " }, http.StatusForbidden, false},
		{"two factors this morning", func(f *federation, c map[string]any) {
			c["acr"], c["auth_time"] = "phr", f.idp.now().Add(-time.Hour).Unix()
		}, http.StatusForbidden, false},
		{"nobody knows when", func(_ *federation, c map[string]any) { c["acr"] = "phr"; delete(c, "auth_time") }, http.StatusForbidden, true},
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
			if unsaid := strings.Contains(body, "does not say how you proved it"); unsaid != tt.unsaid {
				t.Errorf("the page says that the provider does not say it: %v, want %v: %s", unsaid, tt.unsaid, body)
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
