package serve_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"modicum/internal/access"
	"modicum/internal/people"
	"modicum/internal/signin"
)

// TestG6_ALeaverWhoComesBackBeginsAnew: the entry of their leaving says what else ended
// with it, and they do not go on with a search of before, though they may begin it again.
func TestG6_ALeaverWhoComesBackBeginsAnew(t *testing.T) {
	s := unbrowsed(t)
	d := s.server.People()
	if _, err := d.Add(t.Context(), olga, &people.Person{ID: "lena", UserName: "lena", Name: "Lena Park", Active: true}); err != nil {
		t.Fatal(err)
	}
	s.gives("lena", people.Role, "clinician")
	s.states(s.whole("adt"), about("assigned-patient", "lena", "p1", "adt"), about("assigned-patient", "lena", "p5", "adt"))
	const search = "/fhir/Condition?_count=1"
	cursor := nextIn(t, s.opens("lena", search))
	if status, _, body := s.asks("lena", cursor); status != http.StatusOK {
		t.Fatalf("the second page: %d %s", status, body)
	}
	w := httptest.NewRecorder()
	if err := s.server.Sessions().Begin(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), "lena", signin.Proof{How: []string{"hwk", "user"}}); err != nil {
		t.Fatal(err)
	}
	g, err := s.server.Lent().BreakGlass(t.Context(), people.Actor{ID: "lena"}, access.GlassWant{
		Role: "clinician", Task: "chart", Patient: "p9", Reason: access.Reason{Text: "collapsed in the lobby"}, How: []string{"hwk", "user"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Deactivate(t.Context(), olga, "lena", ""); err != nil {
		t.Fatal(err)
	}
	gone := s.act("person-deactivated")
	for _, want := range []string{"sessions-ended:1", "grant-ended:" + g.ID} {
		if !slices.Contains(gone.What, want) {
			t.Errorf("the entry does not say %s: %v", want, gone.What)
		}
	}
	if err := d.Reactivate(t.Context(), olga, "lena"); err != nil {
		t.Fatal(err)
	}
	s.gives("lena", people.Role, "clinician")
	res := s.opens("lena", cursor)
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusGone {
		t.Errorf("her place of before: %d", res.StatusCode)
	}
	if status, _, body := s.asks("lena", nextIn(t, s.opens("lena", search))); status != http.StatusOK {
		t.Errorf("the search begun again: %d %s", status, body)
	}
}
