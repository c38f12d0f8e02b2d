package signin

import (
	"sync"
	"time"

	"modicum/internal/defect"
)

// limit slows down guessing. Each try counts before it is judged, so that a thousand
// at once are no better than one after the other; one that succeeds clears what was
// tried at its place, and each hour without a try forgets one. It counts for a name at a
// place, so that whoever fails in somebody's name keeps nobody waiting but whom they sit
// beside; for the name from everywhere, with more patience, and only what is wrong waits
// for that; and for the network. All stand under a keyed hash, as people type passphrases
// where a name belongs; what has one beginning lies together.
type limit struct {
	key []byte

	mu      sync.Mutex
	drawers map[string]drawer // by the first two digits of what is in them
}

type drawer map[string]tries

// tries are those of a name, a place or a network. Until and Forget are read by a clock that
// nobody puts back while the process lives, and as plain time after a restart.
type tries struct {
	N      int       `json:"n"`
	Until  time.Time `json:"until,omitzero"` // no try before
	Forget time.Time `json:"forget,omitzero"`
}

// Whoever fails so often waits: of a name at a place, of a name, and of a network, behind
// which a whole hospital may sit.
const (
	freeAtPlace   = 4
	lockedAt      = 10
	lockTime      = 15 * time.Minute // from then on, twice as long each time
	longestWait   = time.Hour
	freeOfName    = 100
	freeOfNetwork = 40
	forgetAfter   = time.Hour
	tellAgain     = 24 * time.Hour
	maxInDrawer   = 256 // of 256 drawers
)

// counts is what a try counts for, and how long one waits after so many.
type counts struct {
	id     string
	delay  func(n int) time.Duration
	shared bool // other names count for it too, so that it says nothing of this one
	soft   bool // what is right does not wait for it
}

// tried is what becomes of a try.
type tried struct {
	wait time.Duration // before it may be made; 0: now
	soft time.Duration // before one that is wrong may be made: it is told to wait
	many bool          // the tenth or a later one, of which the person is told if it fails
}

// try counts a try and says whether it may be made.
func (l *limit) try(g guess, now time.Time) (t tried) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.counts(g)
	for _, c := range all {
		left := l.of(c.id).Until.Sub(now)
		if c.soft && !defect.On(defect.NameWaits) {
			t.soft = max(t.soft, left)
			continue
		}
		t.wait = max(t.wait, left)
	}
	if t.wait > 0 && !defect.On(defect.GuessesUnlimited) {
		return tried{wait: t.wait}
	}
	t.wait = 0
	for _, c := range all {
		if c.soft && t.soft > 0 {
			continue // it waits already, and need not wait longer
		}
		if n := l.count(c, now); !c.shared || defect.On(defect.NeighbourTold) {
			t.many = t.many || n >= lockedAt
		}
	}
	return t
}

// untry takes back a try that was not judged. Whom it made wait waits.
func (l *limit) untry(g guess, t tried, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.counts(g) {
		if c.soft && t.soft > 0 {
			continue // it was not counted
		}
		was := l.of(c.id)
		was.N = max(0, was.N-1)
		l.put(c.id, was, now)
	}
}

// knows counts a try with the right passphrase and a wrong code: whoever makes it guesses
// the code alone, from wherever. many is as in tried.
func (l *limit) knows(g guess, now time.Time) (many bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.closed(g, now) && l.count(counts{id: l.codes(g), delay: placeDelay}, now) >= lockedAt
}

// shut reports whether so many did that even what is right is taken for wrong: it is not
// told from a guess, or the answer would say which passphrase is right.
func (l *limit) shut(g guess, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed(g, now) && !defect.On(defect.CodesUnlimited)
}

func (l *limit) closed(g guess, now time.Time) bool { return l.of(l.codes(g)).Until.After(now) }

// tell reports whether somebody is to be told now, and not again for a day.
func (l *limit) tell(g guess, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id := l.told(g); l.of(id).left(now) == 0 || defect.On(defect.ToldEachTry) {
		l.put(id, tries{N: 1, Forget: now.Add(tellAgain)}, now)
		return true
	}
	return false
}

// untold forgets that somebody was told, where that could not be kept.
func (l *limit) untold(g guess, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(l.told(g), tries{}, now)
}

func (l *limit) count(c counts, now time.Time) int {
	n := l.of(c.id).left(now) + 1
	l.put(c.id, tries{N: n, Until: now.Add(c.delay(n)), Forget: now.Add(forgetAfter)}, now)
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

func placeDelay(n int) time.Duration {
	switch {
	case n <= freeAtPlace:
		return 0
	case n < lockedAt:
		return time.Second << (n - freeAtPlace - 1)
	}
	return min(longestWait, lockTime<<min(n-lockedAt, 4))
}

func nameDelay(n int) time.Duration {
	if defect.On(defect.PlacesUnlimited) {
		return 0
	}
	return beyond(n-freeOfName, lockTime)
}

func networkDelay(n int) time.Duration { return beyond(n-freeOfNetwork, time.Minute) }

// beyond is how long one waits after the n-th try beyond those that are free: two seconds,
// four, eight, and so on to the longest.
func beyond(n int, longest time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	return min(longest, time.Second<<min(n, 10))
}

// clear forgets what was tried at the place where somebody has signed in: it was they.
func (l *limit) clear(g guess, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.of(l.place(g)).N
	l.put(l.place(g), tries{}, now)
	if g.device == "" {
		l.put(l.codes(g), tries{}, now)
		l.less(l.name(g), own, now)
		l.less(l.network(g), 1, now)
	}
}

func (l *limit) less(id string, n int, now time.Time) {
	t := l.of(id)
	t.N, t.Until = max(0, t.N-n), time.Time{}
	l.put(id, t, now)
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
