package store

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// readers are the ways to ask a record for what was acknowledged as decision 1.
func readers(ctx context.Context, s *Store) map[string]func() error {
	return map[string]func() error{
		"search": func() error { _, err := s.Search(ctx, Query{}); return err },
		"by id":  func() error { _, err := s.ByID(ctx, ledgertest.ID(1)); return err },
		"range":  func() error { _, err := s.Range(ctx, 0, 10); return err },
		"prove":  func() error { _, err := s.Prove(ctx, ledgertest.ID(1)); return err },
	}
}

// TestL1_ABrokenStoreLeavesOutNothingSilently: what it acknowledged and cannot read is not
// taken for what is not there. Where it holds all of it, it is still read.
func TestL1_ABrokenStoreLeavesOutNothingSilently(t *testing.T) {
	for _, settled := range []bool{false, true} {
		ioErr := errors.New("input/output error")
		ctx, fails := context.Background(), false
		s, _ := opened(t, time.Minute, func(tx *sql.Tx) error {
			if fails {
				return errors.Join(ioErr, tx.Rollback())
			}
			return tx.Commit()
		})
		let := hold(t, s)
		appended(t, s, ledgertest.Decision(1))
		fails = !settled // the settler waits for db
		let()
		if err := s.settle(ctx); settled && err != nil || s.broken.Load() == nil != settled {
			t.Fatalf("settled %t: %v", settled, err)
		}
		if settled {
			s.db.Lock()
			fails = true
			s.db.Unlock()
			_, err := s.Append(ctx, ledgertest.Act(2), func(ledger.Tx) error { return nil })
			if !errors.Is(err, ledger.ErrNotDurable) || s.broken.Load() == nil {
				t.Fatalf("the case breaks nothing: %v", err)
			}
		}
		for name, read := range readers(ctx, s) {
			err := read()
			if settled && err != nil || !settled && !(errors.Is(err, ErrUnsettled) && errors.Is(err, ledger.ErrBroken) && errors.Is(err, ioErr)) {
				t.Errorf("%s, settled %t: %v", name, settled, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// reader opens one on a folder.
func reader(t *testing.T, o Options) *Reader {
	t.Helper()
	r, err := OpenReader(context.Background(), o.Dir, o.Key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestL1_AReaderOfADeadFolderSaysThatTheNewestAreMissing, once nobody moved them for a while.
func TestL1_AReaderOfADeadFolderSaysThatTheNewestAreMissing(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Decision(1))
	left := dead(t, o)
	unreadable := dead(t, o)
	b := journalOf(t, unreadable)
	copy(b[blockSize*2:], b[:blockSize])
	b[frameHead] ^= 1
	putJournal(t, unreadable, b)
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			o   Options
			why error
		}{
			"it ended":                  {left, nil},
			"its journal is unreadable": {unreadable, ErrDamaged},
		} {
			r := reader(t, tt.o)
			for way, read := range map[string]func() error{
				"search": func() error { _, err := r.Search(context.Background(), Query{}); return err },
				"by id":  func() error { _, err := r.ByID(context.Background(), ledgertest.ID(1)); return err },
			} {
				if err := read(); !errors.Is(err, ErrUnsettled) || tt.why != nil && !errors.Is(err, tt.why) {
					t.Errorf("%s, %s: got %v, want unsettled and %v", name, way, err, tt.why)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestL1_AReaderBesideAWriterSeesWhatWasJustAcknowledged though it lies in the journal alone:
// the clock stands still until the reader waits.
func TestL1_AReaderBesideAWriterSeesWhatWasJustAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		s, o := opened(t, time.Minute, (*sql.Tx).Commit)
		defer s.Close()
		r := reader(t, o)
		defer r.Close()
		appended(t, s, ledgertest.Decision(1))
		if n, err := r.s.ByID(ctx, ledgertest.ID(1)); !errors.Is(err, ledger.ErrNotFound) {
			t.Fatalf("the case shows nothing: the database has %d, %v", len(n), err)
		}
		if got, err := r.ByID(ctx, ledgertest.ID(1)); err != nil || len(got) != 1 {
			t.Errorf("by id it found %d, %v", len(got), err)
		}
		appended(t, s, ledgertest.Decision(2))
		if got, err := r.Search(ctx, Query{Patient: ledgertest.Decision(2).Patients[0], Newest: true}); err != nil || len(got) == 0 || got[0].Index != 1 {
			t.Errorf("search found %d, %v", len(got), err)
		}
	})
}
