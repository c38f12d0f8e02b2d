package serve_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is one line of the table of docs/api.md: page, act, operation.
var row = regexp.MustCompile("(?m)^\\| `(/[^`]*)` \\| ([a-z-]+) \\| (none: [^|]+|`[^|]+) \\|")

var quoted = regexp.MustCompile("`([A-Za-z]+)`")

// What the console does, programs can do: each act of each page has an operation that the
// description has, or a reason why there is none. A page that is added without one fails
// here, and so does an act of the table that no page has.
func TestEveryActOfThePagesIsAnOperation(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	s := lendingSite(t)
	known := operations(t, s)
	told := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		told[m[1]+" "+m[2]] = true
		for _, op := range quoted.FindAllStringSubmatch(m[3], -1) {
			if !known[op[1]] {
				t.Errorf("%s %s: there is no operation %s", m[1], m[2], op[1])
			}
		}
		if strings.HasPrefix(m[3], "none") && m[2] != "look" {
			t.Errorf("%s %s changes something, and no program can", m[1], m[2])
		}
	}
	done := map[string]bool{}
	for _, p := range s.server.Pages() {
		at := strings.TrimSuffix(p.Path, "{$}")
		if p.Get != nil {
			done[at+" look"] = true
		}
		for name := range p.Does {
			done[at+" "+name] = true
		}
		if p.Post != nil && len(p.Does) == 0 {
			done[at+" send"] = true
		}
	}
	if len(done) < 60 || len(known) < 60 {
		t.Errorf("%d acts and %d operations: the reading of them is broken", len(done), len(known))
	}
	for _, act := range slices.Sorted(maps.Keys(done)) {
		if !told[act] {
			t.Errorf("docs/api.md has no row for %s", act)
		}
	}
	for _, act := range slices.Sorted(maps.Keys(told)) {
		if !done[act] {
			t.Errorf("docs/api.md has a row for %s, which no page does", act)
		}
	}
}

// operations are those of the description that is served.
func operations(t *testing.T, s *site) map[string]bool {
	t.Helper()
	res, err := http.Get(s.main.URL + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var doc struct {
		Paths map[string]map[string]struct {
			ID string `json:"operationId"`
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, ops := range doc.Paths {
		for _, op := range ops {
			out[op.ID] = true
		}
	}
	return out
}
