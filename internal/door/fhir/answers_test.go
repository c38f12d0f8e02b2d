package fhir_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
	"modicum/ledger"
)

// hidings are rows of threat-model 7 that the projection decides: what the
// upstream holds, what must not come out, and what must. with gives the records.
var hidings = []struct {
	row, path string
	with      []string
	gone      []string
	stays     []string
	status    int // 200 when 0
}{
	{row: "FC17 unknown elements and vendor fields", path: "/Patient/p1",
		with: []string{edit(pat, `"gender":"female"`, `"gender":"female","shoeSize":44,"x-vendor":{"a":"SECRET"}`)},
		gone: []string{"shoeSize", "SECRET", "vendor"}, stays: []string{`"gender":"female"`}},
	{row: "FC18 primitive siblings", path: "/Patient/p1",
		with: []string{edit(pat, `"city":"Springfield"`, `"city":"Springfield","_city":{"id":"SECRET"}`)}, gone: []string{"SECRET", "_city"}},
	{row: "FC19 choice types", path: "/Patient/p1",
		with: []string{edit(pat, `"gender":"female"`, `"gender":"female","deceasedDateTime":"2026-01-02","multipleBirthInteger":2`)}, gone: []string{"deceased", "multipleBirth"}},
	{row: "FC20 extensions", path: "/Patient/p1",
		with: []string{edit(pat, `"gender":"female"`, `"gender":"female","extension":[{"url":"http://vendor.example/x","valueString":"SECRET"}]`)}, gone: []string{"SECRET", "vendor.example"}},
	{row: "FC20 an unknown modifierExtension", path: "/Condition/c1", status: 404,
		with: []string{edit(cond, `"recordedDate"`, `"modifierExtension":[{"url":"http://vendor.example/not","valueBoolean":true}],"recordedDate"`)}},
	{row: "FC21 narrative", path: "/Condition/c1",
		with: []string{edit(cond, `"recordedDate"`, `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">SECRET</div>"},"recordedDate"`)}, gone: []string{"SECRET", "div"}},
	{row: "FC22 display and identifier of references", path: "/Condition/c1",
		with: []string{edit(cond, `"reference":"Patient/p1"`, `"reference":"Patient/p1","display":"SECRET"`)}, gone: []string{"SECRET"}, stays: []string{`"reference":"Patient/p1"`}},
	{row: "FC23 references to what is hidden", path: "/Condition/c1",
		with: []string{edit(cond, `"recordedDate"`, `"evidence":[{"detail":[{"reference":"Observation/SECRET"}]}],"recordedDate"`)}, gone: []string{"SECRET"}},
	{row: "FC24 contained resources", path: "/Condition/c1", status: 404,
		with: []string{edit(cond, `"recordedDate"`, `"contained":[{"resourceType":"Observation","id":"o","status":"final","code":{"text":"SECRET"},"subject":{"reference":"Patient/p9"}}],"evidence":[{"detail":[{"reference":"#o"}]}],"recordedDate"`)}},
	{row: "FC25 a Bundle in a page", path: "/Condition?patient=p1", status: 502,
		with: []string{`{"resourceType":"Bundle","id":"b1","type":"searchset"}`}},
	{row: "FC26 photos", path: "/Patient/p1",
		with: []string{edit(pat, `"gender":"female"`, `"gender":"female","photo":[{"contentType":"image/png","data":"U0VDUkVU","url":"http://x/SECRET","title":"SECRET","hash":"U0VD","size":9}]`)}, gone: []string{"U0VD", "SECRET", "photo"}},
	{row: "FC27 Binary", path: "/Binary/b1", status: 404, with: []string{`{"resourceType":"Binary","id":"b1","contentType":"text/plain","data":"U0VDUkVU"}`}},
	{row: "FC28 Composition", path: "/Composition/k1", status: 403, with: []string{`{"resourceType":"Composition","id":"k1","subject":{"reference":"Patient/p1"},"section":[{"text":{"div":"SECRET"}}]}`}},
	{row: "FC29 QuestionnaireResponse", path: "/QuestionnaireResponse/q1", status: 403, with: []string{`{"resourceType":"QuestionnaireResponse","id":"q1","subject":{"reference":"Patient/p1"},"item":[{"linkId":"1","answer":[{"valueString":"SECRET"}]}]}`}},
	{row: "FC30 Provenance", path: "/Provenance/v1", status: 403, with: []string{`{"resourceType":"Provenance","id":"v1","target":[{"reference":"Patient/p1"}]}`}},
	{row: "FC30 AuditEvent", path: "/AuditEvent?patient=p1", status: 403},
	{row: "FC31 free text", path: "/Condition/c1",
		with: []string{edit(cond, `"recordedDate"`, `"note":[{"text":"SECRET"}],"recordedDate"`)}, gone: []string{"SECRET", "note"}},
	{row: "FC09 metadata", path: "/Condition/c1", with: []string{edit(cond, `"versionId":"5"`, `"versionId":"5","source":"SECRET","profile":["http://x/SECRET"],"tag":[{"code":"SECRET"}]`)},
		gone: []string{"SECRET", "versionId"}, stays: []string{"SUBSETTED"}},
	{row: "FC13 a reference that holds a search", path: "/Condition/c1", status: 404,
		with: []string{edit(cond, `"reference":"Patient/p1"`, `"reference":"Patient?identifier=SECRET"`)}},
	{row: "FC47 a member twice", path: "/Patient/p1", status: 502, with: []string{edit(pat, `"gender":"female"`, `"gender":"female","gender":"male"`)}},
	{row: "FC47 members that differ in case", path: "/Patient/p1", with: []string{edit(pat, `"gender":"female"`, `"gender":"female","Gender":"SECRET"`)}, gone: []string{"SECRET"}},
	{row: "FC47 number text", path: "/Observation/o1", stays: []string{`"value":1.10`},
		with: []string{`{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":1.10,"unit":"g/dL"}}`}},
}

