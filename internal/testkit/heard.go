package testkit

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Heard is what the console of a browser said: errors, exceptions, breaches of the content
// security policy, and what scripts wrote there.
type Heard struct {
	mu   sync.Mutex
	said []string
}

// Hear listens to the console of the browser that ctx is of, from now on.
func Hear(tb testing.TB, ctx context.Context) *Heard {
	tb.Helper()
	h := &Heard{}
	if err := chromedp.Listen(ctx, h.hear); err != nil {
		tb.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		tb.Fatal(err)
	}
	return h
}

func (h *Heard) hear(ev any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		h.said = append(h.said, ev.Entry.Text+" "+ev.Entry.URL)
	case *runtime.EventExceptionThrown:
		h.said = append(h.said, ev.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		h.said = append(h.said, "console."+string(ev.Type))
	}
}

// Said is all that was said so far, less what is forgotten.
func (h *Heard) Said() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.said)
}

// Forget forgets what was said and is expected.
func (h *Heard) Forget(expected func(string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = slices.DeleteFunc(h.said, expected)
}
