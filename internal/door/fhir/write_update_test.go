package fhir_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"modicum/ledger"
)

// edit reads a record as somebody, changes its text, and puts it back.
func (c *clinic) edit(t testing.TB, who, name string, change func(string) string, headers ...string) (read, put reply) {
	t.Helper()
	read = c.get(t, who, "/"+name)
	if read.status != 200 {
		t.Fatalf("read %s: %d %s", name, read.status, read.body)
	}
	sent := change(read.body)
	return read, c.put(t, who, name, sent, append([]string{"If-Match", read.header.Get("ETag")}, headers...)...)
}

// swap replaces one text, which must be there.
func swap(t testing.TB, old, new string) func(string) string {
	return func(s string) string {
		t.Helper()
		if strings.Count(s, old) != 1 {
			t.Fatalf("%q does not stand once in %s", old, s)
		}
		return strings.Replace(s, old, new, 1)
	}
}

// bare is a record's text without what the server says of every version.
func bare(s string) string {
	for _, name := range []string{"versionId", "lastUpdated"} {
		if i := strings.Index(s, `"`+name+`":"`); i >= 0 {
			j := i + len(name) + 4
			j += strings.IndexByte(s[j:], '"') + 1
			s = s[:i] + s[min(len(s), j):]
		}
	}
	return strings.NewReplacer("{,", "{", ",}", "}", ",,", ",").Replace(s)
}

// FC52, F8: who sees a part of a record and changes some of it changes that and
// nothing else, to the byte.
func TestFC52_APutOfAProjectedCopyLosesNothing(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	before := a.kept("Patient/p1")
	read, put := c.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
	lacks(t, read.body, "555-p1", "Main St", "999-00") // hidden, or shown as a part
	if put.status != 200 {
		t.Fatalf("%d %s", put.status, put.body)
	}
	if got, want := bare(a.kept("Patient/p1")), bare(strings.Replace(before, "Familyp1", "Renamed", 1)); got != want {
		t.Errorf("upstream has\n%s\nwant\n%s", got, want)
	}
	again := c.get(t, "nina", "/Patient/p1")
	if again.body != put.body || again.header.Get("ETag") != put.header.Get("ETag") || !strings.Contains(again.body, "Renamed") {
		t.Errorf("the answer is not what a read shows:\n%s\n%s", put.body, again.body)
	}
	if w := a.writes(); len(w) != 1 || w[0].method != "PUT" || w[0].header.Get("If-Match") != `W/"3"` || w[0].header.Get("If-None-Match") != "" {
		t.Errorf("sent %v", w)
	}
	c.gate.Wait()
	d, o, parts := c.book.of(put.header.Get("Modicum-Decision"))
	if d == nil || d.Interaction != "update" || d.Request.Verb != "update" || o == nil || o.Written != ledger.WriteDone || len(parts) != 1 || parts[0].Interaction != "read" {
		t.Errorf("%+v %+v %+v", d, o, parts)
	}
}

func TestFC52_WhatComesBackUnchangedIsNotWritten(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	before := a.kept("Patient/p1")
	read, put := c.edit(t, "nina", "Patient/p1", func(s string) string { return s })
	if put.status != 200 || put.body != read.body || put.header.Get("ETag") != read.header.Get("ETag") {
		t.Errorf("%d %s", put.status, put.body)
	}
	if w := a.writes(); len(w) > 0 || a.kept("Patient/p1") != before {
		t.Errorf("sent %v", w)
	}
}

