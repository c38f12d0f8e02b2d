package facts

import (
	"fmt"
	"time"
)

// Listed is one statement in force with how it stands at a moment.
type Listed struct {
	Statement
	Learned time.Time
	Permits bool
	// Restricts: its last value counts where a restriction asks.
	Restricts bool
	Why       string // why it does not permit, "" when it does; never a value
}

// List yields every statement in force with how it stands, in no order: for
// `facts list`. trusted says whether now can be trusted.
func (ix *Index) List(now time.Time, trusted bool, yield func(Listed) bool) {
	m := momentOf(now, trusted)
	ix.eachRow(func(s *segment, r *row) bool {
		if !ix.live(r) {
			return true
		}
		return yield(Listed{
			Statement: ix.statement(s, r), Learned: time.Unix(int64(ix.learned(r)), 0).UTC(),
			Permits: ix.permits(r, &m), Restricts: ix.restricts(r, &m), Why: ix.whyNot(r, &m),
		})
	})
}

// whyNot says why r does not permit, in the order in which permits asks.
func (ix *Index) whyNot(r *row, m *moment) string {
	o := &ix.origins[r.origin]
	fresh := ix.voc.Sources[o.source].Fresh
	age := m.at.Sub(time.Unix(int64(ix.learned(r)), 0))
	switch {
	case ix.permits(r, m):
		return ""
	case !m.trusted:
		return "the time is not trusted"
	case m.sec < r.from:
		return "begins at " + time.Unix(int64(r.from), 0).UTC().Format(time.RFC3339)
	case m.sec >= r.until:
		return "ended at " + time.Unix(int64(r.until), 0).UTC().Format(time.RFC3339)
	case o.gone:
		return "its file is gone"
	case age < 0:
		return "learned in the future"
	}
	return fmt.Sprintf("stale: learned %s ago, and %s counts for %s", Spell(age), ix.voc.Sources[o.source].Name, Spell(fresh))
}

// Spell writes a duration in words: 1 day 2 hours 5 minutes.
func Spell(d time.Duration) string {
	for _, u := range []struct {
		span time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := int(d / u.span)
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %ss", n, u.name)
		if n == 1 {
			text = "1 " + u.name
		}
		if rest := d % u.span; u.span > time.Second && rest >= time.Minute && n < 10 {
			return text + " " + Spell(rest.Truncate(time.Minute))
		}
		return text
	}
	return "0 seconds"
}
