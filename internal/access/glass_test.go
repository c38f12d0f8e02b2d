package access_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/book/booktest"
	"modicum/internal/notice"
	"modicum/ledger"
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

var emergency = access.Reason{Text: "cardiac arrest"}

func TestG5_AGlassIsForOnePatientShortCappedAndTold(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency, How: []string{"pin"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(g.Until-g.From) * time.Microsecond; got != 2*time.Hour {
		t.Errorf("for %s, want the 2 hours of the task", got)
	}
	loans := h.book.Of("nina", h.now, true)
	if len(loans) != 1 || !slices.Equal(loans[0].Patients, []string{"p1"}) || loans[0].Purpose != "ETREAT" {
		t.Errorf("lent %+v", loans)
	}
	if !slices.ContainsFunc(h.told, func(n notice.Notice) bool { return n.Kind == notice.GlassBroken && n.To == "pia" && n.Urgent }) {
		t.Errorf("told %+v", h.told)
	}
	again, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil || again.ID != g.ID {
		t.Errorf("broken twice: %v", err)
	}
	for _, p := range []string{"p2", "p3"} {
		if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: p, Reason: emergency}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p4", Reason: emergency})
	h.refused(err, "over-cap")
	h.pass(2 * time.Hour)
	if h.live("nina") {
		t.Error("a glass stays broken")
	}
	_, err = h.book.BreakGlass(t.Context(), who("sam"), access.GlassWant{Patient: "p1", Reason: emergency})
	h.refused(err, "no-glass")
	_, err = h.book.BreakGlass(t.Context(), who("nils"), access.GlassWant{Patient: "p1", Role: "nurse", Task: "without-glass", Reason: emergency})
	h.refused(err, "no-glass")
	var no *access.Refusal
	if !errors.As(err, &no) || !strings.Contains(no.Problems[0].Say, "nurse/") {
		t.Errorf("in an emergency they are not told which task has the glass: %+v", no)
	}
	_, err = h.book.BreakGlass(t.Context(), who("nils"), access.GlassWant{Patient: "p1", Reason: access.Reason{Text: "."}})
	h.refused(err, "reason-empty")
}

func TestG5_AGlassIsReviewedBySomebodyIndependentAndAnOverdueOneHoldsBackTheNext(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency})
	if err != nil {
		t.Fatal(err)
	}
	h.refused(h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "seen the notes of that night"), "live")
	h.pass(3 * time.Hour)
	if err := h.book.Attest(t.Context(), who("nina"), g.ID, "collapsed in the lobby, not my unit"); err != nil {
		t.Fatal(err)
	}
	h.refused(h.book.Attest(t.Context(), who("nils"), g.ID, "collapsed in the lobby"), "not-yours")
	for _, own := range []string{"nina", "nina2", "stranger"} {
		h.refused(h.book.Review(t.Context(), who(own), g.ID, access.Justified, "all of it is fine"), "not-yours")
	}
	h.refused(h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "."), "word")
	h.pass(72 * time.Hour)
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(h.told, func(n notice.Notice) bool { return n.Kind == notice.ReviewOverdue && n.To == "cole" }) {
		t.Error("nobody above hears of the overdue review")
	}
	_, err = h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency})
	h.refused(err, "overdue")
	if got := h.book.Reviews("iris"); len(got) != 1 || len(h.book.Reviews("nina2")) > 0 {
		t.Errorf("reviews of iris: %v", got)
	}
	if err := h.book.Review(t.Context(), who("iris"), g.ID, access.Justified, "seen the notes of that night"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p2", Reason: emergency}); err != nil {
		t.Errorf("after the review: %v", err)
	}
}

func TestAnApproverDoesNotReviewWhatTheyApproved(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	h.pass(12 * time.Hour)
	h.refused(h.book.Review(t.Context(), who("cara"), g.ID, access.Justified, "all of it is fine"), "not-yours")
	if err := h.book.Review(t.Context(), who("pia"), g.ID, access.Unclear, "asked the unit about it"); err != nil {
		t.Error(err)
	}
}

func TestTheCareTeamHearsOfABrokenGlassWhereThePolicySaysSo(t *testing.T) {
	h := newHouse(t)
	h.state(`{"fact":"assigned-patient","who":"nils","patient":"Patient/p1","source":"adt","recorded_by":"ward"}`,
		`{"fact":"assigned-patient","who":"cara","patient":"Patient/p2","source":"adt","recorded_by":"ward"}`)
	if _, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "p1", Reason: emergency}); err != nil {
		t.Fatal(err)
	}
	var heard []string
	for _, n := range h.told {
		if n.Kind == notice.GlassBroken {
			heard = append(heard, n.To)
		}
	}
	if !slices.Equal(heard, []string{"nils", "pia"}) {
		t.Errorf("heard of it: %v", heard)
	}
}

func TestADrillIsOfMadeUpPatientsAndMarked(t *testing.T) {
	h := newHouse(t)
	g, err := h.book.BreakGlass(t.Context(), who("nina"), access.GlassWant{Patient: "drill-1", Reason: emergency})
	if err != nil || !g.Glass.Drill || !h.live("nina") {
		t.Fatalf("%+v, %v", g, err)
	}
	entries := h.shelf.Entries()
	if last := entries[len(entries)-1].(*ledger.Act); !slices.Contains(last.What, "drill") {
		t.Errorf("on record: %v", last.What)
	}
}
