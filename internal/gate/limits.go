package gate

import (
	"sync"
	"time"
)

// usage counts what was shown, per person and task, within calendar units of the
// organization's time zone (policy-language rule 17). A task is counted by its
// name, in whatever role it is held. The counts are in memory; Recount fills
// them again from the record.
type usage struct {
	mu   sync.Mutex
	m    map[usageKey]*window
	zone *time.Location
}

// unit is a calendar unit.
type unit uint8

const (
	minute unit = iota
	hour
	day
)

type usageKey struct {
	person, task, kind string
	unit               unit
}

// count is what a request counts for, and how many things fit.
type count struct {
	usageKey
	limit int
}

// window counts distinct things within one calendar unit: keyed references of
// patients, ids of decisions.
type window struct {
	start time.Time
	seen  map[string]struct{}
}

func newUsage(zone *time.Location) *usage {
	return &usage{m: make(map[usageKey]*window), zone: zone}
}

// start returns the start of the calendar unit that holds now.
func (u *usage) start(of unit, now time.Time) time.Time {
	now = now.In(u.zone)
	y, m, d := now.Date()
	switch of {
	case minute:
		return time.Date(y, m, d, now.Hour(), now.Minute(), 0, 0, u.zone)
	case hour:
		return time.Date(y, m, d, now.Hour(), 0, 0, 0, u.zone)
	}
	return time.Date(y, m, d, 0, 0, 0, 0, u.zone)
}

// take counts things against limits and reports whether all of them fit. A thing
// that was seen in a unit costs nothing there. Nothing is counted where not all fit.
func (u *usage) take(counts []count, now time.Time, things []string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, c := range counts {
		if w := u.window(c.usageKey, now); len(w.seen)+w.fresh(things) > c.limit {
			return false
		}
	}
	for _, c := range counts {
		u.window(c.usageKey, now).add(things)
	}
	return true
}

// recount counts what the record says was used at a moment, whatever the limit.
func (u *usage) recount(k usageKey, at, now time.Time, things []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.start(k.unit, at).Equal(u.start(k.unit, now)) {
		u.window(k, now).add(things)
	}
}

// window returns the window that holds now. A request that began before the last
// unit ended counts in the new one: going back would forget what that one holds.
func (u *usage) window(k usageKey, now time.Time) *window {
	start := u.start(k.unit, now)
	w := u.m[k]
	if w == nil || w.start.Before(start) {
		if w == nil && len(u.m) >= 100_000 {
			u.prune(now)
		}
		w = &window{start: start, seen: make(map[string]struct{})}
		u.m[k] = w
	}
	return w
}

func (u *usage) prune(now time.Time) {
	for k, w := range u.m {
		if w.start.Before(u.start(k.unit, now)) {
			delete(u.m, k)
		}
	}
}

// fresh counts the distinct things that were not seen yet.
func (w *window) fresh(things []string) int {
	var fresh map[string]struct{}
	for _, t := range things {
		if _, seen := w.seen[t]; seen {
			continue
		}
		if fresh == nil {
			fresh = make(map[string]struct{}, len(things))
		}
		fresh[t] = struct{}{}
	}
	return len(fresh)
}

func (w *window) add(things []string) {
	for _, t := range things {
		w.seen[t] = struct{}{}
	}
}
