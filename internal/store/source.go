package store

import (
	"context"
	"database/sql"
	"fmt"

	"modicum/ledger"
)

var _ ledger.Source = (*Store)(nil)

// Checkpoint implements ledger.Source for the origin in force.
func (s *Store) Checkpoint(ctx context.Context) ([]byte, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	o, err := s.current(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("store: read the signed head: %w", err)
	}
	return o.checkpoint, nil
}

// Head is the newest signed tree.
func (s *Store) Head(ctx context.Context) (ledger.Head, error) {
	cp, err := s.Checkpoint(ctx)
	if err != nil {
		return ledger.Head{}, err
	}
	h, _, err := ledger.OpenCheckpoint(cp, s.opts.Keys...)
	return h, err
}

// Tile implements ledger.Source.
func (s *Store) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	if level == 0 {
		if leaves, _ := s.recent.tile(n, width); leaves != nil {
			return leaves, nil
		}
		return s.storedLeaves(ctx, n, width)
	}
	return s.collect(ctx, width, func(out, col []byte) []byte { return append(out, col...) },
		"select hash from ledger_node where origin = $1 and level = $2 and n >= $3 and n < $4 order by n",
		s.origin.n, level, n*ledger.TileWidth, n*ledger.TileWidth+int64(width))
}

// Bundle implements ledger.Source.
func (s *Store) Bundle(ctx context.Context, n int64, width int) ([]byte, error) {
	if _, bundle := s.recent.tile(n, width); bundle != nil {
		return bundle, nil
	}
	return s.storedBundle(ctx, n, width)
}

func (s *Store) storedLeaves(ctx context.Context, n int64, width int) ([]byte, error) {
	from := s.origin.first + n*ledger.TileWidth
	return s.collect(ctx, width, func(out, col []byte) []byte { return append(out, col...) },
		"select leaf from ledger_entry where pos >= $1 and pos < $2 order by pos", from, from+int64(width))
}

func (s *Store) storedBundle(ctx context.Context, n int64, width int) ([]byte, error) {
	from := s.origin.first + n*ledger.TileWidth
	return s.collect(ctx, width, ledger.AppendBundle,
		"select body from ledger_entry where pos >= $1 and pos < $2 order by pos", from, from+int64(width))
}

// collect joins one column of exactly width rows.
func (s *Store) collect(ctx context.Context, width int, join func(out, col []byte) []byte, query string, args ...any) ([]byte, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read the tree: %w", err)
	}
	defer rows.Close()
	var out []byte
	n := 0
	for ; rows.Next(); n++ {
		var col sql.RawBytes
		if err := rows.Scan(&col); err != nil {
			return nil, fmt.Errorf("store: read the tree: %w", err)
		}
		if n == 0 { // entries are much of a length
			out = make([]byte, 0, width*(len(col)+2)*5/4)
		}
		out = join(out, col)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read the tree: %w", err)
	}
	if n != width {
		return nil, fmt.Errorf("%w: %d of %d hashes or entries are there", ErrDamaged, n, width)
	}
	return out, nil
}
