package fhir_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/internal/door/fhir"
	"modicum/ledger"
)

// one is an entry of a batch, and the same request sent alone.
type one struct {
	method, url string
	condition   [2]string // header and member of the request
	value       string
	resource    string
}

func (o one) entry() string {
	request := map[string]string{"method": o.method, "url": o.url}
	if o.condition[1] != "" {
		request[o.condition[1]] = o.value
	}
	b, err := json.Marshal(request)
	if err != nil {
		panic(err)
	}
	if o.resource == "" {
		return `{"request":` + string(b) + `}`
	}
	return `{"resource":` + o.resource + `,"request":` + string(b) + `}`
}

func (o one) headers() []string {
	var h []string
	if o.condition[0] != "" {
		h = []string{o.condition[0], o.value}
	}
	if o.resource != "" {
		h = append(h, "Content-Type", "application/fhir+json")
	}
	return h
}

var asFHIR = []string{"Content-Type", "application/fhir+json"}

func bundleFor(kind string, list ...one) string {
	var entries []string
	for _, o := range list {
		entries = append(entries, o.entry())
	}
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
}

type entryOf struct {
	Resource json.RawMessage
	Response struct {
		Status, ETag, Location string
		Outcome                json.RawMessage
	}
}

func entriesOf(t testing.TB, kind string, r reply) []entryOf {
	t.Helper()
	var b struct {
		ResourceType, Type string
		Entry              []entryOf
	}
	if err := json.Unmarshal([]byte(r.body), &b); err != nil || r.status != 200 || b.ResourceType != "Bundle" || b.Type != kind {
		t.Fatalf("no %s: %d %v %s", kind, r.status, err, r.body)
	}
	return b.Entry
}

var (
	ifNoneMatch = [2]string{"If-None-Match", "ifNoneMatch"}
	ifMatch     = [2]string{"If-Match", "ifMatch"}
)

// asked are requests of every kind; what is refused alone is refused in a batch.
var asked = []one{
	{method: "GET", url: "Patient/p1"}, {method: "GET", url: "Patient/p9"}, {method: "GET", url: "Patient/nowhere"}, {method: "GET", url: "Condition/c02"},
	{method: "GET", url: "Condition?patient=p1&_count=100"}, {method: "GET", url: "Condition?patient=p1&_count=2"}, {method: "GET", url: "Condition?patient=p1&_summary=count"},
	{method: "GET", url: "Condition/_search?patient=p1"}, {method: "POST", url: "Condition/_search?patient=p1"}, {method: "GET", url: "Patient/p1/_history"},
	{method: "GET", url: "Patient/p1/_history/3"}, {method: "GET", url: "Patient/p1?_elements=name&_pretty=true"}, {method: "GET", url: "metadata"},
	{method: "GET", url: "Patient/p1", condition: ifNoneMatch, value: "*"}, {method: "GET", url: "Patient/p1", condition: ifMatch, value: `W/"7"`},
	{method: "GET", url: "Patient/p9", condition: ifMatch, value: `W/"7"`}, {method: "HEAD", url: "Patient/p1"},
	{method: "GET", url: "Patient?shoesize=44"}, {method: "GET", url: "Patient?address-city=Springfield"}, {method: "GET", url: "Claim?patient=p1"}, {method: "GET", url: "Patient/p1?_format=xml"},
	{method: "GET", url: "Patient/../Patient/p1"}, {method: "GET", url: "Patient/p1/"}, {method: "GET", url: "Patient?_id=p%zz"}, {method: "GET", url: "_history"}, {method: "GET", url: "Patient/p1/$everything?x=y"},
	{method: "GET", url: "Patient?"}, {method: "DELETE", url: "Patient/p1"}, {method: "TRACE", url: "Patient/p1"}, {method: "get", url: "Patient/p1"},
	{method: "GET", url: "Patient/p1", resource: `{"resourceType":"Patient"}`},
}

