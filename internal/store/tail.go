package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/ledger"
)

// settleEvery is the longest that an entry lies in the journal alone: so long later
// another process finds it in the database.
const settleEvery = 100 * time.Millisecond

// tail is what is durable in the journal and not in the database yet, by position.
type tail struct {
	mu      sync.Mutex
	entries []*pending
	nodes   []ledger.Node // that they complete
	signed  []byte        // the tree that ends with them
	size    int64         // of it
}

// add takes what a frame of the journal holds.
func (t *tail) add(entries []*pending, nodes []ledger.Node, signed []byte, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries, t.nodes = append(t.entries, entries...), append(t.nodes, nodes...)
	t.signed, t.size = signed, size
}

// now is what lies in the tail, all of it of the same moment.
func (t *tail) now() (entries []*pending, nodes []ledger.Node, signed []byte, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.entries[:len(t.entries):len(t.entries)], t.nodes[:len(t.nodes):len(t.nodes)], t.signed, t.size
}

// drop forgets the first ones: they lie in the database.
func (t *tail) drop(entries, nodes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append([]*pending(nil), t.entries[entries:]...)
	t.nodes = append([]ledger.Node(nil), t.nodes[nodes:]...)
}

func (t *tail) empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.entries) == 0
}

// settle puts into the database all that Append has acknowledged, so that what is read
// from there next is no older.
func (s *Store) settle(ctx context.Context) error {
	if s.journal == nil || s.tail.empty() || s.refusing() != nil {
		return nil // of a store that is broken the tree in the database can still be read
	}
	s.db.Lock()
	defer s.db.Unlock()
	return s.drain(context.WithoutCancel(ctx))
}

// settledWhole is settle for whoever must not take what is there for all: a store that is
// broken may have acknowledged more than can be read.
func (s *Store) settledWhole(ctx context.Context) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	if err := s.refusing(); err != nil && !s.tail.empty() {
		return errors.Join(ErrUnsettled, err)
	}
	return nil
}

// drain is settle for a caller who holds db.
func (s *Store) drain(ctx context.Context) error {
	if err := s.refusing(); err != nil {
		return err
	}
	entries, nodes, signed, size := s.tail.now()
	if len(entries) == 0 {
		return nil
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	stmts := s.insert.in(ctx, tx)
	if err = bind(ctx, stmts, &s.binding, entries); err == nil {
		err = s.writeHead(ctx, stmts, nodes, signed, size)
	}
	indexed := false
	if err == nil {
		indexed, err = s.terms.write(ctx, stmts.run)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("store: move entries into the database: %w", err), tx.Rollback())
	}
	if err := s.commitWithin(tx); err != nil {
		return err
	}
	s.tail.drop(len(entries), len(nodes))
	s.settled(entries, size, indexed)
	return nil
}

// settled notes what a commit has put into the database.
func (s *Store) settled(entries []*pending, size int64, indexed bool) {
	s.size = size
	if indexed || defect.On(defect.NamesForgotten) {
		s.terms.forget()
	}
	s.terms.note(entries)
	s.summaries.note(entries)
	if s.pub != nil { // on start it reads what there is
		s.recent.note(entries, s.origin.first, s.pub.Size())
	}
	before := s.drained.Swap(s.origin.first + size)
	if s.settler != nil && before>>segmentBits != (s.origin.first+size)>>segmentBits {
		wake(s.settler.grew)
	}
	if s.copier != nil {
		s.copier.grew(context.Background(), s.write, entries)
	}
}

// settler moves the tail into the database a moment after something came into it.
type settler struct {
	wake chan struct{}
	full chan struct{} // a half of the journal is full: do not wait
	stop context.CancelFunc
	done chan struct{}
	mu   sync.Mutex
	err  error // of the last attempt

	grew       chan struct{} // a segment is full
	summarized chan struct{} // closed by summarizeOnAndOn, on return
}

func (s *Store) startSettler() {
	ctx, stop := context.WithCancel(context.Background())
	s.settler = &settler{
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: stop, done: make(chan struct{}),
		grew: make(chan struct{}, 1), summarized: make(chan struct{}),
	}
	go s.settleOnAndOn(ctx)
	go s.summarizeOnAndOn(ctx)
}

