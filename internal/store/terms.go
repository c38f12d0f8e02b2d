package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"

	"modicum/ledger"
)

const (
	segmentBits = 13
	segmentSize = 1 << segmentBits // positions
	maxTerms    = 4096             // remembered before they are written
	termsAtOnce = 64               // rows of one insert
	leastPiece  = 128              // rows that a batch writes while a run is under way
)

// indexedUpTo is the row of the index that says up to which position it is whole. It
// lies in a segment that no search asks.
const indexedUpTo = -1

// indexedTerm asks each segment for the term that argument %d is.
const indexedTerm = "with recursive seg(n) as (select 0 union all select n + 1 from seg where n < (select coalesce(max(pos), 0) / 8192 from ledger_entry)) " +
	"select t.pos from seg join ledger_term t on t.seg = seg.n and t.term = $%d"

// term says that the entry at pos names something.
type term struct {
	name string
	pos  int64
}

// terms are those of the newest entries, which the index lacks still. They are
// written in runs: some thousand in the order in which the index lies, so that each
// of its pages is written once a run; and a run in pieces, so that no batch waits
// for a whole one.
type terms struct {
	mu   sync.Mutex // guards list; the sequencer alone changes it
	list []term     // by position

	// Owned by the sequencer.
	run     []term // the first of list, in the order of the index, being written
	written int    // so many of run lie there
}

func termsOf(pos int64, h ledger.Header) []term {
	var out []term
	if h.Who != "" {
		out = append(out, term{"w:" + h.Who, pos})
	}
	for _, ref := range h.Patients {
		out = append(out, term{"p:" + ref, pos})
	}
	for _, id := range h.Grants {
		out = append(out, term{"g:" + id, pos})
	}
	return out
}

// namedBy counts the terms of a batch.
func namedBy(batch []*pending) int {
	n := 0
	for _, p := range batch {
		n += 1 + len(p.head.Patients) + len(p.head.Grants)
	}
	return n
}

// note remembers what a durable entry names.
func (t *terms) note(pos int64, h ledger.Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, termsOf(pos, h)...)
}

// find returns the positions that name a term, as far as the index lacks them.
func (t *terms) find(name string) []int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []int64
	for _, e := range t.list {
		if e.name == name {
			out = append(out, e.pos)
		}
	}
	return slices.Compact(out)
}

// write puts the next piece of a run into the index, which begins once enough is
// remembered: twice as many rows as entries name now, so that a run ends before the
// next one begins. It returns how many; advance is told when they are durable.
func (t *terms) write(ctx context.Context, tx *sql.Tx, full *sql.Stmt, named int) (int, error) {
	// Only the sequencer changes the list, and it is the one who calls.
	if t.run == nil && len(t.list) >= maxTerms {
		t.run = slices.Clone(t.list)
		slices.SortFunc(t.run, func(a, b term) int {
			return cmp.Or(cmp.Compare(a.pos>>segmentBits, b.pos>>segmentBits), cmp.Compare(a.name, b.name), cmp.Compare(a.pos, b.pos))
		})
	}
	if t.run == nil {
		return 0, nil
	}
	piece := t.run[t.written:]
	piece = piece[:min(len(piece), max(leastPiece, 2*named))]
	err := writeTerms(ctx, tx, full, piece)
	switch {
	case err != nil:
	case t.written+len(piece) == len(t.run):
		err = writeWhole(ctx, tx, t.list[len(t.run)-1].pos)
	case t.written == 0: // what lies there is from now on in no order of position
		err = writeWhole(ctx, tx, t.list[0].pos-1)
	}
	if err != nil {
		return 0, fmt.Errorf("write index: %w", err)
	}
	return len(piece), nil
}

func writeTerms(ctx context.Context, tx *sql.Tx, full *sql.Stmt, piece []term) (err error) {
	args := make([]any, 0, 3*termsAtOnce)
	for rows := range slices.Chunk(piece, termsAtOnce) {
		args = args[:0]
		for _, r := range rows {
			args = append(args, r.pos>>segmentBits, r.name, r.pos)
		}
		if len(rows) == termsAtOnce {
			_, err = full.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, insertTerms(len(rows)), args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeWhole says up to which position the index is whole.
func writeWhole(ctx context.Context, tx *sql.Tx, pos int64) error {
	if _, err := tx.ExecContext(ctx, "delete from ledger_term where seg = $1", indexedUpTo); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "insert into ledger_term (seg, term, pos) values ($1, 'indexed', $2)", indexedUpTo, pos)
	return err
}

// advance notes that so many more of the run are durable, and forgets what the index
// has now.
func (t *terms) advance(n int) {
	if t.written += n; t.run == nil || t.written < len(t.run) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list[:0], t.list[len(t.run):]...)
	t.run, t.written = nil, 0
}

func insertTerms(rows int) string {
	var b strings.Builder
	b.WriteString("insert into ledger_term (seg, term, pos) values ")
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + param(3*i+1) + ", " + param(3*i+2) + ", " + param(3*i+3) + ")")
	}
	b.WriteString(" on conflict do nothing") // a patient named twice, or a run cut short
	return b.String()
}

// whole is the position up to which the index is whole. Before there was a row that
// says it, entries were in it in order, all of one entry or nothing.
const whole = "coalesce((select pos from ledger_term where seg = -1), (select max(pos) from ledger_term where seg = (select max(seg) from ledger_term)), -1)"

// recall reads again what the index lacks: the entries after those of its last whole
// run. What a run that was cut short has written already, the next one finds there.
func (t *terms) recall(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "select pos, body from ledger_entry where pos > "+whole+" order by pos")
	if err != nil {
		return fmt.Errorf("store: read what the index lacks: %w", err)
	}
	defer rows.Close()
	var list []term
	for rows.Next() {
		var pos int64
		var body []byte
		if err := rows.Scan(&pos, &body); err != nil {
			return fmt.Errorf("store: read what the index lacks: %w", err)
		}
		e, err := ledger.Decode(body)
		if err != nil {
			return fmt.Errorf("%w: entry at position %d: %w", ErrDamaged, pos, err)
		}
		list = append(list, termsOf(pos, e.Header())...)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list, t.run, t.written = list, nil, 0
	return rows.Err()
}
