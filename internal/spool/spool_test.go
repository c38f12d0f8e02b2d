package spool_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/spool"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

func TestL1_OnlyABrokenGlassGoesOnWithoutTheRecord(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	refused := decision(newID(), true)
	refused.Effect = ledger.Refuse
	before := session(false, 1)
	put(t, s, before[0])
	for _, m := range []mode{refuses, broken} {
		w.rec.set(m)
		for name, c := range map[string]struct {
			entry ledger.Entry
			ok    bool
		}{
			"a decision of a broken glass":              {decision(newID(), true), true},
			"the act that tells of it":                  {glassBroken(), true},
			"a decision of no broken glass":             {decision(newID(), false), false},
			"a refusal":                                 {refused, false},
			"what was opened without one":               {before[1], false},
			"an outcome without one":                    {before[2], false},
			"what was opened of a decision that is not": {opened(newID(), 1), false},
			"another act":                               {&ledger.Act{Act: ledger.ActPolicyChanged, At: 1, ID: newID(), Who: "hosp/carol"}, false},
		} {
			held := s.State().Entries
			_, err := s.Append(t.Context(), c.entry, nil)
			if (err == nil) != c.ok || !c.ok && !errors.Is(err, ledger.ErrNotDurable) && !errors.Is(err, ledger.ErrBroken) {
				t.Errorf("%s: %v", name, err)
			}
			if grew := s.State().Entries > held; grew != c.ok {
				t.Errorf("%s: in the spool %t", name, grew)
			}
		}
	}
	// An error about the entry alone is nobody's emergency, and neither is a caller who left.
	w.rec.set(badSQL)
	if _, err := s.Append(t.Context(), decision(newID(), true), nil); !errors.Is(err, errEntry) {
		t.Errorf("an error of the entry: %v", err)
	}
	w.rec.set(refuses)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Append(gone, decision(newID(), true), nil); err == nil {
		t.Error("for a caller who left it went into the spool")
	}
	if _, err := s.Append(t.Context(), glassBroken(), func(ledger.Tx) error { return nil }); err == nil {
		t.Error("an act whose statements nobody can run later went into the spool")
	}
}

func TestL1_WhatIsInTheSpoolReachesTheRecordInItsOrder(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	first, second, third := session(true, 2), session(true, 1), session(false, 1)
	put(t, s, first[:2]...) // the record fails in the middle of a request
	w.rec.set(broken)
	put(t, s, first[2], second[0], second[1])
	w.rec.set(well)
	put(t, s, third[0])            // what has nothing to do with it goes to the record again
	put(t, s, second[2], first[3]) // followers stay behind those before them
	put(t, s, third[1:]...)
	if st := s.State(); !st.InUse || st.Entries != 5 || st.Since.IsZero() || st.Bytes <= spool.HeadBytes {
		t.Errorf("state %+v", st)
	}
	s = w.again(t, s)
	drain(t, s)
	drain(t, s)
	w.holds(t, append(append(append(append([]ledger.Entry{first[0], first[1]}, third...), first[2], second[0], second[1]), second[2]), first[3])...)
	acts := w.drained(t)
	if len(acts) != 1 || acts[0].What[0] != "5 entries" || len(acts[0].What) != 1 || len(acts[0].Hashes["first"]) != 64 || len(acts[0].Hashes["last"]) != 64 || acts[0].Hashes["checkpoint"] == "" {
		t.Errorf("told %+v", acts)
	}
	if st := s.State(); st.InUse || st.Entries != 0 || st.Trouble != "" {
		t.Errorf("state after draining %+v", st)
	}
	if b, err := os.ReadFile(filepath.Join(w.cfg.Dir, "spool")); err != nil || len(bytes.Trim(b, "\x00")) != 0 || len(b) != spool.Least {
		t.Errorf("the file is not cleared: %d bytes, %v", len(b), err)
	}
	put(t, s, session(true, 1)...)
	w.rec.set(refuses)
	put(t, s, session(true, 1)...) // and it can be used again
	w.rec.set(well)
	drain(t, s)
	if acts := w.drained(t); len(acts) != 2 || acts[0].ID == acts[1].ID {
		t.Errorf("told %+v", acts)
	}
	w.verify(t)
}

