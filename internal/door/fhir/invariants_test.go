package fhir_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/ledger"
)

func TestN4_OutOfScopeHiddenAndAbsentAreOneAnswer(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	absent := c.get(t, "alice", "/Condition/nowhere")
	if absent.status != http.StatusNotFound {
		t.Fatalf("%d %s", absent.status, absent.body)
	}
	for name, path := range map[string]string{
		"out of scope": "/Condition/e0", "hidden by its code": "/Condition/c02", "own chart": "/Patient/p4",
		"other patient": "/Patient/p9", "absent patient": "/Patient/nowhere", "unknown type": "/Spaceship/s1",
		"a version without metadata": "/Patient/p1/_history/3", "an absent version": "/Patient/p1/_history/99",
	} {
		t.Run(name, func(t *testing.T) { same(t, absent, c.get(t, "alice", path)) })
	}
	// Searches: nobody's patient, an absent one, and one of whom all is hidden.
	empty := c.get(t, "alice", "/Condition?patient=p9")
	for _, id := range []string{"p8", "p4"} { // absent; alice herself
		if a, b := empty.plain(), c.get(t, "alice", "/Condition?patient="+id).plain(); a != strings.ReplaceAll(b, "="+id, "=p9") {
			t.Errorf("%s:\n%s\n%s", id, a, b)
		}
	}
	lacks(t, empty.body, `"entry"`)
}

func TestF1_AllThatIsSentIsRebuilt(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for path, want := range map[string]string{
		"/Patient/p1":                                             "GET /fhir/Patient/p1",
		"/Patient/p1?_format=json&_pretty=1":                      "GET /fhir/Patient/p1",
		"/Condition?patient=p1":                                   "GET /fhir/Condition?patient=Patient%2Fp1&_count=50",
		"/Condition?patient=Patient/p1":                           "GET /fhir/Condition?patient=Patient%2Fp1&_count=50",
		"/Condition?subject:Patient=p1":                           "GET /fhir/Condition?subject=Patient%2Fp1&_count=50",
		"/Condition?patient=p2,p1&_elements=code&_total=accurate": "GET /fhir/Condition?patient=Patient%2Fp1%2CPatient%2Fp2&_count=50",
		"/Condition":                                              "GET /fhir/Condition?patient=Patient%2Fp1%2CPatient%2Fp2%2CPatient%2Fp3%2CPatient%2Fp4&_count=50",
		"/Condition?code=http://hl7.org/fhir/sid/icd-10-cm%7CJ45.0%5C,x,J10&patient=p1": "GET /fhir/Condition?code=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Ficd-10-cm%7CJ45.0%5C%2Cx%2CJ10&patient=Patient%2Fp1&_count=50",
		"/Patient?family:exact=Familyp1":                                                "GET /fhir/Patient?family%3Aexact=Familyp1&_id=p1%2Cp2%2Cp3%2Cp4&_count=50",
		"/Patient?family%3Aexact=Familyp1":                                              "GET /fhir/Patient?family%3Aexact=Familyp1&_id=p1%2Cp2%2Cp3%2Cp4&_count=50",
		"/Condition?patient=p1&recorded-date=ge2026-01-01T00:00:00%2B01:00&_sort=-code": "GET /fhir/Condition?recorded-date=ge2026-01-01T00%3A00%3A00%2B01%3A00&_sort=-code&patient=Patient%2Fp1&_count=50",
	} {
		r := c.get(t, "alice", path)
		sent := c.up.sent()
		if r.status != 200 || len(sent) != 1 || sent[0] != want {
			t.Errorf("%s: %d %s\n got %v\nwant %s", path, r.status, r.body, sent, want)
		}
	}
	if r := c.get(t, "nemo", "/Condition"); r.status != 200 || len(c.up.sent()) != 0 {
		t.Errorf("nobody's patients: %d %s", r.status, r.body)
	}
}

func TestFC11_POSTMergesAddressAndBody(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, ct := range []string{"application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"} {
		r := c.send(t, "alice", "POST", "/Condition/_search?_count=2", "patient=p1&code=J10.0,J11.0", "Content-Type", ct)
		b := r.bundle(t)
		if !slices.Equal(b.ids(), []string{"c00", "c01"}) {
			t.Errorf("got %v", b.ids())
		}
		// D14: what came in the body stays out of addresses, ours and the upstream's.
		lacks(t, r.body, "J10.0,J11.0", "patient=")
		if sent := c.up.sent(); len(sent) == 0 || sent[0] != "POST /fhir/Condition/_search" {
			t.Errorf("sent %v", sent)
		}
	}
	if r := c.send(t, "alice", "POST", "/Patient/_search", ""); r.status != 200 {
		t.Errorf("an empty form: %d %s", r.status, r.body)
	}
}

