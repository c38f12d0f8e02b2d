package store

import (
	"context"
	"database/sql"
	"fmt"
)

// makeRuns is step 0007 of the schema: the runs of what ledger_term holds, a segment each,
// as far as it is whole. What lies there beyond is read from the entries again on start.
func makeRuns(ctx context.Context, tx *sql.Tx) error {
	// Before there was a row that says up to which position the index is whole, entries
	// were in it in order, all of one entry or nothing.
	const whole = "select coalesce((select pos from ledger_term where seg = -1), (select max(pos) from ledger_term where seg = (select max(seg) from ledger_term)), -1)"
	var end int64
	if err := tx.QueryRowContext(ctx, whole).Scan(&end); err != nil {
		return fmt.Errorf("read the index: %w", err)
	}
	insert, err := tx.PrepareContext(ctx, insertRun)
	if err != nil {
		return err
	}
	defer insert.Close()
	for seg := int64(0); seg<<segmentBits <= end; seg++ {
		r, err := runOf(ctx, tx, seg, end)
		if err != nil {
			return err
		}
		if err := r.write(ctx, insert, min(end, (seg+1)<<segmentBits-1)); err != nil {
			return fmt.Errorf("write the index: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, "drop table ledger_term")
	return err
}

// runOf is what ledger_term holds of a segment up to a position.
func runOf(ctx context.Context, tx *sql.Tx, seg, end int64) (*run, error) {
	rows, err := tx.QueryContext(ctx, "select term, pos from ledger_term where seg = $1 and pos <= $2 order by term, pos", seg, end)
	if err != nil {
		return nil, fmt.Errorf("read the index: %w", err)
	}
	defer rows.Close()
	r := &run{first: seg << segmentBits, rows: map[slot][]byte{}}
	var name string
	var at []int64
	for rows.Next() {
		var its string
		var pos int64
		if err := rows.Scan(&its, &pos); err != nil {
			return nil, fmt.Errorf("read the index: %w", err)
		}
		if its != name {
			r.add(name, at)
			name, at = its, at[:0]
		}
		at = append(at, pos)
	}
	r.add(name, at)
	return r, rows.Err()
}
