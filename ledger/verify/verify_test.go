package verify_test

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

const origin = "modicum.test/main"

// filled returns a log in memory that holds entries.
func filled(t testing.TB, entries []ledger.Entry) *ledgertest.Log {
	t.Helper()
	l := ledgertest.New(t, origin)
	add(t, l, entries)
	return l
}

func add(t testing.TB, l *ledgertest.Log, entries []ledger.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := l.Append(context.Background(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// published writes the log to a folder, as a server does, and reads it back.
func published(t testing.TB, l *ledgertest.Log) fstest.MapFS {
	t.Helper()
	dir := t.TempDir()
	publish(t, l, dir)
	return load(t, dir)
}

func publish(t testing.TB, l *ledgertest.Log, dir string) {
	t.Helper()
	p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: dir, Source: l, Keys: []string{l.Key().Public()}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// clone copies a folder so that one file may be replaced.
func clone(f fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for k, v := range f {
		out[k] = &fstest.MapFile{Data: slices.Clone(v.Data)}
	}
	return out
}

func check(t testing.TB, f fstest.MapFS, l *ledgertest.Log, since []byte) *verify.Result {
	t.Helper()
	r, err := verify.Log(context.Background(), verify.FS(f), verify.Options{Keys: []string{l.Key().Public()}, Since: since})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestL3_WholeLogsOfEverySizeVerify(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 1000} {
		l := filled(t, ledgertest.Mixed(n))
		r := check(t, published(t, l), l, nil)
		if !r.OK || r.Entries != int64(n) || r.Size != int64(n) {
			t.Errorf("%d entries: got %+v, problem %v", n, r, r.Problem)
		}
	}
}

func TestL3_EveryEarlierCheckpointIsContinued(t *testing.T) {
	l := ledgertest.New(t, origin)
	var points [][]byte
	for _, e := range ledgertest.Mixed(600) {
		cp, _ := l.Checkpoint(context.Background())
		points = append(points, cp)
		add(t, l, []ledger.Entry{e})
	}
	f := published(t, l)
	for i := 0; i < len(points); i += 13 {
		if r := check(t, f, l, points[i]); !r.OK {
			t.Errorf("since %d: %v", i, r.Problem)
		}
	}
}

// TestL3_EveryFlippedByteIsFound: one flipped bit in every byte of every file of
// a log of 300 entries. Under -short, which runs beside it, a seeded part of them.
func TestL3_EveryFlippedByteIsFound(t *testing.T) {
	l := filled(t, ledgertest.Small(300))
	if testing.Short() {
		flipAll(t, l, published(t, l), seeded(300, 500))
		return
	}
	flipAll(t, l, published(t, l), nil)
}

// TestL3_FlippedBytesOfALongLogAreFound: 2,000 seeded positions in 10,000
// entries.
func TestL3_FlippedBytesOfALongLogAreFound(t *testing.T) {
	l := filled(t, ledgertest.Small(10000))
	n := 2000
	if testing.Short() {
		n = 200
	}
	flipAll(t, l, published(t, l), seeded(10000, n))
}

// seeded chooses n positions, the same ones in each run.
func seeded(seed uint64, n int) func(total int) []int {
	return func(total int) []int {
		rnd := rand.New(rand.NewPCG(3, seed))
		at := make([]int, n)
		for i := range at {
			at[i] = rnd.IntN(total)
		}
		return at
	}
}

// flipAll flips a bit at each chosen position (nil: all of them) of the folder
// as one run of bytes, and expects every one to be found.
func flipAll(t *testing.T, l *ledgertest.Log, f fstest.MapFS, choose func(total int) []int) {
	type place struct {
		path string
		at   int
	}
	var places []place
	var paths []string
	for p := range f {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		for i := range f[p].Data {
			places = append(places, place{p, i})
		}
	}
	if choose != nil {
		var some []place
		for _, i := range choose(len(places)) {
			some = append(some, places[i])
		}
		places = some
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			mine := clone(f)
			for i := w; i < len(places); i += workers {
				p := places[i]
				bit := byte(1) << (i % 8)
				mine[p.path].Data[p.at] ^= bit
				r, err := verify.Log(context.Background(), verify.FS(mine), verify.Options{Keys: []string{l.Key().Public()}, Workers: 1})
				if err != nil || r.OK || r.Problem == nil {
					t.Errorf("bit %d of byte %d of %s: not found (err %v)", bit, p.at, p.path, err)
				}
				mine[p.path].Data[p.at] ^= bit
			}
		})
	}
	wg.Wait()
	t.Logf("%d positions", len(places))
}

// entriesOf replaces the entries of one bundle.
func entriesOf(t testing.TB, f fstest.MapFS, path string, change func([][]byte) [][]byte) fstest.MapFS {
	t.Helper()
	g := clone(f)
	es, err := ledger.SplitBundle(g[path].Data)
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, e := range change(slices.Clone(es)) {
		out = ledger.AppendBundle(out, e)
	}
	g[path].Data = out
	return g
}

func TestL3_WhatWasDoneIsNamed(t *testing.T) {
	l := filled(t, ledgertest.Mixed(300))
	earlier, _ := l.Checkpoint(context.Background())
	add(t, l, ledgertest.Small(700)[300:])
	f := published(t, l)
	const first, second, last = "tile/entries/000", "tile/entries/001", "tile/entries/002.p/188"
	without := func(paths ...string) fstest.MapFS {
		g := clone(f)
		for _, p := range paths {
			if g[p] == nil {
				t.Fatalf("no file %s", p)
			}
			delete(g, p)
		}
		return g
	}
	other := ledgertest.New(t, "modicum.test/other")
	sameName := ledgertest.New(t, origin)
	add(t, other, ledgertest.Small(700))
	add(t, sameName, ledgertest.Small(700))
	for _, tt := range []struct {
		name  string
		f     fstest.MapFS
		since []byte
		want  verify.What
		entry int64
	}{
		{"one entry changed", entriesOf(t, f, first, func(e [][]byte) [][]byte {
			e[7] = []byte(strings.Replace(string(e[7]), "1", "2", 1))
			return e
		}), nil, verify.Changed, 7},
		{"two neighbours swapped", entriesOf(t, f, first, func(e [][]byte) [][]byte { e[9], e[10] = e[10], e[9]; return e }), nil, verify.Swapped, 9},
		{"two entries swapped far apart", entriesOf(t, f, first, func(e [][]byte) [][]byte { e[9], e[200] = e[200], e[9]; return e }), nil, verify.Swapped, 9},
		{"an entry dropped", entriesOf(t, f, first, func(e [][]byte) [][]byte { return slices.Delete(e, 20, 21) }), nil, verify.Dropped, 20},
		{"an entry dropped and the gap filled from the next bundle", entriesOf(t, f, first, func(e [][]byte) [][]byte {
			return append(slices.Delete(e, 20, 21), l.Raw()[256])
		}), nil, verify.Dropped, 20},
		{"an entry slipped in", entriesOf(t, f, second, func(e [][]byte) [][]byte { return slices.Insert(e, 5, []byte(`{"x":1}`)) }), nil, verify.Inserted, 261},
		{"an entry replaced by a copy of another", entriesOf(t, f, second, func(e [][]byte) [][]byte { e[5] = e[50]; return e }), nil, verify.Changed, 261},
		{"last entry taken away", entriesOf(t, f, last, func(e [][]byte) [][]byte { return e[:len(e)-1] }), nil, verify.CutTail, 699},
		{"last bundle taken away", without(last), nil, verify.CutTail, 512},
		{"a bundle in the middle taken away", without(second), nil, verify.Missing, 256},
		{"a tile of leaves taken away", without("tile/0/001"), nil, verify.Missing, 256},
		{"a tile of nodes taken away", without("tile/1/000.p/2"), nil, verify.Missing, -1},
		{"the checkpoint taken away", without("checkpoint"), nil, verify.Missing, -1},
		{"signed by another key of that name", published(t, sameName), nil, verify.BadSignature, -1},
		{"a log of another name", published(t, other), nil, verify.BadSignature, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := check(t, tt.f, l, tt.since)
			if r.OK || r.Problem.What != tt.want || r.Problem.Entry != tt.entry {
				t.Errorf("got %v, want %s at %d", r.Problem, tt.want, tt.entry)
			}
		})
	}

	t.Run("rolled back to an earlier state, whole and signed", func(t *testing.T) {
		old := ledgertest.WithKey(l.Key())
		for _, b := range l.Raw()[:250] {
			old.AddRaw(b)
		}
		g := published(t, old)
		if r := check(t, g, l, nil); !r.OK {
			t.Fatalf("without an earlier checkpoint it cannot be told: %v", r.Problem)
		}
		if r := check(t, g, l, earlier); r.OK || r.Problem.What != verify.CutTail || r.Problem.Entry != 250 {
			t.Errorf("got %v, want cut tail at 250", r.Problem)
		}
	})
	for _, n := range []int{300, 700} {
		t.Run(fmt.Sprintf("re-signed with the stolen key, %d entries", n), func(t *testing.T) {
			fork := ledgertest.WithKey(l.Key())
			for i, b := range l.Raw()[:n] {
				if i == 14 { // an act: nothing depends on its id
					b, _ = ledger.Encode(ledgertest.Act(99999))
				}
				fork.AddRaw(b)
			}
			g := published(t, fork)
			if r := check(t, g, l, nil); !r.OK {
				t.Logf("without an earlier checkpoint: %v", r.Problem)
			}
			if r := check(t, g, l, earlier); r.OK || r.Problem.What != verify.Forked {
				t.Errorf("got %v, want forked", r.Problem)
			}
		})
	}
	t.Run("entries and all tiles built anew under the old checkpoint", func(t *testing.T) {
		fork := ledgertest.WithKey(l.Key())
		for i, b := range l.Raw() {
			if i == 600 {
				b, _ = ledger.Encode(ledgertest.Act(99999))
			}
			fork.AddRaw(b)
		}
		g := published(t, fork)
		g["checkpoint"] = f["checkpoint"]
		if r := check(t, g, l, earlier); r.OK || r.Problem.What != verify.Rewritten {
			t.Errorf("got %v, want rewritten", r.Problem)
		}
		for p := range g {
			if strings.HasPrefix(p, "tile/1/") {
				g[p] = f[p]
			}
		}
		if r := check(t, g, l, nil); r.OK {
			t.Error("not found")
		}
	})
}

func TestL5_FormAndOrderAreChecked(t *testing.T) {
	enc := func(e ledger.Entry) string {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	d, o, end := enc(ledgertest.Decision(1)), enc(ledgertest.Opened(1, 1)), enc(ledgertest.Outcome(1))
	refused := ledgertest.Decision(2)
	refused.Effect = ledger.Refuse
	for _, tt := range []struct {
		name string
		raw  []string
		want verify.What
		at   int64
	}{
		{"in order", []string{d, o, end}, "", 0},
		{"opened without decision", []string{o}, verify.OutOfOrder, 0},
		{"outcome without decision", []string{end}, verify.OutOfOrder, 0},
		{"opened after outcome", []string{d, end, o}, verify.OutOfOrder, 2},
		{"opened twice with one number", []string{d, o, o}, verify.OutOfOrder, 2},
		{"opened with a gap", []string{d, enc(ledgertest.Opened(1, 2))}, verify.OutOfOrder, 1},
		{"decision twice", []string{d, d}, verify.OutOfOrder, 1},
		{"opened after a refusal", []string{enc(refused), strings.ReplaceAll(o, ledgertest.ID(1), ledgertest.ID(2))}, verify.OutOfOrder, 1},
		{"a blank", []string{strings.Replace(d, ":", ": ", 1)}, verify.NotCanonical, 0},
		{"an unknown key", []string{strings.Replace(d, `"task":`, `"tasj":"x","task":`, 1)}, verify.NotCanonical, 0},
		{"keys out of order", []string{`{"b":1,"a":2}`}, verify.NotCanonical, 0},
		{"a float", []string{strings.Replace(d, `"status":200`, `"status":200.0`, 1)}, verify.NotCanonical, 0},
		{"an escape that is not needed", []string{strings.Replace(d, `"who":"hosp`, `"who":"\u0068osp`, 1)}, verify.NotCanonical, 0},
		{"another schema", []string{strings.Replace(d, `"schema":1`, `"schema":2`, 1)}, verify.NotCanonical, 0},
		{"not JSON", []string{"hello"}, verify.NotCanonical, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := ledgertest.New(t, origin)
			for _, b := range tt.raw {
				l.AddRaw([]byte(b))
			}
			r := check(t, published(t, l), l, nil)
			if tt.want == "" && !r.OK || tt.want != "" && (r.OK || r.Problem.What != tt.want || r.Problem.Entry != tt.at) {
				t.Errorf("got %v, want %q at %d", r.Problem, tt.want, tt.at)
			}
		})
	}
}

// A folder that grew keeps the partial files of the checkpoint before; they are
// checked too.
func TestL3_OlderPartialFilesAreChecked(t *testing.T) {
	l := filled(t, ledgertest.Small(300))
	dir := t.TempDir()
	p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: dir, Source: l, Keys: []string{l.Key().Public()}, Interval: 1})
	if err != nil {
		t.Fatal(err)
	}
	add(t, l, ledgertest.Small(310)[300:])
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	f := load(t, dir)
	r := check(t, f, l, nil)
	if !r.OK || r.Partials == 0 {
		t.Fatalf("got %+v %v, want older partial files", r, r.Problem)
	}
	g := clone(f)
	g["tile/entries/001.p/44"].Data[30] ^= 1
	if r := check(t, g, l, nil); r.OK {
		t.Error("a flipped bit in an older partial bundle was not found")
	}
}

