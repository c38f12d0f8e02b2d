package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// screen is somebody at a browser with an authenticator.
type screen struct {
	t    *testing.T
	ctx  context.Context
	base string
}

func newScreen(t *testing.T, base string) *screen {
	s := &screen{t, testkit.Chromium(t), base}
	if err := chromedp.Do(s.ctx); err != nil { // starts it, for longer than one step
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *screen) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		s.t.Fatalf("%v\n%s", err, s.text())
	}
}

func (s *screen) text() string {
	text, _ := chromedp.Run(s.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText`))
	return text
}

func (s *screen) open(path string)     { s.t.Helper(); s.do(chromedp.Navigate(s.base + path)) }
func (s *screen) fill(id, text string) { s.t.Helper(); s.do(chromedp.SendKeys("#"+id, text)) }
func (s *screen) pick(id, value string) {
	s.t.Helper()
	s.do(chromedp.SetValue("#"+id, value))
}

// press presses a button and waits for the page that follows.
func (s *screen) press(button string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(`//main//button[contains(., "`+button+`")]`)); err != nil {
		s.t.Fatalf("%q: %v\n%s", button, err, s.text())
	}
}

func (s *screen) wants(parts ...string) {
	s.t.Helper()
	text := s.text()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.t.Fatalf("the page does not say %q:\n%s", part, text)
		}
	}
}

// enrol follows a link to a passkey and into the console.
func (s *screen) enrol(link string, more func()) {
	s.t.Helper()
	s.do(chromedp.Navigate(link))
	s.press("Open the link")
	more()
	s.do(chromedp.Click(`//main//button[contains(., "Register a passkey")]`), chromedp.WaitVisible(`//h1[contains(., "Signing in")]`))
}

// TestAFirstDayFromTheReadme: init, the first owner by the link that serve prints, a
// second person invited, one role given, one request lent and ended, as a small hospital
// without an identity provider does it.
func TestAFirstDayFromTheReadme(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	web := httptest.NewServer(up)
	defer web.Close()
	n := &newcomer{t: t, dir: filepath.Join(t.TempDir(), "hospital")}
	n.must("init", n.dir, "--passkeys", "--upstream", web.URL+"/fhir")
	n.must("serve", "--check", "--config", n.config())
	port := freePort(t)
	n.edit("modicum.yaml", "listen: 127.0.0.1:8443", "listen: 127.0.0.1:"+port)
	n.edit("modicum.yaml", "admin: 127.0.0.1:9090", "admin: 127.0.0.1:0")
	link := n.ownerLink()
	base := "http://localhost:" + port

	olga := newScreen(t, base)
	olga.enrol(link, func() {
		olga.fill("user-name", "olga")
		olga.fill("your-name", "Olga Owner")
	})
	olga.open("/people")
	olga.do(chromedp.Click(`//main//a[contains(., "Add somebody")]`), chromedp.WaitVisible("#user_name"))
	olga.fill("user_name", "nina")
	olga.fill("name", "Nina Sample")
	olga.press("Add them")
	for _, gift := range [][2]string{{"nina", "role nurse"}, {"olga", "position charge-nurse"}} {
		olga.open("/people/" + gift[0] + "/give")
		olga.pick("name", gift[1])
		olga.fill("why", "our first day")
		olga.press("Give it")
	}
	olga.open("/people/nina")
	olga.press("Make an invitation")
	invitation := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(olga.text())
	if invitation == "" {
		t.Fatalf("no invitation:\n%s", olga.text())
	}

	nina := newScreen(t, base)
	nina.enrol(invitation, func() {})
	nina.open("/ask?task=nurse/cover")
	nina.do(chromedp.Click(`input[name=kind][value=lend]`))
	nina.fill("patient", "p14")
	nina.pick("reason", "help at the bedside")
	nina.fill("text", "two to turn the patient")
	nina.press("See who decides")
	nina.wants("Olga Owner")
	nina.press("Ask")

	olga.open("/inbox")
	olga.wants("Nina Sample", "two to turn the patient")
	olga.press("Approve")
	nina.open("/grants")
	nina.do(chromedp.Click(`//main//td//a`), chromedp.WaitVisible(`//h1[contains(., "open now")]`))
	nina.press("Give it back")
	nina.open("/grants")
	nina.wants("done")
}

// ownerLink starts the server and reads the link that it prints for the first owner.
func (n *newcomer) ownerLink() string {
	n.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	logs := &lockedBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--config", n.config()}, nil, strings.NewReader(""), in, logs)
		in.Close()
	}()
	n.t.Cleanup(func() {
		stop()
		if status := <-done; status != exitYes {
			n.t.Errorf("serve ended with %d\n%s", status, logs)
		}
	})
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said += lines.Text() + "\n"
		if link := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(lines.Text()); link != "" {
			go io.Copy(io.Discard, out)
			return link
		}
	}
	n.t.Fatalf("serve prints no link for the first owner:\n%s%s", said, logs)
	return ""
}

// freePort is one that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}
