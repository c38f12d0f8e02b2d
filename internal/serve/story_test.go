package serve_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"modicum/internal/access"
	"modicum/internal/people"
	"modicum/internal/testkit"
)

// atHome is an installation under a name that passkeys know.
func atHome(t *testing.T) *site {
	s := lendingSite(t)
	s.stop()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	s.config.Public = "http://localhost:" + port
	s.config.SignIn.Idle, s.config.SignIn.Longest = time.Hour, 12*time.Hour
	s.start()
	s.main.Close()
	s.main = &httptest.Server{Listener: ln, Config: &http.Server{Handler: s.server.Handler()}}
	s.main.Start()
	t.Cleanup(s.main.Close)
	return s
}

// reader is somebody at a real browser with an authenticator.
type reader struct {
	t    *testing.T
	ctx  context.Context
	base string
}

func (s *site) browser(t *testing.T) *reader {
	r := &reader{t: t, ctx: testkit.Chromium(t), base: s.config.Public}
	if err := chromedp.Do(r.ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(r.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(r.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *reader) do(actions ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		text, _ := chromedp.Run(r.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
		r.t.Fatalf("%v\n%s", err, text)
	}
}

func (r *reader) open(path string) { r.t.Helper(); r.do(chromedp.Navigate(r.base + path)) }

func (r *reader) until(heading string) {
	r.t.Helper()
	r.do(chromedp.WaitVisible(`//h1[contains(., "` + heading + `")]`))
}

func (r *reader) press(button string) {
	r.t.Helper()
	r.do(chromedp.Click(`//main//button[contains(., "` + button + `")]`))
}

func (r *reader) fill(id, text string) { r.t.Helper(); r.do(chromedp.SendKeys("#"+id, text)) }

// enrol follows a link to a passkey and into the console.
func (r *reader) enrol(link string, more func()) {
	r.t.Helper()
	_, path, _ := strings.Cut(link, "/sign-in/")
	r.open("/sign-in/" + path)
	r.press("Open the link")
	r.until("Welcome")
	more()
	r.press("Register a passkey")
	r.until("Signing in")
}

// TestTheStoryOfAFirstDay: the first owner comes in, a second person is invited and comes
// in, breaks the glass at the console, reads through the door, attests, and is made to
// leave, all through a real browser and the real parts behind it.
func TestTheStoryOfAFirstDay(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	s := atHome(t)
	link, ok, err := s.server.OwnerLink()
	if err != nil || !ok {
		t.Fatalf("no link for the first owner: %v", err)
	}
	r := s.browser(t)
	r.enrol(link, func() {
		r.fill("user-name", "olga")
		r.fill("your-name", "Olga Owner")
	})
	if !s.server.People().Holds("olga", people.RunPeople, time.Now().UnixMicro()) {
		t.Error("the first owner does not run people")
	}
	if _, again, _ := s.server.OwnerLink(); again {
		t.Error("there is a link for a second first owner")
	}
	if _, err := s.server.People().Add(t.Context(), people.Actor{ID: "olga"}, &people.Person{UserName: "zoe", Name: "Zoe Zimmer"}); err != nil {
		t.Fatal(err)
	}
	if err := s.server.People().Give(t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: "zoe", Kind: people.Role, Name: "clinician", Why: "she treats"}); err != nil {
		t.Fatal(err)
	}
	invited, _, err := s.server.Sessions().Invite(t.Context(), people.Actor{ID: "olga"}, "zoe")
	if err != nil {
		t.Fatal(err)
	}
	z := s.browser(t)
	z.enrol(invited, func() {})
	if status, _, _ := s.get("zoe", "/fhir/Patient/p1"); status != http.StatusNotFound {
		t.Fatalf("before: %d", status)
	}
	z.open("/glass")
	z.fill("patient", "p1")
	z.fill("text", "collapsed in the lobby, unconscious")
	z.press("Break the glass")
	z.do(chromedp.WaitVisible(`//h1[not(contains(., "Break the glass"))]`))
	grants := s.server.Lent().Grants("zoe")
	if len(grants) != 1 || s.server.Lent().State(grants[0]) != access.Live {
		text, _ := chromedp.Run(z.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
		t.Fatalf("%d grants\n%s", len(grants), text)
	}
	if status, _, body := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT"); status != http.StatusOK {
		t.Errorf("with the glass broken: %d %s", status, body)
	}
	if err := s.server.People().Deactivate(t.Context(), people.Actor{ID: "olga"}, "zoe", ""); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT"); status != http.StatusUnauthorized {
		t.Errorf("after she left: %d", status)
	}
	z.open("/grants")
	z.until("Sign in")
	if n := len(s.server.Sessions().Sessions("zoe")); n != 0 {
		t.Errorf("%d sessions of a leaver", n)
	}
}
