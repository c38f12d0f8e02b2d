package fhir_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/internal/sandbox"
	"modicum/ledger"
)

// archive is a sandbox server that remembers what it was asked, and that a test may
// have answer otherwise.
type archive struct {
	*httptest.Server
	inner *sandbox.Server
	mu    sync.Mutex
	asked []sentWrite
	// before is called with each request; when it answers true, it has answered.
	before func(w http.ResponseWriter, r *http.Request, body []byte) bool
	// after is called with each write once it is done; when it answers true, the
	// answer is lost.
	after func(r *http.Request) bool
}

// sentWrite is a request that came to the archive.
type sentWrite struct {
	method, path, body string
	header             http.Header
}

func newArchive(t testing.TB) *archive {
	t.Helper()
	a := &archive{inner: sandbox.NewServer()}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	a.mu.Lock()
	a.asked = append(a.asked, sentWrite{r.Method, r.URL.Path, string(body), r.Header.Clone()})
	before, after := a.before, a.after
	a.mu.Unlock()
	if before != nil && before(w, r, body) {
		return
	}
	answer := httptest.NewRecorder()
	a.inner.ServeHTTP(answer, r)
	if r.Method != http.MethodGet && after != nil && after(r) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}

// writes are the writes that came since the last call.
func (a *archive) writes() []sentWrite {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(a.asked), func(s sentWrite) bool {
		return s.method == http.MethodGet || strings.HasSuffix(s.path, "/_search")
	})
	a.asked = nil
	return out
}

// kept is the text of a record upstream, "" when there is none.
func (a *archive) kept(name string) string {
	for n, body := range a.inner.All {
		if n == name {
			return string(body)
		}
	}
	return ""
}

// of lists the names of the records of a type.
func (a *archive) of(typ string) []string {
	var out []string
	for n := range a.inner.All {
		if strings.HasPrefix(n, typ+"/") {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// writing is a door before an archive under the policy for writing: nina nurses p1 and
// p2 and is p4's own self, rob records for p1, dora is the desk, rita reads p1.
func writing(t testing.TB, a *archive, change func(*fhir.Config)) *clinic {
	t.Helper()
	return writingAt(t, a.URL+"/fhir", change)
}

// writingAt is writing before any upstream.
func writingAt(t testing.TB, base string, change func(*fhir.Config)) *clinic {
	t.Helper()
	lines := map[string]string{"roster": shifts, "people": strings.ReplaceAll(people, "alice", "nina"), "adt": `{"source":"adt","whole":"2026-11-23T11:59:00Z"}
{"fact":"assigned-patient","who":"nina","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"nina","patient":"Patient/p2","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"nina","patient":"Patient/p4","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"rob","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned-patient","who":"rita","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
`}
	c := openClinicAt(t, base, loadPolicy(t, "testdata/writing"), lines, func(c *clinic, cfg *fhir.Config) {
		c.up = &sheet{}
		if change != nil {
			change(cfg)
		}
	})
	c.staff["nina"] = &caller.Caller{ID: "nina", Roles: []string{"nurse"}}
	c.staff["rob"] = &caller.Caller{ID: "rob", Roles: []string{"recorder"}}
	c.staff["dora"] = &caller.Caller{ID: "dora", Roles: []string{"desk"}}
	c.staff["rita"] = &caller.Caller{ID: "rita", Roles: []string{"reader"}}
	c.staff["bob"] = &caller.Caller{ID: "bob", Roles: []string{"clerk"}}
	return c
}

// chart puts a patient and some records upstream.
func chart(a *archive) {
	for _, id := range []string{"p1", "p2", "p4", "p9"} {
		a.inner.PutJSON([]byte(patient(id, "Family"+id, "1940-05-06")))
	}
	a.inner.PutJSON([]byte(condition("c1", "p1", "J45.0")))
	a.inner.PutJSON([]byte(condition("c2", "p1", "B20"))) // HIV: nobody here lifts it
	a.inner.PutJSON([]byte(condition("c9", "p9", "J45.0")))
	a.inner.PutJSON([]byte(`{"resourceType":"Encounter","id":"e1","meta":{"versionId":"1"},"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"}}`))
	a.inner.PutJSON([]byte(`{"resourceType":"Encounter","id":"hid-1","meta":{"versionId":"1","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"}}`))
	a.inner.PutJSON([]byte(`{"resourceType":"Encounter","id":"e9","meta":{"versionId":"1"},"status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p9"}}`))
}

const fhirJSON = "application/fhir+json"

// vital is a weight of a patient, with more members before the last.
func vital(patient, more string) string {
	return `{"resourceType":"Observation",` + more + `"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/` + patient + `"},"effectiveDateTime":"2026-11-23","valueQuantity":{"value":60.50,"unit":"kg"}}`
}

// post creates a record; put and patch change one.
func (c *clinic) post(t testing.TB, who, typ, body string, headers ...string) reply {
	t.Helper()
	return c.send(t, who, http.MethodPost, "/"+typ, body, append([]string{"Content-Type", fhirJSON}, headers...)...)
}

func (c *clinic) put(t testing.TB, who, name, body string, headers ...string) reply {
	t.Helper()
	return c.send(t, who, http.MethodPut, "/"+name, body, append([]string{"Content-Type", fhirJSON}, headers...)...)
}

// id is that of the record in the answer.
func (r reply) id(t testing.TB) string {
	t.Helper()
	at := r.header.Get("Location")
	if r.status != http.StatusCreated || at == "" {
		t.Fatalf("not created: %d %s", r.status, r.body)
	}
	return at[strings.LastIndexByte(at, '/')+1:]
}

// problemOf is the slug of a refusal, and the elements that it names.
func (r reply) problem(t testing.TB) (slug string, elements []string) {
	t.Helper()
	var o struct {
		Issue []struct {
			Details    struct{ Coding []struct{ Code string } }
			Expression []string
		}
	}
	if err := json.Unmarshal([]byte(r.body), &o); err != nil || len(o.Issue) == 0 || len(o.Issue[0].Details.Coding) == 0 {
		t.Fatalf("no outcome: %d %s", r.status, r.body)
	}
	return o.Issue[0].Details.Coding[0].Code, o.Issue[0].Expression
}

// refused checks that a write is refused with a status and slug, and that the upstream
// saw no write.
func (a *archive) refused(t testing.TB, r reply, status int, slug string, elements ...string) {
	t.Helper()
	got, at := r.problem(t)
	if r.status != status || got != slug || len(elements) > 0 && !slices.Equal(at, elements) {
		t.Errorf("got %d %s %v, want %d %s %v", r.status, got, at, status, slug, elements)
	}
	if w := a.writes(); len(w) > 0 {
		t.Errorf("the upstream saw a write: %v", w)
	}
}

// entries of a decision, and of those that are part of its answer.
func (b *book) of(id string) (first *ledger.Decision, outcome *ledger.Outcome, parts []*ledger.Decision) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			if e.ID == id {
				first = e
			}
			if e.PartOf == id {
				parts = append(parts, e)
			}
		case *ledger.Outcome:
			if e.ID == id {
				outcome = e
			}
		}
	}
	return first, outcome, parts
}
