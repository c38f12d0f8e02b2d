package twin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/internal/facts"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/sandbox"
	"modicum/internal/upstream"
	"modicum/ledger"
	"modicum/policy"
)

// habits are what a server does besides holding records: they tell of its
// content, its age and its software, and nothing of them may show.
type habits struct {
	most    int               // records a page, whatever is asked
	total   int               // Bundle.total that it claims
	outcome bool              // a page ends with an outcome in its own words
	headers map[string]string // of every answer
	words   string            // of its errors
}

func newHabits(rng *rand.Rand) habits {
	word := func() string { return fmt.Sprintf("%s%04x", canary, rng.IntN(0x10000)) }
	return habits{
		most: 3 + rng.IntN(60), total: rng.IntN(1000), outcome: rng.IntN(3) == 0, words: word(),
		headers: map[string]string{"X-Powered-By": word(), "ETag": `W/"` + strconv.Itoa(rng.IntN(99)) + `"`, "Last-Modified": word(), "Set-Cookie": "s=" + word(), "Warning": word()},
	}
}

// server holds a world and remembers which records it gave out.
type server struct {
	*httptest.Server
	inner  *sandbox.Server
	habits habits
	mu     sync.Mutex
	given  []string // Type/id, in order, since the last call of taken
	honest bool     // its ETags are those of versions, so that writes can rest on them
}

func openServer(w *world, front func(http.Handler) http.Handler) *server {
	s := &server{inner: sandbox.NewServer(), habits: w.habits}
	s.inner.Now = func() time.Time { return noon } // of a write, which may show
	for _, e := range w.entries {
		for _, v := range w.past[e.ref()] {
			s.inner.PutJSON([]byte(v.text))
		}
		s.inner.PutJSON([]byte(e.text))
	}
	var h http.Handler = s
	if front != nil {
		h = front(h)
	}
	s.Server = httptest.NewServer(h)
	return s
}

// ServeHTTP answers as the sandbox does, in this server's own manner.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(strings.NewReader(s.capped(string(body))))
	r.URL.RawQuery = s.capped(r.URL.RawQuery)
	rec := httptest.NewRecorder()
	s.inner.ServeHTTP(rec, r)
	text := rec.Body.String()
	if rec.Code < http.StatusMultipleChoices {
		s.note(text)
		text = s.spoken(text)
	} else {
		text = fmt.Sprintf(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"%s"}]}`, s.habits.words)
	}
	for name, v := range s.habits.headers {
		w.Header().Set(name, v)
	}
	if s.honest {
		w.Header()["Etag"] = rec.Header()["Etag"]
	}
	w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	w.WriteHeader(rec.Code)
	io.WriteString(w, text)
}

var countParam = regexp.MustCompile(`(^|&)_count=(\d+)`)

// capped lowers the page size that is asked to what this server gives.
func (s *server) capped(query string) string {
	return countParam.ReplaceAllStringFunc(query, func(m string) string {
		name, n, _ := strings.Cut(m, "=")
		asked, _ := strconv.Atoi(n)
		return name + "=" + strconv.Itoa(min(asked, s.habits.most))
	})
}

// spoken puts the server's own words into a page.
func (s *server) spoken(text string) string {
	if !strings.Contains(text, `"type":"searchset"`) {
		return text
	}
	text = strings.Replace(text, `"type":"searchset"`, `"type":"searchset","total":`+strconv.Itoa(s.habits.total), 1)
	if s.habits.outcome {
		text = strings.Replace(text, `"entry":[`, fmt.Sprintf(`"entry":[{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing","diagnostics":"%s"}]},"search":{"mode":"outcome"}},`, s.habits.words), 1)
	}
	return text
}

var (
	fullURL = regexp.MustCompile(`"fullUrl":"[^"]*/([A-Za-z]+/[^"/]+)"`)
	topType = regexp.MustCompile(`^\{"resourceType":"([A-Za-z]+)","id":"([^"]+)"`)
)

func (s *server) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range fullURL.FindAllStringSubmatch(text, -1) {
		s.given = append(s.given, m[1])
	}
	if m := topType.FindStringSubmatch(text); m != nil && m[1] != "Bundle" {
		s.given = append(s.given, m[1]+"/"+m[2])
	}
}

