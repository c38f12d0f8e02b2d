package access_test

import (
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
)

// TestG5_AnOverdueReviewHoldsBackTheRolesThatThePolicyNames, and every role where it names
// none.
func TestG5_AnOverdueReviewHoldsBackTheRolesThatThePolicyNames(t *testing.T) {
	h := newHouse(t)
	medic := strings.NewReplacer("role: nurse", "role: medic", "title: Nurse", "title: Medic")
	_, nurse, _ := strings.Cut(hospital, "-- roles/nurse.yaml --\n")
	nurse, _, _ = strings.Cut(nurse, "\n-- ")
	holding := func(roles string) {
		named := strings.Replace(hospital, "overdue: hold", "overdue: hold"+roles, 1)
		h.set = compile(t, named, "-- roles/medic.yaml --\n"+medic.Replace(nurse))
	}
	holding("")
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency}); err != nil {
		t.Fatal(err)
	}
	h.pass(80 * time.Hour)
	again := access.GlassWant{Patient: "p2", Reason: emergency}
	for _, held := range []string{"", ", hold: [nurse]", ", hold: [medic, nurse]"} {
		holding(held)
		_, err := h.book.BreakGlass(t.Context(), who("nina"), again)
		h.refused(err, "overdue")
	}
	holding(", hold: [medic]")
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), again); err != nil {
		t.Errorf("of a role that the policy does not name: %v", err)
	}
}
