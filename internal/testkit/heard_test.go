package testkit_test

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"modicum/internal/testkit"
)

// TestWhatABrowserComplainsOfIsHeard: an exception and what a script wrote, until it is
// forgotten.
func TestWhatABrowserComplainsOfIsHeard(t *testing.T) {
	v := testkit.NewVisitor(t, "")
	h := testkit.Hear(t, v.Ctx)
	v.Do(chromedp.Navigate(`data:text/html,<title>x</title><script>console.error("no");missing()</script>`))
	if said := h.Said(); !slices.Contains(said, "console.error") || len(said) < 2 {
		t.Errorf("heard %q", said)
	}
	if h.Forget(func(string) bool { return true }); len(h.Said()) != 0 {
		t.Error("it is not forgotten")
	}
}