// taken returns what was given out since the last call.
func (s *server) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.given
	s.given = nil
	return out
}

// record is a ledger in memory.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	b, err := ledger.Encode(e)
	if err != nil {
		return ledger.Receipt{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.Write(append(b, '\n'))
	return ledger.Receipt{}, nil
}

// clinic is a door before a server, for one caller.
type clinic struct {
	*httptest.Server
	up   *server
	book *record
	gate *gate.Gate
	logs *bytes.Buffer
	core *upstream.Client
}

// public is the address that both doors call themselves by.
const public = "https://gate.example/fhir"

type always struct{ *caller.Caller }

func (a always) Authenticate(r *http.Request) (*caller.Caller, error) {
	if r.Header.Get("Authorization") != "Bearer "+me {
		return nil, problem.Token
	}
	c := *a.Caller
	return &c, nil
}

// lock guards what several goroutines of a door write or read.
type lock struct {
	mu sync.Mutex
	io.Writer
	io.Reader
}

func (l *lock) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Writer.Write(p)
}
func (l *lock) Read(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.Reader.Read(p) }

func loadPolicy(t testing.TB) *policy.Set {
	t.Helper()
	set, problems := policy.Load(os.DirFS("testdata/policy"), catalog.R4())
	if set == nil {
		t.Fatalf("the policy of this test does not compile:\n%v", problems)
	}
	return set
}

// parts of a clinic that a test may bring itself; the zero value takes none.
type parts struct {
	log   ledger.Log
	diary io.Writer
	now   func() (time.Time, bool)
	front func(http.Handler) http.Handler // stands before the server behind the door
	base  string                          // of another server behind the door, which holds the world
}

// openClinic puts a door before a world for the person; close it.
func openClinic(t testing.TB, w *world, p *person, set *policy.Set) *clinic {
	return openClinicOf(t, w, p, set, parts{})
}

func openClinicOf(t testing.TB, w *world, p *person, set *policy.Set, with parts) *clinic {
	t.Helper()
	c := &clinic{up: openServer(w, with.front), book: &record{}, logs: &bytes.Buffer{}}
	now := with.now
	if now == nil {
		now = func() (time.Time, bool) { return noon, true }
	}
	if with.log == nil {
		with.log = c.book
	}
	if with.diary == nil {
		with.diary = c.logs
	}
	store := facts.NewStore(facts.FromPolicy(set, set.Folder(), nil), now, nil)
	dir := t.TempDir()
	for name, text := range p.lines() {
		if err := os.WriteFile(filepath.Join(dir, name+".ndjson"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if ps := store.ReadFiles([]string{filepath.Join(dir, "*.ndjson")}, true); len(ps) > 0 {
		t.Fatalf("facts: %v", ps)
	}
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	base := orElse(with.base, c.up.URL+"/fhir")
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	if c.core, err = upstream.New(upstream.Config{Base: address}); err != nil {
		t.Fatal(err)
	}
	random := &lock{Reader: rand.NewChaCha8(sha256.Sum256([]byte(base)))}
	c.gate, err = gate.New(gate.Config{
		Generation: func() *gate.Generation { return &gate.Generation{Set: set, Facts: store.Index()} },
		Log:        with.log, Refs: refs, Resolver: c.core, Upstream: base,
		Now: now, Random: random, TokenKey: bytes.Repeat([]byte{2}, 32), Lent: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	self, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	door, err := fhir.New(fhir.Config{
		Gate: c.gate, Callers: always{&p.caller}, Upstream: c.core, UpstreamBase: base, Public: self,
		Policy: func() *policy.Set { return set }, Now: now, Random: random, Version: "test", PageSize: 10, MaxPage: 30,
		CursorKeys: []fhir.CursorKey{{ID: 1, Key: bytes.Repeat([]byte{3}, 32)}}, ETagKey: bytes.Repeat([]byte{4}, 32),
		Budget: fhir.Budget{Pages: 2000}, Diary: slog.New(slog.NewTextHandler(&lock{Writer: with.diary}, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Server = httptest.NewServer(door)
	return c
}

func (c *clinic) close() {
	c.Server.Close()
	c.up.Close()
	c.gate.Wait()
	c.core.Close()
}