var pat, cond = patient("p1", "Familyp1", "1940-05-06"), condition("c1", "p1", "J45.0")

func edit(s, old, with string) string {
	if !strings.Contains(s, old) {
		panic("test data: " + old)
	}
	return strings.Replace(s, old, with, 1)
}

// hides runs the rows of one number through the door.
func hides(t *testing.T, row string) {
	n := 0
	for _, tt := range hidings {
		if !strings.HasPrefix(tt.row, row+" ") {
			continue
		}
		n++
		t.Run(strings.ReplaceAll(tt.row, " ", "_"), func(t *testing.T) {
			up := newSheet(t)
			up.put(tt.with...)
			if row == "FC25" {
				up.answer = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/fhir+json")
					io.WriteString(w, up.bundle(1, "", tt.with...))
				}
			}
			r := openClinic(t, up, "", nil).get(t, "alice", tt.path)
			want := tt.status
			if want == 0 {
				want = 200
			}
			if r.status != want {
				t.Errorf("got %d, want %d: %s", r.status, want, r.body)
			}
			lacks(t, r.body, append(tt.gone, "SECRET", "U0VD")...)
			for _, s := range tt.stays {
				contains(t, r.body, s)
			}
		})
	}
	if n == 0 {
		t.Fatalf("no record of row %s", row)
	}
}

