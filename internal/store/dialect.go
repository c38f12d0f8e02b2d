package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strconv"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// All that is peculiar to SQLite stands in this file. Everywhere else: $1
// placeholders, int64 microseconds UTC, text ids, RETURNING, ON CONFLICT.

//go:embed migrations
var migrations embed.FS

// dsn says how a connection is made: durable, strict about references, patient
// with the other connections of this process. The log is copied by the copier; a
// commit copies it, at 64 MB, only where the copier cannot follow.
func dsn(path string, readOnly bool) string {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)", "wal_autocheckpoint(16000)", "cache_size(-32768)"} {
		q.Add("_pragma", p)
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	}
	q.Set("_txlock", "immediate")
	return (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String()
}

// openDB returns one connection that writes and a few that read.
func openDB(path string) (write, read *sql.DB, err error) {
	if write, err = sql.Open("sqlite", dsn(path, false)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	write.SetConnMaxLifetime(0)
	if read, err = sql.Open("sqlite", dsn(path, true)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	return write, read, nil
}

// checkDurable asks the connection what really holds: a file system without
// shared memory, for one, silently refuses WAL.
func checkDurable(ctx context.Context, db *sql.DB) error {
	var mode, file string
	var sync, keys int
	row := func(q string, dest any) error { return db.QueryRowContext(ctx, q).Scan(dest) }
	if err := errors.Join(row("pragma journal_mode", &mode), row("pragma synchronous", &sync), row("pragma foreign_keys", &keys),
		row("select file from pragma_database_list where name = 'main'", &file)); err != nil {
		return fmt.Errorf("store: ask for durability: %w", err)
	}
	switch {
	case mode != "wal":
		return fmt.Errorf("%w: journal_mode is %q, not wal; put the data folder on a local disk", ErrNotDurable, mode)
	case sync < 2:
		return fmt.Errorf("%w: synchronous is %d, below 2 (full)", ErrNotDurable, sync)
	case keys != 1:
		return fmt.Errorf("%w: foreign_keys is off", ErrNotDurable)
	case file == "":
		return fmt.Errorf("%w: the database is in memory", ErrNotDurable)
	}
	return nil
}

// schema is the version to which the migrations lead.
const schema = 9

// unbinds is the step before which rows of single entries are moved.
const unbinds = 9

func newer(have int64) error {
	return fmt.Errorf("store: the database is at version %d, this program knows %d: run the newer program", have, schema)
}

// readable refuses a database of another version: who only reads does not change it.
func readable(ctx context.Context, db *sql.DB) error {
	var have int64
	if err := db.QueryRowContext(ctx, "select max(version_id) from goose_db_version").Scan(&have); err != nil {
		return fmt.Errorf("store: read the version of the database: %w", err)
	}
	switch {
	case have > schema:
		return newer(have)
	case have < schema:
		return fmt.Errorf("store: the database is at version %d, this program reads %d: start the server with this program once, which brings it up to date", have, schema)
	}
	return nil
}

// migrate brings the schema to this version. Forward only.
func migrate(ctx context.Context, db *sql.DB) error {
	return migrateUntil(ctx, db, func(int) {})
}

// migrateUntil is migrate, which tells after each transaction how many entries it moved.
func migrateUntil(ctx context.Context, db *sql.DB, moved func(int)) error {
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(goose.NewGoMigration(7, &goose.GoFunc{RunTx: makeRuns}, nil)))
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	have, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	if known != schema {
		return fmt.Errorf("store: migrations: they lead to version %d, not %d", known, schema)
	}
	if have > known {
		return newer(have)
	}
	if have < unbinds { // which drops what has to be moved, in more than one transaction
		if _, err := p.UpTo(ctx, unbinds-1); err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		if err := bindRows(ctx, db, moved); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return nil
}

// ofSheaves stands for the rows of the sheaves whose numbers argument $1 lists: a statement
// has room for some thousand arguments, and this one stays the same.
const ofSheaves = " from json_each($1) as one cross join ledger_sheaf as s on s.first >= one.value * 128 and s.first < (one.value + 1) * 128 "

// list is how ofSheaves takes numbers.
func list(numbers []int64) string {
	b := []byte{'['}
	for i, n := range numbers {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return string(append(b, ']'))
}

// isFull tells whether err says that the disk has no room.
func isFull(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL
}

// copyLog copies what the write-ahead log holds into the database, as far as nobody
// reads or writes it: it waits for nobody.
func copyLog(ctx context.Context, db *sql.DB) error {
	var busy, log, copied int
	return db.QueryRowContext(ctx, "pragma wal_checkpoint(passive)").Scan(&busy, &log, &copied)
}