func (s *Store) settleOnAndOn(ctx context.Context) {
	w := s.settler
	defer close(w.done)
	for pause := time.NewTimer(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		pause.Reset(settleEvery)
		select {
		case <-ctx.Done():
			return
		case <-w.full:
		case <-pause.C:
		}
		err := s.settle(ctx)
		if err != nil {
			wake(w.wake)
		}
		switch was := w.note(err); {
		case err != nil && was == nil:
			// Nothing is lost: the entries stay in the journal, which takes more until it is full.
			s.opts.Log.LogAttrs(ctx, slog.LevelError, "entries of the journal are not moved into the database; it is tried again until it works", slog.Any("error", err))
		case err == nil && was != nil:
			s.opts.Log.LogAttrs(ctx, slog.LevelInfo, "entries of the journal are moved into the database again")
		}
	}
}

// note keeps how the last attempt ended and returns how the one before did.
func (w *settler) note(err error) (was error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, w.err = w.err, err
	return was
}

func (w *settler) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// close stops what runs behind the entries and waits for it.
func (w *settler) close() {
	w.stop()
	<-w.done
	<-w.summarized
}

// wake tells who waits on c, and never waits itself.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// replay takes up what the journal of a process that ended abruptly holds beyond the
// database: checked against the tree that was signed then, and put into the database.
func (s *Store) replay(ctx context.Context) error {
	if err := s.checkJournal(); err != nil {
		return err
	}
	next := s.origin.first + s.origin.size
	frames, err := readJournal(s.opts.Dir, s.origin.n, next)
	if err != nil {
		return err
	}
	for _, f := range frames {
		if err := s.takeFrame(&f); err != nil {
			return err
		}
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	s.origin.size, s.origin.checkpoint = s.edge.Size(), s.lastSigned(s.origin.checkpoint)
	return nil
}

func (s *Store) lastSigned(before []byte) []byte {
	if s.tail.signed != nil {
		return s.tail.signed
	}
	return before
}

// takeFrame checks a frame and adds it to the tree and the tail.
func (s *Store) takeFrame(f *frame) error {
	head, _, err := ledger.OpenCheckpoint(f.checkpoint, s.opts.Keys...)
	if err != nil {
		return fmt.Errorf("store: a signed tree in %s: %w; list the key that signed it among the accepted ones", journalName, err)
	}
	var entries []*pending
	var nodes []ledger.Node
	for i, body := range f.bodies {
		e, err := ledger.Decode(body)
		if err != nil {
			return fmt.Errorf("%w: entry at position %d: %w", ErrDamaged, f.first+int64(i), err)
		}
		p := newPending(e, body)
		p.pos = f.first + int64(i)
		if part(p.head) == 0 {
			s.ids.add(p.head.ID) // newer than all that the database had when it was read
		}
		entries, nodes = append(entries, p), s.edge.Append(p.leaf, nodes)
	}
	if head.Origin != s.origin.name || head.Size != s.edge.Size() || head.Root != s.edge.Root() {
		return fmt.Errorf("%w: the entries in %s are not those of the tree that was signed with them", ErrDamaged, journalName)
	}
	s.tail.add(entries, nodes, f.checkpoint, head.Size)
	return nil
}

// there reports whether a decision or act of this id is in the record. It asks the
// database only where the id is no greater than all that are not remembered: ids are
// UUIDv7, which grow with time.
func (s *Store) there(ctx context.Context, tx *sql.Tx, id string) (bool, error) {
	if s.ids.has(id) {
		return true, nil
	}
	if id > s.ids.greatest {
		return false, nil
	}
	if tx != nil {
		_, there, err := s.leafing(tx).decision(ctx, id)
		return there, err
	}
	if err := s.settleNow(ctx); err != nil {
		return false, err
	}
	_, there, err := s.leafing(s.read).decision(ctx, id)
	return there, err
}

// settleNow is settle for the sequencer, who may not go on without it.
func (s *Store) settleNow(ctx context.Context) error {
	if s.tail.empty() {
		return nil
	}
	s.db.Lock()
	defer s.db.Unlock()
	return s.drain(ctx)
}

// rememberedIDs is how many ids of decisions and acts are kept before the older ones go.
const rememberedIDs = 1 << 13

// ids are those of the newest decisions and acts: at least all that lie in the tail.
type ids struct {
	now, before map[string]struct{}
	greatest    string // of all others
}

func (i *ids) has(id string) bool {
	_, now := i.now[id]
	_, before := i.before[id]
	return now || before
}

func (i *ids) add(id string) {
	if len(i.now) >= rememberedIDs {
		for old := range i.before {
			i.greatest = max(i.greatest, old)
		}
		i.before, i.now = i.now, nil
	}
	if i.now == nil {
		i.now = make(map[string]struct{})
	}
	i.now[id] = struct{}{}
}
