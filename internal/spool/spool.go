// Package spool keeps the entries of broken glasses while the record cannot be
// written (threat model 9), so that an emergency goes on and still leaves evidence
// before data (L1).
//
// A [Spool] stands before the record and passes everything on. Where the record
// cannot say that an entry is durable, and the entry is of a broken glass, it goes
// into a file set aside beforehand: chained, keyed, bounded, on disk before Append
// returns. Everything else gets the record's own error, and so does a broken glass
// once the file is full. When the record is back, [Spool.Drain] moves the entries
// there in their order, each once, and an act tells of it; only then the file is
// cleared. Until then neither searches nor explanations find them.
package spool

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modicum/ledger"
)

var (
	// ErrFull: the spool holds as much as it may.
	ErrFull = errors.New("the spool is full")
	// ErrUnusable: the spool takes nothing until it is opened again.
	ErrUnusable = errors.New("the spool takes nothing more")
)

// Broken is the act that tells that a glass was broken; with the decisions of broken
// glasses it is all that a spool takes.
const Broken = "glass-broken"

// Drained is the act that tells what a spool held.
const Drained = "spool-drained"

// Config is what a Spool is made of. All but the last five must be set.
type Config struct {
	Dir   string // made when missing, mode 0700; best on another disk than the record
	Bytes int64  // set aside for it
	Key   []byte // of the chain, 32 bytes or more, and of nothing else
	Main  ledger.Log
	// Find returns the entries of the record that have an id, as they are stored.
	Find func(ctx context.Context, id string) ([][]byte, error)
	// Checkpoint returns the record's last signed checkpoint: what the chain begins with.
	Checkpoint func(ctx context.Context) ([]byte, error)

	// Placed, if not nil, hears of each act that reached the record from the spool. It may
	// hear of one again; where it fails, the drain fails and is tried again.
	Placed   func(ctx context.Context, a *ledger.Act) error
	Patience time.Duration    // for Main, where there is the spool to turn to; 0 means 2 s
	Now      func() time.Time // nil means time.Now
	Rand     io.Reader        // for ids; nil means crypto/rand
	Log      *slog.Logger     // nil discards
}

// Spool is a ledger.Log before the record. It is safe for concurrent use.
type Spool struct {
	cfg      Config
	draining sync.Mutex // held by the one who drains; taken before mu

	mu         sync.Mutex // guards what follows
	file       *file
	checkpoint []byte          // the record's last, as of the start or the last drain
	known      int64           // entries that the record is known to have
	glasses    map[string]bool // decisions of broken glasses in the record that have not ended
	spooled    map[string]bool // ids of the decisions that have entries here; true: more may follow
	moved      int             // frames that are in the record
	misfits    []string        // what is wrong with frames that were moved
	torn       int64           // bytes of entries that were interrupted, in frames that were moved
	since      time.Time       // of the first entry; zero when there is none
	told       string          // the last trouble, for State
}

// mostGlasses bounds the decisions that are remembered. Beyond it the followers of a
// decision are refused rather than spooled.
const mostGlasses = 1 << 16

// Open opens or makes the spool and reads what it holds. It moves nothing: Drain does.
func Open(ctx context.Context, cfg Config) (*Spool, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	if err := private(cfg.Dir); err != nil {
		return nil, err
	}
	s := &Spool{cfg: cfg, glasses: map[string]bool{}, spooled: map[string]bool{}}
	checkpoint, err := cfg.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("spool: the record's checkpoint: %w", err)
	}
	s.checkpoint = checkpoint
	if s.file, err = openFile(filepath.Join(cfg.Dir, "spool"), cfg.Bytes, cfg.Key); err != nil {
		return nil, err
	}
	if err := s.recall(); err != nil {
		return nil, errors.Join(err, s.file.close())
	}
	return s, nil
}

func (c *Config) complete() error {
	if c.Dir == "" || c.Main == nil || c.Find == nil || c.Checkpoint == nil {
		return errors.New("spool: Dir, Main, Find and Checkpoint must be set")
	}
	if len(c.Key) < 32 {
		return errors.New("spool: its key must have 32 bytes or more")
	}
	if c.Bytes < leastBytes {
		return fmt.Errorf("spool: it must be given at least %d bytes", leastBytes)
	}
	if c.Patience == 0 {
		c.Patience = 2 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// recall reads the frames of an earlier process.
func (s *Spool) recall() error {
	for _, fr := range s.file.frames {
		e, _, err := s.file.read(fr)
		if err != nil {
			return err
		}
		if e != nil {
			s.spooled[e.Header().ID] = false // whoever would go on with it ended with its process
		}
	}
	if s.file.head != nil {
		s.since = time.UnixMicro(s.file.head.At)
	}
	return nil
}

// Close closes the file. What it holds stays.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.close()
}

// State is how the spool does, for health and pages.
type State struct {
	InUse   bool      // it holds entries that are not in the record: health is red
	Since   time.Time // it has held some
	Entries int
	Bytes   int64 // that they take
	Most    int64
	Takes   bool   // it would take an entry of any size
	Trouble string // why it takes nothing, or what was found in it; "" when all is well
}

// State says how the spool does.
func (s *Spool) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{InUse: s.file.inUse(), Since: s.since, Entries: len(s.file.frames) - s.moved, Most: s.file.size, Trouble: s.told}
	if st.InUse {
		st.Bytes = s.file.end
	}
	st.Takes = s.file.unusable == nil && s.file.damage == "" && !s.file.cleared && s.file.end+ledger.MaxEntry+1024 <= s.file.size
	if s.file.unusable != nil {
		st.Trouble = "it takes nothing until the process is started again: its disk failed"
	}
	return st
}

// private makes dir when it is missing, and refuses one that others can look into.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("spool: folder %s has mode %04o, so others can look into it; run: chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}
