package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

const (
	connections = 16
	crowd       = 64 // connections where what many share, commits above all, is cheaper for each
	rounds      = 3
)

// BenchmarkDoorBesideProxy is the scripted load of make bench-door: the same searches of
// 20 kB through the door with its record on disk, through httputil.ReverseProxy, and
// through about the least that could do the door's job (floorChild), each a process of its own,
// in turns. Load and upstream run beside them on the same processors. It prints a table,
// and the ratios alone mean something.
func BenchmarkDoorBesideProxy(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("SKIPPED: processor time and memory of another process are read from /proc")
	}
	seconds, err := time.ParseDuration(orElse(os.Getenv("BENCH_DOOR"), "3s"))
	if err != nil {
		b.Fatal(err)
	}
	s := newSite(b)
	if status, body := s.post(assignment("alice", true, time.Minute)); status != http.StatusOK {
		b.Fatal(body)
	}
	s.stop()
	up := newPages(b)
	l := &loader{b: b, token: s.token(b), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: crowd}}}
	all := []*process{s.child(b, "proxy", up.base), s.child(b, "floor", up.base), s.child(b, "door", up.base)}
	for _, p := range all {
		l.run(p, connections, seconds/2, 0) // warm
	}
	b.ResetTimer()
	full := l.inTurns(all, connections, seconds, 0)
	crowded := l.inTurns(all, crowd, seconds, 0)
	rate := full[2].rate / 2
	half := l.inTurns(all, connections, seconds, rate)
	appended := appendAt(b, 2*rate, seconds)
	up.large.Store(true)
	big := []large{l.large(all[0]), {}, l.large(all[2])}

	fmt.Printf("\n%-46s %12s %12s %12s %9s %9s\n", fmt.Sprintf("%d processors, %d connections, %d x %s", runtime.NumCPU(), connections, rounds, seconds),
		"ReverseProxy", "floor", "door", "by proxy", "by floor")
	benchRow(full, "search of 20 kB, requests/s", rateOf)
	benchRow(full, "  processor time of the process, us a request", cpuOf)
	benchRow(full, "  p50 at full load, ms", p50Of)
	benchRow(full, "  p99 at full load, ms", p99Of)
	benchRow(half, fmt.Sprintf("  p99 at half the door's load, %.0f/s, ms", rate), p99Of)
	fmt.Printf("%-46s %38.2f\n", fmt.Sprintf("  p99 of an append at that rate, %.0f/s, ms", 2*rate), appended)
	fmt.Printf("%-46s %+38.2f\n", "  door's p99 beyond it, ms", half[2].p99-appended)
	benchRow(crowded, fmt.Sprintf("search of 20 kB on %d connections, requests/s", crowd), rateOf)
	benchRow(crowded, "  processor time of the process, us a request", cpuOf)
	benchRow(crowded, "  p50, ms", p50Of)
	benchRow(crowded, "  p99, ms", p99Of)
	benchRow(big, "page of 15 MB, first byte after, ms", func(l large) float64 { return l.first })
	benchRow(big, "  whole after, ms", func(l large) float64 { return l.whole })
	benchRow(big, "  peak memory of the process, MB", func(l large) float64 { return l.memory })
	benchRow(big, "  of it beyond what it used before, MB", func(l large) float64 { return l.above })
}

// benchRow prints a figure of proxy, floor and door, and the door's by each of the others.
// What was not measured is 0 and stays empty.
func benchRow[F any](of []F, what string, figure func(F) float64) {
	fmt.Printf("%-46s", what)
	for _, f := range of {
		fmt.Printf(" %12s", unlessZero(figure(f)))
	}
	for _, f := range of[:2] {
		ratio := 0.0
		if figure(f) > 0 {
			ratio = figure(of[2]) / figure(f)
		}
		fmt.Printf(" %9s", unlessZero(ratio))
	}
	fmt.Println()
}

func unlessZero(f float64) string {
	switch {
	case f == 0:
		return ""
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	default:
		return fmt.Sprintf("%.2f", f)
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// pages is an upstream that answers every search with the same page.
type pages struct {
	base  *url.URL
	large atomic.Bool // of 15 MB, else of 20 kB
}

func newPages(b *testing.B) *pages {
	b.Helper()
	small, large := page(30, 0), page(50, 300_000)
	p := &pages{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := small
		if p.large.Load() {
			answer = large
		}
		w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		w.Write(answer)
	}))
	b.Cleanup(s.Close)
	base, err := url.Parse(s.URL + "/fhir")
	if err != nil {
		b.Fatal(err)
	}
	p.base = base
	return p
}

// page is a searchset of synthetic conditions, a third of which the task does not see; each
// has so many bytes more that it does.
func page(n, more int) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, `{"resourceType":"Bundle","type":"searchset","total":%d,"link":[{"relation":"self","url":"http://up.example/fhir/Condition"}],"entry":[`, n)
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"fullUrl":"http://up.example/fhir/Condition/c%02d","resource":{"resourceType":"Condition","id":"c%02d",`+
			`"meta":{"versionId":"1","lastUpdated":"2026-11-20T08:00:00.000+00:00"},`+
			`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},`+
			`"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},`+
			`"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"J45.0"}],"text":"asthma%s"},`+
			`"subject":{"reference":"Patient/p1"},"onsetDateTime":"2020-01-02","recordedDate":"2020-01-03",`+
			`"note":[{"text":"a remark that this task does not need"}]},"search":{"mode":"match"}}`, i, i, strings.Repeat(" as before", more/10))
	}
	out.WriteString("]}")
	return []byte(out.String())
}

// loader asks and measures.
type loader struct {
	b      *testing.B
	token  string
	client *http.Client
}