func TestFC09_MetadataThroughTheDoor(t *testing.T)            { hides(t, "FC09") }
func TestFC13_ASearchAsReferenceThroughTheDoor(t *testing.T)  { hides(t, "FC13") }
func TestFC17_UnknownElementsThroughTheDoor(t *testing.T)     { hides(t, "FC17") }
func TestFC18_SiblingsThroughTheDoor(t *testing.T)            { hides(t, "FC18") }
func TestFC19_ChoicesThroughTheDoor(t *testing.T)             { hides(t, "FC19") }
func TestFC20_ExtensionsThroughTheDoor(t *testing.T)          { hides(t, "FC20") }
func TestFC21_NarrativeThroughTheDoor(t *testing.T)           { hides(t, "FC21") }
func TestFC22_DisplayOfReferencesThroughTheDoor(t *testing.T) { hides(t, "FC22") }
func TestFC23_HiddenTargetsThroughTheDoor(t *testing.T)       { hides(t, "FC23") }
func TestFC24_ContainedResourcesThroughTheDoor(t *testing.T)  { hides(t, "FC24") }
func TestFC25_NestedBundlesThroughTheDoor(t *testing.T)       { hides(t, "FC25") }
func TestFC26_PhotosThroughTheDoor(t *testing.T)              { hides(t, "FC26") }
func TestFC27_ABinaryThatNothingNamesIsNotThere(t *testing.T) { hides(t, "FC27") }
func TestFC28_CompositionIsRefused(t *testing.T)              { hides(t, "FC28") }
func TestFC29_QuestionnaireResponseIsRefused(t *testing.T)    { hides(t, "FC29") }
func TestFC30_ProvenanceAndAuditEventAreRefused(t *testing.T) { hides(t, "FC30") }
func TestFC31_FreeTextThroughTheDoor(t *testing.T)            { hides(t, "FC31") }
func TestFC47_QuirksOfJSONThroughTheDoor(t *testing.T)        { hides(t, "FC47") }

func TestFC33_PagingNeverShowsAnUpstreamLink(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	path := "/Condition?patient=Patient/p1&_count=2"
	length, pages, records := 0, 0, 0
	for path != "" {
		r := c.get(t, "alice", path)
		b := r.bundle(t)
		pages, records = pages+1, records+len(b.Entry)
		lacks(t, r.body, "_getpages", c.up.URL)
		for _, l := range b.Link {
			if !strings.HasPrefix(l.URL, c.URL+"/fhir/Condition") {
				t.Errorf("link %s", l.URL)
			}
		}
		for _, e := range b.Entry {
			if !strings.HasPrefix(e.FullURL, c.URL+"/fhir/Condition/") || e.Search.Mode != "match" {
				t.Errorf("entry %s %s", e.FullURL, e.Search.Mode)
			}
		}
		path = b.link("next")
		if path != "" && length != 0 && len(path) != length {
			t.Errorf("a cursor of %d bytes after one of %d", len(path), length)
		}
		length = len(path)
	}
	if pages != 4 || records != 8 { // of twelve, every third of which is hidden
		t.Errorf("%d records on %d pages, want 8 on 4", records, pages)
	}
}

func TestD10_ACursorThatDoesNotFitIsOneAnswer(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	first := c.get(t, "alice", "/Condition?patient=p1&_count=2")
	b := first.bundle(t)
	next := b.link("next")
	cursor := next[strings.Index(next, "_cursor=")+8:]
	c.up.sent()
	gone := c.get(t, "alice", "/Condition?_cursor=AAAA")
	c.refuse(t, 410, gone)
	for name, ask := range map[string]func() reply{
		"foreign":      func() reply { return c.get(t, "vera", next) },
		"another task": func() reply { return c.get(t, "alice", next, "Modicum-Task", "chart-review") },
		"another type": func() reply { return c.get(t, "alice", "/Patient?_cursor="+cursor) },
		"tampered":     func() reply { return c.get(t, "alice", "/Condition?_cursor="+cursor[:100]+"A"+cursor[101:]+"A") },
		"cut":          func() reply { return c.get(t, "alice", "/Condition?_cursor="+cursor[:100]) },
		"expired": func() reply {
			c.now = func() time.Time { return noon.Add(11 * time.Minute) }
			return c.get(t, "alice", next)
		},
		"made by nobody": func() reply { return c.get(t, "alice", "/Condition?_cursor="+strings.Repeat("A", len(cursor))) },
	} {
		r := ask()
		c.now = func() time.Time { return noon }
		same(t, gone, r)
		if len(c.up.sent()) > 0 {
			t.Errorf("%s: the upstream was asked", name)
		}
	}
	c.refuse(t, 400, c.get(t, "alice", "/Condition?_count=3&_cursor="+cursor)) // the cursor holds the query
	// The upstream forgot its page.
	c.up.mu.Lock()
	c.up.pages = map[string][]string{}
	c.up.mu.Unlock()
	if b := c.get(t, "alice", "/Condition?patient=p1&_count=20").bundle(t); b.link("next") != "" {
		t.Error("eight fit a page of twenty")
	}
}

