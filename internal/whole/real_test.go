package whole_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
)

// hospital is an installation of the sample policy before HAPI with Synthea's patients,
// with people whose tokens come from a real OpenID provider. Who looks after whom is
// what the server's own care teams say.
type hospital struct {
	*installation
	idp     *testkit.Issuer
	front   *testkit.Front
	server  *testkit.FHIR
	patient string // whom alice, a physician, looks after by a care team of the data
	other   string // alice's own chart, though she is on its care team as well
	token   map[string]string
}

// marked is the condition of that patient which is marked by its code (HIV): the
// synthetic data has none.
const marked = "whole-marked"

func openHospital(t *testing.T) *hospital {
	server := testkit.NewHAPI(t, testkit.HAPIOptions{Patients: 10})
	h := &hospital{server: server, front: testkit.NewFront(t, server.Base), token: map[string]string{}}
	alice := h.castTeam(t)
	h.front.Put(t, "CareTeam/whole-own", fmt.Sprintf(`{"resourceType":"CareTeam","id":"whole-own","status":"active","subject":{"reference":"Patient/%s"},"participant":[{"member":{"reference":"%s"}}]}`, h.other, alice))
	h.front.Put(t, "Condition/"+marked, fmt.Sprintf(`{"resourceType":"Condition","id":"%s","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"B20"}]},"subject":{"reference":"Patient/%s"}}`, marked, h.patient))
	h.idp = testkit.OIDC(t, testkit.OIDCOptions{
		People: map[string]map[string]any{
			"alice": {"groups": []string{"hospital-doctors"}, "fhirUser": alice},
			"nina":  {"groups": []string{"hospital-nurses"}, "fhirUser": "Practitioner/nina"},
			"pia":   {"groups": []string{"hospital-pharmacy"}, "fhirUser": "Practitioner/pia"},
			"nemo":  {"groups": []string{"hospital-doctors"}, "fhirUser": "Practitioner/nemo"},
		},
		Programs: map[string]map[string]any{"roster-feed": {}}, Scopes: []string{"user/*.rs"},
	})
	h.installation = install(t, fmt.Sprintf(`data: ./data
policy: ./policy
listen: 127.0.0.1:0
admin: 127.0.0.1:0
issuers:
  - issuer: %s
    audience: %s
    algorithms: [ES256]
    roles_claim: groups
    roles: {hospital-doctors: physician, hospital-nurses: nurse, hospital-pharmacy: pharmacist}
fhir: {base: /fhir, upstream: %s}
clients: [{id: app, task: physician/treat}]
facts:
  fresh: {fhir: 6 seconds}
  files: [facts/*.ndjson]
  fhir: {every: 1s}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, h.idp.URL, h.idp.Audience, h.front.Base))
	h.write(t, "facts/people.ndjson", whole("people")+fmt.Sprintf(`{"fact":"is-patient","who":"alice","patient":"Patient/%s","source":"people","recorded_by":"hr"}`, h.other)+"\n")
	h.write(t, "facts/office.ndjson", whole("office"))
	return h
}

func whole(source string) string {
	return fmt.Sprintf(`{"source":%q,"whole":%q}`, source, time.Now().UTC().Format(time.RFC3339)) + "\n"
}

// castTeam picks the patient with the most conditions who has an active care team, and
// another one; it returns the practitioner of the first one's team.
func (h *hospital) castTeam(t *testing.T) (practitioner string) {
	t.Helper()
	teams := map[string]string{}
	for _, r := range h.server.Data["CareTeam"] {
		var team struct {
			Status      string
			Subject     struct{ Reference string }
			Participant []struct{ Member struct{ Reference string } }
		}
		if err := json.Unmarshal(r.Body, &team); err != nil {
			t.Fatal(err)
		}
		for _, p := range team.Participant {
			if team.Status == "active" && strings.HasPrefix(p.Member.Reference, "Practitioner/") {
				teams[strings.TrimPrefix(team.Subject.Reference, "Patient/")] = p.Member.Reference
			}
		}
	}
	most := 0
	for _, p := range h.server.Data.Patients() {
		if n := len(h.conditions(t, p, true)); teams[p] != "" && n > most {
			h.patient, most = p, n
		}
	}
	for _, p := range h.server.Data.Patients() {
		if p != h.patient && teams[p] != "" && teams[p] != teams[h.patient] {
			h.other = p
		}
	}
	if slices.Contains(h.conditions(t, h.patient, true), marked) {
		t.Fatal("the data has a condition of this name")
	}
	if most < 6 || h.other == "" {
		t.Fatalf("the data has no patient with a care team and two pages of conditions: %d, %q", most, h.other)
	}
	return teams[h.patient]
}

// conditions lists the ids of a patient's conditions, all or those without an overlay,
// as the data has them.
func (h *hospital) conditions(t *testing.T, patient string, withMarked bool) (ids []string) {
	t.Helper()
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: h.server.Base})
	for _, r := range h.server.Data["Condition"] {
		rec, err := s.Resource(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if len(rec.Patients) == 1 && string(rec.Patients[0].ID) == patient && (withMarked || rec.Overlays == 0) {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (h *hospital) as(t *testing.T, who string) string {
	if h.token[who] == "" {
		h.token[who] = h.idp.UserToken(t, who)
	}
	return h.token[who]
}

// ids follows next to the end and lists what came.
func (h *hospital) ids(t *testing.T, who, task, query string) (ids []string, last answer) {
	t.Helper()
	for next := h.door + "/fhir/" + query; next != ""; {
		last = get(t, next, h.as(t, who), task)
		var b struct {
			Link  []struct{ Relation, URL string }
			Entry []struct{ Resource struct{ ID string } }
		}
		if err := json.Unmarshal([]byte(last.body), &b); err != nil || last.status != http.StatusOK {
			t.Fatalf("%s as %s: %d %s", query, who, last.status, last.body)
		}
		for _, e := range b.Entry {
			ids = append(ids, e.Resource.ID)
		}
		next = ""
		for _, l := range b.Link {
			if !strings.HasPrefix(l.URL, h.door+"/fhir") {
				t.Fatalf("a link to elsewhere: %s", l.Relation)
			}
			if l.Relation == "next" {
				next = l.URL
			}
		}
	}
	slices.Sort(ids)
	return ids, last
}

// sees reports whether somebody gets the patient's own record.
func (h *hospital) sees(t *testing.T, who, task, patient string) bool {
	t.Helper()
	return get(t, h.door+"/fhir/Patient/"+patient, h.as(t, who), task).status == http.StatusOK
}

// TestTheWholeBeforeARealServer is acceptance 2: the built command, a real FHIR server
// with Synthea's patients, real client libraries in three languages, a real identity
// provider's tokens through discovery and a change of keys, facts from the server, and
// a record that verifies without the server.
func TestTheWholeBeforeARealServer(t *testing.T) {
	testkit.Need(t, testkit.Node)
	h := openHospital(t)
	if status, out := h.run(t, "serve", "--check", "--config", h.config()); status != 0 {
		t.Fatalf("serve --check: %d %s", status, out)
	}
	h.start(t)
	eventually(t, "the server's own care teams are facts", func() bool {
		for _, s := range h.ready(t).Sources {
			if s.Source == "fhir" && s.Facts > 0 && !s.NeverWhole && !s.Stale {
				return true
			}
		}
		return false
	})
	all := append(h.conditions(t, h.patient, true), marked)
	slices.Sort(all)
	for _, name := range testkit.Clients() {
		t.Run(name, func(t *testing.T) {
			out, err := testkit.Client(t, name, h.door+"/fhir", h.as(t, "alice"), h.patient)
			if want := fmt.Sprintf("conditions %d", len(all)); err != nil || strings.TrimSpace(out) != want {
				t.Errorf("got %q, %v, want %q", out, err, want)
			}
			out, err = testkit.Client(t, name, h.door+"/fhir", h.as(t, "nemo"), h.patient)
			if err != nil || strings.TrimSpace(out) != "conditions 0" {
				t.Errorf("nobody's physician got %q, %v", out, err)
			}
		})
	}
	got, last := h.ids(t, "alice", "treat", "Condition?_count=4&patient="+h.patient)
	if !slices.Equal(got, all) {
		t.Errorf("alice got %d conditions, want %d", len(got), len(all))
	}
	if h.sees(t, "alice", "treat", h.other) || h.sees(t, "nemo", "treat", h.patient) {
		t.Error("her own chart, or a stranger's patient, shows")
	}
	t.Run("a shift posted by a program", func(t *testing.T) { theNurse(t, h) })
	t.Run("a work item of the server", func(t *testing.T) { thePharmacist(t, h) })
	t.Run("keys change", func(t *testing.T) { keysChange(t, h) })
	t.Run("the feed dies", func(t *testing.T) { theFeedDies(t, h) })
	counts := get(t, h.admin+"/metrics", "", "").body
	h.stop(t)
	t.Run("the record", func(t *testing.T) { theRecord(t, h, last.decision) })
	nobodysNames(t, h, counts)
}

// theNurse comes on shift by a fact that a program posts, for an open visit and an
// appointment that the hospital's own system wrote, and sees what bears no mark.
func theNurse(t *testing.T, h *hospital) {
	h.front.Put(t, "Encounter/whole-1", fmt.Sprintf(`{"resourceType":"Encounter","id":"whole-1","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/%s"},"period":{"start":"2026-01-01T00:00:00Z"}}`, h.patient))
	today := time.Now().UTC().Format("2006-01-02")
	h.front.Put(t, "Appointment/whole-1", fmt.Sprintf(`{"resourceType":"Appointment","id":"whole-1","status":"booked","start":"%sT10:00:00Z","end":"%sT10:30:00Z","participant":[{"actor":{"reference":"Patient/%s"},"status":"accepted"},{"actor":{"reference":"Practitioner/nina"},"status":"accepted"}]}`, today, today, h.patient))
	if a := get(t, h.door+"/fhir/Patient/"+h.patient, h.as(t, "nina"), "give-care"); a.status != http.StatusForbidden {
		t.Errorf("off shift: %d %s", a.status, a.body)
	}
	shift := `{"fact":"during-shift","who":"nina","source":"roster","recorded_by":"roster"}` + "\n"
	if a := send(t, http.MethodPost, h.door+"/api/facts", h.as(t, "nina"), "", "application/x-ndjson", shift); a.status < 400 {
		t.Errorf("a person stated her own shift: %d", a.status)
	}
	if a := send(t, http.MethodPost, h.door+"/api/facts", h.idp.ProgramToken(t, "roster-feed"), "", "application/x-ndjson", shift); a.status != http.StatusOK {
		t.Fatalf("the roster was not taken: %d %s", a.status, a.body)
	}
	eventually(t, "the nurse sees her patient", func() bool { return h.sees(t, "nina", "give-care", h.patient) })
	want := h.conditions(t, h.patient, false)
	if got, _ := h.ids(t, "nina", "give-care", "Condition?_count=3&patient="+h.patient); !slices.Equal(got, want) {
		t.Errorf("the nurse got %d conditions, want %d", len(got), len(want))
	}
	hidden, absent := get(t, h.door+"/fhir/Condition/"+marked, h.as(t, "nina"), "give-care"), get(t, h.door+"/fhir/Condition/none", h.as(t, "nina"), "give-care")
	if hidden.status != http.StatusNotFound || hidden.body != absent.body {
		t.Errorf("a marked record is told from one that is not there: %d %s, %d %s", hidden.status, hidden.body, absent.status, absent.body)
	}
	h.front.Delete(t, "Appointment/whole-1")
	eventually(t, "the appointment is deleted, and the nurse sees nothing", func() bool { return !h.sees(t, "nina", "give-care", h.patient) })
}

// thePharmacist sees a patient for as long as a task of the server is open.
func thePharmacist(t *testing.T, h *hospital) {
	task := `{"resourceType":"Task","id":"whole-1","status":"%s","intent":"order","owner":{"reference":"Practitioner/pia"},"for":{"reference":"Patient/%s"},"focus":{"reference":"MedicationRequest/%s"},"code":{"coding":[{"code":"dispense"}]}}`
	order := h.server.Data["MedicationRequest"][0].ID
	h.front.Put(t, "Task/whole-1", fmt.Sprintf(task, "requested", h.patient, order))
	eventually(t, "the pharmacist sees the patient of her item", func() bool { return h.sees(t, "pia", "dispense", h.patient) })
	a := get(t, h.door+"/fhir/Patient/"+h.patient, h.as(t, "pia"), "dispense")
	if strings.Contains(a.body, `"address"`) || !strings.Contains(a.body, `"birthDate"`) {
		t.Errorf("not what a dispense needs: %s", a.body)
	}
	h.front.Put(t, "Task/whole-1", fmt.Sprintf(task, "completed", h.patient, order))
	eventually(t, "the item is done, and the pharmacist sees nothing", func() bool { return !h.sees(t, "pia", "dispense", h.patient) })
}

// keysChange: tokens of new keys are taken, those of keys that the provider withdrew not.
func keysChange(t *testing.T, h *hospital) {
	old := h.as(t, "alice")
	patient := h.door + "/fhir/Patient/" + h.patient
	h.idp.Rotate(t, true)
	fresh := h.idp.UserToken(t, "alice")
	eventually(t, "a token of the new key is taken", func() bool { return get(t, patient, fresh, "treat").status == http.StatusOK })
	if a := get(t, patient, old, "treat"); a.status != http.StatusOK {
		t.Errorf("a token of a key that is still published: %d", a.status)
	}
	h.idp.Rotate(t, false)
	h.token = map[string]string{}
	eventually(t, "a token of the newest key is taken", func() bool { return h.sees(t, "alice", "treat", h.patient) })
	for _, token := range []string{old, fresh} {
		if a := get(t, patient, token, "treat"); a.status != http.StatusUnauthorized {
			t.Errorf("a token of a key that was withdrawn: %d", a.status)
		}
	}
}

// theFeedDies: what it permitted vanishes within its bound on age, what restricts stays,
// and /readyz says so; when it is back, so is the permission.
func theFeedDies(t *testing.T, h *hospital) {
	h.front.Fail(func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/CareTeam") || strings.Contains(r.URL.Path, "/Encounter")
	})
	h.write(t, "facts/people.ndjson", "{ this is no fact\n")
	eventually(t, "alice no longer sees her patient", func() bool { return !h.sees(t, "alice", "treat", h.patient) })
	eventually(t, "readyz names both sources", func() bool {
		wrong := strings.Join(h.ready(t).Wrong, "\n")
		return strings.Contains(wrong, "source fhir is broken: its facts do not permit") && strings.Contains(wrong, "source people cannot be read")
	})
	h.front.Fail(nil)
	eventually(t, "the feed is back, and alice sees her patient", func() bool { return h.sees(t, "alice", "treat", h.patient) })
	if h.sees(t, "alice", "treat", h.other) {
		t.Error("a file of restrictions that broke set her own chart free")
	}
}

// theRecord verifies the folder of the record without the server, finds a byte changed
// in a copy, and derives a decision again.
func theRecord(t *testing.T, h *hospital, decision string) {
	folder, key := filepath.Join(h.dir, "data", "ledger"), h.vkey(t)
	status, out := h.run(t, "ledger", "verify", folder, "--key", key, "--json")
	var r struct {
		OK   bool  `json:"ok"`
		Size int64 `json:"size"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 || !r.OK || r.Size < 40 {
		t.Errorf("verify: %d %s (%v)", status, out, err)
	}
	if status, out := h.run(t, "explain", decision, "--config", h.config()); status != 0 || !strings.Contains(out, "agrees to the bit") {
		t.Errorf("explain %s: %d %s", decision, status, out)
	}
	other := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(other, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	spoilOne(t, filepath.Join(other, "tile", "entries"))
	if status, out := h.run(t, "ledger", "verify", other, "--key", key); status != 1 || !strings.Contains(out, "not in order") {
		t.Errorf("a changed byte: %d %s", status, out)
	}
}

// spoilOne flips a bit in the middle of the first file below a folder.
func spoilOne(t *testing.T, dir string) {
	t.Helper()
	for path, b := range files(t, dir) {
		b[len(b)/2] ^= 4
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no file in %s", dir)
}

// files reads every file below a folder.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// nobodysNames searches what the command printed, counted and wrote for the patients
// of the data: names, birth dates and ids. The folder of facts is the hospital's own.
func nobodysNames(t *testing.T, h *hospital, counts string) {
	t.Helper()
	places := map[string][]byte{"what it printed": []byte(h.log.String()), "metrics": []byte(counts)}
	for _, dir := range []string{filepath.Join(h.dir, "data"), h.tmp} {
		for path, b := range files(t, dir) {
			places[path] = append([]byte(path+"\n"), b...)
		}
	}
	searched := 0
	for _, r := range h.server.Data["Patient"] {
		var p struct {
			Name      []struct{ Family string }
			BirthDate string
			Address   []struct{ Line []string }
		}
		if err := json.Unmarshal(r.Body, &p); err != nil {
			t.Fatal(err)
		}
		values := append([]string{r.ID, p.Name[0].Family, p.BirthDate}, p.Address[0].Line...)
		for place, text := range places {
			for _, v := range values {
				if searched++; v != "" && strings.Contains(string(text), v) {
					t.Errorf("%s holds a value of Patient/%s", place, r.ID)
				}
			}
		}
	}
	if searched < 100 {
		t.Errorf("only %d searches: nothing was looked at", searched)
	}
}
