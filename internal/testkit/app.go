package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// App starts a web application of a test's own that ends with the test: a script for
// Node, which finds the libraries of tools/real/node and prints READY and its address.
func App(tb testing.TB, script string, args ...string) (address string) {
	tb.Helper()
	Need(tb, Node)
	node, err := nodePath()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(node, append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+NodeLibraries())
	p, address, err := launchServer(filepath.Base(script), cmd, time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	return address
}
