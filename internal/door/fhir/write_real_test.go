package fhir_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/testkit"
)

// TestRealServersTakeWritesThroughTheDoor: what holds before the sandbox holds before
// servers that we did not write.
func TestRealServersTakeWritesThroughTheDoor(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) { writesAt(t, testkit.NewHAPI(t, testkit.HAPIOptions{}).Base) })
	t.Run("Medplum", func(t *testing.T) { writesAt(t, testkit.EmptyMedplum(t).Base) })
}

// direct asks the upstream, past the door.
func direct(t *testing.T, method, address, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", fhirJSON)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// loadChart puts the chart of the tests into a real server.
func loadChart(t *testing.T, base string) {
	t.Helper()
	a := newArchive(t)
	chart(a)
	for _, types := range [][]string{{"Patient"}, {"Encounter", "Condition"}} {
		for name, body := range a.inner.All {
			for _, typ := range types {
				if !strings.HasPrefix(name, typ+"/") {
					continue
				}
				if status, text := direct(t, http.MethodPut, base+"/"+name, string(body)); status >= 300 {
					t.Fatalf("%s: %d %s", name, status, text)
				}
			}
		}
	}
}

func writesAt(t *testing.T, base string) {
	loadChart(t, base)
	c := writingAt(t, base, nil)
	made := c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/e1"},`))
	id := made.id(t)
	read := c.get(t, "nina", "/Observation/"+id)
	if read.status != 200 || read.body != made.body || read.header.Get("ETag") != made.header.Get("ETag") {
		t.Errorf("created %s\nread %d %s", made.body, read.status, read.body)
	}
	if again := c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/e1"},`)); again.id(t) != id || again.body != made.body {
		t.Errorf("sent again: %s", again.body)
	}
	same(t, c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/hid-1"},`)), c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/no-such"},`)))
	code := func(code string) string {
		return strings.Replace(strings.Replace(condition("x", "p1", code), `"id":"x",`, "", 1), `"meta":{"versionId":"5"},`, "", 1)
	}
	if r := c.post(t, "nina", "Condition", code("J45.0"), "If-None-Exist", "patient=Patient/p1&code=J45.0"); r.status != 200 || !strings.Contains(r.header.Get("Location"), "/Condition/c1") {
		t.Errorf("there is one: %d %s", r.status, r.body)
	}
	c.post(t, "nina", "Condition", code("J30.0"), "If-None-Exist", "patient=Patient/p1&code=B20").id(t)
	if r := c.post(t, "dora", "Patient", `{"resourceType":"Patient","name":[{"family":"New"}],"birthDate":"not a date"}`); r.status != 422 && r.status != 201 {
		t.Errorf("what the server refuses: %d %s", r.status, r.body)
	} else if r.status == 422 {
		lacks(t, r.body, "not a date", "HAPI")
	}
}
