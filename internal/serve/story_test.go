package serve_test

import (
	"net/http"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/people"
	"modicum/internal/testkit"
)

// TestTheStoryOfAFirstDay: the first owner comes in, a second person is invited and comes
// in, breaks the glass at the console, reads through the door, attests, and is made to
// leave, all through a real browser and the real parts behind it.
func TestTheStoryOfAFirstDay(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	s := emptyTown(t)
	link, ok, err := s.server.OwnerLink()
	if err != nil || !ok {
		t.Fatalf("no link for the first owner: %v", err)
	}
	s.reads("olga").Enrol(link, func(v *testkit.Visitor) {
		v.Fill("user-name", "olga")
		v.Fill("your-name", "Olga Owner")
	})
	if !s.server.People().Holds("olga", people.RunPeople, time.Now().UnixMicro()) {
		t.Error("the first owner does not run people")
	}
	if _, again, _ := s.server.OwnerLink(); again {
		t.Error("there is a link for a second first owner")
	}
	z := s.adds("zoe", "Zoe Zimmer", "clinician")
	if status, _, _ := s.asks("zoe", "/fhir/Patient/p1"); status != http.StatusNotFound {
		t.Fatalf("before: %d", status)
	}
	z.Open("/glass")
	z.Fill("patient", "p1")
	z.Fill("text", "collapsed in the lobby, unconscious")
	z.Press("Break the glass")
	z.Until("Broken glass")
	grants := s.server.Lent().Grants("zoe")
	if len(grants) != 1 || s.server.Lent().State(grants[0]) != access.Live {
		t.Fatalf("%d grants\n%s", len(grants), z.Page())
	}
	if status, _, body := s.asks("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT"); status != http.StatusOK {
		t.Errorf("with the glass broken: %d %s", status, body)
	}
	if err := s.server.People().Deactivate(t.Context(), olga, "zoe", ""); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.asks("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT"); status != http.StatusUnauthorized {
		t.Errorf("after she left: %d", status)
	}
	z.Open("/grants")
	z.Until("Sign in")
	if n := len(s.server.Sessions().Sessions("zoe")); n != 0 {
		t.Errorf("%d sessions of a leaver", n)
	}
	s.closes()
}
