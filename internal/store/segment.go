package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"modicum/ledger"
)

// segment says what a run of positions holds. One that is full never changes, so it is
// written once, behind the entries, and nothing depends on its being there.
type segment struct {
	oldest, newest int64
	traits         string // sorted, a blank around each
}

// may reports whether a decision or act in the segment can be wanted.
func (g *segment) may(w *Wanted) bool {
	if w.From != 0 && g.newest < w.From || w.To != 0 && g.oldest >= w.To {
		return false
	}
	for _, t := range []string{
		trait("role", w.Role), trait("task", w.Task), trait("purpose", w.Purpose), trait("door", w.Door),
		trait("act", w.Act), trait("kind", string(w.Kind)), trait("effect", string(w.Effect)),
	} {
		if t != "" && !strings.Contains(g.traits, " "+t+" ") {
			return false
		}
	}
	return true
}

func trait(key, value string) string {
	if value == "" {
		return ""
	}
	return key + ":" + value
}

// traits are what a segment says of one of its entries; what is empty is said of none.
type traits struct{ role, task, purpose, door, act, kind, effect, end string }

func traitsOf(e ledger.Entry) traits {
	if o, is := e.(*ledger.Outcome); is {
		return traits{end: string(o.End)}
	}
	var x subject
	x.add(e)
	return traits{x.head.Role, x.head.Task, x.purpose, x.door, x.act, string(x.head.Kind), string(x.head.Effect), ""}
}

// each calls add for every single trait. Roles and tasks are words with a blank between.
func (t *traits) each(add func(trait string)) {
	for _, role := range strings.Fields(t.role) {
		add(trait("role", role))
	}
	for _, task := range strings.Fields(t.task) {
		add(trait("task", task))
	}
	for _, one := range []string{
		trait("purpose", t.purpose), trait("door", t.door), trait("act", t.act), trait("kind", t.kind), trait("effect", t.effect), trait("end", t.end),
	} {
		if one != "" {
			add(one)
		}
	}
}

// scan are hits of a search that no term leads, newest first: all decisions and acts of
// the segments that may hold one.
func (f *finding) scan(ctx context.Context, n int) ([]hit, bool, error) {
	return f.through(ctx, n, func(g *segment) bool { return g.may(&f.w) }, func(h *head) bool { return h.part == 0 })
}

// ended are hits of a search by how answers ended, newest first.
func (f *finding) ended(ctx context.Context, n int) ([]hit, bool, error) {
	end := string(f.w.End)
	may := func(g *segment) bool { return strings.Contains(g.traits, " "+trait("end", end)+" ") }
	return f.through(ctx, n, may, func(h *head) bool { return h.part < 0 && h.sort.end == end })
}

// look are at most n hits among the entries of a segment that were not looked at yet.
func (f *finding) look(ctx context.Context, from int64, n int, is func(*head) bool) (hits []hit, err error) {
	err = f.l.each(ctx, from, f.before, true, func(pos int64, h *head) (bool, error) {
		if !is(h) {
			return false, nil
		}
		var err error
		hits, err = f.add(ctx, hits, pos, h)
		return len(hits) == n, err
	})
	return hits, err
}

// through looks through the segments that may hold hits, the newest first.
func (f *finding) through(ctx context.Context, n int, may func(*segment) bool, is func(*head) bool) ([]hit, bool, error) {
	for f.before > 0 && f.runs < mostRuns {
		from := (f.before - 1) >> segmentBits << segmentBits
		g, err := f.s.segment(ctx, from>>segmentBits)
		if err != nil {
			return nil, false, err
		}
		if g != nil && !may(g) {
			f.before = from
			continue
		}
		hits, err := f.look(ctx, from, n, is)
		if err != nil {
			return nil, false, err
		}
		if len(hits) == n {
			f.before = hits[n-1].pos
			return hits, true, nil
		}
		f.before = from
		f.runs++
		if len(hits) > 0 {
			return hits, from > 0, nil
		}
	}
	return nil, f.before > 0, nil
}

// segment is what is written of a segment; nil where nothing is.
func (s *Store) segment(ctx context.Context, n int64) (*segment, error) {
	var g segment
	err := s.read.QueryRowContext(ctx, "select oldest, newest, traits from ledger_segment where seg = $1", n).Scan(&g.oldest, &g.newest, &g.traits)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: read what a segment holds: %w", err)
	}
	return &g, nil
}