func TestF2_ARecordWhoseViewDoesNotKeepWhatTheCriteriaReadIsDropped(t *testing.T) {
	up := ward(t)
	c := openClinic(t, up, "", nil)
	// An identifier's class follows its type: the MRN shows, the SSN does not.
	for value, want := range map[string]int{"urn:mrn%7Cmrn-p1": 1, "http://hl7.org/fhir/sid/us-ssn%7C999-00-p1": 0, "999-00-p1": 0, "mrn-p1": 1, "mrn-p9": 0} {
		r := c.get(t, "alice", "/Patient?identifier="+value)
		if b := r.bundle(t); len(b.Entry) != want {
			t.Errorf("%s: %d, want %d", value, len(b.Entry), want)
		}
	}
	right, wrong := c.get(t, "alice", "/Patient?_id=p1&identifier=999-00-p1"), c.get(t, "alice", "/Patient?_id=p1&identifier=999-00-xx")
	if right.status != 200 || strings.ReplaceAll(right.plain(), "999-00-p1", "999-00-xx") != wrong.plain() {
		t.Errorf("a right guess of a hidden number tells:\n%s\n%s", right.plain(), wrong.plain())
	}
}

func TestF4_TotalCountsWhatShows(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	if b := c.get(t, "alice", "/Condition?patient=p1&_count=100&_total=accurate").bundle(t); b.Total == nil || *b.Total != 8 {
		t.Errorf("total %v, want 8", b.Total)
	}
	if b := c.get(t, "alice", "/Condition?patient=p1&_count=3&_total=accurate").bundle(t); b.Total != nil {
		t.Errorf("total %d on a first page of several", *b.Total)
	}
	if b := c.get(t, "alice", "/Condition?patient=p1&_count=100&_total=none").bundle(t); b.Total != nil {
		t.Errorf("total %d, asked for none", *b.Total)
	}
}

func TestFC32_CountIsOurs(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, q := range []string{"_summary=count", "_count=0"} {
		b := c.get(t, "alice", "/Condition?patient=p1&"+q).bundle(t)
		if b.Total == nil || *b.Total != 8 || len(b.Entry) != 0 || b.link("next") != "" {
			t.Errorf("%s: %+v", q, b)
		}
		if b := c.get(t, "alice", "/Condition?patient=p9&"+q).bundle(t); *b.Total != 0 {
			t.Errorf("%s: counts %d of nobody's patient", q, *b.Total)
		}
	}
}

func TestF5_NextLeadsToMore(t *testing.T) {
	for n := range 8 { // hidden records at the end, a page boundary at every place
		up := newSheet(t)
		up.put(patient("p1", "Familyp1", "1940-05-06"))
		for i := range n {
			up.put(condition(fmt.Sprintf("v%d", i), "p1", "J45.0"))
		}
		for i := range 9 {
			up.put(condition(fmt.Sprintf("h%d", i), "p1", "B20"))
		}
		c := openClinic(t, up, "", nil)
		for count := 1; count < 5; count++ {
			pages := c.all(t, "alice", fmt.Sprintf("/Condition?patient=p1&_count=%d", count))
			if len(flat(pages)) != n || len(pages) != max(1, (n+count-1)/count) {
				t.Errorf("%d records, %d a page: %v", n, count, pages)
			}
		}
	}
}

func TestF6_ETagFollowsWhatShows(t *testing.T) {
	tag := func(body string) reply {
		up := newSheet(t)
		up.put(body)
		return openClinic(t, up, "", nil).get(t, "alice", "/Patient/p1")
	}
	base := patient("p1", "Familyp1", "1940-05-06")
	first := tag(base)
	same(t, first, tag(strings.NewReplacer(`"versionId":"3"`, `"versionId":"44"`, "Springfield", "Shelbyville", "2026-01-02", "2026-02-02", "999-00-p1", "999-00-00").Replace(base)))
	if again := tag(strings.Replace(base, "1940-05-06", "1940-05-07", 1)); again.header.Get("ETag") == first.header.Get("ETag") {
		t.Error("the tag did not change with what shows")
	}
	lacks(t, first.body, "versionId", "lastUpdated", "Springfield", "999-00")
	lacks(t, first.header.Get("ETag"), "7", `"3"`)
}

