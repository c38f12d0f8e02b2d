package fhir_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"modicum/ledger"
)

// making is a transaction that makes records; the fullUrl of the nth is urn:uuid:n.
func making(records ...string) string {
	var entries []string
	for i, r := range records {
		typ, _, _ := strings.Cut(strings.TrimPrefix(r, `{"resourceType":"`), `"`)
		entries = append(entries, fmt.Sprintf(`{"fullUrl":"urn:uuid:%d","resource":%s,"request":{"method":"POST","url":"%s"}}`, i, r, typ))
	}
	return `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`
}

func (c *clinic) transact(t testing.TB, who, body string) reply {
	t.Helper()
	return c.send(t, who, http.MethodPost, "", body, asFHIR...)
}

func weighing(kilos, more string) string {
	return strings.Replace(vital("p1", more), "60.50", kilos, 1)
}

func TestFC39_ATransactionMakesRecordsThatReferToEachOther(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	r := c.transact(t, "nina", making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", `"derivedFrom":[{"reference":"Observation/none"},{"reference":"urn:uuid:0"}],`)))
	if r.status == 200 {
		t.Fatalf("a reference to a record that is not there was taken: %s", r.body)
	}
	a.writes()
	r = c.transact(t, "nina", making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", `"derivedFrom":[{"reference":"urn:uuid:0"}],`)))
	entries := entriesOf(t, "transaction-response", r)
	var ids []string
	for i, e := range entries {
		if e.Response.Status != "201 Created" || e.Response.ETag == "" {
			t.Fatalf("entry %d: %+v", i, e.Response)
		}
		ids = append(ids, e.Response.Location[strings.LastIndexByte(e.Response.Location, '/')+1:])
		read := c.get(t, "nina", "/Observation/"+ids[i])
		if read.header.Get("ETag") == "" || !strings.Contains(string(e.Resource), `"valueQuantity"`) {
			t.Errorf("entry %d: %s, read %s", i, e.Resource, read.body)
		}
	}
	contains(t, a.kept("Observation/"+ids[0]), `"hasMember":[{"reference":"Observation/`+ids[1]+`"}]`)
	contains(t, a.kept("Observation/"+ids[1]), `"derivedFrom":[{"reference":"Observation/`+ids[0]+`"}]`)
	lacks(t, r.body, "urn:uuid", a.URL)
	w := a.writes()
	if len(w) != 1 || w[0].method != "POST" || w[0].path != "/fhir" || strings.Contains(w[0].body, "urn:uuid") {
		t.Errorf("sent %v", w)
	}
	c.Close()
	c.gate.Wait()
	for _, id := range []string{r.header.Get("Modicum-Decision")} {
		first, outcome, parts := c.book.of(id)
		if first == nil || outcome == nil || outcome.Written != ledger.WriteDone || len(parts) == 0 {
			t.Errorf("recorded: %v %v %v", first, outcome, parts)
		}
	}
}

// TestFC39_ATransactionWritesAllOrNothing: one entry that is refused refuses all, by the
// answer that it would have had alone, before anything is sent.
func TestFC39_ATransactionWritesAllOrNothing(t *testing.T) {
	for name, bad := range map[string]string{
		"another patient's":        vital("p9", ""),
		"nobody's":                 vital("no-such", ""),
		"what is not written":      weighing("63.0", `"vendor":1,`),
		"a kind that is not there": `{"resourceType":"Claim","status":"active"}`,
		"a reference to nobody":    weighing("63.0", `"hasMember":[{"reference":"urn:uuid:7"}],`),
		"not that type":            `{"resourceType":"Observation","resourceType2":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			typ, _, _ := strings.Cut(strings.TrimPrefix(bad, `{"resourceType":"`), `"`)
			alone := c.post(t, "nina", typ, bad)
			for i, body := range []string{making(bad, weighing("61.0", "")), making(weighing("61.0", ""), bad), making(weighing("61.0", ""), weighing("62.0", ""), bad)} {
				r := c.transact(t, "nina", body)
				if r.status != alone.status || r.body != alone.body {
					t.Errorf("%d: %d %s, alone %d %s", i, r.status, r.body, alone.status, alone.body)
				}
			}
			if w := a.writes(); len(w) > 0 {
				t.Errorf("the upstream saw %v", w)
			}
			if got := a.of("Observation"); len(got) > 0 {
				t.Errorf("made: %v", got)
			}
			c.Close()
			c.gate.Wait()
			for _, e := range c.book.entries {
				if o, ok := e.(*ledger.Outcome); ok && o.Written == ledger.WriteDone {
					t.Errorf("recorded as done: %+v", o)
				}
			}
		})
	}
}

// TestATransactionSentAgainIsDoneOnce, also where the first answer was lost.
func TestATransactionSentAgainIsDoneOnce(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", ""))
	first, again := c.transact(t, "nina", body), c.transact(t, "nina", body)
	same(t, first, again)
	if got := a.of("Observation"); len(got) != 2 {
		t.Errorf("made: %v", got)
	}
	a.mu.Lock()
	a.after = func(*http.Request) bool { return true }
	a.mu.Unlock()
	lost := making(weighing("71.0", ""), weighing("72.0", ""))
	r := c.transact(t, "nina", lost)
	if slug, _ := r.problem(t); r.status != 504 || slug != "write-unknown" {
		t.Errorf("a lost answer: %d %s", r.status, r.body)
	}
	a.mu.Lock()
	a.after = nil
	a.mu.Unlock()
	for _, e := range entriesOf(t, "transaction-response", c.transact(t, "nina", lost)) {
		if e.Response.Status != "201 Created" {
			t.Errorf("%+v", e.Response)
		}
	}
	if got := a.of("Observation"); len(got) != 4 {
		t.Errorf("made: %v", got)
	}
	if other := c.transact(t, "rob", body); other.status == 200 && len(a.of("Observation")) != 6 {
		t.Errorf("somebody else's transaction is not the same: %v", a.of("Observation"))
	}
}

func TestFC41_WhatTheUpstreamSaysOfATransactionStaysThere(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		body, slug string
	}{
		"refused":                  {422, `{"resourceType":"OperationOutcome","issue":[{"diagnostics":"SECRET"}]}`, "not-taken"},
		"no transactions there":    {404, `SECRET`, "not-taken"},
		"a conflict":               {409, `SECRET`, "changed"},
		"it broke":                 {500, `SECRET`, "write-unknown"},
		"it says a part was done":  {200, `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201"}},{"response":{"status":"422 SECRET"}}]}`, "write-unknown"},
		"it refuses us":            {403, `SECRET`, "upstream"},
		"it sends us elsewhere":    {302, `SECRET`, "write-unknown"},
		"it says nothing readable": {200, `SECRET`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			a.before = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method != http.MethodPost || r.URL.Path != "/fhir" {
					return false
				}
				w.Header().Set("Content-Type", "application/fhir+json")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
				return true
			}
			r := c.transact(t, "nina", making(weighing("61.0", ""), weighing("62.0", "")))
			lacks(t, r.body, "SECRET")
			if tt.slug == "" { // the status says that it was done
				for _, e := range entriesOf(t, "transaction-response", r) {
					if e.Response.Status != "201 Created" || e.Resource != nil {
						t.Errorf("%+v %s", e.Response, e.Resource)
					}
				}
				return
			}
			if slug, _ := r.problem(t); slug != tt.slug {
				t.Errorf("%d %s, want %s", r.status, slug, tt.slug)
			}
		})
	}
}

func TestFC12_ATransactionHasNoConditions(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := strings.Replace(making(weighing("61.0", "")), `"method":"POST"`, `"method":"POST","ifNoneExist":"code=29463-7"`, 1)
	a.refused(t, c.transact(t, "nina", body), 400, "conditional")
	twice := strings.Replace(making(weighing("61.0", ""), weighing("62.0", "")), "urn:uuid:1", "urn:uuid:0", 1)
	a.refused(t, c.transact(t, "nina", twice), 400, "malformed")
}

// TestABatchMakesRecords: a create is an entry like any other.
func TestABatchMakesRecords(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := strings.Replace(making(weighing("61.0", ""), vital("p9", ""), weighing("62.0", "")), `"transaction"`, `"batch"`, 1)
	var got []string
	for _, e := range entriesOf(t, "batch-response", c.transact(t, "nina", body)) {
		got = append(got, e.Response.Status)
	}
	if strings.Join(got, ", ") != "201 Created, 404 Not Found, 201 Created" || len(a.of("Observation")) != 2 {
		t.Errorf("%v, made %v", got, a.of("Observation"))
	}
}

// changing is an entry that puts back what somebody read, changed.
func changing(name, tag, body string) string {
	return fmt.Sprintf(`{"resource":%s,"request":{"method":"PUT","url":"%s","ifMatch":%q}}`, body, name, tag)
}

// TestFC52_ATransactionChangesWhatIsSeenAndLosesNothing: a change in a transaction is the
// change that it is alone, and none of it is done where another entry is refused.
func TestFC52_ATransactionChangesWhatIsSeenAndLosesNothing(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	read := c.get(t, "nina", "/Patient/p1")
	before := a.kept("Patient/p1")
	entry := changing("Patient/p1", read.header.Get("ETag"), strings.Replace(read.body, "Familyp1", "Renamed", 1))
	making := func(more string) string {
		return `{"resourceType":"Bundle","type":"transaction","entry":[` + entry + `,{"fullUrl":"urn:uuid:1","resource":` + more + `,"request":{"method":"POST","url":"Observation"}}]}`
	}
	a.writes()
	a.refused(t, c.transact(t, "nina", making(vital("p9", ""))), 404, "not-found")
	if a.kept("Patient/p1") != before {
		t.Fatal("a part of it was done")
	}
	r := c.transact(t, "nina", making(weighing("61.0", "")))
	entries := entriesOf(t, "transaction-response", r)
	if entries[0].Response.Status != "200 OK" || entries[1].Response.Status != "201 Created" {
		t.Fatalf("%s", r.body)
	}
	if got, want := bare(a.kept("Patient/p1")), bare(strings.Replace(before, "Familyp1", "Renamed", 1)); got != want {
		t.Errorf("upstream has\n%s\nwant\n%s", got, want)
	}
	if now := c.get(t, "nina", "/Patient/p1"); now.body != string(entries[0].Resource) || now.header.Get("ETag") != entries[0].Response.ETag {
		t.Errorf("a read shows %s", now.body)
	}
	if w := a.writes(); len(w) != 1 || !strings.Contains(w[0].body, `"ifMatch":"W/\"`) {
		t.Errorf("sent %v", w)
	}
	// On a former view it rests no more, whatever else is in it.
	a.refused(t, c.transact(t, "nina", making(weighing("62.0", ""))), 412, "changed")
	now := c.get(t, "nina", "/Patient/p1")
	twice := changing("Patient/p1", now.header.Get("ETag"), strings.Replace(now.body, "Renamed", "Again", 1)) + "," +
		changing("Patient/p1", now.header.Get("ETag"), strings.Replace(now.body, "1940-05-06", "1940-05-07", 1))
	a.refused(t, c.transact(t, "nina", `{"resourceType":"Bundle","type":"transaction","entry":[`+twice+`]}`), 400, "malformed")
}

// TestN1_ATransactionDoesNotTellThatHiddenThingsChange under it: it is tried again, on
// the record as it is by then.
func TestN1_ATransactionDoesNotTellThatHiddenThingsChange(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string
		status   int
	}{
		"hidden": {"1 Main St", "2 Main St", 200},
		"shown":  {"1940-05-06", "1940-05-07", 412},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			read := c.get(t, "nina", "/Patient/p1")
			entry := changing("Patient/p1", read.header.Get("ETag"), strings.Replace(read.body, "Familyp1", "Renamed", 1))
			once := false
			a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method == http.MethodPost && !once {
					once = true
					now := a.kept("Patient/p1")
					a.inner.PutJSON([]byte(strings.Replace(strings.Replace(now, tt.old, tt.new, 1), `"versionId":"`, `"versionId":"9`, 1)))
				}
				return false
			}
			r := c.transact(t, "nina", `{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`]}`)
			if r.status != tt.status {
				t.Errorf("%d %s", r.status, r.body)
			}
			if kept := a.kept("Patient/p1"); !strings.Contains(kept, tt.new) || strings.Contains(kept, "Renamed") != (tt.status == 200) {
				t.Errorf("upstream has %s", kept)
			}
		})
	}
}

func TestFC15_PatchesInBatchesAndTransactions(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	// [{"op":"replace","path":"/gender","value":"male"}]
	const patch = `{"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9nZW5kZXIiLCJ2YWx1ZSI6Im1hbGUifV0="},"request":{"method":"PATCH","url":"Patient/%s"}}`
	for _, kind := range []string{"batch", "transaction"} {
		id := map[string]string{"batch": "p1", "transaction": "p2"}[kind]
		r := c.transact(t, "nina", `{"resourceType":"Bundle","type":"`+kind+`","entry":[`+fmt.Sprintf(patch, id)+`]}`)
		if e := entriesOf(t, kind+"-response", r); e[0].Response.Status != "200 OK" || !strings.Contains(a.kept("Patient/"+id), `"gender":"male"`) {
			t.Errorf("%s: %s", kind, r.body)
		}
	}
}

// TestATransactionWithAKeyIsKnownForGood, and each create of a batch with one as well.
func TestATransactionWithAKeyIsKnownForGood(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", ""))
	for _, kind := range []string{"transaction", "batch"} {
		body := strings.NewReplacer(`"transaction"`, `"`+kind+`"`, `"hasMember":[{"reference":"urn:uuid:1"}],`, map[string]string{"transaction": `"hasMember":[{"reference":"urn:uuid:1"}],`}[kind]).Replace(body)
		c.now = func() time.Time { return noon }
		headers := append([]string{"Idempotency-Key", "visit 7 " + kind}, asFHIR...)
		first := c.send(t, "nina", "POST", "", body, headers...)
		entriesOf(t, kind+"-response", first)
		n := len(a.of("Observation"))
		c.now = func() time.Time { return noon.Add(20 * time.Minute) }
		same(t, c.send(t, "nina", "POST", "", body, headers...), first)
		if got := a.of("Observation"); len(got) != n {
			t.Errorf("%s: made %d, then %d", kind, n, len(got))
		}
	}
	if n := len(a.of("Observation")); n != 4 {
		t.Errorf("made %d, want 4", n)
	}
	c.now = func() time.Time { return noon }
	if r := c.send(t, "nina", "POST", "", making(weighing("77.0", "")), append([]string{"Idempotency-Key", "k"}, asFHIR...)...); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	a.writes()
	r := c.send(t, "nina", "POST", "", making(weighing("78.0", "")), append([]string{"Idempotency-Key", "k"}, asFHIR...)...)
	if slug, _ := r.problem(t); slug != "key-reused" {
		t.Errorf("a key for something else: %d %s", r.status, r.body)
	}
}
