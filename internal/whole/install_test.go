// Package whole_test tries the whole: the command as it is built, with configuration,
// policy, facts and record on disk, before servers, identity providers and client
// libraries that we did not write.
package whole_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/testkit"
	"modicum/ledger"
)

// command is the path of the built command.
var command string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if testing.Short() {
		return testkit.Main(m)
	}
	dir, err := os.MkdirTemp("", "modicum-whole-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	command = filepath.Join(dir, "modicum")
	if out, err := exec.Command("go", "build", "-o", command, "modicum/cmd/modicum").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return testkit.Main(m)
}

// installation is a folder that `modicum init` made, and the server that runs on it.
type installation struct {
	dir     string
	tmp     string // for temporary files, of the command alone
	door    string // http://HOST:PORT
	admin   string
	running *testkit.Running
	log     transcript // all that the server ever printed
}

// install makes an installation and puts this configuration in place of the sample one.
func install(t *testing.T, config string) *installation {
	t.Helper()
	i := &installation{dir: filepath.Join(t.TempDir(), "hospital"), tmp: t.TempDir()}
	if status, out := i.run(t, "init", i.dir); status != 0 {
		t.Fatalf("init: %d %s", status, out)
	}
	i.write(t, "modicum.yaml", config)
	return i
}

// write puts a file into the installation, whole: beside it first, then renamed.
func (i *installation) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(i.dir, name)
	if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

func (i *installation) config() string { return filepath.Join(i.dir, "modicum.yaml") }

// environ is the environment without what would overlay the configuration.
func (i *installation) environ() []string {
	return append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "MODICUM_") }), "TMPDIR="+i.tmp)
}

// run runs the command to its end.
func (i *installation) run(t *testing.T, args ...string) (status int, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Env = i.environ()
	b, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", args, err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

// start starts the server and waits until it listens.
func (i *installation) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(command, "serve", "--config", i.config())
	cmd.Env = i.environ()
	cmd.Stdout, cmd.Stderr = &i.log, &i.log
	listening := i.log.watch("listening", 2)
	i.running = testkit.Start(t, cmd)
	select {
	case lines := <-listening:
		i.door, i.admin = "http://"+addressIn(t, lines[0]), "http://"+addressIn(t, lines[1])
	case <-i.running.Done():
		t.Fatalf("the server ended at once:\n%s", i.log.String())
	case <-time.After(time.Minute):
		t.Fatalf("the server does not listen:\n%s", i.log.String())
	}
}

func addressIn(t *testing.T, line string) string {
	t.Helper()
	var l struct{ Address string }
	if err := json.Unmarshal([]byte(line), &l); err != nil || l.Address == "" {
		t.Fatalf("no address in %s", line)
	}
	return l.Address
}

// stop asks the server to end, which it does in good order.
func (i *installation) stop(t *testing.T) {
	t.Helper()
	if err := i.running.Stop(30 * time.Second); err != nil {
		t.Errorf("the server ended with %v\n%s", err, i.log.String())
	}
}

// ready reads /readyz.
func (i *installation) ready(t *testing.T) (ready struct {
	Ready   bool
	Wrong   []string
	Sources []struct {
		Source     string
		Facts      int
		Stale      bool
		NeverWhole bool `json:"never_whole"`
		Broken     string
	}
}) {
	t.Helper()
	a := get(t, i.admin+"/readyz", "", "")
	if err := json.Unmarshal([]byte(a.body), &ready); err != nil {
		t.Fatalf("readyz: %v: %s", err, a.body)
	}
	return ready
}

// vkey is the verification key of the installation's record, and its id.
func (i *installation) vkey(t *testing.T) string {
	t.Helper()
	key, err := ledger.ReadKey(filepath.Join(i.dir, "data", "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// answer is an HTTP answer, read whole.
type answer struct {
	status   int
	header   http.Header
	body     string
	decision string
}

// get asks with a token, for a task, when they are given.
func get(t *testing.T, url, token, task string) answer {
	t.Helper()
	return send(t, http.MethodGet, url, token, task, "", "")
}

func send(t *testing.T, method, url, token, task, kind, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Modicum-Task": task, "Content-Type": kind} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b), res.Header.Get("Modicum-Decision")}
}

// eventually tries until it is so, for things that another process does in its own time.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	end := time.After(90 * time.Second)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within 90 seconds: %s", what)
		case <-t.Context().Done():
			t.Fatalf("interrupted before: %s", what)
		}
	}
}

// transcript keeps what a process prints, and tells of lines that a test waits for.
type transcript struct {
	mu    sync.Mutex
	all   bytes.Buffer
	word  string
	want  int
	found []string
	tell  chan []string
	begun int // where the last line begins
}

// watch gives the first n lines from now on that hold a word, when all are there.
func (l *transcript) watch(word string, n int) <-chan []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.word, l.want, l.found, l.tell = word, n, nil, make(chan []string, 1)
	return l.tell
}

func (l *transcript) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Write(b)
	for {
		line, _, whole := bytes.Cut(l.all.Bytes()[l.begun:], []byte("\n"))
		if !whole {
			return len(b), nil
		}
		l.begun += len(line) + 1
		if l.tell != nil && bytes.Contains(line, []byte(l.word)) {
			if l.found = append(l.found, string(line)); len(l.found) == l.want {
				l.tell <- l.found
				l.tell = nil
			}
		}
	}
}

func (l *transcript) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
