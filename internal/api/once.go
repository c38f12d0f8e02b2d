package api

import (
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"modicum/internal/problem"
)

// Bounds of what is remembered of requests that carry an Idempotency-Key.
const (
	rememberFor  = 24 * time.Hour
	rememberMost = 50_000
)

// memory remembers answers by who asked and their Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). It lies in memory: a restart forgets,
// and what is asked twice by then is told apart by what it asks for.
type memory struct {
	mu   sync.Mutex
	told map[[2]string]*told
}

type told struct {
	of     [32]byte // digest of the request
	until  time.Time
	done   bool
	status int
	body   []byte
}

func newMemory() *memory { return &memory{told: map[[2]string]*told{}} }

// once runs an operation, or gives the answer that it gave before under the same key.
// A request that failed is not remembered: sent again it is tried again.
func (a *api) once(w http.ResponseWriter, c *call, op *operation, body []byte, run func() (any, error)) {
	key := c.r.Header.Get("Idempotency-Key")
	if op.method == http.MethodGet || len(c.r.Header.Values("Idempotency-Key")) == 0 {
		a.answer(w, op, run, func(int, []byte) {})
		return
	}
	if key == "" || !printable(key) || len(c.r.Header.Values("Idempotency-Key")) > 1 {
		refuse(w, problem.Malformed)
		return
	}
	now, _ := a.Now()
	slot, before, err := a.again.take([2]string{c.caller.ID, key}, digestOf(c.r, body), now)
	switch {
	case err != nil:
		refuse(w, err)
	case before:
		send(w, slot.status, slot.body)
	default:
		kept := false
		defer func() { // a panic, too, must leave the key free
			if !kept {
				a.again.drop([2]string{c.caller.ID, key})
			}
		}()
		a.answer(w, op, run, func(status int, body []byte) {
			kept = true
			a.again.keep([2]string{c.caller.ID, key}, status, body)
		})
	}
}

func (a *api) answer(w http.ResponseWriter, op *operation, run func() (any, error), keep func(int, []byte)) {
	v, err := run()
	if err != nil {
		refuse(w, inWords(err))
		return
	}
	status, body, err := op.answered(v)
	if err != nil {
		refuse(w, problem.Internal)
		return
	}
	keep(status, body)
	send(w, status, body)
}

// printable reports whether a key is of letters, digits and signs of ASCII.
func printable(key string) bool {
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(key) <= 200
}

func digestOf(r *http.Request, body []byte) [32]byte {
	return sha256.Sum256(append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
}

func (m *memory) take(key [2]string, of [32]byte, now time.Time) (t *told, before bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t = m.told[key]; t != nil && now.Before(t.until) {
		switch {
		case t.of != of:
			return nil, false, problem.KeyReused
		case !t.done:
			return nil, false, problem.InProgress
		}
		return t, true, nil
	}
	if len(m.told) >= rememberMost {
		m.sweep(now)
	}
	if len(m.told) >= rememberMost {
		return nil, false, problem.Busy
	}
	m.told[key] = &told{of: of, until: now.Add(rememberFor)}
	return m.told[key], false, nil
}

func (m *memory) keep(key [2]string, status int, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.told[key]
	m.told[key] = &told{of: t.of, until: t.until, done: true, status: status, body: body}
}

func (m *memory) drop(key [2]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.told, key)
}

func (m *memory) sweep(now time.Time) {
	for key, t := range m.told {
		if !now.Before(t.until) {
			delete(m.told, key)
		}
	}
}
