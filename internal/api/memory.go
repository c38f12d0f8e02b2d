package api

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/problem"
)

// Bounds of what is remembered of requests that carry an Idempotency-Key.
const (
	rememberFor   = 24 * time.Hour
	rememberMost  = 50_000
	rememberOne   = 10_000   // with which one person begins in a day: nobody takes the room of all
	rememberBytes = 64 << 20 // of answers
)

// Memory remembers answers by who asked and their Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header). What changed something is remembered by a
// page of the same change: both are kept or neither, so that a request which is sent again
// after a restart is not done twice. What changed nothing lies in memory alone.
//
// Pages are never taken away, so that a page whose day is over takes the next key.
type Memory struct {
	desk  *book.Desk // nil: nothing outlives the process
	slots *book.Book[slot]

	mu      sync.Mutex
	at      map[string]string // id of the slot by key; of keys whose day is over too, until their slot takes another
	until   map[string]int64  // when the day of each slot is over
	free    expiries          // the same, the soonest first
	bytes   int               // of answers in slots
	running map[string]*slot  // under way, or answered without a change
	day     int64             // of begun
	begun   map[string]int    // with how many keys each person began on it
}

// slot is one answer, as a page has it.
type slot struct {
	Key    string `json:"key"` // digest of who asked and their key
	Of     string `json:"of"`  // digest of the request
	Until  int64  `json:"until"`
	Status int    `json:"status,omitzero"` // 0: its answer was not kept, or is not there yet
	Body   []byte `json:"body,omitempty"`
}

// lost reports whether what was done is known, and not what it answered.
func (s *slot) lost() bool { return s.Status == 0 }

func newMemory() *Memory {
	return &Memory{at: map[string]string{}, until: map[string]int64{}, running: map[string]*slot{}}
}

// Remember reads from the desk what was done under which key.
func Remember(ctx context.Context, desk *book.Desk) (*Memory, error) {
	m := newMemory()
	m.desk = desk
	var err error
	m.slots, err = book.Open(ctx, desk, "api-answer", m.turned)
	return m, err
}

// turned keeps the index of slots.
func (m *Memory) turned(id string, old, now *slot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old != nil {
		m.bytes -= len(old.Body)
		if m.at[old.Key] == id {
			delete(m.at, old.Key)
		}
	}
	if now == nil {
		delete(m.until, id)
		return
	}
	m.bytes += len(now.Body)
	if other, known := m.at[now.Key]; !known || m.until[other] <= now.Until { // pages are read in no order
		m.at[now.Key] = id
	}
	if m.until[id] != now.Until {
		m.until[id] = now.Until
		heap.Push(&m.free, expiry{now.Until, id})
	}
}

// keyOfRequest is what stands for somebody's key.
func keyOfRequest(who, key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s%s", len(who), who, key))
	return hex.EncodeToString(sum[:])
}

