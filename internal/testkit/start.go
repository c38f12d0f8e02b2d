package testkit

import (
	"net"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Running is a command that a test started.
type Running struct{ p *process }

// Start starts a command that ends with the test, and at the latest with the test binary.
func Start(tb testing.TB, cmd *exec.Cmd) *Running {
	tb.Helper()
	p, err := launch(filepath.Base(cmd.Path), cmd)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	return &Running{p}
}

// Done is closed when the command has ended.
func (r *Running) Done() <-chan struct{} { return r.p.done }

// Stop asks the command to end (SIGTERM), kills it when it has not after a while, and gives the error of its end: nil for
// exit status 0.
func (r *Running) Stop(patience time.Duration) error {
	r.p.stop(patience)
	return r.p.err
}

// FreePort is one that nobody listens on just now, for who must say where they will listen
// before they do.
func FreePort(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
