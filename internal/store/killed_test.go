package store

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// dies ends this process abruptly at the nth step: before and after a sync of the journal,
// before and after a commit. What a disk forgets when the power goes is not seen so.
type dies struct{ left atomic.Int64 }

func (d *dies) step() {
	if d.left.Add(-1) == 0 {
		testkit.Die()
	}
}

func (d *dies) around(do func() error) error {
	d.step()
	err := do()
	d.step()
	return err
}

// victim appends, says what was acknowledged, and says DONE when nobody killed it.
func victim(t *testing.T, o Options, n int64) {
	d := &dies{}
	d.left.Store(n)
	o.CommitTimeout = time.Minute
	o.Sync = func(f *os.File) error { return d.around(func() error { return syncData(f) }) }
	s := openedWith(t, o, func(tx *sql.Tx) error { return d.around(tx.Commit) })
	for i, e := range victims() {
		var act func(ledger.Tx) error
		if i%5 == 4 {
			act = func(ledger.Tx) error { return nil } // through the database
		}
		if _, err := s.Append(context.Background(), e, act); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("TOOK %d\n", i)
		if i%4 == 3 {
			if err := s.settle(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("DONE")
}

func victims() []ledger.Entry { return ledgertest.Mixed(11) }

func TestL1_KilledAtAnyStepTheStoreLosesNothingAcknowledged(t *testing.T) {
	if at := os.Getenv("MODICUM_STORE_KILL"); at != "" {
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		o := ownOptions(t)
		o.Dir = os.Getenv("MODICUM_STORE_DIR")
		if o.Key, err = ledger.ReadKey(os.Getenv("MODICUM_STORE_KEY")); err != nil {
			t.Fatal(err)
		}
		victim(t, o, n)
		return
	}
	if testing.Short() {
		t.Skip("-short: no processes are started")
	}
	killed := 0
	for n := 1; ; n++ {
		o, took, done := kill(t, n)
		s, err := Open(context.Background(), o)
		if err != nil {
			t.Fatalf("step %d: %v", n, err)
		}
		got, err := s.Range(context.Background(), 0, 100)
		// One entry more may be there: it was durable, and nobody could be told any more.
		if err != nil || len(got) < took || len(got) > took+1 {
			t.Errorf("step %d: %d entries, %v; acknowledged were %d", n, len(got), err, took)
		}
		for i, e := range victims()[:len(got)] {
			if body, err := ledger.Encode(e); err != nil || !bytes.Equal(body, got[i].Body) {
				t.Errorf("step %d: entry %d is not what was appended, %v", n, i, err)
			}
		}
		appended(t, s, ledgertest.Decision(1000))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if done {
			break
		}
		killed++
	}
	if killed < 20 {
		t.Errorf("killed at %d steps only", killed)
	}
	t.Logf("killed at each of %d steps", killed)
}

// kill runs a victim in a folder of its own; took is how many entries were acknowledged.
func kill(t *testing.T, n int) (o Options, took int, done bool) {
	t.Helper()
	o = ownOptions(t)
	key := o.Dir + ".key"
	secret, _, err := ledger.NewKey("modicum.test/main")
	if err == nil {
		err = ledger.WriteKey(key, secret)
	}
	if err != nil {
		t.Fatal(err)
	}
	if o.Key, err = ledger.ReadKey(key); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestL1_KilledAtAnyStepTheStoreLosesNothingAcknowledged$")
	cmd.Env = append(os.Environ(), "MODICUM_STORE_KILL="+strconv.Itoa(n), "MODICUM_STORE_DIR="+o.Dir, "MODICUM_STORE_KEY="+key)
	out, err := cmd.Output()
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "TOOK ") {
			took++
		}
		done = done || lines.Text() == "DONE"
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || (err == nil) != done || err != nil && exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("step %d: %v, done %t\n%s", n, err, done, out)
	}
	return o, took, done
}
