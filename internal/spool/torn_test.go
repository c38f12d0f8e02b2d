package spool_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"modicum/internal/spool"
	"modicum/ledger"
)

// filled is a spool's file with three entries, and the
// place at which each begins; the record is well afterwards.
func filled(t testing.TB) (w *world, file []byte, at []int64, entries []ledger.Entry) {
	t.Helper()
	w = newWorld(t)
	w.cfg.Key = make([]byte, 32) // one for each process: what fuzzing learned in another is of another spool
	if _, err := rand.Read(w.cfg.Key); err != nil {
		t.Fatal(err)
	}
	s := w.open(t)
	w.rec.set(broken)
	entries = append(session(true, 0), glassBroken())
	at = []int64{spool.HeadBytes}
	for _, e := range entries {
		put(t, s, e)
		at = append(at, s.State().Bytes)
	}
	s.Close()
	w.rec.set(well)
	file, err := os.ReadFile(filepath.Join(w.cfg.Dir, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	return w, file, at, entries
}

func (w *world) write(t testing.TB, file []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.cfg.Dir, "spool"), file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAnEntryThatWasInterruptedAtAnyByteIsTold: a frame is written without its first 32
// bytes, then with them, each from its beginning on.
func TestAnEntryThatWasInterruptedAtAnyByteIsTold(t *testing.T) {
	w, file, at, _ := filled(t)
	whole := file[at[2]:at[3]]
	states := 0
	check := func(frame []byte) {
		t.Helper()
		b := slices.Clone(file)
		copy(b[at[2]:], frame)
		got, err := spool.Scan(bytes.NewReader(b), int64(len(b)), w.cfg.Key)
		nothing := len(bytes.Trim(frame, "\x00")) == 0
		if err != nil || got.Damage != "" || len(got.Entries) != 2 || (got.Torn == 0) != nothing {
			t.Fatalf("after %d bytes: %+v, %v", states, got, err)
		}
		states++
	}
	for n := range whole[32:] {
		frame := make([]byte, len(whole))
		copy(frame[32:], whole[32:32+n])
		check(frame)
	}
	for n := range 32 {
		frame := slices.Clone(whole)
		clear(frame[n:32])
		check(frame)
	}
	// And as a whole: told, not drained, cleared; others may follow it while the record is away.
	for _, follow := range []bool{false, true} {
		w, file, at, entries := filled(t)
		b := slices.Clone(file)
		clear(b[at[2] : at[2]+32])
		w.write(t, b)
		s := w.open(t)
		want := entries[:2]
		if follow {
			w.rec.set(broken)
			next := session(true, 0)
			put(t, s, next...)
			want = append(slices.Clone(want), next...)
			s = w.again(t, s)
			w.rec.set(well)
		}
		drain(t, s)
		w.holds(t, want...)
		if acts := w.drained(t); len(acts) != 1 || len(acts[0].What) != 2 || !strings.HasSuffix(acts[0].What[1], "bytes of entries that were interrupted") || acts[0].What[1][0] == '0' {
			t.Errorf("follow %t: told %+v", follow, acts)
		}
		if st := s.State(); st.InUse || st.Trouble != "" {
			t.Errorf("state %+v", st)
		}
	}
}

// TestL3_AnyChangedBitOfTheSpoolIsFound: what is before it is drained, what is behind it
// is not believed, and nothing is dropped without a word.
func TestL3_AnyChangedBitOfTheSpoolIsFound(t *testing.T) {
	w, file, at, _ := filled(t)
	r := mathrand.New(mathrand.NewPCG(3, 4))
	for i := range int(at[3]) + 2000 {
		bit := byte(1) << r.IntN(8)
		file[i] ^= bit
		got, err := spool.Scan(bytes.NewReader(file), int64(len(file)), w.cfg.Key)
		file[i] ^= bit
		if err != nil {
			t.Fatal(err)
		}
		before := 0
		for before < 3 && at[before+1] <= int64(i) {
			before++
		}
		if i < spool.HeadBytes {
			before = 0
		}
		if got.Cleared || got.Damage == "" && got.Torn == 0 || len(got.Entries) > before {
			t.Fatalf("byte %d: %+v", i, got)
		}
		if i >= int(at[3]) && len(got.Entries) != 3 {
			t.Fatalf("byte %d behind the last entry: %+v", i, got)
		}
	}
}

func TestAChangedSpoolIsToldOfAndPutAside(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b []byte, at []int64) []byte
		told   string
		before int
	}{
		"an entry":              {func(b []byte, at []int64) []byte { b[at[1]+60] ^= 1; return b }, "changed at byte", 1},
		"two change places":     {func(b []byte, at []int64) []byte { return swap(b, at) }, "changed at byte", 0},
		"one is taken out":      {func(b []byte, at []int64) []byte { copy(b[at[1]:], b[at[2]:]); return b }, "changed at byte", 1},
		"the head":              {func(b []byte, _ []int64) []byte { b[100] ^= 1; return b }, "its head was changed", 0},
		"the head is gone":      {func(b []byte, _ []int64) []byte { clear(b[:spool.HeadBytes]); return b }, "its head was changed", 0},
		"something is put in":   {func(b []byte, at []int64) []byte { copy(b[at[3]:], b[at[1]:at[2]]); return b }, "changed at byte", 3},
		"it is cut off":         {func(b []byte, at []int64) []byte { return b[:at[2]+100] }, "changed at byte", 2},
		"it is longer":          {func(b []byte, _ []int64) []byte { return append(b, make([]byte, 512)...) }, "its length was changed", 0},
		"far behind everything": {func(b []byte, _ []int64) []byte { b[len(b)-1] = 1; return b }, "changed at byte", 3},
	} {
		t.Run(name, func(t *testing.T) {
			w, file, at, entries := filled(t)
			w.write(t, c.change(slices.Clone(file), at))
			s := w.open(t)
			if !s.State().InUse {
				t.Fatal("it is not in use")
			}
			w.rec.set(broken)
			if _, err := s.Append(t.Context(), decision(newID(), true), nil); !errors.Is(err, spool.ErrUnusable) {
				t.Errorf("it takes more: %v", err)
			}
			w.rec.set(well)
			drain(t, s)
			w.holds(t, entries[:c.before]...)
			acts := w.drained(t)
			if len(acts) != 1 || !strings.Contains(strings.Join(acts[0].What, "; "), c.told) {
				t.Fatalf("told %+v", acts)
			}
			aside(t, w, acts[0].ID)
			if st := s.State(); st.InUse || st.Trouble == "" {
				t.Errorf("state %+v", st)
			}
			w.rec.set(broken)
			put(t, s, session(true, 1)...) // a new file is there
		})
	}
}