// figures of one process under load: requests a second, microseconds of processor time
// a request, milliseconds.
type figures struct{ rate, cpu, p50, p99 float64 }

func rateOf(f figures) float64 { return f.rate }
func cpuOf(f figures) float64  { return f.cpu }
func p50Of(f figures) float64  { return f.p50 }
func p99Of(f figures) float64  { return f.p99 }

// inTurns loads the processes in turns and takes the median of each figure.
func (l *loader) inTurns(ps []*process, connections int, span time.Duration, rate float64) []figures {
	all := make([][]figures, len(ps))
	for range rounds {
		for i, p := range ps {
			all[i] = append(all[i], l.run(p, connections, span, rate))
		}
	}
	out := make([]figures, len(ps))
	for i, fs := range all {
		out[i] = figures{
			rate: median(fs, rateOf), cpu: median(fs, cpuOf), p50: median(fs, p50Of), p99: median(fs, p99Of),
		}
	}
	return out
}

func median(fs []figures, of func(figures) float64) float64 {
	var all []float64
	for _, f := range fs {
		all = append(all, of(f))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// run loads one process: as fast as it answers, or at so many requests a second. A
// request that cannot go out when its time comes has waited since then.
func (l *loader) run(p *process, connections int, span time.Duration, rate float64) figures {
	used, began := p.cpu(l.b), time.Now()
	all := spread(connections, span, rate, func() error { return askOnce(l.client, p.address+"/Condition?patient=p1", l.token) }, l.b)
	took := time.Since(began)
	slices.Sort(all)
	n := len(all)
	return figures{
		rate: float64(n) / took.Seconds(), cpu: float64((p.cpu(l.b) - used).Microseconds()) / float64(n),
		p50: ms(all[n/2]), p99: ms(all[n*99/100]),
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// spread does something on each connection for a span and returns how long each took.
func spread(connections int, span time.Duration, rate float64, do func() error, b *testing.B) []time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var load sync.WaitGroup
	began := time.Now()
	for worker := range connections {
		load.Go(func() {
			var mine []time.Duration
			for n := 0; time.Since(began) < span; n++ {
				due := time.Now()
				if rate > 0 {
					due = began.Add(time.Duration(float64(n*connections+worker) / rate * float64(time.Second)))
					time.Sleep(time.Until(due))
				}
				if err := do(); err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(due))
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	load.Wait()
	if len(all) == 0 {
		b.Fatal("nothing was answered")
	}
	return all
}

// appendAt is the p99 of appends to a record of its own at a rate, in milliseconds.
func appendAt(b *testing.B, rate float64, span time.Duration) float64 {
	b.Helper()
	secret, _, err := ledger.NewKey(origin)
	if err != nil {
		b.Fatal(err)
	}
	key, err := ledger.ParseKey(secret)
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(context.Background(), store.Options{Dir: filepath.Join(b.TempDir(), "data"), Key: key})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var n atomic.Int64
	all := spread(connections, span, rate, func() error {
		_, err := s.Append(context.Background(), ledgertest.Decision(int(n.Add(1))), nil)
		return err
	}, b)
	slices.Sort(all)
	return ms(all[len(all)*99/100])
}

// large is how one process dealt with a page of 15 MB: milliseconds, megabytes.
type large struct{ first, whole, memory, above float64 }

func (l *loader) large(p *process) large {
	l.b.Helper()
	var firsts, wholes []time.Duration
	p.forget(l.b)
	before := memory(l.b, p.pid, "VmRSS")
	for range rounds {
		req, err := http.NewRequest(http.MethodGet, p.address+"/Condition?patient=p1", nil)
		if err != nil {
			l.b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+l.token)
		began := time.Now()
		res, err := l.client.Do(req)
		if err != nil {
			l.b.Fatal(err)
		}
		_, err = io.ReadFull(res.Body, make([]byte, 1))
		firsts = append(firsts, time.Since(began))
		n, more := io.Copy(io.Discard, res.Body)
		wholes = append(wholes, time.Since(began))
		res.Body.Close()
		if err != nil || more != nil || res.StatusCode != http.StatusOK || n < 14<<20 {
			l.b.Fatalf("page of 15 MB: status %d, %d bytes, %v %v", res.StatusCode, n, err, more)
		}
	}
	slices.Sort(firsts)
	slices.Sort(wholes)
	peak := memory(l.b, p.pid, "VmHWM")
	return large{ms(firsts[rounds/2]), ms(wholes[rounds/2]), peak, peak - before}
}

// BenchmarkDoorAlone is the door's share of make bench-door by itself: processor time of
// its process for a search of 20 kB, with the record on disk. Two binaries are compared by
// running them in turns.
//
//	go test -run '^$' -bench DoorAlone -benchtime 20000x ./internal/serve
func BenchmarkDoorAlone(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("SKIPPED: processor time of another process is read from /proc")
	}
	s := newSite(b)
	if status, body := s.post(assignment("alice", true, time.Minute)); status != http.StatusOK {
		b.Fatal(body)
	}
	s.stop()
	up, token := newPages(b), s.token(b)
	door := s.child(b, "door", up.base)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	ask := func() error { return askOnce(client, door.address+"/Condition?patient=p1", token) }
	load(b, 2000, ask)
	used := door.cpu(b)
	b.ResetTimer()
	load(b, b.N, ask)
	b.ReportMetric(float64((door.cpu(b)-used).Microseconds())/float64(b.N), "cpu-us/op")
}

// load does something so many times, on all connections.
func load(b *testing.B, n int, do func() error) {
	var left atomic.Int64
	left.Store(int64(n))
	var load sync.WaitGroup
	for range connections {
		load.Go(func() {
			for left.Add(-1) >= 0 {
				if err := do(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	load.Wait()
}
