package gate

import (
	"crypto/sha256"
	"sync"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
)

// memory remembers a value for each key until a moment, at most so many: where it
// is full, new keys are not remembered, which only ever shows less. It forgets
// what has ended whenever it has doubled since the last look.
type memory[K comparable, V any] struct {
	mu    sync.Mutex
	m     map[K]*lasting[V]
	most  int
	sweep int // size at which to look for what has ended
}

type lasting[V any] struct {
	value V
	until time.Time
}

func newMemory[K comparable, V any](most int) *memory[K, V] {
	return &memory[K, V]{m: make(map[K]*lasting[V]), most: most, sweep: 1024}
}

// put remembers k until the given moment. A later moment replaces an earlier one.
func (m *memory[K, V]) put(k K, v V, now, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.set(k, v, now, until)
}

// set is put for a caller who holds mu.
func (m *memory[K, V]) set(k K, v V, now, until time.Time) {
	if old := m.m[k]; old != nil {
		if !until.Before(old.until) {
			*old = lasting[V]{v, until}
		}
		return
	}
	if len(m.m) >= m.sweep {
		for k, l := range m.m {
			if !now.Before(l.until) {
				delete(m.m, k)
			}
		}
		m.sweep = max(1024, 2*len(m.m))
	}
	if len(m.m) < m.most {
		m.m[k] = &lasting[V]{v, until}
	}
}

// prolong is set for a key that is remembered already, and reports whether it is. What is
// remembered keeps its key: one that is put anew takes its place in a map of strings, with
// all that it lies in. The caller holds mu.
func (m *memory[K, V]) prolong(k K, until time.Time) bool {
	old := m.m[k]
	if old != nil && old.until.Before(until) {
		old.until = until
	}
	return old != nil
}

// get returns what is remembered for k at the moment now.
func (m *memory[K, V]) get(k K, now time.Time) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.m[k]
	if l == nil {
		var none V
		return none, false
	}
	return l.value, now.Before(l.until) || defect.On(defect.FoundForEver)
}

func (m *memory[K, V]) has(k K, now time.Time) bool {
	_, has := m.get(k, now)
	return has
}

// each yields what is remembered at the moment now.
func (m *memory[K, V]) each(now time.Time, yield func(K, V)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, l := range m.m {
		if now.Before(l.until) {
			yield(k, l.value)
		}
	}
}

// foundKey is a patient looked up by a person in a role, policy-language rule 13.
// The patient stands by the keyed reference of the record, from which look-ups
// are known again after a restart.
type foundKey struct{ person, role, patient string }

// proofKey is a record that was shown: a reference to it tells nothing new to
// whoever has the sight (design 6, references).
type proofKey struct {
	sight
	typ catalog.Type
	id  string
}

// sight stands for a person who asks under a set of tasks of one policy.
type sight [16]byte

func sightOf(person, tasks, generation, scopes string) sight {
	if defect.On(defect.ProofForAll) {
		person = ""
	}
	var room [512]byte // most fit, so that they are hashed where they are put together
	b := append(append(room[:0], person...), 0)
	b = append(append(b, tasks...), 0)
	b = append(append(b, generation...), 0)
	h := sha256.Sum256(append(b, scopes...))
	return sight(h[:16])
}
