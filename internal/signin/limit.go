package signin

import (
	"sync"
	"time"

	"modicum/internal/defect"
)

// limit slows down guessing. Each try counts before it is judged, so that a thousand
// at once are no better than one after the other; one that succeeds clears its name, and
// each hour without a try forgets one. Names and networks stand under a keyed hash, as
// people type passphrases where a name belongs; what has one beginning lies together.
type limit struct {
	key []byte

	mu      sync.Mutex
	drawers map[string]drawer // by the first two digits of what is in them
}

type drawer map[string]tries

// tries are those of a name or a network. Until and Forget are read by a clock that
// nobody puts back while the process lives, and as plain time after a restart.
type tries struct {
	N      int       `json:"n"`
	Until  time.Time `json:"until,omitzero"` // no try before
	Forget time.Time `json:"forget,omitzero"`
}

// Whoever fails so often waits: of a name, and of a network, behind which a whole
// hospital may sit.
const (
	freeOfName    = 4
	lockedAt      = 10
	lockTime      = 15 * time.Minute
	freeOfNetwork = 40
	forgetAfter   = time.Hour
	maxInDrawer   = 256 // of 256 drawers
)

// try counts a try and says how long to wait before it may be made; 0: now. locked is
// true for the try that begins a lock.
func (l *limit) try(g guess, now time.Time) (wait time.Duration, locked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	byName, byNet := l.name(g), l.network(g)
	wait = max(l.of(byName).Until.Sub(now), l.of(byNet).Until.Sub(now))
	if wait > 0 && !defect.On(defect.GuessesUnlimited) {
		return wait, false
	}
	n := l.count(byName, now, nameDelay)
	l.count(byNet, now, networkDelay)
	return 0, n == lockedAt
}

func (l *limit) count(id string, now time.Time, delay func(int) time.Duration) int {
	n := l.of(id).left(now) + 1
	l.put(id, tries{N: n, Until: now.Add(delay(n)), Forget: now.Add(forgetAfter)}, now)
	return n
}

// left is how many of the tries still count: one is forgotten for each hour since the
// last. Who mistypes now and then never waits, and who guesses slowly adds up.
func (t tries) left(now time.Time) int {
	if t.N == 0 || now.Before(t.Forget) {
		return t.N
	}
	return max(0, t.N-1-int(min(now.Sub(t.Forget)/forgetAfter, time.Duration(t.N))))
}

func nameDelay(n int) time.Duration {
	switch {
	case n <= freeOfName:
		return 0
	case n < lockedAt:
		return time.Second << (n - freeOfName - 1)
	}
	return lockTime
}

func networkDelay(n int) time.Duration {
	return min(time.Minute, time.Second<<min(max(n-freeOfNetwork, 0), 6)) * time.Duration(min(1, max(0, n-freeOfNetwork)))
}

// clear forgets the tries of a name that has signed in, and one of its network's.
func (l *limit) clear(g guess, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(l.name(g), tries{}, now)
	if t := l.of(l.network(g)); t.N > 0 {
		l.put(l.network(g), tries{N: t.N - 1, Forget: t.Forget}, now)
	}
}

// failed counts a failure of a network and says the how-many-th of its hour it is. It
// slows nobody down: it is for what one may fail at as often as they like, and what need
// not be recorded as often.
func (l *limit) failed(network string, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.network(guess{network: network})
	t := l.of(id)
	if !now.Before(t.Forget) {
		t = tries{Forget: now.Add(forgetAfter)}
	}
	t.N++
	l.put(id, t, now)
	return t.N
}
