package serve_test

import (
	"bytes"
	"errors"
	"testing"

	"modicum/internal/console"
	"modicum/internal/people"
	"modicum/internal/store"
	"modicum/ledger"
)

// TestN4_SeeAsReadsAPatientAsTheViewersOwnRequest: what they may see themselves and no
// more, as a decision of theirs on record; whom they may not see and who is not there
// look alike.
func TestN4_SeeAsReadsAPatientAsTheViewersOwnRequest(t *testing.T) {
	s := lendingSite(t)
	view := func(who, task, patient string, roles ...string) ([]byte, error) {
		v := &console.Viewer{Person: &people.Person{ID: who, Active: true}, Roles: roles}
		return s.server.OwnView(t.Context(), v, task, patient)
	}
	body, err := view("alice", "clinician/chart", "p1", "clinician")
	if err != nil || !bytes.Contains(body, []byte(`"family":"Synthetic"`)) || bytes.Contains(body, []byte("900-55-1001")) || bytes.Contains(body, []byte("Example Street")) {
		t.Fatalf("her own view: %v %.300s", err, body)
	}
	found, err := s.server.Store().Search(t.Context(), store.Query{Kind: ledger.KindDecision, Who: "alice", Limit: 10})
	if err != nil || len(found) == 0 {
		t.Fatalf("no decision of hers is on record: %v", err)
	}
	for name, tt := range map[string]struct {
		who, task, patient string
		roles              []string
	}{
		"whom she does not look after": {"alice", "clinician/chart", "p2", []string{"clinician"}},
		"who is not there":             {"alice", "clinician/chart", "none", []string{"clinician"}},
		"by somebody else":             {"zoe", "clinician/chart", "p1", []string{"clinician"}},
		"by a role that she has not":   {"alice", "clinician/chart", "p1", nil},
		"by a task that she has not":   {"alice", "clinician/other", "p1", []string{"clinician"}},
	} {
		if body, err := view(tt.who, tt.task, tt.patient, tt.roles...); !errors.Is(err, console.ErrOwn) || body != nil {
			t.Errorf("%s: %v %.100s", name, err, body)
		}
	}
}
