package gate

import (
	"sync"
	"time"
)

// memory remembers keys until a moment, at most so many: where it is full, new
// keys are not remembered, which only ever shows less. It forgets what has
// ended whenever it has doubled since the last look.
type memory[K comparable] struct {
	mu    sync.Mutex
	until map[K]time.Time
	most  int
	sweep int // size at which to look for what has ended
}

func newMemory[K comparable](most int) *memory[K] {
	return &memory[K]{until: make(map[K]time.Time), most: most, sweep: 1024}
}

// put remembers k until the given moment; a later moment replaces an earlier one.
func (m *memory[K]) put(k K, now, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, known := m.until[k]; known {
		if until.After(old) {
			m.until[k] = until
		}
		return
	}
	if len(m.until) >= m.sweep {
		for k, u := range m.until {
			if !now.Before(u) {
				delete(m.until, k)
			}
		}
		m.sweep = max(1024, 2*len(m.until))
	}
	if len(m.until) < m.most {
		m.until[k] = until
	}
}

// has reports whether k is remembered at the moment now.
func (m *memory[K]) has(k K, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, known := m.until[k]
	return known && now.Before(u)
}

// each yields the keys remembered at the moment now.
func (m *memory[K]) each(now time.Time, yield func(K)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, u := range m.until {
		if now.Before(u) {
			yield(k)
		}
	}
}

// foundKey is a patient looked up by a person in a role, policy-language rule 13.
type foundKey struct{ person, role, patient string }

// proofKey is a record that was shown to a person under a policy and a set of
// tasks: a reference to it tells nothing new (design 6, references).
type proofKey struct{ person, tasks, generation, record string }
