package access_test

import (
	"slices"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/notice"
)

// TestWhatWasDoneWaitsForNobodyAnyMore: the other approvers, and reviewers, are not told
// of what somebody has answered or closed.
func TestWhatWasDoneWaitsForNobodyAnyMore(t *testing.T) {
	h := newHouse(t)
	want := func(what string, thing notice.Thing, id string) {
		t.Helper()
		if !slices.Contains(h.done, notice.About{Thing: thing, ID: id}) {
			t.Errorf("%s: it still waits for others", what)
		}
		h.done = nil
	}
	r := h.ask("nina", cover("p1"))
	if len(h.done) != 0 {
		t.Errorf("what was just asked is done: %v", h.done)
	}
	if _, err := h.approve("cara", r); err != nil {
		t.Fatal(err)
	}
	want("approved", notice.Request, r.ID)
	r = h.ask("nina", cover("p2"))
	if err := h.book.Refuse(t.Context(), who("cara"), r.ID, h.book.Digest(r), "not on our unit"); err != nil {
		t.Fatal(err)
	}
	want("refused", notice.Request, r.ID)
	r = h.ask("nina", cover("p3"))
	if err := h.book.Withdraw(t.Context(), who("nina"), r.ID); err != nil {
		t.Fatal(err)
	}
	want("taken back", notice.Request, r.ID)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	h.pass(3 * time.Hour)
	if err := h.book.Attest(t.Context(), who("nina"), g.ID, "collapsed in the lobby, not my unit"); err != nil {
		t.Fatal(err)
	}
	want("attested", notice.Grant, g.ID)
	h.pass(72 * time.Hour)
	if err := h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "seen the notes of that night"); err != nil {
		t.Fatal(err)
	}
	want("reviewed", notice.Review, g.ID)
}
