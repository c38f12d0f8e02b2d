package access_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"modicum/internal/access"
	"modicum/internal/book/booktest"
)

// Whoever breaks many at once is counted as one who breaks them one after another.
func TestG5_GlassesThatAreBrokenAtOncePassNoCap(t *testing.T) {
	for name, fault := range map[string]booktest.Fault{"kept": booktest.None, "loose": booktest.Refuses} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.shelf.Next = func() booktest.Fault {
				for range 1000 {
					runtime.Gosched() // the others come as far as they can
				}
				return fault
			}
			var all sync.WaitGroup
			for i := range 12 {
				all.Go(func() {
					_, _ = h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: fmt.Sprintf("p%d", i), Reason: emergency})
				})
			}
			all.Wait()
			if n := len(h.book.Grants("nina")); n != 3 {
				t.Errorf("%d glasses are broken, want the 3 of the cap", n)
			}
		})
	}
}

// A glass that was taken away, though that is not on record yet, is broken no more.
func TestG3_WhoBreaksAGlassAgainThatWasTakenAwayBreaksAnother(t *testing.T) {
	h := newHouse(t)
	breaks := func() *access.Grant {
		t.Helper()
		g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	first := breaks()
	h.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if err := h.book.Revoke(t.Context(), who("pia"), first.ID, "over"); !errors.Is(err, access.ErrUnavailable) {
		t.Fatalf("said to be on record: %v", err)
	}
	h.shelf.Next = nil
	if again := breaks(); again.ID == first.ID || !h.live("nina") {
		t.Errorf("told that it is broken, and it lends nothing: %t", h.live("nina"))
	}
}
