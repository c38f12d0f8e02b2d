package console_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"modicum/internal/people"
	"modicum/internal/testkit"
)

// browser is a real one that remembers what its console said.
type browser struct {
	t     *testing.T
	ctx   context.Context
	heard *testkit.Heard
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t, ctx: testkit.Chromium(t)}
	b.heard = testkit.Hear(t, b.ctx)
	return b
}

// quiet fails where the console said anything: an error, an exception, a breach of
// the content security policy.
func (b *browser) quiet() {
	b.t.Helper()
	b.heard.Forget(func(s string) bool {
		b.t.Errorf("the browser's console says: %s", s)
		return true
	})
}

func (b *browser) open(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) size(width, height int64) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height)); err != nil {
		b.t.Fatal(err)
	}
}

func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// focused tells what has the focus, and whether it can be seen.
type focused struct{ Tag, ID, Text, Outline string }

// tabTo presses Tab until something has the focus, and demands of each stop on the
// way that it can be seen.
func (b *browser) tabTo(what string, is func(focused) bool) {
	b.t.Helper()
	for range 60 {
		b.press(kb.Tab)
		f := eval[focused](b, `(() => { const e = document.activeElement, s = getComputedStyle(e);
			return {Tag: e.tagName, ID: e.id || e.name || "", Text: e.innerText.trim().slice(0, 40), Outline: s.outlineStyle + " " + s.outlineWidth} })()`)
		if f.Tag == "BODY" {
			continue
		}
		if !strings.HasPrefix(f.Outline, "solid ") || f.Outline == "solid 0px" {
			b.t.Fatalf("the focus on %+v cannot be seen", f)
		}
		if is(f) {
			return
		}
	}
	b.t.Fatalf("the keyboard does not reach %s", what)
}

func (b *browser) press(keys string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
		b.t.Fatal(err)
	}
}

// enter presses a button or link that has the focus and waits for the page it leads to.
func (b *browser) enter() string {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		b.t.Fatal(err)
	}
	return eval[string](b, "location.pathname")
}

// forget drops what the console says of pages that are not there for a viewer, and
// counts it.
func (b *browser) forget(statuses ...string) (n int) {
	b.heard.Forget(func(s string) bool {
		hit := slices.ContainsFunc(statuses, func(status string) bool { return strings.Contains(s, status) })
		if hit {
			n++
		}
		return hit
	})
	return n
}

// TestConsoleByKeyboardAlone: a physician breaks the glass, an approver answers, and
// the first stop of each page leads past the menu.
func TestConsoleByKeyboardAlone(t *testing.T) {
	b := newBrowser(t)
	h := newHospital(t).as("dora")
	b.open(h.web.URL + "/")
	b.tabTo("the way past the menu", func(f focused) bool { return strings.HasPrefix(f.Text, "Skip") })
	b.tabTo("the glass", func(f focused) bool { return f.Text == "Break the glass" })
	if at := b.enter(); at != "/glass" {
		t.Fatalf("the menu led to %s", at)
	}
	b.tabTo("the patient", func(f focused) bool { return f.ID == "patient" })
	b.press("p9")
	b.tabTo("the reason", func(f focused) bool { return f.ID == "text" })
	b.press("cardiac arrest")
	if at := b.enter(); !strings.HasPrefix(at, "/grants/") || len(h.lent.Grants("dora")) != 1 {
		t.Fatalf("the glass led to %s", at)
	}
	h.asks(t, "the transport company asks for it")
	h.as("petra")
	b.open(h.web.URL + "/inbox")
	b.tabTo("the word", func(f focused) bool { return strings.HasPrefix(f.ID, "word") })
	b.tabTo("the button", func(f focused) bool { return strings.HasPrefix(f.Text, "Approve") })
	if at := b.enter(); at != "/inbox" || len(h.lent.Grants("nina")) != 1 {
		t.Fatalf("the answer led to %s", at)
	}
	b.quiet()
}

// TestTableFiltersWithoutANewPage: with script the table alone is replaced, its
// address goes along, and a reader is told how many fit.
func TestTableFiltersWithoutANewPage(t *testing.T) {
	b := newBrowser(t)
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(manyWings(45), 0))
	w.viewer.Store(nina(people.RunSystem))
	b.open(w.web.URL + "/wings")
	eval[bool](b, "window.same = true, window.live = document.querySelector('#told'), true")
	if err := chromedp.Do(b.ctx, chromedp.SendKeys("#q", "wing 044"), chromedp.WaitNotPresent(`a[rel=next]`)); err != nil {
		t.Fatal(err)
	}
	got := eval[struct {
		Same   bool
		Search string
		Rows   int
		Told   string
		Focus  string
	}](b, `({Same: window.same === true && window.live.isConnected, Search: location.search, Rows: document.querySelectorAll(".rows tbody tr").length,
		Told: document.querySelector("#told[role=status]").textContent, Focus: document.activeElement.id})`)
	if !got.Same || got.Rows != 1 || !strings.Contains(got.Search, "q=wing") || got.Told != "1 of 45 fit" || got.Focus != "q" {
		t.Errorf("after typing: %+v", got)
	}
	b.quiet()
}

