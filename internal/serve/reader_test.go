package serve_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// reader is somebody at a real browser with an authenticator.
type reader struct {
	t    *testing.T
	who  string
	ctx  context.Context
	base string
	taps int // of fingers, clicks, and fields that were filled in

	mu   sync.Mutex
	said []string // by the browser's console
}

// reads gives somebody a profile of their own in the town's browser.
func (s *town) reads(who string) *reader {
	s.t.Helper()
	if len(s.seen) == 0 {
		if err := chromedp.Do(s.web); err != nil {
			s.t.Fatal(err)
		}
	}
	ctx, cancel := chromedp.NewContext(s.web, chromedp.WithNewBrowserContext())
	s.t.Cleanup(cancel)
	r := newReader(s.t, who, ctx, s.config.Public)
	s.seen = append(s.seen, r)
	return r
}

func newReader(t *testing.T, who string, ctx context.Context, base string) *reader {
	t.Helper()
	r := &reader{t: t, who: who, ctx: ctx, base: base}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, r.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *reader) hear(ev any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		r.said = append(r.said, ev.Entry.Text+" "+ev.Entry.URL)
	case *runtime.EventExceptionThrown:
		r.said = append(r.said, ev.ExceptionDetails.Text)
	}
}

// quiet fails where the browser complained: of an error, an exception, a breach of the
// content security policy. Pages that say no with a status are expected.
func (r *reader) quiet() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.said {
		if !strings.Contains(s, "the server responded with a status of 4") {
			r.t.Errorf("the browser of %s says: %s", r.who, s)
		}
	}
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

// press clicks a button and waits for the page that it leads to.
func (r *reader) press(button string) {
	r.t.Helper()
	r.taps++
	r.do(chromedp.Click(buttonNamed(button)))
}

// waitFor waits until something stands on the page.
func waitFor(text string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(`//body//*[contains(text(), "` + text + `")]`)
}

func clickOn(path string) chromedp.Action[chromedp.Void] { return chromedp.Click(path) }

// posts sends a form from the page that stands before somebody, as a page that somebody
// changed would, and gives the status of the answer; one that leads on has none.
func (r *reader) posts(path string, pairs ...string) int {
	r.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	status, err := chromedp.Run(r.ctx, chromedp.Evaluate[int](fmt.Sprintf(`fetch(%q, {method: "POST", redirect: "manual",
		headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: %q}).then(a => a.status)`, path, form.Encode()), chromedp.EvalAwaitPromise))
	if err != nil {
		r.t.Fatal(err)
	}
	return status
}

func buttonNamed(text string) string { return `//main//button[contains(., "` + text + `")]` }

func (r *reader) follow(link string) {
	r.t.Helper()
	r.taps++
	r.do(chromedp.Click(`//main//a[contains(., "` + link + `")]`))
}

func (r *reader) fill(id, text string) {
	r.t.Helper()
	r.taps++
	r.do(chromedp.SendKeys("#"+id, text))
}

// choose picks an option of a list by its value, as the list's own keys do.
func (r *reader) choose(id, value string) {
	r.t.Helper()
	r.taps++
	r.do(chromedp.SetValue("#"+id, value))
}

// value is what a field holds.
func (r *reader) value(id string) string { return read(r, `document.getElementById("`+id+`").value`) }

// page is what stands on the page, as somebody reads it.
func (r *reader) page() string { return read(r, `document.querySelector("main").innerText`) }

func (r *reader) path() string { return read(r, `location.pathname`) }

func read(r *reader, expression string) string {
	r.t.Helper()
	text, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// says fails where the page lacks a sentence.
func (r *reader) says(wants ...string) {
	r.t.Helper()
	page := r.page()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			r.t.Errorf("%s of %s does not say %q:\n%s", r.path(), r.who, want, page)
		}
	}
}

// onPhone turns the browser into a telephone that is touched.
func (r *reader) onPhone() {
	r.t.Helper()
	r.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)))
}

// tap touches a button with a finger: it has to stand in view and be large enough for one.
func (r *reader) tap(button string) {
	r.t.Helper()
	r.taps++
	r.do(chromedp.ScrollIntoView(buttonNamed(button)))
	at, err := chromedp.Run(r.ctx, chromedp.Evaluate[[]float64](`(() => { const b = document.evaluate(`+"`"+buttonNamed(button)+"`"+`, document, null, 9).singleNodeValue.getBoundingClientRect();
		return [b.x + b.width / 2, b.y + b.height / 2, b.width, b.height, innerWidth, document.documentElement.scrollWidth] })()`))
	if err != nil {
		r.t.Fatal(err)
	}
	if at[2] < 24 || at[3] < 24 || at[0] > at[4] || at[5] > at[4] {
		r.t.Errorf("%q is no target for a finger: %v", button, at)
	}
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if _, err := chromedp.Call(r.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			r.t.Fatal(err)
		}
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]})
	touch(input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{}...)
}

// enrol follows a link to a passkey and into the console.
func (r *reader) enrol(link string, more func(*reader)) {
	r.t.Helper()
	_, path, _ := strings.Cut(link, "/sign-in/")
	r.open("/sign-in/" + path)
	r.press("Open the link")
	r.until("Welcome")
	more(r)
	r.press("Register a passkey")
	r.until("Signing in")
	r.taps = 0
}
