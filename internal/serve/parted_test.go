package serve_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"modicum/internal/config"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/internal/tokens"
)

// TestT8_ATokenOfASessionEndsWithItsIdentity: that of the session which another of her name
// began at the provider, before it was said who she is there; one of a session of here stays.
func TestT8_ATokenOfASessionEndsWithItsIdentity(t *testing.T) {
	s, ann := staffed(t)
	s.stop()
	s.config.Logins = []config.Login{{Client: "console"}}
	s.start()
	issuer := s.config.Issuers[0].Issuer
	given := func(p signin.Proof) string {
		t.Helper()
		if err := s.server.Sessions().Begin(t.Context(), httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "ben", p); err != nil {
			t.Fatal(err)
		}
		token, _, err := s.server.Tokens().Issue(t.Context(), tokens.Want{
			Person: "ben", Session: s.server.Sessions().Sessions("ben")[0].ID, For: time.Hour, Client: tokens.CLI,
		})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	another, here := given(signin.Proof{Issuer: issuer, Subject: "0000"}), given(signin.Proof{How: []string{"hwk", "user"}})
	asks := func(when, token string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.main.URL+"/api/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", when, res.StatusCode, want)
		}
	}
	asks("before", another, http.StatusOK)
	gift := people.Gift{Person: "ben", Kind: people.IdentityKind, Name: people.Identity(issuer, "f81d"), Why: "asked"}
	if err := s.server.People().Give(t.Context(), ann, gift); err != nil {
		t.Fatal(err)
	}
	asks("another's", another, http.StatusUnauthorized)
	asks("of here", here, http.StatusOK)
}
