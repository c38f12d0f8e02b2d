package store

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestAnIndexOfRowsBecomesOneOfRuns: a database of before step 0007 holds a row for each
// name of each entry, as far as its index was whole, and rows of a run that was cut short.
func TestAnIndexOfRowsBecomesOneOfRuns(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	const entries, whole = segmentSize + 700, segmentSize + 400
	n := manyDecisions(t, s, 0, entries)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rowsOf(t, o, whole)
	if _, err := OpenReader(t.Context(), o.Dir); err == nil || !strings.Contains(err.Error(), "version 5") || !strings.Contains(err.Error(), "start the server") {
		t.Errorf("reading it as it is: %v", err)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 97 {
		found(t, s, i, n)
	}
	f, err := s.Find(t.Context(), Wanted{Patient: ledgertest.Patient(3), Limit: 500})
	if want := (n - 3 + 96) / 97; err != nil || len(f.Groups) != want {
		t.Errorf("%d are found, %v; want %d", len(f.Groups), err, want)
	}
	var left int
	if err := s.read.QueryRow("select count(*) from sqlite_master where name = 'ledger_term'").Scan(&left); err != nil || left != 0 {
		t.Errorf("the rows are still there: %d, %v", left, err)
	}
	if s.terms.first != whole+1 {
		t.Errorf("entries from %d on are read again, want %d", s.terms.first, whole+1)
	}
}

// rowsOf makes a database what it was before step 0006, with an index that is whole up to
// a position, and holds a part of what comes then.
func rowsOf(t *testing.T, o Options, whole int64) {
	t.Helper()
	s, err := prepare(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.release()
	records, err := s.Range(t.Context(), 0, 2*segmentSize)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	unbind(t, tx, records)
	exec("drop table ledger_run")
	exec("create table ledger_term (seg integer not null, term text not null, pos integer not null, primary key (seg, term, pos)) strict, without rowid")
	exec("delete from goose_db_version where version_id > 5")
	exec("insert into ledger_term (seg, term, pos) values (-1, 'indexed', $1)", whole)
	for _, r := range records {
		e, err := ledger.Decode(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		h := e.Header()
		if r.Pos > whole && r.Pos%2 == 0 {
			continue
		}
		exec("insert into ledger_term (seg, term, pos) values ($1, $2, $3)", r.Pos>>segmentBits, "w:"+h.Who, r.Pos)
		for _, ref := range h.Patients {
			exec("insert into ledger_term (seg, term, pos) values ($1, $2, $3) on conflict do nothing", r.Pos>>segmentBits, "p:"+ref, r.Pos)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestARowOfTheIndexThatCannotBeReadIsDamage: cut anywhere, it is never taken for less.
func TestARowOfTheIndexThatCannotBeReadIsDamage(t *testing.T) {
	r := run{rows: map[slot][]byte{}}
	r.add("w:alice", []int64{3, 700, 8000})
	row := r.rows[slot{bucketOf("w:alice"), 0}]
	if at, err := positions(nil, 2, row, "w:alice"); err != nil || len(at) != 3 || at[1] != 2*segmentSize+700 {
		t.Errorf("%v, %v", at, err)
	}
	for n := 1; n < len(row); n++ {
		if at, err := positions(nil, 0, row[:n], "w:alice"); err == nil {
			t.Errorf("cut after %d bytes: %v", n, at)
		}
	}
}
