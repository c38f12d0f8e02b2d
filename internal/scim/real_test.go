package scim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"modicum/internal/scim"
	"modicum/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// The public tester exercises discovery, every verb, and PATCH of every attribute that we
// advertise. By externalId it cannot: it makes users without one, which are refused then.
func TestThePublicTesterFindsNothing(t *testing.T) {
	for _, by := range []scim.PersonBy{scim.ByUserName, scim.ByID} {
		s := newSite(t, by)
		said, ok, checks := testkit.TestSCIM(t, s.web.URL+"/scim/v2", token)
		if !ok || checks < 75 {
			t.Errorf("by %s: %d checks: %s", by, checks, said)
		}
		if left := s.found("/Users"); len(left) > 0 {
			t.Errorf("by %s: it leaves %d users behind", by, len(left))
		}
	}
}

func TestThePublicTesterCanSayNo(t *testing.T) {
	s := newSite(t, scim.ByID)
	to, err := url.Parse(s.web.URL)
	s.must(err)
	pass := httputil.NewSingleHostReverseProxy(to)
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			r = r.Clone(r.Context())
			r.Method, r.Body, r.ContentLength = http.MethodGet, http.NoBody, 0
		}
		pass.ServeHTTP(w, r)
	}))
	defer deaf.Close()
	if said, ok, _ := testkit.TestSCIM(t, deaf.URL+"/scim/v2", token); ok {
		t.Errorf("a server that ignores PATCH passes: %s", said)
	}
}
