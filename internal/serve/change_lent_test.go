package serve_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/internal/access"
	"modicum/internal/people"
)

// TestG7_WhoHoldsARoleByWhatIsLentAloneGainsHere: the directory knows nothing of a role that
// an issuer states; what was lent under it does, and the server asks that book.
func TestG7_WhoHoldsARoleByWhatIsLentAloneGainsHere(t *testing.T) {
	s := governed(t)
	opens := strings.Replace(emergencies, "clinical.problem]", "clinical.problem, clinical.lab]", 1)
	s.agree(s.lay(emergencies))
	x := s.lay(opens)
	if x == nil {
		t.Fatal("nothing waits")
	}
	b, paul := s.server.Changes(), people.Actor{ID: "paul"}
	e, err := b.Effect(x)
	if err != nil || !slices.Equal(e.Difference.Gains(), []string{"clinician"}) || len(b.Gains(e, paul)) > 0 {
		t.Fatalf("before anything is lent: %v gain, of them %v are his, %v", e.Difference.Gains(), b.Gains(e, paul), err)
	}
	// By their token a clinician, and in the directory none.
	_, err = s.server.Lent().BreakGlass(t.Context(), people.Actor{ID: "paul", Roles: []string{"clinician"}},
		access.GlassWant{Patient: "p1", Reason: access.Reason{Text: "collapsed in the lobby"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Gains(e, paul); !slices.Equal(got, []string{"clinician"}) {
		t.Errorf("with a glass broken as a clinician he gains by %v", got)
	}
	digest, err := b.Digest(x)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Propose(t.Context(), people.Actor{ID: "dora"}, x.ID, digest, "the ward asked"); err != nil {
		t.Fatal(err)
	}
	if x, err = b.Get(t.Context(), x.ID); err != nil {
		t.Fatal(err)
	}
	if digest, err = b.Digest(x); err != nil {
		t.Fatal(err)
	}
	first := s.inForce()
	if done, err := b.Approve(t.Context(), paul, x.ID, digest, ""); err != nil || done || s.inForce() != first {
		t.Errorf("his yes alone: done %v, %v, in force %v", done, err, s.inForce() != first)
	}
}
