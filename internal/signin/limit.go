package signin

import (
	"strings"
	"sync"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
)

// limit slows down guessing. Each try counts before it is judged, so that a thousand
// at once are no better than one after the other; one that succeeds clears its name, and
// each hour without a try forgets one. It lives in memory: what it protects cannot be
// guessed within the tries that a restart gives back, and each of them is on record.
type limit struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	n      int
	until  time.Time // no try before
	forget time.Time
}

// Whoever fails so often waits: of a name, and of a network, behind which a whole
// hospital may sit.
const (
	freeOfName    = 4
	lockedAt      = 10
	lockTime      = 15 * time.Minute
	freeOfNetwork = 40
	forgetAfter   = time.Hour
	maxTries      = 100_000
)

// try counts a try and says how long to wait before it may be made; 0: now. locked is
// true for the try that begins a lock.
func (l *limit) try(name, network string, now time.Time) (wait time.Duration, locked bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clean(now)
	byName, byNet := "name "+hashOf(strings.ToLower(name)), "net "+caller.Household(network)
	wait = max(l.tries[byName].until.Sub(now), l.tries[byNet].until.Sub(now))
	if wait > 0 && !defect.On(defect.GuessesUnlimited) {
		return wait, false
	}
	n := l.count(byName, now, nameDelay)
	l.count(byNet, now, networkDelay)
	return 0, n == lockedAt
}

func (l *limit) count(key string, now time.Time, delay func(int) time.Duration) int {
	t := l.tries[key]
	t.n = t.left(now) + 1
	t.until, t.forget = now.Add(delay(t.n)), now.Add(forgetAfter)
	if l.tries == nil {
		l.tries = map[string]tries{}
	}
	l.tries[key] = t
	return t.n
}

// left is how many of the tries still count: one is forgotten for each hour since the
// last. Who mistypes now and then never waits, and who guesses slowly adds up.
func (t tries) left(now time.Time) int {
	if t.n == 0 || now.Before(t.forget) {
		return t.n
	}
	return max(0, t.n-1-int(min(now.Sub(t.forget)/forgetAfter, maxTries)))
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
func (l *limit) clear(name, network string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.tries, "name "+hashOf(strings.ToLower(name)))
	if t, ok := l.tries["net "+caller.Household(network)]; ok {
		t.n, t.until = max(0, t.n-1), time.Time{}
		l.tries["net "+caller.Household(network)] = t
	}
}

// failed counts a failure of a network and says the how-many-th of its hour it is. It
// slows nobody down: it is for what one may fail at as often as they like, and what need
// not be recorded as often.
func (l *limit) failed(network string, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clean(now)
	key := "net " + caller.Household(network)
	t := l.tries[key]
	if !now.Before(t.forget) {
		t = tries{forget: now.Add(forgetAfter)}
	}
	t.n++
	if l.tries == nil {
		l.tries = map[string]tries{}
	}
	l.tries[key] = t
	return t.n
}

// clean forgets what is old once there is much.
func (l *limit) clean(now time.Time) {
	if len(l.tries) < maxTries {
		return
	}
	for k, t := range l.tries {
		if t.left(now) == 0 || len(l.tries) > 2*maxTries {
			delete(l.tries, k)
		}
	}
}
