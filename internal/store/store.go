package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/durable"
	"modicum/ledger"
)

var (
	// ErrLocked: another process has the store open.
	ErrLocked = errors.New("the store is in use")
	// ErrNotDurable: the database would not survive a crash as it is set up.
	ErrNotDurable = errors.New("the store would not be durable")
	// ErrDamaged: the stored tree is not the one that was signed.
	ErrDamaged = errors.New("the stored record is not what was signed")
	// ErrBehind: the store is older than a checkpoint that it signed, as after a
	// restore from a backup. Only Continue goes on from there.
	ErrBehind = ledger.ErrBehind
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Options say what a store is made of. Dir and Key must be set.
type Options struct {
	Dir           string           // data folder, mode 0700; made when missing
	Folder        string           // where the record is published; "" means ledger in Dir
	Key           *ledger.Key      // signs; its name is the origin
	Keys          []string         // verification keys of earlier signing keys of this origin
	Known         [][]byte         // checkpoints known from outside (witness, auditor)
	Interval      time.Duration    // least time between two published checkpoints; 0 means 1 second
	CommitTimeout time.Duration    // after which a commit counts as lost; 0 means 10 seconds
	Now           func() time.Time // for the store's own entries; nil means time.Now
	Rand          io.Reader        // for their ids; nil means crypto/rand
	Log           *slog.Logger     // nil discards
	// Sync makes the bytes of a file of fixed size durable once they are written; nil means
	// fdatasync(2), where writing them does not make them durable already.
	Sync func(*os.File) error
}

// Store is our database. It is safe for concurrent use.
type Store struct {
	opts   Options
	lock   *os.File
	write  *sql.DB // one connection: the sequencer's, once it runs
	read   *sql.DB
	pub    *ledger.Publisher
	insert insertStatements // of write

	in     chan *pending // never closed: senders select on stop instead
	stop   chan struct{} // closed by Close
	done   chan struct{} // closed by sequence, on return
	once   sync.Once
	terms  terms
	copier *copier // nil until start

	summaries summaries
	recent    recent

	broken atomic.Pointer[error]
	hung   hung

	settler *settler     // nil until start
	tail    tail         // durable in the journal, not in the database yet
	drained atomic.Int64 // position up to which all lies in the database
	db      sync.Mutex   // guards writing to the database, terms among it, and the next two
	size    int64        // entries of the origin that lie in the database
	binding room

	// Owned by the sequencer once it runs.
	origin  origin // with what the journal holds
	crowd   crowd
	edge    ledger.Edge
	open    map[string]*progress // admitted decisions that have not ended
	ids     ids
	journal *journal            // nil until start
	commit  func(*sql.Tx) error // tests put a disk that hangs here
}

// origin is a row of ledger_origin.
type origin struct {
	n          int64
	name       string
	first      int64
	size       int64
	checkpoint []byte
}

// Open opens or makes the store. It refuses when the store would not be
// durable, when the stored tree is not the signed one, and when the store is
// behind a checkpoint that it signed (ErrBehind).
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// prepare locks and opens the database and brings the schema up to date.
func prepare(ctx context.Context, o Options) (s *Store, err error) {
	if o.Dir == "" || o.Key == nil {
		return nil, errors.New("store: Dir and Key must be set")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	o.defaults()
	if err := private(o.Dir); err != nil {
		return nil, err
	}
	s = &Store{opts: o, in: make(chan *pending, maxBatch), stop: make(chan struct{}), done: make(chan struct{}),
		open: map[string]*progress{}, commit: (*sql.Tx).Commit}
	if s.lock, err = lockFile(filepath.Join(o.Dir, "store.lock")); err != nil {
		return nil, err
	}
	path := filepath.Join(o.Dir, "modicum.db")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // the mode that SQLite's other files take over
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %w", err), s.release())
	}
	err = errors.Join(f.Close(), durable.Folder(o.Dir))
	if err == nil {
		s.write, s.read, err = openDB(path)
	}
	if err == nil {
		err = errors.Join(checkDurable(ctx, s.write), migrate(ctx, s.write), checkDurable(ctx, s.write))
	}
	if err == nil {
		err = s.insert.prepare(ctx, s.write)
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (o *Options) defaults() {
	if o.Folder == "" {
		o.Folder = filepath.Join(o.Dir, "ledger")
	}
	if o.CommitTimeout == 0 {
		o.CommitTimeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Keys = append([]string{o.Key.Public()}, o.Keys...)
}

// start checks the record, then runs the sequencer and the publisher.
func (s *Store) start(ctx context.Context) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if err := s.compare(ctx); err != nil {
		return err
	}
	if err := s.rotate(ctx); err != nil {
		return err
	}
	var err error
	if s.journal, err = openJournal(s.opts.Dir, s.opts.Sync, openDirect); err != nil {
		return err
	}
	pub, err := ledger.NewPublisher(ctx, ledger.PublisherConfig{Folder: s.opts.Folder, Source: s, Keys: s.opts.Keys, Interval: s.opts.Interval, Log: s.opts.Log})
	if err != nil {
		return err
	}
	s.pub = pub
	s.copier = newCopier(s.read, s.opts.Log)
	s.startSettler()
	go s.sequence()
	return nil
}

// Close lets the running batch end, publishes, and closes. Appends that wait
// fail with ErrClosed. It does not wait longer than CommitTimeout for a commit
// that hangs.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		close(s.stop)
		<-s.done
		s.settler.close()
		err = s.settle(context.Background())
		s.copier.close()
		if !s.hung.wait(s.opts.CommitTimeout) {
			// The database cannot be closed under a running commit; the
			// process has to end.
			err = errors.Join(errors.New("store: a commit still hangs; end the process"), s.pub.Close(context.Background()))
			return
		}
		err = errors.Join(err, s.pub.Close(context.Background()), s.closeJournal(), s.release())
	})
	return err
}

