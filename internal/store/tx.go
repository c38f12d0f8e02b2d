package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modicum/ledger"
)

// txn gives an act the batch's transaction for as long as the act runs.
type txn struct {
	tx   *sql.Tx
	over bool
}

var errTxOver = errors.New("store: the transaction is over; an act must not keep its Tx")

func (t *txn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if t.over {
		return 0, errTxOver
	}
	r, err := t.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *txn) Query(ctx context.Context, query string, args ...any) (ledger.Rows, error) {
	if t.over {
		return nil, errTxOver
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// runAct runs one act. A panic counts as its error, so that one act cannot take
// down the writer that everybody shares.
func runAct(tx *sql.Tx, act func(ledger.Tx) error) (err error) {
	t := &txn{tx: tx}
	defer func() {
		t.over = true
		if r := recover(); r != nil {
			err = fmt.Errorf("store: an act panicked (%T)", r)
		}
	}()
	return act(t)
}
