package signin_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/signin"
)

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
