package whole_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// behind is the server behind the gate, asked past the gate, by its base.
type behind string

// put writes a record.
func (b behind) put(t *testing.T, name, body string) {
	t.Helper()
	if a := send(t, http.MethodPut, string(b)+"/"+name, "", "", "application/fhir+json", body); a.status >= 300 {
		t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
}

// kept is a record without what it says of versions, its members in order.
func (b behind) kept(t *testing.T, name string) string {
	t.Helper()
	a := get(t, string(b)+"/"+name, "", "")
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
	return ordered(t, a.body)
}

func ordered(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var record map[string]any
	if err := d.Decode(&record); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	delete(record, "meta")
	out, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// ids lists the records of a type, criteria such as "&subject=Patient/p1", that are there
// now: HAPI answers from what it found a minute ago otherwise.
func (b behind) ids(t *testing.T, typ, criteria string) (ids []string) {
	t.Helper()
	address := string(b) + "/" + typ + "?_count=100" + criteria
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cache-Control", "no-cache")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var found struct {
		ResourceType string
		Entry        []struct{ Resource struct{ ID string } }
	}
	if err := json.NewDecoder(res.Body).Decode(&found); err != nil || found.ResourceType != "Bundle" {
		t.Fatalf("%s: %s %v", address, res.Status, err)
	}
	for _, e := range found.Entry {
		ids = append(ids, e.Resource.ID)
	}
	return ids
}
