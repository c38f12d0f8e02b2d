package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Script runs a script of a test's own, which uses a client library that we did not write, to its end, and returns what
// it prints. The end of its name says in what: .mjs and .cjs for Node, with the libraries of tools/real/node below
// NODE_PATH; .py for Python with those of tools/real/python; .java with HAPI's client. The error holds the end of what it
// complained about.
func Script(tb testing.TB, script string, args ...string) (string, error) {
	tb.Helper()
	cmd, err := scriptCommand(tb, script)
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Args = append(cmd.Args, args...)
	return run(tb.Context(), 3*time.Minute, filepath.Base(script), cmd)
}

func scriptCommand(tb testing.TB, script string) (*exec.Cmd, error) {
	tb.Helper()
	switch filepath.Ext(script) {
	case ".mjs", ".cjs":
		Need(tb, Node)
		node, err := nodePath()
		cmd := exec.Command(node, script)
		cmd.Env = append(os.Environ(), "NODE_PATH="+NodeLibraries())
		return cmd, err
	case ".py":
		Need(tb, Python)
		cmd := exec.Command(filepath.Join(cacheDir(), "python", "venv", "bin", "python"), script)
		cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		return cmd, nil
	case ".java":
		Need(tb, FHIRServer) // its class path holds HAPI's client
		return exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", classPath(FHIRServer), script), nil
	}
	return nil, fmt.Errorf("no way to run %s", script)
}

// NodeLibraries is the folder of the libraries of tools/real/node, for who serves them to a page.
func NodeLibraries() string { return filepath.Join(cacheDir(), "node", "node_modules") }
