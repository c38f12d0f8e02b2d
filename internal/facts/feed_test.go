package facts_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/facts"
	"modicum/policy"
)

// upstream is a small FHIR server: records by TYPE/ID, all of them returned for
// any query of the type, as a server may that finds more than it must; queries
// are kept.
type upstream struct {
	records map[string]string
	asked   []string
	changed []string // TYPE/ID that a query for changes finds
	fail    string   // type that cannot be asked
	deleted []string // TYPE/ID that a history tells; nil: there is none
	history int      // how often it was asked
}

func (u *upstream) Deleted(_ context.Context, typ string, _ time.Time) (ids []string, told bool) {
	u.history++
	for _, id := range u.deleted {
		if id, ok := strings.CutPrefix(id, typ+"/"); ok {
			ids = append(ids, id)
		}
	}
	return ids, u.deleted != nil
}

func (u *upstream) EachOf(_ context.Context, typ string, q url.Values, each func([]byte) error) error {
	u.asked = append(u.asked, typ+"?"+q.Encode())
	if typ == u.fail {
		return errors.New("the upstream's own text, with a name in it")
	}
	for id, r := range u.records {
		if !strings.HasPrefix(id, typ+"/") || q.Has("_lastUpdated") && !slices.Contains(u.changed, id) {
			continue
		}
		if err := each([]byte(r)); err != nil {
			return err
		}
	}
	return nil
}

func hospital() *upstream {
	return &upstream{records: map[string]string{
		"Patient/p1":     `{"resourceType":"Patient","id":"p1","link":[{"other":{"reference":"Patient/p2"},"type":"seealso"}]}`,
		"Patient/p2":     `{"resourceType":"Patient","id":"p2"}`,
		"CareTeam/c1":    `{"resourceType":"CareTeam","id":"c1","status":"active","subject":{"reference":"Patient/p1"},"participant":[{"member":{"reference":"Practitioner/dr1"}},{"member":{"reference":"https://ehr.example/fhir/PractitionerRole/r2"}},{"member":{"reference":"https://elsewhere.example/Practitioner/dr9"}},{"member":{"reference":"Practitioner/dr3"},"period":{"end":"2026-11-22"}}]}`,
		"CareTeam/c2":    `{"resourceType":"CareTeam","id":"c2","status":"inactive","subject":{"reference":"Patient/p1"},"participant":[{"member":{"reference":"Practitioner/dr4"}}]}`,
		"Encounter/e1":   `{"resourceType":"Encounter","id":"e1","status":"in-progress","class":{},"subject":{"reference":"Patient/p1"},"participant":[{"individual":{"reference":"Practitioner/dr5"}}],"period":{"start":"2026-11-20"}}`,
		"Encounter/e2":   `{"resourceType":"Encounter","id":"e2","status":"finished","subject":{"reference":"Patient/p2"},"participant":[{"individual":{"reference":"Practitioner/dr6"}}],"period":{"start":"2026-11-01","end":"2026-11-21T08:00:00Z"}}`,
		"Encounter/e3":   `{"resourceType":"Encounter","id":"e3","status":"planned","subject":{"reference":"Patient/p3"}}`,
		"Appointment/a1": `{"resourceType":"Appointment","id":"a1","status":"booked","start":"2026-11-25T09:00:00Z","end":"2026-11-25T09:30:00Z","participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr7"},"status":"accepted"},{"actor":{"reference":"Location/ward-3"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr8"},"status":"declined"}]}`,
		"Appointment/a2": `{"resourceType":"Appointment","id":"a2","status":"cancelled","start":"2026-11-25T09:00:00Z","participant":[{"actor":{"reference":"Patient/p2"}},{"actor":{"reference":"Practitioner/dr7"}}]}`,
		"Task/t1":        `{"resourceType":"Task","id":"t1","status":"requested","owner":{"reference":"Practitioner/ph1"},"for":{"reference":"Patient/p1"},"focus":{"reference":"MedicationRequest/m1"},"code":{"coding":[{"code":"dispense"}]}}`,
		"Task/t2":        `{"resourceType":"Task","id":"t2","status":"completed","owner":{"reference":"Practitioner/ph1"},"for":{"reference":"Patient/p2"},"focus":{"reference":"MedicationRequest/m2"}}`,
		"Task/t3":        `{"resourceType":"Task","id":"t3","status":"requested","owner":{"reference":"Practitioner/ph1"},"for":{"reference":"Patient/p3"}}`,
	}}
}

