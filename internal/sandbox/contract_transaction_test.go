package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/testkit"
)

// put is an entry of a transaction as our client of servers spells it.
func put(resource, id, condition string) string {
	return `{"resource":` + strings.Replace(resource, "new-1", id, 1) + `,"request":{"method":"PUT","url":"Observation/` + id + `",` + condition + `}}`
}

const fresh, first, stale = `"ifNoneMatch":"*"`, `"ifMatch":"W/\"1\""`, `"ifMatch":"W/\"7\""`

// transactions are done in order; each sees what those before it left.
var transactions = []struct{ name, entries string }{
	{"two new ones", put(weight, "t1", fresh) + "," + put(weight, "t2", fresh)},
	{"one changed, one new", put(strings.Replace(weight, "60.50", "61.0", 1), "t1", first) + "," + put(weight, "t3", fresh)},
	{"one of an older version: none", put(weight, "t4", fresh) + "," + put(strings.Replace(weight, "60.50", "62.0", 1), "t2", stale)},
	{"the older version first: none", put(strings.Replace(weight, "60.50", "62.0", 1), "t2", stale) + "," + put(weight, "t5", fresh)},
	{"one that is no resource: none", put(weight, "t6", fresh) + `,{"resource":{"resourceType":"Patient","id":"t7"},"request":{"method":"PUT","url":"Observation/t7"}}`},
}

// TestContractOfTransactions: the sandbox's server does a transaction of PUTs as a real
// one does: all of it or nothing, each where its version is still the one given.
func TestContractOfTransactions(t *testing.T) {
	real := testkit.NewHAPI(t, testkit.HAPIOptions{}).Base
	s, base := hospital(t)
	fill(t, s, real)
	for _, tt := range transactions {
		body := `{"resourceType":"Bundle","type":"transaction","entry":[` + tt.entries + `]}`
		if got, want := transact(t, base, body), transact(t, real, body); got != want {
			t.Errorf("%s:\n sandbox %s\n HAPI    %s", tt.name, got, want)
		}
	}
	for _, id := range []string{"t1", "t2", "t3", "t4", "t5", "t6", "t7"} {
		w := step{method: http.MethodGet, path: "Observation/" + id}
		if got, want := do(t, base, w), do(t, real, w); got != want {
			t.Errorf("%s after all:\n sandbox %s\n HAPI    %s", id, got, want)
		}
	}
}

// transact spells what of an answer must be alike: the status, and of each entry status,
// tag and place.
func transact(t *testing.T, base, body string) string {
	t.Helper()
	res, err := http.Post(base, "application/fhir+json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		ResourceType, Type string
		Entry              []struct {
			Response struct{ Status, Etag, Location string }
		}
	}
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	out := res.Status + " " + b.ResourceType + " " + b.Type
	for _, e := range b.Entry {
		out += "; " + e.Response.Status + " " + e.Response.Etag + " " + e.Response.Location
	}
	return out
}
