package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// unbind makes a database what it was before step 0008: a row for each entry.
func unbind(t *testing.T, tx *sql.Tx, records []Record) {
	t.Helper()
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("drop table ledger_sheaf")
	exec("drop table ledger_far")
	exec("create table ledger_entry (pos integer primary key, leaf blob not null, body blob not null, kind text not null, id text not null, part integer not null, at integer not null, who text, role text, task text, effect text, unique (id, part)) strict")
	exec("delete from goose_db_version where version_id > 7")
	for _, r := range records {
		e, err := ledger.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		h, leaf := e.Header(), ledger.LeafHash(r.Body)
		exec("insert into ledger_entry (pos, leaf, body, kind, id, part, at, who, role, task, effect) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			r.Pos, leaf[:], r.Body, string(h.Kind), h.ID, part(h), h.At, h.Who, h.Role, h.Task, string(h.Effect))
	}
}

// past is a data folder whose database the program before step 0008 wrote: of two logs, the
// second of which began after about 700 entries. Its keys are gone, so that another signs.
func past(t *testing.T) Options {
	t.Helper()
	o := ownOptions(t)
	f, err := os.Open(filepath.Join("testdata", "rows.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	err = errors.Join(err, os.MkdirAll(o.Dir, 0o700))
	if err == nil {
		err = os.WriteFile(filepath.Join(o.Dir, "modicum.db"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(filepath.Join("testdata", "rows.keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range bytes.Fields(public) {
		o.Keys = append(o.Keys, string(key))
	}
	o.Key = ledgertest.New(t, "modicum.test/second").Key()
	return o
}

// pastEntries are those that the database of then holds, in order, but for what the store
// wrote of itself.
func pastEntries() []ledger.Entry { return ledgertest.Mixed(1500) }

// TestADatabaseOfRowsBecomesOneOfSheaves: one that an earlier program wrote holds the same
// entries afterwards, byte for byte, in the same tree, and each is found.
func TestADatabaseOfRowsBecomesOneOfSheaves(t *testing.T) {
	o := past(t)
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	samePast(t, s)
}

// TestADatabaseOfRowsThatIsHalfMovedIsMovedOn: nothing is read before the move has ended, and
// nothing is there twice after it.
func TestADatabaseOfRowsThatIsHalfMovedIsMovedOn(t *testing.T) {
	o := past(t)
	cutShort(t, o)
	if _, err := OpenReader(t.Context(), o.Dir, o.Keys...); err == nil {
		t.Error("a record that is half moved is read")
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	samePast(t, s)
}

// TestL3_ADatabaseOfRowsWithAGapIsNotMoved: those that follow would take the place of the one
// that is gone. Nothing that the earlier program wrote is taken away.
func TestL3_ADatabaseOfRowsWithAGapIsNotMoved(t *testing.T) {
	for name, gone := range map[string]int{"the first": 0, "within a row": 700, "between two moves": unboundAtOnce} {
		t.Run(name, func(t *testing.T) {
			o := past(t)
			left := rowsWithout(t, o, gone)
			if _, err := Open(t.Context(), o); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("position %d", gone)) {
				t.Errorf("got %v, want what is gone", err)
			}
			if n := rowsWithout(t, o, -1); n != left {
				t.Errorf("%d rows are left of %d", n, left)
			}
		})
	}
}

// rowsWithout takes an entry out of a database of rows, and counts the others.
func rowsWithout(t *testing.T, o Options, pos int) (left int) {
	t.Helper()
	write, read, err := openDB(filepath.Join(o.Dir, "modicum.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = write.ExecContext(t.Context(), "delete from ledger_entry where pos = $1", pos); err == nil {
		err = write.QueryRowContext(t.Context(), "select count(*) from ledger_entry").Scan(&left)
	}
	if err := errors.Join(err, read.Close(), write.Close()); err != nil {
		t.Fatal(err)
	}
	return left
}

// TestADatabaseOfANewerProgramIsLeftAlone: it is not read, not written, and said to be one.
func TestADatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	appended(t, s, ledgertest.Decision(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write, read, err := openDB(filepath.Join(o.Dir, "modicum.db"))
	if err == nil {
		_, err = write.ExecContext(t.Context(), "insert into goose_db_version (version_id, is_applied) values ($1, 1)", schema+1)
	}
	if err := errors.Join(err, read.Close(), write.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(o.Dir, "modicum.db"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("the database is at version %d, this program knows %d: run the newer program", schema+1, schema)
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("opened: %v", err)
	}
	if _, err := OpenReader(t.Context(), o.Dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("read: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(o.Dir, "modicum.db")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("it was changed, %v", err)
	}
}

// cutShort moves entries as a start does, and stops after the first transaction.
func cutShort(t *testing.T, o Options) {
	t.Helper()
	write, read, err := openDB(filepath.Join(o.Dir, "modicum.db"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var moved int
	err = migrateUntil(ctx, write, func(n int) { moved += n; cancel() })
	if !errors.Is(err, context.Canceled) || moved == 0 {
		t.Fatalf("%d were moved, %v", moved, err)
	}
	if err := errors.Join(read.Close(), write.Close()); err != nil {
		t.Fatal(err)
	}
}

func samePast(t *testing.T, s *Store) {
	t.Helper()
	got, err := s.Range(t.Context(), 0, 5000)
	if err != nil {
		t.Fatal(err)
	}
	want := pastEntries()
	for i, r := range got {
		e, err := r.Entry()
		if err != nil {
			t.Fatal(err)
		}
		h := e.Header()
		if a, own := e.(*ledger.Act); own && (a.Act == ledger.ActOriginContinued || a.Act == ledger.ActKeyRotated) {
			continue
		}
		body, err := ledger.Encode(want[0])
		if err != nil || !bytes.Equal(body, r.Body) {
			t.Fatalf("entry at position %d is another: %v", i, err)
		}
		want = want[1:]
		group, err := s.ByID(t.Context(), h.ID)
		if err != nil {
			t.Fatal(err)
		}
		there := false
		for _, m := range group {
			there = there || m.Pos == r.Pos
		}
		if !there {
			t.Errorf("entry at position %d is not found by its id", i)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d entries are lost", len(want))
	}
	for i := range 5 {
		ref := ledgertest.Patient(i)
		n := 0
		for _, e := range pastEntries() {
			for _, p := range e.Header().Patients {
				if p == ref {
					n++
				}
			}
		}
		if found, err := s.Search(t.Context(), Query{Patient: ref, Limit: 1000}); err != nil || len(found) != n {
			t.Errorf("of patient %d %d entries are found, %v; want %d", i, len(found), err, n)
		}
	}
}
