package signin

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/people"
)

// guess is whose name somebody types, and where.
type guess struct {
	name, network string
	device        string // at which the person is known; "": somewhere else
}

// folded is the name as the directory looks for it, so that another spelling is no
// further try.
func (g guess) folded() string {
	if defect.On(defect.TriesAsSpelled) {
		return strings.ToLower(g.name)
	}
	return people.Fold(g.name)
}

// Tries are the wrong tries of one drawer, as the shelf keeps them: a restart is no way
// around a wait. A page is written with the entry of the try that failed, and before its
// answer; so what a crash forgets was answered to nobody.
type Tries struct {
	Of drawer `json:"of"`
}

// newLimit makes a limit whose names and networks nobody reads who has not the key.
func newLimit(key []byte) (*limit, error) {
	own, err := hkdf.Key(sha256.New, key, nil, "modicum: tries of signing in", 32)
	return &limit{key: own, drawers: map[string]drawer{}}, err
}

func (l *limit) name(g guess) string    { return l.hash("name", g.folded()) }
func (l *limit) codes(g guess) string   { return l.hash("codes", g.folded()) }
func (l *limit) told(g guess) string    { return l.hash("told", g.folded()) }
func (l *limit) network(g guess) string { return l.hash("network", caller.Household(g.network)) }

// place is where a name is typed: a device at which its person is known, or a network.
func (l *limit) place(g guess) string {
	if g.device != "" {
		return l.hash("device", g.device+" "+g.folded())
	}
	return l.hash("place", caller.Household(g.network)+" "+g.folded())
}

// counts lists what a try counts for. What is tried at a device where the person is
// known counts there alone, and waits for nothing that others fail at elsewhere.
func (l *limit) counts(g guess) []counts {
	if g.device != "" {
		return []counts{{id: l.place(g), delay: placeDelay}}
	}
	return []counts{{id: l.place(g), delay: placeDelay}, {id: l.name(g), delay: nameDelay, soft: true}, {id: l.network(g), delay: networkDelay, shared: true}}
}

func (l *limit) hash(kind, what string) string {
	h := hmac.New(sha256.New, l.key)
	h.Write([]byte(kind + " " + what))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// drawerOf is which drawer something lies in.
func drawerOf(id string) string { return id[:2] }

func (l *limit) of(id string) tries { return l.drawers[drawerOf(id)][id] }

// put keeps tries, and forgets what counts least where there is no room.
func (l *limit) put(id string, t tries, now time.Time) {
	d := l.drawers[drawerOf(id)]
	if t.N == 0 {
		delete(d, id)
		return
	}
	if _, there := d[id]; !there && len(d) >= maxInDrawer {
		delete(d, d.least(now))
	}
	if d == nil {
		d = drawer{}
		l.drawers[drawerOf(id)] = d
	}
	d[id] = t
}

// least is what counts least, and of that the oldest: whoever types many names makes
// room of those first.
func (d drawer) least(now time.Time) (id string) {
	for other, t := range d {
		least := d[id]
		switch n, m := t.left(now), least.left(now); {
		case id == "" || n < m, n == m && t.Forget.Before(least.Forget):
			id = other
		}
	}
	return id
}

// page is a copy of the drawer that something lies in.
func (l *limit) page(id string) *Tries {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &Tries{maps.Clone(l.drawers[drawerOf(id)])}
}

// restore takes up what was kept. Nothing waits longer for it than for a try of now: the
// clock may have been put back meanwhile.
func (l *limit) restore(kept *Tries, now time.Time) {
	if defect.On(defect.TriesForgotten) {
		return
	}
	for id, t := range kept.Of {
		if len(id) < 2 || t.left(now) == 0 {
			continue
		}
		wait := t.Until.Sub(t.Forget.Add(-forgetAfter)) // as it was when the try was made
		t.Until, t.Forget = earlier(t.Until, now.Add(min(wait, longestWait))), earlier(t.Forget, now.Add(tellAgain))
		l.put(id, t, now)
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// keepTries writes what a try counted for within a change.
func (s *Service) keepTries(c *book.Change, g guess) {
	for _, n := range append(s.guesses.counts(g), counts{id: s.guesses.told(g)}, counts{id: s.guesses.codes(g)}) {
		s.tries.Put(c, drawerOf(n.id), s.guesses.page(n.id))
	}
}

// forgetTries clears what was tried in vain before somebody proved who they are. Where
// the change is not kept it is cleared in memory alone: they did prove it.
func (s *Service) forgetTries(c *book.Change, g guess) {
	s.guesses.clear(g, s.now())
	s.keepTries(c, g)
}
