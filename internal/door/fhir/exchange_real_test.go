package fhir_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/door/fhir"
	"modicum/internal/testkit"
)

// TestRealServersExchangeThroughTheDoor: versions, batches, transactions and contents
// before servers that we did not write.
func TestRealServersExchangeThroughTheDoor(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) {
		base := testkit.NewHAPI(t, testkit.HAPIOptions{}).Base
		exchangesAt(t, base)
		transactsAt(t, base)
	})
	t.Run("Medplum", func(t *testing.T) {
		base := testkit.EmptyMedplum(t).Base
		exchangesAt(t, base)
		c := writingAt(t, base, nil)
		if r := c.transact(t, "nina", making(weighing("61.0", ""))); r.status < 400 { // it takes no ids of ours there
			entriesOf(t, "transaction-response", r)
		} else {
			lacks(t, r.body, "Medplum")
		}
	})
}

// putAt puts a record into a real server, past the door.
func putAt(t *testing.T, base, body string) {
	t.Helper()
	typ, id := identify(body)
	if status, text := direct(t, http.MethodPut, base+"/"+typ+"/"+id, body); status >= 300 {
		t.Fatalf("%s/%s: %d %s", typ, id, status, text)
	}
}

// exchangesAt asks for versions, documents and their contents.
func exchangesAt(t *testing.T, base string) {
	loadChart(t, base)
	for _, v := range []struct{ patient, code string }{{"p1", "J10.0"}, {"p1", "B20"}, {"p9", "J20.0"}, {"p1", "J30.0"}, {"p1", "J45.0"}} {
		putAt(t, base, strings.Replace(condition("h1", v.patient, v.code), `"meta":{"versionId":"5"},`, "", 1))
	}
	for _, code := range []string{"J45.0", "B20"} {
		putAt(t, base, strings.Replace(condition("h2", "p1", code), `"meta":{"versionId":"5"},`, "", 1))
	}
	putAt(t, base, content("b-1", "text/plain"))
	putAt(t, base, content("b-9", "text/plain"))
	putAt(t, base, document("d-1", "p1", "Binary/b-1"))
	putAt(t, base, document("d-9", "p9", base+"/Binary/b-9"))
	c := openClinicAt(t, base, loadPolicy(t, "testdata/policy"), map[string]string{"adt": assigned, "roster": shifts, "people": people},
		func(c *clinic, _ *fhir.Config) { c.up = &sheet{} })
	c.staff["alice"].Roles = []string{"scribe"}
	versionsAt(t, c)
	absent := c.scribe(t, "/Binary/nowhere")
	same(t, c.scribe(t, "/Binary/b-1"), absent)
	c.scribe(t, "/DocumentReference/d-1")
	c.scribe(t, "/DocumentReference/d-9")
	if r := c.scribe(t, "/Binary/b-1"); r.status != 200 || !strings.Contains(r.body, `"data":"VEhFIE5PVEU="`) {
		t.Errorf("its content: %d %s", r.status, r.body)
	}
	if r := c.scribe(t, "/Binary/b-1", "Accept", "text/plain"); r.body != "THE NOTE" {
		t.Errorf("its bytes: %d %s", r.status, r.body)
	}
	same(t, c.scribe(t, "/Binary/b-9"), absent)
}

func versionsAt(t *testing.T, c *clinic) {
	t.Helper()
	var shown []string
	for path := "/Condition/h1/_history?_count=2"; path != ""; {
		r := c.get(t, "vera", path)
		shown, path = append(shown, told(t, r)...), nextOf(t, r)
		lacks(t, cursorless(r.body), "B20", "p9", "J20.0")
	}
	if len(shown) != 3 {
		t.Fatalf("versions %v, want three of five", shown)
	}
	for _, v := range shown {
		if r := c.get(t, "vera", "/Condition/h1/_history/"+v); r.status != 200 || !strings.Contains(r.body, `"versionId":"`+v+`"`) {
			t.Errorf("version %s: %d %s", v, r.status, r.body)
		}
	}
	absent := c.get(t, "vera", "/Condition/nowhere")
	same(t, c.get(t, "vera", "/Condition/h2/_history"), absent) // marked since
	same(t, c.get(t, "nemo", "/Condition/h1/_history"), c.get(t, "nemo", "/Condition/nowhere"))
	list := []one{{method: "GET", url: "Condition/h1"}, {method: "GET", url: "Condition/h2"}, {method: "GET", url: "Condition?patient=p1&_count=100"}, {method: "GET", url: "Condition/h1/_history/" + shown[2]}} // of a history, Medplum changes the order
	for i, e := range entriesOf(t, "batch-response", c.send(t, "vera", "POST", "", bundleFor("batch", list...), asFHIR...)) {
		alone := c.get(t, "vera", "/"+list[i].url)
		if want := fmt.Sprintf("%d %s", alone.status, http.StatusText(alone.status)); e.Response.Status != want || alone.status == 200 && string(e.Resource) != alone.body {
			t.Errorf("%s: %s %s\nalone %d %s", list[i].url, e.Response.Status, e.Resource, alone.status, alone.body)
		}
	}
}

func transactsAt(t *testing.T, base string) {
	c := writingAt(t, base, nil)
	body := making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", ""))
	r := c.transact(t, "nina", body)
	for _, e := range entriesOf(t, "transaction-response", r) {
		if _, path, _ := strings.Cut(e.Response.Location, "/fhir"); e.Response.Status != "201 Created" || c.get(t, "nina", path).body != string(e.Resource) {
			t.Errorf("%+v %s, read %s", e.Response, e.Resource, c.get(t, "nina", path).body)
		}
	}
	same(t, c.transact(t, "nina", body), r)
	before := c.get(t, "nina", "/Observation?patient=p1&_summary=count").body
	if r := c.transact(t, "nina", making(weighing("63.0", ""), vital("p9", ""))); r.status != 404 {
		t.Errorf("of which one is refused: %d %s", r.status, r.body)
	}
	if after := c.get(t, "nina", "/Observation?patient=p1&_summary=count").body; after != before {
		t.Errorf("a part of it was done: %s, %s", before, after)
	}
	read := c.get(t, "nina", "/Patient/p1")
	was, kept := direct(t, http.MethodGet, base+"/Patient/p1", "")
	entry := changing("Patient/p1", read.header.Get("ETag"), strings.Replace(read.body, "Familyp1", "Renamed", 1))
	both := strings.Replace(making(weighing("64.0", "")), `"entry":[`, `"entry":[`+entry+",", 1)
	for i, e := range entriesOf(t, "transaction-response", c.transact(t, "nina", both)) {
		if want := []string{"200 OK", "201 Created"}[i]; e.Response.Status != want {
			t.Errorf("entry %d: %+v", i, e.Response)
		}
	}
	content := func(s string) string { return s[strings.Index(s, `"identifier"`):] } // behind meta, which is the server's
	if _, now := direct(t, http.MethodGet, base+"/Patient/p1", ""); was != 200 || content(now) != content(strings.Replace(kept, "Familyp1", "Renamed", 1)) {
		t.Errorf("upstream has\n%s\nhad\n%s", now, kept)
	}
	if r := c.transact(t, "nina", strings.Replace(both, "64.0", "65.0", 1)); r.status != 412 {
		t.Errorf("on a former view: %d %s", r.status, r.body)
	}
}
