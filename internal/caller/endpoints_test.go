package caller_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"modicum/internal/caller"
)

// The first issuer says where applications sign in; what it said stays while it is
// away, and what it says of another issuer or in clear counts for nothing.
func TestEndpointsAreThoseOfTheIssuer(t *testing.T) {
	var asked int
	up, other := true, ""
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		if !up {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":"http://far.example/keys","scopes_supported":["openid","a b"]}`, s.URL+other, s.URL+"/auth", s.URL+"/token")
	}))
	defer s.Close()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	is := caller.Issuer{Issuer: s.URL, Audience: "modicum", Algorithms: []string{"ES256"}}
	v, err := caller.New(caller.Config{Issuers: []caller.Issuer{is}, Now: func() (time.Time, bool) { return now, true }})
	if err != nil {
		t.Fatal(err)
	}
	up = false
	if _, err := v.Endpoints(t.Context()); err == nil {
		t.Error("nobody said anything")
	}
	if _, err := v.Endpoints(t.Context()); err == nil || asked != 1 {
		t.Errorf("asked %d times within ten seconds", asked)
	}
	up, now = true, now.Add(10*time.Second)
	e, err := v.Endpoints(t.Context())
	if err != nil || e.Token != s.URL+"/token" || e.Authorization != s.URL+"/auth" || e.JWKS != "" || len(e.Scopes) != 1 {
		t.Fatalf("%+v %v", e, err)
	}
	up, now = false, now.Add(2*time.Hour)
	if again, err := v.Endpoints(t.Context()); err != nil || again != e {
		t.Errorf("what was known is forgotten: %v %v", again, err)
	}
	is.AuthorizationEndpoint, is.TokenEndpoint = "https://id.example/auth", "https://id.example/token"
	fixed, err := caller.New(caller.Config{Issuers: []caller.Issuer{is}, Now: func() (time.Time, bool) { return now, true }})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := fixed.Endpoints(t.Context()); err != nil || e.Token != "https://id.example/token" {
		t.Errorf("as configured: %+v %v", e, err)
	}
	up, other = true, "/another"
	w, _ := caller.New(caller.Config{Issuers: []caller.Issuer{{Issuer: s.URL, Audience: "modicum", Algorithms: []string{"ES256"}}}, Now: func() (time.Time, bool) { return now, true }})
	if _, err := w.Endpoints(t.Context()); err == nil {
		t.Error("the description of another issuer counts")
	}
}

// Whoever asks while another's question to the issuer hangs is answered at once: the
// door's public pages ask without a token, and each holds one of its places.
func TestNobodyWaitsForAnothersQuestionToTheIssuer(t *testing.T) {
	hangs, goOn := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(hangs); <-goOn }))
	defer s.Close()
	answer := sync.OnceFunc(func() { close(goOn) })
	defer answer()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	v, err := caller.New(caller.Config{Issuers: []caller.Issuer{{Issuer: s.URL, Audience: "modicum", Algorithms: []string{"ES256"}}}, Now: func() (time.Time, bool) { return now, true }})
	if err != nil {
		t.Fatal(err)
	}
	first := make(chan error, 1)
	go func() { _, err := v.Endpoints(t.Context()); first <- err }()
	<-hangs
	if _, err := v.Endpoints(t.Context()); !errors.Is(err, caller.ErrEndpoints) {
		t.Errorf("got %v", err)
	}
	select {
	case <-first:
		t.Fatal("it waited until the other's question had ended")
	default:
	}
	answer()
	if err := <-first; !errors.Is(err, caller.ErrEndpoints) {
		t.Errorf("the first got %v", err)
	}
}

func TestEndpointsAreCheckedBeforeTheStart(t *testing.T) {
	for _, is := range []caller.Issuer{
		{AuthorizationEndpoint: "https://id.example/auth"}, {AuthorizationEndpoint: "http://id.example/auth", TokenEndpoint: "https://id.example/token"}, {TokenEndpoint: "nonsense"},
	} {
		is.Issuer, is.Audience, is.Algorithms = "https://id.example", "modicum", []string{"ES256"}
		if ps := caller.CheckIssuers([]caller.Issuer{is}); len(ps) != 1 {
			t.Errorf("%+v: %v", is, ps)
		}
	}
}
