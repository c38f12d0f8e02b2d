package fhir_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// document is a note of a patient that names its text by an address.
func document(id, patient, address string) string {
	return fmt.Sprintf(`{"resourceType":"DocumentReference","id":"%s","status":"current","subject":{"reference":"Patient/%s"},"content":[{"attachment":{"contentType":"text/plain","url":"%s","title":"SECRET"}}]}`, id, patient, address)
}

func content(id, media string) string {
	return fmt.Sprintf(`{"resourceType":"Binary","id":"%s","meta":{"versionId":"4"},"contentType":"%s","data":"VEhFIE5PVEU="}`, id, media) // THE NOTE
}

// office is a clinic with documents, and alice as its scribe.
func office(t *testing.T, more ...string) *clinic {
	up := ward(t)
	up.put(document("d1", "p1", "Binary/b1"), content("b1", "text/plain; charset=utf-8"), document("d9", "p9", "Binary/b9"), content("b9", "text/plain"),
		strings.Replace(document("dm", "p1", "Binary/bm"), `"status"`, `"securityLabel":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}],"status"`, 1), content("bm", "text/plain"),
		content("alone", "text/plain"))
	up.put(more...)
	c := openClinic(t, up, "", nil)
	c.staff["alice"].Roles = []string{"scribe"}
	c.staff["vera"].Roles = []string{"scribe"}
	return c
}

var writeUp = []string{"Modicum-Task", "write-up"}

func (c *clinic) scribe(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return c.get(t, "alice", path, append(headers, writeUp...)...)
}

func TestFC27_ABinaryShowsToWhomADocumentWasShownThatNamesIt(t *testing.T) {
	c := office(t)
	absent := c.scribe(t, "/Binary/nowhere")
	if absent.status != 404 {
		t.Fatalf("absent: %d %s", absent.status, absent.body)
	}
	for _, id := range []string{"b1", "b9", "bm", "alone", "p1"} {
		same(t, c.scribe(t, "/Binary/"+id), absent)
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
	contains(t, c.scribe(t, "/DocumentReference/d1").body, `"url":"Binary/b1"`)
	c.scribe(t, "/DocumentReference/d9")
	c.scribe(t, "/DocumentReference/dm")
	c.scribe(t, "/DocumentReference?patient=p9")
	for _, id := range []string{"b9", "bm", "alone", "p1"} {
		same(t, c.scribe(t, "/Binary/"+id), absent)
	}
	r := c.scribe(t, "/Binary/b1")
	if want := `{"resourceType":"Binary","id":"b1","meta":{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]},"contentType":"text/plain; charset=utf-8","data":"VEhFIE5PVEU="}`; r.status != 200 || r.body != want {
		t.Errorf("%d %s", r.status, r.body)
	}
	// Whom it was not shown, or under another task, it is not there.
	same(t, c.get(t, "vera", "/Binary/b1", writeUp...), absent)
	c.refuse403(t, c.get(t, "alice", "/Binary/b1", "Modicum-Task", "index"))
	same(t, c.scribe(t, "/Binary/b1/_history"), absent)
	same(t, c.scribe(t, "/Binary/b1/_history/4"), absent)
	c.now = func() time.Time { return noon.Add(6 * time.Minute) }
	same(t, c.scribe(t, "/Binary/b1"), absent)
}

// refuse403 is the answer to a task that shows nothing that could be attached.
func (c *clinic) refuse403(t *testing.T, r reply) {
	t.Helper()
	if r.status != http.StatusForbidden {
		t.Errorf("got %d %s, want 403", r.status, r.body)
	}
}

func TestFC27_TheBytesThemselves(t *testing.T) {
	c := office(t, document("dh", "p1", "Binary/bh"), content("bh", "text/html"), document("dx", "p1", "Binary/bx"), content("bx", `nonsense\r\nX-Evil: 1`))
	for _, id := range []string{"d1", "dh", "dx"} {
		c.scribe(t, "/DocumentReference/"+id)
	}
	for _, accept := range []string{"text/plain", "text/*", "image/png, text/plain;q=0.5", "text/plain, application/fhir+json;q=0.9"} {
		r := c.scribe(t, "/Binary/b1", "Accept", accept)
		if r.status != 200 || r.body != "THE NOTE" || r.header.Get("Content-Type") != "text/plain; charset=utf-8" || r.header.Get("Content-Disposition") != "attachment" ||
			r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", accept, r.status, r.header, r.body)
		}
		head := c.ask(t, "alice", http.MethodHead, "/Binary/b1", append([]string{"Accept", accept}, writeUp...)...)
		r.body = ""
		same(t, r, head)
	}
	for _, accept := range []string{"", "*/*", "application/fhir+json", "text/plain;q=0.1, application/fhir+json"} {
		h := []string{"Accept", accept}
		if accept == "" {
			h = nil
		}
		if r := c.scribe(t, "/Binary/b1", h...); r.status != 200 || !strings.HasPrefix(r.body, `{"resourceType":"Binary"`) {
			t.Errorf("%q: %d %s", accept, r.status, r.body)
		}
	}
	whole := c.scribe(t, "/Binary/b1", "Accept", "text/plain")
	same(t, c.scribe(t, "/Binary/b1", "Accept", "text/plain", "Range", "bytes=0-1"), whole)
	if r := c.scribe(t, "/Binary/b1", "Accept", "image/png"); r.status != 406 {
		t.Errorf("another type: %d", r.status)
	}
	if r := c.scribe(t, "/Binary/b1", "Accept", "text/plain", "If-None-Match", whole.header.Get("ETag")); r.status != 304 || r.body != "" {
		t.Errorf("the same: %d %s", r.status, r.body)
	}
	// What is hidden is 404 in every format.
	for _, accept := range []string{"text/plain", "image/png", "application/fhir+xml", "application/fhir+json"} {
		r := c.scribe(t, "/Binary/b9", "Accept", accept)
		same(t, r, c.scribe(t, "/Binary/nowhere"))
	}
	if r := c.scribe(t, "/Binary/bh", "Accept", "text/html"); r.header.Get("Content-Disposition") != "attachment" || !strings.Contains(r.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a page: %v", r.header)
	}
	if r := c.scribe(t, "/Binary/bx", "Accept", "text/plain"); r.status != 406 || r.header.Get("X-Evil") != "" {
		t.Errorf("a media type that is none: %d %v", r.status, r.header)
	}
}

