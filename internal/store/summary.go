package store

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"modicum/internal/defect"
)

// summary is what entries of a segment hold, as far as they were looked at.
type summary struct {
	from, next     int64 // positions that were looked at; next is exclusive
	oldest, newest int64
	last           traits // most entries are like the one before
	has            map[traits]bool
}

func newSummary(pos int64) *summary {
	return &summary{from: pos, next: pos, oldest: math.MaxInt64, has: map[traits]bool{}}
}

// add takes the entry at next.
func (s *summary) add(at int64, t traits) {
	s.next++
	s.oldest, s.newest = min(s.oldest, at), max(s.newest, at)
	if t != s.last {
		s.has[t], s.last = true, t
	}
}

// segment is what is written of it.
func (s *summary) segment() *segment {
	all := map[string]bool{}
	for t := range s.has {
		t.each(func(one string) { all[one] = true })
	}
	return &segment{s.oldest, s.newest, " " + strings.Join(slices.Sorted(maps.Keys(all)), " ") + " "}
}

// summaries follow the entries, so that nobody has to read them again to learn what a
// segment holds.
type summaries struct {
	mu      sync.Mutex
	filling *summary // nil before the first entry
	full    map[int64]*segment
}

// note takes entries that lie in the database, in order.
func (s *summaries) note(entries []*pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range entries {
		if s.filling == nil || s.filling.next != p.pos {
			s.filling = newSummary(p.pos)
		}
		s.filling.add(p.head.At, p.sort.traits)
		if s.filling.next%segmentSize == 0 {
			s.fill()
		}
	}
}

// fill keeps a summary that is of a whole segment.
func (s *summaries) fill() {
	g := s.filling
	s.filling = nil
	if g.next-g.from < segmentSize && !defect.On(defect.SegmentHalfSeen) {
		return // what lies before lay there when the process was started
	}
	if s.full == nil {
		s.full = map[int64]*segment{}
	}
	s.full[g.from>>segmentBits] = g.segment()
}

// of returns what a segment holds; nil where this process has not seen all of it.
func (s *summaries) of(n int64) *segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full[n]
}

func (s *summaries) forget(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.full, n)
}

// againAfter is when what could not be written of a segment is tried again.
const againAfter = time.Minute

// summarizeOnAndOn writes what full segments hold: at first of all that were filled before
// there was such a thing, then of each that fills. Nothing but searches waits for it.
func (s *Store) summarizeOnAndOn(ctx context.Context) {
	defer close(s.settler.summarized)
	for whole := int64(0); ; {
		full := s.drained.Load() >> segmentBits
		var again <-chan time.Time
		if err := s.summarize(ctx, whole, full); err == nil {
			whole = full
		} else if ctx.Err() == nil {
			again = time.After(againAfter)
			s.opts.Log.LogAttrs(ctx, slog.LevelWarn, "what a run of entries holds was not written; searches look through it", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.settler.grew:
		case <-again:
		}
	}
}

// summarize writes the segments of a range that are not written yet, the newest first.
func (s *Store) summarize(ctx context.Context, from, to int64) error {
	for n := to - 1; n >= from; n-- {
		g, err := s.segment(ctx, n)
		if err == nil && g == nil {
			err = s.writeSegment(ctx, n)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		s.summaries.forget(n)
	}
	return nil
}

func (s *Store) writeSegment(ctx context.Context, n int64) (err error) {
	g := s.summaries.of(n)
	if g == nil {
		if g, err = s.look(ctx, n); err != nil {
			return err
		}
	}
	s.db.Lock()
	defer s.db.Unlock()
	_, err = s.write.ExecContext(context.WithoutCancel(ctx), "insert into ledger_segment (seg, oldest, newest, traits) values ($1, $2, $3, $4) on conflict (seg) do nothing", n, g.oldest, g.newest, g.traits)
	return err
}

// look reads what a segment holds, of which this process has not seen all.
func (s *Store) look(ctx context.Context, n int64) (*segment, error) {
	out := newSummary(n << segmentBits)
	err := s.leafing(s.read).each(ctx, n<<segmentBits, (n+1)<<segmentBits, false, func(_ int64, h *head) (bool, error) {
		out.add(h.at, h.sort.traits)
		return false, nil
	})
	return out.segment(), err
}
