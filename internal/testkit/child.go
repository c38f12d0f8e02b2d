package testkit

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
)

// Child is this binary, run again: what it does has no share in this process.
type Child struct {
	PID int
	In  io.WriteCloser
	Out *bufio.Reader
}

// StartChild starts one with more in its environment, by which TestMain knows what it is
// for. It ends when its input does, which is at the end of the test and with this process,
// and the test waits for it.
func StartChild(t testing.TB, env ...string) *Child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &Child{cmd.Process.Pid, in, bufio.NewReader(out)}
}

// Die ends this process as one ends that is killed: nothing runs any more.
func Die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {}
}
