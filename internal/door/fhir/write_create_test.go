package fhir_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"modicum/internal/caller"
	"modicum/ledger"
)

func TestCreateMakesARecordUnderAnIdOfOurs(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	r := c.post(t, "nina", "Observation", vital("p1", `"id":"chosen","meta":{"versionId":"77","lastUpdated":"2020-01-01T00:00:00Z"},`))
	id := r.id(t)
	if id == "chosen" || len(id) != 36 {
		t.Errorf("the id is %q", id)
	}
	if want := c.URL + "/fhir/Observation/" + id; r.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", r.header.Get("Location"), want)
	}
	kept := a.kept("Observation/" + id)
	contains(t, kept, `"value":60.50`) // N7: as it was spelt
	lacks(t, kept, `"77"`, "2020-01-01", "SUBSETTED", "chosen")
	read := c.get(t, "nina", "/Observation/"+id)
	if read.status != 200 || read.body != r.body || read.header.Get("ETag") != r.header.Get("ETag") || r.header.Get("ETag") == "" {
		t.Errorf("the answer is not what a read shows:\n%s %s\n%s %s", r.header.Get("ETag"), r.body, read.header.Get("ETag"), read.body)
	}
	if w := a.writes(); len(w) != 1 || w[0].method != "PUT" || w[0].header.Get("If-None-Match") != "*" {
		t.Errorf("sent %v", w)
	}
}

func TestCreateAnswersAsPreferred(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for i, tt := range []struct{ prefer, want string }{
		{"return=minimal", ""}, {"return=OperationOutcome", "OperationOutcome"}, {"handling=strict; return=representation", "valueQuantity"}, {"return=nonsense", "valueQuantity"},
	} {
		r := c.post(t, "nina", "Observation", strings.Replace(vital("p1", ""), "60.50", "6"+string(rune('1'+i)), 1), "Prefer", tt.prefer)
		if r.id(t); tt.want == "" && r.body != "" || !strings.Contains(r.body, tt.want) {
			t.Errorf("%s: %s", tt.prefer, r.body)
		}
		if r.header.Get("ETag") == "" {
			t.Errorf("%s: no ETag", tt.prefer)
		}
	}
}

// FC52, F8: what no line lets its maker write is refused, each element by its path, and
// nothing is sent.
func TestF8_ANewRecordHoldsWhatItsMakerMayWriteAndNothingElse(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for name, tt := range map[string]struct {
		body, slug string
		status     int
		at         []string
	}{
		"a class that is not kept":       {`{"resourceType":"Patient","name":[{"family":"New"}],"maritalStatus":{"text":"x"}}`, "not-writable", 403, []string{"Patient.maritalStatus"}},
		"coarse is not kept":             {`{"resourceType":"Patient","name":[{"family":"New"}],"address":[{"city":"x"}]}`, "not-writable", 403, nil},
		"masked is not kept":             {`{"resourceType":"Patient","name":[{"family":"New"}],"telecom":[{"system":"phone","value":"1"}]}`, "not-writable", 403, nil},
		"metadata":                       {vital("p1", `"meta":{"profile":["http://p.example/x"]},`), "not-writable", 403, []string{"Observation.meta"}},
		"narrative":                      {vital("p1", `"text":{"status":"generated","div":"<div/>"},`), "not-writable", 403, []string{"Observation.text"}},
		"a vendor's member":              {vital("p1", `"vendor":1,`), "not-writable", 403, nil},
		"an unknown extension":           {vital("p1", `"extension":[{"url":"http://v.example/x","valueString":"x"}],`), "not-writable", 403, nil},
		"an unknown modifier":            {vital("p1", `"modifierExtension":[{"url":"http://v.example/x","valueString":"x"}],`), "incomplete", 422, nil},
		"a kind that is not written":     {strings.Replace(vital("p1", ""), "vital-signs", "imaging", 1), "not-writable", 403, []string{"Observation"}},
		"display of a reference":         {strings.Replace(vital("p1", ""), `"Patient/p1"`, `"Patient/p1","display":"x"`, 1), "not-writable", 403, nil},
		"another patient's":              {vital("p9", ""), "not-found", 404, nil},
		"nobody's":                       {vital("no-such", ""), "not-found", 404, nil},
		"of one's own self":              {vital("p4", ""), "not-found", 404, nil},
		"of two, one out of scope":       {strings.Replace(vital("p1", ""), `"status"`, `"performer":[{"reference":"Patient/p9"}],"status"`, 1), "not-found", 404, nil},
		"of a patient nobody can tell":   {strings.Replace(vital("p1", ""), "Patient/p1", "http://elsewhere.example/Patient/p1", 1), "incomplete", 422, nil},
		"without what is mandatory":      {strings.Replace(vital("p1", ""), `"status":"final",`, ``, 1), "incomplete", 422, []string{"Observation.status"}},
		"a reference to what is hidden":  {vital("p1", `"encounter":{"reference":"Encounter/hid-1"},`), "not-writable", 403, []string{"Observation.encounter"}},
		"a reference to what is absent":  {vital("p1", `"encounter":{"reference":"Encounter/no-such"},`), "not-writable", 403, []string{"Observation.encounter"}},
		"a reference to somebody else's": {vital("p1", `"encounter":{"reference":"Encounter/e9"},`), "not-writable", 403, []string{"Observation.encounter"}},
		"a search as a reference":        {vital("p1", `"encounter":{"reference":"Encounter?identifier=x"},`), "not-writable", 403, []string{"Observation.encounter"}},
	} {
		t.Run(name, func(t *testing.T) {
			typ, _, _ := strings.Cut(strings.TrimPrefix(tt.body, `{"resourceType":"`), `"`)
			r := c.post(t, "nina", typ, tt.body)
			a.refused(t, r, tt.status, tt.slug, tt.at...)
		})
	}
	r := c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/e1"},"note":[{"text":"ok"}],`))
	r.id(t)
}

