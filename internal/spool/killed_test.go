package spool_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"modicum/internal/spool"
	"modicum/internal/testkit"
	"modicum/ledger"
)

// knife kills the process before the nth step: a write, a sync, an entry for the record.
type knife struct{ left atomic.Int64 }

func (k *knife) step() {
	if k.left.Add(-1) == 0 {
		testkit.Die()
	}
}

type killing struct {
	spool.Disk
	knife *knife
}

func (d killing) WriteAt(p []byte, off int64) (int, error) {
	d.knife.step()
	return d.Disk.WriteAt(p, off)
}

func (d killing) Sync() error {
	d.knife.step()
	return d.Disk.Sync()
}

// child breaks glasses while the record is away, says what was taken, and drains. It says
// DONE when nobody killed it.
func child(t *testing.T, dir string, n int64) {
	k := &knife{}
	k.left.Store(n)
	defer spool.WithDisk(func(below spool.Disk) spool.Disk { return killing{below, k} })()
	w := worldIn(t, dir, false)
	w.rec.step = k.step
	s := w.open(t)
	say := func(e ledger.Entry) { fmt.Printf("TOOK %s", text(t, e)) }
	w.rec.set(broken)
	for range 2 {
		for _, e := range session(true, 1) {
			put(t, s, e)
			say(e)
		}
	}
	act := glassBroken()
	put(t, s, act)
	say(act)
	w.rec.set(well)
	drain(t, s)
	fmt.Println("DONE")
}

func TestL1_KilledAtAnyStepTheSpoolLosesNothing(t *testing.T) {
	if at := os.Getenv("MODICUM_SPOOL_KILL"); at != "" {
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		child(t, os.Getenv("MODICUM_SPOOL_DIR"), n)
		return
	}
	if testing.Short() {
		t.Skip("-short: no processes are started")
	}
	killed := 0
	for n := 1; ; n++ {
		w := newWorld(t)
		if err := w.rec.Close(); err != nil {
			t.Fatal(err)
		}
		took, done := butcher(t, w.dir, n)
		w.start(t)
		s := w.open(t)
		drain(t, s)
		w.check(t, n, took)
		if st := s.State(); st.InUse || st.Trouble != "" {
			t.Errorf("step %d: state %+v", n, st)
		}
		if b, err := os.ReadFile(filepath.Join(w.cfg.Dir, "spool")); err != nil || len(bytes.Trim(b, "\x00")) > 0 {
			t.Errorf("step %d: the file is not cleared, %v", n, err)
		}
		s.Close()
		w.rec.Close()
		if done {
			break
		}
		killed++
	}
	if killed < 40 {
		t.Errorf("killed at %d steps only", killed)
	}
	t.Logf("killed at each of %d steps", killed)
}

// butcher runs the child and returns what it took.
func butcher(t *testing.T, dir string, n int) (took []string, done bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestL1_KilledAtAnyStepTheSpoolLosesNothing$")
	cmd.Env = append(os.Environ(), "MODICUM_SPOOL_KILL="+strconv.Itoa(n), "MODICUM_SPOOL_DIR="+dir)
	out, err := cmd.Output()
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if e, ok := strings.CutPrefix(lines.Text(), "TOOK "); ok {
			took = append(took, e+"\n")
		}
		done = done || lines.Text() == "DONE"
	}
	if (err == nil) != done {
		t.Fatalf("step %d: %v, done %t\n%s", n, err, done, out)
	}
	return took, done
}

// check holds that the record has what was taken once, in its order, and that what the
// spool held was told at most once.
func (w *world) check(t *testing.T, n int, took []string) {
	t.Helper()
	var got []string
	acts := 0
	for _, e := range w.entries(t) {
		if a, ok := e.(*ledger.Act); ok && a.Act == spool.Drained {
			acts++
			continue
		}
		got = append(got, text(t, e))
	}
	// One entry more may be there: it was on the disk, and nobody could be told any more.
	if len(got) < len(took) || len(got) > len(took)+1 || strings.Join(got[:len(took)], "") != strings.Join(took, "") {
		t.Errorf("step %d: the record holds %d entries, taken were %d", n, len(got), len(took))
	}
	if acts > 1 || acts == 0 && len(took) > 0 {
		t.Errorf("step %d: told %d times", n, acts)
	}
}