func TestD10_AnotherPolicyEndsCursors(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	b := c.get(t, "alice", "/Condition?patient=p1&_count=2").bundle(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/policy")); err != nil {
		t.Fatal(err)
	}
	file := dir + "/roles/biller.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(edit(string(text), "title: Biller", "title: Billers")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.set.Store(loadPolicy(t, dir))
	r := c.get(t, "alice", b.link("next"))
	same(t, c.get(t, "alice", "/Condition?_cursor=AAAA"), r)
}

func TestD9_EachPageDecidesAgain(t *testing.T) {
	c := openClinic(t, ward(t), `{"fact":"assigned-patient","who":"alice","patient":"Patient/p9","until":"2026-11-23T12:05:00Z","source":"adt","recorded_by":"ward"}`+"\n", nil)
	c.up.put(condition("e2", "p9", "J45.0"), condition("e3", "p9", "J45.0"))
	b := c.get(t, "alice", "/Condition?patient=p9&_count=1").bundle(t)
	if !slices.Equal(b.ids(), []string{"e0"}) {
		t.Fatalf("got %v", b.ids())
	}
	c.now = func() time.Time { return noon.Add(6 * time.Minute) }
	if b := c.get(t, "alice", b.link("next")).bundle(t); len(b.Entry) != 0 || b.link("next") != "" {
		t.Errorf("after the assignment ended: %v", b.ids())
	}
}

// What is contained comes with the mandatory element that names it, asked for or not
// (ref-1), and with nothing else.
func TestFC35_WhatIsContainedComesWithWhatNamesIt(t *testing.T) {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"), `{"resourceType":"MedicationRequest","id":"m1","contained":[{"resourceType":"Medication","id":"med","code":{"text":"drug"}}],`+
		`"status":"active","intent":"order","medicationReference":{"reference":"#med"},"subject":{"reference":"Patient/p1"},"authoredOn":"2026-01-01"}`)
	c := openClinic(t, up, "", nil)
	r := c.get(t, "alice", "/MedicationRequest?patient=p1&_elements=authoredOn").bundle(t)
	if len(r.Entry) != 1 || r.Entry[0].Resource["contained"] == nil || r.Entry[0].Resource["medicationReference"] == nil {
		t.Errorf("%v", r.Entry)
	}
}

// There are clients that look for commas in a link before they decode it.
func TestCommasInLinksStandAsTheyAre(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	b := c.get(t, "alice", "/Patient?_id=p1%2Cp2").bundle(t)
	if link := b.link("self"); !strings.Contains(link, "_id=p1,p2") {
		t.Errorf("self is %q", link)
	}
}

func TestFC35_ElementsAndSummaryAreDoneHere(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	r := c.get(t, "alice", "/Patient/p1?_elements=gender,address")
	contains(t, r.body, `"gender":"female"`)
	lacks(t, r.body, "Family", "Springfield", "mrn")
	r = c.get(t, "alice", "/Patient?_id=p1&_elements=birthDate")
	contains(t, r.body, `"birthDate"`)
	lacks(t, r.body, "Family", "gender")
	r = c.get(t, "alice", "/Condition?patient=p1&_summary=text&_count=1")
	contains(t, r.body, `"subject"`)
	lacks(t, r.body, "J10", "recordedDate", "<div")
	same(t, c.get(t, "alice", "/Patient/p1"), c.get(t, "alice", "/Patient/p1?_summary=data"))
	for _, sent := range c.up.sent() {
		if strings.Contains(sent, "_elements") || strings.Contains(sent, "_summary") {
			t.Errorf("forwarded: %s", sent)
		}
	}
	for _, q := range []string{"_elements=shoeSize", "_elements=", "_elements=name,,gender", "_elements=name.family", "_summary=true"} {
		c.refuse(t, 400, c.get(t, "alice", "/Patient/p1?"+q))
	}
}

