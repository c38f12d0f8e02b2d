package whole_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// library is a client library that writes, and what it has no call for.
type library struct {
	name    string
	script  string
	noPatch bool // fhirclient of Python has no PATCH, fhirpy one that R4 does not know
}

var libraries = []library{
	{name: "fhir-kit-client", script: "fhir-kit-client.mjs"},
	{name: "fhirclient-js", script: "fhirclient-js.mjs"},
	{name: "fhirpy", script: "fhirpy_py.py", noPatch: true},
	{name: "fhirclient-py", script: "fhirclient_py.py", noPatch: true},
	{name: "hapi-java", script: "HapiWrites.java"},
}

// written is what a library's script tells of its writes, each by the library's own
// calls; numbers are statuses of refusals, 0 where there was none.
type written struct {
	Made          string
	Read          json.Number
	Seen          string // the patient as it was shown
	Changed       string
	JSONPatch     string
	FHIRPathPatch string
	First, Second string // conditional creates
	Stale         int
	Untagged      int
	Moved         int // to the chart of a patient who is not the caller's
	Labelled      int
	Elsewhere     int // made there
	Transaction   []string
	Half          int // a transaction one of whose entries is refused
	Batch         []int
}

// practice is an installation before a server of which the test sees what is kept.
type practice struct {
	*installation
	behind
	token string
}

const stranger = "w-other"

// hiddenPatient is partly seen by a physician: neither the number of social security nor
// what no catalog knows shows.
func hiddenPatient(id string) string {
	return strings.Replace(partlySeen, `"id":"p1"`, `"id":"`+id+`"`, 1)
}

func openPractice(t *testing.T, upstream string, origins ...string) *practice {
	t.Helper()
	p := &practice{behind: behind(upstream)}
	p.installation = install(t, fmt.Sprintf(`data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers: [{issuer: "https://id.hospital.example/staff", audience: modicum, jwks_file: jwks.json, algorithms: [ES256], roles_claim: groups}]
fhir: {base: /fhir, upstream: %s}
clients: [{id: app, task: physician/treat, origins: [%s]}]
facts: {files: ["facts/*.ndjson"]}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, upstream, `"`+strings.Join(append(origins, "https://app.hospital.example"), `", "`)+`"`))
	p.write(t, "jwks.json", string(keySet(t)))
	facts := whole("adt")
	for _, l := range slices.Concat(pages, libraries) {
		facts += fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/w-%s","source":"adt","recorded_by":"ward"}`, l.name) + "\n"
	}
	p.write(t, "facts/adt.ndjson", facts)
	p.write(t, "facts/people.ndjson", whole("people"))
	p.write(t, "facts/office.ndjson", whole("office"))
	p.start(t)
	p.token = (&scene{}).token("alice", "physician")
	return p
}

// shows waits until the facts are read.
func (p *practice) shows(t *testing.T, patient string) {
	t.Helper()
	eventually(t, "the patient shows", func() bool {
		return get(t, p.door+"/fhir/Patient/"+patient, p.token, "").status == http.StatusOK
	})
}

// of lists the records of a patient at the server.
func (p *practice) of(t *testing.T, typ, patient string) []string {
	t.Helper()
	return p.ids(t, typ, "&subject=Patient/"+patient)
}

// TestClientLibrariesWriteThroughTheDoor: what a hospital's applications write with goes
// through, unchanged, before the sandbox and before a server that we did not write: a
// record is made and read back, a copy of which a part is hidden is changed and nothing
// hidden is lost, a stale copy is refused, and so is what would decide access.
func TestClientLibrariesWriteThroughTheDoor(t *testing.T) {
	t.Run("sandbox", func(t *testing.T) {
		up := httptest.NewServer(sandbox.NewServer())
		t.Cleanup(up.Close)
		librariesWrite(t, up.URL+"/fhir")
	})
	t.Run("HAPI", func(t *testing.T) { librariesWrite(t, testkit.NewHAPI(t, testkit.HAPIOptions{}).Base) })
}

func librariesWrite(t *testing.T, upstream string) {
	if testing.Short() {
		t.Skip("-short: the command is not built")
	}
	p := openPractice(t, upstream)
	p.put(t, "Patient/"+stranger, hiddenPatient(stranger))
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			patient := "w-" + l.name
			p.put(t, "Patient/"+patient, hiddenPatient(patient))
			p.shows(t, patient)
			out, err := testkit.Script(t, filepath.Join("testdata", "writes", l.script), p.door+"/fhir", p.token, patient, stranger)
			if err != nil {
				t.Fatal(err)
			}
			p.judge(t, l, patient, out)
		})
	}
}

