package fhir_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/internal/facts"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
	"modicum/ledger"
	"modicum/policy"
)

// noon is the moment at which all tests of this package take place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// book is a ledger that keeps entries in memory, and fails when told to.
type book struct {
	mu      sync.Mutex
	entries []ledger.Entry
	fail    error
	skips   int  // so many entries are not taken
	forget  bool // takes entries and keeps none, for loads
}

func (b *book) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return ledger.Receipt{}, b.fail
	}
	if b.skips > 0 {
		b.skips--
		return ledger.Receipt{}, ledger.ErrNotDurable
	}
	if _, err := ledger.Encode(e); err != nil {
		return ledger.Receipt{}, err
	}
	if b.forget {
		return ledger.Receipt{}, nil
	}
	b.entries = append(b.entries, e)
	return ledger.Receipt{Index: int64(len(b.entries) - 1)}, nil
}

// staff is who carries which token.
type staff map[string]*caller.Caller

func (s staff) Authenticate(r *http.Request) (*caller.Caller, error) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if c := s[token]; c != nil {
		return c, nil
	}
	return nil, problem.Token
}

// clinic is a door before an upstream, with staff, policy, facts and a record.
type clinic struct {
	*httptest.Server
	up      *sheet
	book    *book
	staff   staff
	gate    *gate.Gate
	ends    *gate.Ends
	serving sync.WaitGroup // requests, also those whose connection was cut
	set     atomic.Pointer[policy.Set]
	logs    *bytes.Buffer
	now     func() time.Time

	observe map[string]gate.Observed // of the gate; to be filled before the first request
}

// fact lines of the tests: alice looks after p1 to p3 and is p4's own self.
const assigned = `{"source":"adt","whole":"2026-11-23T11:59:00Z"}
{"fact":"assigned-patient","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"alice","patient":"Patient/p2","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"alice","patient":"Patient/p3","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"alice","patient":"Patient/p4","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"bob","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"vera","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
`
const shifts = `{"source":"roster","whole":"2026-11-23T11:59:00Z"}
{"fact":"during-shift","who":"bob","source":"roster","recorded_by":"roster"}
{"fact":"during-shift","who":"dora","source":"roster","recorded_by":"roster"}
{"fact":"during-shift","who":"rita","source":"roster","recorded_by":"roster"}
{"fact":"during-shift","who":"vera","source":"roster","recorded_by":"roster"}
`
const people = `{"source":"people","whole":"2026-11-23T11:59:00Z"}
{"fact":"is-patient","who":"alice","patient":"Patient/p4","source":"people","recorded_by":"hr"}
`

func loadPolicy(t testing.TB, dir string) *policy.Set {
	t.Helper()
	set, problems := policy.Load(os.DirFS(dir), catalog.R4())
	if set == nil {
		t.Fatalf("policy %s:\n%v", dir, problems)
	}
	return set
}

// loadPolicyWith is loadPolicy with another text in one file.
func loadPolicyWith(t testing.TB, dir, file, old, with string) *policy.Set {
	t.Helper()
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(other, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(edit(string(text), old, with)), 0o600); err != nil {
		t.Fatal(err)
	}
	return loadPolicy(t, other)
}

// openClinic starts everything over the upstream; change may alter the door's
// configuration, more adds lines to the facts of source adt.
func openClinic(t testing.TB, up *sheet, more string, change func(*fhir.Config)) *clinic {
	t.Helper()
	return openClinicAt(t, up.URL+"/fhir", loadPolicy(t, "testdata/policy"), map[string]string{"adt": assigned + more, "roster": shifts, "people": people}, func(c *clinic, cfg *fhir.Config) {
		c.up = up
		if change != nil {
			change(cfg)
		}
	})
}

func openClinicAt(t testing.TB, base string, set *policy.Set, lines map[string]string, change func(*clinic, *fhir.Config)) *clinic {
	t.Helper()
	return openClinicOver(t, nil, base, set, lines, change)
}

