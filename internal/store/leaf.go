package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"modicum/ledger"
)

// asker is a transaction, or the database where all lies in it.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// leafing is one look through the record. It reads what it needs of each sheaf once.
type leafing struct {
	q    asker
	held map[int64][]head // by number of the sheaf, from its first position on
	logs []origin         // nil until they are asked for
}

const (
	mostHeld = 512 // sheaves
	ahead    = 8   // sheaves that are read at once by who reads them in order
	atOnce   = 128 // sheaves that are read at once by who knows which they are
)

func (s *Store) leafing(q asker) *leafing { return &leafing{q: q, held: map[int64][]head{}} }

// member is an entry and where it lies.
type member struct {
	pos int64
	head
}

// sheaf returns the heads of sheaf n: fewer than there could be where the record ends.
func (l *leafing) sheaf(ctx context.Context, n int64) ([]head, error) {
	if h, there := l.held[n]; there || n < 0 {
		return h, nil
	}
	err := l.load(ctx, n, n+1)
	return l.held[n], err
}

// load reads the sheaves from one number to another.
func (l *leafing) load(ctx context.Context, from, to int64) error {
	if len(l.held) > mostHeld {
		clear(l.held)
	}
	for n := from; n < to; n++ {
		l.held[n] = nil
	}
	return l.heads(ctx, "select first, n, heads from ledger_sheaf where first >= $1 and first < $2 order by first", from<<sheafBits, to<<sheafBits)
}

