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
	return s.nodes(ctx, level, n, width)
}

// Bundle implements ledger.Source.
func (s *Store) Bundle(ctx context.Context, n int64, width int) ([]byte, error) {
	if _, bundle := s.recent.tile(n, width); bundle != nil {
		return bundle, nil
	}
	return s.storedBundle(ctx, n, width)
}

func (s *Store) storedLeaves(ctx context.Context, n int64, width int) ([]byte, error) {
	return s.stored(ctx, n, width, func(out, body []byte) []byte {
		leaf := ledger.LeafHash(body)
		return append(out, leaf[:]...)
	})
}

func (s *Store) storedBundle(ctx context.Context, n int64, width int) ([]byte, error) {
	return s.stored(ctx, n, width, ledger.AppendBundle)
}

// stored joins the first entries of tile n.
func (s *Store) stored(ctx context.Context, n int64, width int, join func(out, body []byte) []byte) (out []byte, err error) {
	from, there := s.origin.first+n*ledger.TileWidth, 0
	err = s.leafing(s.read).bodies(ctx, from, from+int64(width), func(_ int64, body []byte) error {
		if there == 0 { // entries are much of a length
			out = make([]byte, 0, width*(len(body)+2)*5/4)
		}
		out = join(out, body)
		there++
		return nil
	})
	if err == nil && there != width {
		err = fmt.Errorf("%w: %d of %d entries are there", ErrDamaged, there, width)
	}
	return out, err
}

// nodes joins the hashes of a tile above the leaves.
func (s *Store) nodes(ctx context.Context, level int, n int64, width int) (out []byte, err error) {
	rows, err := s.read.QueryContext(ctx, "select hash from ledger_node where origin = $1 and level = $2 and n >= $3 and n < $4 order by n",
		s.origin.n, level, n*ledger.TileWidth, n*ledger.TileWidth+int64(width))
	if err != nil {
		return nil, fmt.Errorf("store: read the tree: %w", err)
	}
	defer rows.Close()
	there := 0
	for ; rows.Next(); there++ {
		var hash sql.RawBytes
		if err := rows.Scan(&hash); err != nil {
			return nil, fmt.Errorf("store: read the tree: %w", err)
		}
		out = append(out, hash...)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read the tree: %w", err)
	}
	if there != width {
		return nil, fmt.Errorf("%w: %d of %d hashes are there", ErrDamaged, there, width)
	}
	return out, nil
}
