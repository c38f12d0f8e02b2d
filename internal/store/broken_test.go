package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// opened returns a store whose commits go through commit; that needs the
// package's own side.
func opened(t *testing.T, timeout time.Duration, commit func(*sql.Tx) error) (*Store, Options) {
	t.Helper()
	o := ownOptions(t)
	o.CommitTimeout = timeout
	return openedWith(t, o, commit), o
}

func ownOptions(t *testing.T) Options {
	t.Helper()
	return Options{Dir: filepath.Join(t.TempDir(), "data"), Key: ledgertest.New(t, "modicum.test/main").Key()}
}

func openedWith(t *testing.T, o Options, commit func(*sql.Tx) error) *Store {
	t.Helper()
	s, err := prepare(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.commit = commit
	if err := s.start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// ways are the two in which entries become durable: alone through the journal, with an
// act through the database.
var ways = []struct {
	name string
	act  func(ledger.Tx) error
}{
	{"the journal", nil},
	{"the database", func(ledger.Tx) error { return nil }},
}

// TestL1_ACommitThatHangsAcknowledgesNothing: callers end by their context, the
// store takes nothing more, and after reopening what is there is whole.
func TestL1_ACommitThatHangsAcknowledgesNothing(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { hangsAndIsMended(t, way.act) }) // no time passes while the disk works
		})
	}
}

func hangsAndIsMended(t *testing.T, act func(ledger.Tx) error) {
	release := make(chan struct{})
	o := ownOptions(t)
	o.CommitTimeout = 300 * time.Millisecond
	o.Sync = func(f *os.File) error { <-release; return syncData(f) }
	s := openedWith(t, o, func(tx *sql.Tx) error { <-release; return tx.Commit() })
	hangs(t, s, act)
	close(release)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.Append(context.Background(), ledgertest.Decision(102), act); err != nil {
		t.Error(err)
	}
	if _, err := again.ByID(context.Background(), ledgertest.ID(101)); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an entry that was refused is there: %v", err)
	}
}

func hangs(t *testing.T, s *Store, act func(ledger.Tx) error) {
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			defer cancel()
			_, err := s.Append(ctx, ledgertest.Decision(i), act)
			if !errors.Is(err, ledger.ErrNotDurable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want not durable by its deadline", err)
			}
		})
	}
	wg.Wait()
	// Without a deadline the time-out of the commit ends the wait.
	if _, err := s.Append(context.Background(), ledgertest.Decision(100), act); !errors.Is(err, ledger.ErrNotDurable) && !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("got %v, want an error", err)
	}
	if _, err := s.Append(context.Background(), ledgertest.Decision(101), act); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("got %v, want broken", err)
	}
	if s.Health() == nil {
		t.Error("a broken store says that it is well")
	}
}

// TestL1_AFailedCommitFailsEveryCallerOfTheBatch: what failed in the database is not
// there after reopening. What failed in the journal may be, as a whole: nobody knows
// what the disk took.
func TestL1_AFailedCommitFailsEveryCallerOfTheBatch(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			ioErr := errors.New("input/output error")
			o := ownOptions(t)
			o.Sync = func(*os.File) error { return ioErr }
			s := openedWith(t, o, func(tx *sql.Tx) error { return errors.Join(ioErr, tx.Rollback()) })
			var wg sync.WaitGroup
			var tried atomic.Int64
			for i := range 20 {
				wg.Go(func() {
					_, err := s.Append(context.Background(), ledgertest.Decision(i), way.act)
					if !errors.Is(err, ioErr) {
						t.Errorf("got %v, want the I/O error or that the log is broken by it", err)
					}
					if !errors.Is(err, ledger.ErrBroken) {
						tried.Add(1)
					}
				})
			}
			wg.Wait()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			o.Sync = nil
			again, err := Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			h, err := again.Head(context.Background())
			if err != nil || h.Size != 0 && (way.act != nil || h.Size != tried.Load()) {
				t.Errorf("head %+v, %v: want no entry, or of the journal the batch of %d", h, err, tried.Load())
			}
		})
	}
}

func TestWeakerDurabilityIsRefused(t *testing.T) {
	for name, dsn := range map[string]string{
		"in memory":       "file::memory:?_pragma=foreign_keys(1)",
		"not WAL":         "file:" + filepath.Join(t.TempDir(), "a.db") + "?_pragma=foreign_keys(1)",
		"synchronous off": "file:" + filepath.Join(t.TempDir(), "b.db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)",
		"no foreign keys": "file:" + filepath.Join(t.TempDir(), "c.db") + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)",
	} {
		db, err := sql.Open("sqlite", dsn)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		if err := checkDurable(context.Background(), db); !errors.Is(err, ErrNotDurable) {
			t.Errorf("%s: got %v, want refused", name, err)
		}
		db.Close()
	}
}

// TestL3_AnAlteredDatabaseIsNotSignedOver: a changed hash, entry, count or head
// stops the start.
func TestL3_AnAlteredDatabaseIsNotSignedOver(t *testing.T) {
	for name, change := range map[string]string{
		"an entry of a tile": "update ledger_sheaf set bodies = cast(replace(cast(bodies as text), 'facts-loaded', 'facts-leaded') as blob) where first = 128",
		"a newest entry":     "update ledger_sheaf set bodies = zeroblob(length(bodies)) where first = (select max(first) from ledger_sheaf)",
		"a node":             "update ledger_node set hash = zeroblob(32) where n = 0",
		"entries taken away": "delete from ledger_sheaf where first = (select max(first) from ledger_sheaf)",
		"older ones gone":    "delete from ledger_sheaf where first = 384",
		"the head":           "update ledger_origin set size = size - 1",
	} {
		t.Run(name, func(t *testing.T) {
			s, o := opened(t, time.Second, (*sql.Tx).Commit)
			for _, e := range ledgertest.Small(600) {
				if _, err := s.Append(context.Background(), e, nil); err != nil {
					t.Fatal(err)
				}
				if name == "an entry of a tile" && s.edge.Size() == 200 {
					break
				}
			}
			if _, err := s.read.Exec("select 1"); err != nil {
				t.Fatal(err)
			}
			s.Close()
			db, err := sql.Open("sqlite", "file:"+filepath.Join(o.Dir, "modicum.db"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(change); err != nil {
				t.Fatal(err)
			}
			db.Close()
			if again, err := Open(context.Background(), o); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want damaged", err)
				if err == nil {
					again.Close()
				}
			}
		})
	}
}

func TestErrorsDoNotRepeatEntries(t *testing.T) {
	s, _ := opened(t, time.Second, (*sql.Tx).Commit)
	defer s.Close()
	d := ledgertest.Decision(1)
	d.Patients = []string{"Patient/secret-mrn-448812"}
	_, err := s.Append(context.Background(), d, nil)
	if err == nil || strings.Contains(err.Error(), "448812") {
		t.Errorf("L4: got %v, want a refusal that does not repeat the value", err)
	}
}