func TestFC23_ReferencesStayToWhatShowsOnThePage(t *testing.T) {
	up := ward(t)
	visit := `{"resourceType":"Encounter","id":"v1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"diagnosis":[{"condition":{"reference":"Condition/c00"}},{"condition":{"reference":"Condition/e0"}}]}`
	up.put(visit, edit(condition("c90", "p1", "J45.0"), `"recordedDate"`, `"encounter":{"reference":"Encounter/v1"},"recordedDate"`))
	c := openClinic(t, up, "", nil)
	// Condition/e0 is p9's; c00 was shown to alice before, e0 never can be.
	c.get(t, "alice", "/Condition/c00")
	r := c.get(t, "alice", "/Encounter/v1")
	if r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	lacks(t, r.body, "Condition/e0")
}

// Look-ups, policy-language rule 13.

func TestFindAnswersWithTheFewestWhoFit(t *testing.T) {
	up := newSheet(t)
	for i := range 5 {
		up.put(patient(fmt.Sprintf("m%d", i), "Miller", "1970-01-02"))
	}
	up.put(patient("n1", "Nowak", "1970-01-02"))
	c := openClinic(t, up, "", nil)
	b := c.get(t, "dora", "/Patient?family=Now&birthdate=1970-01-02").bundle(t)
	if !slices.Equal(b.ids(), []string{"n1"}) {
		t.Errorf("got %v", b.ids())
	}
	r := c.get(t, "dora", "/Patient?family=Now&birthdate=1970-01-02")
	contains(t, r.body, "Nowak")
	lacks(t, r.body, "555-", "mrn", "Springfield")

	many := c.get(t, "dora", "/Patient?family=Miller&birthdate=1970-01-02")
	if many.status != 400 {
		t.Fatalf("five fit: %d %s", many.status, many.body)
	}
	contains(t, many.body, "Give one more")
	lacks(t, many.body, "Miller", "m0")

	c.up.sent()
	for _, q := range []string{"family=No&birthdate=1970-01-02", "family=Nowak", "birthdate=1970-01-02", "family=Nowak&gender=female"} {
		if r := c.get(t, "dora", "/Patient?"+q); r.status == 200 && len(r.bundle(t).Entry) > 0 || r.status >= 500 {
			t.Errorf("%s: %d %s", q, r.status, r.body)
		}
	}
}

// policy-language rule 13: counted after restrictions, so that how many fit does not
// tell of a patient whom the caller may not know of.
func TestFindCountsAfterRestrictions(t *testing.T) {
	up := newSheet(t)
	for i := range 4 {
		up.put(patient(fmt.Sprintf("m%d", i), "Miller", "1970-01-02"))
	}
	c := openClinic(t, up, "", nil)
	path := "/Patient?family=Miller&birthdate=1970-01-02"
	if r := c.get(t, "dora", path); r.status != 400 {
		t.Fatalf("four fit: %d %s", r.status, r.body)
	}
	c = openClinic(t, up, `{"source":"people","whole":"2026-11-23T11:59:00Z"}
{"fact":"is-patient","who":"dora","patient":"Patient/m2","source":"people","recorded_by":"hr"}
`, nil)
	if got := c.get(t, "dora", path).bundle(t); !slices.Equal(got.ids(), []string{"m0", "m1", "m3"}) {
		t.Errorf("one of the four is the caller: %v", got.ids())
	}
}

