package testkit

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Clients names the client libraries of [Client]: two for JavaScript, two for Python, one for Java.
func Clients() []string {
	return []string{"fhir-kit-client", "fhirclient-js", "fhirpy", "fhirclient-py", "hapi-java"}
}

// Client lets a client library that we did not write list the Condition resources of a patient, five a page, over
// all pages, and returns what it prints: "conditions N". The error holds the end of what it complained about.
func Client(tb testing.TB, name, base, token, patient string) (string, error) {
	tb.Helper()
	cmd, err := clientCommand(tb, name)
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Args = append(cmd.Args, base, token, patient)
	return run(tb.Context(), 2*time.Minute, name, cmd)
}

func clientCommand(tb testing.TB, name string) (*exec.Cmd, error) {
	tb.Helper()
	python := func(script string) (*exec.Cmd, error) {
		Need(tb, Python)
		return exec.Command(filepath.Join(cacheDir(), "python", "venv", "bin", "python"),
			filepath.Join(Root(tb), "tools", "real", "python", script)), nil
	}
	node := func(script string) (*exec.Cmd, error) {
		Need(tb, Node)
		path, err := nodePath()
		return exec.Command(path, filepath.Join(cacheDir(), "node", script)), err
	}
	switch name {
	case "fhir-kit-client":
		return node("client-fhir-kit.mjs")
	case "fhirclient-js":
		return node("client-fhirclient.mjs")
	case "fhirpy":
		return python("client_fhirpy.py")
	case "fhirclient-py":
		return python("client_fhirclient.py")
	case "hapi-java":
		Need(tb, FHIRServer) // its class path holds HAPI's client
		return exec.Command("java", "-XX:TieredStopAtLevel=1", "-cp", classPath(FHIRServer),
			filepath.Join(Root(tb), "tools", "real", "java", "HapiList.java")), nil
	}
	return nil, fmt.Errorf("no client library %q; there are %v", name, Clients())
}
