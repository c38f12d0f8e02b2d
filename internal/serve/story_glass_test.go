package serve_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/notice"
)

// emergency lists the reasons for a broken glass, so that each is one tap.
var emergency = strings.Replace(townPolicy, "break-glass: {for: 2 hours, review: 72 hours}",
	"break-glass: {for: 2 hours, review: 72 hours, reasons: [cardiac arrest, unconscious, trauma]}", 1)

// TestTheStoryOfAPhysician: one field and one tap break the glass, everybody who must
// hear does and nobody else, the word comes afterwards, and the privacy officer closes the
// review with what was opened beside it.
func TestTheStoryOfAPhysician(t *testing.T) {
	s := newTown(t, emergency)
	dora := s.adds("dora", "Dora Weiss", "clinician")
	petra := s.adds("petra", "Petra Alvarez", "", "privacy")
	s.adds("cora", "Cora Lind", "nurse")
	s.adds("nina", "Nina Okafor", "nurse")
	s.states(s.whole("adt"), about("assigned-patient", "cora", "p1", "adt"))
	if status, _, body := s.asks("dora", "/fhir/Patient/p1"); status != http.StatusNotFound || !strings.Contains(body, "break the glass at /glass") {
		t.Fatalf("before: %d %s", status, body)
	}

	began := time.Now()
	dora.Open("/glass")
	dora.Fill("patient", "p1")
	dora.Press("cardiac arrest")
	dora.Until("Broken glass")
	if t.Logf("%d taps and fields, %v from asking for the page to the grant", dora.Taps, time.Since(began)); dora.Taps > 2 {
		t.Errorf("it takes %d taps and fields", dora.Taps)
	}
	grants := s.server.Lent().Grants("dora")
	if len(grants) != 1 || !strings.HasSuffix(dora.path(), grants[0].ID) {
		t.Fatalf("%d grants at %s", len(grants), dora.path())
	}
	g := grants[0]
	status, read, body := s.asks("dora", "/fhir/Patient/p1")
	if status != http.StatusOK || !strings.Contains(body, "Synthetic") {
		t.Fatalf("the same request: %d %s", status, body)
	}
	if status, _, _ := s.asks("dora", "/fhir/Patient/p2"); status != http.StatusNotFound {
		t.Errorf("another patient: %d", status)
	}
	dora.Press("Give it back")
	dora.Sees("Given back")
	if status, _, _ := s.asks("dora", "/fhir/Patient/p1"); status != http.StatusNotFound {
		t.Errorf("after the end: %d", status)
	}
	dora.Fill("word", "arrest in bed four, I was the first there")
	dora.Press("Say it")
	dora.Sees("Somebody independent looks at it next")

	petra.Open("/reviews")
	petra.Follow("Dora Weiss")
	petra.Until("Dora Weiss")
	petra.Says("arrest in bed four", "What was opened under it", read, "cardiac arrest")
	petra.Click(`//input[@value="justified"]`)
	petra.Fill("word", "the arrest stands in the chart of that hour")
	petra.Press("Close the review")
	petra.Sees("The review of Dora Weiss is closed")
	closed, err := s.server.Lent().Grant(t.Context(), g.ID)
	if err != nil || closed.Review == nil || closed.Review.Who != "petra" || s.server.Lent().State(closed) != access.Closed {
		t.Errorf("closed: %+v, %v", closed, err)
	}

	for who, want := range map[string][]string{
		"petra": {"glass-broken"}, "cora": {"glass-broken"}, "dora": {"attest-waits"}, "nina": nil, "olga": nil,
	} {
		if got := s.heard(who); !slices.Equal(got, want) {
			t.Errorf("%s heard of %v, want %v", who, got, want)
		}
	}
	if d := s.decision(read); d.Grant != g.ID || d.PurposeCode != "ETREAT" {
		t.Errorf("on record: grant %q, purpose %q", d.Grant, d.PurposeCode)
	}
	want := []string{"dora glass-broken", "dora grant-given-back", "dora glass-attested", "petra grant-reviewed"}
	got := s.acts(g.ID)
	if !containsInOrder(got, want) {
		t.Errorf("of the glass the record has %v, want %v in that order", got, want)
	}
	s.closes()
}

// containsInOrder reports whether all of want stand in got, each once and in their order.
func containsInOrder(got, want []string) bool {
	return slices.Equal(slices.DeleteFunc(slices.Clone(got), func(a string) bool { return !slices.Contains(want, a) }), want)
}

// heard are the kinds of all that somebody was ever told of what is lent, sorted.
func (s *town) heard(who string) (out []string) {
	s.t.Helper()
	past, err := s.server.Notices().History(s.t.Context(), who, "", 50)
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(kindsOf(append(past, s.server.Notices().Inbox(who, "", 50)...)), func(kind string) bool {
		return kind == string(notice.InviteMade) || kind == string(notice.WayInAdded)
	})
}
