package fhir_test

import (
	"bytes"
	"encoding/json"
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
	changesAt(t, c, base)
}

// changesAt changes a patient of whom a part shows, by a copy and by both kinds of patch:
// what is hidden is the same before and after.
func changesAt(t *testing.T, c *clinic, base string) {
	const media = "application/fhir+json"
	hidden := func() string {
		_, text := direct(t, http.MethodGet, base+"/Patient/p1", "")
		var tree map[string]any
		if err := json.Unmarshal([]byte(text), &tree); err != nil {
			t.Fatal(err)
		}
		for _, member := range []string{"meta", "text", "name", "birthDate", "gender"} {
			delete(tree, member)
		}
		b, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := hidden()
	read, put := c.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
	lacks(t, read.body, "555-p1", "999-00")
	for name, r := range map[string]func() reply{
		"PUT": func() reply { return put },
		"JSON Patch": func() reply {
			return c.patch(t, "nina", "Patient/p1", jsonPatch, `[{"op":"replace","path":"/gender","value":"male"}]`)
		},
		"FHIRPath Patch": func() reply { return c.patch(t, "nina", "Patient/p1", media, birthDatePatch) },
	} {
		got := r()
		now := c.get(t, "nina", "/Patient/p1")
		if got.status != 200 || name != "PUT" && (got.body != now.body || got.header.Get("ETag") != now.header.Get("ETag")) {
			t.Errorf("%s: %d %s, then %s", name, got.status, got.body, now.body)
		}
		if after := hidden(); after != before {
			t.Errorf("%s: hidden was\n%s\nand is\n%s", name, before, after)
		}
	}
	now := c.get(t, "nina", "/Patient/p1").body
	for _, want := range []string{"Renamed", `"male"`, "1941-05-06"} {
		contains(t, now, want)
	}
	if r := c.put(t, "nina", "Patient/p1", read.body, "If-Match", read.header.Get("ETag")); r.status != 412 {
		t.Errorf("on a base that is no more: %d %s", r.status, r.body)
	}
	absent := c.put(t, "nina", "Condition/no-such", condition("no-such", "p1", "J45.0"), "If-Match", `W/"1"`)
	same(t, c.put(t, "nina", "Condition/c2", condition("c2", "p1", "J45.0"), "If-Match", `W/"1"`), absent)
	if status, _ := direct(t, http.MethodGet, base+"/Condition/no-such", ""); absent.status != 404 || status != 404 {
		t.Errorf("an update makes no record: %d, %d", absent.status, status)
	}
}

// birthDatePatch is a FHIRPath Patch, hl7.org/fhir/R4/fhirpatch.html.
const birthDatePatch = `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.birthDate"},{"name":"value","valueDate":"1941-05-06"}]}]}`
