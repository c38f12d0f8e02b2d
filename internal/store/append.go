package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/defect"
	"modicum/ledger"
)

// maxBatch is the largest number of entries that share a commit.
const maxBatch = 256

var _ ledger.Starter = (*Store)(nil)

// pending is one Append that waits.
type pending struct {
	ctx  context.Context
	head ledger.Header
	body []byte
	leaf ledger.Hash
	sort sort // with the traits of its segment, once it has one
	act  func(ledger.Tx) error
	done chan outcome // holds one: the sequencer never waits for a caller

	// Set by the sequencer.
	written  ledger.Receipt // when the entry is in the batch
	pos      int64
	behind   int64 // its decision; 0 where that is not known, or it is one
	answered bool  // its own fault was told

	gone atomic.Bool // nobody waits any more
}

// unwanted says why nobody waits for the entry; nil while somebody does.
func (p *pending) unwanted() error {
	if p.ctx.Err() != nil {
		return undurable(p.ctx)
	}
	if p.gone.Load() {
		return ledger.ErrNotDurable
	}
	return nil
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
	p, err := s.pend(ctx, e, act)
	if err != nil {
		return ledger.Receipt{}, err
	}
	select {
	case s.in <- p:
	case <-ctx.Done():
		return ledger.Receipt{}, undurable(ctx)
	case <-s.stop:
		return ledger.Receipt{}, ErrClosed
	}
	return s.await(ctx, p, nil)
}

