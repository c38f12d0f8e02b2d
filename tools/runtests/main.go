// Runtests runs all tests of the product: every package once, then the packages that start goroutines again under the
// race detector with -short. It prints failures as they come, and at the end which tests were skipped for want of
// something, which took longest, how many ran, and go test's own line for each package.
//
//	go run -C tools ./runtests [flags for go test]
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if err := os.Chdir(".."); err != nil { // go run -C tools: the product is one up
		fail(err)
	}
	concurrent, err := withGoroutines(".")
	if err != nil {
		fail(err)
	}
	var all tally
	full := all.run(slices.Concat([]string{"-p", "2", "-count=1", "-timeout", "25m"}, os.Args[1:], []string{"./..."})...)
	if len(all.lines) == 0 {
		fail(fmt.Errorf("go test reported no package at all: %w", errors.Join(full)))
	}
	var race error
	if len(concurrent) > 0 {
		fmt.Fprintf(os.Stderr, "under the race detector, -short: %s\n", strings.Join(concurrent, " "))
		race = all.race(concurrent)
	}
	all.print(os.Stdout)
	if err := errors.Join(full, race); err != nil {
		fail(err)
	}
}

// partly are packages of which the detector sees the tests of what goes on at once, and not
// those of each answer: all of them take it a quarter of an hour of a processor. Another of
// their tests runs there where its name matches too.
var partly = map[string]string{
	"./internal/door/fhir": "G3|FC51|L1|D9",
	"./cmd/modicum":        "ANewUserFromTheReadme|ANewHospitalObservesFirst|AWrongUpstreamIsSaidInTheLog",
}

// oneByOne are long tests in which nothing goes on at once: the detector would see nothing.
const oneByOne = "^Test(SearchIsWhatLookingAtEveryEntryFinds|FindIsWhatLookingAtEveryEntryFinds|FindMissesNothingWhileTheIndexIsWritten|AnIndexOfRowsBecomesOneOfRuns|ADatabaseOfRowsThatIsHalfMovedIsMovedOn|L1_AFlippedBitOfTheJournalIsNeverTakenForAnEntry)$"

// race runs packages under the race detector.
func (a *tally) race(pkgs []string) error {
	flags := []string{"-race", "-short", "-p", "2", "-count=1", "-timeout", "15m"}
	whole := slices.DeleteFunc(slices.Clone(pkgs), func(pkg string) bool { return partly[pkg] != "" })
	part := slices.Sorted(maps.Keys(partly))
	of := "^Test(" + strings.Join(slices.Sorted(maps.Values(partly)), "|") + ")"
	failed := a.run(slices.Concat(flags, []string{"-skip", oneByOne}, whole)...)
	before := len(a.lines)
	failed = errors.Join(failed, a.run(slices.Concat(flags, []string{"-run", of}, part)...))
	for _, l := range a.lines[before:] {
		if strings.Contains(l, "[no tests to run]") {
			failed = errors.Join(failed, fmt.Errorf("the race detector saw no test of a name that begins with %s: %s", of, strings.TrimSpace(l)))
		}
	}
	return failed
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "runtests:", err)
	os.Exit(1)
}

// event is a line of go test -json.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// tally is what was seen in all runs.
type tally struct {
	passed, failed, skipped int
	missing                 []string // skipped for want of something
	lines                   []string // go test's own, one a package and run
	took                    []timed  // top-level tests
}

// timed is how long a test took, whatever ran beside it.
type timed struct {
	seconds float64
	test    string
}

// packageLine is how go test closes a package.
var packageLine = regexp.MustCompile(`^(ok  |FAIL|\?   )\t`)

// run runs go test and counts. Its error is that of go test.
func (a *tally) run(args ...string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	a.read(out)
	return cmd.Wait()
}

func (a *tally) read(r io.Reader) {
	said := map[string][]string{} // by package and test: what it printed until it ended
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			a.take(line, said)
		}
		if err != nil {
			return
		}
	}
}

func (a *tally) take(line []byte, said map[string][]string) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		os.Stdout.Write(line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		said[key] = append(said[key], e.Output)
		if e.Test == "" && packageLine.MatchString(e.Output) {
			a.lines = append(a.lines, e.Output)
			fmt.Fprint(os.Stderr, "done: ", e.Output)
		}
	case "pass", "fail", "skip":
		a.count(e, said[key])
		delete(said, key)
	}
}

func (a *tally) count(e event, said []string) {
	if e.Action == "fail" {
		fmt.Print(strings.Join(said, ""))
	}
	if e.Test == "" {
		return
	}
	if !strings.Contains(e.Test, "/") {
		a.took = append(a.took, timed{e.Elapsed, e.Package + " " + e.Test})
	}
	switch e.Action {
	case "pass":
		a.passed++
	case "fail":
		a.failed++
	case "skip":
		a.skipped++
		for _, s := range said {
			if _, why, ok := strings.Cut(s, "SKIPPED:"); ok {
				a.missing = append(a.missing, fmt.Sprintf("%s %s:%s", e.Package, e.Test, strings.TrimRight(why, "\n")))
			}
		}
	}
}

func (a *tally) print(w io.Writer) {
	for _, m := range a.missing {
		fmt.Fprintln(w, "SKIPPED:", m)
	}
	slices.SortFunc(a.took, func(x, y timed) int { return cmp.Compare(y.seconds, x.seconds) })
	for _, t := range a.took[:min(20, len(a.took))] {
		fmt.Fprintf(w, "slow: %6.1f s  %s\n", t.seconds, t.test)
	}
	fmt.Fprintf(w, "tests and subtests: %d passed, %d failed, %d skipped, of these %d for want of something\n",
		a.passed, a.failed, a.skipped, len(a.missing))
	for _, l := range a.lines {
		fmt.Fprint(w, l)
	}
}

// startsGoroutine finds where one begins; AfterFunc calls in one of its own.
var startsGoroutine = regexp.MustCompile(`(?m)^\s*go (func\b|[\w.]+\()|\.Go\(|\bAfterFunc\(`)

// withGoroutines lists the packages whose code, tests left aside, starts a goroutine.
func withGoroutines(root string) ([]string, error) {
	var pkgs []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "tools" || d.Name() == "testdata" || d.Name() == "testkit" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if pkg := "./" + filepath.ToSlash(filepath.Dir(name)); startsGoroutine.Match(text) && !slices.Contains(pkgs, pkg) {
			pkgs = append(pkgs, pkg)
		}
		return err
	})
	return pkgs, err
}
