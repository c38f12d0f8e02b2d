package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit/fhirdata"
)

// patients that the shared FHIR servers hold where the large data set is there; else the two of testdata.
const patients = 10

// FHIR is a running FHIR R4 server.
type FHIR struct {
	Base string       // http://127.0.0.1:PORT/fhir
	Data fhirdata.Set // what was loaded; nil when it was started empty
}

// Synthea gives synthetic patients with all that belongs to them: n of the large data set where that is there, else two
// of our own testdata.
func Synthea(tb testing.TB, n int) fhirdata.Set {
	tb.Helper()
	set, err := synthea(n)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func synthea(n int) (fhirdata.Set, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	bulk := filepath.Join(root, "..", "shared", "data", "synthea-uscore", "bulk")
	if _, err := os.Stat(bulk); err == nil {
		set, err := fhirdata.ReadDir(bulk)
		return set.First(n), err
	}
	return fhirdata.ReadFile(filepath.Join(root, "internal", "testkit", "testdata", "synthea-2.ndjson.gz"))
}

var hapi shared[*FHIR]

// HAPI gives the real FHIR server that the tests put before the gate: HAPI FHIR JPA, loaded with synthetic patients, one
// for all tests of the binary. Do not write to it: a test that writes starts its own with [NewHAPI].
func HAPI(tb testing.TB) *FHIR {
	tb.Helper()
	Need(tb, FHIRServer)
	return hapi.get(tb, func() (*FHIR, error) {
		server, p, err := startLoadedHAPI(HAPIOptions{Patients: patients})
		if err == nil {
			whenDone(func() { p.stop(0) })
		}
		return server, err
	})
}

// HAPIOptions says what a HAPI server of one's own is like.
type HAPIOptions struct {
	Patients int    // synthetic patients to hold; 0 starts it empty and in memory
	Jobs     bool   // background jobs and $export, which step once a minute
	Base     string // base URL to write into links; empty takes each request's Host, as most servers do
}

// NewHAPI starts a HAPI server that ends with the test. It costs 10 to 25 s and 1 GiB.
func NewHAPI(tb testing.TB, o HAPIOptions) *FHIR {
	tb.Helper()
	Need(tb, FHIRServer)
	server, p, err := startLoadedHAPI(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	return server
}

func startLoadedHAPI(o HAPIOptions) (*FHIR, *process, error) {
	if o.Patients == 0 {
		server, p, err := startHAPI(o, "")
		return server, p, err
	}
	set, err := synthea(o.Patients)
	if err != nil {
		return nil, nil, err
	}
	loaded, err := loadedDatabase(set)
	if err != nil {
		return nil, nil, err
	}
	own, err := os.MkdirTemp(filepath.Dir(loaded), "run-")
	if err != nil {
		return nil, nil, err
	}
	// The server keeps its file open, so the name can go as soon as it runs, and nothing is left behind by a killed test.
	defer os.RemoveAll(own)
	if err := copyFile(filepath.Join(own, "fhir.mv.db"), filepath.Join(loaded, "fhir.mv.db")); err != nil {
		return nil, nil, err
	}
	server, p, err := startHAPI(o, own)
	if err != nil {
		return nil, nil, err
	}
	server.Data = set
	return server, p, nil
}

// startHAPI runs the server; dir is the folder of its H2 database, empty for one in memory.
func startHAPI(o HAPIOptions, dir string) (*FHIR, *process, error) {
	// The first compiler tier and the serial collector start in less than half the time, and tests are short.
	cmd := exec.Command("java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8",
		"-cp", classPath(FHIRServer), "modicum.fhirserver.Main")
	cmd.Env = append(os.Environ(), "FHIR_PORT=0", "FHIR_DATA="+dir, "FHIR_BASE="+o.Base, "FHIR_JDBC=", "FHIR_MISSING=1")
	if o.Jobs {
		cmd.Env = append(cmd.Env, "FHIR_JOBS=1")
	}
	p, ready, err := launchServer("HAPI FHIR server", cmd, 6*time.Minute)
	if err != nil {
		return nil, nil, err
	}
	base, _, _ := strings.Cut(ready, " ")
	return &FHIR{Base: base}, p, nil
}

// loadedDatabase gives the folder of an H2 database that holds set, made once for each server build and data: loading
// takes half a minute, starting on a copy of the file a few seconds.
func loadedDatabase(set fhirdata.Set) (string, error) {
	key, err := databaseKey(set)
	if err != nil {
		return "", err
	}
	all := filepath.Join(cacheDir(), "fhir-server-data")
	dir := filepath.Join(all, key)
	if err := os.MkdirAll(all, 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFile(filepath.Join(all, "lock")) // two test binaries must not load at once
	if err != nil {
		return "", err
	}
	defer unlock()
	now := time.Now()
	if _, err := os.Stat(filepath.Join(dir, "fhir.mv.db")); err == nil {
		return dir, os.Chtimes(dir, now, now)
	}
	removeOld(all, now.Add(-14*24*time.Hour))
	return dir, load(set, dir)
}

// load fills a new database and puts it at dir, whole or not at all.
func load(set fhirdata.Set, dir string) error {
	making := dir + ".making"
	if err := os.RemoveAll(making); err != nil {
		return err
	}
	server, p, err := startHAPI(HAPIOptions{}, making)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	err = fhirdata.Send(ctx, server.Base, set)
	p.stop(30 * time.Second) // a gentle end: the database must be closed
	if err != nil {
		return errors.Join(fmt.Errorf("load the FHIR server: %w", err), os.RemoveAll(making))
	}
	return os.Rename(making, dir)
}

// databaseKey names a database by the server's build and the data's content.
func databaseKey(set fhirdata.Set) (string, error) {
	build, err := os.ReadFile(filepath.Join(cacheDir(), string(FHIRServer), "stamp"))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	sum.Write(build)
	for _, typ := range set.Types() {
		for _, r := range set[typ] {
			fmt.Fprintf(sum, "%s\n", r.Body)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// removeOld removes databases that nobody used since then. A failure costs disk space only.
func removeOld(all string, since time.Time) {
	entries, _ := os.ReadDir(all)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && info.ModTime().Before(since) {
			_ = os.RemoveAll(filepath.Join(all, e.Name()))
		}
	}
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Medplum gives a second FHIR server with other habits: no links, no paging, version ids that are UUIDs, an unknown
// parameter finds nothing. It starts in two seconds and ends with the test, so a test may write to it.
func Medplum(tb testing.TB) *FHIR {
	tb.Helper()
	server := EmptyMedplum(tb)
	server.Data = Synthea(tb, patients)
	if err := fhirdata.Send(tb.Context(), server.Base, server.Data); err != nil {
		tb.Fatalf("load the Medplum router: %v", err)
	}
	return server
}

// EmptyMedplum is the same server without data.
func EmptyMedplum(tb testing.TB) *FHIR {
	tb.Helper()
	Need(tb, Node)
	node, err := nodePath()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(node, filepath.Join(cacheDir(), "node", "medplum.mjs"))
	cmd.Env = append(os.Environ(), "FHIR_PORT=0")
	p, base, err := launchServer("Medplum router", cmd, time.Minute)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	return &FHIR{Base: base}
}
