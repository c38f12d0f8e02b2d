package serve_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/sandbox"
	"modicum/ledger"
)

// emergencies is the policy of the tests, with what is lent.
const emergencies = `
-- organization.yaml --
organization: serve-test
title: Serve Test Clinic
time-zone: UTC
positions: [boss, privacy]
purposes: {treatment: [TREAT], compliance: [HCOMPL]}
ask: {for: 15 minutes}
break-glass: {for: 4 hours, patients: 5 per day, review: 72 hours, tell: [privacy]}
-- roles/clinician.yaml --
role: clinician
title: Clinician
owner: boss
review: 12 months
say: The chart.
tasks:
  chart:
    title: Look after a patient
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [demographics.name, clinical.problem], ask: [demographics.birth-date]}
    break-glass: {for: 2 hours, review: 72 hours}
`

// get reads as a clinician, with headers, and returns status, decision and body.
func (s *site) get(who, path string, headers ...string) (int, string, string) {
	s.t.Helper()
	return s.ask(http.MethodGet, who, path, headers...)
}

func (s *site) ask(method, who, path string, headers ...string) (int, string, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.main.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.issuer.Token(sandbox.Person{ID: who, Role: "clinician"}, sandbox.Ward, time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Modicum-Decision"), string(b)
}

func lendingSite(t *testing.T) *site {
	s := newSite(t)
	s.stop()
	s.policy.put(emergencies)
	s.config.SignIn.Shift = 12 * time.Hour
	s.start()
	if status, text := s.post(assignment("alice", true, 0)); status != http.StatusOK {
		t.Fatalf("facts: %d %s", status, text)
	}
	return s
}

// TestG5_A404BecomesDataByABrokenGlassAnd404Again: through door, store and record, with
// the headers of interfaces 3, and with the next plain request.
func TestG5_A404BecomesDataByABrokenGlassAnd404Again(t *testing.T) {
	s := lendingSite(t)
	if status, _, _ := s.get("alice", "/fhir/Patient/p1"); status != http.StatusOK {
		t.Fatalf("who looks after p1: %d", status)
	}
	if status, _, body := s.get("zoe", "/fhir/Patient/p1"); status != http.StatusNotFound || !strings.Contains(body, "/api/break-glass") {
		t.Fatalf("who does not: %d %s", status, body)
	}
	why := url.PathEscape("collapsed in the lobby")
	status, id, body := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT", "Modicum-Reason", why)
	if status != http.StatusOK {
		t.Fatalf("with the purpose and a reason: %d %s", status, body)
	}
	grants := s.server.Lent().Grants("zoe")
	if len(grants) != 1 {
		t.Fatalf("%d grants", len(grants))
	}
	recs, err := s.server.Store().ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	e, err := recs[0].Entry()
	if d, ok := e.(*ledger.Decision); err != nil || !ok || d.Grant != grants[0].ID || !d.Request.Glass || d.PurposeCode != "ETREAT" {
		t.Errorf("on record: %+v, %v", e, err)
	}
	if status, _, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Task", "chart"); status != http.StatusOK {
		t.Errorf("the plain request: %d", status)
	}
	if status, _, _ := s.get("zoe", "/fhir/Patient/p2"); status != http.StatusNotFound {
		t.Errorf("another patient: %d", status)
	}
	if err := s.server.Lent().GiveBack(t.Context(), people.Actor{ID: "zoe"}, grants[0].ID); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Task", "chart"); status != http.StatusNotFound {
		t.Errorf("after the end: %d", status)
	}
	trail, err := s.server.Lent().Opened(t.Context(), people.Actor{ID: "zoe"}, grants[0].ID)
	if err != nil || len(trail.Decisions) != 2 {
		t.Errorf("opened under it: %+v, %v", trail, err)
	}
}

