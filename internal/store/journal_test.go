package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// held returns a store in whose journal alone the entries lie that are appended next:
// nothing moves into its database until let is called.
func held(t *testing.T) (s *Store, o Options, let func()) {
	t.Helper()
	s, o = opened(t, time.Minute, (*sql.Tx).Commit)
	t.Cleanup(func() { s.Close() })
	return s, o, hold(t, s)
}

// hold lets nothing move into the database until let is called, or the test ends.
func hold(t *testing.T, s *Store) (let func()) {
	t.Helper()
	s.db.Lock()
	let = sync.OnceFunc(s.db.Unlock)
	t.Cleanup(let)
	return let
}

func appended(t *testing.T, s *Store, entries ...ledger.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := s.Append(context.Background(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// dead is the folder of a store as a process leaves it that is killed now. What is published
// beside the copying gets its name when it is whole, and the one it had is gone: then the copy
// is taken anew.
func dead(t *testing.T, o Options) Options {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "dead")
	err := os.CopyFS(dir, os.DirFS(o.Dir))
	for tries := 0; errors.Is(err, fs.ErrNotExist) && tries < 100; tries++ {
		dir = filepath.Join(t.TempDir(), "dead")
		err = os.CopyFS(dir, os.DirFS(o.Dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Sync = dir, nil
	return o
}

func journalOf(t *testing.T, o Options) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.Dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func putJournal(t *testing.T, o Options, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(o.Dir, journalName), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds demands that a store opens and has exactly so many entries, each read back.
func holds(t *testing.T, o Options, want int64) {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h, err := s.Head(context.Background())
	if err != nil || h.Size != want {
		t.Fatalf("%d entries, %v; want %d", h.Size, err, want)
	}
	all, err := s.Range(context.Background(), 0, int(want)+1)
	if err != nil || int64(len(all)) != want {
		t.Fatalf("%d read back, %v; want %d", len(all), err, want)
	}
	if _, err := s.Append(context.Background(), ledgertest.Decision(1_000_000+int(want)), nil); err != nil {
		t.Error(err)
	}
}

func TestL1_WhatLiesInTheJournalAloneOutlivesTheProcess(t *testing.T) {
	s, o, let := held(t)
	appended(t, s, ledgertest.Mixed(30)...)
	after := dead(t, o)
	holds(t, after, 30)
	holds(t, after, 31) // its journal is gone with its last entry
	let()
	if err := s.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	holds(t, dead(t, o), 30) // the journal still has what the database has
}

// TestL1_AFrameCutAtAnyByteIsLeftOutAndNothingElse: it was being written when the
// process ended, so that nobody was told of it.
func TestL1_AFrameCutAtAnyByteIsLeftOutAndNothingElse(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Small(5)...)
	b := journalOf(t, o)
	whole, err := framesOf(b, 1, 0)
	if err != nil || len(whole) != 5 {
		t.Fatalf("%d frames, %v", len(whole), err)
	}
	from := 4 * blockSize
	until := from + len(bytes.TrimRight(b[from:from+blockSize], "\x00"))
	for cut := from; cut < until; cut++ {
		torn := slices.Clone(b)
		clear(torn[cut:until])
		if got, err := framesOf(torn, 1, 0); err != nil || len(got) != 4 {
			t.Fatalf("cut at byte %d: %d frames, %v; want 4", cut-from, len(got), err)
		}
	}
	for _, cut := range []int{from, from + 1, from + frameHead, until - 1} {
		after := dead(t, o)
		torn := slices.Clone(b)
		clear(torn[cut:until])
		putJournal(t, after, torn)
		holds(t, after, 4)
	}
}

// TestL1_AFlippedBitOfTheJournalIsNeverTakenForAnEntry: it is found, or it lies where
// nothing is read. Only the newest frame cannot be told from one that was cut short.
func TestL1_AFlippedBitOfTheJournalIsNeverTakenForAnEntry(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Small(4)...)
	b := journalOf(t, o)
	whole, err := framesOf(b, 1, 0)
	if err != nil || len(whole) != 4 {
		t.Fatalf("%d frames, %v", len(whole), err)
	}
	found := 0
	for at := range 4 * blockSize {
		for bit := range 8 {
			b[at] ^= 1 << bit
			got, err := framesOf(b, 1, 0)
			switch {
			case err == nil && same(got, whole): // behind a frame
			case err == nil && at >= 3*blockSize && same(got, whole[:3]):
			case errors.Is(err, ErrDamaged) && at < 3*blockSize:
				found++
			default:
				t.Fatalf("bit %d of byte %d: %d frames, %v", bit, at, len(got), err)
			}
			b[at] ^= 1 << bit
		}
	}
	if found < 3*8*frameHead {
		t.Errorf("%d flipped bits were found", found)
	}
	after := dead(t, o)
	b[blockSize+frameHead+300] ^= 1
	putJournal(t, after, b)
	if s, err := Open(context.Background(), after); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "modicum ledger continue") {
		t.Errorf("got %v, want damaged and what to do", err)
		if err == nil {
			s.Close()
		}
	}
}

// same compares frames, which point into what was flipped.
func same(a, b []frame) bool {
	return slices.EqualFunc(a, b, func(a, b frame) bool {
		return a.first == b.first && bytes.Equal(a.checkpoint, b.checkpoint) && slices.EqualFunc(a.bodies, b.bodies, bytes.Equal)
	})
}

// TestL3_AnEntryThatWasChangedInTheJournalIsNotTakenUp: whoever can write the file can
// mend its checksum, and cannot sign the tree.
func TestL3_AnEntryThatWasChangedInTheJournalIsNotTakenUp(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Decision(1), ledgertest.Decision(2))
	after := dead(t, o)
	b := journalOf(t, after)
	frames, err := framesOf(b, 1, 0)
	if err != nil || len(frames) != 2 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	changed := frames[1]
	changed.bodies = [][]byte{bytes.Replace(changed.bodies[0], []byte(`"who":"`), []byte(`"who":"x`), 1)}
	copy(b[blockSize:], appendFrame(nil, &changed))
	if got, err := framesOf(b, 1, 0); err != nil || !strings.Contains(string(got[1].bodies[0]), `"who":"x`) {
		t.Fatalf("the case changes nothing: %v", err)
	}
	putJournal(t, after, b)
	if s, err := Open(context.Background(), after); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want damaged", err)
		if err == nil {
			s.Close()
		}
	}
}

// TestL1_TheHalvesOfTheJournalAreWrittenInTurns: at any moment of it a process may die.
func TestL1_TheHalvesOfTheJournalAreWrittenInTurns(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	t.Cleanup(func() { s.Close() })
	halves, n := map[int]int{}, 0
	for range 2 {
		let := hold(t, s)
		for i := range halfSize / blockSize * 3 / 2 {
			appended(t, s, ledgertest.Decision(n))
			n++
			if i%(halfSize/blockSize) == 100 {
				halves[s.journal.half]++
				holds(t, dead(t, o), int64(n))
			}
		}
		let()
		if err := s.settle(context.Background()); err != nil {
			t.Fatal(err)
		}
		holds(t, dead(t, o), int64(n))
	}
	if halves[0] == 0 || halves[1] == 0 {
		t.Errorf("copies were made while it wrote %v: not both halves", halves)
	}
}

func TestL1_ActsStandBehindWhatTheJournalHolds(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	ctx := context.Background()
	for n := range 40 {
		appended(t, s, ledgertest.Decision(n), ledgertest.Opened(n, 1))
		if n%5 != 0 {
			continue
		}
		if _, err := s.Append(ctx, ledgertest.Act(1000+n), func(ledger.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		appended(t, s, ledgertest.Outcome(n))
	}
	holds(t, dead(t, o), 40*2+8*2)
	all, err := s.Range(ctx, 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range all {
		if r.Pos != int64(i) {
			t.Fatalf("entry %d lies at %d", i, r.Pos)
		}
	}
}

// TestL3_ADatabaseOlderThanTheJournalIsBehind: it was restored, and the journal was not.
func TestL3_ADatabaseOlderThanTheJournalIsBehind(t *testing.T) {
	s, o, let := held(t)
	appended(t, s, ledgertest.Small(3)...)
	before := dead(t, o) // nothing of it lies in the database
	let()
	act := func(ledger.Tx) error { return nil }
	if _, err := s.Append(context.Background(), ledgertest.Act(500), act); err != nil {
		t.Fatal(err)
	}
	let = hold(t, s)
	appended(t, s, ledgertest.Decision(501))
	after := dead(t, o)
	let()
	putJournal(t, before, journalOf(t, after))
	behind(t, before)
	next := continued(t, before)
	again, err := Open(context.Background(), next)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	all, err := again.Range(context.Background(), 0, 2)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	e, err := all[0].Entry()
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := e.(*ledger.Act); !ok || !slices.Equal(a.What[1:], []string{"size 5", "kept 0"}) {
		t.Errorf("the new log begins with %+v, want that of 5 entries none was kept", e)
	}
	aside, err := os.ReadFile(filepath.Join(next.Dir, journalName+".1"))
	if err != nil || !bytes.Equal(aside, journalOf(t, after)) {
		t.Errorf("what was acknowledged was not kept: %d bytes, %v", len(aside), err)
	}
}

// behind demands that a store does not open, because it is older than what it signed.
func behind(t *testing.T, o Options) {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, ErrBehind) || !strings.Contains(err.Error(), "modicum ledger continue") {
		t.Fatalf("got %v, want behind and the command", err)
	}
}

// continued goes on from a store under a new name, with the options that open it.
func continued(t *testing.T, o Options) Options {
	t.Helper()
	next := o
	next.Key, next.Keys = ledgertest.New(t, "modicum.test/main-2").Key(), []string{o.Key.Public()}
	if err := Continue(context.Background(), next, Continuation{Who: "it-1", Reason: "restored"}); err != nil {
		t.Fatal(err)
	}
	return next
}

// TestL3_AContinuationThatWasCutShortKeepsTheJournalToo: the new log has begun, and the
// journal is still that of the earlier one.
func TestL3_AContinuationThatWasCutShortKeepsTheJournalToo(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Small(3)...)
	journal := journalOf(t, o)
	next := continued(t, dead(t, o))
	aside := filepath.Join(next.Dir, journalName+".1")
	if err := os.Rename(aside, filepath.Join(next.Dir, journalName)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(context.Background(), next)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	if b, err := os.ReadFile(aside); err != nil || !bytes.Equal(b, journal) {
		t.Errorf("the journal of the earlier log was not kept: %d bytes, %v", len(b), err)
	}
	putJournal(t, next, journal)
	if s, err := Open(context.Background(), next); err == nil || !strings.Contains(err.Error(), aside) {
		t.Errorf("got %v, want that %s would be overwritten", err, aside)
		if err == nil {
			s.Close()
		}
	}
}

// TestL3_AJournalOfALaterLogIsBehind: the database was restored from before a continuation.
func TestL3_AJournalOfALaterLogIsBehind(t *testing.T) {
	s, o, _ := held(t)
	appended(t, s, ledgertest.Small(2)...)
	after := dead(t, o)
	frames, err := framesOf(journalOf(t, o), 1, 0)
	if err != nil || len(frames) != 2 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	frames[0].origin = 2
	putJournal(t, after, appendFrame(nil, &frames[0]))
	behind(t, after)
}

// TestL3_ALostDatabaseBesideItsJournal does not begin from nothing: what the journal has
// whole is taken up, and what it has in part is behind.
func TestL3_ALostDatabaseBesideItsJournal(t *testing.T) {
	lose := func(o Options) Options {
		for _, name := range []string{"modicum.db", "modicum.db-wal", "modicum.db-shm", "ledger"} {
			if err := os.RemoveAll(filepath.Join(o.Dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		return o
	}
	s, o, let := held(t)
	appended(t, s, ledgertest.Small(3)...)
	holds(t, lose(dead(t, o)), 3)
	let()
	if err := s.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	hold(t, s)
	appended(t, s, ledgertest.Decision(501))
	behind(t, lose(dead(t, o)))
}

// TestL1_AFullDatabaseStopsAppendsOnceTheJournalIsFull, and loses nothing.
func TestL1_AFullDatabaseStopsAppendsOnceTheJournalIsFull(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	defer s.Close()
	ctx := context.Background()
	pages := func(most int) {
		s.db.Lock()
		defer s.db.Unlock()
		if _, err := s.write.Exec(fmt.Sprintf("pragma max_page_count = %d", most)); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // which SQLite takes for as many as there are
	taken := 0
	for ; taken < 2*journalSize/blockSize; taken++ {
		if _, err := s.Append(ctx, ledgertest.Decision(taken), nil); errors.Is(err, ledger.ErrNotDurable) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if taken == 0 || taken >= 2*journalSize/blockSize {
		t.Fatalf("%d entries were taken", taken)
	}
	if s.settle(ctx) == nil {
		t.Error("the database is not full")
	}
	holds(t, dead(t, o), int64(taken))
	pages(1 << 30)
	appended(t, s, ledgertest.Decision(taken), ledgertest.Outcome(taken), ledgertest.Opened(3, 1))
	if h, err := s.Head(ctx); err != nil || h.Size != int64(taken)+3 {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestAnIDIsUsedOnceHoweverOldItIs: whether it is remembered, lies in the journal, or in
// the database alone.
func TestAnIDIsUsedOnceHoweverOldItIs(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	again := func(s *Store, when string, n int) {
		t.Helper()
		if _, err := s.Append(context.Background(), ledgertest.Decision(n), nil); !errors.Is(err, ledger.ErrOrder) {
			t.Errorf("%s: got %v, want out of order", when, err)
		}
	}
	appended(t, s, ledgertest.Decision(1), ledgertest.Decision(5))
	again(s, "in the journal", 1)
	if err := s.settle(context.Background()); err != nil {
		t.Fatal(err)
	}
	again(s, "remembered", 1)
	s.Close()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	again(s, "in the database", 1)
	again(s, "the greatest in the database", 5)
	appended(t, s, ledgertest.Decision(3)) // older, and not used
	again(s, "older, in the journal", 3)
	for n := range 3 * rememberedIDs {
		s.ids.add(ledgertest.ID(100 + n)) // until the others are forgotten
	}
	again(s, "forgotten", 3)
	appended(t, s, ledgertest.Decision(4))
}

// TestAnIDThatTheJournalBroughtBackIsNotUsedAgain: what a start takes up from the journal
// of a dead process was newer than all that lay in its database.
func TestAnIDThatTheJournalBroughtBackIsNotUsedAgain(t *testing.T) {
	s, o, let := held(t)
	appended(t, s, ledgertest.Decision(1), ledgertest.Opened(1, 1), ledgertest.Act(2))
	left := dead(t, o)
	let()
	s.Close()
	s, err := Open(context.Background(), left)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, e := range []ledger.Entry{ledgertest.Decision(1), ledgertest.Opened(1, 1), ledgertest.Act(2)} {
		if _, err := s.Append(context.Background(), e, nil); !errors.Is(err, ledger.ErrOrder) {
			t.Errorf("a %s a second time: got %v, want out of order", e.Header().Kind, err)
		}
	}
	if err := s.settle(context.Background()); err != nil {
		t.Error(err)
	}
}
