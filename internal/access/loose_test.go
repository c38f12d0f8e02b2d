package access_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/book/booktest"
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