func TestSourceByURLAgrees(t *testing.T) {
	l := filled(t, ledgertest.Mixed(700))
	p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: t.TempDir(), Source: l, Keys: []string{l.Key().Public()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close(context.Background())
	srv := httptest.NewServer(http.StripPrefix("/ledger", p.Handler()))
	defer srv.Close()
	src, err := verify.URL(srv.URL+"/ledger", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify.Log(context.Background(), src, verify.Options{Keys: []string{l.Key().Public()}})
	if err != nil || !r.OK || r.Entries != 700 {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, path := range []string{"/tile/0/1", "/tile/0/000.p/256", "/tile/0/999", "/tile/9/000", "/tile/entries/x000/000", "/tile/00/000", "/tile/0/000.p/0", "/other"} {
		resp, err := http.Get(srv.URL + "/ledger" + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, resp.StatusCode)
		}
	}
}

func TestVerifyingEndsWithItsContext(t *testing.T) {
	l := filled(t, ledgertest.Small(2000))
	f := published(t, l)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := verify.Log(ctx, verify.FS(f), verify.Options{Keys: []string{l.Key().Public()}, Progress: func(done, total int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestProofFiles(t *testing.T) {
	l := filled(t, ledgertest.Mixed(700))
	for _, i := range []int64{0, 1, 255, 256, 511, 698, 699} {
		p, err := ledger.Prove(context.Background(), l, i, l.Key().Public())
		if err != nil {
			t.Fatal(err)
		}
		file := p.Format()
		r, err := verify.Proof(file, l.Key().Public())
		if err != nil || !r.OK || r.Index != i || r.Entry != string(l.Raw()[i]) {
			t.Fatalf("entry %d: got %+v, %v", i, r, err)
		}
		if i != 255 {
			continue
		}
		for at := range file {
			bad := slices.Clone(file)
			bad[at] ^= 1
			if r, err := verify.Proof(bad, l.Key().Public()); err != nil || r.OK {
				t.Errorf("byte %d changed: accepted", at)
			}
		}
	}
}

// TestL3_VerifierSharesNoCode: the verifier imports the standard library alone.
func TestL3_VerifierSharesNoCode(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		first, _, _ := strings.Cut(path, "/") // of a module a domain, of ours its name
		if strings.Contains(first, ".") || first == "modicum" {
			t.Errorf("imports %s, which is not in the standard library", path)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	for _, n := range []int{100_000} {
		l := ledgertest.New(b, origin)
		for _, e := range ledgertest.Mixed(n) {
			raw, err := ledger.Encode(e)
			if err != nil {
				b.Fatal(err)
			}
			l.AddRaw(raw)
		}
		f := published(b, l)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				r, err := verify.Log(context.Background(), verify.FS(f), verify.Options{Keys: []string{l.Key().Public()}})
				if err != nil || !r.OK {
					b.Fatal(err, r)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
