package serve_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/ledger"
)

const origin = "serve.test/main"

// files are a small policy. Its program is called sandbox, as the client of the
// sandbox's tokens is.
const files = `
-- organization.yaml --
organization: serve-test
title: Serve Test Clinic
time-zone: UTC
positions: [boss]
purposes: {treatment: [TREAT], compliance: [HCOMPL]}
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 1 hour, programs: [sandbox]}
  roster: {title: Roster, fresh: 1 hour, programs: [roster-feed, sandbox]}
  desk: {title: Desk, fresh: 1 hour, programs: [desk-app]}
facts:
  checked: {means: Checked., about: caller, from: [desk]}
  assigned: {means: Looks after the patient., about: patient, from: [adt]}
  shift: {means: On shift., about: caller, from: [roster]}
-- roles/clinician.yaml --
role: clinician
title: Clinician
owner: boss
review: 12 months
say: The chart.
tasks:
  chart:
    title: Look after a patient
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [demographics.name, clinical.problem]}
    limits: {requests: 5 per day}
-- roles/auditor.yaml --
role: auditor
title: Auditor
owner: boss
review: 12 months
say: The record.
tasks:
  audit:
    title: Read the record
    purpose: compliance
    do: [read]
    while: [shift]
    see: {keep: [security.audit]}
    justify: Who audits reads the record of everybody.
`

// folder is a policy's folder that tests may change while it is watched.
type folder struct {
	mu    sync.Mutex
	files fstest.MapFS
}

func (f *folder) Open(name string) (fs.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.files.Open(name)
}

// put replaces files, all at once.
func (f *folder) put(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := fstest.MapFS{}
	for name, file := range f.files {
		next[name] = file
	}
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, data, _ := strings.Cut(part, " --\n")
		next[name] = &fstest.MapFile{Data: []byte(data + "\n")}
	}
	f.files = next
}

// site is an installation before the sandbox's FHIR server.
type site struct {
	t      testing.TB
	dir    string
	policy *folder
	config *config.Config
	issuer *sandbox.Issuer
	server *serve.Server
	main   *httptest.Server
	admin  *httptest.Server
	mu     sync.Mutex
	skew   time.Duration
	before func(ledger.Log) ledger.Log // nil: nothing stands before the store
	diary  *slog.Logger                // nil: nobody reads it
	port   string                      // of the main address; "": whichever is free
}

func (s *site) now() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.skew), true
}

// later puts the clock on.
func (s *site) later(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew += by
}

func newSite(t testing.TB) *site {
	t.Helper()
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	s := prepare(t, up)
	s.start()
	return s
}

// prepare makes everything of an installation before an upstream, and starts nothing.
func prepare(t testing.TB, up http.Handler) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), policy: &folder{}}
	s.policy.put(files)
	upstream := httptest.NewServer(up)
	t.Cleanup(upstream.Close)
	base, err := url.Parse(upstream.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	if s.issuer, err = sandbox.NewIssuer(s.dir); err != nil {
		t.Fatal(err)
	}
	secret, _, err := ledger.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(s.dir, "ledger.key")
	if err := errors.Join(ledger.WriteKey(key, secret), serve.CreateKeys(filepath.Join(s.dir, "data", "keys"))); err != nil {
		t.Fatal(err)
	}
	s.config = &config.Config{
		Data: filepath.Join(s.dir, "data"), Listen: "127.0.0.1:0", PolicyChanges: config.ByFolder,
		Issuers: []caller.Issuer{{
			Issuer: sandbox.IssuerName, Audience: sandbox.Audience, Person: "sub",
			JWKSFile: filepath.Join(s.dir, "jwks.json"), Algorithms: []string{"ES256"}, RolesClaim: "roles",
		}},
		FHIR:   config.FHIR{Base: "/fhir", Upstream: base, Mode: "enforce"},
		Facts:  config.Facts{Files: []string{filepath.Join(s.dir, "facts-*.ndjson")}},
		Ledger: config.Ledger{Origin: origin, Key: key},
	}
	return s
}

func (s *site) start() {
	s.t.Helper()
	var err error
	opts := serve.Options{Config: s.config, Policy: s.policy, Version: "test", Now: s.now, Diary: cmp.Or(s.diary, slog.New(slog.DiscardHandler))}
	opts.Before(s.before)
	s.server, err = serve.New(s.t.Context(), opts)
	if err != nil {
		s.t.Fatal(err)
	}
	s.main, s.admin = httptest.NewUnstartedServer(s.server.Handler()), httptest.NewServer(s.server.Admin())
	if s.port != "" {
		s.main.Listener.Close()
		if s.main.Listener, err = net.Listen("tcp", "127.0.0.1:"+s.port); err != nil {
			s.t.Fatal(err)
		}
	}
	s.main.Start()
	server, main, admin := s.server, s.main, s.admin
	s.t.Cleanup(func() { main.Close(); admin.Close(); server.Close(context.Background()) })
}

func (s *site) stop() {
	s.t.Helper()
	s.main.Close()
	s.admin.Close()
	if err := s.server.Close(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// send asks as somebody in a role; "" sends no token.
func (s *site) send(who, role, method, address, body string) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if who != "" {
		token, err := s.issuer.Token(sandbox.Person{ID: who, Role: role}, sandbox.Ward, time.Now())
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func (s *site) read(who string) int {
	s.t.Helper()
	status, _, _ := s.send(who, "clinician", http.MethodGet, s.main.URL+"/fhir/Patient/p1", "")
	return status
}

func (s *site) post(body string) (int, string) {
	s.t.Helper()
	status, _, text := s.send("sandbox", "", http.MethodPost, s.main.URL+"/api/facts", body)
	return status, text
}

// assignment says that a person looks after p1, as of a while ago.
func assignment(who string, whole bool, ago time.Duration) string {
	line := fmt.Sprintf(`{"fact":"assigned","who":"%s","patient":"Patient/p1","source":"adt","recorded_by":"ward"}`+"\n", who)
	if whole {
		line = fmt.Sprintf(`{"source":"adt","whole":"%s"}`+"\n", time.Now().Add(-ago).UTC().Format(time.RFC3339)) + line
	}
	return line
}

type ready struct {
	Ready   bool
	State   string
	Policy  string
	Wrong   []string
	Sources []struct {
		Source string
		Stale  bool
	}
}

func (s *site) ready() (int, ready) {
	s.t.Helper()
	status, _, body := s.send("", "", http.MethodGet, s.admin.URL+"/readyz", "")
	var r ready
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
	return status, r
}

func (r ready) says(part string) bool { return strings.Contains(strings.Join(r.Wrong, "\n"), part) }

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
