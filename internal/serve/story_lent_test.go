package serve_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pageIn finds the page of the console that the text of a 404 names.
var pageIn = regexp.MustCompile(`look at (/[a-z]+)`)

// TestTheStoryOfANurse: she meets a 404, follows its text to the page, asks with a form
// that is filled in, the charge nurse says yes on a telephone, she reads through the door,
// her shift ends, and the same request is the same 404.
func TestTheStoryOfANurse(t *testing.T) {
	s := newTown(t)
	nina := s.adds("nina", "Nina Okafor", "nurse")
	carla := s.adds("carla", "Carla Diaz", "nurse", "charge-nurse")
	s.states(s.whole("adt"), s.whole("roster"), onShift("nina"), onShift("carla"))
	const request = "/fhir/Condition?patient=p1"
	status, _, before := s.asks("nina", "/fhir/Patient/p1")
	if status != http.StatusNotFound {
		t.Fatalf("before: %d %s", status, before)
	}
	at := pageIn.FindStringSubmatch(before)
	if at == nil {
		t.Fatalf("its text leads to no page: %s", before)
	}
	nina.Open(at[1])
	nina.wants("nurse/cover", "p1")
	if nina.value("patient") != "p1" || nina.value("task") != "nurse/cover" {
		t.Errorf("the form is not filled in: %q, %q", nina.value("patient"), nina.value("task"))
	}
	nina.Choose("reason", "covering for a colleague")
	nina.Fill("text", "Ines went home sick, room four is mine")
	nina.Press("See who decides")
	nina.Until("Is this what you need?")
	nina.Says("Carla Diaz", "covering for a colleague", "Nothing has been asked yet")
	nina.Press("Ask")
	nina.Until("You asked")
	_, id, _ := strings.Cut(nina.path(), "/requests/")

	carla.onPhone()
	carla.Open("/inbox")
	carla.Says("Nina Okafor", "covering for a colleague", "The first time", "12 h")
	carla.tap("Approve")
	carla.Sees("Approved. Nina Okafor has it")
	grants := s.server.Lent().Grants("nina")
	if len(grants) != 1 || !slices.Equal(grants[0].Approvers, []string{"carla"}) {
		t.Fatalf("lent: %+v", grants)
	}
	status, read, body := s.asks("nina", "/fhir/Patient/p1")
	if status != http.StatusOK || !strings.Contains(body, "Synthetic") || strings.Contains(body, "birthDate") {
		t.Fatalf("lent to her: %d %s", status, body)
	}
	if status, _, body := s.asks("nina", request); status != http.StatusOK || !strings.Contains(body, "hypertension") {
		t.Errorf("her search: %d %s", status, body)
	}
	if status, _, _ := s.asks("nina", "/fhir/Patient/p2"); status != http.StatusNotFound {
		t.Errorf("another patient: %d", status)
	}

	s.states(s.whole("roster"), onShift("carla"))
	status, _, after := s.asks("nina", "/fhir/Patient/p1")
	if status != http.StatusNotFound || after != before {
		t.Errorf("after her shift: %d %s\nbefore %s", status, after, before)
	}
	if status, _, _ := s.asks("nina", "/fhir/Patient/p1", "Modicum-Task", "nurse/cover"); status == http.StatusOK {
		t.Error("the task that lends goes on after her shift")
	}

	d := s.decision(read)
	if d.Grant != grants[0].ID || d.Who != "nina" {
		t.Errorf("the decision names grant %q", d.Grant)
	}
	if got := s.acts(grants[0].ID); !slices.Contains(got, "carla grant-approved") {
		t.Errorf("of the grant the record has %v", got)
	}
	if got := s.acts(id); len(got) < 2 || !slices.Equal(got[:2], []string{"nina access-asked", "carla grant-approved"}) {
		t.Errorf("of the request the record has %v", got)
	}
	s.closes()
}

func onShift(who string) string {
	return `{"fact":"during-shift","who":"` + who + `","source":"roster","recorded_by":"roster"}`
}

