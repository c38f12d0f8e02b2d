package tokens

import (
	"net/http"
	"sync"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
)

// rates counts what happens in one minute, by name. When it holds too many names, what
// is asked for another one is refused: a flood of names locks nobody else out of memory.
type rates struct {
	mu     sync.Mutex
	minute int64
	counts map[string]int
}

const mostNames = 20_000

// ofKnown counts whoever is known by name. Addresses are counted apart from them, since
// anybody can fill what counts addresses.
func (s *Service) ofKnown() *rates {
	if defect.On(defect.RatesShared) {
		return &s.asked
	}
	return &s.known
}

// household is where a request comes from, as tries are counted.
func household(r *http.Request) string {
	if defect.On(defect.AddressesEach) {
		return address(r)
	}
	return caller.Household(address(r))
}

// take counts one more of name and reports whether that is within most a minute.
func (r *rates) take(now time.Time, name string, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := now.Unix() / 60; m != r.minute || r.counts == nil {
		r.minute, r.counts = m, map[string]int{}
	}
	n, known := r.counts[name]
	if !known && len(r.counts) >= mostNames || n >= most {
		return false
	}
	r.counts[name] = n + 1
	return true
}

// left reports whether name has any of most left, without counting.
func (r *rates) left(now time.Time, name string, most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Unix()/60 != r.minute || r.counts[name] < most
}
