// Package ledgertest is a log in memory, with synthetic entries, for tests of
// whatever writes to the record or reads it. Nothing in it is durable.
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"modicum/ledger"
)

// Log is a log in memory. It implements ledger.Log and ledger.Source.
type Log struct {
	key *ledger.Key

	mu      sync.Mutex // guards what follows
	edge    ledger.Edge
	entries [][]byte
	levels  map[int][]ledger.Hash
	fail    error
}

// New returns an empty log with a fresh key.
func New(t testing.TB, origin string) *Log {
	t.Helper()
	secret, _, err := ledger.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ledger.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return WithKey(key)
}

// WithKey returns an empty log that key signs.
func WithKey(key *ledger.Key) *Log {
	return &Log{key: key, levels: map[int][]ledger.Hash{}}
}

// Key signs the log.
func (l *Log) Key() *ledger.Key { return l.key }

// Fail makes every later Append fail with err; nil lets them succeed again.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// Append implements ledger.Log. An act finds no database.
func (l *Log) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	b, err := ledger.Encode(e)
	if err != nil {
		return ledger.Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return ledger.Receipt{}, fmt.Errorf("%w: %w", ledger.ErrNotDurable, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return ledger.Receipt{}, l.fail
	}
	if act != nil {
		if err := act(noTx{}); err != nil {
			return ledger.Receipt{}, err
		}
	}
	l.add(b)
	return ledger.Receipt{Origin: l.key.Origin(), Index: l.edge.Size() - 1, Size: l.edge.Size()}, nil
}

// AddRaw appends bytes as they are, right or wrong.
func (l *Log) AddRaw(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(b)
}

func (l *Log) add(b []byte) {
	h := ledger.LeafHash(b)
	l.entries = append(l.entries, b)
	l.levels[0] = append(l.levels[0], h)
	for _, n := range l.edge.Append(h, nil) {
		l.levels[n.Level] = append(l.levels[n.Level], n.Hash)
	}
}

// Entries are the entries so far.
func (l *Log) Entries() []ledger.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ledger.Entry
	for _, b := range l.entries {
		if e, err := ledger.Decode(b); err == nil {
			out = append(out, e)
		}
	}
	return out
}

// Raw are the bytes of the entries so far.
func (l *Log) Raw() [][]byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([][]byte(nil), l.entries...)
}

// Checkpoint implements ledger.Source.
func (l *Log) Checkpoint(context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.key.Sign(ledger.Head{Origin: l.key.Origin(), Size: l.edge.Size(), Root: l.edge.Root()})
}

// Tile implements ledger.Source.
func (l *Log) Tile(_ context.Context, level int, n int64, width int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.levels[level]
	from := n * ledger.TileWidth
	if from+int64(width) > int64(len(all)) {
		return nil, ledger.ErrNotFound
	}
	var out []byte
	for _, h := range all[from : from+int64(width)] {
		out = append(out, h[:]...)
	}
	return out, nil
}

// Bundle implements ledger.Source.
func (l *Log) Bundle(_ context.Context, n int64, width int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := n * ledger.TileWidth
	if from+int64(width) > int64(len(l.entries)) {
		return nil, ledger.ErrNotFound
	}
	var out []byte
	for _, e := range l.entries[from : from+int64(width)] {
		out = ledger.AppendBundle(out, e)
	}
	return out, nil
}

// noTx is the transaction of a log without a database.
type noTx struct{}

var errNoDatabase = errors.New("ledgertest: this log has no database")

func (noTx) Exec(context.Context, string, ...any) (int64, error) { return 0, errNoDatabase }
func (noTx) Query(context.Context, string, ...any) (ledger.Rows, error) {
	return nil, errNoDatabase
}