func TestFC14_ConditionsAreJudgedByOurOwnTag(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	tag := c.get(t, "alice", "/Patient/p1").header.Get("ETag")
	for _, v := range []string{tag, strings.TrimPrefix(tag, "W/"), "*", `"x", ` + tag} {
		if r := c.get(t, "alice", "/Patient/p1", "If-None-Match", v); r.status != 304 || r.body != "" {
			t.Errorf("If-None-Match %s: %d", v, r.status)
		}
	}
	for _, h := range [][2]string{{"If-None-Match", `W/"7"`}, {"If-None-Match", `W/"3"`}, {"If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT"}, {"If-Unmodified-Since", "Mon, 01 Jan 1990 00:00:00 GMT"}, {"If-Match", tag}, {"If-Match", `"x", ` + tag}, {"If-Match", "*"}} {
		if r := c.get(t, "alice", "/Patient/p1", h[0], h[1]); r.status != 200 {
			t.Errorf("%s %s: %d", h[0], h[1], r.status)
		}
	}
	for _, v := range []string{`W/"7"`, `W/"3"`, `"x"`, "x", c.get(t, "bob", "/Patient/p1").header.Get("ETag")} {
		r := c.get(t, "alice", "/Patient/p1", "If-Match", v)
		if r.status != 412 {
			t.Errorf("If-Match %s: %d", v, r.status)
		}
		lacks(t, r.body, "Familyp1", "versionId")
	}
	for _, name := range []string{"If-None-Match", "If-Match"} {
		same(t, c.get(t, "alice", "/Patient/p9", name, "*"), c.get(t, "alice", "/Patient/nowhere"))
		same(t, c.get(t, "alice", "/Patient/p9", name, tag), c.get(t, "alice", "/Patient/nowhere"))
	}
	// The pages of a search have no tag, so that nothing of theirs can be conditional.
	same(t, c.get(t, "alice", "/Condition?patient=p1", "If-None-Match", "*"), c.get(t, "alice", "/Condition?patient=p1"))
	if r := c.get(t, "bob", "/Patient/p1", "If-None-Match", tag); r.status != 200 {
		t.Errorf("another view's tag: %d", r.status)
	}
}

func TestFC36_VersionsOnlyWhereMetadataShows(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	if r := c.get(t, "vera", "/Patient/p1/_history/3"); r.status != 200 {
		t.Errorf("with metadata: %d %s", r.status, r.body)
	} else {
		contains(t, r.body, `"versionId":"3"`)
	}
	if sent := c.up.sent(); len(sent) != 1 || sent[0] != "GET /fhir/Patient/p1" { // the version is the current one
		t.Errorf("sent %v", sent)
	}
	if r := c.get(t, "vera", "/Patient/p1/_history/2"); r.status != 404 { // the upstream answered with another version
		t.Errorf("another version: %d", r.status)
	}
}

func TestF7_AMaskDoesNotTellWhetherThereIsAValue(t *testing.T) {
	up := newSheet(t)
	with := patient("p1", "Familyp1", "1940-05-06")
	up.put(with)
	a := openClinic(t, up, "", nil).get(t, "bob", "/Patient/p1")
	up2 := newSheet(t)
	up2.put(strings.NewReplacer(`,"postalCode":"62701"`, "", `"telecom":[{"system":"phone","value":"555-p1"}],`, "").Replace(with))
	b := openClinic(t, up2, "", nil).get(t, "bob", "/Patient/p1")
	same(t, a, b)
	contains(t, a.body, `"valueCode":"masked"`)
	lacks(t, a.body, "555-p1")
	contains(t, a.body, `"birthDate":"1940"`)
}