// verify lets the verifier that shares no code with the writer look at the record.
func (w *world) verify(t testing.TB) {
	t.Helper()
	if err := w.rec.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Log(t.Context(), verify.Folder(w.rec.Folder()), verify.Options{Keys: []string{w.key.Public()}})
	if err != nil || !r.OK {
		t.Errorf("the record does not verify: %+v, %v", r, err)
	}
}

func TestL1_EachEntryIsThereOnceWhateverTheRecordDoes(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	var wrote []ledger.Entry // acknowledged
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		w.rec.next = func() mode { return []mode{well, well, refuses, blind, broken}[r.IntN(5)] }
		live := [][]ledger.Entry{session(true, 3), session(true, 0), session(true, 1), {glassBroken()}}
		for len(live) > 0 {
			i := r.IntN(len(live))
			e := live[i][0]
			switch _, err := s.Append(t.Context(), e, nil); {
			case err != nil:
				t.Fatalf("seed %d: %s: %v", seed, e.Header().Kind, err)
			default:
				wrote = append(wrote, e)
			}
			if live[i] = live[i][1:]; len(live[i]) == 0 {
				live = slices.Delete(live, i, i+1)
			}
			switch r.IntN(8) {
			case 0:
				_ = s.Drain(t.Context()) // the record may fail in the middle of it
			case 1:
				if len(live) == 0 { // a start: nothing is under way
					s = w.again(t, s)
				}
			}
		}
		w.rec.next = nil
		drain(t, s)
		if s.State().InUse {
			t.Fatalf("seed %d: still in use", seed)
		}
	}
	count, place := map[string]int{}, map[string]int{}
	for i, e := range w.entries(t) {
		count[text(t, e)]++
		place[text(t, e)] = i
	}
	for _, e := range wrote {
		if n := count[text(t, e)]; n != 1 {
			t.Errorf("an entry stands %d times in the record", n)
		}
	}
	last := map[string]int{}
	for _, e := range wrote { // each request in its own order
		at := place[text(t, e)]
		if before, ok := last[e.Header().ID]; ok && at < before {
			t.Error("entries of one decision are out of order")
		}
		last[e.Header().ID] = at
	}
	for _, a := range w.drained(t) {
		if len(a.What) != 1 {
			t.Errorf("told %q: nothing was wrong", a.What)
		}
	}
}

func TestL1_AFullSpoolRefuses(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	w.rec.set(broken)
	var kept []ledger.Entry
	var err error
	for range 10_000 {
		e := decision(newID(), true)
		if _, err = s.Append(t.Context(), e, nil); err != nil {
			break
		}
		kept = append(kept, e)
	}
	if s.State().Takes {
		t.Error("it is said to take more")
	}
	if !errors.Is(err, spool.ErrFull) || !errors.Is(err, ledger.ErrBroken) {
		t.Fatalf("after %d entries: %v", len(kept), err)
	}
	if _, err := s.Append(t.Context(), outcome(kept[0].Header().ID), nil); !errors.Is(err, spool.ErrFull) {
		t.Errorf("an outcome: %v", err)
	}
	info, err := os.Stat(filepath.Join(w.cfg.Dir, "spool"))
	if err != nil || info.Size() != spool.Least {
		t.Errorf("it has %d bytes, %d were set aside", info.Size(), spool.Least)
	}
	w.rec.set(well)
	drain(t, s)
	w.holds(t, kept...)
}

func TestAnActThatReachedTheRecordIsHeardOf(t *testing.T) {
	w := newWorld(t)
	var heard []string
	fails := errors.New("the book cannot be kept")
	w.cfg.Placed = func(_ context.Context, a *ledger.Act) error {
		heard = append(heard, a.ID)
		return fails
	}
	s := w.open(t)
	w.rec.set(refuses)
	act := glassBroken()
	put(t, s, append(session(true, 1), act)...)
	w.rec.set(well)
	if err := s.Drain(t.Context()); !errors.Is(err, fails) || !s.State().InUse {
		t.Errorf("nobody could hear of it, and it is drained: %v", err)
	}
	fails = nil
	drain(t, s)
	if !slices.Equal(heard, []string{act.ID, act.ID}) || len(w.entries(t)) != 5 {
		t.Errorf("heard of %v, want %s twice; %d entries", heard, act.ID, len(w.entries(t)))
	}
}

