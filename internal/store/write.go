package store

import (
	"context"
	"database/sql"
	"fmt"

	"modicum/internal/defect"
	"modicum/ledger"
)

// insertStatements are prepared once, on the connection that writes.
type insertStatements struct{ sheaf, far, whole, unbind, ceiling, node, head, run *sql.Stmt }

func (i *insertStatements) prepare(ctx context.Context, db *sql.DB) error {
	for _, s := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&i.sheaf, "insert into ledger_sheaf (first, n, ceiling, heads, bodies) values ($1, $2, $3, $4, $5)"},
		{&i.far, "insert into ledger_far (id, pos) values ($1, $2)"},
		{&i.whole, "select n, heads, bodies from ledger_sheaf where first >= $1 and first < $2 order by first"},
		{&i.unbind, "delete from ledger_sheaf where first >= $1 and first < $2"},
		{&i.ceiling, "select ceiling from ledger_sheaf where first < $1 order by first desc limit 1"},
		{&i.node, "insert into ledger_node (origin, level, n, hash) values ($1, $2, $3, $4)"},
		{&i.head, "update ledger_origin set size = $1, checkpoint = $2 where origin = $3 and size = $4"},
		{&i.run, insertRun},
	} {
		var err error
		if *s.to, err = db.PrepareContext(ctx, s.query); err != nil {
			return fmt.Errorf("store: prepare: %w", err)
		}
	}
	return nil
}

func (i *insertStatements) close() {
	for _, s := range []*sql.Stmt{i.sheaf, i.far, i.whole, i.unbind, i.ceiling, i.node, i.head, i.run} {
		s.Close()
	}
}

func (i *insertStatements) in(ctx context.Context, tx *sql.Tx) *insertStatements {
	in := func(s *sql.Stmt) *sql.Stmt { return tx.StmtContext(ctx, s) }
	return &insertStatements{in(i.sheaf), in(i.far), in(i.whole), in(i.unbind), in(i.ceiling), in(i.node), in(i.head), in(i.run)}
}

// writeOne runs one act, where there is one, and takes its entry into the batch. own is
// what is wrong with this entry alone; err ends the batch.
func (s *Store) writeOne(ctx context.Context, tx *sql.Tx, kept []*pending, p *pending) (own, err error) {
	if why := p.unwanted(); why != nil {
		return why, nil // nobody waits, nothing was done
	}
	if own, err = s.inOrder(ctx, tx, p.head); own != nil || err != nil {
		return own, err
	}
	if own, err = s.unused(ctx, tx, kept, p.head); own != nil && !defect.On(defect.ActOfAnyID) || err != nil || p.act == nil {
		return own, err
	}
	if _, err := tx.ExecContext(ctx, "savepoint act"); err != nil {
		return nil, fmt.Errorf("savepoint: %w", err)
	}
	if own = runAct(tx, p.act); own != nil {
		if _, err := tx.ExecContext(ctx, "rollback to act"); err != nil {
			return nil, fmt.Errorf("undo an act: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "release act"); err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return own, nil
}

// grow adds an entry to the tree.
func (s *Store) grow(p *pending, nodes []ledger.Node) []ledger.Node {
	p.pos = s.origin.first + s.edge.Size()
	p.written = ledger.Receipt{Origin: s.origin.name, Index: s.edge.Size()}
	s.follow(p)
	return s.edge.Append(p.leaf, nodes)
}

// sign signs the tree as it is now.
func (s *Store) sign() ([]byte, error) {
	return s.opts.Key.Sign(ledger.Head{Origin: s.origin.name, Size: s.edge.Size(), Root: s.edge.Root()})
}

// writeHead writes the nodes that new entries completed and the tree that was signed
// with them.
func (s *Store) writeHead(ctx context.Context, st *insertStatements, nodes []ledger.Node, signed []byte, size int64) error {
	for _, n := range nodes {
		if _, err := st.node.ExecContext(ctx, s.origin.n, n.Level, n.Index, n.Hash[:]); err != nil {
			return fmt.Errorf("write tree: %w", err)
		}
	}
	res, err := st.head.ExecContext(ctx, size, signed, s.origin.n, s.size)
	if err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("write head: someone else moved it: %w", ErrDamaged)
	}
	return nil
}

// part numbers the entries of one decision: decision 0, opened from 1, outcome
// -1, -2, ...
func part(h ledger.Header) int64 {
	if h.Kind == ledger.KindOutcome {
		return -1 - h.Seq
	}
	return h.Seq
}