func TestF9_WhatTheUpstreamMayNotAnswer(t *testing.T) {
	good := patient("p1", "Familyp1", "1940-05-06")
	bundle := func(inner string) string {
		return `{"resourceType":"Bundle","type":"searchset","link":[],"entry":[` + inner + `]}`
	}
	entry := func(b string) string { return `{"resource":` + b + `,"search":{"mode":"match"}}` }
	cond := condition("c1", "p1", "J45.0")
	for name, tt := range map[string]struct{ path, ct, body string }{
		"read: other id":        {"/Patient/p1", "", patient("p2", "Familyp2", "1950-05-06")},
		"read: other type":      {"/Patient/p1", "", cond},
		"read: html":            {"/Patient/p1", "text/html", "<html>Familyp1</html>"},
		"read: xml":             {"/Patient/p1", "application/fhir+xml", "<Patient/>"},
		"read: json as html":    {"/Patient/p1", "text/html", good},
		"read: cut":             {"/Patient/p1", "", good[:len(good)-9]},
		"read: trailing":        {"/Patient/p1", "", good + "{}"},
		"read: duplicate":       {"/Patient/p1", "", strings.Replace(good, `"gender":"female"`, `"gender":"female","gender":"male"`, 1)},
		"read: bad utf-8":       {"/Patient/p1", "", strings.Replace(good, "Familyp1", "\xff\xfe", 1)},
		"read: byte order mark": {"/Patient/p1", "", "\ufeff" + good},
		"read: deep":            {"/Patient/p1", "", `{"resourceType":"Patient","id":"p1","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`},
		"read: searchset":       {"/Patient/p1", "", bundle(entry(good))},
		"search: a resource":    {"/Condition?patient=p1", "", cond},
		"search: other type":    {"/Condition?patient=p1", "", bundle(entry(good))},
		"search: collection":    {"/Condition?patient=p1", "", strings.Replace(bundle(entry(cond)), "searchset", "collection", 1)},
		"search: no id":         {"/Condition?patient=p1", "", bundle(entry(strings.Replace(cond, `"id":"c1",`, "", 1)))},
		"search: foreign next":  {"/Condition?patient=p1", "", strings.Replace(bundle(entry(cond)), `"link":[]`, `"link":[{"relation":"next","url":"http://evil.example/fhir?x=1"}]`, 1)},
		"search: html":          {"/Condition?patient=p1", "text/html", "<div>B20</div>"},
		"search: outcome":       {"/Condition?patient=p1", "", `{"resourceType":"OperationOutcome"}`},
	} {
		t.Run(name, func(t *testing.T) {
			up := newSheet(t)
			up.answer = func(w http.ResponseWriter, _ *http.Request) {
				if tt.ct == "" {
					tt.ct = "application/fhir+json"
				}
				w.Header().Set("Content-Type", tt.ct)
				io.WriteString(w, tt.body)
			}
			r := openClinic(t, up, "", nil).get(t, "alice", tt.path)
			if r.status != 502 {
				t.Errorf("got %d: %s", r.status, r.body)
			}
			lacks(t, r.body, "Family", "evil", "B20", "c1")
		})
	}
}

// Under an id that is not provably the caller's, what cannot be read looks like
// what is not there (N4).
func TestN4_AnUnreadableRecordThatMayBeHiddenIsAbsent(t *testing.T) {
	for _, path := range []string{"/Condition/c1", "/Patient/p9", "/Patient/p4"} { // p4 is alice herself
		var first reply
		for i, body := range []string{"", "{", `{"resourceType":"Condition","id":"c1","id":"c1"}`, patient("p1", "F", "1940-05-06"), strings.Repeat(" ", 1<<10) + "{}"} {
			up := newSheet(t)
			up.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/fhir+json")
				if body == "" {
					w.WriteHeader(http.StatusNotFound)
				}
				io.WriteString(w, body)
			}
			events := 0
			r := openClinic(t, up, "", func(cfg *fhir.Config) {
				cfg.Note = func(e fhir.Event) {
					if e == fhir.Unreadable {
						events++
					}
				}
			}).get(t, "alice", path)
			if i == 0 {
				first = r
				continue
			}
			if r.status != http.StatusNotFound || events != 1 {
				t.Errorf("%s, body %d: %d, noted %d times", path, i, r.status, events)
			}
			same(t, first, r)
		}
	}
}

func TestT7_AnotherPatientsRecordInThePageIsNotThere(t *testing.T) {
	up := newSheet(t)
	mine, other, both := condition("c1", "p1", "J45.0"), condition("x1", "p9", "J45.0"), condition("x2", "p2", "J45.0")
	up.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		io.WriteString(w, up.bundle(3, "", other, mine, both, mine))
	}
	c := openClinic(t, up, "", nil)
	// p9 is nobody's; p2 is alice's own but was not asked for; c1 came twice.
	if b := c.get(t, "alice", "/Condition?patient=p1").bundle(t); !slices.Equal(b.ids(), []string{"c1"}) {
		t.Errorf("got %v", b.ids())
	}
}

func TestFC41_UpstreamErrorsSayNothing(t *testing.T) {
	for _, status := range []int{400, 401, 403, 409, 412, 422, 429, 500, 503, 302, 201, 206} {
		up := newSheet(t)
		up.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/fhir+json")
			w.Header().Set("Location", "http://evil.example/")
			w.WriteHeader(status)
			io.WriteString(w, `{"resourceType":"OperationOutcome","issue":[{"diagnostics":"SECRET"}]}`)
		}
		c := openClinic(t, up, "", nil)
		for _, path := range []string{"/Patient/p1", "/Condition?patient=p1"} {
			r := c.get(t, "alice", path)
			if r.status != 502 || r.header.Get("Location") != "" {
				t.Errorf("%d: got %d", status, r.status)
			}
			lacks(t, r.body, "SECRET")
		}
	}
}

