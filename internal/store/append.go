package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"modicum/ledger"
)

// maxBatch is the largest number of entries that share a commit.
const maxBatch = 256

var _ ledger.Log = (*Store)(nil)

// pending is one Append that waits.
type pending struct {
	ctx  context.Context
	head ledger.Header
	body []byte
	leaf ledger.Hash
	act  func(ledger.Tx) error
	done chan outcome // holds one: the sequencer never waits for a caller

	// Set by the sequencer.
	written  ledger.Receipt // when the entry is in the batch
	pos      int64
	answered bool // its own fault was told
}

// fail tells the caller what is wrong with this entry alone.
func (p *pending) fail(own error) {
	p.answered = true
	p.done <- outcome{err: own}
}

type outcome struct {
	receipt ledger.Receipt
	err     error
}

// Append implements ledger.Log. When ctx ends while the commit is under way,
// the entry may be there or not: the error wraps ledger.ErrNotDurable and ctx's
// error, and nothing that depends on the entry may leave.
func (s *Store) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	body, err := ledger.Encode(e)
	if err != nil {
		return ledger.Receipt{}, err
	}
	if err := s.refusing(); err != nil {
		return ledger.Receipt{}, err
	}
	p := &pending{ctx: ctx, head: e.Header(), body: body, leaf: ledger.LeafHash(body), act: act, done: make(chan outcome, 1)}
	select {
	case s.in <- p:
	case <-ctx.Done():
		return ledger.Receipt{}, undurable(ctx)
	case <-s.stop:
		return ledger.Receipt{}, ErrClosed
	}
	select {
	case o := <-p.done:
		return o.receipt, o.err
	case <-ctx.Done():
		return ledger.Receipt{}, undurable(ctx)
	case <-s.done:
		// The sequencer has ended; it may have answered just before.
		select {
		case o := <-p.done:
			return o.receipt, o.err
		default:
			return ledger.Receipt{}, ErrClosed
		}
	}
}

func undurable(ctx context.Context) error {
	return fmt.Errorf("append: %w: %w", ledger.ErrNotDurable, context.Cause(ctx))
}

// refusing is why no entry is taken any more; nil when they are.
func (s *Store) refusing() error {
	if e := s.broken.Load(); e != nil {
		return *e
	}
	return nil
}

// sequence is the one goroutine that writes.
func (s *Store) sequence() {
	defer close(s.done)
	batch := make([]*pending, 0, maxBatch)
	for {
		select {
		case <-s.stop:
			return
		case p := <-s.in:
			batch = s.gather(append(batch[:0], p))
			s.run(batch)
		}
	}
}

// gather takes whoever else waits. Callers that the last commit woke are about
// to come back: yielding once or twice lets them into this batch instead of
// splitting the callers into two cohorts that take turns.
func (s *Store) gather(batch []*pending) []*pending {
	batch = s.linger(batch)
	for idle := 0; len(batch) < maxBatch && idle < 3; {
		select {
		case p := <-s.in:
			batch = append(batch, p)
			idle = 0
		default:
			idle++
			runtime.Gosched()
		}
	}
	return batch
}

// lingering is how long outcomes wait for an entry for whose sake there is a commit.
const lingering = 2 * time.Millisecond

// linger holds outcomes back for a moment: no answer waits for them, and a commit of
// their own costs as much as one that others need anyway.
func (s *Store) linger(batch []*pending) []*pending {
	if !endsOnly(batch[0]) {
		return batch
	}
	timer := time.NewTimer(lingering)
	defer timer.Stop()
	for len(batch) < maxBatch {
		select {
		case p := <-s.in:
			if batch = append(batch, p); !endsOnly(p) {
				return batch
			}
		case <-timer.C:
			return batch
		case <-s.stop:
			return batch
		}
	}
	return batch
}

func endsOnly(p *pending) bool { return p.head.Kind == ledger.KindOutcome && p.act == nil }

