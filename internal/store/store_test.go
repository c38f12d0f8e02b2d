package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/internal/store/storetest"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

const origin = "modicum.test/main"

var bg = context.Background()

// TestMain lets this binary be the process that dies or runs out of disk.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_TEST_CHILD"); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

func newKey(t testing.TB, origin string) *ledger.Key {
	t.Helper()
	return ledgertest.New(t, origin).Key()
}

func options(t testing.TB) store.Options {
	t.Helper()
	return store.Options{Dir: filepath.Join(t.TempDir(), "data"), Key: newKey(t, origin), Interval: 20 * time.Millisecond}
}

func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(bg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fill(t testing.TB, s *store.Store, entries ...ledger.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := s.Append(bg, e, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func verified(t testing.TB, folder string, since []byte, keys ...string) *verify.Result {
	t.Helper()
	r, err := verify.Log(bg, verify.Folder(folder), verify.Options{Keys: keys, Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (*store.Store, func() *store.Store, string) {
		o := options(t)
		return open(t, o), func() *store.Store { return open(t, o) }, o.Key.Public()
	})
}

func TestL1_AKilledProcessLosesNothingAcknowledged(t *testing.T) {
	o := options(t)
	acked := runChild(t, o, "kill", func(acked int) bool { return acked >= 300 })
	s := open(t, o)
	for _, n := range acked {
		if _, err := s.ByID(bg, ledgertest.ID(n)); err != nil {
			t.Errorf("entry %d was acknowledged and is gone: %v", n, err)
		}
	}
	fill(t, s, ledgertest.Act(1_000_000))
	s.Close()
	if r := verified(t, filepath.Join(o.Dir, "ledger"), nil, o.Key.Public()); !r.OK || r.Size < int64(len(acked)) {
		t.Errorf("got %+v, %v", r, r.Problem)
	}
}

func TestL1_AFullDiskFailsAppendsAndLeavesAReadableLog(t *testing.T) {
	o := options(t)
	acked := runChild(t, o, "full", nil)
	if len(acked) == 0 {
		t.Fatal("the disk was full before the first entry")
	}
	s := open(t, o)
	for _, n := range acked {
		if _, err := s.ByID(bg, ledgertest.ID(n)); err != nil {
			t.Errorf("entry %d was acknowledged and is gone: %v", n, err)
		}
	}
	s.Close()
	if r := verified(t, filepath.Join(o.Dir, "ledger"), nil, o.Key.Public()); !r.OK {
		t.Errorf("got %v", r.Problem)
	}
}

// runChild runs this binary as a process that appends; it returns the numbers
// of the entries that it said were acknowledged. enough ends it by kill -9.
func runChild(t *testing.T, o store.Options, mode string, enough func(int) bool) []int {
	t.Helper()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(t.TempDir(), "key")
	secret, _, err := ledger.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.WriteKey(keyFile, secret); err != nil {
		t.Fatal(err)
	}
	k, err := ledger.ReadKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	*o.Key = *k
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+o.Dir, "STORE_TEST_KEY="+keyFile, "STORE_TEST_MODE="+mode)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []int
	failed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "ack %d", &n); err == nil {
			acked = append(acked, n)
		}
		failed = failed || strings.HasPrefix(lines.Text(), "failed")
		if enough != nil && enough(len(acked)) {
			cmd.Process.Signal(syscall.SIGKILL)
			enough = nil
		}
	}
	err = cmd.Wait()
	if mode == "full" && (err != nil || !failed) {
		t.Fatalf("child: %v, an append failed: %v", err, failed)
	}
	return acked
}

// child appends until it is killed or an append fails, and says what was
// acknowledged, line by line.
func child(dir string) {
	key, err := ledger.ReadKey(os.Getenv("STORE_TEST_KEY"))
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	s, err := store.Open(bg, store.Options{Dir: dir, Key: key, Interval: 5 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	if os.Getenv("STORE_TEST_MODE") == "full" {
		limitFileSize(400 << 10)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := w; n < 1_000_000; n += 8 {
				if _, err := s.Append(bg, ledgertest.Decision(n), nil); err != nil {
					fmt.Println("failed", err)
					return
				}
				fmt.Printf("ack %d\n", n)
			}
		})
	}
	wg.Wait()
	os.Exit(0) // as a process that gives up, without closing
}

func TestTwoProcessesMustNotOpenOneStore(t *testing.T) {
	o := options(t)
	open(t, o)
	if _, err := store.Open(bg, o); !errors.Is(err, store.ErrLocked) {
		t.Errorf("got %v, want locked", err)
	}
}

func TestAFolderThatOthersReadIsRefused(t *testing.T) {
	o := options(t)
	if err := os.Mkdir(o.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(bg, o); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("got %v, want what to do", err)
	}
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(to, 0o700); err != nil {
		t.Fatal(err)
	}
}

// TestL3_ARestoredBackupGoesOnOnlyUnderANewOrigin.
func TestL3_ARestoredBackupGoesOnOnlyUnderANewOrigin(t *testing.T) {
	o := options(t)
	s := open(t, o)
	fill(t, s, ledgertest.Mixed(300)...)
	s.Close()
	backup := filepath.Join(t.TempDir(), "backup")
	copyDir(t, o.Dir, backup)
	s = open(t, o)
	fill(t, s, ledgertest.Decision(900), ledgertest.Outcome(900))
	s.Close()
	longer, err := os.ReadFile(filepath.Join(o.Dir, "ledger", "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}

	// The database alone comes back; the folder is ahead of it.
	for _, name := range []string{"modicum.db"} {
		b, err := os.ReadFile(filepath.Join(backup, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.Dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Open(bg, o); !errors.Is(err, store.ErrBehind) || !strings.Contains(err.Error(), "modicum ledger continue") {
		t.Fatalf("got %v, want behind and the command", err)
	}
	// The whole folder comes back, but someone kept a checkpoint.
	known := o
	known.Dir, known.Known = backup, [][]byte{longer}
	if _, err := store.Open(bg, known); !errors.Is(err, store.ErrBehind) {
		t.Errorf("got %v, want behind a checkpoint from outside", err)
	}

	next := o
	next.Key, next.Keys = newKey(t, "modicum.test/main-2"), []string{o.Key.Public()}
	if _, err := store.Open(bg, next); err == nil {
		t.Error("a new key alone went on silently")
	}
	if err := store.Continue(bg, next, store.Continuation{Who: "it-1", Reason: "disk lost, restored"}); err != nil {
		t.Fatal(err)
	}
	s = open(t, next)
	fill(t, s, ledgertest.Decision(901), ledgertest.Outcome(901))
	got, err := s.Search(bg, store.Query{Newest: true, Limit: 3})
	if err != nil || got[2].Index != 0 || got[2].Origin != "modicum.test/main-2" {
		t.Fatalf("got %+v, %v", got, err)
	}
	e, err := got[2].Entry()
	if err != nil {
		t.Fatal(err)
	}
	act, ok := e.(*ledger.Act)
	if !ok || act.Act != ledger.ActOriginContinued || act.What[0] != "origin "+origin || act.What[1] != "size 302" || act.What[2] != "kept 300" || act.Reason == "" {
		t.Errorf("first entry: %+v", e)
	}
	if p, err := s.Prove(bg, ledgertest.ID(901)); err != nil || p.Index != 1 {
		t.Errorf("prove in the new log: %+v, %v", p, err)
	}
	s.Close()
	if r := verified(t, filepath.Join(o.Dir, "ledger"), nil, next.Key.Public()); !r.OK || r.Size != 3 {
		t.Errorf("new log: %+v", r.Problem)
	}
	if r := verified(t, filepath.Join(o.Dir, "ledger.1"), longer, o.Key.Public()); !r.OK || r.Size != 302 {
		t.Errorf("the earlier log was not kept whole: %+v", r.Problem)
	}
}

func TestKeyRotationIsAnEntry(t *testing.T) {
	o := options(t)
	s := open(t, o)
	fill(t, s, ledgertest.Mixed(10)...)
	s.Close()
	next := o
	next.Key = newKey(t, origin)
	if _, err := store.Open(bg, next); err == nil {
		t.Fatal("opened without the key that signed the head")
	}
	next.Keys = []string{o.Key.Public()}
	s = open(t, next)
	s.Close()
	s = open(t, next) // once only
	got, err := s.Search(bg, store.Query{Kind: ledger.KindAct, Newest: true})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := got[0].Entry()
	if a := e.(*ledger.Act); a.Act != ledger.ActKeyRotated || a.What[1] != "to "+next.Key.Public() || got[0].Index != 10 {
		t.Errorf("got %+v", a)
	}
	if h, _ := s.Head(bg); h.Size != 11 {
		t.Errorf("%d entries, want 11", h.Size)
	}
}

func TestLostFilesOfTheFolderAreWrittenAgain(t *testing.T) {
	o := options(t)
	s := open(t, o)
	fill(t, s, ledgertest.Small(600)...)
	s.Close()
	folder := filepath.Join(o.Dir, "ledger")
	for _, p := range []string{"tile/0/000", "tile/entries/001", "tile/1/000.p/2", "tile/entries/002.p/88"} {
		if err := os.Remove(filepath.Join(folder, p)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, o).Close()
	if r := verified(t, folder, nil, o.Key.Public()); !r.OK {
		t.Error(r.Problem)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	open(t, o).Close()
	if r := verified(t, folder, nil, o.Key.Public()); !r.OK || r.Size != 600 {
		t.Error(r.Problem)
	}
}
