package testkit

import (
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
