package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
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

// traitsOf adds those of a decision or act.
func traitsOf(to map[string]bool, e ledger.Entry) {
	var x subject
	x.add(e)
	for _, role := range strings.Fields(x.head.Role) {
		to[trait("role", role)] = true
	}
	for _, task := range strings.Fields(x.head.Task) {
		to[trait("task", task)] = true
	}
	for key, value := range map[string]string{"purpose": x.purpose, "door": x.door, "act": x.act, "kind": string(x.head.Kind), "effect": string(x.head.Effect)} {
		if value != "" {
			to[trait(key, value)] = true
		}
	}
}

// endsOf adds how an outcome says that it ended: by its bytes, since there are many.
func endsOf(to map[string]bool, body []byte) {
	for _, end := range []ledger.End{ledger.Completed, ledger.Aborted} {
		if t := trait("end", string(end)); !to[t] && bytes.Contains(body, member("end", string(end))) {
			to[t] = true
		}
	}
}

// scan are hits of a search that no term leads, newest first: all decisions and acts of
// the segments that may hold one.
func (f *finding) scan(ctx context.Context, n int) ([]hit, bool, error) {
	return f.through(ctx, n, func(g *segment) bool { return g.may(&f.w) }, func(from int64) ([]hit, error) {
		w := f.conditions()
		w.and("d.pos >= $%d", from)
		w.and("d.pos < $%d", f.before)
		return f.hits(ctx, fmt.Sprintf("select d.pos, d.at, d.id from ledger_entry d where d.part = 0%s order by d.pos desc limit %d", w.more(), n), w.args)
	})
}

// ended are hits of a search by how answers ended, newest first.
func (f *finding) ended(ctx context.Context, n int) ([]hit, bool, error) {
	end := string(f.w.End)
	may := func(g *segment) bool { return strings.Contains(g.traits, " "+trait("end", end)+" ") }
	return f.through(ctx, n, may, func(from int64) ([]hit, error) {
		w := f.conditions()
		w.and("e.pos >= $%d", from)
		w.and("e.pos < $%d", f.before)
		w.and("instr(e.body, $%d) > 0", member("end", end))
		return f.hits(ctx, fmt.Sprintf("select e.pos, d.at, e.id from ledger_entry e join ledger_entry d on d.id = e.id and d.part = 0 where e.kind = 'outcome'%s order by e.pos desc limit %d", w.more(), n), w.args)
	})
}

// through looks through the segments that may hold hits, the newest first.
func (f *finding) through(ctx context.Context, n int, may func(*segment) bool, look func(from int64) ([]hit, error)) ([]hit, bool, error) {
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
		hits, err := look(from)
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

// summarizeOnAndOn writes what full segments hold: at first of all that were filled before
// there was such a thing, then of each that fills. Nothing but searches waits for it.
func (s *Store) summarizeOnAndOn(ctx context.Context) {
	defer close(s.settler.summarized)
	for whole := int64(0); ; {
		full := s.drained.Load() >> segmentBits
		if err := s.summarize(ctx, whole, full); err == nil {
			whole = full
		} else if ctx.Err() == nil {
			s.opts.Log.LogAttrs(ctx, slog.LevelWarn, "what a run of entries holds was not written; searches look through it", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-s.settler.grew:
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
	}
	return nil
}

func (s *Store) writeSegment(ctx context.Context, n int64) error {
	g, err := s.look(ctx, n)
	if err != nil {
		return err
	}
	s.db.Lock()
	defer s.db.Unlock()
	_, err = s.write.ExecContext(context.WithoutCancel(ctx), "insert into ledger_segment (seg, oldest, newest, traits) values ($1, $2, $3, $4) on conflict (seg) do nothing", n, g.oldest, g.newest, g.traits)
	return err
}

// look reads what a segment holds.
func (s *Store) look(ctx context.Context, n int64) (*segment, error) {
	rows, err := s.read.QueryContext(ctx, "select at, part, body from ledger_entry where pos >= $1 and pos < $2", n<<segmentBits, (n+1)<<segmentBits)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	g, traits := &segment{oldest: math.MaxInt64}, map[string]bool{}
	for rows.Next() {
		var at, part int64
		var body sql.RawBytes
		if err := rows.Scan(&at, &part, &body); err != nil {
			return nil, err
		}
		g.oldest, g.newest = min(g.oldest, at), max(g.newest, at)
		if part != 0 {
			endsOf(traits, body)
			continue
		}
		e, err := ledger.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		traitsOf(traits, e)
	}
	g.traits = " " + strings.Join(slices.Sorted(maps.Keys(traits)), " ") + " "
	return g, rows.Err()
}
