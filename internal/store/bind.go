package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"

	"modicum/internal/defect"
	"modicum/ledger"
)

// binder writes entries into sheaves, within one transaction.
type binder struct {
	st *insertStatements
	// The greatest id up to the end of the sheaf that grows, of the one before it, and of
	// the one before that.
	now, before, twoBefore idBytes
}

// bind writes entries that follow what the database holds.
func bind(ctx context.Context, st *insertStatements, entries []*pending) error {
	if len(entries) == 0 {
		return nil
	}
	b := binder{st: st}
	if err := b.begin(ctx, entries[0].pos>>sheafBits); err != nil {
		return fmt.Errorf("write entries: %w", err)
	}
	for len(entries) > 0 {
		n := min(int64(len(entries)), mostBound-entries[0].pos%mostBound)
		if err := b.add(ctx, entries[:n]); err != nil {
			return fmt.Errorf("write entries: %w", err)
		}
		entries = entries[n:]
		runtime.Gosched() // hundreds take a millisecond, and requests wait for the processor
	}
	return nil
}

// begin looks up the greatest ids where sheaf n grows.
func (b *binder) begin(ctx context.Context, n int64) error {
	for _, one := range []struct {
		to     *idBytes
		before int64
	}{{&b.now, n + 1}, {&b.before, n}, {&b.twoBefore, n - 1}} {
		var id []byte
		err := b.st.ceiling.QueryRowContext(ctx, one.before<<sheafBits).Scan(&id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		copy(one.to[:], id)
	}
	return nil
}

// add writes a row. It makes one of all rows of a sheaf that becomes full.
func (b *binder) add(ctx context.Context, entries []*pending) error {
	first, n := entries[0].pos, len(entries)
	heads, size := make([]head, n), 0
	for i, p := range entries {
		heads[i] = headOf(p)
		size += 2 + len(p.body)
		if err := b.place(ctx, p, &heads[i]); err != nil {
			return err
		}
	}
	bodies := make([]byte, 0, size)
	end := first + int64(n)
	if end%mostBound == 0 && !defect.On(defect.SheafHalfKept) {
		b.before, b.twoBefore = b.now, b.before
		var err error
		if first, heads, bodies, err = b.earlier(ctx, first, heads); err != nil {
			return err
		}
	}
	for _, p := range entries {
		bodies = ledger.AppendBundle(bodies, p.body)
	}
	_, err := b.st.sheaf.ExecContext(ctx, first, end-first, b.now[:], appendHeads(nil, heads), bodies)
	return err
}

// place holds that an entry is found by its id.
func (b *binder) place(ctx context.Context, p *pending, h *head) error {
	far := h.part != 0 && (p.behind == 0 || p.behind > near) || h.part == 0 && !h.id.after(b.twoBefore)
	if h.part == 0 && h.id.after(b.now) {
		b.now = h.id
	}
	if !far || defect.On(defect.FarForgotten) {
		return nil
	}
	_, err := b.st.far.ExecContext(ctx, h.id[:], p.pos)
	return err
}

// earlier takes the rows away that a sheaf has before a position, and returns what they hold
// with what comes then.
func (b *binder) earlier(ctx context.Context, pos int64, then []head) (first int64, heads []head, bodies []byte, err error) {
	first = pos &^ (mostBound - 1)
	if first == pos {
		return first, then, nil, nil
	}
	rows, err := b.st.whole.QueryContext(ctx, first, pos)
	if err != nil {
		return 0, nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var its, bundle sql.RawBytes
		var n int
		if err := rows.Scan(&n, &its, &bundle); err != nil {
			return 0, nil, nil, err
		}
		more, err := readHeads(its, n)
		if err != nil {
			return 0, nil, nil, err
		}
		heads, bodies = append(heads, more...), append(bodies, bundle...)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return 0, nil, nil, err
	}
	if int64(len(heads)) != pos-first {
		return 0, nil, nil, fmt.Errorf("%w: %d of %d entries are there", ErrDamaged, len(heads), pos-first)
	}
	_, err = b.st.unbind.ExecContext(ctx, first, pos)
	return first, append(heads, then...), bodies, err
}