// closeJournal takes the journal away where all that it holds lies in the database.
// Otherwise the next start takes it up.
func (s *Store) closeJournal() error {
	if s.refusing() != nil || !s.tail.empty() {
		return s.journal.f.Close()
	}
	return s.journal.remove()
}

func (s *Store) release() error {
	var errs []error
	if s.journal != nil {
		s.journal.f.Close() // again where closeJournal did
	}
	for _, db := range []*sql.DB{s.read, s.write} { // the writer last: it empties the WAL
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// State says what of the record does not work; nil where all is well.
type State struct {
	Refusing error // it takes no entries until the process is started again
	Unmoved  error // entries are durable in the journal and do not get into the database
	Behind   error // the ledger folder does not follow; no entry waits for that
}

// State says how the record does. It reads no database.
func (s *Store) State() State {
	return State{Refusing: s.refusing(), Unmoved: s.settler.failure(), Behind: s.pub.Err()}
}

// Health is nil when the store takes entries and the folder follows; otherwise
// why not. A folder that lags does not stop appends.
func (s *Store) Health() error {
	st := s.State()
	switch {
	case st.Refusing != nil:
		return st.Refusing
	case st.Unmoved != nil:
		return fmt.Errorf("the journal is not moved into the database: %w", st.Unmoved)
	case st.Behind != nil:
		return fmt.Errorf("the ledger folder lags: %w", st.Behind)
	}
	return nil
}

// Handler serves checkpoint, tiles and bundles as they are in the folder.
func (s *Store) Handler() http.Handler { return s.pub.Handler() }

// Published is how many entries the tree in the folder has.
func (s *Store) Published() int64 { return s.pub.Size() }

// Folder is where the record is published.
func (s *Store) Folder() string { return s.opts.Folder }

// private makes dir when it is missing, and refuses one that others can read.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("store: data folder %s has mode %04o, so others can look into it; run: chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}
