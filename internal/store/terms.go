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
	segmentBits = 13   // 8192 positions
	maxTerms    = 4096 // remembered before they are written
	termsAtOnce = 64   // rows of one insert
)

// indexedTerm asks each segment for the term that argument %d is.
const indexedTerm = "with recursive seg(n) as (select 0 union all select n + 1 from seg where n < (select coalesce(max(pos), 0) / 8192 from ledger_entry)) " +
	"select t.pos from seg join ledger_term t on t.seg = seg.n and t.term = $%d"

// term says that the entry at pos names something.
type term struct {
	name string
	pos  int64
}

// terms are those of the newest entries, which the index lacks still.
type terms struct {
	mu   sync.Mutex // guards list; the sequencer alone changes it
	list []term     // by position
}

func termsOf(pos int64, h ledger.Header) []term {
	var out []term
	if h.Who != "" {
		out = append(out, term{"w:" + h.Who, pos})
	}
	for _, ref := range h.Patients {
		out = append(out, term{"p:" + ref, pos})
	}
	return out
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

// drop forgets the first n, which the index has now.
func (t *terms) drop(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list[:0], t.list[n:]...)
}

// write puts what is remembered into the index once it is worth a walk through
// it, in the order in which the index lies, and returns how many.
func (t *terms) write(ctx context.Context, tx *sql.Tx) (int, error) {
	// Only the sequencer changes the list, and it is the one who calls.
	if len(t.list) < maxTerms {
		return 0, nil
	}
	sorted := slices.Clone(t.list)
	slices.SortFunc(sorted, func(a, b term) int {
		return cmp.Or(cmp.Compare(a.pos>>segmentBits, b.pos>>segmentBits), cmp.Compare(a.name, b.name), cmp.Compare(a.pos, b.pos))
	})
	full, err := tx.PrepareContext(ctx, insertTerms(termsAtOnce))
	if err != nil {
		return 0, fmt.Errorf("write index: %w", err)
	}
	defer full.Close()
	for rows := range slices.Chunk(sorted, termsAtOnce) {
		args := make([]any, 0, 3*len(rows))
		for _, r := range rows {
			args = append(args, r.pos>>segmentBits, r.name, r.pos)
		}
		if len(rows) == termsAtOnce {
			_, err = full.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, insertTerms(len(rows)), args...)
		}
		if err != nil {
			return 0, fmt.Errorf("write index: %w", err)
		}
	}
	return len(sorted), nil
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
	b.WriteString(" on conflict do nothing") // a patient named twice, or a crash before drop
	return b.String()
}

// recall reads again what the index lacks: the entries after the newest one
// that it has. Entries of one flush are in it together or not at all.
func (t *terms) recall(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "select pos, body from ledger_entry where pos > (select coalesce(max(pos), -1) from ledger_term where seg = (select max(seg) from ledger_term)) order by pos")
	if err != nil {
		return fmt.Errorf("store: read what the index lacks: %w", err)
	}
	defer rows.Close()
	t.list = nil
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
		t.list = append(t.list, termsOf(pos, e.Header())...)
	}
	return rows.Err()
}