// openClinicOver is openClinicAt with a ledger of its own; nil is a book in memory.
func openClinicOver(t testing.TB, log ledger.Log, base string, set *policy.Set, lines map[string]string, change func(*clinic, *fhir.Config)) *clinic {
	t.Helper()
	return openClinicThatWaits(t, 2*time.Minute, log, base, set, lines, change)
}

// openClinicThatWaits is openClinicOver whose door waits that long for an answer of the
// upstream, and half as long for its beginning.
func openClinicThatWaits(t testing.TB, wait time.Duration, log ledger.Log, base string, set *policy.Set, lines map[string]string, change func(*clinic, *fhir.Config)) *clinic {
	t.Helper()
	c := &clinic{observe: map[string]gate.Observed{}, book: &book{}, logs: &bytes.Buffer{}, now: func() time.Time { return noon }}
	c.set.Store(set)
	if log == nil {
		log = c.book
	}
	now := func() (time.Time, bool) { return c.now(), true }
	store := facts.NewStore(facts.FromPolicy(set, set.Folder(), nil), now, nil)
	dir := t.TempDir()
	for name, text := range lines {
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
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	client, err := upstream.New(upstream.Config{Base: address, Header: wait / 2, Whole: wait})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	random := rand.NewChaCha8(sha256.Sum256([]byte("door")))
	var mu sync.Mutex
	reader := readerFunc(func(p []byte) (int, error) { mu.Lock(); defer mu.Unlock(); return random.Read(p) })
	c.ends = gate.NewEnds(now)
	c.gate, err = gate.New(gate.Config{
		Rights:     c.ends,
		Generation: func() *gate.Generation { return &gate.Generation{Set: c.set.Load(), Facts: store.Index()} },
		Log:        log, Refs: refs, Resolver: client, Upstream: base,
		Now: now, Random: reader, TokenKey: bytes.Repeat([]byte{2}, 32), LogWait: time.Second, Observe: c.observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.staff = staff{
		"alice": {ID: "alice", Roles: []string{"clinician"}},
		"bob":   {ID: "bob", Roles: []string{"biller"}},
		"vera":  {ID: "vera", Roles: []string{"archivist"}},
		"dora":  {ID: "dora", Roles: []string{"desk"}},
		"rita":  {ID: "rita", Roles: []string{"reviewer"}},
		"nemo":  {ID: "nemo", Roles: []string{"clinician"}}, // looks after nobody
		"norma": {ID: "norma", Roles: []string{"unknown-role"}},
	}
	cfg := fhir.Config{
		Gate: c.gate, Callers: c.staff, Upstream: client, UpstreamBase: base,
		Policy: func() *policy.Set { return c.set.Load() }, Now: now, Random: reader,
		CursorKeys: []fhir.CursorKey{{ID: 1, Key: bytes.Repeat([]byte{3}, 32)}}, ETagKey: bytes.Repeat([]byte{4}, 32),
		Version: "test", Diary: slog.New(slog.NewTextHandler(&lockedWriter{w: c.logs}, nil)),
		Budget: fhir.Budget{Time: wait}, // a busy machine takes its time; what is about time says how much
	}
	if change != nil {
		change(c, &cfg)
	}
	door, err := fhir.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", door)
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.serving.Add(1)
		defer c.serving.Done()
		door.ServeHTTP(w, r)
	}))
	c.Server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.Start()
	t.Cleanup(func() { c.Close(); c.gate.Wait() })
	return c
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
	err    error // of reading the body
}

// ask sends a request as somebody; path stands below the base.
func (c *clinic) ask(t testing.TB, who, method, path string, headers ...string) reply {
	t.Helper()
	return c.send(t, who, method, path, "", headers...)
}

func (c *clinic) get(t testing.TB, who, path string, headers ...string) reply {
	t.Helper()
	return c.send(t, who, http.MethodGet, path, "", headers...)
}

