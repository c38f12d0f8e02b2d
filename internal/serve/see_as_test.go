package serve_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/sandbox"
	"modicum/internal/store"
	"modicum/ledger"
)

// TestN4_SeeAsReadsAPatientAsTheViewersOwnRequest: what they may see themselves and no
// more, as a decision of theirs on record; whom they may not see and who is not there
// look alike.
func TestN4_SeeAsReadsAPatientAsTheViewersOwnRequest(t *testing.T) {
	s := lendingSite(t)
	view := func(who, task, patient string, roles ...string) ([]byte, error) {
		v := preview.Asker{ID: who, Roles: roles}
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
		if body, err := view(tt.who, tt.task, tt.patient, tt.roles...); !errors.Is(err, preview.ErrOwn) || body != nil {
			t.Errorf("%s: %v %.100s", name, err, body)
		}
	}
}

// TestASeenChartThatIsTooLongIsSaidToBe: the door breaks off an answer of which not all is
// taken, and the page says so all the same.
func TestASeenChartThatIsTooLongIsSaidToBe(t *testing.T) {
	s := lendingSite(t)
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	chart := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := httptest.NewRecorder()
		up.ServeHTTP(said, r)
		w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
		w.WriteHeader(said.Code)
		w.Write(bytes.ReplaceAll(said.Body.Bytes(), []byte("Synthetic"), bytes.Repeat([]byte("v"), 2_000_000)))
	}))
	defer chart.Close()
	base, err := url.Parse(chart.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	s.config.FHIR.Upstream = base
	s.start()
	if status, text := s.post(assignment("alice", true, 0)); status != http.StatusOK {
		t.Fatalf("facts: %d %s", status, text)
	}
	v := preview.Asker{ID: "alice", Roles: []string{"clinician"}}
	body, err := s.server.OwnView(t.Context(), v, "clinician/chart", "p1")
	if !errors.Is(err, preview.ErrTooMany) || body != nil {
		t.Errorf("%v, %d bytes", err, len(body))
	}
}

// TestN4_SeeAsGoesByWhatTheViewerHoldsNow: less than their page knew of counts.
func TestN4_SeeAsGoesByWhatTheViewerHoldsNow(t *testing.T) {
	s := lendingSite(t)
	v := preview.Asker{ID: "alice", Dept: "ward-9", Practitioners: []string{"Practitioner/7"}, Roles: []string{"clinician"}}
	if _, err := s.server.OwnView(t.Context(), v, "clinician/chart", "p1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.People().First(t.Context(), &people.Person{ID: "alice", UserName: "alice", Name: "Alice"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.server.OwnView(t.Context(), v, "clinician/chart", "p1"); !errors.Is(err, preview.ErrOwn) {
		t.Errorf("by a role that was taken while the page was made: %v", err)
	}
	v.Client, v.Purposes, v.Tokens = "app", []string{"TREAT"}, []string{"t7"}
	if c := s.server.AsCaller(v, "clinician/chart"); c.Client != "app" || len(c.PurposeOfUse) != 1 || len(c.Tokens) != 1 {
		t.Errorf("what asks, its purpose or its token is forgotten: %q %q %q", c.Client, c.PurposeOfUse, c.Tokens)
	}
	if c := s.server.AsCaller(v, "clinician/chart"); c.Dept != "" || len(c.Practitioners) != 0 {
		t.Errorf("from where they were, as whom they were: %q, %q", c.Dept, c.Practitioners)
	}
}

// TestG3_OnesOwnViewEndsWithWhatItIsAskedWith, a token or a session: it is no more than a
// request with that would be.
func TestG3_OnesOwnViewEndsWithWhatItIsAskedWith(t *testing.T) {
	s := lendingSite(t)
	now := time.Now()
	v := preview.Asker{ID: "alice", Roles: []string{"clinician"}, Until: now.Add(2 * time.Second)}
	if c := s.server.AsCaller(v, "clinician/chart"); !c.Expires.Equal(v.Until) {
		t.Errorf("it holds %v longer than what it is asked with", c.Expires.Sub(v.Until))
	}
	v.Until = now.Add(time.Hour)
	if c := s.server.AsCaller(v, "clinician/chart"); !c.Expires.Before(now.Add(time.Minute)) {
		t.Errorf("it holds until %v", c.Expires)
	}
}