// judge compares what a library was told with what the server has.
func (p *practice) judge(t *testing.T, l library, patient, out string) {
	t.Helper()
	var got written
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.Seen == "" || strings.Contains(got.Seen, "999-00") || strings.Contains(got.Seen, "vendor.example") {
		t.Errorf("it is shown %s", got.Seen)
	}
	want := strings.NewReplacer("Before", "After", `"m1"`, `"m2"`).Replace(hiddenPatient(patient))
	if !l.noPatch {
		want = strings.NewReplacer("female", "male", "1950-02-03", "1951-06-07").Replace(want)
		if got.JSONPatch != "male" || got.FHIRPathPatch != "1951-06-07" {
			t.Errorf("patched to %q and %q", got.JSONPatch, got.FHIRPathPatch)
		}
	}
	if now := p.kept(t, "Patient/"+patient); now != ordered(t, want) || got.Changed != "After" {
		t.Errorf("changed to %q; the server has\n%s\nwant\n%s", got.Changed, now, ordered(t, want))
	}
	if got.Read != "60.5" || !strings.Contains(p.kept(t, "Observation/"+got.Made), `"value":60.5`) {
		t.Errorf("made with 60.5, reads %s", got.Read)
	}
	if got.First == "" || got.First != got.Second {
		t.Errorf("made unless there: %q, then %q", got.First, got.Second)
	}
	refusals := map[string][2]int{
		"stale": {got.Stale, 412}, "untagged": {got.Untagged, 428}, "moved": {got.Moved, 403}, "labelled": {got.Labelled, 403},
		"elsewhere": {got.Elsewhere, 404}, "half a transaction": {got.Half, 404},
	}
	for _, name := range slices.Sorted(maps.Keys(refusals)) {
		if pair := refusals[name]; pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", name, pair[0], pair[1])
		}
	}
	if !slices.Equal(got.Batch, []int{200, 404, 201}) {
		t.Errorf("the batch: %v", got.Batch)
	}
	p.judgeTransaction(t, got)
	// One by itself, one of the transaction, one of the batch; and nothing anywhere else.
	if n := len(p.of(t, "Observation", patient)); n != 3 {
		t.Errorf("%d observations, want 3", n)
	}
	if n := len(p.of(t, "Condition", patient)); n != 2 {
		t.Errorf("%d conditions, want 2", n)
	}
	if ids := append(p.of(t, "Observation", stranger), p.of(t, "Condition", stranger)...); len(ids) > 0 {
		t.Errorf("in a stranger's chart: %v", ids)
	}
}

// judgeTransaction looks whether the second record refers to the first.
func (p *practice) judgeTransaction(t *testing.T, got written) {
	t.Helper()
	if len(got.Transaction) != 2 {
		t.Errorf("the transaction: %v", got.Transaction)
		return
	}
	var names [2]string
	for i, location := range got.Transaction {
		parts := strings.Split(strings.TrimPrefix(location, p.door+"/fhir/"), "/")
		if len(parts) < 2 {
			t.Fatalf("the transaction: %v", got.Transaction)
		}
		names[i] = parts[0] + "/" + parts[1]
	}
	if record := p.kept(t, names[1]); !strings.Contains(record, `"focus":[{"reference":"`+names[0]+`"}]`) {
		t.Errorf("does not refer to %s: %s", names[0], record)
	}
}
