package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"modicum"
	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/observe"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
)

const origin = "observe.test/main"

// house is the sandbox's hospital with the gate before it: whole, as `serve` runs it.
type house struct {
	t      *testing.T
	dir    string
	config *config.Config
	issuer *sandbox.Issuer
	server *serve.Server
	web    *httptest.Server
}

// open starts an installation before an upstream, in a mode.
func open(t *testing.T, upstream, mode string, enforce ...string) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	base, err := url.Parse(upstream + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	if h.issuer, err = sandbox.NewIssuer(h.dir); err != nil {
		t.Fatal(err)
	}
	secret, _, err := ledger.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	key, data := filepath.Join(h.dir, "ledger.key"), filepath.Join(h.dir, "data")
	if err := errors.Join(ledger.WriteKey(key, secret), serve.CreateKeys(filepath.Join(data, "keys")), sandbox.WriteFacts(h.dir, time.Now())); err != nil {
		t.Fatal(err)
	}
	h.config = &config.Config{
		Data: data, Listen: "127.0.0.1:0",
		Issuers: []caller.Issuer{{
			Issuer: sandbox.IssuerName, Audience: sandbox.Audience, Person: "sub",
			JWKSFile: filepath.Join(h.dir, "jwks.json"), Algorithms: []string{"ES256"}, RolesClaim: "roles",
		}},
		FHIR:   config.FHIR{Base: "/fhir", Upstream: base, Mode: mode, Enforce: enforce},
		Facts:  config.Facts{Files: []string{filepath.Join(h.dir, "*.ndjson")}},
		Ledger: config.Ledger{Origin: origin, Key: key},
	}
	h.server, err = serve.New(t.Context(), serve.Options{Config: h.config, Policy: modicum.SamplePolicy(), Version: "test", Diary: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if ps := h.server.Facts().ReadFiles(h.config.Facts.Files, true); len(ps) > 0 {
		t.Fatal(ps)
	}
	h.web = httptest.NewServer(h.server.Handler())
	t.Cleanup(func() { h.web.Close(); h.server.Close(context.Background()) })
	return h
}

// newHospital is the sandbox's FHIR server with its patients.
func newHospital(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	web := httptest.NewServer(up)
	t.Cleanup(web.Close)
	return up, web.URL
}

// answer is what came back.
type answer struct {
	status   int
	mode     string
	decision string
	tag      string
	body     []byte
}

func (h *house) get(p sandbox.Person, task, path string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.web.URL+"/fhir/"+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if p.ID != "" {
		token, err := h.issuer.Token(p, sandbox.Ward, time.Now())
		if err != nil {
			h.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if task != "" {
		req.Header.Set("Modicum-Task", task)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Modicum-Mode"), res.Header.Get("Modicum-Decision"), res.Header.Get("ETag"), b}
}

// records takes an answer's records apart, by Type/id.
func (a *answer) records(t *testing.T) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	if a.status != http.StatusOK {
		return out
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if r["resourceType"] != "Bundle" {
		out[name(r)] = r
		return out
	}
	entries, _ := r["entry"].([]any)
	for _, e := range entries {
		one := e.(map[string]any)["resource"].(map[string]any)
		out[name(one)] = one
	}
	return out
}

func name(r map[string]any) string {
	typ, _ := r["resourceType"].(string)
	id, _ := r["id"].(string)
	return typ + "/" + id
}

// entries reads the whole record.
func (h *house) entries() []ledger.Entry {
	h.t.Helper()
	h.server.Gate().Wait()
	records, err := h.server.Store().Range(h.t.Context(), 0, 10_000)
	if err != nil {
		h.t.Fatal(err)
	}
	return decoded(h.t, records)
}

func decoded(t *testing.T, records []store.Record) []ledger.Entry {
	t.Helper()
	var out []ledger.Entry
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func (h *house) report() observe.Report {
	c := observe.New()
	for _, e := range h.entries() {
		c.Add(e)
	}
	return c.Report()
}