func digestOf(r *http.Request, body []byte) string {
	sum := sha256.Sum256(append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
	return hex.EncodeToString(sum[:])
}

// take says what was answered under a key of somebody before, or takes the key for a request
// that is about to be done: who takes it leaves it.
func (m *Memory) take(ctx context.Context, who, key, of string, now time.Time) (*slot, error) {
	if m.desk != nil && !m.desk.Certain() { // the act that is asked for again may have been kept
		if err := m.desk.Reload(ctx); err != nil {
			return nil, problem.Unavailable
		}
	}
	for {
		if s, certain, err := m.takes(who, key, of, m.kept(key), now); certain {
			return s, err
		}
	}
}

// takes is take, by what lay in the key's slot a moment ago. It is not certain where
// something was kept under the key since: the request that did it is over perhaps, and
// this one must not be taken for the first.
func (m *Memory) takes(who, key, of string, kept *slot, now time.Time) (s *slot, certain bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id, some := m.at[key]; some && (kept == nil || m.until[id] != kept.Until) && !defect.On(defect.KeyLookedUpOnce) {
		return nil, false, nil
	}
	s = cmp.Or(m.running[key], kept)
	switch {
	case s != nil && now.UnixMicro() >= s.Until:
	case s != nil && s.Of != of:
		return nil, true, problem.KeyReused
	case s != nil && s != kept && s.lost():
		return nil, true, problem.InProgress
	case s != nil:
		return s, true, nil
	}
	if !m.begins(who, now) || m.full(now.UnixMicro()) {
		return nil, true, problem.Busy
	}
	m.running[key] = &slot{Key: key, Of: of, Until: now.Add(rememberFor).UnixMicro()}
	return nil, true, nil
}

// begins counts the keys with which somebody begins, and reports whether they are not too
// many. The caller holds mu.
func (m *Memory) begins(who string, now time.Time) bool {
	if day := now.Unix() / (24 * 60 * 60); day != m.day || m.begun == nil {
		m.day, m.begun = day, map[string]int{}
	}
	m.begun[who]++
	return m.begun[who] <= rememberOne || defect.On(defect.KeysUncounted)
}

// full reports whether nothing more can be remembered. The caller holds mu.
func (m *Memory) full(now int64) bool {
	if len(m.running) >= rememberMost {
		for key, s := range m.running {
			if now >= s.Until {
				delete(m.running, key)
			}
		}
	}
	if len(m.running) >= rememberMost {
		return true
	}
	_, some := m.over(now)
	return !some && (len(m.until) >= rememberMost || m.bytes >= rememberBytes)
}

// over is a slot whose day is over. The caller holds mu.
func (m *Memory) over(now int64) (slot string, some bool) {
	for len(m.free) > 0 && m.until[m.free[0].slot] != m.free[0].until { // it took another key since
		heap.Pop(&m.free)
	}
	if len(m.free) == 0 || now < m.free[0].until {
		return "", false
	}
	return m.free[0].slot, true
}

// kept is what lies in the slot of a key, whenever that was; nil for nothing.
func (m *Memory) kept(key string) *slot {
	if m.slots == nil {
		return nil
	}
	var s *slot
	m.desk.View(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if id, known := m.at[key]; known {
			s = m.slots.At(id)
		}
	})
	return s
}

// beside returns a context in which the change that is made keeps the key with it, and
// what answer makes of the change.
func (m *Memory) beside(ctx context.Context, key string, answer func(*book.Change) (int, []byte, error)) context.Context {
	if m.slots == nil || defect.On(defect.KeysForgotten) {
		return ctx
	}
	done := false // an act is one change: what follows of it is not the act
	return m.desk.Beside(ctx, func(c *book.Change) error {
		if done {
			return nil
		}
		done = true
		status, body, err := answer(c)
		if err != nil {
			return err
		}
		m.mu.Lock()
		s := *m.running[key]
		id := m.slot(s.Until - rememberFor.Microseconds())
		m.mu.Unlock()
		s.Status, s.Body = status, body
		m.slots.Put(c, id, &s)
		return nil
	})
}

// slot is the page that takes the next key: one whose day is over, or a new one. Changes
// follow one another, so that nobody else takes it. The caller holds mu.
func (m *Memory) slot(now int64) string {
	if id, some := m.over(now); some {
		return id
	}
	return fmt.Sprintf("%05d", len(m.until))
}

// done is what the request that is under way under a key has kept; nil where it changed
// nothing.
func (m *Memory) done(key string) *slot {
	kept := m.kept(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if kept == nil || kept.Until != m.running[key].Until {
		return nil
	}
	return kept
}

// note remembers what an operation answered that changed nothing.
func (m *Memory) note(key string, status int, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := *m.running[key]
	s.Status, s.Body = status, body
	m.running[key] = &s
}

// leave says that a request is over. A key under which nothing was answered is free.
func (m *Memory) leave(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.running[key]; s != nil && s.lost() {
		delete(m.running, key)
	}
}

// expiry is when the day of a slot is over.
type expiry struct {
	until int64
	slot  string
}

// expiries are a heap, the soonest first. Those of slots that took another key since lie
// in it until they come to its top.
type expiries []expiry

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].until < e[j].until }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiries) Push(v any)        { *e = append(*e, v.(expiry)) }
func (e *expiries) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}
