package testkit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Visitor is somebody at a real browser. What they cannot do ends the test, with the page
// that they saw.
type Visitor struct {
	TB   testing.TB
	Ctx  context.Context
	Home string // every path is below it
	Taps int    // clicks, taps, and fields that were filled in
}

// NewVisitor gives somebody a browser of their own.
func NewVisitor(tb testing.TB, home string) *Visitor {
	tb.Helper()
	return VisitorIn(tb, Chromium(tb), home)
}

// VisitorIn is a visitor in the browser, or the profile of one, that ctx is of.
func VisitorIn(tb testing.TB, ctx context.Context, home string) *Visitor {
	tb.Helper()
	if err := chromedp.Do(ctx); err != nil { // it starts with its first use, and ends with the context of that
		tb.Fatal(err)
	}
	return &Visitor{TB: tb, Ctx: ctx, Home: home}
}

// Passkeys gives the browser an authenticator that knows its person.
func (v *Visitor) Passkeys() {
	v.TB.Helper()
	if _, err := chromedp.Call(v.Ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		v.TB.Fatal(err)
	}
	if _, err := chromedp.Call(v.Ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		v.TB.Fatal(err)
	}
}

// Do does one thing after the other.
func (v *Visitor) Do(actions ...chromedp.Action[chromedp.Void]) {
	v.TB.Helper()
	v.within("the browser", func(ctx context.Context) error { return chromedp.Do(ctx, actions...) })
}

func (v *Visitor) within(what string, f func(context.Context) error) {
	v.TB.Helper()
	ctx, cancel := context.WithTimeout(v.Ctx, 30*time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		v.TB.Fatalf("%s: %v\n%s", what, err, v.Text())
	}
}

// Text is where the browser is and all that it shows.
func (v *Visitor) Text() string {
	text, _ := chromedp.Run(v.Ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
}

// Read is what an expression comes to on the page.
func (v *Visitor) Read(expression string) string {
	v.TB.Helper()
	text, err := chromedp.Run(v.Ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		v.TB.Fatal(err)
	}
	return text
}

// Page is what stands on the page, as somebody reads it.
func (v *Visitor) Page() string {
	v.TB.Helper()
	return v.Read(`document.querySelector("main").innerText`)
}

// Says fails the test where a page lacks a sentence.
func (v *Visitor) Says(wants ...string) {
	v.TB.Helper()
	page := v.Page()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			v.TB.Errorf("%s does not say %q:\n%s", v.Read("location.pathname"), want, page)
		}
	}
}

// Open goes to a page.
func (v *Visitor) Open(path string) { v.TB.Helper(); v.Do(chromedp.Navigate(v.Home + path)) }

// Until waits for a page by its heading.
func (v *Visitor) Until(heading string) {
	v.TB.Helper()
	v.Do(chromedp.WaitVisible(fmt.Sprintf(`//h1[contains(., %q)]`, heading)))
}

// Sees waits until something stands on the page.
func (v *Visitor) Sees(text string) {
	v.TB.Helper()
	v.Do(chromedp.WaitVisible(fmt.Sprintf(`//body//*[contains(text(), %q)]`, text)))
}

// Click clicks what a path leads to.
func (v *Visitor) Click(path string) {
	v.TB.Helper()
	v.Taps++
	v.Do(chromedp.Click(path))
}

// Button is the path to a button by what stands on it.
func Button(text string) string { return fmt.Sprintf(`//main//button[contains(., %q)]`, text) }

// Press clicks a button, and waits for nothing.
func (v *Visitor) Press(button string) { v.TB.Helper(); v.Click(Button(button)) }

// Send clicks a button and waits for the page that it leads to.
func (v *Visitor) Send(button string) {
	v.TB.Helper()
	v.Taps++
	v.within(button, func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Click(Button(button)))
		return err
	})
}

// Follow clicks a link by what it says.
func (v *Visitor) Follow(link string) {
	v.TB.Helper()
	v.Click(fmt.Sprintf(`//main//a[contains(., %q)]`, link))
}

// Fill types into a field.
func (v *Visitor) Fill(id, text string) {
	v.TB.Helper()
	v.Taps++
	v.Do(chromedp.SendKeys("#"+id, text))
}

// Choose picks an option of a list by its value, as the list's own keys do.
func (v *Visitor) Choose(id, value string) {
	v.TB.Helper()
	v.Taps++
	v.Do(chromedp.SetValue("#"+id, value))
}

// Enrol follows a link to a passkey and into the console; more is what else the page asks.
func (v *Visitor) Enrol(link string, more func(*Visitor)) {
	v.TB.Helper()
	_, path, _ := strings.Cut(link, "/sign-in/")
	v.Open("/sign-in/" + path)
	v.Press("Open the link")
	v.Until("Welcome")
	more(v)
	v.Press("Register a passkey")
	v.Until("You are in")
	v.Taps = 0
}