// FC14, FC52: a change is merged when its base is what the caller sees now, by our own
// tag, and refused otherwise.
func TestFC52_AChangeSaysOnWhatItRests(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	read := c.get(t, "nina", "/Patient/p1")
	sent := strings.Replace(read.body, "Familyp1", "Renamed", 1)
	a.refused(t, c.put(t, "nina", "Patient/p1", sent), 428, "if-match")
	a.refused(t, c.put(t, "nina", "Patient/p1", sent, "If-Match", "*"), 428, "if-match")
	a.refused(t, c.put(t, "nina", "Patient/p1", sent, "If-Match", `W/"3"`), 412, "changed") // the upstream's own version
	a.refused(t, c.put(t, "nina", "Patient/p1", sent, "If-Match", c.get(t, "nina", "/Patient/p2").header.Get("ETag")), 412, "changed")
	a.refused(t, c.put(t, "nina", "Patient/p1", sent, "If-Match", c.get(t, "nina", "/Patient/p1?_elements=name").header.Get("ETag")), 412, "changed")
	if r := c.put(t, "nina", "Patient/p1", sent, "If-Match", read.header.Get("ETag")); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	a.writes()
	a.refused(t, c.put(t, "nina", "Patient/p1", sent, "If-Match", read.header.Get("ETag")), 412, "changed")
}

func TestFC52_TheBodyIsTheRecordOfTheAddress(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	read := c.get(t, "nina", "/Patient/p1")
	tag := []string{"If-Match", read.header.Get("ETag")}
	for name, tt := range map[string]struct {
		at, body, slug string
		status         int
	}{
		"another id":     {"Patient/p2", read.body, "mismatch", 400},
		"no id":          {"Patient/p1", strings.Replace(read.body, `"id":"p1",`, "", 1), "mismatch", 400},
		"another type":   {"Observation/p1", read.body, "mismatch", 400},
		"no JSON":        {"Patient/p1", "<Patient/>", "malformed", 400},
		"a member twice": {"Patient/p1", strings.Replace(read.body, `"gender":"female"`, `"gender":"female","gender":"male"`, 1), "malformed", 400},
		"criteria":       {"Patient/p1?family=x", read.body, "conditional", 400},
	} {
		t.Run(name, func(t *testing.T) { a.refused(t, c.put(t, "nina", tt.at, tt.body, tag...), tt.status, tt.slug) })
	}
	a.refused(t, c.send(t, "nina", http.MethodPut, "/Patient?family=x", read.body, append(tag, "Content-Type", fhirJSON)...), 405, "interaction")
	a.refused(t, c.send(t, "nina", http.MethodDelete, "/Patient/p1", ""), 405, "interaction")
}

// N4, FC43: to change what is hidden, of somebody else, not there or not this task's to
// change is one answer; an update makes nothing.
func TestN4_ChangingWhatIsNotThereIsOneAnswer(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := func(id string) string {
		return strings.Replace(condition(id, "p1", "J45.0"), `"meta":{"versionId":"5"},`, "", 1)
	}
	absent := c.put(t, "nina", "Condition/no-such", body("no-such"), "If-Match", `W/"x"`)
	if absent.status != 404 {
		t.Errorf("%d %s", absent.status, absent.body)
	}
	for _, id := range []string{"c2", "c9"} {
		same(t, c.put(t, "nina", "Condition/"+id, body(id), "If-Match", `W/"x"`), absent)
	}
	same(t, c.put(t, "nina", "Patient/p4", `{"resourceType":"Patient","id":"p4"}`, "If-Match", `W/"x"`), absent)
	if w := a.writes(); len(w) > 0 {
		t.Errorf("sent %v", w)
	}
	// rita sees problems and may change names alone.
	same(t, c.put(t, "rita", "Condition/c1", body("c1"), "If-Match", c.get(t, "rita", "/Condition/c1").header.Get("ETag")), c.put(t, "rita", "Condition/c2", body("c2"), "If-Match", `W/"x"`))
	a.refused(t, c.put(t, "rob", "Condition/c1", body("c1"), "If-Match", `W/"x"`), 403, "not-for-task")
}

