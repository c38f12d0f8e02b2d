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
	st   *insertStatements
	room *room
	// The greatest id up to the end of the sheaf that grows, of the one before it, and of
	// the one before that.
	now, before, twoBefore idBytes
}

// room is what rows are spelled in, one after the other. A sheaf has some eighty kilobytes:
// taken anew for each, they were a fifth of all memory that an answer takes.
type room struct {
	heads  []head
	spelt  []byte // heads, as the row has them
	bodies []byte
}

// mostRoom is how many bytes of bodies are kept for the next row; few are longer.
const mostRoom = 1 << 20

// leave lets go of what only a row of long entries needed, and of what heads point to.
func (r *room) leave() {
	clear(r.heads[:cap(r.heads)])
	if cap(r.bodies) > mostRoom {
		r.bodies = nil
	}
}

// bind writes entries that follow what the database holds.
func bind(ctx context.Context, st *insertStatements, r *room, entries []*pending) error {
	if len(entries) == 0 {
		return nil
	}
	defer r.leave()
	b := binder{st: st, room: r}
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
	r := b.room
	r.heads, r.bodies = r.heads[:0], r.bodies[:0]
	first, end := entries[0].pos, entries[0].pos+int64(len(entries))
	if end%mostBound == 0 && !defect.On(defect.SheafHalfKept) {
		if err := b.earlier(ctx, first); err != nil {
			return err
		}
		first -= int64(len(r.heads))
	}
	for _, p := range entries {
		h := headOf(p)
		if err := b.place(ctx, p, &h); err != nil {
			return err
		}
		r.heads, r.bodies = append(r.heads, h), ledger.AppendBundle(r.bodies, p.body)
	}
	r.spelt = appendHeads(r.spelt[:0], r.heads)
	if _, err := b.st.sheaf.ExecContext(ctx, first, end-first, b.now[:], r.spelt, r.bodies); err != nil {
		return err
	}
	if end%mostBound == 0 {
		b.before, b.twoBefore = b.now, b.before
	}
	return nil
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

// earlier takes the rows away that a sheaf has before a position, and keeps what they hold.
func (b *binder) earlier(ctx context.Context, pos int64) error {
	first := pos &^ (mostBound - 1)
	if first == pos {
		return nil
	}
	if err := b.take(ctx, first, pos); err != nil {
		return err
	}
	if n := int64(len(b.room.heads)); n != pos-first {
		return fmt.Errorf("%w: %d of %d entries are there", ErrDamaged, n, pos-first)
	}
	_, err := b.st.unbind.ExecContext(ctx, first, pos)
	return err
}

// take reads rows from one position to another.
func (b *binder) take(ctx context.Context, from, to int64) error {
	rows, err := b.st.whole.QueryContext(ctx, from, to)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var its, bundle sql.RawBytes
		var n int
		if err := rows.Scan(&n, &its, &bundle); err != nil {
			return err
		}
		heads, err := readHeads(its, n)
		if err != nil {
			return err
		}
		b.room.heads, b.room.bodies = append(b.room.heads, heads...), append(b.room.bodies, bundle...)
	}
	return errors.Join(rows.Err(), rows.Close())
}
