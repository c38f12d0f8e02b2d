package signin_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/signin"
)

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