func TestAMaskedValueShowsInTheRequestThatAsksForIt(t *testing.T) {
	s := lendingSite(t)
	birth := func(headers ...string) bool {
		t.Helper()
		status, _, body := s.get("alice", "/fhir/Patient/p1", headers...)
		if status != http.StatusOK {
			t.Fatalf("%v: %d %s", headers, status, body)
		}
		return strings.Contains(body, `"birthDate"`) && !strings.Contains(body, `"_birthDate"`)
	}
	if birth("Modicum-Task", "chart") {
		t.Fatal("it shows before it was asked for")
	}
	if !birth("Modicum-Task", "chart", "Modicum-Ask", "demographics.birth-date", "Modicum-Reason", url.PathEscape("two of one name on the list")) {
		t.Error("it does not show in the request that asks")
	}
	if !birth("Modicum-Task", "chart") {
		t.Error("nor in the next")
	}
}

func TestWhatIsAskedToBeLentIsRefusedWhereItHasNoPlace(t *testing.T) {
	s := lendingSite(t)
	for name, tt := range map[string]struct {
		path    string
		headers []string
		status  int
	}{
		"a reason for nothing":               {"/fhir/Patient/p1", []string{"Modicum-Reason", "lobby"}, 400},
		"no reason":                          {"/fhir/Patient/p1", []string{"Modicum-Ask", "demographics.birth-date", "Modicum-Task", "chart"}, 400},
		"a value of a search":                {"/fhir/Patient?_id=p1", []string{"Modicum-Ask", "demographics.birth-date", "Modicum-Reason", "two%20of%20one%20name", "Modicum-Task", "chart"}, 400},
		"a glass of nobody in particular":    {"/fhir/Condition", []string{"Modicum-Purpose", "BTG", "Modicum-Reason", "lobby%20arrest"}, 400},
		"a glass of one record":              {"/fhir/Condition/c1", []string{"Modicum-Purpose", "BTG", "Modicum-Reason", "lobby%20arrest"}, 400},
		"a reason that says nothing":         {"/fhir/Patient/p9", []string{"Modicum-Purpose", "BTG", "Modicum-Reason", "."}, 422},
		"what is not masked":                 {"/fhir/Patient/p1", []string{"Modicum-Ask", "clinical.lab", "Modicum-Reason", "two%20of%20one%20name", "Modicum-Task", "chart"}, 422},
		"a patient of nobody looks the same": {"/fhir/Patient/nobody-here", []string{"Modicum-Purpose", "BTG", "Modicum-Reason", "lobby%20arrest"}, 404},
	} {
		if status, decision, body := s.get("zoe", tt.path, tt.headers...); status != tt.status || decision == "" {
			t.Errorf("%s: %d, want %d, decision %q: %s", name, status, tt.status, decision, body)
		}
	}
	for _, way := range []struct{ method, path string }{{http.MethodPost, "/fhir"}, {http.MethodPut, "/fhir/Patient/p1"}} {
		if status, _, body := s.ask(way.method, "zoe", way.path, "Modicum-Purpose", "BTG", "Modicum-Reason", "lobby%20arrest"); status != 400 {
			t.Errorf("%s %s: %d %s", way.method, way.path, status, body)
		}
	}
}

// TestG4_ARestartWithAClockThatWasPutBackLendsNothing: the record is newer than the clock.
func TestG4_ARestartWithAClockThatWasPutBackLendsNothing(t *testing.T) {
	s := lendingSite(t)
	if status, _, body := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "BTG", "Modicum-Reason", "lobby%20arrest"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	s.stop()
	s.start()
	if n := len(s.server.Lent().Of("zoe", time.Now(), true)); n != 1 {
		t.Fatalf("%d loans after a restart", n)
	}
	s.stop()
	s.skew = -time.Hour
	s.start()
	s.stop()
	s.start() // and once more, so that the newest entry is of that clock
	now, _ := s.now()
	if got := s.server.Lent().Of("zoe", now, true); len(got) > 0 {
		t.Errorf("lent by a clock of before the record: %+v", got)
	}
}
