package signin_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/testkit"
)

// desk is a real browser with an authenticator that tests unlock or not.
type desktop struct {
	t    *testing.T
	s    *site
	ctx  context.Context
	auth webauthn.AuthenticatorID

	heard *testkit.Heard

	mu   sync.Mutex
	urls []string // of every request
}

func newDesktop(t *testing.T, s *site) *desktop {
	t.Helper()
	d := &desktop{t: t, s: s, ctx: testkit.Chromium(t)}
	if err := chromedp.Do(d.ctx); err != nil {
		t.Fatal(err)
	}
	err := chromedp.Listen(d.ctx, func(ev any) {
		if ev, ok := ev.(*network.EventRequestWillBeSent); ok {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.urls = append(d.urls, ev.Request.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(d.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	d.heard = testkit.Hear(t, d.ctx)
	if _, err := chromedp.Call(d.ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	res, err := chromedp.Call(d.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true, HasCmtgKey: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	d.auth = res.AuthenticatorID
	return d
}

func (d *desktop) base() string { return strings.Replace(d.s.web.URL, "127.0.0.1", "localhost", 1) }

func (d *desktop) do(actions ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	for _, a := range actions {
		ctx, cancel := context.WithTimeout(d.ctx, 20*time.Second)
		_, err := chromedp.Run(ctx, a)
		cancel()
		if err != nil {
			html, _ := chromedp.Run(d.ctx, chromedp.OuterHTML("main"))
			d.t.Fatalf("%v\nthe browser said %q\non the page %.2000s", err, d.heard.Said(), html)
		}
	}
}

func (d *desktop) open(path string) {
	d.t.Helper()
	if err := chromedp.Do(d.ctx, chromedp.Navigate(d.base()+path)); err != nil {
		d.t.Fatal(err)
	}
}

// until waits for a page by its heading.
func (d *desktop) until(heading string) {
	d.t.Helper()
	d.do(chromedp.WaitVisible(`//h1[contains(., "` + heading + `")]`))
}

func (d *desktop) press(button string) {
	d.t.Helper()
	d.do(chromedp.Click(`//button[starts-with(normalize-space(.), "` + button + `")]`))
}

// alert waits for what the page says is wrong.
func (d *desktop) alert() string {
	d.t.Helper()
	d.do(chromedp.WaitVisible(`//p[@role="alert"][normalize-space(.) != ""]`))
	text, err := chromedp.Run(d.ctx, chromedp.Text(`//p[@role="alert"][normalize-space(.) != ""]`))
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// enrolled has a person register a passkey by an invitation.
func (d *desktop) enrolled(person string) (link string) {
	d.t.Helper()
	link, _, err := d.s.svc.Invite(d.t.Context(), people.Actor{ID: "olga"}, person)
	if err != nil {
		d.t.Fatal(err)
	}
	_, path, _ := strings.Cut(link, "/sign-in/")
	d.open("/sign-in/" + path)
	d.press("Open the link")
	d.until("Welcome")
	d.do(chromedp.SendKeys("#key", "blue telephone"))
	d.press("Register a passkey")
	d.until("You are in, ")
	return link
}

func (d *desktop) signOut() {
	d.t.Helper()
	if err := chromedp.Do(d.ctx, chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/sign-in/out"]').requestSubmit()`)); err != nil {
		d.t.Fatal(err)
	}
	d.until("Sign in")
}

func TestPasskeysFromTheInvitationToTheProof(t *testing.T) {
	s := newSite(t)
	d := newDesktop(t, s)
	link := d.enrolled("alice")
	if ways := s.svc.Ways("alice"); len(ways.Passkeys) != 1 || ways.Passkeys[0].Name != "blue telephone" {
		t.Fatalf("kept: %+v", ways)
	}
	if got := s.told.who(notice.WayInAdded); !slices.Equal(got, []string{"alice", "olga"}) {
		t.Errorf("told: %v", got)
	}
	d.signOut()
	for range 2 * mostRefusals { // what others of the network send slows nobody down
		(&browser{s: s}).junk()
	}
	d.press("Sign in with a passkey")
	d.until("Home")
	was := s.svc.Sessions("alice")[0]
	s.pass(6 * time.Minute)
	d.open("/settings/sign-in")
	d.do(chromedp.Click(`//a[contains(., "prove who you are")]`))
	d.until("Is it you, Alice Example?")
	d.press("Use your passkey")
	d.until("Signing in")
	now := s.svc.Sessions("alice")[0]
	if now.ID != was.ID || now.Token == was.Token || now.Proved <= was.Proved {
		t.Errorf("before %+v, after %+v", was, now)
	}
	d.press("Make recovery codes")
	d.until("Recovery codes")
	d.quiet()
	token := link[strings.IndexByte(link, '#')+1:]
	cookies, err := chromedp.Call(d.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		t.Fatal(err)
	}
	sites := map[string]network.CookieSameSite{"modicum": network.CookieSameSiteLax, "modicum-device": network.CookieSameSiteStrict}
	for _, c := range cookies.Cookies {
		if !c.HTTPOnly || c.SameSite != sites[c.Name] || c.Path != "/" {
			t.Errorf("cookie: %s, %+v", c.Name, c.SameSite)
		}
		s.noSecrets(c.Value)
	}
	s.noSecrets(token)
	for _, u := range d.urls { // of requests; what stands behind # is not sent
		if before, _, _ := strings.Cut(u, "#"); strings.Contains(before, token) {
			t.Error("the token of the link stands in an address that was asked for")
		}
	}
}

// quiet demands that the browser had nothing to complain of: no violation of the
// content security policy, no error of the script.
func (d *desktop) quiet() {
	d.t.Helper()
	for _, text := range d.heard.Said() {
		if strings.HasSuffix(text, "/favicon.ico") {
			continue // the browser's own wish
		}
		d.t.Errorf("the browser says: %s", text)
	}
}

func TestAPasskeyThatNobodyUnlockedIsRefused(t *testing.T) {
	s := newSite(t)
	d := newDesktop(t, s)
	d.enrolled("alice")
	d.signOut()
	yes, no := true, false
	bits := func(bad *bool) {
		t.Helper()
		if _, err := chromedp.Call(d.ctx, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: d.auth, IsBadUV: bad}); err != nil {
			t.Fatal(err)
		}
	}
	bits(&yes) // an authenticator that signs without having made sure who it is
	d.press("Sign in with a passkey")
	if got := d.alert(); !strings.Contains(got, "not accepted") || len(s.svc.Sessions("alice")) != 0 {
		t.Errorf("it says %q, %d sessions", got, len(s.svc.Sessions("alice")))
	}
	if act := s.last(); act.Act != "sign-in-refused" || act.Who != "nobody" {
		t.Errorf("on record: %+v", act)
	}
	bits(&no)
	if _, err := chromedp.Call(d.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: d.auth, IsUserVerified: false}); err != nil {
		t.Fatal(err)
	}
	d.press("Sign in with a passkey")
	d.do(chromedp.WaitVisible(`//p[@role="alert"][contains(., "could not make sure")]`))
}

func TestAPasskeyWhoseCountWentBackIsRefusedAndTold(t *testing.T) {
	s := newSite(t)
	d := newDesktop(t, s)
	d.enrolled("alice")
	d.signOut()
	got, err := chromedp.Call(d.ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: d.auth})
	if err != nil || len(got.Credentials) != 1 {
		t.Fatal(got, err)
	}
	key := got.Credentials[0] // somebody copies the key as it is now
	copied := &webauthn.Credential{
		CredentialID: key.CredentialID, IsResidentCredential: true, RpID: key.RpID, PrivateKey: key.PrivateKey,
		UserHandle: key.UserHandle, SignCount: key.SignCount, BackupEligibility: key.BackupEligibility, BackupState: key.BackupState,
	}
	d.press("Sign in with a passkey")
	d.until("Home")
	d.signOut()
	if _, err := chromedp.Call(d.ctx, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: d.auth}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(d.ctx, webauthn.AddCredential, webauthn.AddCredentialParams{AuthenticatorID: d.auth, Credential: copied}); err != nil {
		t.Fatal(err)
	}
	count := s.svc.Ways("alice").Passkeys[0].Count
	d.press("Sign in with a passkey")
	if got := d.alert(); !strings.Contains(got, "not accepted") || len(s.svc.Sessions("alice")) != 0 {
		t.Errorf("it says %q, %d sessions", got, len(s.svc.Sessions("alice")))
	}
	if s.svc.Ways("alice").Passkeys[0].Count != count {
		t.Error("the count was put back")
	}
	if got := s.told.who(notice.PasskeyCopied); !slices.Equal(got, []string{"alice", "olga"}) {
		t.Errorf("told: %v", got)
	}
	if act := s.last(); act.Act != "sign-in-refused" || act.Behalf != "alice" || !slices.Contains(act.What, "count-went-back") {
		t.Errorf("on record: %+v", act)
	}
}

// TestThePagesLookRight: light, dark, on a phone, on paper, clean for the checker, and all
// of it by keyboard.
func TestThePagesLookRight(t *testing.T) {
	s := newSite(t)
	d := newDesktop(t, s)
	look := func(name, path string) {
		t.Run(name, func(t *testing.T) { testkit.Visit(t, d.ctx, d.base()+path) })
	}
	look("sign-in", "/sign-in")
	look("link", "/sign-in/enrol")
	look("recover", "/sign-in/recover")
	d.enrolled("alice")
	signedIn(t, s, "alice")
	look("registered", "/sign-in/registered")
	look("settings", "/settings/sign-in")
	s.pass(6 * time.Minute)
	look("settings-later", "/settings/sign-in")
	look("prove", "/sign-in/prove?to=/settings/sign-in")
}

// TestWhoHasRegisteredIsToldSoAndLedOn: the page says that it is done, offers recovery
// codes and a second passkey, says when each is there, and leads home.
func TestWhoHasRegisteredIsToldSoAndLedOn(t *testing.T) {
	s := newSite(t)
	d := newDesktop(t, s)
	d.enrolled("alice")
	page := func() string {
		text, err := chromedp.Run(d.ctx, chromedp.Text("main"))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, want := range []string{"Your passkey is registered", "you need not wait for somebody", "Make recovery codes", "Register another passkey"} {
		if got := page(); !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	d.press("Make recovery codes")
	d.until("Recovery codes")
	d.do(chromedp.Click(`//main//a[contains(., "I have kept them")]`))
	d.until("Home")
	d.open("/sign-in/registered")
	if got := page(); !strings.Contains(got, "10 made") || strings.Contains(got, "Make recovery codes") {
		t.Errorf("with codes made:\n%s", got)
	}
	d.do(chromedp.Click(`//main//a[contains(., "Go on")]`))
	d.until("Home")
	d.quiet()
}