// pend spells an entry.
func (s *Store) pend(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (*pending, error) {
	body, err := ledger.Encode(e)
	if err != nil {
		return nil, err
	}
	if err := s.refusing(); err != nil {
		return nil, err
	}
	p := newPending(e, body)
	p.ctx, p.act = ctx, act
	return p, nil
}

// newPending is an entry and how it is spelled.
func newPending(e ledger.Entry, body []byte) *pending {
	h := e.Header()
	return &pending{head: h, body: body, leaf: ledger.LeafHash(body), sort: sort{h.Who, traitsOf(e)}, done: make(chan outcome, 1)}
}

// await waits for what becomes of an entry that was taken in, until late says that it is
// enough.
func (s *Store) await(ctx context.Context, p *pending, late <-chan time.Time) (ledger.Receipt, error) {
	select {
	case o := <-p.done:
		return o.receipt, o.err
	case <-ctx.Done():
		return ledger.Receipt{}, undurable(ctx)
	case <-late:
		return ledger.Receipt{}, fmt.Errorf("append: %w: %w", ledger.ErrNotDurable, context.DeadlineExceeded)
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

// Start implements ledger.Starter.
func (s *Store) Start(e ledger.Entry) (ledger.Started, bool, error) {
	p, err := s.pend(context.Background(), e, nil)
	if err != nil {
		return nil, false, err
	}
	select {
	case s.in <- p:
		return &started{s, p}, true, nil
	default:
		return nil, false, nil
	}
}

// started is an entry on its way.
type started struct {
	s *Store
	p *pending
}

// Wait implements ledger.Started.
func (a *started) Wait(ctx context.Context, most time.Duration) (ledger.Receipt, error) {
	select {
	case o := <-a.p.done:
		return o.receipt, o.err
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	r, err := a.s.await(ctx, a.p, timer.C)
	if err != nil && (ctx.Err() == nil || defect.On(defect.GoneUnrecorded)) {
		a.p.gone.Store(true) // whoever goes away was decided on all the same, and that stays on its way into the record
	}
	return r, err
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

// run makes one batch durable and wakes its callers: in the journal, or where acts
// commit with their entries, in the database.
func (s *Store) run(batch []*pending) {
	if slices.ContainsFunc(batch, func(p *pending) bool { return p.act != nil }) || frameSize(batch) > halfSize {
		s.runInDatabase(batch)
		return
	}
	for len(batch) > 0 {
		batch = s.runInJournal(batch)
	}
}

// runInDatabase writes a batch in one transaction, behind all that the journal holds.
func (s *Store) runInDatabase(batch []*pending) {
	if err := s.refusing(); err != nil {
		answer(batch, err)
		return
	}
	edge := s.edge.Clone()
	s.db.Lock()
	kept, checkpoint, err := s.writeBatch(batch)
	s.db.Unlock()
	s.ended(kept, edge, checkpoint, err)
}

// ended tells the callers of a batch how it ended, and goes on from before it where
// nothing was written.
func (s *Store) ended(kept []*pending, before ledger.Edge, checkpoint []byte, err error) {
	if err != nil {
		s.edge = before
		clear(s.open) // not lost: lookUp finds them
		answer(kept, fmt.Errorf("append: %w: %w", ledger.ErrNotDurable, err))
		return
	}
	if len(kept) == 0 {
		return
	}
	s.origin.size, s.origin.checkpoint = s.edge.Size(), checkpoint
	for _, p := range kept {
		if part(p.head) == 0 {
			s.ids.add(p.head.ID)
		}
		p.written.Size = s.origin.size
		p.done <- outcome{receipt: p.written}
	}
	s.pub.Wake()
}

func answer(batch []*pending, err error) {
	for _, p := range batch {
		p.done <- outcome{err: err}
	}
}

// writeBatch writes the entries of a batch, each with its act, and the signed
// head. Callers whose own entry fails are answered here; kept are the others,
// whose entries are durable when err is nil. The caller holds db.
func (s *Store) writeBatch(batch []*pending) (kept []*pending, checkpoint []byte, err error) {
	// The transaction belongs to all callers, so none of their contexts ends it.
	ctx := context.Background()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return batch, nil, fmt.Errorf("begin: %w", err)
	}
	stmts := s.insert.in(ctx, tx)
	tail, nodes, _, _ := s.tail.now()
	completed := len(nodes)
	if err := bind(ctx, stmts, &s.binding, tail); err != nil {
		return batch, nil, errors.Join(err, tx.Rollback())
	}
	kept, nodes, err = s.writeEntries(ctx, tx, stmts, batch, nodes)
	if err != nil {
		return unanswered(batch), nil, errors.Join(err, tx.Rollback())
	}
	if len(kept) == 0 {
		return nil, nil, tx.Rollback()
	}
	indexed, err := s.terms.write(ctx, stmts.run)
	if err == nil {
		checkpoint, err = s.sign()
	}
	if err == nil {
		err = s.writeHead(ctx, stmts, nodes, checkpoint, s.edge.Size())
	}
	if err != nil {
		return kept, nil, errors.Join(err, tx.Rollback())
	}
	if err := s.commitWithin(tx); err != nil {
		return kept, nil, err
	}
	s.tail.drop(len(tail), completed)
	s.settled(append(tail, kept...), s.edge.Size(), indexed)
	return kept, checkpoint, nil
}

// writeEntries writes entries, each after its act.
func (s *Store) writeEntries(ctx context.Context, tx *sql.Tx, stmts *insertStatements, batch []*pending, nodes []ledger.Node) (kept []*pending, _ []ledger.Node, err error) {
	bound := 0
	for _, p := range batch {
		if s.mustLookUp(p.head) { // what is looked up has to lie there
			if err := bind(ctx, stmts, &s.binding, kept[bound:]); err != nil {
				return nil, nil, err
			}
			bound = len(kept)
		}
		own, err := s.writeOne(ctx, tx, kept, p)
		if err != nil {
			return nil, nil, err
		}
		if own != nil {
			p.fail(own)
			continue
		}
		nodes = s.grow(p, nodes)
		kept = append(kept, p)
	}
	return kept, nodes, bind(ctx, stmts, &s.binding, kept[bound:])
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

// commitWithin commits what lies in a transaction. Where the disk is full the frame that
// commits was not written whole, and SQLite writes nothing after it (powersafe overwrite,
// sqlite.org/psow.html): once the database is seen to be as before, that is a refusal like
// another, and the record goes on by itself when there is room.
func (s *Store) commitWithin(tx *sql.Tx) error {
	return s.within("commit", func() error {
		err := s.commit(tx)
		if isFull(err) && s.asBefore() {
			return &unwritten{err}
		}
		return err
	})
}

// unwritten is why a commit failed that is known to have changed nothing.
type unwritten struct{ error }

func (u *unwritten) Unwrap() error { return u.error }

// asBefore undoes what a failed commit left and reports whether the database ends where
// it ended before.
func (s *Store) asBefore() bool {
	ctx := context.Background()
	_, _ = s.write.ExecContext(ctx, "rollback") // SQLite may have done so itself
	now, err := s.current(ctx, s.write)
	return err == nil && now.n == s.origin.n && now.size == s.size
}

// within waits for what makes entries durable. Whatever keeps it from saying yes
// leaves open whether the entries are there, so the store takes nothing more until it
// is opened again and has looked.
func (s *Store) within(what string, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	timer := time.NewTimer(s.opts.CommitTimeout)
	defer timer.Stop()
	var err error
	select {
	case err = <-done:
		if err == nil {
			return nil
		}
		err = fmt.Errorf("%s: %w", what, err)
		if _, ok := errors.AsType[*unwritten](err); ok {
			return err
		}
	case <-timer.C:
		s.hung.add(done)
		err = fmt.Errorf("%s: no answer within %s", what, s.opts.CommitTimeout)
	}
	broken := fmt.Errorf("%w: %w", ledger.ErrBroken, err)
	s.broken.Store(&broken)
	s.opts.Log.Error("the record takes nothing more until the store is opened again", "error", err)
	return err
}

// hung are the commits that were given up, whose end nobody has seen.
type hung struct {
	mu  sync.Mutex
	all []chan error
}

func (h *hung) add(done chan error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, done)
}

// wait waits for all of them to end, for so long; false where one did not.
func (h *hung) wait(long time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	late := time.After(long)
	for _, done := range h.all {
		select {
		case <-done:
		case <-late:
			return false
		}
	}
	return true
}
