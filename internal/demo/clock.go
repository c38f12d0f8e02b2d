package demo

import (
	"sync/atomic"
	"time"
)

// clock is the demo's time. While its past is lived it is a made-up one, which goes from
// then to now and never back; afterwards it is the machine's.
type clock struct{ made atomic.Int64 } // microseconds; 0 is the machine's

func (c *clock) now() (time.Time, bool) {
	if at := c.made.Load(); at != 0 {
		return time.UnixMicro(at).UTC(), true
	}
	return time.Now(), true
}

// set is the made-up time; one that lies behind it changes nothing.
func (c *clock) set(at time.Time) {
	if micros := at.UnixMicro(); micros > c.made.Load() {
		c.made.Store(micros)
	}
}

// arrive makes it the machine's time.
func (c *clock) arrive() { c.made.Store(0) }
