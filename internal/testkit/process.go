package testkit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a child with its own process group. It ends when stop is called, and at the latest with the test binary.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *tail
	done chan struct{} // closed when the child has been waited for
	err  error         // of Wait; read only after done
}

// launch starts cmd. Its standard error is kept, the end of it, for messages.
func launch(name string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, cmd: cmd, log: &tail{}, done: make(chan struct{})}
	if cmd.Stderr == nil {
		cmd.Stderr = p.log
	}
	cmd.WaitDelay = 2 * time.Second // a grandchild that keeps standard output open must not hold the test up
	ownGroup(cmd)
	started := make(chan error)
	go func() {
		// Linux kills the child when the thread that started it ends, so this thread stays for as long as the child.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// launchServer starts cmd and waits for its line "READY rest" on standard output.
func launchServer(name string, cmd *exec.Cmd, within time.Duration) (p *process, ready string, err error) {
	r, w := io.Pipe() // not StdoutPipe: Wait may then run beside the reading
	cmd.Stdout = w
	p, err = launch(name, cmd)
	if err != nil {
		return nil, "", err
	}
	go func() { <-p.done; w.Close() }()
	line := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if rest, ok := strings.CutPrefix(lines.Text(), "READY "); ok {
				select {
				case line <- rest:
				default:
				}
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case ready = <-line:
		return p, ready, nil
	case <-p.done:
		err = fmt.Errorf("%s ended before it was ready: %w\n%s", name, errors.Join(p.err), p.log)
	case <-time.After(within):
		err = fmt.Errorf("%s was not ready within %v\n%s", name, within, p.log)
	}
	p.stop(0)
	return nil, "", err
}

// stop asks the group to end, waits, and then kills it.
func (p *process) stop(patience time.Duration) {
	if patience > 0 {
		terminateGroup(p.cmd)
		select {
		case <-p.done:
		case <-time.After(patience):
		}
	}
	killGroup(p.cmd)
	<-p.done
}

// tail keeps the last bytes written to it. Safe for concurrent use.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 8 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - tailBytes; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

// shared holds what is started once for all tests of the binary.
type shared[T any] struct {
	once sync.Once
	v    T
	err  error
}

// get starts the thing at the first call; a start that failed fails every test that wants it.
func (s *shared[T]) get(tb testing.TB, start func() (T, error)) T {
	tb.Helper()
	s.once.Do(func() { s.v, s.err = start() })
	if s.err != nil {
		tb.Fatal(s.err)
	}
	return s.v
}

var atEnd struct {
	mu sync.Mutex
	fs []func()
}

// whenDone registers f for [Main].
func whenDone(f func()) {
	atEnd.mu.Lock()
	defer atEnd.mu.Unlock()
	atEnd.fs = append(atEnd.fs, f)
}

// Main runs the tests and then stops, gently, what they share. A package whose TestMain does not call it loses nothing:
// the parts are killed with the test binary.
func Main(m *testing.M) int {
	code := m.Run()
	atEnd.mu.Lock()
	defer atEnd.mu.Unlock()
	for _, f := range atEnd.fs {
		f()
	}
	return code
}

// run runs a command to its end, within a time, and gives its standard output.
func run(ctx context.Context, within time.Duration, name string, cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Stdout = &out
	p, err := launch(name, cmd)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		p.stop(0)
		return out.String(), fmt.Errorf("%s: %w\n%s", name, ctx.Err(), p.log)
	}
	if p.err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s", name, p.err, p.log)
	}
	return out.String(), nil
}