// TestTheStoryOfABiller: one more class of one patient, from the page that says what is
// missing, and not a byte more of it or of anybody else.
func TestTheStoryOfABiller(t *testing.T) {
	s := newTown(t)
	bob := s.adds("bob", "Bob Lindqvist", "biller")
	petra := s.adds("petra", "Petra Alvarez", "", "privacy")
	s.states(s.whole("queue"), about("work-item", "bob", "p1", "queue"), about("work-item", "bob", "p7", "queue"))
	one, other := s.chart("bob", "p1"), s.chart("bob", "p7")
	if one["birthDate"] != nil || one["gender"] != nil {
		t.Fatalf("before: %v", one)
	}
	bob.Open("/my")
	bob.Fill("patient", "p1")
	bob.Press("Look")
	bob.Until("Patient p1")
	bob.Click(`//section[.//li[contains(., "Date of birth")]]//summary`)
	bob.Click(`//li[contains(., "Date of birth")]//button`)
	bob.Until("Ask for what is missing")
	if bob.value("patient") != "p1" || bob.value("class") != "demographics.birth-date" {
		t.Errorf("the form is not filled in: %q, %q", bob.value("patient"), bob.value("class"))
	}
	bob.Fill("text", "the plan has two members of that name")
	bob.Choose("for", "60")
	bob.Press("See who decides")
	bob.Until("Is this what you need?")
	bob.Says("Date of birth", "Petra Alvarez", "1 h")
	bob.Press("Ask")
	bob.Until("You asked")
	petra.Open("/inbox")
	petra.Says("Bob Lindqvist", "Date of birth", "Patient name", "the plan has two members of that name")
	petra.Press("Approve")
	petra.Sees("Approved. Bob Lindqvist has it for 1 h")

	now := s.chart("bob", "p1")
	if now["birthDate"] == nil {
		t.Fatalf("lent: %v", now)
	}
	delete(now, "birthDate")
	if !reflect.DeepEqual(now, one) {
		t.Errorf("more than that is other than before:\n%v\n%v", now, one)
	}
	if again := s.chart("bob", "p7"); !reflect.DeepEqual(again, other) {
		t.Errorf("another patient: %v, before %v", again, other)
	}
	grants := s.server.Lent().Grants("bob")
	if len(grants) != 1 || !containsInOrder(s.acts(grants[0].Request), []string{"bob access-asked", "petra grant-approved"}) {
		t.Errorf("on record: %v", s.acts(grants[0].Request))
	}
	s.closes()
}

// TestTheStoryOfAManager: their own yes counts for nothing, nor that of their other name,
// nor does the policy lend for longer than it says; asked for properly, a colleague lends it.
func TestTheStoryOfAManager(t *testing.T) {
	s := newTown(t)
	mara := s.adds("mara", "Mara Stone", "nurse", "charge-nurse")
	other := s.adds("mara-admin", "Mara Stone (administration)", "nurse", "charge-nurse")
	if err := s.server.People().Link(t.Context(), olga, "mara", "mara-admin"); err != nil {
		t.Fatal(err)
	}
	carla := s.adds("carla", "Carla Diaz", "nurse", "charge-nurse")
	s.states(s.whole("adt"), s.whole("roster"), onShift("mara"), onShift("mara-admin"), onShift("carla"))

	mara.Open("/my")
	mara.wants("nurse/cover", "p1")
	mara.Choose("reason", "help at the bedside")
	mara.Fill("text", "I look into every chart of my unit")
	mara.Choose("for", "1440") // a day, of a policy that lends for 12 hours
	mara.Press("See who decides")
	mara.Sees("at most 12 hours")
	if n := len(s.server.Lent().Requests("mara")); n != 0 {
		t.Fatalf("a standing override waits for an answer: %d requests", n)
	}
	mara.Choose("for", "60")
	mara.Press("See who decides")
	mara.Until("Is this what you need?")
	mara.Says("Carla Diaz")
	if strings.Contains(mara.Page(), "administration") {
		t.Error("her other name is asked to decide")
	}
	mara.Press("Ask")
	mara.Until("You asked")
	asked := s.server.Lent().Requests("mara")
	if len(asked) != 1 {
		t.Fatalf("%d requests", len(asked))
	}
	r := asked[0]

	for _, who := range []*reader{mara, other} {
		who.Open("/inbox")
		who.Says("Nobody waits for you")
		who.Open("/my") // a page of the same origin, from which a post may come
		status := who.posts("/requests/"+r.ID, "answer", "approve", "digest", s.server.Lent().Digest(r), "word", "fine")
		if status < 400 || len(s.server.Lent().Grants("mara")) != 0 {
			t.Errorf("the yes of %s: %d, %d grants", who.who, status, len(s.server.Lent().Grants("mara")))
		}
	}
	if status, _, _ := s.asks("mara", "/fhir/Patient/p1"); status != http.StatusNotFound {
		t.Errorf("before anybody agreed: %d", status)
	}
	carla.Open("/inbox")
	carla.Press("Approve")
	carla.Sees("Approved. Mara Stone has it for 1 h")
	if status, _, body := s.asks("mara", "/fhir/Patient/p1"); status != http.StatusOK {
		t.Errorf("lent by a colleague: %d %s", status, body)
	}
	if status := carla.posts("/requests/"+r.ID, "answer", "approve", "digest", s.server.Lent().Digest(r), "word", "again"); status < 400 || len(s.server.Lent().Grants("mara")) != 1 {
		t.Errorf("the same answer once more: %d", status)
	}
	want := []string{"mara access-asked", "mara access-not-done", "carla grant-approved", "carla access-not-done"}
	if got := s.acts(r.ID); !slices.Equal(got, want) {
		t.Errorf("of the request the record has %v, want %v", got, want)
	}
	s.closes()
}

// wants goes on from the page of what somebody sees to the form for one patient more.
func (r *reader) wants(task, patient string) {
	r.TB.Helper()
	r.Choose("task", task)
	r.Fill("patient", patient)
	r.Press("Look")
	r.Until("Patient " + patient)
	r.Press("Ask for this patient")
	r.Until("Ask for what is missing")
}

// chart is the patient as somebody is shown it.
func (s *town) chart(who, patient string) (out map[string]any) {
	s.t.Helper()
	status, _, body := s.asks(who, "/fhir/Patient/"+patient)
	if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusOK {
		s.t.Fatalf("%d %s", status, body)
	}
	return out
}
