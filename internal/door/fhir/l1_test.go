//go:build unix

package fhir_test

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
)

// The door over the real store, in a process of its own, so that it can be killed, run
// out of disk, or wait for a commit that does not come.

// TestDoorOverAStoreAsAProcess is that process: it says its address and serves until its
// standard input ends.
func TestDoorOverAStoreAsAProcess(t *testing.T) {
	dir := os.Getenv("DOOR_TEST_DIR")
	if dir == "" {
		t.Skip("a part of the tests of L1")
	}
	key, err := ledger.ReadKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "data"), Key: key, CommitTimeout: 2 * time.Second, Sync: hanging(filepath.Join(dir, "hang"))})
	if err != nil {
		t.Fatal(err)
	}
	up := ward(t)
	c := openClinicOver(t, s, up.URL+"/fhir", loadPolicy(t, "testdata/policy"), map[string]string{"adt": assigned, "roster": shifts, "people": people}, nil)
	if os.Getenv("DOOR_TEST_MODE") == "full" {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 300 << 10, Max: 300 << 10}); err != nil {
			t.Fatal(err)
		}
	}
	os.Stdout.WriteString("\naddress " + c.URL + "\n")
	io.Copy(io.Discard, os.Stdin)
}

// hanging makes files durable until there is a file of that name, then never again.
func hanging(name string) func(*os.File) error {
	return func(f *os.File) error {
		if _, err := os.Stat(name); err == nil {
			select {}
		}
		return f.Sync()
	}
}

// remote is that process as its parent sees it.
type remote struct {
	dir, url string
	cmd      *exec.Cmd
	stop     io.Closer
	client   *http.Client
}

func startDoor(t *testing.T, mode string) *remote {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no process is started")
	}
	r := &remote{dir: t.TempDir(), client: &http.Client{Timeout: 20 * time.Second}}
	secret, _, err := ledger.NewKey("modicum.test/door")
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.WriteKey(filepath.Join(r.dir, "key"), secret); err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.Command(os.Args[0], "-test.run=^TestDoorOverAStoreAsAProcess$")
	r.cmd.Env = append(os.Environ(), "DOOR_TEST_DIR="+r.dir, "DOOR_TEST_MODE="+mode)
	in, err := r.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.stop = in
	t.Cleanup(func() { in.Close(); r.cmd.Process.Kill(); r.cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "address "); ok {
			r.url = url
			return r
		}
	}
	t.Fatal("the process said no address")
	return nil
}

// got is what a client has of an answer, however it ended.
type got struct {
	status   int
	decision string
	body     string
}

func (r *remote) get(path string) got {
	req, err := http.NewRequest(http.MethodGet, r.url+"/fhir"+path, nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer alice")
	res, err := r.client.Do(req)
	if err != nil {
		return got{}
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return got{res.StatusCode, res.Header.Get("Modicum-Decision"), string(b)}
}

// protected reports whether anything of a record came through.
func (g got) protected() bool {
	return strings.Contains(g.body, "Family") || strings.Contains(g.body, "J1")
}

// recorded opens the store that the process left and demands the decision of every
// answer that carried anything.
func (r *remote) recorded(t *testing.T, answers []got) {
	t.Helper()
	key, err := ledger.ReadKey(filepath.Join(r.dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(r.dir, "data"), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for _, g := range answers {
		if !g.protected() {
			continue
		}
		n++
		recs, err := s.ByID(t.Context(), g.decision)
		if err != nil || len(recs) == 0 {
			t.Errorf("an answer with data under decision %q, which is not in the record: %v", g.decision, err)
		}
	}
	if n == 0 {
		t.Error("no answer had data: nothing was tested")
	}
}

func TestL1_AKilledDoorAnsweredNothingThatIsNotRecorded(t *testing.T) {
	r := startDoor(t, "kill")
	var mu sync.Mutex
	var all []got
	var wait sync.WaitGroup
	enough := make(chan struct{})
	for range 4 {
		wait.Go(func() {
			for {
				g := r.get("/Condition?patient=p1")
				mu.Lock()
				all = append(all, g)
				n := len(all)
				mu.Unlock()
				if n == 60 {
					close(enough)
				}
				if g.status == 0 {
					return // it is dead
				}
			}
		})
	}
	<-enough
	r.cmd.Process.Signal(syscall.SIGKILL)
	wait.Wait()
	r.cmd.Wait()
	r.recorded(t, all)
}

func TestL1_AFullDiskUnderTheDoorLetsNothingOut(t *testing.T) {
	r := startDoor(t, "full")
	var all []got
	failed := 0
	for len(all) < 3000 && failed < 20 {
		g := r.get("/Condition?patient=p1")
		all = append(all, g)
		if g.status == http.StatusServiceUnavailable {
			failed++
		}
		if failed > 0 && g.protected() {
			t.Fatalf("after the disk was full: %d %s", g.status, g.body)
		}
	}
	if failed == 0 {
		t.Fatalf("the disk was never full in %d requests", len(all))
	}
	r.stop.Close()
	r.cmd.Wait()
	r.recorded(t, all)
}

func TestL1_ACommitThatHangsUnderTheDoorLetsNothingOut(t *testing.T) {
	r := startDoor(t, "hang")
	before := r.get("/Patient/p1")
	if before.status != 200 || !before.protected() {
		t.Fatalf("%d %s", before.status, before.body)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "hang"), nil, 0o600); err != nil { // no sync ends from now on
		t.Fatal(err)
	}
	var all []got
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1", "/Condition", "/Condition?patient=p1&_summary=count", "/Patient/p9"} {
		all = append(all, r.get(path))
	}
	for _, g := range all {
		if g.status == 200 || g.protected() || strings.Contains(g.body, `"total"`) {
			t.Errorf("while no commit ends: %d %s", g.status, g.body)
		}
	}
	r.stop.Close()
	r.cmd.Wait()
	r.recorded(t, append(all, before))
}
