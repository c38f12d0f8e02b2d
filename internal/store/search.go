package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"modicum/ledger"
)

// searching is one Search under way.
type searching struct {
	s     *Store
	q     Query
	l     *leafing
	limit int
	found []int64
}

// take adds an entry that fits, and reports whether that is enough.
func (x *searching) take(ctx context.Context, pos int64, h *head) (enough bool, err error) {
	if !x.fits(pos, h) {
		return false, nil
	}
	if x.asksDecision() {
		d, err := x.l.of(ctx, pos, h)
		if err != nil || !x.decided(d.sort) {
			return false, err
		}
	}
	x.found = append(x.found, pos)
	return len(x.found) >= x.limit, nil
}

// fits reports whether the entry itself is wanted.
func (x *searching) fits(pos int64, h *head) bool {
	q := &x.q
	if q.After > 0 && (q.Newest && pos >= q.After-1 || !q.Newest && pos < q.After) {
		return false
	}
	return (q.Kind == "" || h.kindOf() == q.Kind) && (q.From == 0 || h.at >= q.From) && (q.To == 0 || h.at < q.To)
}

func (h *head) kindOf() ledger.Kind {
	switch {
	case h.part > 0:
		return ledger.KindOpened
	case h.part < 0:
		return ledger.KindOutcome
	}
	return ledger.Kind(h.sort.kind)
}

// asksDecision reports whether the decision of an entry decides whether it is wanted.
func (x *searching) asksDecision() bool {
	q := &x.q
	return q.Who != "" || q.Role != "" || q.Task != "" || q.Effect != "" || len(q.Tasks) > 0
}

// decided reports whether what a decision or act made is wanted.
func (x *searching) decided(d *sort) bool {
	q := &x.q
	return alike(q.Who, d.who) && alike(q.Role, d.role) && alike(q.Task, d.task) && alike(string(q.Effect), d.effect) &&
		(len(q.Tasks) == 0 || slices.ContainsFunc(strings.Fields(d.task), func(t string) bool { return slices.Contains(q.Tasks, t) }))
}

// named finds entries that have names of the index.
func (x *searching) named(ctx context.Context) error {
	var all []int64
	for i, name := range []string{trait("p", x.q.Patient), trait("g", x.q.Grant)} {
		if name == "" {
			continue
		}
		at, err := x.s.having(ctx, name)
		if err != nil {
			return err
		}
		if i > 0 && x.q.Patient != "" {
			at = slices.DeleteFunc(at, func(pos int64) bool { _, both := slices.BinarySearch(all, pos); return !both })
		}
		all = at
	}
	if x.q.Newest {
		slices.Reverse(all)
	}
	for some := range slices.Chunk(all, atOnce) {
		if enough, err := x.takeAll(ctx, some); enough || err != nil {
			return err
		}
	}
	return nil
}

// takeAll is take of entries that the index names.
func (x *searching) takeAll(ctx context.Context, at []int64) (enough bool, err error) {
	if err := x.l.needWithDecisions(ctx, at); err != nil {
		return false, err
	}
	for _, pos := range at {
		h, err := x.l.named(ctx, pos)
		if err != nil {
			return false, err
		}
		if enough, err := x.take(ctx, pos, h); enough || err != nil {
			return enough, err
		}
	}
	return false, nil
}

// ofPerson finds the entries of the decisions and acts of a person.
func (x *searching) ofPerson(ctx context.Context) error {
	all, err := x.s.having(ctx, "w:"+x.q.Who)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, atOnce) {
		if err := x.l.needWithEnds(ctx, some); err != nil {
			return err
		}
		for _, pos := range some {
			if err := x.takeGroup(ctx, pos); err != nil {
				return err
			}
		}
	}
	slices.Sort(x.found)
	if x.q.Newest {
		slices.Reverse(x.found)
	}
	x.found = x.found[:min(len(x.found), x.limit)]
	return nil
}

// takeGroup adds what fits of a decision or act and what came of it.
func (x *searching) takeGroup(ctx context.Context, pos int64) error {
	d, err := x.l.named(ctx, pos)
	if err != nil || !x.decided(d.sort) {
		return err
	}
	members, err := x.l.members(ctx, pos)
	for i := range members {
		if m := &members[i]; x.fits(m.pos, &m.head) {
			x.found = append(x.found, m.pos)
		}
	}
	return err
}

// through looks through the record, but for the segments that can hold nothing wanted.
func (x *searching) through(ctx context.Context) error {
	from := int64(0)
	to, err := x.l.end(ctx)
	if err != nil {
		return err
	}
	if x.q.After > 0 && x.q.Newest {
		to = min(to, x.q.After-1)
	} else if x.q.After > 0 {
		from = x.q.After
	}
	without, err := x.without(ctx)
	if err != nil {
		return err
	}
	first, last := from>>segmentBits, (to-1)>>segmentBits
	for i := range last - first + 1 {
		n := first + i
		if x.q.Newest {
			n = last - i
		}
		if without[n] {
			continue
		}
		enough, err := x.segment(ctx, max(from, n<<segmentBits), min(to, (n+1)<<segmentBits))
		if enough || err != nil {
			return err
		}
	}
	return nil
}

// segment looks at the entries of one, from one position to another.
func (x *searching) segment(ctx context.Context, from, to int64) (enough bool, err error) {
	err = x.l.each(ctx, from, to, x.q.Newest, func(pos int64, h *head) (bool, error) {
		enough, err = x.take(ctx, pos, h)
		return enough, err
	})
	return enough, err
}

// without are the segments in which nothing can be wanted, as far as it is written what
// they hold.
func (x *searching) without(ctx context.Context) (map[int64]bool, error) {
	w := Wanted{From: x.q.From, To: x.q.To}
	if x.q.Kind == ledger.KindDecision || x.q.Kind == ledger.KindAct { // of which alone it is written what effect they had
		w.Kind, w.Effect = x.q.Kind, x.q.Effect
	}
	if w == (Wanted{}) {
		return nil, nil
	}
	rows, err := x.s.read.QueryContext(ctx, "select seg, oldest, newest, traits from ledger_segment")
	if err != nil {
		return nil, fmt.Errorf("store: read what segments hold: %w", err)
	}
	defer rows.Close()
	out := map[int64]bool{}
	for rows.Next() {
		var n int64
		var g segment
		if err := rows.Scan(&n, &g.oldest, &g.newest, &g.traits); err != nil {
			return nil, fmt.Errorf("store: read what segments hold: %w", err)
		}
		out[n] = !g.may(&w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read what segments hold: %w", err)
	}
	return out, nil
}