func (c *clinic) send(t testing.TB, who, method, path, body string, headers ...string) reply {
	t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = c.URL + "/fhir" + path
	}
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	// The path goes out as it stands: what a client library would clean is part of the tests.
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	raw, query, asked := strings.Cut(strings.TrimPrefix(target, c.URL), "?")
	u.Opaque, u.RawQuery, u.ForceQuery = raw, query, asked && query == ""
	req, err := http.NewRequestWithContext(t.Context(), method, c.URL, r)
	if err != nil {
		t.Fatal(err)
	}
	req.URL = u
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+who)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(b), err}
}

// plain is an answer without what may differ between two runs (interfaces 3).
func (r reply) plain() string {
	h := r.header.Clone()
	h.Del("Date")
	h.Del("Modicum-Decision")
	var b strings.Builder
	fmt.Fprintln(&b, r.status)
	h.Write(&b)
	return b.String() + cursorless(r.body)
}

// cursorless blanks the sealed bytes of cursors and keeps their length.
func cursorless(s string) string {
	parts := strings.Split(s, "?_cursor=")
	for i := 1; i < len(parts); i++ {
		n := strings.IndexByte(parts[i], '"')
		parts[i] = strings.Repeat("x", n) + parts[i][n:]
	}
	return strings.Join(parts, "?_cursor=")
}

// bundleOf is the part of a searchset that tests look at.
type bundleOf struct {
	ResourceType, Type string
	Total              *int
	Link               []struct{ Relation, URL string }
	Entry              []struct {
		FullURL  string
		Resource map[string]any
		Search   struct{ Mode string }
	}
}

func (r reply) bundle(t testing.TB) bundleOf {
	t.Helper()
	var b bundleOf
	if r.err != nil || r.status != http.StatusOK {
		t.Fatalf("got %d, %v: %s", r.status, r.err, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), &b); err != nil || b.ResourceType != "Bundle" || b.Type != "searchset" {
		t.Fatalf("no searchset, %v: %s", err, r.body)
	}
	return b
}

func (b *bundleOf) link(relation string) string {
	for _, l := range b.Link {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}

func (b *bundleOf) ids() []string {
	var out []string
	for _, e := range b.Entry {
		id, _ := e.Resource["id"].(string)
		out = append(out, id)
	}
	return out
}

// all follows next to the end and returns the ids of all pages, page by page.
func (c *clinic) all(t testing.TB, who, path string, headers ...string) [][]string {
	t.Helper()
	var out [][]string
	for path != "" {
		b := c.get(t, who, path, headers...).bundle(t)
		out = append(out, b.ids())
		path = b.link("next")
		if len(out) > 200 {
			t.Fatal("no end of pages")
		}
	}
	return out
}

// refuse checks that a request is refused with a status, that the refusal says
// nothing of the request, and that the upstream was not asked (F1).
func (c *clinic) refuse(t testing.TB, status int, r reply) {
	t.Helper()
	if r.err != nil || r.status != status {
		t.Errorf("got %d, %v: %s; want %d", r.status, r.err, r.body, status)
		return
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
	if r.header.Get("Modicum-Decision") == "" {
		t.Error("no Modicum-Decision")
	}
	if ct := r.header.Get("Content-Type"); ct != "application/fhir+json; charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
	if !strings.Contains(r.body, `"resourceType":"OperationOutcome"`) {
		t.Errorf("no outcome: %s", r.body)
	}
}

func contains(t testing.TB, s, part string) {
	t.Helper()
	if !strings.Contains(s, part) {
		t.Errorf("%q is missing in %s", part, s)
	}
}

func lacks(t testing.TB, s string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(s, p) {
			t.Errorf("%q stands in %s", p, s)
		}
	}
}

func flat(pages [][]string) []string { return slices.Concat(pages...) }

var errDisk = errors.New("disk full")