// TestFC39_EachEntryIsAnsweredAsIfAlone: status, tag, address and every byte of what an
// entry shows are those of the request sent alone, for the same task.
func TestFC39_EachEntryIsAnsweredAsIfAlone(t *testing.T) {
	public, _ := url.Parse("https://gate.example/fhir")
	for _, task := range []string{"chart-review", "keep-archive", "bill"} {
		c := openClinic(t, ward(t), "", func(cfg *fhir.Config) { cfg.Public = public })
		c.staff["alice"].Roles = []string{"archivist", "clinician"} // of two purposes: which one, the header says
		as := []string{"Modicum-Task", task}
		whole := c.send(t, "alice", "POST", "", bundleFor("batch", asked...), append(as, asFHIR...)...)
		entries := entriesOf(t, "batch-response", whole)
		if len(entries) != len(asked) {
			t.Fatalf("%d answers to %d requests", len(entries), len(asked))
		}
		shown := 0
		for i, o := range asked {
			alone := c.send(t, "alice", o.method, "/"+o.url, o.resource, append(o.headers(), as...)...)
			e := entries[i]
			if want := fmt.Sprintf("%d %s", alone.status, http.StatusText(alone.status)); e.Response.Status != want || e.Response.ETag != alone.header.Get("ETag") || e.Response.Location != alone.header.Get("Location") {
				t.Errorf("%s, %s %s: %+v, alone %s", task, o.method, o.url, e.Response, want)
			}
			body := string(e.Resource)
			if alone.status >= 400 {
				body = string(e.Response.Outcome)
			}
			if got, want := cursorless(body), strings.TrimSuffix(cursorless(alone.body), "\n"); o.method != "HEAD" && got != want {
				t.Errorf("%s, %s %s:\n%s\nalone\n%s", task, o.method, o.url, got, want)
			}
			if alone.status == 200 && alone.body != "" {
				shown++
			}
		}
		if task == "chart-review" && shown < 6 {
			t.Errorf("only %d entries show something", shown)
		}
		lacks(t, whole.body, "Springfield", "B20", c.up.URL)
	}
}

func TestFC39_EachEntryIsADecisionOfItsOwn(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	r := c.send(t, "alice", "POST", "", bundleFor("batch", asked...), asFHIR...)
	c.Close() // outcomes are recorded when the answer has left
	c.gate.Wait()
	first := r.header.Get("Modicum-Decision")
	decisions, ends := map[string]string{}, map[string]int64{}
	for _, e := range c.book.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			decisions[e.ID] = e.PartOf
		case *ledger.Outcome:
			ends[e.ID] = e.Status
		}
	}
	if len(decisions) != len(asked)-1 { // the capability statement is no decision
		t.Errorf("%d decisions of %d entries", len(decisions), len(asked))
	}
	for id, of := range decisions {
		if id == first && of != "" || id != first && of != first {
			t.Errorf("%s is part of %q, the answer names %s", id, of, first)
		}
	}
	if _, known := decisions[first]; !known || ends[first] != 200 {
		t.Errorf("the first decision %q ended with %d", first, ends[first])
	}
}

// TestN1_BatchesOfTwins: what an entry must not show is as if it were not there, beside
// whatever others.
func TestN1_BatchesOfTwins(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	send := func(kind string, ids ...string) reply {
		var list []one
		for _, id := range ids {
			list = append(list, one{method: "GET", url: id})
		}
		return c.send(t, "alice", "POST", "", bundleFor(kind, list...), asFHIR...)
	}
	for _, kind := range []string{"batch", "transaction"} {
		absent := send(kind, "Patient/p1", "Patient/nowhere", "Condition/c00")
		for _, hidden := range []string{"Patient/p9", "Patient/p4", "Condition/c02", "Condition/e0", "Condition/c00/_history", "Patient/p1/_history/3"} {
			same(t, send(kind, "Patient/p1", hidden, "Condition/c00"), absent)
		}
	}
}

func TestFC39_ATransactionIsAnsweredWholeOrNotAtAll(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	good := []one{{method: "GET", url: "Patient/p1"}, {method: "GET", url: "Condition?patient=p1&_count=100"}, {method: "HEAD", url: "Condition/c00"}, {method: "GET", url: "Patient/p1", condition: ifNoneMatch, value: "*"}}
	entries := entriesOf(t, "transaction-response", c.send(t, "alice", "POST", "", bundleFor("transaction", good...), asFHIR...))
	if len(entries) != len(good) || string(entries[0].Resource) != c.get(t, "alice", "/Patient/p1").body {
		t.Errorf("%d entries, %s", len(entries), entries[0].Resource)
	}
	for _, bad := range []one{
		{method: "GET", url: "Patient/p9"}, {method: "GET", url: "Patient?shoesize=44"}, {method: "GET", url: "Claim?patient=p1"}, {method: "GET", url: "Patient/$match"},
		{method: "GET", url: "Patient/p1", condition: ifMatch, value: `W/"7"`},
	} {
		alone := c.send(t, "alice", bad.method, "/"+bad.url, "", bad.headers()...)
		whole := c.send(t, "alice", "POST", "", bundleFor("transaction", append(slices.Clone(good), bad)...), asFHIR...)
		same(t, reply{status: whole.status, header: http.Header{}, body: whole.body}, reply{status: alone.status, header: http.Header{}, body: alone.body})
		lacks(t, whole.body, "Familyp1", "J10.0")
	}
	c.Close() // outcomes are recorded when the answer has left
	c.gate.Wait()
	for _, e := range c.book.entries {
		if o, ok := e.(*ledger.Outcome); ok && o.Status >= 400 && o.Bytes > 1000 {
			t.Errorf("a refused transaction is said to have sent %d bytes", o.Bytes)
		}
	}
}