func TestAnEntryWithoutAPlaceIsToldOfAndKept(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	w.rec.set(refuses)
	ss := session(true, 1)
	put(t, s, ss...)
	w.rec.set(well)
	// Somebody else wrote past the spool: the decision has its outcome.
	for _, e := range []ledger.Entry{ss[0], &ledger.Outcome{At: 1, ID: ss[0].Header().ID, End: ledger.Aborted}} {
		if _, err := w.rec.Append(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	acts := w.drained(t)
	if len(acts) != 1 || len(acts[0].What) != 3 || strings.Count(strings.Join(acts[0].What, "; "), "has no place in the record") != 2 {
		t.Fatalf("told %+v", acts)
	}
	aside(t, w, acts[0].ID, ss[1], ss[2])
	if st := s.State(); st.InUse || st.Trouble == "" {
		t.Errorf("state %+v", st)
	}
}

// TestL1_WhatCameAfterABlindTellingIsToldToo: the act of the first drain is in the record
// and the spool could not know, so more came into the same file.
func TestL1_WhatCameAfterABlindTellingIsToldToo(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	more := func() {
		w.rec.set(refuses)
		put(t, s, session(true, 1)...)
		w.rec.set(well)
	}
	blindly := func(entries int) { // it moves so many and tells of them without an answer
		left := entries
		w.rec.next = func() mode {
			if left--; left < 0 {
				return blind
			}
			return well
		}
		if err := s.Drain(t.Context()); !errors.Is(err, ledger.ErrNotDurable) {
			t.Errorf("told blindly: %v", err)
		}
		w.rec.next = nil
	}
	told := func(want ...string) {
		t.Helper()
		acts := w.drained(t)
		var got []string
		ids := map[string]bool{}
		for _, a := range acts {
			got, ids[a.ID] = append(got, strings.Join(a.What, "; ")), true
		}
		if !slices.Equal(got, want) || len(ids) != len(want) {
			t.Errorf("told %q under %d ids, want %q", got, len(ids), want)
		}
	}
	more()
	blindly(3)
	more()
	if s.State().Entries != 3 {
		t.Fatalf("state %+v", s.State())
	}
	// What is told again is told once, whatever becomes of its answer and of the process.
	w.rec.next = func() mode {
		if len(w.drained(t)) == 1 && len(w.entries(t)) == 7 {
			return blind
		}
		return well
	}
	_ = s.Drain(t.Context())
	w.rec.next = nil
	s = w.again(t, s)
	drain(t, s)
	told("3 entries", "6 entries")
	if s.State().InUse {
		t.Errorf("state %+v", s.State())
	}
}

// aside looks for entries in the file that was put aside.
func aside(t *testing.T, w *world, id string, want ...ledger.Entry) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(w.cfg.Dir, id+".damaged"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range want {
		if !bytes.Contains(b, []byte(strings.TrimSpace(text(t, e)))) {
			t.Errorf("the file that was put aside has not this %s", e.Header().Kind)
		}
	}
}

func TestWhereTheRecordHangsPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		main := hanging{ledgertest.New(t, "spool.example/main")}
		s, err := spool.Open(t.Context(), spool.Config{
			Dir: filepath.Join(t.TempDir(), "spool"), Bytes: spool.Least, Key: make([]byte, 32), Main: main,
			Find: func(context.Context, string) ([][]byte, error) { return nil, nil }, Checkpoint: main.Log.Checkpoint, Patience: 3 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		began := time.Now()
		if _, err := s.Append(t.Context(), decision(newID(), true), nil); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began = time.Now()
		if _, err := s.Append(ctx, decision(newID(), false), nil); err == nil || time.Since(began) != 30*time.Second {
			t.Errorf("of no broken glass: %v after %v", err, time.Since(began))
		}
	})
}

// hanging answers nobody.
type hanging struct{ *ledgertest.Log }

func (hanging) Append(ctx context.Context, _ ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	<-ctx.Done()
	return ledger.Receipt{}, errors.Join(ledger.ErrNotDurable, ctx.Err())
}

func TestRunDrainsWhenTheRecordIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		main := ledgertest.New(t, "spool.example/main")
		s, err := spool.Open(t.Context(), spool.Config{
			Dir: filepath.Join(t.TempDir(), "spool"), Bytes: spool.Least, Key: make([]byte, 32), Main: main,
			Find: func(context.Context, string) ([][]byte, error) { return nil, nil }, Checkpoint: main.Checkpoint,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { s.Run(ctx) })
		main.Fail(ledger.ErrNotDurable)
		put(t, s, session(true, 1)...)
		time.Sleep(time.Minute)
		if !s.State().InUse {
			t.Error("drained into a record that is away")
		}
		main.Fail(nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if st := s.State(); st.InUse || len(main.Entries()) != 4 {
			t.Errorf("state %+v, %d entries", st, len(main.Entries()))
		}
		cancel()
		run.Wait()
	})
}

