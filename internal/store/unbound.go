package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modicum/internal/defect"
	"modicum/ledger"
)

// unboundAtOnce is how many rows of single entries are moved in one transaction.
const unboundAtOnce = 8 * mostBound

// bindRows moves what ledger_entry holds into sheaves, before step 0009 of the schema drops
// it. Where it is cut short it goes on from there.
func bindRows(ctx context.Context, db *sql.DB, moved func(int)) error {
	var st insertStatements
	if err := st.prepare(ctx, db); err != nil {
		return err
	}
	defer st.close()
	var seen ages
	var room room
	for {
		n, err := bindSome(ctx, db, &st, &room, &seen)
		if err != nil {
			return fmt.Errorf("store: bind entries: %w", err)
		}
		if n < unboundAtOnce {
			return nil
		}
		moved(n)
	}
}

// bindSome moves the next rows and returns how many.
func bindSome(ctx context.Context, db *sql.DB, st *insertStatements, room *room, seen *ages) (int, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	entries, err := unbound(ctx, tx, seen)
	if err == nil {
		err = bind(ctx, st.in(ctx, tx), room, entries)
	}
	if err != nil {
		return 0, errors.Join(err, tx.Rollback())
	}
	return len(entries), tx.Commit()
}

// unbound reads rows of entries that lie in no sheaf yet. A sheaf knows the position of its
// first entry alone: where one is gone, those that follow would take its place.
func unbound(ctx context.Context, tx *sql.Tx, seen *ages) ([]*pending, error) {
	l := leafing{q: tx}
	next, err := l.end(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "select pos, body from ledger_entry where pos >= $1 order by pos limit $2", next, unboundAtOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*pending
	for rows.Next() {
		var pos int64
		var body []byte
		if err := rows.Scan(&pos, &body); err != nil {
			return nil, err
		}
		if at := next + int64(len(out)); pos != at && !defect.On(defect.GapMoved) {
			return nil, fmt.Errorf("%w: there is no entry at position %d", ErrDamaged, at)
		}
		e, err := ledger.Decode(body)
		if err != nil {
			return nil, fmt.Errorf("%w: entry at position %d: %w", ErrDamaged, pos, err)
		}
		p := newPending(e, body)
		p.pos = pos
		seen.follow(p)
		out = append(out, p)
	}
	return out, rows.Err()
}

// ages remember where the decisions of the last entries lie.
type ages struct{ now, before map[string]int64 }

func (a *ages) follow(p *pending) {
	id := p.head.ID
	if part(p.head) != 0 {
		if pos, there := a.now[id]; there {
			p.behind = p.pos - pos
		} else if pos, there := a.before[id]; there {
			p.behind = p.pos - pos
		}
		return
	}
	if a.now == nil || len(a.now) >= near {
		a.now, a.before = map[string]int64{}, a.now
	}
	a.now[id] = p.pos
}
