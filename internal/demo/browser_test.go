package demo_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"modicum/internal/demo"
	"modicum/internal/testkit"
)

// TestPageLooksRight: light, dark, on a phone, printed, and clean for the
// accessibility checker each time.
func TestPageLooksRight(t *testing.T) {
	ctx := testkit.Chromium(t)
	d := stayUp(t, demo.Options{Dir: lived(t)})
	for name, query := range map[string]string{
		"masks and last four": "?a=fay&b=quincy&patient=p1", "whole records away": "?a=nina&b=alice&patient=p3",
		"differences, nobody": "?a=nobody&b=rosa&diff=on",
	} {
		t.Run(name, func(t *testing.T) { testkit.Look(t, ctx, d.Console+query) })
	}
}

// focused tells what has the focus, and whether it can be seen.
type focused struct {
	Tag, ID, Text string
	Outline       string
}

func focus(t *testing.T, ctx context.Context) focused {
	t.Helper()
	f, err := chromedp.Run(ctx, chromedp.Evaluate[focused](`(() => { const e = document.activeElement, s = getComputedStyle(e);
		return {Tag: e.tagName, ID: e.id || e.name || "", Text: e.innerText.slice(0, 40), Outline: s.outlineStyle + " " + s.outlineWidth} })()`))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func press(t *testing.T, ctx context.Context, keys string) {
	t.Helper()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(keys)); err != nil {
		t.Fatal(err)
	}
}

// TestPageByKeyboardAlone: from the skip link through the form to another
// comparison, the focus seen at every step.
func TestPageByKeyboardAlone(t *testing.T) {
	ctx := testkit.Chromium(t)
	d := stayUp(t, demo.Options{Dir: lived(t)})
	if err := chromedp.Do(ctx, chromedp.Navigate(d.Console)); err != nil {
		t.Fatal(err)
	}
	press(t, ctx, kb.Tab)
	if f := focus(t, ctx); f.Tag != "A" || !strings.HasPrefix(f.Text, "Skip") {
		t.Fatalf("the first stop is %+v", f)
	}
	press(t, ctx, kb.Tab)
	if f := focus(t, ctx); f.Tag != "A" || !strings.HasPrefix(f.Text, "come in as") || !strings.HasPrefix(f.Outline, "solid ") {
		t.Fatalf("after it comes %+v", f)
	}
	for _, step := range []struct{ id, keys string }{{"a", "Nina"}, {"b", "Rosa"}, {"patient", "Ada"}, {"diff", " "}} {
		press(t, ctx, kb.Tab)
		f := focus(t, ctx)
		if f.ID != step.id || !strings.HasPrefix(f.Outline, "solid ") || f.Outline == "solid 0px" {
			t.Fatalf("at %s the focus is on %+v", step.id, f)
		}
		press(t, ctx, step.keys)
	}
	press(t, ctx, kb.Tab)
	if f := focus(t, ctx); f.Tag != "BUTTON" {
		t.Fatalf("after the form comes %+v", f)
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("a") != "nina" || q.Get("b") != "rosa" || q.Get("patient") != "p1" || q.Get("diff") != "on" {
		t.Errorf("the keyboard led to %s", at)
	}
}

// TestPageWithoutScript: all content is there when no script runs.
func TestPageWithoutScript(t *testing.T) {
	ctx := testkit.Chromium(t)
	d := stayUp(t, demo.Options{Dir: lived(t)})
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(d.Console+"?a=alice&b=bob&patient=p1")); err != nil {
		t.Fatal(err)
	}
	html, err := chromedp.Run(ctx, chromedp.OuterHTML("html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Dr. Alice Example", "MRN-10001", "not part of the task", "modicum ledger verify"} {
		if !strings.Contains(html, s) {
			t.Errorf("without script the page lacks %q", s)
		}
	}
}
