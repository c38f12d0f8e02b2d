package people

import (
	"context"
	"sync"
	"time"

	"modicum/internal/book"
)

// hour in microseconds: uses are remembered to the hour.
const hour = int64(time.Hour / time.Microsecond)

// uses remembers in memory when roles were last used, since the last Note.
type uses struct {
	mu   sync.Mutex
	at   map[[2]string]int64 // person, role
	prog map[string]int64
	keys map[string]int64
}

// Used remembers that a person acted in a role, or a program by a key. It costs a look
// into a map; nothing is written until Note.
func (d *Directory) Used(id, role, key string, now int64) {
	u := &d.used
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at == nil {
		u.at, u.prog, u.keys = map[[2]string]int64{}, map[string]int64{}, map[string]int64{}
	}
	now -= now % hour
	u.at[[2]string{id, role}] = max(now, u.at[[2]string{id, role}])
	u.prog[id] = max(now, u.prog[id])
	if key != "" {
		u.keys[key] = max(now, u.keys[key])
	}
}

func (u *uses) last(id, role string) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.at[[2]string{id, role}]
}

// Note keeps the last use of programs and their keys, where the hour changed. It is
// meant to run once an hour.
func (d *Directory) Note(ctx context.Context) error {
	e, err := d.entry(Actor{ID: "installation"}, "uses-noted", "")
	if err != nil {
		return err
	}
	return d.cfg.Desk.Change(ctx, func(c *book.Change) error {
		t := d.turn(ctx, c, Actor{ID: "installation"}, e)
		d.used.mu.Lock()
		defer d.used.mu.Unlock()
		for id, at := range d.used.prog {
			if p := t.program(id); p != nil && p.Active && p.LastUse < at {
				p.LastUse = at
				for i := range p.Keys {
					p.Keys[i].LastUse = max(p.Keys[i].LastUse, d.used.keys[p.Keys[i].ID])
				}
			}
		}
		return t.write()
	})
}