func TestL1_ManyAtOnceWhileTheRecordComesAndGoes(t *testing.T) {
	w := newWorld(t)
	w.cfg.Bytes = 16 << 20
	s := w.open(t)
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(1, 2))
	w.rec.next = func() mode { return []mode{well, well, well, refuses, blind}[r.IntN(5)] } // under the record's lock
	var all sync.WaitGroup
	var wrote []ledger.Entry
	for range 8 {
		all.Go(func() {
			for range 20 {
				entries := session(true, 2)
				for _, e := range entries {
					if _, err := s.Append(t.Context(), e, nil); err != nil {
						t.Errorf("%s: %v", e.Header().Kind, err)
						return
					}
				}
				mu.Lock()
				wrote = append(wrote, entries...)
				mu.Unlock()
				_ = s.Drain(t.Context())
			}
		})
	}
	all.Wait()
	w.rec.next = nil
	drain(t, s)
	count := map[string]int{}
	for _, e := range w.entries(t) {
		count[text(t, e)]++
	}
	for _, e := range wrote {
		if count[text(t, e)] != 1 {
			t.Fatalf("a %s stands %d times in the record", e.Header().Kind, count[text(t, e)])
		}
	}
	if len(wrote) != 8*20*4 || len(w.drained(t)) == 0 {
		t.Errorf("%d entries, %d drains", len(wrote), len(w.drained(t)))
	}
	w.verify(t)
}

func TestASpoolThatOthersCanReadIsRefused(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	if _, err := spool.Open(t.Context(), w.cfg); err == nil {
		t.Error("two have it open")
	}
	s.Close()
	file := filepath.Join(w.cfg.Dir, "spool")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("made with %v, %v", info.Mode(), err)
	}
	for name, spoil := range map[string]func() error{
		"others read the file":   func() error { return os.Chmod(file, 0o644) },
		"others read the folder": func() error { return errors.Join(os.Chmod(file, 0o600), os.Chmod(w.cfg.Dir, 0o755)) },
		"it is a link": func() error {
			return errors.Join(os.Chmod(w.cfg.Dir, 0o700), os.Rename(file, file+"2"), os.Symlink(file+"2", file))
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := spool.Open(t.Context(), w.cfg); err == nil {
			t.Errorf("%s, and it is used", name)
		}
	}
	for name, change := range map[string]func(*spool.Config){
		"a short key": func(c *spool.Config) { c.Key = c.Key[:31] }, "no room": func(c *spool.Config) { c.Bytes = 1 << 10 },
		"no record": func(c *spool.Config) { c.Main = nil }, "no folder": func(c *spool.Config) { c.Dir = "" },
	} {
		c := w.cfg
		c.Dir = filepath.Join(w.dir, "other")
		change(&c)
		if _, err := spool.Open(t.Context(), c); err == nil {
			t.Errorf("%s, and it opens", name)
		}
	}
}

func TestAnEmptySpoolTakesAnotherSize(t *testing.T) {
	w := newWorld(t)
	s := w.open(t)
	w.cfg.Bytes = 2 << 20
	s = w.again(t, s)
	if got := s.State().Most; got != 2<<20 {
		t.Errorf("empty: %d bytes", got)
	}
	w.rec.set(broken)
	put(t, s, session(true, 1)...)
	w.cfg.Bytes = spool.Least
	s = w.again(t, s)
	if got := s.State(); got.Most != 2<<20 || got.Entries != 3 {
		t.Errorf("in use: %+v", got)
	}
	if _, err := os.Stat(filepath.Join(w.cfg.Dir, "spool.new")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("half a file is left")
	}
}
