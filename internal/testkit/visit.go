package testkit

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Look looks at a page of ours in all ways in which it is met: it is clean for the
// accessibility checker in the light, in the dark on the narrowest telephone, and on paper,
// and nothing sticks out there. With go test -artifacts pictures are kept, to be looked at by
// somebody who cares.
func Look(tb testing.TB, ctx context.Context, address string) {
	tb.Helper()
	v := visit{tb, ctx}
	v.begin(address)
	v.views()
}

// Visit is Look, and holds that the keyboard reaches everything, that one sees where it is,
// and that nothing holds it. It gives what stood in main before anything was touched. Without
// an address it is the page before it, which somebody came to by a form.
func Visit(tb testing.TB, ctx context.Context, address string) (main string) {
	tb.Helper()
	v := visit{tb, ctx}
	v.begin(address)
	main = v.main()
	v.sound()
	v.walk(address == "")
	v.views()
	return main
}

func (v visit) begin(address string) {
	v.tb.Helper()
	v.in("", "light", 1280)
	if address != "" {
		v.do(chromedp.Navigate(address))
	}
}

func (v visit) views() {
	v.tb.Helper()
	v.clean("light")
	v.keep("light")
	v.in("", "dark", 320)
	v.clean("dark, 320 px")
	v.whole("320 px", "pre, .matrix *, .scroll:not(:has(> .rows))")
	v.keep("narrow-dark")
	v.in("print", "light", 700)
	v.clean("print")
	v.whole("print", "")
	v.unfolded()
	v.keep("print")
	if pictured() { // the other two differ from these in width or colour alone
		v.in("", "dark", 1280)
		v.keep("dark")
		v.in("", "light", 320)
		v.keep("narrow")
	}
	v.in("", "light", 1280)
}

// Scriptless is Visit, and demands that nothing of the page is the work of a script.
func Scriptless(tb testing.TB, ctx context.Context, address string) {
	tb.Helper()
	v := visit{tb, ctx}
	with, without := Visit(tb, ctx, address), v.scriptless(address)
	if with != without { // a minute may have passed while the page was looked at
		v.do(chromedp.Navigate(address))
		with, without = v.main(), v.scriptless(address)
	}
	if with != without {
		i := 0
		for i < min(len(with), len(without)) && with[i] == without[i] {
			i++
		}
		tb.Errorf("without script the page is another: %.120q, and with it %.120q", without[i:], with[i:])
	}
}

type visit struct {
	tb  testing.TB
	ctx context.Context
}

func pictured() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

func (v visit) do(actions ...chromedp.Action[chromedp.Void]) {
	v.tb.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.tb.Fatal(err)
	}
}

// whole: nothing is cut off at the edge of what holds it, but what one moves aside to read.
func (v visit) whole(how, but string) {
	v.tb.Helper()
	cut := found[[]string](v, fmt.Sprintf(`[...document.querySelectorAll("main *:not(input, select, textarea)")].filter(e => e.clientWidth > 1 && e.scrollWidth > e.clientWidth + 1 &&
		getComputedStyle(e).overflowX !== "visible" && !(%[1]q && e.matches(%[1]q))).map(e => e.outerHTML.slice(0, 120))`, but))
	if len(cut) > 0 {
		v.tb.Errorf("%s: cut off: %q", how, cut)
	}
}

// unfolded: nobody opens on paper what was closed on the screen.
func (v visit) unfolded() {
	v.tb.Helper()
	closed := found[string](v, `[...document.querySelectorAll("details:not([open])")].filter(d => d.checkVisibility() &&
		[...d.children].some(e => e.tagName !== "SUMMARY" && getComputedStyle(e).display !== "none" && !e.checkVisibility()))
		.map(d => d.querySelector("summary").innerText).join("; ")`)
	if closed != "" {
		v.tb.Errorf("closed on paper: %s", closed)
	}
}

// keep takes a picture of the page as somebody finds it: nothing has the focus, and no
// table is moved aside.
func (v visit) keep(name string) {
	v.tb.Helper()
	if pictured() {
		found[bool](v, `(() => { document.activeElement.blur(); document.querySelectorAll(".scroll").forEach(e => e.scrollTo(0, 0)); return true })()`)
		picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			v.tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(v.tb.ArtifactDir(), name+".png"), picture, 0o644); err != nil {
			v.tb.Fatal(err)
		}
	}
}

