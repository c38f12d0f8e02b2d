package signin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/internal/testkit"
)

// TestAPersonOfARealProviderSignsIn: Keycloak, which answers with an acr of its own
// whatever was asked for. Only where that one is listed as strong is anything proved.
func TestAPersonOfARealProviderSignsIn(t *testing.T) {
	realm := testkit.StartKeycloak(t)
	for _, tt := range []struct{ client, strong, want string }{
		{"console-weak", "urn:mfa", "alice not proved"},
		{"console-strong", "1", "alice proved"},
	} {
		t.Run(tt.client, func(t *testing.T) {
			var mux http.ServeMux
			web := httptest.NewServer(&mux)
			t.Cleanup(web.Close)
			realm.Register(t, testkit.SmartApp{ID: tt.client, Redirect: web.URL + "/sign-in/oidc"})
			public, _ := url.Parse(web.URL)
			now := func() (time.Time, bool) { return time.Now(), true }
			dir := &staff{people: map[string]*people.Person{}}
			svc, err := signin.New(t.Context(), signin.Config{
				Desk: book.NewDesk(&booktest.Shelf{}), People: dir, Public: public, Key: make([]byte, 32), Now: now, Render: bare, Teller: &told{},
			})
			if err != nil {
				t.Fatal(err)
			}
			verifier, err := caller.New(caller.Config{
				Issuers: []caller.Issuer{{Issuer: realm.URL, Audience: realm.Audience, Person: "preferred_username", Algorithms: []string{"RS256"}}}, Now: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			oidc, err := signin.NewOIDC(svc, signin.OIDCConfig{
				Logins:  []signin.Login{{Issuer: realm.URL, Client: tt.client, Algorithms: []string{"RS256"}, Strong: []string{tt.strong}}},
				Issuers: verifier,
				Arrive: func(_ context.Context, a people.Arrival) (*people.Person, error) {
					p := &people.Person{ID: a.ID, UserName: a.ID, Name: a.Name, Mail: a.Mail, Active: true}
					dir.set(p)
					return p, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			mux.Handle("/sign-in/", svc.Wrap(oidc.Handler()))
			mux.Handle("/who", svc.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said := "nobody"
				if x := signin.From(r.Context()); x != nil {
					said = x.Person + " not proved"
					if signin.Proved(r.Context(), 5*time.Minute) == nil {
						said = x.Person + " proved"
					}
				}
				_, _ = w.Write([]byte(said))
			})))
			status, body := realm.Launch(t, web.URL+oidc.Ways("/who")[0].Href, "alice")
			if status != http.StatusOK || string(body) != tt.want {
				t.Errorf("%d %s, want %s", status, body, tt.want)
			}
			if p := dir.Person("alice"); p == nil || p.Name != "Alice Example" || p.Mail != "alice@hospital.example" {
				t.Errorf("the directory was told %+v", p)
			}
		})
	}
}

// bare shows a page without a frame.
func bare(w http.ResponseWriter, _ *http.Request, p signin.Page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(p.Status)
	fmt.Fprintf(w, "<!doctype html><html lang=en><title>%s</title><main>%s</main></html>", p.Title, p.Body)
}
