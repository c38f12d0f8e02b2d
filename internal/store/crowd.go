package store

import (
	"runtime"
	"time"
)

// paced is the least time between two commits that fewer entries share than came together
// lately.
const paced = time.Millisecond

// crowd decides how long a batch waits for more. A commit costs a hundred microseconds of
// processor time whatever it holds: where many append at once, one that goes out with the
// first few of them takes from all.
type crowd struct {
	lately int       // so many entries shared a commit lately
	began  time.Time // the last commit
}

// gather takes whoever else waits. Callers that the last commit woke are about
// to come back: yielding once or twice lets them into this batch instead of
// splitting the callers into two cohorts that take turns.
func (s *Store) gather(batch []*pending) []*pending {
	batch = s.linger(batch)
	for idle := 0; len(batch) < maxBatch && idle < 3; {
		select {
		case p := <-s.in:
			batch = append(batch, p)
			idle = 0
		default:
			idle++
			runtime.Gosched()
		}
	}
	return s.crowd.wait(s, batch)
}

// wait holds a batch back until as many share it as lately, or the last commit is a
// moment ago. Who appends alone, or in turns with others, never waits.
func (c *crowd) wait(s *Store, batch []*pending) []*pending {
	if left := paced - time.Since(c.began); left > 0 && len(batch) < c.lately {
		timer := time.NewTimer(left)
		defer timer.Stop()
		for ended := false; len(batch) < c.lately && !ended; {
			select {
			case p := <-s.in:
				batch = append(batch, p)
			case <-timer.C:
				ended = true
			case <-s.stop:
				ended = true
			}
		}
	}
	c.lately = max(len(batch), c.lately-(c.lately+7)/8)
	c.began = time.Now()
	return batch
}
