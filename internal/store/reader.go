package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"modicum/ledger"
)

// ErrNoRecord: there is no store in the folder.
var ErrNoRecord = errors.New("there is no record here")

// ErrUnsettled: the newest entries lie in the journal alone.
var ErrUnsettled = errors.New("the newest entries are not in the database yet: the process that wrote them ended abruptly or cannot write its database, and takes them up when it is started again")

// Reader reads a store beside the process that writes it, which is how a person
// explains a decision while the server runs. It writes nothing and takes no lock.
// It is safe for concurrent use.
type Reader struct{ s *Store }

var _ ledger.Source = (*Reader)(nil)

// OpenReader opens the store in dir for reading. keys verify the checkpoints of
// its log; without any, nothing can be proved.
func OpenReader(ctx context.Context, dir string, keys ...string) (*Reader, error) {
	path := filepath.Join(dir, "modicum.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrNoRecord, path)
	} else if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := readable(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &Store{opts: Options{Dir: dir, Keys: keys, Folder: filepath.Join(dir, "ledger")}, read: db}
	s.origin, err = s.current(ctx, db)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRecord // made, and never used
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: read the record: %w", err), db.Close())
	}
	return &Reader{s}, nil
}

// Close lets go of the store.
func (r *Reader) Close() error { return r.s.read.Close() }

// Search is that of Store.
func (r *Reader) Search(ctx context.Context, q Query) ([]Record, error) {
	if err := r.settled(ctx); err != nil {
		return nil, err
	}
	if err := r.s.terms.recall(ctx, r.s.read); err != nil {
		return nil, err
	}
	return r.s.Search(ctx, q)
}

// ByID is that of Store.
func (r *Reader) ByID(ctx context.Context, id string) ([]Record, error) {
	if err := r.settled(ctx); err != nil {
		return nil, err
	}
	return r.s.ByID(ctx, id)
}

// settled waits until the database holds what the journal of the process that writes
// held at the time of the call: a moment. Where that process has ended abruptly nobody
// moves it, and what is there may not be taken for all.
func (r *Reader) settled(ctx context.Context) error {
	const pause, most = settleEvery / 5, 100
	until := int64(-1) // not known yet
	var last error     // it passes where the journal was read while it was written
	for range most {
		o, err := r.s.current(ctx, r.s.read)
		if err != nil {
			return fmt.Errorf("store: read the record: %w", err)
		}
		next := o.first + o.size
		if until < 0 {
			var frames []frame
			frames, last = readJournal(r.s.opts.Dir, o.n, next)
			switch {
			case last == nil && len(frames) == 0:
				return nil
			case last == nil:
				until = frames[len(frames)-1].end()
			}
		}
		if until >= 0 && next >= until {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return errors.Join(ErrUnsettled, last)
}

// Origin names the log in force.
func (r *Reader) Origin() string { return r.s.origin.name }

// Prove makes the proof of one record of the log in force; ledger.ErrNotFound
// where it is of an earlier log, whose folder was kept.
func (r *Reader) Prove(ctx context.Context, rec *Record) (*ledger.Proof, error) {
	if rec.Origin != r.s.origin.name {
		return nil, fmt.Errorf("prove: it lies in the earlier log %s: %w", rec.Origin, ledger.ErrNotFound)
	}
	return ledger.Prove(ctx, r.s, rec.Index, r.s.opts.Keys...)
}

// Checkpoint implements ledger.Source.
func (r *Reader) Checkpoint(ctx context.Context) ([]byte, error) { return r.s.Checkpoint(ctx) }

// Tile implements ledger.Source.
func (r *Reader) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	return r.s.Tile(ctx, level, n, width)
}

// Bundle implements ledger.Source.
func (r *Reader) Bundle(ctx context.Context, n int64, width int) ([]byte, error) {
	return r.s.Bundle(ctx, n, width)
}

// Posted is that of Store.
func (r *Reader) Posted(ctx context.Context) ([]Posted, error) { return r.s.Posted(ctx) }
