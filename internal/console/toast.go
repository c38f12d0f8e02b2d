package console

import "sync"

// Toast is a word on the next page about what was just done.
type Toast struct {
	Text string
	Bad  bool
}

// toasts keeps at most one word for each session, in memory: a cookie could be
// written by another host of the domain, and then say anything on our page.
type toasts struct {
	mu sync.Mutex
	of map[string]Toast // by session
}

// maxToasts bounds what is kept for those who never come back.
const maxToasts = 10_000

func newToasts() *toasts { return &toasts{of: map[string]Toast{}} }

func (t *toasts) put(session string, w Toast) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.of) >= maxToasts {
		clear(t.of)
	}
	t.of[session] = w
}

func (t *toasts) take(session string) *Toast {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, ok := t.of[session]
	if !ok {
		return nil
	}
	delete(t.of, session)
	return &w
}
