// Package testkit gives tests the real parts: a FHIR server, an identity provider, a validator, client libraries and a
// browser that we did not write (tools/real). Only tests import it.
//
// A part that is not installed fails the test where the real thing is demanded (CI=true or MODICUM_REQUIRE_REAL=1) and
// elsewhere skips it with a line that begins with "SKIPPED:", which make test counts. Under go test -short no part is
// started: make test runs everything once without -short, and the packages with goroutines again with -race -short.
//
// What a part's process leaves behind ends with the test binary, however that ends.
package testkit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Part is something that tools/setup finds or installs.
type Part string

// The parts. All but the browser have a folder of that name below tools/real and in the cache.
const (
	FHIRServer    Part = "fhir-server"
	FHIRValidator Part = "fhir-validator"
	Node          Part = "node"
	Python        Part = "python"
	SMTP          Part = "smtp"
	SCIM          Part = "scim"
	OpenAPI       Part = "openapi"
	Browser       Part = "chromium"
)

// Need returns when the part is there and made from what stands in the tree. Otherwise it ends the test: by a failure
// where real parts are required, by a loud skip elsewhere.
func Need(tb testing.TB, part Part) {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("-short: %s is not started; the run without -short has this test", part)
	}
	if err := find(part); err != nil {
		missing(tb, fmt.Sprintf("%s: %v", part, err))
	}
}

// Required says whether a missing part is a failure.
func Required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("MODICUM_REQUIRE_REAL") == "1"
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if Required() {
		tb.Fatalf("needed but missing: %s", what)
	}
	tb.Skipf("SKIPPED: %s", what)
}

func find(part Part) error {
	switch part {
	case Browser:
		_, err := browserPath()
		return err
	case FHIRServer, FHIRValidator, Keycloak:
		if _, err := exec.LookPath("java"); err != nil {
			return errors.New("no java in the path: run make setup")
		}
	case Node:
		if _, err := nodePath(); err != nil {
			return err
		}
	}
	return findStamped(part)
}

// findStamped compares the stamp that tools/setup left with the files that the part is made from.
func findStamped(part Part) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	want, err := stamp(filepath.Join(root, "tools", "real", string(part)))
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(cacheDir(), string(part), "stamp"))
	if err != nil {
		return errors.New("not installed: run make setup")
	}
	if strings.TrimSpace(string(got)) != want {
		return errors.New("what is installed is out of date: run make setup")
	}
	return nil
}

// stamp is the checksum that tools/setup computes: all files below dir, in the order of their slash paths.
func stamp(dir string) (string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	sum := sha256.New()
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Soak is how long a test that can go on for ever should go on: MODICUM_SOAK, as make soak sets it, or else the time that
// the test takes in make test. Such a test asks tb.Context() between its rounds, so that it can be interrupted.
func Soak(tb testing.TB, otherwise time.Duration) time.Duration {
	tb.Helper()
	text := os.Getenv("MODICUM_SOAK")
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		tb.Fatalf("MODICUM_SOAK: %v", err)
	}
	return d
}

// Root is the folder of the module, found upward from where the test runs.
func Root(tb testing.TB) string {
	tb.Helper()
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	return root
}

var moduleRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod above the test's folder")
		}
		dir = up
	}
})

// Shared gives the path of a file or folder of the large data sets beside the module (../shared/data), which a plain
// clone does not have. A test that gets false uses small data of its own.
func Shared(tb testing.TB, elem ...string) (path string, ok bool) {
	tb.Helper()
	path = filepath.Join(append([]string{Root(tb), "..", "shared", "data"}, elem...)...)
	_, err := os.Stat(path)
	return path, err == nil
}

// cacheDir is where tools/setup builds.
func cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "modicum")
	}
	return filepath.Join(os.Getenv("HOME"), ".cache", "modicum")
}

func nodePath() (string, error) {
	own := filepath.Join(cacheDir(), "node", "node_modules", ".bin", "node")
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	name, err := exec.LookPath("node")
	if err != nil {
		return "", errors.New("no node in the path: run make setup")
	}
	return name, nil
}

// classPath is that of a Java part.
func classPath(part Part) string {
	dir := filepath.Join(cacheDir(), string(part))
	return filepath.Join(dir, string(part)+".jar") + string(os.PathListSeparator) + filepath.Join(dir, "lib", "*")
}
