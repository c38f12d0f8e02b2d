package people

import (
	"context"
	"maps"
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

// lastUse is when a role of somebody was last used, to the hour; 0 is never.
func (d *Directory) lastUse(id, role string) int64 {
	d.used.mu.Lock()
	at := d.used.at[[2]string{id, role}]
	d.used.mu.Unlock()
	if kept := d.uses.At(id); kept != nil {
		at = max(at, kept.Roles[role])
	}
	return at
}

// Use is when a person last used each role, to the hour.
type Use struct {
	Roles map[string]int64 `json:"roles"`
}

// Note keeps the last uses of roles, programs and their keys, where the hour changed. It
// is meant to run once an hour.
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
		noted := d.noteRoles(c)
		if err := t.write(); err != nil || t.wrote || !noted {
			return err
		}
		c.Record(e)
		return nil
	})
}

// noteRoles writes the uses of roles that are newer than what was kept.
func (d *Directory) noteRoles(c *book.Change) bool {
	next := map[string]*Use{}
	for k, at := range d.used.at {
		id, role := k[0], k[1]
		if d.persons.At(id) == nil || d.lastKept(id, role) >= at {
			continue
		}
		if next[id] == nil {
			next[id] = &Use{Roles: map[string]int64{}}
			if kept := d.uses.At(id); kept != nil {
				maps.Copy(next[id].Roles, kept.Roles)
			}
		}
		next[id].Roles[role] = at
	}
	for id, u := range next {
		d.uses.Put(c, id, u)
	}
	return len(next) > 0
}

func (d *Directory) lastKept(id, role string) int64 {
	if kept := d.uses.At(id); kept != nil {
		return kept.Roles[role]
	}
	return 0
}