// TestFC39_WhatIsNoBatchIsRefused before anything is sent, in one answer for all of it.
func TestFC39_WhatIsNoBatchIsRefused(t *testing.T) {
	const read = `{"request":{"method":"GET","url":"Patient/p1"}}`
	bundle := func(entries string) string {
		return `{"resourceType":"Bundle","type":"batch","entry":[` + entries + `]}`
	}
	for name, tt := range map[string]struct {
		body    string
		status  int
		headers []string
	}{
		"another type of Bundle":     {strings.Replace(bundle(read), "batch", "document", 1), 400, asFHIR},
		"no type":                    {`{"resourceType":"Bundle","entry":[` + read + `]}`, 400, asFHIR},
		"no Bundle":                  {`{"resourceType":"Parameters"}`, 400, asFHIR},
		"nothing in it":              {`{"resourceType":"Bundle","type":"batch"}`, 400, asFHIR},
		"an entry without request":   {bundle(read + `,{"resource":{"resourceType":"Patient"}}`), 400, asFHIR},
		"a request without url":      {bundle(`{"request":{"method":"GET"}}`), 400, asFHIR},
		"a misspelt condition":       {bundle(`{"request":{"method":"GET","url":"Patient/p1","ifNonematch":"x"}}`), 400, asFHIR},
		"a number for a url":         {bundle(`{"request":{"method":"GET","url":7}}`), 400, asFHIR},
		"a member twice (FC47)":      {bundle(`{"request":{"method":"GET","url":"Patient/p1","url":"Patient/p2"}}`), 400, asFHIR},
		"a byte order mark (FC47)":   {"\ufeff" + bundle(read), 400, asFHIR},
		"something behind (FC47)":    {bundle(read) + `{}`, 400, asFHIR},
		"bad UTF-8 (FC47)":           {bundle(`{"request":{"method":"GET","url":"Patient/p1` + "\xff" + `"}}`), 400, asFHIR},
		"too deep (FC47)":            {bundle(`{"resource":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100) + `,"request":{"method":"GET","url":"Patient/p1"}}`), 400, asFHIR},
		"too many entries (FC51)":    {bundle(strings.Repeat(read+",", 100) + read), 413, asFHIR},
		"too many bytes (FC51)":      {bundle(read) + strings.Repeat(" ", 5<<20), 413, asFHIR},
		"another media type":         {bundle(read), 415, []string{"Content-Type", "application/fhir+xml"}},
		"no media type":              {bundle(read), 415, nil},
		"another version of FHIR":    {bundle(read), 415, []string{"Content-Type", "application/fhir+json; fhirVersion=5.0"}},
		"another charset":            {bundle(read), 415, []string{"Content-Type", "application/fhir+json; charset=utf-16"}},
		"compressed":                 {bundle(read), 415, append([]string{"Content-Encoding", "gzip"}, asFHIR...)},
		"a transaction of both":      {`{"resourceType":"Bundle","type":"transaction","entry":[` + read + `,{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`, 400, asFHIR},
		"a transaction that deletes": {`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/p1"}}]}`, 405, asFHIR},
		"a search that would write":  {`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Patient/_search"}}]}`, 405, asFHIR},
	} {
		t.Run(name, func(t *testing.T) {
			c := openClinic(t, ward(t), "", nil)
			c.refuse(t, tt.status, c.send(t, "alice", "POST", "", tt.body, tt.headers...))
		})
	}
	c := openClinic(t, ward(t), "", nil)
	c.refuse(t, 401, c.send(t, "mallory", "POST", "", bundle(read), asFHIR...))
	c.refuse(t, 400, c.send(t, "alice", "POST", "?_id=p1", bundle(read), asFHIR...))
	c.refuse(t, 406, c.send(t, "alice", "POST", "?_format=xml", bundle(read), asFHIR...))
	// These refuse the one entry.
	for _, u := range []string{"/Patient/p1", "http://127.0.0.1/fhir/Patient/p1", c.URL + "/fhir/Patient/p1", "//evil.example/Patient/p1", "%50atient/p1", "Patient;x/p1", "Patient/p1#x", "?_type=Patient"} {
		entries := entriesOf(t, "batch-response", c.send(t, "alice", "POST", "/", bundleFor("batch", one{method: "GET", url: u}), asFHIR...))
		if entries[0].Response.Status != "400 Bad Request" || entries[0].Resource != nil {
			t.Errorf("%s: %+v", u, entries[0].Response)
		}
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
}

// TestFC51_TheAnswersOfABatchAreBounded: what does not fit any more is refused by itself,
// and which entry that is follows from what shows.
func TestFC51_TheAnswersOfABatchAreBounded(t *testing.T) {
	up := ward(t)
	up.put(strings.Replace(patient("p3", "Big", "1950-01-01"), "Big", strings.Repeat("B", 1<<20), 1))
	up.records["Patient"] = slices.DeleteFunc(up.records["Patient"], func(b string) bool { return strings.Contains(b, `"Familyp3"`) })
	c := openClinic(t, up, "", nil)
	list := slices.Repeat([]one{{method: "GET", url: "Patient/p3"}}, 20)
	list = append(list, one{method: "GET", url: "Patient/p1"})
	r := c.send(t, "alice", "POST", "", bundleFor("batch", list...), asFHIR...)
	entries := entriesOf(t, "batch-response", r)
	if len(r.body) > 17<<20 {
		t.Errorf("an answer of %d bytes", len(r.body))
	}
	for i, e := range entries {
		want := "200 OK"
		if i > 14 && i < 20 {
			want = "503 Service Unavailable"
		}
		if e.Response.Status != want || want != "200 OK" && (e.Resource != nil || e.Response.ETag != "") {
			t.Errorf("entry %d: %+v", i, e.Response)
		}
	}
	c.Close() // outcomes are recorded when the answer has left
	c.gate.Wait()
	aborted := 0
	for _, e := range c.book.entries {
		if o, ok := e.(*ledger.Outcome); ok && o.End == ledger.Aborted {
			aborted++
		}
	}
	if aborted != 5 {
		t.Errorf("%d outcomes say that the answer broke off, want 5", aborted)
	}
}

func TestL1_AnEntryWithoutItsRecordIsNotAnswered(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.book.fail = errDisk
	r := c.send(t, "alice", "POST", "", bundleFor("batch", one{method: "GET", url: "Patient/p1"}, one{method: "GET", url: "Condition?patient=p1"}), asFHIR...)
	if r.status != http.StatusServiceUnavailable || strings.Contains(r.body, "batch-response") {
		t.Errorf("%d %s", r.status, r.body) // no decision could name the answer
	}
	lacks(t, r.body, "Familyp1", "J10.0")
}

// An entry whose refusal the record does not take is not answered, and does not name
// the answer: who starts at the id of the answer finds what left (L1, L2).
func TestL1_ABatchNamesADecisionThatIsOnRecord(t *testing.T) {
	for skips, want := range map[int]int{1: http.StatusOK, 100: http.StatusServiceUnavailable} {
		c := openClinic(t, ward(t), "", nil)
		c.book.skips = skips
		r := c.send(t, "alice", http.MethodPost, "/", bundleFor("batch", one{method: "GET", url: "Patient?unheard-of=x"}, one{method: "GET", url: "Patient/p1"}), asFHIR...)
		if r.status != want {
			t.Fatalf("%d entries not taken: %d, want %d: %s", skips, r.status, want, r.body)
		}
		if want != http.StatusOK {
			continue
		}
		if d, _, _ := c.book.of(r.header.Get("Modicum-Decision")); d == nil || !strings.Contains(r.body, `"503 `) || !strings.Contains(r.body, `"Patient"`) {
			t.Errorf("the answer is named %q, which is %v on record: %s", r.header.Get("Modicum-Decision"), d, r.body)
		}
	}
}