// TestFC27_TheDocumentIsJudgedAnew: that it was shown a minute ago opens nothing.
func TestFC27_TheDocumentIsJudgedAnew(t *testing.T) {
	for name, now := range map[string]string{
		"of another patient":   document("d1", "p9", "Binary/b1"),
		"names another Binary": document("d1", "p1", "Binary/alone"),
		"marked":               strings.Replace(document("d1", "p1", "Binary/b1"), `"status"`, `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},"status"`, 1),
		"names it in an element that nobody knows": strings.Replace(document("d1", "p1", "Binary/alone"), `"status"`, `"vendor":{"url":"Binary/b1"},"status"`, 1),
		"names it in an extension":                 strings.Replace(document("d1", "p1", "Binary/alone"), `"status"`, `"extension":[{"url":"http://x/y","valueAttachment":{"url":"Binary/b1"}}],"status"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			c := office(t)
			c.scribe(t, "/DocumentReference/d1")
			if r := c.scribe(t, "/Binary/b1"); r.status != 200 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			c.up.mu.Lock()
			c.up.records["DocumentReference"][0] = now
			c.up.mu.Unlock()
			same(t, c.scribe(t, "/Binary/b1"), c.scribe(t, "/Binary/nowhere"))
		})
	}
}

// TestFC27_ABinaryThatBelongsElsewhere: what it says of itself counts as well.
func TestFC27_ABinaryThatBelongsElsewhere(t *testing.T) {
	b1 := content("b1", "text/plain")
	with := func(members string) string { return strings.Replace(b1, `"contentType"`, members+`,"contentType"`, 1) }
	for name, tt := range map[string]struct {
		binary string
		status int
	}{
		"as it is":              {b1, 200},
		"the document's":        {with(`"securityContext":{"reference":"DocumentReference/d1"}`), 200},
		"the patient's":         {with(`"securityContext":{"reference":"Patient/p1"}`), 200},
		"another patient's":     {with(`"securityContext":{"reference":"Patient/p9"}`), 404},
		"another document's":    {with(`"securityContext":{"reference":"DocumentReference/d9"}`), 404},
		"nobody knows whose":    {with(`"securityContext":{"reference":"urn:uuid:1"}`), 404},
		"marked":                {strings.Replace(b1, `"versionId":"4"`, `"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]`, 1), 404},
		"by rules of its own":   {with(`"implicitRules":"http://x/y"`), 404},
		"another id":            {strings.Replace(b1, `"id":"b1"`, `"id":"b2"`, 1), 404},
		"no Binary":             {condition("b1", "p1", "J45.0"), 404},
		"vendor's own members":  {with(`"vendor":"SECRET"`), 200},
		"a member twice (FC47)": {with(`"contentType":"text/html"`), 404},
	} {
		t.Run(name, func(t *testing.T) {
			c := office(t)
			c.scribe(t, "/DocumentReference/d1")
			c.up.mu.Lock()
			c.up.answer = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/fhir+json")
				if r.URL.Path == "/fhir/Binary/b1" {
					fmt.Fprint(w, tt.binary)
					return
				}
				c.up.read(w, strings.Split(strings.TrimPrefix(r.URL.Path, "/fhir/"), "/"))
			}
			c.up.mu.Unlock()
			r := c.scribe(t, "/Binary/b1")
			if r.status != tt.status {
				t.Errorf("%d %s", r.status, r.body)
			}
			lacks(t, r.body, "SECRET", "versionId")
		})
	}
}

func TestFC27_OtherRecordsThatNameABinary(t *testing.T) {
	c := office(t,
		`{"resourceType":"Media","id":"m1","status":"completed","subject":{"reference":"Patient/p1"},"content":{"contentType":"image/png","url":"Binary/b1"}}`,
		`{"resourceType":"Patient","id":"p2","name":[{"family":"X"}],"photo":[{"url":"Binary/b9"}]}`)
	c.up.records["Patient"] = c.up.records["Patient"][len(c.up.records["Patient"])-1:]
	if r := c.scribe(t, "/Media/m1"); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := c.scribe(t, "/Binary/b1"); r.status != 200 {
		t.Errorf("of an image: %d", r.status)
	}
	if r := c.scribe(t, "/Patient/p2"); r.status != 200 || strings.Contains(r.body, "photo") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	same(t, c.scribe(t, "/Binary/b9"), c.scribe(t, "/Binary/nowhere")) // its photo does not show
}
