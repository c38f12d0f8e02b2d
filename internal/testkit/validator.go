package testkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"sync"
	"testing"
)

// Issue is one error that the validator found in a resource.
type Issue struct {
	At   string // a FHIRPath-like place: Patient.contact[0]
	Text string
}

// Checker is the HAPI and HL7 validator for FHIR R4: the base specification, no terminology, no profiles, offline.
// One busy core checks some sixty resources a second: sample, do not pour. Safe for concurrent use.
type Checker struct {
	mu  sync.Mutex
	p   *process
	in  io.WriteCloser
	out *bufio.Reader
}

var checker shared[*Checker]

// Validator gives the validator, one process for all tests of the binary.
func Validator(tb testing.TB) *Checker {
	tb.Helper()
	Need(tb, FHIRValidator)
	return checker.get(tb, startChecker)
}

func startChecker() (*Checker, error) {
	cmd := exec.Command("java", "-Xmx1g", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8",
		"-cp", classPath(FHIRValidator), "modicum.fhirvalidator.Main", "--all", "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w := io.Pipe()
	cmd.Stdout = w
	p, err := launch("FHIR validator", cmd)
	if err != nil {
		return nil, err
	}
	go func() { <-p.done; w.Close() }()
	whenDone(func() { p.stop(0) })
	return &Checker{p: p, in: in, out: bufio.NewReaderSize(r, 1<<20)}, nil
}

// Check gives the errors of each resource, in the order of the resources; an empty list is a valid resource. It fails
// the test only when the validator itself does not answer.
func (c *Checker) Check(tb testing.TB, resources ...[]byte) [][]Issue {
	tb.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	found := make([][]Issue, len(resources))
	for i, r := range resources {
		issues, err := c.one(r)
		if err != nil {
			tb.Fatalf("validate resource %d: %v\n%s", i, err, c.p.log)
		}
		found[i] = issues
	}
	return found
}

func (c *Checker) one(resource []byte) ([]Issue, error) {
	var line bytes.Buffer
	if err := json.Compact(&line, resource); err != nil { // the validator reads a resource a line
		return []Issue{{Text: "not JSON: " + err.Error()}}, nil
	}
	if line.Len() == 0 {
		return nil, errors.New("an empty resource")
	}
	line.WriteByte('\n')
	if _, err := c.in.Write(line.Bytes()); err != nil {
		return nil, err
	}
	answer, err := c.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	var result struct{ Errors []Issue }
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, fmt.Errorf("answer %.200q: %w", answer, err)
	}
	return result.Errors, nil
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

// NewIssues gives the issues of a copy that its original does not have. Places are compared without their indexes,
// since a copy may have lost earlier items of a list.
func NewIssues(original, copied []Issue) []Issue {
	had := map[Issue]bool{}
	for _, i := range original {
		had[i.withoutIndexes()] = true
	}
	var added []Issue
	for _, i := range copied {
		if !had[i.withoutIndexes()] {
			added = append(added, i)
		}
	}
	return added
}

func (i Issue) withoutIndexes() Issue {
	return Issue{At: indexes.ReplaceAllString(i.At, ""), Text: indexes.ReplaceAllString(i.Text, "")}
}
