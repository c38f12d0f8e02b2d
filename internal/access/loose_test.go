package access_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/book/booktest"
	"modicum/ledger"
)

// loosen breaks a glass while the desk cannot keep it.
func (h *house) loosen(by, patient string) *access.Grant {
	h.t.Helper()
	next := h.shelf.Next
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	defer func() { h.shelf.Next = next }()
	g, err := h.book.BreakGlass(h.t.Context(), who(by), access.GlassWant{Patient: patient, Reason: emergency})
	if err != nil || h.book.Loose() == 0 {
		h.t.Fatalf("a loose glass: %v, %d loose", err, h.book.Loose())
	}
	return g
}

// A sweep is about to keep the page of a loose glass as it found it, when somebody takes
// the glass away: what it found must not count any more.
func TestG3_ALooseGlassThatIsTakenAwayWhileASweepKeepsItStaysTakenAway(t *testing.T) {
	h := newHouse(t)
	g := h.loosen("nina", "p1")
	heard, done := make(chan struct{}), make(chan error, 1)
	var once sync.Once
	h.onEnd = func(string) { once.Do(func() { close(heard) }) } // in memory, then in the book
	keeps := 0
	h.shelf.Next = func() booktest.Fault {
		if keeps++; keeps > 1 {
			return booktest.Refuses // the page that says so is not kept yet
		}
		go func() { done <- h.book.Revoke(t.Context(), who("pia"), g.ID, "over") }()
		<-heard
		return booktest.None
	}
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, access.ErrUnavailable) {
		t.Errorf("said to be on record: %v", err)
	}
	if h.live("nina") {
		t.Error("it lives again")
	}
	h.shelf.Next = nil
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := h.book.Grant(t.Context(), g.ID); err != nil || got.State != access.Revoked || got.EndedBy != "pia" || h.book.Loose() > 0 {
		t.Errorf("kept as %+v, %v, %d loose", got, err, h.book.Loose())
	}
}

func TestL2_WhoMayNotTakeALooseGlassAwayIsOnRecord(t *testing.T) {
	h := newHouse(t)
	g := h.loosen("nina", "p1")
	h.refused(h.book.Revoke(t.Context(), who("stranger"), g.ID, ""), "not-yours")
	h.pass(3 * time.Hour)
	h.refused(h.book.Revoke(t.Context(), who("pia"), g.ID, ""), "ended")
}

func TestAGlassIsBrokenWhileTheRecordCannotBeWritten(t *testing.T) {
	for _, fault := range []booktest.Fault{booktest.Refuses, booktest.Lost, booktest.KeptBlind} {
		h := newHouse(t)
		h.shelf.Next = func() booktest.Fault { return fault }
		if _, err := h.book.Ask(t.Context(), who("nils"), cover("p7")); !errors.Is(err, access.ErrUnavailable) {
			t.Errorf("something else was lent: %v", err)
		}
		g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
		if err != nil || !h.live("nina") || len(h.spool.entries) != 1 || h.book.Loose() != 1 {
			t.Fatalf("fault %d: %v, live %t, spooled %d", fault, err, h.live("nina"), len(h.spool.entries))
		}
		h.sure = false
		if !h.live("nina") {
			t.Error("a glass broken before does not run on the monotonic clock")
		}
		h.sure = true
		h.shelf.Next = nil
		if err := h.book.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h.book.Loose() != 0 || !h.live("nina") || len(h.book.Grants("nina")) != 1 {
			t.Errorf("fault %d: not taken into the book: %d loose, %d grants", fault, h.book.Loose(), len(h.book.Grants("nina")))
		}
		if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); err != nil || h.live("nina") {
			t.Errorf("fault %d: revoked: %v", fault, err)
		}
		h.spool.full = true
		h.shelf.Next = func() booktest.Fault { return fault }
		if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency}); err == nil {
			t.Errorf("fault %d: broken without a trace", fault)
		}
	}
}

func TestALooseGlassIsTakenAwayAtOnce(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); !errors.Is(err, access.ErrUnavailable) {
		t.Errorf("said to be on record: %v", err)
	}
	if !slices.Equal(h.ended, []string{g.ID}) {
		t.Errorf("answers under way hear of %v", h.ended)
	}
	if h.live("nina") {
		t.Error("it lends")
	}
	h.shelf.Next = nil
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := h.book.Grant(t.Context(), g.ID); got.State != access.Revoked || got.EndedBy != "pia" {
		t.Errorf("kept as %+v", got)
	}
}

// The change that should have kept it was kept after all, and nobody knew: when the desk
// reads it again, what was done to it meanwhile stands.
func TestG3_ALooseGlassThatWasTakenAwayIsNotRevivedByThePageThatWasKept(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.KeptBlind }
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if err := h.book.Revoke(t.Context(), who("pia"), g.ID, "over"); !errors.Is(err, access.ErrUnavailable) {
		t.Errorf("said to be on record: %v", err)
	}
	if err := h.desk.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") || len(h.book.Grants("nina")) > 0 {
		t.Error("it lends again")
	}
}

func TestAGlassOfAProcessThatEndedIsReviewedAllTheSame(t *testing.T) {
	h := newHouse(t)
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency}); err != nil {
		t.Fatal(err)
	}
	h.shelf.Next = nil
	h.start()
	if h.live("nina") {
		t.Error("it lends without a page")
	}
	for range 2 {
		if err := h.book.Adopt(t.Context(), h.spool.entries[0].(*ledger.Act)); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.book.Reviews("iris"); len(got) != 1 || got[0].Person != "nina" {
		t.Fatalf("reviews: %+v", got)
	}
	if err := h.book.Review(t.Context(), who("iris"), h.book.Reviews("iris")[0].ID, access.Justified, "asked the ward about it"); err != nil {
		t.Error(err)
	}
}
