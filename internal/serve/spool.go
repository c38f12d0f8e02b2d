package serve

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"modicum/internal/spool"
	"modicum/ledger"
)

// spoolBytes is what is set aside for broken glasses where the configuration does not say.
const spoolBytes = 16 << 20

// openSpool puts the spool of broken glasses before the record (threat model 9).
func (s *Server) openSpool(ctx context.Context, key []byte) (err error) {
	c := s.opts.Config
	conf := spool.Config{
		Dir: c.Spool.Dir, Bytes: c.Spool.Bytes, Key: key, Main: s.record(), Find: s.stored, Checkpoint: s.store.Checkpoint,
		Placed: func(ctx context.Context, a *ledger.Act) error { return s.org.lent.Adopt(ctx, a) },
		Now:    func() time.Time { now, _ := s.opts.Now(); return now }, Log: s.diary,
	}
	if conf.Dir == "" {
		conf.Dir = filepath.Join(c.Data, "spool")
	}
	if conf.Bytes == 0 {
		conf.Bytes = spoolBytes
	}
	s.spool, err = spool.Open(ctx, conf)
	return err
}

// record is where entries go: the store, or what a test puts before it.
func (s *Server) record() ledger.Log {
	if s.opts.before != nil {
		return s.opts.before(s.store)
	}
	return s.store
}

// stored are the entries of the record that have an id.
func (s *Server) stored(ctx context.Context, id string) ([][]byte, error) {
	records, err := s.store.ByID(ctx, id)
	var out [][]byte
	for _, r := range records {
		out = append(out, r.Body)
	}
	return out, err
}

// drain moves what an earlier process left in the spool into the record, before
// anything is answered. Where that cannot be done yet, it is tried again while serving.
func (s *Server) drain(ctx context.Context) {
	if err := s.spool.Drain(ctx); err != nil {
		s.diary.LogAttrs(ctx, slog.LevelError, "the spool could not be drained; it is tried again", slog.String("error", err.Error()))
	}
}

func (s *Server) closeRecord() error {
	var err error
	if s.spool != nil {
		err = s.spool.Close()
	}
	return errors.Join(err, s.store.Close())
}
