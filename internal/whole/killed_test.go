package whole_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// point is where in a write the gate is killed.
type point struct {
	name   string
	method string // of the request at which it happens
	before bool   // the server does it before the gate is killed
	after  bool   // the server does it after the gate was killed
}

var points = []point{
	{"while the record is read again", http.MethodGet, false, false},
	{"when the write has arrived, and is not done", http.MethodPut, false, false},
	{"when the write has arrived, and is done later", http.MethodPut, false, true},
	{"when the write is done, and its answer is not sent", http.MethodPut, true, false},
}

// guillotine stands before a server and kills the gate at a point, once.
type guillotine struct {
	behind
	inner http.Handler
	mu    sync.Mutex
	armed *point
	kill  func()
	over  chan struct{} // closed when the server is done with what it was killed in
}

func newGuillotine(t *testing.T, server string) *guillotine {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	target.Path = ""
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of a gate that was killed while it asked
	return &guillotine{behind: behind(server), inner: proxy}
}

func (g *guillotine) arm(p *point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed, g.over = p, make(chan struct{})
}

func (g *guillotine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := g.falls(r)
	if p == nil {
		g.inner.ServeHTTP(w, r)
		return
	}
	defer close(g.over)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	does := func() { // whoever sent it is gone, or will be
		again := r.Clone(context.WithoutCancel(r.Context()))
		again.Body = io.NopCloser(bytes.NewReader(body))
		g.inner.ServeHTTP(httptest.NewRecorder(), again)
	}
	if p.before {
		does()
	}
	g.kill()
	if p.after {
		does()
	}
	panic(http.ErrAbortHandler)
}

// falls gives the point that a request is at, if it is the armed one.
func (g *guillotine) falls(r *http.Request) *point {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.armed
	if p == nil || p.method != r.Method || !strings.Contains(r.URL.Path, "/Patient/") && !strings.Contains(r.URL.Path, "/Observation/") {
		return nil
	}
	g.armed = nil
	return p
}

const (
	partlySeen = `{"resourceType":"Patient","id":"p1","extension":[{"url":"http://vendor.example/x","valueString":"hidden"}],"identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-00-1234"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:mrn","value":"m1"}],"name":[{"family":"Before","given":["Test"]}],"gender":"female","birthDate":"1950-02-03"}`
	weight     = `{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-11-23","valueQuantity":{"value":60.5,"unit":"kg"}}`
)

// TestKilledAtAnyPointNothingIsHalfDone: the gate's process is killed in the middle of a
// write, at every point at which the server hears of it. The record is as it was, or as
// it was to be; the gate starts again on what it left, its record verifies and holds the
// decision of a write that the server heard of; and what is sent again is done once.
func TestKilledAtAnyPointNothingIsHalfDone(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		up := httptest.NewServer(sandbox.NewServer())
		t.Cleanup(up.Close)
		killedBefore(t, up.URL+"/fhir")
	})
	t.Run("HAPI", func(t *testing.T) { killedBefore(t, testkit.NewHAPI(t, testkit.HAPIOptions{}).Base) })
}

