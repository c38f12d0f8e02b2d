package gate

import (
	"sync"
	"time"
)

// usage counts what was shown, per person and task, within calendar units of
// the organization's time zone (policy-language rule 17). Counts are kept in
// memory; Gate.Recount fills them again from the record at start.
type usage struct {
	mu   sync.Mutex
	m    map[usageKey]*window
	zone *time.Location
}

type usageKey struct{ person, task, kind, unit string }

// window counts distinct things within one calendar unit.
type window struct {
	start time.Time
	seen  map[string]struct{} // distinct things, or nil where every one counts
	n     int
}

func newUsage(zone *time.Location) *usage {
	if zone == nil {
		zone = time.UTC
	}
	return &usage{m: make(map[usageKey]*window), zone: zone}
}

// unitStart returns the start of the calendar minute, hour or day that holds now.
func (u *usage) unitStart(unit string, now time.Time) time.Time {
	now = now.In(u.zone)
	switch unit {
	case "minute":
		return now.Truncate(time.Minute)
	case "hour":
		return now.Truncate(time.Hour)
	}
	y, m, d := now.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, u.zone)
}

// take counts things against a limit and reports whether all of them fit. A
// thing that is named and was seen in this unit costs nothing. Nothing is
// counted where not all fit.
func (u *usage) take(k usageKey, limit int, now time.Time, things []string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	w := u.window(k, now)
	fresh := make([]string, 0, len(things))
	unnamed := 0
	for _, t := range things {
		if t == "" {
			unnamed++
		} else if _, seen := w.seen[t]; !seen {
			fresh = append(fresh, t)
		}
	}
	if w.n+len(fresh)+unnamed > limit {
		return false
	}
	for _, t := range fresh {
		if _, seen := w.seen[t]; !seen {
			w.seen[t] = struct{}{}
			w.n++
		}
	}
	w.n += unnamed
	return true
}

func (u *usage) window(k usageKey, now time.Time) *window {
	start := u.unitStart(k.unit, now)
	w := u.m[k]
	if w == nil || !w.start.Equal(start) {
		if w == nil && len(u.m) > 100_000 {
			u.prune(now)
		}
		w = &window{start: start, seen: make(map[string]struct{})}
		u.m[k] = w
	}
	return w
}

func (u *usage) prune(now time.Time) {
	for k, w := range u.m {
		if !w.start.Equal(u.unitStart(k.unit, now)) {
			delete(u.m, k)
		}
	}
}
