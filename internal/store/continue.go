package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"modicum/internal/durable"
	"modicum/ledger"
)

// Continuation says who goes on, and from what.
type Continuation struct {
	Known  []byte // last known checkpoint of the earlier log; nil: the one in the published folder
	Who    string // person or program that decided it
	Reason string
}

// Continue goes on under a new origin, whose key o.Key is, after the store was
// found behind (ErrBehind) or its key lost. The first entry of the new log names
// the earlier one's last known checkpoint and how much of it the store still
// holds, so that what was lost stays visible for ever. The published folder and the
// journal of the earlier log are kept beside the new ones. The verification key of the
// earlier log belongs into o.Keys. Continue is never implied: an operator asks
// for it; afterwards the store is opened as usual.
func Continue(ctx context.Context, o Options, c Continuation) (err error) {
	if c.Who == "" || c.Reason == "" {
		return errors.New("store: to continue under a new origin, say who and why")
	}
	s, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	old, err := s.current(ctx, s.write)
	if err != nil {
		return fmt.Errorf("store: there is no log to continue: %w", err)
	}
	if old.name == o.Key.Origin() {
		return fmt.Errorf("store: the new log needs another name than %s; make a key for it with: modicum ledger key NEW-NAME", old.name)
	}
	if err := s.adopt(ctx, old); err != nil {
		return err
	}
	if err := s.replay(ctx); err != nil && !errors.Is(err, ErrBehind) { // which is why it is continued
		return err
	}
	old = s.origin
	known, err := s.lastKnown(ctx, c.Known)
	if err != nil {
		return err
	}
	if err := journalFits(filepath.Join(s.opts.Dir, fmt.Sprintf("%s.%d", journalName, old.n))); err != nil {
		return err // before anything is written
	}
	if err := s.begin(ctx, old, known, c); err != nil {
		return err
	}
	if err := setJournalAside(s.opts.Dir, old.n); err != nil {
		return err // the next start does it
	}
	return s.setAside(old.n)
}

// setJournalAside keeps the journal of log n: it may be all that is left of entries that
// were acknowledged.
func setJournalAside(dir string, n int64) error {
	from := filepath.Join(dir, journalName)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := fmt.Sprintf("%s.%d", from, n)
	if err := journalFits(aside); err != nil {
		return err
	}
	if err := os.Rename(from, aside); err != nil {
		return fmt.Errorf("store: keep the journal of the earlier log: %w", err)
	}
	return durable.Folder(dir)
}

// journalFits reports whether a journal can be kept under that name.
func journalFits(aside string) error {
	if _, err := os.Lstat(aside); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: cannot keep the journal of the earlier log: %s exists already; move it out of the data folder", aside)
	}
	return nil
}

// checkJournal looks whose the journal is. One of an earlier log is kept aside: Continue
// was cut short there. One of a later log says that the database is older than it.
func (s *Store) checkJournal() error {
	b, err := journalBytes(s.opts.Dir)
	if err != nil {
		return err
	}
	for at := 0; at < len(b); at += blockSize {
		f, _, ok := parseFrame(b[at:])
		switch {
		case !ok:
			continue
		case f.origin < s.origin.n:
			return setJournalAside(s.opts.Dir, f.origin)
		case f.origin > s.origin.n:
			return fmt.Errorf("store: the database ends with log %d, and %s is of log %d: %w; if the database was restored from a backup, go on under a new name with: modicum ledger continue --origin NEW-NAME --reason TEXT", s.origin.n, journalName, f.origin, ErrBehind)
		}
		return nil // a journal is of one log
	}
	return nil
}

// lastKnown is the largest of the checkpoints that the caller, the folder, the journal
// and the store have of the earlier log.
func (s *Store) lastKnown(ctx context.Context, given []byte) (ledger.Head, error) {
	best, _, err := ledger.OpenCheckpoint(s.origin.checkpoint, s.opts.Keys...)
	if err != nil {
		return best, err
	}
	published, err := s.folderCheckpoint(ctx)
	if err != nil {
		return best, err
	}
	frames, err := readJournal(s.opts.Dir, s.origin.n, s.origin.first+s.origin.size)
	if err != nil && !errors.Is(err, ErrBehind) {
		return best, err
	}
	known := [][]byte{published, given}
	for _, f := range frames { // whose entries do not follow those of the database
		known = append(known, f.checkpoint)
	}
	for _, cp := range known {
		if cp == nil {
			continue
		}
		h, _, err := ledger.OpenCheckpoint(cp, s.opts.Keys...)
		if err != nil || h.Origin != s.origin.name {
			return best, fmt.Errorf("store: last known checkpoint of %s: %w", s.origin.name, ledger.ErrBadCheckpoint)
		}
		if h.Size > best.Size {
			best = h
		}
	}
	return best, nil
}

// begin writes the new origin and its first entry, which commit together.
func (s *Store) begin(ctx context.Context, old origin, known ledger.Head, c Continuation) error {
	kept := s.edge.Root()
	act, err := s.act(ledger.ActOriginContinued, c.Who)
	if err != nil {
		return err
	}
	act.Reason = c.Reason
	act.What = []string{"origin " + old.name, fmt.Sprintf("size %d", known.Size), fmt.Sprintf("kept %d", old.size)}
	act.Hashes = map[string]string{"root": hex.EncodeToString(known.Root[:]), "kept": hex.EncodeToString(kept[:])}
	next := origin{n: old.n + 1, name: s.opts.Key.Origin(), first: old.first + old.size}
	s.origin, s.edge, s.size = next, ledger.Edge{}, 0
	return s.writeAct(ctx, act, func(tx ledger.Tx) error {
		_, err := tx.Exec(ctx, insertOrigin, next.n, next.name, next.first, next.size, []byte{})
		return err
	})
}

// rotate records that another key signs from now on.
func (s *Store) rotate(ctx context.Context) error {
	_, signer, err := ledger.OpenCheckpoint(s.origin.checkpoint, s.opts.Keys...)
	if err != nil {
		return err
	}
	if signer == s.opts.Key.Public() {
		return nil
	}
	act, err := s.act(ledger.ActKeyRotated, "modicum")
	if err != nil {
		return err
	}
	act.What = []string{"from " + signer, "to " + s.opts.Key.Public()}
	return s.writeAct(ctx, act, nil)
}

// act is an entry of the store's own.
func (s *Store) act(name, who string) (*ledger.Act, error) {
	random := s.opts.Rand
	if random == nil {
		random = rand.Reader
	}
	id, err := uuid.NewV7FromReader(random)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &ledger.Act{Act: name, At: s.opts.Now().UnixMicro(), ID: id.String(), Who: who}, nil
}

// writeAct writes one entry before the sequencer runs.
func (s *Store) writeAct(ctx context.Context, e ledger.Entry, do func(ledger.Tx) error) error {
	body, err := ledger.Encode(e)
	if err != nil {
		return err
	}
	p := newPending(e, body)
	p.ctx, p.act = ctx, do
	kept, cp, err := s.writeBatch([]*pending{p})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if len(kept) == 0 {
		return (<-p.done).err
	}
	s.origin.size, s.origin.checkpoint = s.edge.Size(), cp
	return nil
}
