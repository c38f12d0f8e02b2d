package store

import (
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
	l := s.leafing(s.write)
	next, err := l.end(ctx)
	if err != nil {
		return err
	}
	next = max(next, o.first) // a log that has begun has no entry yet
	if head.Origin != o.name || head.Size != o.size || next-o.first != o.size {
		return fmt.Errorf("%w: %d entries, the signed head of %s covers %d", ErrDamaged, next-o.first, o.name, head.Size)
	}
	s.origin, s.size = o, o.size
	s.drained.Store(next)
	if err := s.greatest(ctx); err != nil {
		return err
	}
	// The newest entries are hashed again: those a crash could have torn.
	from := max(0, o.size-maxBatch) &^ (ledger.TileWidth - 1)
	if s.edge, err = ledger.EdgeOf(from, func(level int, n int64, width int) ([]byte, error) { return s.Tile(ctx, level, n, width) }); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	err = l.bodies(ctx, o.first+from, next, func(_ int64, body []byte) error {
		s.edge.Append(ledger.LeafHash(body), nil)
		return nil
	})
	if err != nil {
		return err
	}
	if s.edge.Size() != o.size || s.edge.Root() != head.Root {
		return fmt.Errorf("%w: its %d entries have another root; run modicum ledger verify on the published folder", ErrDamaged, o.size)
	}
	return s.terms.recall(ctx, s.write)
}

// greatest reads the greatest id of a decision or act.
func (s *Store) greatest(ctx context.Context) error {
	var id []byte
	err := s.write.QueryRowContext(ctx, "select ceiling from ledger_sheaf order by first desc limit 1").Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: read the record: %w", err)
	}
	if len(id) != len(idBytes{}) {
		return errSheaf
	}
	s.ids.greatest = idBytes(id).String()
	return nil
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