// run writes one batch and wakes its callers.
func (s *Store) run(batch []*pending) {
	if err := s.refusing(); err != nil {
		answer(batch, err)
		return
	}
	edge := s.edge.Clone()
	kept, checkpoint, err := s.writeBatch(batch)
	if err != nil {
		s.edge = edge
		clear(s.open)
		answer(kept, fmt.Errorf("append: %w: %w", ledger.ErrNotDurable, err))
		return
	}
	if len(kept) == 0 {
		return
	}
	s.origin.size, s.origin.checkpoint = s.edge.Size(), checkpoint
	for _, p := range kept {
		p.written.Size = s.origin.size
		p.done <- outcome{receipt: p.written}
	}
	s.pub.Wake()
	s.copier.grew(context.Background(), s.write, kept)
}

func answer(batch []*pending, err error) {
	for _, p := range batch {
		p.done <- outcome{err: err}
	}
}

// writeBatch writes the entries of a batch, each with its act, and the signed
// head. Callers whose own entry fails are answered here; kept are the others,
// whose entries are durable when err is nil.
func (s *Store) writeBatch(batch []*pending) (kept []*pending, checkpoint []byte, err error) {
	// The transaction belongs to all callers, so none of their contexts ends it.
	ctx := context.Background()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return batch, nil, fmt.Errorf("begin: %w", err)
	}
	stmts := s.insert.in(ctx, tx)
	kept, nodes, err := s.writeEntries(ctx, tx, stmts, batch)
	if err != nil {
		return unanswered(batch), nil, errors.Join(err, tx.Rollback())
	}
	if len(kept) == 0 {
		return nil, nil, tx.Rollback()
	}
	written, err := s.terms.write(ctx, tx, stmts.terms, namedBy(kept))
	if err == nil {
		checkpoint, err = s.writeHead(ctx, stmts, nodes)
	}
	if err != nil {
		return kept, nil, errors.Join(err, tx.Rollback())
	}
	if err := s.commitWithin(tx); err != nil {
		return kept, nil, err
	}
	s.terms.advance(written)
	for _, p := range kept {
		s.terms.note(s.origin.first+p.written.Index, p.head)
	}
	return kept, checkpoint, nil
}

// writeEntries writes a batch: many rows at a time where no act runs between them
// and no entry is there already, else one by one.
func (s *Store) writeEntries(ctx context.Context, tx *sql.Tx, stmts *insertStatements, batch []*pending) (kept []*pending, nodes []ledger.Node, err error) {
	if len(batch) >= rowsAtOnce && !slices.ContainsFunc(batch, func(p *pending) bool { return p.act != nil }) {
		before := s.edge.Clone()
		if _, err := tx.ExecContext(ctx, "savepoint many"); err != nil {
			return nil, nil, fmt.Errorf("savepoint: %w", err)
		}
		kept, nodes, err := s.writeMany(ctx, tx, stmts, batch)
		if !errors.Is(err, errThere) {
			return kept, nodes, err
		}
		// One of them is there already, and one by one will tell which.
		if _, err := tx.ExecContext(ctx, "rollback to many"); err != nil {
			return nil, nil, fmt.Errorf("undo a batch: %w", err)
		}
		s.edge = before
		clear(s.open) // not lost: lookUp finds them
	}
	for _, p := range unanswered(batch) {
		var own error
		nodes, own, err = s.writeOne(ctx, tx, stmts, p, nodes)
		if err != nil {
			return nil, nil, err
		}
		if own != nil {
			p.fail(own)
			continue
		}
		kept = append(kept, p)
	}
	return kept, nodes, nil
}

// unanswered are those whose callers still wait.
func unanswered(batch []*pending) []*pending {
	var left []*pending
	for _, p := range batch {
		if !p.answered {
			left = append(left, p)
		}
	}
	return left
}

// commitWithin commits. Whatever keeps it from saying yes leaves open whether
// the entries are there, so the store takes nothing more until it is opened
// again and has looked.
func (s *Store) commitWithin(tx *sql.Tx) error {
	done := make(chan error, 1)
	go func() { done <- s.commit(tx) }()
	timer := time.NewTimer(s.opts.CommitTimeout)
	defer timer.Stop()
	var err error
	select {
	case err = <-done:
		if err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	case <-timer.C:
		s.hung = done
		err = fmt.Errorf("commit: no answer within %s", s.opts.CommitTimeout)
	}
	broken := fmt.Errorf("%w: %w", ledger.ErrBroken, err)
	s.broken.Store(&broken)
	s.opts.Log.Error("the record takes nothing more until the store is opened again", "error", err)
	return err
}
