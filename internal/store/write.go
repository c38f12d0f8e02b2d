package store

import (
	"context"
	"database/sql"
	"fmt"

	"modicum/ledger"
)

// insertStatements are prepared once, on the connection that writes.
type insertStatements struct{ entry, node, head *sql.Stmt }

func (i *insertStatements) prepare(ctx context.Context, db *sql.DB) error {
	for _, s := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&i.entry, "insert into ledger_entry (pos, leaf, body, kind, id, part, at, who, role, task, effect) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"},
		{&i.node, "insert into ledger_node (origin, level, n, hash) values ($1, $2, $3, $4)"},
		{&i.head, "update ledger_origin set size = $1, checkpoint = $2 where origin = $3 and size = $4"},
	} {
		var err error
		if *s.to, err = db.PrepareContext(ctx, s.query); err != nil {
			return fmt.Errorf("store: prepare: %w", err)
		}
	}
	return nil
}

func (i *insertStatements) in(ctx context.Context, tx *sql.Tx) *insertStatements {
	return &insertStatements{tx.StmtContext(ctx, i.entry), tx.StmtContext(ctx, i.node), tx.StmtContext(ctx, i.head)}
}

// writeOne runs one act and writes its entry. own is what is wrong with this
// entry alone; err ends the batch.
func (s *Store) writeOne(ctx context.Context, tx *sql.Tx, st *insertStatements, p *pending, nodes []ledger.Node) (_ []ledger.Node, own, err error) {
	if p.ctx.Err() != nil {
		return nodes, undurable(p.ctx), nil // nobody waits, nothing was done
	}
	if own, err = s.inOrder(ctx, tx, p.head); own != nil || err != nil {
		return nodes, own, err
	}
	if p.act == nil {
		if own, err = s.insertEntry(ctx, st, p); own != nil || err != nil {
			return nodes, own, err
		}
		return s.grow(p, nodes), nil, nil
	}
	if _, err := tx.ExecContext(ctx, "savepoint act"); err != nil {
		return nodes, nil, fmt.Errorf("savepoint: %w", err)
	}
	if own = runAct(tx, p.act); own == nil {
		own, err = s.insertEntry(ctx, st, p)
	}
	if err != nil {
		return nodes, nil, err
	}
	if own != nil {
		if _, err := tx.ExecContext(ctx, "rollback to act"); err != nil {
			return nodes, nil, fmt.Errorf("undo an act: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, "release act"); err != nil {
		return nodes, nil, fmt.Errorf("release: %w", err)
	}
	if own != nil {
		return nodes, own, nil
	}
	return s.grow(p, nodes), nil, nil
}

// grow adds a written entry to the tree.
func (s *Store) grow(p *pending, nodes []ledger.Node) []ledger.Node {
	p.written = ledger.Receipt{Origin: s.origin.name, Index: s.edge.Size()}
	s.follow(p.head)
	return s.edge.Append(p.leaf, nodes)
}

func (s *Store) insertEntry(ctx context.Context, st *insertStatements, p *pending) (own, err error) {
	h, pos := p.head, s.origin.first+s.edge.Size()
	_, err = st.entry.ExecContext(ctx, pos, p.leaf[:], p.body, string(h.Kind), h.ID, part(h), h.At,
		orNull(h.Who), orNull(h.Role), orNull(h.Task), orNull(string(h.Effect)))
	if isUnique(err) {
		return fmt.Errorf("append: a %s with this id and number is there already: %w", h.Kind, ledger.ErrOrder), nil
	}
	if err != nil {
		return nil, fmt.Errorf("write entry: %w", err)
	}
	return nil, nil
}

// writeHead writes the nodes that the batch completed and signs the new tree.
func (s *Store) writeHead(ctx context.Context, st *insertStatements, nodes []ledger.Node) ([]byte, error) {
	for _, n := range nodes {
		if _, err := st.node.ExecContext(ctx, s.origin.n, n.Level, n.Index, n.Hash[:]); err != nil {
			return nil, fmt.Errorf("write tree: %w", err)
		}
	}
	cp, err := s.opts.Key.Sign(ledger.Head{Origin: s.origin.name, Size: s.edge.Size(), Root: s.edge.Root()})
	if err != nil {
		return nil, err
	}
	res, err := st.head.ExecContext(ctx, s.edge.Size(), cp, s.origin.n, s.origin.size)
	if err != nil {
		return nil, fmt.Errorf("write head: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return nil, fmt.Errorf("write head: someone else moved it: %w", ErrDamaged)
	}
	return cp, nil
}

// part numbers the entries of one decision: decision 0, opened from 1, outcome
// -1, -2, ...
func part(h ledger.Header) int64 {
	if h.Kind == ledger.KindOutcome {
		return -1 - h.Seq
	}
	return h.Seq
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
