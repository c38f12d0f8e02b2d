package facts_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"modicum/internal/facts"
	"modicum/internal/testkit"
	fhirclient "modicum/internal/upstream"
	"modicum/policy"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// TestRealServersFeedFacts: care teams, encounters, appointments and tasks written to a
// server that we did not write are facts at the next poll, those closed or deleted are
// none any more, and a server that died permits nothing and restricts still.
func TestRealServersFeedFacts(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) {
		feedOf(t, testkit.NewHAPI(t, testkit.HAPIOptions{Patients: 10}), true)
	})
	t.Run("Medplum", func(t *testing.T) { feedOf(t, testkit.Medplum(t), false) })
}

// Records by which dr-1 looks after the patient in four ways.
var written = map[string]string{
	"CareTeam/real-1":    `{"resourceType":"CareTeam","id":"real-1","status":"active","subject":{"reference":"Patient/%s"},"participant":[{"member":{"reference":"Practitioner/dr-team"}}]}`,
	"Encounter/real-1":   `{"resourceType":"Encounter","id":"real-1","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/%s"},"participant":[{"individual":{"reference":"Practitioner/dr-stay"}}],"period":{"start":"2026-01-01T00:00:00Z"}}`,
	"Appointment/real-1": `{"resourceType":"Appointment","id":"real-1","status":"booked","start":"TODAYT10:00:00Z","end":"TODAYT10:30:00Z","participant":[{"actor":{"reference":"Patient/%s"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr-visit"},"status":"accepted"}]}`,
	"Task/real-1":        `{"resourceType":"Task","id":"real-1","status":"requested","intent":"order","owner":{"reference":"Practitioner/ph-1"},"for":{"reference":"Patient/%s"},"focus":{"reference":"MedicationRequest/m1"},"code":{"coding":[{"code":"dispense"}]}}`,
}

func feedOf(t *testing.T, server *testkit.FHIR, tells bool) {
	front := testkit.NewFront(t, server.Base)
	base, err := url.Parse(front.Base)
	if err != nil {
		t.Fatal(err)
	}
	client, err := fhirclient.New(fhirclient.Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s, c := store(t)
	c.t = time.Now()
	f := facts.NewFeed(facts.FeedConfig{Search: client, Store: s, Base: front.Base})
	poll := func(after time.Duration) error { c.t = c.t.Add(after); return f.Poll(t.Context()) }
	patient := server.Data.Patients()[0]
	for key, body := range written {
		body = strings.ReplaceAll(body, "TODAY", time.Now().UTC().Format("2006-01-02"))
		front.Put(t, key, fmt.Sprintf(body, patient))
	}
	says := func(step string, want bool, only ...string) {
		t.Helper()
		for who, fact := range map[string]policy.FactID{"dr-team": assigned, "dr-stay": assigned, "dr-visit": appointment, "ph-1": workItem} {
			if len(only) > 0 && only[0] != who {
				continue
			}
			if truth, _ := about(s, practitioner("Practitioner/"+who), patient, c); truth.Holds.Has(fact) != want {
				t.Errorf("%s: %s holds: %v, want %v", step, who, !want, want)
			}
		}
	}
	if err := poll(0); err != nil {
		t.Fatal(err)
	}
	says("written", true)
	team := server.Data["CareTeam"]
	if len(team) == 0 {
		t.Fatal("the data holds no care team")
	}
	if n := s.Index().Sources(c.t)[4].Facts; n <= len(written) {
		t.Errorf("%d facts: the teams of the data are missing", n)
	}

	// Closed: seen by the next poll for changes.
	front.Put(t, "Task/real-1", strings.Replace(fmt.Sprintf(written["Task/real-1"], patient), `"requested"`, `"completed"`, 1))
	front.Put(t, "Encounter/real-1", strings.Replace(fmt.Sprintf(written["Encounter/real-1"], patient), `"in-progress"`, `"cancelled"`, 1))
	if err := poll(time.Second); err != nil {
		t.Fatal(err)
	}
	says("closed", false, "ph-1")
	says("closed", false, "dr-stay")
	says("not closed", true, "dr-team")

	// Deleted: by the history of a server that has one, at the latest by the sweep.
	front.Delete(t, "Appointment/real-1")
	if err := poll(time.Second); err != nil {
		t.Fatal(err)
	}
	if tells {
		says("deleted, and the history tells", false, "dr-visit")
	}
	dies(t, front, poll, says, c, s, patient)
	if err := poll(20 * time.Minute); err != nil {
		t.Fatal(err)
	}
	says("deleted, and swept", false, "dr-visit")
	says("alive again", true, "dr-team")
}

// dies takes the server away for longer than its facts are believed.
func dies(t *testing.T, front *testkit.Front, poll func(time.Duration) error, says func(string, bool, ...string), c *clock, s *facts.Store, patient string) {
	t.Helper()
	front.Fail(func(*http.Request) bool { return true })
	defer front.Fail(nil)
	for range 3 {
		if err := poll(6 * time.Minute); err == nil || errors.Is(err, fhirclient.ErrUpstream) && strings.Contains(err.Error(), "127.0.0.1") {
			t.Fatalf("a poll of a dead server: %v", err)
		}
	}
	says("dead", false)
	if truth, _ := about(s, practitioner("Practitioner/dr-team"), patient, c); !truth.Bites.Has(assigned) {
		t.Error("a restriction by a dead feed does not bite any more")
	}
	if st := s.Index().Sources(c.t)[4]; st.Broken == "" || !st.Stale || st.NeverWhole {
		t.Errorf("the source's state does not say that it is dead: %+v", st)
	}
}