func feed(t *testing.T, u *upstream) (*facts.Feed, *facts.Store, *clock) {
	t.Helper()
	s, c := store(t)
	return facts.NewFeed(facts.FeedConfig{Search: u, Store: s, Base: "https://ehr.example/fhir"}), s, c
}

func practitioner(ref string) *facts.Subject {
	return &facts.Subject{Person: "somebody", Practitioners: []string{ref}}
}

func TestTheUpstreamStatesFacts(t *testing.T) {
	u := hospital()
	f, s, c := feed(t, u)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, who, patient string
		fact               policy.FactID
		want               bool
	}{
		{"on an active care team", "Practitioner/dr1", "p1", assigned, true},
		{"by role, with the upstream's own address", "PractitionerRole/r2", "p1", assigned, true},
		{"at another server", "Practitioner/dr9", "p1", assigned, false},
		{"a part that ended yesterday", "Practitioner/dr3", "p1", assigned, false},
		{"on a team that is not active", "Practitioner/dr4", "p1", assigned, false},
		{"in an open encounter", "Practitioner/dr5", "p1", assigned, true},
		{"in a closed encounter", "Practitioner/dr6", "p2", assigned, false},
		{"an open episode, for anyone", "Practitioner/xx", "p1", episode, true},
		{"a closed episode, for `where` to judge", "Practitioner/xx", "p2", episode, true},
		{"a planned one is none", "Practitioner/xx", "p3", episode, false},
		{"a booked appointment", "Practitioner/dr7", "p1", appointment, true},
		{"declined", "Practitioner/dr8", "p1", appointment, false},
		{"cancelled", "Practitioner/dr7", "p2", appointment, false},
		{"an open task", "Practitioner/ph1", "p1", workItem, true},
		{"and what where makes of it", "Practitioner/ph1", "p1", dispense, true},
		{"a task that is done", "Practitioner/ph1", "p2", workItem, false},
		{"a task about nothing", "Practitioner/ph1", "p3", workItem, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			truth, _ := about(s, practitioner(tt.who), tt.patient, c)
			if got := truth.Holds.Has(tt.fact); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if truth, _ := about(s, &facts.Subject{Person: "x", Dept: "ward-3"}, "p1", c); !truth.Holds.Has(appointment) {
		t.Error("the clinic of the appointment")
	}
	if truth, _ := about(s, &facts.Subject{Person: "Practitioner/dr1"}, "p1", c); truth.Holds.Has(assigned) {
		t.Error("T8: a person by a practitioner's name")
	}
}

func TestADeadFeedPermitsNothingAndRestrictsStill(t *testing.T) {
	u := hospital()
	f, s, c := feed(t, u)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	u.fail = "CareTeam"
	c.t = noon.Add(time.Minute)
	if err := f.Poll(t.Context()); err == nil || strings.Contains(err.Error(), "name in it") {
		t.Errorf("got %v", err)
	}
	st := s.Index().Sources(c.t)[4]
	if st.Broken == "" || st.Stale || st.NeverWhole {
		t.Errorf("state %+v", st)
	}
	c.t = noon.Add(15*time.Minute + time.Second)
	truth, _ := about(s, practitioner("Practitioner/dr1"), "p1", c)
	if truth.Holds.Has(assigned) || !truth.Bites.Has(assigned) {
		t.Errorf("got %q", says(truth, assigned))
	}
	if st := s.Index().Sources(c.t)[4]; !st.Stale {
		t.Errorf("state %+v", st)
	}
}

func TestAMalformedRecordBreaksThePollNotItself(t *testing.T) {
	for name, bad := range map[string]string{
		"another type":  `{"resourceType":"Patient","id":"c1"}`,
		"a wrong shape": `{"resourceType":"CareTeam","id":"c1","status":["active"]}`,
		"a wrong date":  `{"resourceType":"CareTeam","id":"c1","status":"active","subject":{"reference":"Patient/p1"},"period":{"end":"soon"}}`,
		"a name twice":  `{"resourceType":"CareTeam","id":"c1","id":"c2"}`,
		"no id":         `{"resourceType":"CareTeam"}`,
		"not JSON":      `{`,
	} {
		t.Run(name, func(t *testing.T) {
			u := hospital()
			u.records["CareTeam/c1"] = bad
			f, s, c := feed(t, u)
			if err := f.Poll(t.Context()); err == nil {
				t.Fatal("the poll counts as complete")
			}
			if truth, _ := about(s, practitioner("Practitioner/dr5"), "p1", c); truth.Bites.Has(assigned) {
				t.Error("partly read")
			}
			if st := s.Index().Sources(c.t)[4]; st.Broken == "" || !st.NeverWhole {
				t.Errorf("state %+v", st)
			}
		})
	}
}

func TestChangesAreFollowedAndDeletionsFoundByTheSweep(t *testing.T) {
	u := hospital()
	f, s, c := feed(t, u)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	dr1, dr5 := practitioner("Practitioner/dr1"), practitioner("Practitioner/dr5")
	u.records["CareTeam/c1"] = strings.Replace(u.records["CareTeam/c1"], `"active"`, `"inactive"`, 1)
	u.changed = []string{"CareTeam/c1"}
	delete(u.records, "Encounter/e1")
	u.asked = nil
	c.t = noon.Add(15 * time.Second)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(u.asked) != 4 || !strings.Contains(u.asked[0], "_lastUpdated=ge2026-11-23T11%3A58%3A00Z") {
		t.Errorf("asked %v", u.asked)
	}
	if truth, _ := about(s, dr1, "p1", c); truth.Bites.Has(assigned) {
		t.Error("the change was not followed")
	}
	if truth, _ := about(s, dr5, "p1", c); !truth.Holds.Has(assigned) {
		t.Error("what did not change was lost")
	}
	c.t = noon.Add(15 * time.Minute)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if truth, _ := about(s, dr5, "p1", c); truth.Bites.Has(assigned) {
		t.Error("the sweep did not find the deletion")
	}
}

func TestDeletionsAreFollowedWhereTheServerTellsThem(t *testing.T) {
	u := hospital()
	u.deleted = []string{}
	f, s, c := feed(t, u)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	delete(u.records, "CareTeam/c1")
	u.deleted = []string{"CareTeam/c1", "CareTeam/never-read", "Task/t1"}
	u.changed = []string{"Task/t1"} // deleted, and made again since
	c.t = noon.Add(15 * time.Second)
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		who  string
		fact policy.FactID
		want bool
	}{{"Practitioner/dr1", assigned, false}, {"Practitioner/dr5", assigned, true}, {"Practitioner/ph1", workItem, true}} {
		if truth, _ := about(s, practitioner(tt.who), "p1", c); truth.Holds.Has(tt.fact) != tt.want {
			t.Errorf("%s: %v", tt.who, !tt.want)
		}
	}
}

// A server without a history is asked once between two sweeps, not at every poll.
func TestAServerWithoutHistoryIsNotAskedInVain(t *testing.T) {
	u := hospital()
	f, _, c := feed(t, u)
	for i := range 5 {
		c.t = noon.Add(time.Duration(i) * 15 * time.Second)
		if err := f.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if u.history != 4 {
		t.Errorf("asked %d times, want once for each of four types", u.history)
	}
}

func TestLinksOfPatientsAreRead(t *testing.T) {
	f, s, c := feed(t, hospital())
	if err := f.Poll(t.Context()); err != nil {
		t.Fatal(err)
	}
	state(t, s, "people-feed", strings.Replace(aliceSelf, "p9", "p2", 1))
	if truth, _ := about(s, alice, "p1", c); !truth.Bites.Has(isPatient) || truth.Holds.Has(isPatient) {
		t.Errorf("got %q", says(truth, isPatient))
	}
}
