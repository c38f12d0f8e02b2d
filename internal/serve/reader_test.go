package serve_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"modicum/internal/testkit"
)

// reader is a visitor with a passkey who remembers what the browser's console said.
type reader struct {
	*testkit.Visitor
	who   string
	heard *testkit.Heard
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
	r := &reader{Visitor: testkit.VisitorIn(t, ctx, base), who: who}
	r.heard = testkit.Hear(t, ctx)
	r.Passkeys()
	return r
}

// quiet fails where the browser complained: of an error, an exception, a breach of the
// content security policy. Pages that say no with a status are expected.
func (r *reader) quiet() {
	r.TB.Helper()
	for _, s := range r.heard.Said() {
		if !strings.Contains(s, "the server responded with a status of 4") {
			r.TB.Errorf("the browser of %s says: %s", r.who, s)
		}
	}
}

// posts sends a form from the page that stands before somebody, as a page that somebody
// changed would, and gives the status of the answer; one that leads on has none.
func (r *reader) posts(path string, pairs ...string) int {
	r.TB.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	status, err := chromedp.Run(r.Ctx, chromedp.Evaluate[int](fmt.Sprintf(`fetch(%q, {method: "POST", redirect: "manual",
		headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: %q}).then(a => a.status)`, path, form.Encode()), chromedp.EvalAwaitPromise))
	if err != nil {
		r.TB.Fatal(err)
	}
	return status
}

// value is what a field holds.
func (r *reader) value(id string) string {
	r.TB.Helper()
	return r.Read(`document.getElementById("` + id + `").value`)
}

func (r *reader) path() string { r.TB.Helper(); return r.Read(`location.pathname`) }

// onPhone turns the browser into a telephone that is touched.
func (r *reader) onPhone() {
	r.TB.Helper()
	r.Do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2)))
}

// tap touches a button with a finger: it has to stand in view and be large enough for one.
func (r *reader) tap(button string) {
	r.TB.Helper()
	r.Taps++
	r.Do(chromedp.ScrollIntoView(testkit.Button(button)))
	at, err := chromedp.Run(r.Ctx, chromedp.Evaluate[[]float64](`(() => { const b = document.evaluate(`+"`"+testkit.Button(button)+"`"+`, document, null, 9).singleNodeValue.getBoundingClientRect();
		return [b.x + b.width / 2, b.y + b.height / 2, b.width, b.height, innerWidth, document.documentElement.scrollWidth] })()`))
	if err != nil {
		r.TB.Fatal(err)
	}
	if at[2] < 24 || at[3] < 24 || at[0] > at[4] || at[5] > at[4] {
		r.TB.Errorf("%q is no target for a finger: %v", button, at)
	}
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		if _, err := chromedp.Call(r.Ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			r.TB.Fatal(err)
		}
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: at[0], Y: at[1]})
	touch(input.DispatchTouchEventTypeTouchEnd, []*input.TouchPoint{}...)
}