// F8: what the caller sees and may not change, and what the caller does not see, is
// refused by its path; nothing is sent.
func TestF8_AChangeOfWhatIsNotWritableIsRefused(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for name, tt := range map[string]struct {
		who    string
		change func(string) string
	}{
		"seen, not this line's to change": {"rita", swap(t, "1940-05-06", "1941-05-06")},
		"coarse":                          {"nina", swap(t, `"address":[{`, `"address":[{"city":"x",`)},
		"masked":                          {"nina", swap(t, `"telecom":[{`, `"telecom":[{"system":"phone","value":"1",`)},
		"not seen":                        {"nina", swap(t, `"birthDate"`, `"maritalStatus":{"text":"x"},"birthDate"`)},
		"a vendor's":                      {"nina", swap(t, `"birthDate"`, `"vendor":1,"birthDate"`)},
		"narrative":                       {"nina", swap(t, `"birthDate"`, `"text":{"status":"generated","div":"<div/>"},"birthDate"`)},
	} {
		t.Run(name, func(t *testing.T) {
			_, put := c.edit(t, tt.who, "Patient/p1", tt.change)
			if put.status != 403 && put.status != 422 {
				t.Errorf("%d %s", put.status, put.body)
			}
			if w := a.writes(); len(w) > 0 {
				t.Errorf("sent %v", w)
			}
		})
	}
	if _, put := c.edit(t, "rita", "Patient/p1", swap(t, "Familyp1", "Renamed")); put.status != 200 {
		t.Errorf("%d %s", put.status, put.body)
	}
}

// A change of what is hidden alone, by somebody else at the same time, does not stop a
// change and is not lost by it; one of what shows does.
func TestFC52_WhoChangesMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile func(string) string
		times     int32
		status    int
	}{
		"what is hidden":                  {swap(t, "555-p1", "556-p1"), 1, 200},
		"what shows":                      {swap(t, "female", "male"), 1, 412},
		"what is hidden, again and again": {nil, 100, 503},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			var n atomic.Int32
			a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method != http.MethodPut || n.Load() >= tt.times {
					return false
				}
				i := n.Add(1)
				now := a.kept("Patient/p1")
				change := tt.meanwhile
				if change == nil {
					change = func(s string) string { return strings.Replace(s, "555-p1", fmt.Sprintf("555-p1%d", i), 1) }
				}
				if status, _ := direct(t, http.MethodPut, a.URL+"/fhir/Patient/p1", change(now)); status != 200 && status != 0 {
					t.Errorf("meanwhile: %d", status)
				}
				return false
			}
			a.mu.Lock()
			inner := a.before
			a.before = func(w http.ResponseWriter, r *http.Request, b []byte) bool {
				if r.Header.Get("If-Match") == "" {
					return false // our own change past the door
				}
				return inner(w, r, b)
			}
			a.mu.Unlock()
			_, put := c.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
			if put.status != tt.status {
				t.Fatalf("%d %s", put.status, put.body)
			}
			if tt.status == 200 {
				contains(t, a.kept("Patient/p1"), "556-p1")
				contains(t, a.kept("Patient/p1"), "Renamed")
			} else {
				lacks(t, a.kept("Patient/p1"), "Renamed")
			}
		})
	}
}

// A change whose answer was lost is recorded as unknown, and sent again is not done
// twice: what it rested on is no more.
func TestAChangeSentAgainIsNotDoneTwice(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	var lost atomic.Bool
	a.after = func(*http.Request) bool { return !lost.Swap(true) }
	read, put := c.edit(t, "nina", "Patient/p1", swap(t, "Familyp1", "Renamed"))
	if slug, _ := put.problem(t); put.status != 504 || slug != "write-unknown" {
		t.Fatalf("%d %s", put.status, put.body)
	}
	c.gate.Wait()
	if _, o, _ := c.book.of(put.header.Get("Modicum-Decision")); o == nil || o.Written != ledger.WriteUnknown {
		t.Errorf("%+v", o)
	}
	a.writes()
	a.refused(t, c.put(t, "nina", "Patient/p1", strings.Replace(read.body, "Familyp1", "Renamed", 1), "If-Match", read.header.Get("ETag")), 412, "changed")
	contains(t, a.kept("Patient/p1"), "Renamed")
}

