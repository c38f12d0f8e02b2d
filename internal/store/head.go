package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modicum/internal/durable"
	"modicum/ledger"
)

// load reads the origin in force, or makes the first one, and checks that the
// stored tree is the signed one.
func (s *Store) load(ctx context.Context) error {
	o, err := s.current(ctx, s.write)
	if errors.Is(err, sql.ErrNoRows) {
		return s.found(ctx)
	}
	if err != nil {
		return fmt.Errorf("store: read the signed head: %w", err)
	}
	if o.name != s.opts.Key.Origin() {
		return fmt.Errorf("store: it holds the log %s, the key is for %s; configure that log's key, or go on under the new name with: modicum ledger continue", o.name, s.opts.Key.Origin())
	}
	if err := s.adopt(ctx, o); err != nil {
		return err
	}
	return s.replay(ctx)
}

// adopt checks o against the stored hashes and makes it the origin in force.
func (s *Store) adopt(ctx context.Context, o origin) error {
	head, _, err := ledger.OpenCheckpoint(o.checkpoint, s.opts.Keys...)
	if err != nil {
		return fmt.Errorf("store: the signed head of %s: %w; list the key that signed it among the accepted ones", o.name, err)
	}
	var next int64
	if err := s.write.QueryRowContext(ctx, "select coalesce(max(pos) + 1, $1) from ledger_entry where pos >= $1", o.first).Scan(&next); err != nil {
		return fmt.Errorf("store: count entries: %w", err)
	}
	if head.Origin != o.name || head.Size != o.size || next-o.first != o.size {
		return fmt.Errorf("%w: %d entries, the signed head of %s covers %d", ErrDamaged, next-o.first, o.name, head.Size)
	}
	s.origin, s.size = o, o.size
	s.drained.Store(next)
	if err := s.write.QueryRowContext(ctx, "select coalesce(max(id), '') from ledger_entry").Scan(&s.ids.greatest); err != nil {
		return fmt.Errorf("store: read the greatest id: %w", err)
	}
	s.edge, err = ledger.EdgeOf(o.size, func(level int, n int64, width int) ([]byte, error) { return s.Tile(ctx, level, n, width) })
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if s.edge.Root() != head.Root {
		return fmt.Errorf("%w: the hashes of its %d entries give another root; run modicum ledger verify on the published folder", ErrDamaged, o.size)
	}
	if err := s.checkNewest(ctx, o); err != nil {
		return err
	}
	return s.terms.recall(ctx, s.write)
}

// checkNewest hashes the newest entries again: those a crash could have torn.
func (s *Store) checkNewest(ctx context.Context, o origin) error {
	rows, err := s.write.QueryContext(ctx, "select pos, leaf, body from ledger_entry where pos >= $1 order by pos", max(o.first, o.first+o.size-maxBatch))
	if err != nil {
		return fmt.Errorf("store: read entries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var pos int64
		var leaf, body sql.RawBytes
		if err := rows.Scan(&pos, &leaf, &body); err != nil {
			return fmt.Errorf("store: read entries: %w", err)
		}
		if h := ledger.LeafHash(body); !bytes.Equal(h[:], leaf) {
			return fmt.Errorf("%w: entry %d of %s is not what was hashed", ErrDamaged, pos-o.first, o.name)
		}
	}
	return rows.Err()
}

// found makes the first origin: an empty tree, signed. A journal that lies there already
// is that of a database that was lost.
func (s *Store) found(ctx context.Context) error {
	o := origin{n: 1, name: s.opts.Key.Origin()}
	var err error
	if o.checkpoint, err = s.opts.Key.Sign(ledger.Head{Origin: o.name, Root: s.edge.Root()}); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, insertOrigin, o.n, o.name, o.first, o.size, o.checkpoint); err != nil {
		return fmt.Errorf("store: make the log: %w", err)
	}
	s.origin = o
	return s.replay(ctx)
}

const insertOrigin = "insert into ledger_origin (origin, name, first, size, checkpoint) values ($1, $2, $3, $4, $5)"

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (s *Store) current(ctx context.Context, q querier) (o origin, err error) {
	err = q.QueryRowContext(ctx, "select origin, name, first, size, checkpoint from ledger_origin order by origin desc limit 1").
		Scan(&o.n, &o.name, &o.first, &o.size, &o.checkpoint)
	return o, err
}

// compare holds the store against every checkpoint that is known: a store that
// is behind one of them was restored from a backup, and whatever it signed next
// would fork the log (threat model L3).
func (s *Store) compare(ctx context.Context) error {
	known := s.opts.Known
	cp, err := s.folderCheckpoint(ctx)
	if err != nil {
		return err
	}
	if cp != nil {
		known = append([][]byte{cp}, known...)
	}
	now, _, err := ledger.OpenCheckpoint(s.origin.checkpoint, s.opts.Keys...)
	if err != nil {
		return err
	}
	for i, cp := range known {
		where := "the published folder " + s.opts.Folder
		if i > 0 || len(known) == len(s.opts.Known) {
			where = "a checkpoint from outside"
		}
		then, _, err := ledger.OpenCheckpoint(cp, s.opts.Keys...)
		if err != nil {
			return fmt.Errorf("store: %s: %w; it may belong to another log: move it away or list its key", where, err)
		}
		if err := ledger.CheckGrowth(ctx, s, now, then); err != nil {
			return fmt.Errorf("store: %s: %w; if the data folder was restored from a backup, go on under a new name with: modicum ledger continue --origin NEW-NAME --reason TEXT", where, err)
		}
	}
	return nil
}

// folderCheckpoint reads the published checkpoint. A folder of an origin that
// this one continues is moved aside first: Continue was cut short there.
func (s *Store) folderCheckpoint(ctx context.Context) ([]byte, error) {
	cp, err := os.ReadFile(filepath.Join(s.opts.Folder, "checkpoint"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	name, _, _ := strings.Cut(string(cp), "\n")
	var n int64
	err = s.write.QueryRowContext(ctx, "select origin from ledger_origin where name = $1 and origin < $2", name, s.origin.n).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return cp, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return nil, s.setAside(n)
}

// setAside keeps the folder of origin n beside the new one: it may hold entries
// that the store has lost.
func (s *Store) setAside(n int64) error {
	aside := fmt.Sprintf("%s.%d", s.opts.Folder, n)
	if _, err := os.Stat(aside); err == nil {
		return fmt.Errorf("store: cannot keep the folder of the earlier log: %s exists already", aside)
	}
	if err := os.Rename(s.opts.Folder, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: keep the folder of the earlier log: %w", err)
	}
	return durable.Folder(filepath.Dir(s.opts.Folder))
}
