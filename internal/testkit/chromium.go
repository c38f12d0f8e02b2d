package testkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browserPath finds Chromium under the names it goes by; MODICUM_CHROMIUM names another.
func browserPath() (string, error) {
	for _, name := range []string{os.Getenv("MODICUM_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			return path, nil
		}
	}
	return "", errors.New("no chromium in the path: run make setup")
}

// Chromium starts a real browser without a window and gives a context for chromedp that ends with the test. Nothing
// leaves the machine by itself: background networking, updates, sync and QUIC are off.
func Chromium(tb testing.TB, more ...chromedp.ExecAllocatorOption) context.Context {
	tb.Helper()
	Need(tb, Browser)
	path, err := browserPath()
	if err != nil {
		tb.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // Chromium refuses its sandbox to root, and containers lack what it needs
		chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("no-first-run", true),
		chromedp.WindowSize(1280, 900),
	)
	ctx, cancel := life(tb)
	tb.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(options, more...)...)
	tb.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	tb.Cleanup(cancel)
	return ctx
}

// life lasts as long as a test, what it does at its end included, and stops shortly before
// its deadline: whoever waits in vain then says for what.
func life(tb testing.TB) (context.Context, context.CancelFunc) {
	ctx := context.WithoutCancel(tb.Context())
	if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, has := t.Deadline(); has {
			return context.WithDeadline(ctx, at.Add(-10*time.Second))
		}
	}
	return context.WithCancel(ctx)
}

// Violation is one rule of axe-core that a page breaks.
type Violation struct {
	ID     string // color-contrast
	Impact string // minor, moderate, serious, critical
	Help   string
	Nodes  []struct {
		HTML           string
		Target         []any
		FailureSummary string
	}
}

// String names the rule and the places, one a line.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n  %v %.200s\n    %s", n.Target, n.HTML, n.FailureSummary)
	}
	return b.String()
}

// axeRun says of what the checker found the violations alone. It looks into the style sheets
// once a page: they are the same in every view of it.
const axeRun = `(() => {
	const first = !window.lookedAt;
	window.lookedAt = true;
	return axe.run(document, {resultTypes: ["violations"], preload: first}).then(r => JSON.stringify({violations: r.violations, passes: r.passes.length}));
})()`

// Axe runs the accessibility checker axe-core on the page that ctx shows, rules of WCAG 2.2 A and AA and best practices,
// and gives what it finds. It fails the test when the checker did not run any rule.
func Axe(tb testing.TB, ctx context.Context) []Violation {
	tb.Helper()
	Need(tb, Node)
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`typeof axe === "object"`))
	if err == nil && !there { // it stays with the page, and is more to read than any page
		var source []byte
		if source, err = os.ReadFile(filepath.Join(cacheDir(), "node", "node_modules", "axe-core", "axe.min.js")); err == nil {
			_, err = chromedp.Run(ctx, chromedp.Evaluate[bool](string(source)+";true"))
		}
	}
	if err != nil {
		tb.Fatalf("axe: %v", err)
	}
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	if err != nil {
		tb.Fatalf("axe: %v", err)
	}
	var result struct {
		Violations []Violation
		Passes     int
	}
	if err := json.Unmarshal([]byte(text), &result); err != nil {
		tb.Fatalf("axe: %v", err)
	}
	if result.Passes == 0 {
		tb.Fatal("axe: not one rule passed, so the page was not looked at")
	}
	return result.Violations
}