func killedBefore(t *testing.T, server string) {
	g := newGuillotine(t, server)
	up := httptest.NewServer(g)
	t.Cleanup(up.Close)
	i := install(t, canaryConfig(up.URL))
	writeCanaryFacts(t, i.dir)
	writeFile(t, filepath.Join(i.dir, "facts", "wrong.ndjson"), "")
	writeFile(t, filepath.Join(i.dir, "facts", "adt.ndjson"), whole("adt")+`{"fact":"assigned-patient","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward"}`+"\n")
	s := &scene{}
	g.kill = func() { i.running.Stop(0) }
	ask := func(method, path, body, tag string) (answer, error) {
		kind := ""
		if body != "" {
			kind = "application/fhir+json"
		}
		return try(t, method, i.door+"/fhir/"+path, s.token("alice", "physician"), "treat", kind, body, tag)
	}
	begin := func() {
		i.start(t)
		eventually(t, "the patient shows", func() bool {
			a, err := ask(http.MethodGet, "Patient/p1", "", "")
			return err == nil && a.status == http.StatusOK
		})
	}
	heard := 0 // updates of which the decision must be on record
	for _, p := range points {
		t.Run(p.name, func(t *testing.T) {
			g.put(t, "Patient/p1", partlySeen)
			was := g.kept(t, "Patient/p1")
			done := strings.Replace(was, "Before", "After", 1)
			begin()
			read, err := ask(http.MethodGet, "Patient/p1", "", "")
			if err != nil || strings.Contains(read.body, "999-00") {
				t.Fatalf("%v: %s", err, read.body)
			}
			sent := strings.Replace(read.body, "Before", "After", 1)
			g.arm(&p)
			if a, err := ask(http.MethodPut, "Patient/p1", sent, read.header.Get("ETag")); err == nil {
				t.Fatalf("the gate was killed and answered %d %s", a.status, a.body)
			}
			<-g.over
			if heard++; p.method == http.MethodPut {
				heard++
			}
			want := was
			if p.before || p.after {
				want = done
			}
			if now := g.kept(t, "Patient/p1"); now != want {
				t.Errorf("the server has\n%s\nwant\n%s", now, want)
			}
			begin()
			again, err := ask(http.MethodPut, "Patient/p1", sent, read.header.Get("ETag"))
			if wantStatus := map[bool]int{true: http.StatusPreconditionFailed, false: http.StatusOK}[want == done]; err != nil || again.status != wantStatus {
				t.Errorf("sent again: %v, %d %s, want %d", err, again.status, again.body, wantStatus)
			}
			if now := g.kept(t, "Patient/p1"); now != done {
				t.Errorf("the server has\n%s\nwant\n%s", now, done)
			}
			made(t, g, p, ask, begin)
			i.stop(t)
			verified(t, i, heard)
		})
	}
}

func (g *guillotine) count(t *testing.T, typ string) int {
	t.Helper()
	return len(g.ids(t, typ, ""))
}

// made kills the gate in the middle of a create, and sends it again.
func made(t *testing.T, g *guillotine, p point, ask func(method, path, body, tag string) (answer, error), begin func()) {
	t.Helper()
	if p.method != http.MethodPut {
		return
	}
	body := strings.Replace(weight, "60.5", fmt.Sprint(60+g.count(t, "Observation")), 1)
	before := g.count(t, "Observation")
	g.arm(&p)
	if a, err := ask(http.MethodPost, "Observation", body, ""); err == nil {
		t.Fatalf("the gate was killed and answered %d %s", a.status, a.body)
	}
	<-g.over
	begin()
	again, err := ask(http.MethodPost, "Observation", body, "")
	if err != nil || again.status != http.StatusCreated {
		t.Errorf("made again: %v, %d %s", err, again.status, again.body)
	}
	if n := g.count(t, "Observation") - before; n != 1 {
		t.Errorf("%d records were made", n)
	}
}

// verified checks the record on disk, and that it holds the decision of every write of
// which the server heard: of one that ended before, it may be.
func verified(t *testing.T, i *installation, heard int) {
	t.Helper()
	status, out := i.run(t, "ledger", "verify", filepath.Join(i.dir, "data", "ledger"), "--key", i.vkey(t), "--json")
	if status != 0 || !strings.Contains(out, `"ok":true`) {
		t.Errorf("verify: %d %s", status, out)
	}
	if status, out := i.run(t, "ledger", "search", "--config", i.config(), "--kind", "decision", "--limit", "10000", "--json"); status != 0 || strings.Count(out, `"interaction":"update"`) < heard {
		t.Errorf("the record has not both updates: %d", status)
	}
}

// try is send with a tag, whose connection may break.
func try(t *testing.T, method, url, token, task, kind, body, tag string) (answer, error) {
	t.Helper()
	key := "" // makes a create known again, after a new start too
	if method == http.MethodPost {
		key = fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Modicum-Task": task, "Content-Type": kind, "If-Match": tag, "Idempotency-Key": key} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), res.Header.Get("Modicum-Decision")}, err
}