func TestL1_NothingIsChangedWithoutItsRecord(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	read := c.get(t, "nina", "/Patient/p1")
	c.book.mu.Lock()
	c.book.fail = errDisk
	c.book.mu.Unlock()
	r := c.put(t, "nina", "Patient/p1", strings.Replace(read.body, "Familyp1", "Renamed", 1), "If-Match", read.header.Get("ETag"))
	if w := a.writes(); r.status != 503 || len(w) > 0 {
		t.Errorf("%d %s: sent %v", r.status, r.body, w)
	}
}

// N1 for writes: the same changes before two upstreams that differ only in what is
// hidden give the same answers.
func TestN1_ChangesOfTwinsAnswerAlike(t *testing.T) {
	hidden := strings.NewReplacer("555-p1", "777-other", "999-00-p1", "123-45-6789", `"versionId":"3"`, `"versionId":"8"`, `"gender"`, `"maritalStatus":{"text":"hidden"},"deceasedBoolean":false,"gender"`)
	for i, change := range []func(string) string{
		func(s string) string { return s },
		swap(t, "Familyp1", "Renamed"), swap(t, `"birthDate":"1940-05-06",`, ""), swap(t, "female", "male"),
		swap(t, `"given":["Test"]`, `"given":["Test","Second"]`), swap(t, `"birthDate"`, `"maritalStatus":{"text":"hidden"},"birthDate"`),
		swap(t, `"birthDate"`, `"deceasedBoolean":false,"birthDate"`), swap(t, `"birthDate"`, `"telecom":[{"system":"phone","value":"777-other"}],"birthDate"`),
		swap(t, `"identifier":[{`, `"identifier":[{"system":"urn:mrn","value":"new","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]}},{`),
		func(s string) string { // every name goes
			i := strings.Index(s, `"name":[`)
			return s[:i] + s[i+strings.Index(s[i:], `}],`)+3:]
		},
	} {
		var got [2]string
		for w := range got {
			a := newArchive(t)
			chart(a)
			if w == 1 {
				a.inner.PutJSON([]byte(hidden.Replace(a.kept("Patient/p1"))))
			}
			c := writing(t, a, nil)
			read := c.get(t, "nina", "/Patient/p1")
			put := c.put(t, "nina", "Patient/p1", change(read.body), "If-Match", read.header.Get("ETag"))
			got[w] = strings.ReplaceAll(read.plain()+put.plain()+c.get(t, "nina", "/Patient/p1").plain(), c.URL, "")
		}
		if got[0] != got[1] {
			t.Errorf("change %d, the answers differ:\n%s\n---\n%s", i, got[0], got[1])
		}
	}
}

// Rule 13: a patient who was looked up is changed, and one who was not is not there.
func TestRule13_AFoundPatientIsChanged(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	moved := func(s string) string { return strings.Replace(s, "555-p2", "556-p2", 1) }
	a.refused(t, c.put(t, "bob", "Patient/p2", moved(a.kept("Patient/p2")), "If-Match", `W/"x"`), 404, "not-found")
	if b := c.get(t, "bob", "/Patient?family=Familyp2&birthdate=1940-05-06").bundle(t); len(b.Entry) != 1 {
		t.Fatalf("found %d", len(b.Entry))
	}
	if _, put := c.edit(t, "bob", "Patient/p2", moved); put.status != 200 {
		t.Errorf("%d %s", put.status, put.body)
	}
	kept := a.kept("Patient/p2")
	contains(t, kept, "556-p2")
	contains(t, kept, "999-00-p2")
	a.writes()
	a.refused(t, c.put(t, "bob", "Patient/p1", a.kept("Patient/p1"), "If-Match", `W/"x"`), 404, "not-found")
}
