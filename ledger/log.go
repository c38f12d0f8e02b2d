package ledger

import (
	"context"
	"errors"
	"time"
)

// Errors that callers of a [Log] act on.
var (
	// ErrNotDurable: the entry may or may not be in the log, so nothing that
	// depends on it may leave. A gate answers as if the log were down.
	ErrNotDurable = errors.New("the record of it is not known to be durable")
	// ErrBroken: an earlier commit ended without an answer, so this log takes
	// nothing more until it is opened again and has looked at what is there.
	ErrBroken = errors.New("the log is closed to new entries until it is opened again")
	// ErrOrder: the entry cannot stand here: its decision is missing or ended, a
	// sequence number is skipped, or an id is used twice.
	ErrOrder = errors.New("the entry is out of order")
	// ErrTooLarge: the entry is over MaxEntry bytes or MaxPatients patients;
	// see SplitOpened and SplitOutcome.
	ErrTooLarge = errors.New("the entry is too large")
	// ErrNotFound: no such entry.
	ErrNotFound = errors.New("no such entry in the log")
)

// Log is the write side of the record.
//
// Append returns a nil error only when the entry, and everything that act did
// through its Tx, is durable: both commit or neither does. A nil act stands for
// no act. When act fails, its error comes back and neither is kept. When ctx
// ends first, the error wraps ctx's error and ErrNotDurable. Append is safe for
// concurrent use; entries are ordered as they were taken.
//
// act runs on the log's one writer and holds up every other append: it must do
// nothing but short statements on its Tx, and must not keep the Tx.
type Log interface {
	Append(ctx context.Context, e Entry, act func(Tx) error) (Receipt, error)
}

// Starter is a Log that can take an entry in before it is durable, so that whoever has
// other work to do meanwhile needs no goroutine for it.
type Starter interface {
	Log
	// Start is the first half of an Append without an act. It never waits: ok is false
	// where it would have to, and then nothing was taken.
	Start(e Entry) (s Started, ok bool, err error)
}

// Started is an entry that was taken in.
type Started interface {
	// Wait is the second half of the Append, no longer than so long. It is called once. Where
	// it fails since ctx has ended, the entry may become durable all the same.
	Wait(ctx context.Context, most time.Duration) (Receipt, error)
}

// Tx is a transaction in the store that holds the log. Statements are portable
// SQL with $1 placeholders.
type Tx interface {
	// Exec runs a statement and returns the number of rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a statement that returns rows; the caller closes them before
	// the next statement.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Rows is the result of a Query, read as database/sql's rows are.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Receipt says where an entry came to lie.
type Receipt struct {
	Origin string // the log's name
	Index  int64  // position in the tree of that origin, from 0
	Size   int64  // entries in the first signed tree that holds this one
}