// N4: whether the target of a reference is hidden, somebody else's or absent, and
// whether a patient is out of scope, hidden or absent, nobody learns by writing.
func TestN4_WritingTellsNothingOfWhatIsHidden(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	same(t, c.post(t, "nina", "Observation", vital("p9", "")), c.post(t, "nina", "Observation", vital("no-such", "")))
	same(t, c.post(t, "nina", "Observation", vital("p4", "")), c.post(t, "nina", "Observation", vital("no-such", "")))
	absent := c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/no-such"},`))
	for _, id := range []string{"e9", "hid-1"} {
		same(t, c.post(t, "nina", "Observation", vital("p1", `"encounter":{"reference":"Encounter/`+id+`"},`)), absent)
	}
}

func TestFC47_ABodyIsReadStrictly(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for name, tt := range map[string]struct {
		body, media, slug string
		status            int
	}{
		"twice":         {vital("p1", `"status":"amended",`), fhirJSON, "malformed", 400},
		"no JSON":       {"<Observation/>", fhirJSON, "malformed", 400},
		"a BOM":         {"\ufeff" + vital("p1", ""), fhirJSON, "malformed", 400},
		"trailing":      {vital("p1", "") + "{}", fhirJSON, "malformed", 400},
		"deep":          {`{"resourceType":"Observation","note":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, fhirJSON, "malformed", 400},
		"another type":  {`{"resourceType":"Patient"}`, fhirJSON, "mismatch", 400},
		"an array":      {`[]`, fhirJSON, "mismatch", 400},
		"XML":           {vital("p1", ""), "application/fhir+xml", "media-type", 415},
		"another FHIR":  {vital("p1", ""), "application/fhir+json; fhirVersion=5.0", "media-type", 415},
		"another text":  {vital("p1", ""), "application/fhir+json; charset=latin1", "media-type", 415},
		"huge":          {strings.Repeat(" ", 5<<20), fhirJSON, "too-large", 413},
		"nothing there": {" ", fhirJSON, "malformed", 400},
	} {
		t.Run(name, func(t *testing.T) {
			a.refused(t, c.send(t, "nina", http.MethodPost, "/Observation", tt.body, "Content-Type", tt.media), tt.status, tt.slug)
		})
	}
	a.refused(t, c.send(t, "nina", http.MethodPost, "/Observation?subject=Patient/p1", vital("p1", ""), "Content-Type", fhirJSON), 400, "conditional")
	a.refused(t, c.post(t, "nina", "Nothing", `{"resourceType":"Nothing"}`), 404, "not-found")
	a.refused(t, c.post(t, "rita", "Observation", vital("p1", "")), 403, "not-for-task")
	r := c.send(t, "nina", http.MethodPost, "/Observation", vital("p1", ""), "Content-Type", "application/json; charset=UTF-8")
	r.id(t)
}

// Rule 12: create is not stopped by overlays, and shows nothing: what its maker may not
// read they do not get back.
func TestRule12_CreateShowsItsMakerNoMoreThanARead(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	hiv := strings.Replace(condition("x", "p1", "B20"), `"id":"x",`, "", 1)
	hiv = strings.Replace(hiv, `"meta":{"versionId":"5"},`, "", 1)
	r := c.post(t, "nina", "Condition", hiv)
	id := r.id(t)
	if r.body != "" || r.header.Get("ETag") != "" {
		t.Errorf("shown: %s %s", r.header.Get("ETag"), r.body)
	}
	if a.kept("Condition/"+id) == "" {
		t.Error("it was not made")
	}
	same(t, c.get(t, "nina", "/Condition/"+id), c.get(t, "nina", "/Condition/no-such"))
	// Who may create and not read learns that it was done.
	r = c.post(t, "rob", "Observation", vital("p1", ""))
	if id := r.id(t); r.body != "" || a.kept("Observation/"+id) == "" {
		t.Errorf("shown: %s", r.body)
	}
}

func TestRule09_ANewPatientAsksFactsAboutTheCallerOnly(t *testing.T) {
	a := newArchive(t)
	c := writing(t, a, nil)
	body := `{"resourceType":"Patient","name":[{"family":"New"}],"birthDate":"1990-01-02","telecom":[{"system":"phone","value":"555"}]}`
	id := c.post(t, "dora", "Patient", body).id(t)
	contains(t, a.kept("Patient/"+id), `"family":"New"`)
	a.writes()
	c.staff["dusk"] = &caller.Caller{ID: "dusk", Roles: []string{"desk"}} // not on shift
	a.refused(t, c.post(t, "dusk", "Patient", body), 403, "not-now")
}

// L1, F1: the decision is durable before the upstream sees anything of a write.
func TestL1_NothingIsWrittenWithoutItsRecord(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	var early atomic.Int32
	a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method != http.MethodGet {
			c.book.mu.Lock()
			defer c.book.mu.Unlock()
			for _, e := range c.book.entries {
				if d, ok := e.(*ledger.Decision); ok && d.Interaction == "create" && d.Effect == ledger.Admit {
					return false
				}
			}
			early.Add(1)
		}
		return false
	}
	r := c.post(t, "nina", "Observation", vital("p1", ""))
	r.id(t)
	c.gate.Wait()
	d, o, parts := c.book.of(r.header.Get("Modicum-Decision"))
	if d == nil || d.Interaction != "create" || d.Request.Verb != "create" || len(d.Patients) != 1 {
		t.Errorf("decision %+v", d)
	}
	if o == nil || o.Written != ledger.WriteDone {
		t.Errorf("outcome %+v", o)
	}
	if len(parts) != 1 || parts[0].Interaction != "read" {
		t.Errorf("parts %+v", parts)
	}
	a.writes()
	c.book.mu.Lock()
	c.book.fail, c.book.entries = errDisk, nil
	c.book.mu.Unlock()
	got := c.post(t, "nina", "Observation", strings.Replace(vital("p1", ""), "60.50", "61", 1))
	if got.status != 503 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if w := a.writes(); len(w) > 0 || early.Load() > 0 {
		t.Errorf("written without a record: %v, %d early", w, early.Load())
	}
}

// FC41, FC43: what the upstream says of a write reaches nobody.
func TestFC41_NothingOfTheUpstreamsWordsAboutAWrite(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for status, want := range map[int]struct {
		status int
		slug   string
		wrote  ledger.Written
	}{
		400: {422, "not-taken", ledger.WriteRefused}, 422: {422, "not-taken", ledger.WriteRefused},
		403: {502, "upstream", ledger.WriteRefused}, 429: {502, "upstream", ledger.WriteRefused},
		500: {504, "write-unknown", ledger.WriteUnknown}, 503: {504, "write-unknown", ledger.WriteUnknown},
	} {
		a.before = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			if r.Method == http.MethodGet {
				return false
			}
			w.Header().Set("Content-Type", fhirJSON)
			w.Header().Set("Location", "http://secret.example/fhir/Observation/SECRET")
			w.Header().Set("X-Secret", "SECRET")
			w.WriteHeader(status)
			w.Write([]byte(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"SECRET"}]}`))
			return true
		}
		r := c.post(t, "nina", "Observation", strings.Replace(vital("p1", ""), "60.50", "6"+http.StatusText(status)[:0]+string(rune('0'+status%10))+"1", 1), "Idempotency-Key", http.StatusText(status))
		slug, _ := r.problem(t)
		if r.status != want.status || slug != want.slug {
			t.Errorf("%d: got %d %s", status, r.status, slug)
		}
		lacks(t, r.plain(), "SECRET", "secret")
		c.gate.Wait()
		if _, o, _ := c.book.of(r.header.Get("Modicum-Decision")); o == nil || o.Written != want.wrote {
			t.Errorf("%d: outcome %+v", status, o)
		}
	}
	lacks(t, c.logs.String(), "SECRET")
}

// F9: an answer that is not the record that was made shows nothing of what it is.
func TestF9_AnotherRecordInTheAnswerToAWriteIsNotShown(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	a.before = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodGet {
			return false
		}
		w.Header().Set("Content-Type", fhirJSON)
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(strings.Replace(vital("p1", `"id":"other",`), "60.50", "99", 1)))
		return true
	}
	r := c.post(t, "nina", "Observation", vital("p1", ""))
	if r.id(t); r.body != "" || r.header.Get("ETag") != "" {
		t.Errorf("shown: %s", r.body)
	}
}