func (v visit) clean(how string) {
	v.tb.Helper()
	for _, x := range Axe(v.tb, v.ctx) {
		v.tb.Errorf("%s: %s", how, x)
	}
}

func (v visit) in(media, scheme string, width int64) {
	v.tb.Helper()
	params := emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, params); err != nil {
		v.tb.Fatal(err)
	}
	v.do(chromedp.EmulateViewport(width, 800))
	if wide := found[int64](v, "document.documentElement.scrollWidth"); wide > width {
		v.tb.Errorf("%s %s: %d pixels wide, of %d", media, scheme, wide, width)
	}
}

func found[T any](v visit, expression string) T {
	v.tb.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		v.tb.Fatal(err)
	}
	return got
}

// sound holds what every page has: one heading of the first order, a title, links that
// lead somewhere, and nothing that answers to a click by script alone.
func (v visit) sound() {
	v.tb.Helper()
	got := found[struct {
		Heads, Loose int
		Title        string
	}](v, `({Heads: document.querySelectorAll("h1").length, Title: document.title,
		Loose: [...document.querySelectorAll("a, [onclick]")].filter(e => e.onclick || e.tagName == "A" && !e.getAttribute("href")).length})`)
	if got.Heads != 1 || got.Loose > 0 || len(got.Title) < 5 {
		v.tb.Errorf("%+v", got)
	}
}

// reachable lists what a keyboard has to reach; of a group of radios one. Those that had
// the focus leave the list.
const reachable = `(() => {
	const radios = new Set();
	window.left = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter(e => {
		if (e.disabled || e.type == "hidden" || e.tabIndex < 0 || !e.checkVisibility({visibilityProperty: true})) return false;
		if (e.type != "radio") return true;
		const key = e.name + "/" + [...document.forms].indexOf(e.form), group = [...document.getElementsByName(e.name)].filter(o => o.form == e.form);
		if (radios.has(key) || group.some(o => o.checked) && !e.checked) return false;
		radios.add(key);
		return true;
	});
	window.unseen = [];
	document.addEventListener("focusin", ev => {
		const e = ev.target, s = getComputedStyle(e);
		window.left = window.left.filter(o => o != e);
		if (s.outlineStyle == "none" || parseFloat(s.outlineWidth) == 0) window.unseen.push(e.outerHTML.slice(0, 80));
	});
	document.activeElement.blur();
	getSelection().removeAllRanges();
	scrollTo(0, 0);
	return window.left.length })()`

// walk holds that the keyboard reaches everything and that one sees where it is. Chromium
// now and then draws no ring for the first key on a page to which a press of the mouse led:
// such a page is then walked over once more, and what has none again has none.
func (v visit) walk(pressed bool) {
	v.tb.Helper()
	n, got := v.tabs()
	if pressed && len(got.Unseen) > 0 {
		n, got = v.tabs()
	}
	if n == 0 || len(got.Left) > 0 || len(got.Unseen) > 0 {
		v.tb.Errorf("of %d the keyboard does not reach %q, and one does not see that it is at %q", n, got.Left, got.Unseen)
	}
}

// walked is what a walk over a page found.
type walked struct{ Left, Unseen []string }

// tabs holds Tab down until everything had the focus, and a little longer, so that nothing
// holds it.
func (v visit) tabs() (n int, got walked) {
	v.tb.Helper()
	n = found[int](v, reachable)
	inside := found[int](v, `6 * document.querySelectorAll("input[type=datetime-local], input[type=time]").length`) // day, month, ... are stops of their own
	down := kb.Encode('\t')[0]
	for range n + inside + 3 {
		if _, err := chromedp.Call(v.ctx, input.DispatchKeyEvent, *down); err != nil {
			v.tb.Fatal(err)
		}
	}
	return n, found[walked](v, `({Left: window.left.map(e => e.outerHTML.slice(0, 120)), Unseen: window.unseen})`)
}

// main is what stands on the page.
func (v visit) main() string {
	v.tb.Helper()
	html, err := chromedp.Run(v.ctx, chromedp.OuterHTML("main"))
	if err != nil {
		v.tb.Fatal(fmt.Errorf("main of the page: %w", err))
	}
	return html
}

// scriptless is what stands on a page where no script runs.
func (v visit) scriptless(address string) string {
	v.tb.Helper()
	script := func(off bool) {
		if _, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}); err != nil {
			v.tb.Fatal(err)
		}
	}
	script(true)
	defer script(false)
	v.do(chromedp.Navigate(address))
	return v.main()
}