func TestFC43_DeletedAndUnknownAreOne(t *testing.T) {
	var first reply
	for i, status := range []int{404, 410} {
		up := newSheet(t)
		up.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/Patient/p1/_history/2")
			w.WriteHeader(status)
			io.WriteString(w, "deleted at 12:00")
		}
		r := openClinic(t, up, "", nil).get(t, "alice", "/Patient/p1")
		if i == 0 {
			first = r
		}
		if r.status != 404 {
			t.Errorf("%d: got %d", status, r.status)
		}
		same(t, first, r)
	}
}

func TestL1_NothingLeavesWithoutItsRecord(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.book.mu.Lock()
	c.book.fail = errDisk
	c.book.mu.Unlock()
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1", "/Condition", "/Condition?patient=p1&_summary=count", "/Patient/p9", "/nothing", "/Patient?shoesize=1"} {
		r := c.get(t, "alice", path)
		if r.status == 200 || strings.Contains(r.body, "Family") || strings.Contains(r.body, "J45") {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	// Refusals and absence are told after their record, as data is (L2).
	for _, path := range []string{"/Patient/p1", "/Patient/p9", "/Patient/none", "/nothing", "/Condition?patient=p9"} {
		if r := c.get(t, "alice", path); r.status != 503 {
			t.Errorf("%s: got %d", path, r.status)
		}
	}
}

func TestL2_EveryRequestHasADecision(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for path, status := range map[string]int{"/Patient/p1": 200, "/Condition?patient=p1": 200, "/Patient/p9": 404, "/Patient/$everything": 405, "//Patient": 400, "/Patient?shoesize=1": 400, "/Claim?patient=p1": 403} {
		r := c.get(t, "alice", path)
		c.gate.Wait()
		id := r.header.Get("Modicum-Decision")
		var decisions, outcomes int
		c.book.mu.Lock()
		for _, e := range c.book.entries {
			if h := e.Header(); h.ID == id {
				switch h.Kind {
				case ledger.KindDecision:
					decisions++
				case ledger.KindOutcome:
					outcomes++
				}
			}
		}
		c.book.mu.Unlock()
		if r.status != status || decisions != 1 || status < 400 && outcomes == 0 {
			t.Errorf("%s: %d, %d decisions, %d outcomes under %q", path, r.status, decisions, outcomes, id)
		}
	}
	lacks(t, c.logs.String(), "p1", "p9", "shoesize", "Family")
}

func TestR2_ScopesTakeAway(t *testing.T) {
	c := openClinic(t, ward(t), "", func(cfg *fhir.Config) {
		cfg.Clients = map[string]fhir.Client{"strict": {ScopesRequired: true}, "kiosk": {Task: "keep-archive"}}
	})
	with := func(scope, patient, client string) string {
		scopes, ok := caller.ParseScopes(scope)
		if !ok {
			t.Fatal(scope)
		}
		token := "t" + scope + patient + client
		token = strings.ReplaceAll(token, " ", "_")
		c.staff[token] = &caller.Caller{ID: "alice", Roles: []string{"clinician"}, Scopes: scopes, Patient: patient, Client: client}
		return token
	}
	for _, tt := range []struct {
		scope, patient, client, path string
		status, entries              int
	}{
		{"openid profile", "", "", "/Condition?patient=p1", 200, 8},
		{"openid", "", "strict", "/Condition?patient=p1", 403, 0},
		{"user/*.rs", "", "strict", "/Condition?patient=p1", 200, 8},
		{"user/Condition.rs", "", "", "/Condition?patient=p1", 200, 8},
		{"user/Condition.read", "", "", "/Condition?patient=p1", 200, 8},
		{"user/Condition.r", "", "", "/Condition?patient=p1", 403, 0},
		{"user/Condition.s", "", "", "/Condition/c00", 403, 0},
		{"user/Patient.rs", "", "", "/Condition?patient=p1", 403, 0},
		{"patient/Condition.rs", "p1", "", "/Condition?patient=p1", 200, 8},
		{"patient/Condition.rs", "p1", "", "/Condition", 200, 8},
		{"patient/Condition.rs", "p2", "", "/Condition", 200, 3},
		{"patient/Condition.rs", "p1", "", "/Condition?patient=p2", 403, 0},
		{"patient/Condition.rs", "", "", "/Condition?patient=p1", 403, 0},
		{"patient/*.rs", "p9", "", "/Condition", 200, 0},
		{"patient/*.rs", "p1", "", "/Patient", 200, 1},
		{"patient/*.rs", "p1", "", "/Patient/p1", 200, -1},
		{"patient/*.rs", "p1", "", "/Patient/p2", 404, -1},
		{"user/Condition.rs?category=problem-list-item", "", "", "/Condition?patient=p1", 200, 0},
		{"user/Condition.rs user/Condition.xyz", "", "", "/Condition?patient=p1", 403, 0},
	} {
		r := c.get(t, with(tt.scope, tt.patient, tt.client), tt.path)
		if r.status != tt.status {
			t.Errorf("%s %s for %q: %d, want %d: %s", tt.scope, tt.path, tt.patient, r.status, tt.status, r.body)
			continue
		}
		if tt.status == 200 && tt.entries >= 0 {
			if b := r.bundle(t); len(b.Entry) != tt.entries {
				t.Errorf("%s %s for %q: %d entries, want %d", tt.scope, tt.path, tt.patient, len(b.Entry), tt.entries)
			}
		}
	}
}

func TestAClientsRegisteredTaskSpeaksWhenNoneIsNamed(t *testing.T) {
	c := openClinic(t, ward(t), "", func(cfg *fhir.Config) { cfg.Clients = map[string]fhir.Client{"kiosk": {Task: "keep-archive"}} })
	c.staff["two"] = &caller.Caller{ID: "vera", Roles: []string{"archivist", "reviewer"}, Client: "kiosk"}
	c.staff["bare"] = &caller.Caller{ID: "vera", Roles: []string{"archivist", "reviewer"}}
	if r := c.get(t, "two", "/Patient/p1"); r.status != 200 {
		t.Errorf("by registration: %d %s", r.status, r.body)
	}
	if r := c.get(t, "bare", "/Patient/p1"); r.status != 400 {
		t.Errorf("no task, two purposes: %d %s", r.status, r.body)
	} else {
		contains(t, r.body, "archivist/keep-archive")
	}
	if r := c.get(t, "bare", "/Patient/p1", "Modicum-Task", "keep-archive"); r.status != 200 {
		t.Errorf("by header: %d %s", r.status, r.body)
	}
	if r := c.get(t, "bare", "/Patient/p1", "Modicum-Purpose", "RECORDMGT"); r.status != 200 {
		t.Errorf("by purpose: %d %s", r.status, r.body)
	}
	c.staff["iua"] = &caller.Caller{ID: "vera", Roles: []string{"archivist", "reviewer"}, PurposeOfUse: []string{"RECORDMGT"}}
	if r := c.get(t, "iua", "/Patient/p1"); r.status != 200 {
		t.Errorf("by token: %d %s", r.status, r.body)
	}
	if r := c.get(t, "iua", "/Patient/p1", "Modicum-Purpose", "HQUALIMP"); r.status != 400 {
		t.Errorf("a header that contradicts the token: %d %s", r.status, r.body)
	}
}

// twins are two upstreams that differ in nothing that alice may see: hidden
// elements, hidden records of her patients, other people's patients.
func twins(t *testing.T) (a, b *sheet) {
	a, b = newSheet(t), newSheet(t)
	a.put(patient("p1", "Familyp1", "1940-05-06"))
	b.put(strings.NewReplacer("Springfield", "Shelby", "555-p1", "1-800", "999-00-p1", "123-45-6789", `"versionId":"3"`, `"versionId":"12"`).Replace(patient("p1", "Familyp1", "1940-05-06")))
	for i := range 30 {
		id := fmt.Sprintf("c%02d", i)
		switch i % 4 {
		case 0, 2:
			shown := condition(id, "p1", "J45.0")
			a.put(shown)
			b.put(strings.Replace(shown, `"recordedDate"`, `"note":[{"text":"hidden"}],"recordedDate"`, 1))
		case 1:
			a.put(condition(id, "p1", "B20"))
		case 3:
			b.put(condition(id, "p9", "J45.0"), condition(id+"x", "p1", "B20"), condition(id+"y", "p1", "F20.0"))
		}
	}
	return a, b
}

func TestN1_TwinsAnswerAlikeOverAllPages(t *testing.T) {
	ua, ub := twins(t)
	a, b := openClinic(t, ua, "", nil), openClinic(t, ub, "", nil)
	data, pages := 0, 0
	for _, path := range []string{
		"/Patient/p1", "/Patient?_id=p1", "/Patient", "/Patient?identifier=123-45-6789", "/Patient?family=Familyp1", "/Patient?address-city=Shelby",
		"/Condition?patient=p1", "/Condition?patient=p1&_count=1", "/Condition?patient=p1&_count=4", "/Condition?patient=p1&_count=100", "/Condition", "/Condition?_count=7",
		"/Condition?patient=p1&code=B20", "/Condition?patient=p1&code=J45.0&_count=3", "/Condition?patient=p1&_summary=count", "/Condition?patient=p9", "/Condition?code=F20.0",
		"/Condition/c00", "/Condition/c01", "/Condition/c03", "/Condition/c03x", "/Patient/p9", "/Condition?patient=p1&_elements=note", "/Condition?patient=p1&_count=0",
	} {
		for at, bt := path, path; at != ""; {
			ra, rb := a.get(t, "alice", at), b.get(t, "alice", bt)
			if strings.ReplaceAll(ra.plain(), a.URL, "") != strings.ReplaceAll(rb.plain(), b.URL, "") {
				t.Fatalf("%s differs:\n%s\n%s", path, ra.plain(), rb.plain())
			}
			pages++
			if at, bt = "", ""; ra.status == 200 && strings.Contains(ra.body, "searchset") {
				ba, bb := ra.bundle(t), rb.bundle(t)
				data += len(ba.Entry)
				at, bt = ba.link("next"), bb.link("next")
			}
		}
	}
	if data < 40 || pages < 40 {
		t.Errorf("only %d records on %d pages: too little to say anything", data, pages)
	}
}

func TestF2_AReferenceIsACriterionOnlyWhereItsTargetWasShown(t *testing.T) {
	up := ward(t)
	visit := func(id, label string) string {
		return fmt.Sprintf(`{"resourceType":"Encounter","id":"%s","meta":{"security":[%s]},"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`, id, label)
	}
	of := func(id, visit string) string {
		return edit(condition(id, "p1", "J45.0"), `"recordedDate"`, `"encounter":{"reference":"Encounter/`+visit+`"},"recordedDate"`)
	}
	up.put(visit("open", ""), visit("closed", `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}`), of("k1", "open"), of("k2", "closed"))
	c := openClinic(t, up, "", nil)
	ask := func(visit string) []string {
		b := c.get(t, "alice", "/Condition?patient=p1&encounter=Encounter/"+visit).bundle(t)
		return b.ids()
	}
	// Which records belong to a visit tells of the visit: nothing until it was shown,
	// and of a marked one, which cannot be shown, nothing ever.
	if got := ask("open"); len(got) != 0 {
		t.Errorf("before the visit was shown: %v", got)
	}
	c.get(t, "alice", "/Encounter/closed")
	if r := c.get(t, "alice", "/Encounter/open"); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := ask("open"); !slices.Equal(got, []string{"k1"}) {
		t.Errorf("after the visit was shown: %v", got)
	}
	if got := ask("closed"); len(got) != 0 {
		t.Errorf("a marked visit: %v", got)
	}
}

// Patient.link alone names a patient for whom the task need not count: who is linked with
// somebody hidden is as hidden to a search as it is on the record.
func TestF2_ALinkIsACriterionOnlyWhereItsTargetWasShown(t *testing.T) {
	set := loadPolicyWith(t, "testdata/policy", "roles/clinician.yaml", "admin.encounter,", "admin.encounter, admin.patient-record,")
	linked := func(other string) *clinic {
		up := ward(t)
		up.put(edit(patient("p3", "Linked", "1950-01-01"), `"gender"`, `"link":[{"other":{"reference":"Patient/`+other+`"},"type":"seealso"}],"gender"`))
		lines := map[string]string{"adt": assigned, "roster": shifts, "people": people}
		return openClinicAt(t, up.URL+"/fhir", set, lines, func(c *clinic, _ *fhir.Config) { c.up = up })
	}
	a, b := linked("p9"), linked("p8") // p8 is nobody
	for _, path := range []string{
		"/Patient?_id=p3&link=Patient/p9", "/Patient?link=Patient/p9", "/Patient?link=Patient/p9,Patient/p1", "/Patient/p9/Patient", "/Patient/p9/Patient?_summary=count",
		"/Patient/p9/$everything", "/Patient/p9/*", "/Patient?_id=p3&link:Patient.name=Familyp9", "/Patient?_id=p3&_include=Patient:link",
	} {
		one := a.get(t, "alice", path)
		if one.status != 200 || strings.Contains(one.body, `"id":"p9"`) {
			t.Errorf("%s: %d %s", path, one.status, one.body)
		}
		if other := b.get(t, "alice", path); strings.ReplaceAll(one.plain(), a.URL, b.URL) != other.plain() {
			t.Errorf("%s tells who is linked with whom:\n%s\n%s", path, one.body, other.body)
		}
	}
	c := linked("p1")
	ask := func() []string {
		b := c.get(t, "alice", "/Patient?_id=p3&link=Patient/p9,Patient/p1").bundle(t)
		return b.ids()
	}
	if got := ask(); len(got) != 0 {
		t.Errorf("before the other was shown: %v", got)
	}
	c.get(t, "alice", "/Patient/p1")
	if got := ask(); !slices.Equal(got, []string{"p3"}) {
		t.Errorf("after the other was shown: %v", got)
	}
}

func TestF3_WhateverLiesInAnAnswerWasJudged(t *testing.T) {
	up := newSheet(t)
	inner := edit(condition("c1", "p1", "J45.0"), `"recordedDate"`,
		`"contained":[{"resourceType":"Observation","id":"own","status":"final","code":{"text":"OWN"},"subject":{"reference":"Patient/p1"},"contained":[{"resourceType":"Patient","id":"deep","name":[{"family":"SECRET"}]}]},`+
			`{"resourceType":"Practitioner","id":"doc","name":[{"family":"SHOWN"}],"extension":[{"url":"http://vendor.example/x","valueString":"SECRET"}]}],"recorder":{"reference":"#doc"},"evidence":[{"detail":[{"reference":"#own"}]}],"recordedDate"`)
	up.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		page := up.bundle(2, "", inner)
		include := fmt.Sprintf(`,{"resource":%s,"search":{"mode":"include"}},{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"processing","diagnostics":"SECRET"}]},"search":{"mode":"outcome"}}`, patient("p9", "SECRET", "1901-02-03"))
		io.WriteString(w, page[:len(page)-2]+include+"]}")
	}
	r := openClinic(t, up, "", nil).get(t, "alice", "/Condition?patient=p1")
	if b := r.bundle(t); !slices.Equal(b.ids(), []string{"c1"}) {
		t.Errorf("got %v", b.ids())
	}
	lacks(t, r.body, "SECRET", "1901-02-03", "deep", "p9")
	contains(t, r.body, "SHOWN") // a contained practitioner shows by the rules of its own type
}