// TestConsoleWithoutScript: looking, asking and answering work when no script runs.
func TestConsoleWithoutScript(t *testing.T) {
	b := newBrowser(t)
	h := newHospital(t).as("nina")
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.open(h.web.URL + "/")
	if err := chromedp.Do(b.ctx, chromedp.SendKeys("#patient", "p1")); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click("form.fill button")); err != nil {
		t.Fatal(err)
	}
	html, err := chromedp.Run(b.ctx, chromedp.OuterHTML("html"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(html, "Patient p1") || !strings.Contains(html, "All clinical data but") || !strings.Contains(html, "Whether there is one, or a restriction, is not told here") {
		t.Errorf("without script the look gives %.300s", html)
	}
}

// TestC2_NothingThatSomebodyWritesRuns: script and formulas in every text field and
// in the names of people stand on the pages as text, and the browser refuses nothing,
// since there is nothing to refuse.
func TestC2_NothingThatSomebodyWritesRuns(t *testing.T) {
	const bad = `"'><script>window.ran=1</script><img src=x onerror=window.ran=1><svg onload=window.ran=1> =1+1 {{.}} javascript:window.ran=1`
	b := newBrowser(t)
	h := newHospital(t)
	h.crew.of["nina"].Name, h.crew.of["dora"].Title, h.crew.of["petra"].Name = "Nina "+bad, bad, bad+" Petra"
	glass := h.breaks(t, "p9")
	if status, _ := h.post(t, "/grants/"+glass, "do", "attest", "word", "it was for "+bad); status != 303 {
		t.Fatalf("attesting: %d", status)
	}
	h.pass(9 * time.Hour)
	first := h.asks(t, "for the transport "+bad)
	_, page := h.as("petra").get(t, "/requests/"+first)
	if status, _ := h.post(t, "/requests/"+first, "digest", digest(t, page), "answer", "refuse", "word", "no, because "+bad); status != 303 {
		t.Fatalf("refusing: %d", status)
	}
	second := h.asks(t, "another time, for the way back "+bad)
	pages := []struct{ who, path string }{
		{"nina", "/"}, {"nina", "/requests/" + first}, {"petra", "/requests/" + first}, {"petra", "/inbox"}, {"petra", "/requests/" + second}, {"petra", "/reviews"},
		{"petra", "/reviews/" + glass}, {"dora", "/grants/" + glass}, {"petra", "/grants?of=all"}, {"nina", "/notices"}, {"petra", "/notices"}, {"petra", "/settings/notices"}, {"nina", "/grants"},
	}
	for _, p := range pages {
		h.as(p.who)
		b.open(h.web.URL + p.path)
		if ran := eval[bool](b, `"ran" in window || document.querySelectorAll("main img, main script").length > 0`); ran {
			t.Errorf("%s of %s: what somebody wrote is more than text", p.path, p.who)
		}
	}
	b.quiet()
	for _, form := range [][]string{
		{"/ask", "step", "preview", "task", bad, "kind", bad, "class", bad, "mark", bad, "patient", bad, "record", bad, "ref", bad, "text", bad, "for", bad, "from", bad},
		{"/ask", "step", "fill", "task", bad, "kind", bad, "class", bad, "patient", bad, "text", bad},
		{"/glass", "patient", bad, "text", bad, "task", bad, "reason", bad}, {"/my/patient", "patient", bad, "task", bad},
		{"/grants/" + glass, "do", bad, "word", bad}, {"/reviews/" + glass, "verdict", bad, "word", bad},
	} {
		who := map[string]string{"/glass": "dora", "/grants/" + glass: "dora", "/reviews/" + glass: "petra"}[form[0]]
		if who == "" {
			who = "nina"
		}
		_, page := h.as(who).post(t, form[0], form[1:]...)
		for _, s := range []string{"<script>window", "<img src=x", "<svg onload"} {
			if strings.Contains(page, s) {
				t.Errorf("%s gives back %s", form[0], s)
			}
		}
	}
	_, file := h.as("petra").get(t, "/grants?of=all&as=csv")
	if strings.Contains(file, "\n=") || strings.Contains(file, ",=") || strings.Contains(file, `"=`) {
		t.Errorf("a formula leaves: %s", file)
	}
}