func swap(b []byte, at []int64) []byte {
	first, second := slices.Clone(b[at[0]:at[1]]), slices.Clone(b[at[1]:at[2]])
	copy(b[at[0]:], append(second, first...))
	return b
}

func TestAnotherKeyReadsNothing(t *testing.T) {
	w, file, _, _ := filled(t)
	got, err := spool.Scan(bytes.NewReader(file), int64(len(file)), []byte("another key of 32 bytes or more!"))
	if err != nil || got.Head || len(got.Entries) != 0 || got.Damage == "" {
		t.Errorf("%+v, %v", got, err)
	}
	_ = w
}

// watched is a disk that knows what is on it for certain, and fails where it is told to.
type watched struct {
	spool.Disk
	mu      sync.Mutex
	pending int
	fail    error
}

func (d *watched) WriteAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return 0, d.fail
	}
	d.pending++
	return d.Disk.WriteAt(p, off)
}

func (d *watched) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = 0
	return d.Disk.Sync()
}

func TestL1_AnEntryIsOnTheDiskBeforeItIsTaken(t *testing.T) {
	var d *watched
	defer spool.WithDisk(func(below spool.Disk) spool.Disk { d = &watched{Disk: below}; return d })()
	w := newWorld(t)
	s := w.open(t)
	w.rec.set(broken)
	for _, e := range session(true, 2) {
		put(t, s, e)
		if d.pending > 0 {
			t.Errorf("a %s was taken with %d writes that are not on the disk", e.Header().Kind, d.pending)
		}
	}
	// A disk that fails takes nothing more, whatever it says later.
	d.fail = syscall.ENOSPC
	if _, err := s.Append(t.Context(), decision(newID(), true), nil); !errors.Is(err, spool.ErrUnusable) || !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("a full disk: %v", err)
	}
	d.fail = nil
	if _, err := s.Append(t.Context(), decision(newID(), true), nil); !errors.Is(err, spool.ErrUnusable) {
		t.Errorf("after a full disk: %v", err)
	}
	if st := s.State(); st.Trouble == "" || st.Entries != 4 {
		t.Errorf("state %+v", st)
	}
	s = w.again(t, s)
	w.rec.set(well)
	drain(t, s)
	if acts := w.drained(t); len(acts) != 1 || acts[0].What[0] != "4 entries" {
		t.Errorf("told %+v", acts)
	}
}

// FuzzScan: whatever lies in a file, no entry is read that was not written with the key,
// in its place.
func FuzzScan(f *testing.F) {
	w, file, at, _ := filled(f)
	want, err := spool.Scan(bytes.NewReader(file), int64(len(file)), w.cfg.Key)
	if err != nil || len(want.Entries) != 3 {
		f.Fatal(want, err)
	}
	f.Add([]byte{}, uint32(0))
	f.Add(file[at[0]:at[1]], uint32(at[1]))
	f.Add(binary.BigEndian.AppendUint32(make([]byte, 32), 1<<31), uint32(at[2]))
	f.Fuzz(func(t *testing.T, patch []byte, where uint32) {
		b := slices.Clone(file)
		copy(b[int(where)%len(b):], patch)
		got, err := spool.Scan(bytes.NewReader(b), int64(len(b)), w.cfg.Key)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Entries) > 3 || got.Cleared {
			t.Fatalf("%+v", got)
		}
		for i, e := range got.Entries {
			if !bytes.Equal(e, want.Entries[i]) {
				t.Fatal("an entry that nobody wrote")
			}
		}
		if same := bytes.Equal(b, file); same != (len(got.Entries) == 3 && got.Damage == "" && got.Torn == 0) && !zeroed(b, at) {
			t.Fatalf("changed %t, and found %+v", !same, got)
		}
	})
}

// zeroed reports whether a change leaves a shorter spool, or none: what the one who holds
// the disk can do unseen (docs/threat-model.md 10).
func zeroed(b []byte, at []int64) bool {
	for _, end := range at {
		if len(bytes.Trim(b[end:], "\x00")) == 0 {
			return true
		}
	}
	return false
}