// Rule 4 at the door: a feed that fell silent permits nothing more, and what it said
// last goes on restricting.
func TestADeadFeedTakesPermissionsAwayAndKeepsRestrictions(t *testing.T) {
	aged := func(lines, whole string) string { return strings.Replace(lines, "2026-11-23T11:59:00Z", whole, 1) }
	open := func(adt, people string) *clinic {
		up := ward(t)
		return openClinicAt(t, up.URL+"/fhir", loadPolicy(t, "testdata/policy"), map[string]string{"adt": adt, "roster": shifts, "people": people},
			func(c *clinic, _ *fhir.Config) { c.up = up })
	}
	fresh := open(assigned, people)
	absent := fresh.get(t, "alice", "/Patient/nowhere")
	if r := fresh.get(t, "alice", "/Patient/p1"); r.status != 200 {
		t.Fatalf("with live feeds: %d", r.status)
	}
	dead := open(aged(assigned, "2026-11-21T11:59:00Z"), people) // admissions: fresh for a day
	for _, path := range []string{"/Patient/p1", "/Condition/c00"} {
		same(t, absent, dead.get(t, "alice", path))
	}
	if b := dead.get(t, "alice", "/Condition?patient=p1").bundle(t); len(b.Entry) != 0 {
		t.Errorf("a dead feed still permits: %v", b.ids())
	}
	old := open(assigned, aged(people, "2026-11-01T11:59:00Z")) // the personnel file: seven days
	same(t, absent, old.get(t, "alice", "/Patient/p4"))
	if r := old.get(t, "alice", "/Patient/p1"); r.status != 200 {
		t.Errorf("another patient, while the personnel file is old: %d", r.status)
	}
}

func TestF3_AReadIsJudgedByThePatientInItsBody(t *testing.T) {
	up := newSheet(t)
	c := openClinic(t, up, "", nil)
	absent := c.get(t, "alice", "/Condition/nowhere")
	for subject, status := range map[string]int{"p1": 200, "p2": 200, "p9": 404, "p4": 404} {
		up.records = map[string][]string{}
		up.put(condition("c1", subject, "J45.0")) // one and the same address each time
		r := c.get(t, "alice", "/Condition/c1")
		if r.status != status {
			t.Errorf("of %s: %d", subject, r.status)
		}
		if status == 404 {
			same(t, absent, r)
		}
	}
}
