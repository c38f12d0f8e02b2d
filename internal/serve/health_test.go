package serve_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"modicum/internal/health"
)

// TestHealthIsOfTheRealParts: what the page shows was measured at the parts behind.
func TestHealthIsOfTheRealParts(t *testing.T) {
	s := newSite(t)
	s.post(assignment("alice", true, time.Minute))
	if got := s.read("alice"); got != http.StatusOK {
		t.Fatalf("reading: %d", got)
	}
	h := s.server.Health(t.Context())
	if h.Record.Unreadable || h.Record.Entries < 3 || h.Record.Last.IsZero() || h.Record.Published > h.Record.Entries || h.Record.Origin != origin {
		t.Errorf("the record: %+v", h.Record)
	}
	if h.Upstream.Answered.IsZero() || h.Upstream.Failing() || h.Policy.Digest != s.server.Generation().Set.Hash() || !h.Policy.AtStart {
		t.Errorf("%+v %+v", h.Upstream, h.Policy)
	}
	at := slices.IndexFunc(h.Sources, func(x health.Source) bool { return x.Name == "adt" })
	if at < 0 || h.Sources[at].Title != "Admissions" || !slices.Equal(h.Sources[at].Feeds, []string{"assigned"}) || h.Sources[at].SourceState.Facts != 1 {
		t.Errorf("sources: %+v", h.Sources)
	}
	s.policy.put("\n-- roles/auditor.yaml --\nrole: auditor\ntitle: Auditor\nowner: boss\nreview: 12 months\nsay: Nothing at all.\ntasks: {}\n")
	if err := s.server.Reload(t.Context()); err == nil {
		t.Fatal("a policy with an error was taken")
	}
	if h := s.server.Health(t.Context()); h.Policy.Trouble == "" || !h.Policy.AtStart || h.Level() != health.Degraded {
		t.Errorf("with an error in the folder: %+v", h.Policy)
	}
}
