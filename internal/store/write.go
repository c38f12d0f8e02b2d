package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"modicum/ledger"
)

// insertStatements are prepared once, on the connection that writes.
type insertStatements struct{ entry, entries, node, head, run *sql.Stmt }

// rowsAtOnce is how many entries one insert writes where it can: a statement costs
// as much as the row that it writes.
const rowsAtOnce = 16

const entryColumns = 11

// insertEntries writes n rows.
func insertEntries(n int) string {
	var b strings.Builder
	b.WriteString("insert into ledger_entry (pos, leaf, body, kind, id, part, at, who, role, task, effect) values ")
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for col := range entryColumns {
			if col > 0 {
				b.WriteString(", ")
			}
			b.WriteString(param(row*entryColumns + col + 1))
		}
		b.WriteByte(')')
	}
	return b.String()
}

func entryArgs(args []any, p *pending) []any {
	h := p.head
	return append(args, p.pos, p.leaf[:], p.body, string(h.Kind), h.ID, part(h), h.At,
		orNull(h.Who), orNull(h.Role), orNull(h.Task), orNull(string(h.Effect)))
}

func (i *insertStatements) prepare(ctx context.Context, db *sql.DB) error {
	for _, s := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&i.entry, insertEntries(1)},
		{&i.entries, insertEntries(rowsAtOnce)},
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

func (i *insertStatements) in(ctx context.Context, tx *sql.Tx) *insertStatements {
	return &insertStatements{tx.StmtContext(ctx, i.entry), tx.StmtContext(ctx, i.entries), tx.StmtContext(ctx, i.node), tx.StmtContext(ctx, i.head), tx.StmtContext(ctx, i.run)}
}

// insertRows writes entries that can stand where they are, many rows at a time.
func (s *Store) insertRows(ctx context.Context, st *insertStatements, rows []*pending) error {
	args := make([]any, 0, rowsAtOnce*entryColumns)
	for chunk := range slices.Chunk(rows, rowsAtOnce) {
		var err error
		if len(chunk) == rowsAtOnce {
			args = args[:0]
			for _, p := range chunk {
				args = entryArgs(args, p)
			}
			_, err = st.entries.ExecContext(ctx, args...)
		} else {
			for i := 0; err == nil && i < len(chunk); i++ {
				_, err = st.entry.ExecContext(ctx, entryArgs(args[:0], chunk[i])...)
			}
		}
		if err != nil {
			return fmt.Errorf("write entries: %w", err)
		}
	}
	return nil
}

// writeOne runs one act and writes its entry. own is what is wrong with this
// entry alone; err ends the batch.
func (s *Store) writeOne(ctx context.Context, tx *sql.Tx, st *insertStatements, p *pending, nodes []ledger.Node) (_ []ledger.Node, own, err error) {
	if why := p.unwanted(); why != nil {
		return nodes, why, nil // nobody waits, nothing was done
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
	p.pos = s.origin.first + s.edge.Size()
	_, err = st.entry.ExecContext(ctx, entryArgs(nil, p)...)
	if isUnique(err) {
		return fmt.Errorf("append: a %s with this id and number is there already: %w", p.head.Kind, ledger.ErrOrder), nil
	}
	if err != nil {
		return nil, fmt.Errorf("write entry: %w", err)
	}
	return nil, nil
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

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
