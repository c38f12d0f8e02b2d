package access

import (
	"sync"
	"time"

	"modicum/internal/defect"
)

// back is how far the clock may go back before it is not believed: requests that were
// begun a moment ago are judged by the time at which they began.
const back = time.Second

// clock holds two clocks against each other (G4). The wall clock says when a grant
// begins and ends; the monotonic one, which nobody can set, says how long it has been
// since. Where the wall clock is behind what both said before, the time is uncertain.
type clock struct {
	mono func() time.Duration

	mu   sync.Mutex
	wall int64 // the latest that was believed, microseconds
	at   time.Duration
}

// newClock begins at the latest moment that the record knows of.
func newClock(mono func() time.Duration, floor int64) *clock {
	return &clock{mono: mono, wall: floor, at: mono()}
}

// judge returns the later of the two clocks, and whether the wall clock is believed. One
// that nobody trusts says nothing.
func (c *clock) judge(wall int64, trusted bool) (latest int64, sure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mono := c.mono()
	derived := c.wall + (mono - c.at).Microseconds()
	if defect.On(defect.WallClockOnly) {
		derived = c.wall
	}
	if defect.On(defect.ClockBelieved) {
		return wall, true
	}
	if !trusted {
		return derived, false
	}
	if wall > derived {
		c.wall, c.at = wall, mono
	}
	return max(wall, derived), wall >= derived-back.Microseconds()
}