// need reads those of some sheaves that are not held, with one question: asking for each
// costs more than its heads do.
func (l *leafing) need(ctx context.Context, sheaves []int64) error {
	var missing []int64
	for _, n := range sheaves {
		if _, there := l.held[n]; !there && n >= 0 {
			l.held[n] = nil
			missing = append(missing, n)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return l.heads(ctx, "select s.first, s.n, s.heads"+ofSheaves+"order by s.first", list(missing))
}

// needWithDecisions reads where entries and their decisions lie, nearly always.
func (l *leafing) needWithDecisions(ctx context.Context, at []int64) error {
	return l.needMore(ctx, at, -1, func(i int, heads []head) bool {
		return heads[i].part == 0 || slices.ContainsFunc(heads[:i], func(h head) bool { return h.part == 0 && h.id == heads[i].id })
	})
}

// needWithEnds reads where decisions and what came of them lie, nearly always.
func (l *leafing) needWithEnds(ctx context.Context, at []int64) error {
	return l.needMore(ctx, at, 1, func(i int, heads []head) bool {
		return slices.ContainsFunc(heads[i:], func(h head) bool { return h.ends && h.id == heads[i].id })
	})
}

// needMore reads the sheaves of some positions, and the ones beside those that do not hold
// all that is looked for.
func (l *leafing) needMore(ctx context.Context, at []int64, beside int64, all func(i int, heads []head) bool) error {
	if len(l.held) > mostHeld {
		clear(l.held)
	}
	var sheaves, more []int64
	for _, pos := range at {
		sheaves = append(sheaves, pos>>sheafBits)
	}
	if err := l.need(ctx, sheaves); err != nil {
		return err
	}
	for _, pos := range at {
		n := pos >> sheafBits
		if heads, i := l.held[n], int(pos&(mostBound-1)); i < len(heads) && !all(i, heads) {
			more = append(more, n+beside)
		}
	}
	return l.need(ctx, more)
}

// heads takes rows of heads, in order.
func (l *leafing) heads(ctx context.Context, query string, args ...any) error {
	return l.pieces(ctx, func(first int64, n int, b []byte) error {
		heads, err := readHeads(b, n)
		if err != nil {
			return err
		}
		have := l.held[first>>sheafBits]
		if first&(mostBound-1) != int64(len(have)) {
			return fmt.Errorf("%w: entries before position %d are not there", ErrDamaged, first)
		}
		if have != nil {
			heads = append(have, heads...)
		}
		l.held[first>>sheafBits] = heads
		return nil
	}, query, args...)
}

// pieces calls do for each row of an answer: the position of its first entry, how many it
// has, and what is asked of them, which is gone after it.
func (l *leafing) pieces(ctx context.Context, do func(first int64, n int, b []byte) error, query string, args ...any) error {
	return l.ask(ctx, func(scan func(...any) error) error {
		var first int64
		var n int
		var b sql.RawBytes
		if err := scan(&first, &n, &b); err != nil {
			return err
		}
		return do(first, n, b)
	}, query, args...)
}

// ask calls do for each row of an answer.
func (l *leafing) ask(ctx context.Context, do func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := l.q.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("store: read the record: %w", err)
	}
	defer rows.Close()
	scan := func(to ...any) error {
		if err := rows.Scan(to...); err != nil {
			return fmt.Errorf("store: read the record: %w", err)
		}
		return nil
	}
	for rows.Next() {
		if err := do(scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: read the record: %w", err)
	}
	return nil
}

// at is the entry at a position; nil where the record does not reach it.
func (l *leafing) at(ctx context.Context, pos int64) (*head, error) {
	heads, err := l.sheaf(ctx, pos>>sheafBits)
	if i := pos & (mostBound - 1); err == nil && pos >= 0 && i < int64(len(heads)) {
		return &heads[i], nil
	}
	return nil, err
}

// named is the entry at a position that the index gives. It was asked before the record, so
// that what it names is there.
func (l *leafing) named(ctx context.Context, pos int64) (*head, error) {
	h, err := l.at(ctx, pos)
	if err == nil && h == nil {
		err = fmt.Errorf("%w: the index names an entry at position %d, and there is none", ErrDamaged, pos)
	}
	return h, err
}

// each calls do for the entries from one position to another, in order or the newest
// first, until it says that it is enough.
func (l *leafing) each(ctx context.Context, from, to int64, newest bool, do func(pos int64, h *head) (enough bool, err error)) error {
	if from >= to {
		return nil
	}
	first, last := from>>sheafBits, (to-1)>>sheafBits
	for i := int64(0); i <= last-first; i++ {
		n := first + i
		if newest {
			n = last - i
		}
		if _, there := l.held[n]; !there {
			a, b := n, min(n+ahead, last+1)
			if newest {
				a, b = max(n-ahead+1, first), n+1
			}
			if err := l.load(ctx, a, b); err != nil {
				return err
			}
		}
		heads := l.held[n]
		end := min(to, (n+1)<<sheafBits)
		if n<<sheafBits+int64(len(heads)) < end {
			var err error
			if heads, err = l.whole(ctx, n, end); err != nil {
				return err
			}
		}
		for k := range heads {
			if newest {
				k = len(heads) - 1 - k
			}
			pos := n<<sheafBits + int64(k)
			if pos < from || pos >= to {
				continue
			}
			if enough, err := do(pos, &heads[k]); enough || err != nil {
				return err
			}
		}
		if !newest && n<<sheafBits+int64(len(heads)) < end {
			return nil // here the record ends
		}
	}
	return nil
}

// whole reads a sheaf again that seems to end before a position: only the record may.
func (l *leafing) whole(ctx context.Context, n, until int64) ([]head, error) {
	end, err := l.end(ctx)
	if err == nil {
		err = l.load(ctx, n, n+1)
	}
	heads := l.held[n]
	if err == nil && n<<sheafBits+int64(len(heads)) < min(until, end) {
		err = fmt.Errorf("%w: entries of a row are not there, from position %d on", ErrDamaged, n<<sheafBits+int64(len(heads)))
	}
	return heads, err
}

// decision is where the decision or act of an id lies.
func (l *leafing) decision(ctx context.Context, id string) (pos int64, there bool, err error) {
	b, ok := bytesOf(id)
	if !ok {
		return 0, false, nil
	}
	return l.find(ctx, b)
}

// find looks where ids lie that are greater than those of two sheaves before, as nearly all
// are, and then among the others.
func (l *leafing) find(ctx context.Context, id idBytes) (pos int64, there bool, err error) {
	first, err := l.numbers(ctx, "select first from ledger_sheaf where ceiling >= $1 order by ceiling, first limit 1", id[:])
	if err != nil {
		return 0, false, err
	}
	for _, from := range first {
		n := from >> sheafBits
		if pos, there, err := l.within(ctx, id, n, n+1); there || err != nil {
			return pos, there, err
		}
	}
	far, err := l.far(ctx, id)
	for _, pos := range far {
		h, err := l.at(ctx, pos)
		if err != nil || h != nil && h.part == 0 && h.id == id {
			return pos, err == nil, err
		}
	}
	return 0, false, err
}

// within looks for a decision or act in two sheaves.
func (l *leafing) within(ctx context.Context, id idBytes, sheaves ...int64) (pos int64, there bool, err error) {
	for _, n := range sheaves {
		heads, err := l.sheaf(ctx, n)
		if err != nil {
			return 0, false, err
		}
		for i := range heads {
			if heads[i].part == 0 && heads[i].id == id {
				return n<<sheafBits + int64(i), true, nil
			}
		}
	}
	return 0, false, nil
}

// far are the entries of an id that lie elsewhere than it tells.
func (l *leafing) far(ctx context.Context, id idBytes) ([]int64, error) {
	return l.numbers(ctx, "select pos from ledger_far where id = $1 order by pos", id[:])
}

func (l *leafing) numbers(ctx context.Context, query string, args ...any) (out []int64, err error) {
	err = l.ask(ctx, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		out = append(out, n)
		return err
	}, query, args...)
	return out, err
}

// of is the decision of an entry, or the entry itself where it is one. It is nearly always
// in the same sheaf or the one before.
func (l *leafing) of(ctx context.Context, pos int64, h *head) (member, error) {
	if h.part == 0 {
		return member{pos, *h}, nil
	}
	at, there, err := l.within(ctx, h.id, pos>>sheafBits, pos>>sheafBits-1)
	if err == nil && !there {
		at, there, err = l.find(ctx, h.id)
	}
	if err == nil && !there {
		err = fmt.Errorf("%w: the decision of the entry at position %d is not there", ErrDamaged, pos)
	}
	if err != nil {
		return member{}, err
	}
	d, err := l.at(ctx, at)
	if err != nil {
		return member{}, err
	}
	return member{at, *d}, nil
}

// group is a decision or act of an id and what came of it, in order.
func (l *leafing) group(ctx context.Context, id string) ([]member, error) {
	pos, there, err := l.decision(ctx, id)
	if err != nil || !there {
		return nil, err
	}
	return l.members(ctx, pos)
}

// members are a decision or act and what came of it, in order.
func (l *leafing) members(ctx context.Context, pos int64) (out []member, err error) {
	d, err := l.at(ctx, pos)
	if err != nil || d == nil {
		return nil, err
	}
	id := d.id
	ended := false
	// What ends it lies in the next sheaf or two, nearly always: the others are read together.
	for from, to := pos, (pos>>sheafBits+2)<<sheafBits; from <= pos+near && !ended; from, to = to, pos+near+1 {
		err := l.each(ctx, from, min(to, pos+near+1), false, func(at int64, h *head) (bool, error) {
			if h.id == id {
				out, ended = append(out, member{at, *h}), h.ends
			}
			return ended, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if ended {
		return out, nil
	}
	far, err := l.far(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, at := range far {
		h, err := l.at(ctx, at)
		if err != nil {
			return nil, err
		}
		if h != nil && h.id == id && !slices.ContainsFunc(out, func(m member) bool { return m.pos == at }) {
			out = append(out, member{at, *h})
		}
	}
	slices.SortFunc(out, func(a, b member) int { return int(a.pos - b.pos) })
	return out, nil
}

// records reads the entries at some positions, in their order, and each row of them once.
func (l *leafing) records(ctx context.Context, at []int64) ([]Record, error) {
	if len(at) == 0 {
		return nil, nil
	}
	origins, err := l.origins(ctx)
	if err != nil {
		return nil, err
	}
	out, wanted := make([]Record, len(at)), make(map[int64][]*Record, len(at))
	for i, pos := range at {
		o := origins[0]
		for _, next := range origins {
			if next.first <= pos {
				o = next
			}
		}
		out[i] = Record{Pos: pos, Origin: o.name, Index: pos - o.first}
		wanted[pos>>sheafBits] = append(wanted[pos>>sheafBits], &out[i])
	}
	left := len(at)
	for sheaves := range slices.Chunk(slices.Sorted(maps.Keys(wanted)), atOnce) {
		err := l.rows(ctx, func(first int64, bodies [][]byte) error {
			for _, r := range wanted[first>>sheafBits] {
				if i := r.Pos - first; i >= 0 && i < int64(len(bodies)) {
					r.Body = slices.Clone(bodies[i])
					left--
				}
			}
			return nil
		}, "select s.first, s.n, s.bodies"+ofSheaves, list(sheaves))
		if err != nil {
			return nil, err
		}
	}
	if left != 0 {
		return nil, fmt.Errorf("%w: %d entries are not there", ErrDamaged, left)
	}
	return out, nil
}

// bodies calls do for each entry from one position to another. What it gets is gone after it.
func (l *leafing) bodies(ctx context.Context, from, to int64, do func(pos int64, body []byte) error) error {
	return l.rows(ctx, func(first int64, bodies [][]byte) error {
		for i, body := range bodies {
			if pos := first + int64(i); pos >= from && pos < to {
				if err := do(pos, body); err != nil {
					return err
				}
			}
		}
		return nil
	}, "select first, n, bodies from ledger_sheaf where first >= $1 and first < $2 order by first", from&^(mostBound-1), to)
}

// rows calls do for rows of bodies.
func (l *leafing) rows(ctx context.Context, do func(first int64, bodies [][]byte) error, query string, args ...any) error {
	return l.pieces(ctx, func(first int64, n int, b []byte) error {
		bodies, err := ledger.SplitBundle(b)
		if err != nil || len(bodies) != n {
			return errSheaf
		}
		return do(first, bodies)
	}, query, args...)
}

// origins are the logs of the store, the oldest first.
func (l *leafing) origins(ctx context.Context) ([]origin, error) {
	if l.logs != nil {
		return l.logs, nil
	}
	var out []origin
	err := l.ask(ctx, func(scan func(...any) error) error {
		var o origin
		err := scan(&o.name, &o.first)
		out = append(out, o)
		return err
	}, "select name, first from ledger_origin order by origin")
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%w: it has no log", ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	l.logs = out
	return out, nil
}

// end is the position after the last entry.
func (l *leafing) end(ctx context.Context) (int64, error) {
	end, err := l.numbers(ctx, "select first + n from ledger_sheaf order by first desc limit 1")
	if err != nil || len(end) == 0 {
		return 0, err
	}
	return end[0], nil
}
