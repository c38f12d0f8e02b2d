package signin_test

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"modicum/internal/book"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/ledger"
)

var olga = people.Actor{ID: "olga"}

// post sends a form as the page of ours does.
func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), "POST", b.s.web.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res := b.send(req)
	return res, body(b.s.t, res)
}

// between finds what stands in a page.
func between(t *testing.T, page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no %s: %.1500s", pattern, page[strings.Index(page, "<main"):])
	}
	return html.UnescapeString(m[1])
}

// pair is a passphrase, and what makes codes.
type pair struct{ phrase, secret string }

func (p pair) code(t *testing.T, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(p.secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// byLink opens a link and gives the ticket that it leads to.
func (b *browser) byLink(link string) (ticket string, ok bool) {
	b.s.t.Helper()
	res, page := b.post("/sign-in/enrol", url.Values{"token": {link}})
	if res.StatusCode != http.StatusOK {
		return "", false
	}
	return between(b.s.t, page, `name="ticket" value="([^"]+)"`), true
}

// offered reads a page that shows passphrase and secret.
func offered(t *testing.T, page string) (p pair, ticket string) {
	t.Helper()
	shown := regexp.MustCompile(`<p class="once"><code>([^<]+)</code>`).FindAllStringSubmatch(page, -1)
	if len(shown) != 2 || !strings.Contains(page, `<svg class="qr"`) {
		t.Fatalf("not an offer: %s", page)
	}
	return pair{shown[0][1], strings.ReplaceAll(shown[1][1], "-", "")}, between(t, page, `name="ticket" value="([^"]+)"`)
}

// setUp registers passphrase and codes with a ticket.
func (b *browser) setUp(ticket string, names url.Values) (pair, *http.Response) {
	b.s.t.Helper()
	form := url.Values{"ticket": {ticket}}
	for k, v := range names {
		form[k] = v
	}
	_, page := b.post("/sign-in/enrol/code", form)
	p, next := offered(b.s.t, page)
	now, _ := b.s.now()
	res, _ := b.post("/sign-in/enrol/code/done", url.Values{"ticket": {next}, "phrase": {p.phrase}, "code": {p.code(b.s.t, now)}})
	return p, res
}

// withCodes is a person who signs in by passphrase and codes.
func withCodes(t *testing.T, s *site, person string) pair {
	t.Helper()
	link, _, err := s.svc.Invite(t.Context(), olga, person)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{s: s}
	ticket, ok := b.byLink(link)
	if !ok {
		t.Fatal("the link is not good")
	}
	p, res := b.setUp(ticket, nil)
	if res.StatusCode != http.StatusSeeOther || b.who() != person {
		t.Fatalf("registered: %d, signed in as %q", res.StatusCode, b.who())
	}
	s.pass(time.Minute)
	return p
}

func (b *browser) signIn(name, phrase, code string) (*http.Response, string) {
	b.s.t.Helper()
	return b.post("/sign-in/code", url.Values{"name": {name}, "phrase": {phrase}, "code": {code}})
}

func TestTheLastWayInStays(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	if err := s.svc.RemoveCodes(t.Context(), people.Actor{ID: "alice"}); !errors.Is(err, signin.ErrLastWay) {
		t.Errorf("the only way in was removed: %v", err)
	}
	if err := s.svc.RemovePasskey(t.Context(), "alice", []byte("none")); !errors.Is(err, signin.ErrNoWay) {
		t.Errorf("a passkey that is not there: %v", err)
	}
	now, _ := s.now()
	b := &browser{s: s}
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
		t.Error("she cannot sign in any more")
	}
}

func TestG6_WhoLeavesLosesTheirWaysInAndTheirInvitations(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	_, _, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil {
		t.Fatal(err)
	}
	err = s.desk.Change(t.Context(), func(c *book.Change) error {
		s.svc.Gone(c, "alice")
		id, err := newID()
		c.Record(&ledger.Act{Act: "person-deactivated", At: s.at.UnixMicro(), ID: id, Who: "olga", Behalf: "alice"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now, _ := s.now()
	b := &browser{s: s} // the directory still lets her in: her ways themselves are gone
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "" || len(s.svc.Invitations()) != 0 {
		t.Errorf("signed in as %q, %d invitations", b.who(), len(s.svc.Invitations()))
	}
}

func TestK1_WhatOpensSomethingIsKeptNowhereInClear(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	codes := codesOf(t, s, "alice")
	b := &browser{s: s}
	now, _ := s.now()
	res, _ := b.signIn("alice", p.phrase, p.code(t, now))
	(&browser{s: s}).signIn("alice", p.phrase, "000000") // a refusal with the right passphrase
	plain := strings.ReplaceAll(p.phrase, "-", "")
	s.noSecrets(slices.Concat(codes, []string{b.cookie, p.phrase, plain, p.secret, strings.ReplaceAll(codes[0], "-", "")})...)
	for _, secret := range []string{p.phrase, plain, b.cookie} {
		if strings.Contains(res.Header.Get("Location"), secret) {
			t.Error("a secret stands in an address")
		}
	}
	s.start() // another process has the same key, and nothing else
	s.pass(time.Minute)
	now, _ = s.now()
	if b := (&browser{s: s}); true {
		if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
			t.Error("after a restart the codes are lost")
		}
	}
}

func TestC1_NoPageOfSigningInChangesAnythingByGet(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	before := len(s.shelf.Entries())
	for _, path := range []string{
		"/sign-in", "/sign-in/", "/sign-in/passkey", "/sign-in/passkey/done", "/sign-in/code", "/sign-in/recover", "/sign-in/enrol", "/sign-in/enrol/passkey",
		"/sign-in/enrol/passkey/done", "/sign-in/enrol/code", "/sign-in/enrol/code/done", "/sign-in/prove", "/sign-in/prove/passkey", "/sign-in/prove/passkey/done",
		"/sign-in/prove/code", "/sign-in/out", "/sign-in/registered", "/settings/sign-in", "/settings/sign-in/passkey", "/settings/sign-in/passkey/done", "/settings/sign-in/passkey/remove",
		"/settings/sign-in/code", "/settings/sign-in/code/done", "/settings/sign-in/code/remove", "/settings/sign-in/recovery", "/settings/sign-in/session/end", "/settings/sign-in/session/others",
	} {
		res := b.do("GET", path+"?name=alice&id=x&token=y")
		if h := res.Header; res.StatusCode == http.StatusOK && (h.Get("X-Frame-Options") != "DENY" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Cache-Control") != "no-store") {
			t.Errorf("%s may be framed or kept: %v", path, h)
		}
	}
	if len(s.shelf.Entries()) != before || b.who() != "alice" {
		t.Error("a look changed something")
	}
}

func TestC1_WhatChangesOnesWaysNeedsANewProof(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	b := signedIn(t, s, "alice")
	s.pass(5 * time.Minute)
	for _, path := range []string{"/settings/sign-in/passkey/remove", "/settings/sign-in/code", "/settings/sign-in/code/done", "/settings/sign-in/code/remove", "/settings/sign-in/recovery"} {
		res, _ := b.post(path, nil)
		if !strings.HasPrefix(res.Header.Get("Location"), "/sign-in/prove") {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	now, _ := s.now()
	if res, _ := b.post("/sign-in/prove/code", url.Values{"phrase": {p.phrase}, "code": {p.code(t, now)}, "to": {"//evil.example/x"}}); res.Header.Get("Location") != "/" {
		t.Errorf("it leads to %q", res.Header.Get("Location"))
	}
	_, page := b.post("/settings/sign-in/recovery", nil)
	if n := strings.Count(page, "<li><code>"); n != 10 {
		t.Errorf("after a proof there are %d codes", n)
	}
}

func TestOneEndsOnesOwnSessions(t *testing.T) {
	s := newSite(t)
	here, there, third := signedIn(t, s, "alice"), signedIn(t, s, "alice"), signedIn(t, s, "alice")
	bob := signedIn(t, s, "bob")
	id := s.svc.Sessions("alice")[1].ID
	_, page := here.post("/settings/sign-in/session/end", url.Values{"id": {s.svc.Sessions("bob")[0].ID}})
	if bob.who() != "bob" || !strings.Contains(page, "not there any more") {
		t.Error("somebody else's session was ended, or it was told")
	}
	here.post("/settings/sign-in/session/end", url.Values{"id": {id}})
	if there.who() != "" || third.who() != "alice" {
		t.Error("the wrong one was ended")
	}
	here.post("/settings/sign-in/session/others", nil)
	if third.who() != "" || here.who() != "alice" {
		t.Error("the others go on, or this one does not")
	}
	here.post("/sign-in/out", nil)
	if here.who() != "" || len(s.svc.Sessions("alice")) != 0 {
		t.Error("she is still signed in")
	}
}

// TestWhoRegisteredNothingIsNotToldThatTheyDid: whoever came in from elsewhere has no way
// in here that the page could tell of.
func TestWhoRegisteredNothingIsNotToldThatTheyDid(t *testing.T) {
	s := newSite(t)
	if res := signedIn(t, s, "bob").do("GET", "/sign-in/registered"); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/settings/sign-in" {
		t.Errorf("with nothing registered: %d\n%s", res.StatusCode, body(t, res))
	}
	withCodes(t, s, "alice")
	if res := signedIn(t, s, "alice").do("GET", "/sign-in/registered"); res.StatusCode != http.StatusOK || !strings.Contains(body(t, res), "Passphrase and codes are set up.") {
		t.Errorf("with passphrase and codes: %d", res.StatusCode)
	}
}

func TestWhoHasNoWayProvesNothing(t *testing.T) {
	s := newSite(t)
	if s.svc.CanProve(&signin.Session{Person: "alice"}) {
		t.Error("who registered nothing can prove who they are")
	}
	withCodes(t, s, "alice")
	if !s.svc.CanProve(&signin.Session{Person: "alice"}) {
		t.Error("who has passphrase and codes cannot")
	}
}