func TestAFoundPatientOpensAfterTheLookUpAndNotBefore(t *testing.T) {
	up := newSheet(t)
	up.put(patient("n1", "Nowak", "1970-01-02"))
	c := openClinic(t, up, "", nil)
	if r := c.get(t, "dora", "/Patient/n1"); r.status != 404 {
		t.Errorf("before: %d %s", r.status, r.body)
	}
	c.get(t, "dora", "/Patient?family=Nowak&birthdate=1970-01-02")
	r := c.get(t, "dora", "/Patient/n1")
	if r.status != 200 {
		t.Fatalf("after: %d %s", r.status, r.body)
	}
	contains(t, r.body, "555-n1")
	c.now = func() time.Time { return noon.Add(31 * time.Minute) }
	if r := c.get(t, "dora", "/Patient/n1"); r.status != 404 {
		t.Errorf("half an hour later: %d", r.status)
	}
}

func TestFindAsksForNamesByPrefixAndTheRestWhole(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.get(t, "dora", "/Patient?family=Familyp1&birthdate=1940-05-06")
	sent := c.up.sent()
	if len(sent) != 1 || !strings.HasPrefix(sent[0], "GET /fhir/Patient?birthdate=1940-05-06&family=Familyp1&") {
		t.Errorf("sent %v", sent)
	}
}

// Late failure.

func TestALatePageIsCompleteAndValidBeyondTheBound(t *testing.T) {
	c := openClinic(t, fat(t), "", nil)
	r := c.get(t, "alice", "/Observation?patient=p1&_count=200")
	if b := r.bundle(t); len(b.Entry) != 60 || len(r.body) < 5<<20 || r.header.Get("Content-Length") != "" {
		t.Errorf("%d entries, %d bytes, length %q", len(b.Entry), len(r.body), r.header.Get("Content-Length"))
	}
}

// fat is an upstream with a page beyond what is assembled before headers go.
func fat(t testing.TB) *sheet {
	up := newSheet(t)
	for i := range 60 {
		up.put(fmt.Sprintf(`{"resourceType":"Observation","id":"o%02d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},"subject":{"reference":"Patient/p1"},"valueString":"%s"}`, i, strings.Repeat("x", 100<<10)))
	}
	return up
}

// breaking is a ResponseWriter of a client that goes away.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		panicked := errDisk
		return 0, panicked
	}
	return b.ResponseWriter.Write(p)
}

func TestALateFailureBreaksTheConnectionAndIsRecorded(t *testing.T) {
	c := openClinic(t, fat(t), "", nil)
	inner := c.Config.Handler
	c.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(&breaking{w, 5 << 20}, r) })
	r := c.get(t, "alice", "/Observation?patient=p1&_count=200")
	if r.err == nil {
		t.Errorf("the body ended neatly: %q", r.body[max(0, len(r.body)-40):])
	}
	if strings.HasSuffix(r.body, "]}") {
		t.Error("the JSON was closed")
	}
	c.gate.Wait()
	aborted := 0
	for _, e := range c.book.entries {
		if o, ok := e.(*ledger.Outcome); ok && o.End == ledger.Aborted {
			aborted++
		}
	}
	if aborted != 1 {
		t.Errorf("%d aborted outcomes", aborted)
	}
}

func TestAPanicIsRefusedAndRecorded(t *testing.T) {
	c := openClinic(t, ward(t), "", func(cfg *fhir.Config) { cfg.Random = readerFunc(func([]byte) (int, error) { panic("Familyp1") }) })
	r := c.get(t, "alice", "/Condition?patient=p1&_count=1") // a cursor needs randomness
	if r.status != 500 || strings.Contains(r.body, "Family") {
		t.Errorf("%d %s", r.status, r.body)
	}
	contains(t, c.logs.String(), "panic in enforcement")
	lacks(t, c.logs.String(), "Familyp1")
	if r := c.get(t, "alice", "/Patient/p1"); r.status != 200 {
		t.Errorf("afterwards: %d", r.status)
	}
}
