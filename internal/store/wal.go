package store

import (
	"context"
	"database/sql"
	"log/slog"
	"sync/atomic"
)

// copyAfter is how many bytes of entries are taken before what they left in the
// write-ahead log is copied into the database.
const copyAfter = 2 << 20

// perBatch stands for the pages that every batch writes whatever its size.
const perBatch = 24 << 10

// copier keeps the write-ahead log short without making an append wait. SQLite
// copies within the commit that makes the log too long, and everybody whose entry
// is in that batch waits some ten milliseconds for it. The copier does most of it
// beside the writer. What was committed meanwhile the writer copies itself, which
// is little: only then can the log begin anew.
type copier struct {
	db    *sql.DB // that reads: copying is no change
	log   *slog.Logger
	wake  chan struct{}
	most  atomic.Bool // most is copied, the writer may do the rest
	stop  context.CancelFunc
	done  chan struct{}
	taken int64 // owned by the sequencer: bytes since the copier was woken
}

func newCopier(db *sql.DB, log *slog.Logger) *copier {
	ctx, stop := context.WithCancel(context.Background())
	c := &copier{db: db, log: log, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go c.run(ctx)
	return c
}

func (c *copier) run(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		if err := copyLog(ctx, c.db); err != nil {
			// Nothing is lost: it stays in the log, which grows until this works.
			c.log.LogAttrs(ctx, slog.LevelWarn, "the write-ahead log was not copied", slog.Any("error", err))
			continue
		}
		c.most.Store(true)
	}
}

// close stops the copier and waits for it.
func (c *copier) close() {
	c.stop()
	<-c.done
}

// grew is told by the sequencer, between two batches, how much one has written.
func (c *copier) grew(ctx context.Context, write *sql.DB, batch []*pending) {
	if c.most.CompareAndSwap(true, false) {
		if err := copyLog(ctx, write); err != nil {
			c.log.LogAttrs(ctx, slog.LevelWarn, "the write-ahead log was not copied", slog.Any("error", err))
		}
	}
	c.taken += perBatch
	for _, p := range batch {
		c.taken += int64(len(p.body))
	}
	if c.taken < copyAfter {
		return
	}
	c.taken = 0
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
