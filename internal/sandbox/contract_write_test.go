package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/testkit"
)

// step is one write, and what the server keeps after it.
type step struct {
	method, path, body string
	headers            string // "Name: value", one a line
	// own says how a server differs where FHIR leaves it to the server: that line is
	// not compared with it.
	hapi, medplum string
}

const weight = `{"resourceType":"Observation","id":"new-1","status":"final","code":{"text":"weight"},"valueQuantity":{"value":60.50,"unit":"kg"},"subject":{"reference":"Patient/p1"}}`

// own: Medplum's versions are UUIDs, it answers 200 to what it makes, spells numbers
// anew and makes a version of what did not change.
const own = "version ids and numbers of its own"

// writes are done in order; each sees what those before it left.
var writes = []step{
	// a record under an id of ours
	{method: "PUT", path: "Observation/new-1", body: weight, headers: "If-None-Match: *", medplum: own},
	{method: "GET", path: "Observation/new-1", medplum: own},
	{method: "PUT", path: "Observation/new-1", body: weight, headers: "If-None-Match: *", medplum: own},
	{method: "PUT", path: "Observation/new-1", body: strings.Replace(weight, "60.50", "60.51", 1), headers: "If-None-Match: *", medplum: own},
	{method: "PUT", path: "Observation/new-1", body: weight, headers: "If-None-Match: *", medplum: own},
	{method: "PUT", path: "Observation/new-1", body: strings.Replace(weight, "60.50", "61.0", 1), headers: `If-Match: W/"1"`, medplum: own},
	{method: "PUT", path: "Observation/new-1", body: strings.Replace(weight, "60.50", "62.0", 1), headers: `If-Match: W/"1"`, medplum: own},
	{method: "PUT", path: "Observation/new-1", body: strings.Replace(weight, "60.50", "61.0", 1), headers: `If-Match: W/"2"`, medplum: own},
	{method: "GET", path: "Observation/new-1", medplum: own},
	{method: "GET", path: "Observation/new-1/_history/1", medplum: own},
	{method: "GET", path: "Observation/new-1/_history/9", medplum: own},
	{method: "GET", path: "Observation/new-1/_history", medplum: own},
	{method: "GET", path: "Observation/nobody/_history"},
	{method: "PUT", path: "Observation/new-1", body: weight, headers: "Prefer: return=minimal", medplum: own},
	// ids that do not fit
	{method: "PUT", path: "Observation/12345", body: strings.Replace(weight, "new-1", "12345", 1), medplum: own},
	{method: "PUT", path: "Observation/new-2", body: weight},
	{method: "PUT", path: "Observation/new-2", body: strings.Replace(weight, `"id":"new-1",`, "", 1)},
	{method: "PUT", path: "Patient/new-1", body: weight},
	{method: "PUT", path: "Nothing/new-1", body: strings.Replace(weight, "Observation", "Nothing", 1), medplum: "400"},
	// what is not there, or not any more
	{method: "PUT", path: "Observation/nobody", body: strings.Replace(weight, "new-1", "nobody", 1), headers: `If-Match: W/"1"`, medplum: "404: it makes nothing"},
	{method: "PUT", path: "Basic/deleted", body: `{"resourceType":"Basic","id":"deleted","code":{"text":"again"}}`, headers: `If-Match: W/"1"`, medplum: "404"},
	// an id of the server's
	{method: "POST", path: "Observation", body: weight, medplum: own},
	{method: "POST", path: "Observation", body: `{"resourceType":"Patient"}`},
	{method: "POST", path: "Observation", body: `{"resourceType":`},
	{method: "POST", path: "Nothing", body: `{"resourceType":"Nothing"}`, medplum: "400"},
}

// TestContractOfWrites: the sandbox's server takes writes as real ones do.
func TestContractOfWrites(t *testing.T) {
	for _, name := range []string{"HAPI", "Medplum"} {
		t.Run(name, func(t *testing.T) {
			var real string
			if name == "HAPI" {
				real = testkit.NewHAPI(t, testkit.HAPIOptions{}).Base
			} else {
				real = testkit.EmptyMedplum(t).Base
			}
			s, base := hospital(t)
			fill(t, s, real)
			for i, w := range writes {
				got, want := do(t, base, w), do(t, real, w)
				if own := map[string]string{"HAPI": w.hapi, "Medplum": w.medplum}[name]; own != "" {
					t.Logf("%d %s %s: %s\n sandbox %s\n %s %s", i, w.method, w.path, own, got, name, want)
					continue
				}
				if name == "Medplum" {
					got, want = tagless(got), tagless(want)
				}
				if got != want {
					t.Errorf("%d %s %s %s:\n sandbox %s\n %s %s", i, w.method, w.path, w.headers, got, name, want)
				}
			}
		})
	}
}

// done is what of an answer to a write must be alike.
type done struct {
	status             int
	etag, at, kind, id string
	number             string // of the value, as it is spelt
}

func (d done) String() string {
	return fmt.Sprintf("%d tag %s at %s: %s/%s %s", d.status, d.etag, d.at, d.kind, d.id, d.number)
}

// tagless leaves out what follows from the form of version ids.
func tagless(d done) done {
	d.etag, d.at = "", ""
	return d
}

func do(t *testing.T, base string, w step) done {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), w.method, base+"/"+w.path, strings.NewReader(w.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	for line := range strings.Lines(w.headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		ResourceType, ID string
		ValueQuantity    struct{ Value json.RawMessage }
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatalf("%s %s: %v\n%s", w.method, w.path, err, text)
		}
	}
	out := done{status: res.StatusCode, etag: res.Header.Get("ETag"), kind: tree.ResourceType, id: tree.ID, number: string(tree.ValueQuantity.Value)}
	if out.kind == "OperationOutcome" || out.kind == "Bundle" {
		out.id, out.etag = "", ""
	}
	_, out.at, _ = strings.Cut(res.Header.Get("Location"), "/fhir/")
	if w.method == http.MethodPost && out.id != "" { // each server has ids of its own
		out.at = strings.ReplaceAll(out.at, out.id, "ID")
		out.id = "ID"
	}
	return out
}
