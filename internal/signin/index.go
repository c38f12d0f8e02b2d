package signin

import (
	"sync"
	"time"
)

// index finds sessions. tokens and persons are written while the desk shows a change
// and read within Desk.View.
type index struct {
	tokens  map[string]string // hash of a token → id
	persons map[string]map[string]bool
	handles map[string]string // of authenticators → person
	links   map[string]string // hash of a link's token → invitation

	mu     sync.Mutex
	clocks map[string]clock // by id
}

// clock is what a session's end is measured by: times with a monotonic reading.
type clock struct{ seen, end time.Time }

func newIndex() *index {
	return &index{tokens: map[string]string{}, persons: map[string]map[string]bool{}, handles: map[string]string{}, links: map[string]string{}, clocks: map[string]clock{}}
}

// turned hears each page of the book.
func (i *index) turned(id string, old, now *Session) {
	if old != nil {
		delete(i.tokens, old.Token)
	}
	if now != nil {
		i.tokens[now.Token] = id
		if i.persons[now.Person] == nil {
			i.persons[now.Person] = map[string]bool{}
		}
		i.persons[now.Person][id] = true
		return
	}
	if old != nil {
		delete(i.persons[old.Person], id)
		if len(i.persons[old.Person]) == 0 {
			delete(i.persons, old.Person)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.clocks, id)
}

// clock gives when a session was seen last and when it ends at the latest.
func (i *index) clock(x *Session, now time.Time) (seen, end time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c, ok := i.clocks[x.ID]
	if !ok {
		past := time.Duration(now.UnixMicro()-x.Seen) * time.Microsecond
		left := time.Duration(x.Until-now.UnixMicro()) * time.Microsecond
		c = clock{seen: now.Add(-max(past, 0)), end: now.Add(left)}
		i.clocks[x.ID] = c
	}
	return c.seen, c.end
}

// touch notes a request.
func (i *index) touch(x *Session, now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if c, ok := i.clocks[x.ID]; ok && now.After(c.seen) {
		c.seen = now
		i.clocks[x.ID] = c
	}
}
