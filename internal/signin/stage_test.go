package signin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"modicum/internal/signin"
	"modicum/ledger"
)

// enter asks to come in as alice, from an address, at a host.
func (s *site) enter(remote, host string) (*httptest.ResponseRecorder, error) {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/as/alice", nil)
	r.RemoteAddr, r.Host = remote, host
	return w, s.svc.Enter(s.t.Context(), w, r, "alice")
}

// TestTheDemosWayInIsShutEverywhereElse: without the option, and with it for whoever
// does not sit at this machine or comes by another name, nobody enters without a proof.
func TestTheDemosWayInIsShutEverywhereElse(t *testing.T) {
	s := newSite(t)
	if w, err := s.enter("127.0.0.1:5000", "localhost"); err == nil || len(w.Result().Cookies()) > 0 {
		t.Errorf("an installation let somebody in without a proof: %v", err)
	}
	s.stage = true
	s.start()
	for _, from := range [][2]string{{"192.0.2.7:5000", "localhost"}, {"127.0.0.1:5000", "modicum.hospital.example"}, {"127.0.0.1:5000", "rebound.example:8080"}} {
		if w, err := s.enter(from[0], from[1]); err == nil || len(w.Result().Cookies()) > 0 {
			t.Errorf("%v came in: %v", from, err)
		}
	}
	if n := len(s.svc.Sessions("alice")); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// TestTheDemosWayInIsOnRecord: who comes in at the demo is a person with a session, and
// the record says that nobody proved anything.
func TestTheDemosWayInIsOnRecord(t *testing.T) {
	s := newSite(t)
	s.stage = true
	s.start()
	w, err := s.enter("127.0.0.1:5000", "127.0.0.1:8080")
	if err != nil || len(w.Result().Cookies()) != 1 {
		t.Fatalf("%v", err)
	}
	found := s.svc.Sessions("alice")
	if len(found) != 1 || found[0].Issuer != signin.StageIssuer {
		t.Fatalf("%d sessions", len(found))
	}
	entries := s.shelf.Entries()
	a, ok := entries[len(entries)-1].(*ledger.Act)
	if !ok || a.Act != "signed-in-by-demo" || a.Who != "alice" {
		t.Errorf("on record: %+v", entries[len(entries)-1])
	}
	if _, err := s.enter("[::1]:5000", "[::1]:8080"); err != nil {
		t.Errorf("from this machine by its other address: %v", err)
	}
	if !s.svc.Rests(found[0].ID) {
		t.Error("the session rests on nothing")
	}
	s.stage = false
	s.start()
	if s.svc.Rests(found[0].ID) {
		t.Error("a session without a proof goes on where this is no demo")
	}
}
