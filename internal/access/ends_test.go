package access_test

import (
	"slices"
	"testing"
	"time"

	"modicum/internal/access"
)

func TestG3_AfterARevocationNothingIsLent(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	h.refused(h.book.Revoke(t.Context(), who("stranger"), g.ID, ""), "not-yours")
	if err := h.book.Revoke(t.Context(), who("cara"), g.ID, "bed four went home"); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") {
		t.Error("it lends after it was taken away")
	}
	if !slices.Equal(h.ended, []string{g.ID}) {
		t.Errorf("answers under way hear of %v", h.ended)
	}
	h.refused(h.book.Revoke(t.Context(), who("cara"), g.ID, ""), "ended")
	if h.told[len(h.told)-1].To == "" {
		t.Error("its holder is not told")
	}
}

func TestG3_ALeaverHoldsAndAsksNothing(t *testing.T) {
	h := newHouse(t)
	g := h.lend("nina", "cara", cover("p1"))
	r := h.ask("nina", cover("p2"))
	if err := h.leave("nina"); err != nil {
		t.Fatal(err)
	}
	if h.live("nina") || len(h.book.Requests("nina")) > 0 {
		t.Error("a leaver holds something")
	}
	if got, _ := h.book.Get(t.Context(), r.ID); got.State != access.Lapsed {
		t.Errorf("the request is %s", got.State)
	}
	if got, _ := h.book.Grant(t.Context(), g.ID); got.State != access.NoLonger {
		t.Errorf("the grant is %s", got.State)
	}
}

func TestG4_AGrantNeverOutlivesItsEndWhicheverClockMoves(t *testing.T) {
	for name, move := range map[string]func(*house){
		"both pass":               func(h *house) { h.pass(12 * time.Hour) },
		"the wall clock is ahead": func(h *house) { h.now = h.now.Add(12 * time.Hour) },
		"it was put back":         func(h *house) { h.mono += 12 * time.Hour; h.now = h.now.Add(time.Hour) },
		"it stands still":         func(h *house) { h.mono += 12 * time.Hour },
		"a little behind, and by its length": func(h *house) {
			h.pass(6 * time.Hour)
			h.live("nina")
			h.now = h.now.Add(-6 * time.Hour)
			h.mono += 6 * time.Hour
		},
		"it went back by an hour": func(h *house) { h.now = h.now.Add(-time.Hour) },
		"nobody trusts it":        func(h *house) { h.sure = false },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.lend("nina", "cara", cover("p1"))
			if !h.live("nina") {
				t.Fatal("not lent at all")
			}
			move(h)
			if h.live("nina") {
				t.Error("it lends")
			}
		})
	}
}

func TestG4_TheMonotonicClockEndsWhatASlowWallClockWouldNot(t *testing.T) {
	h := newHouse(t)
	h.lend("nina", "cara", cover("p1"))
	for range 13 { // put back by half a second again and again: within what is believed
		h.mono += time.Hour
		h.now = h.now.Add(time.Hour - time.Second/20)
		h.live("nina")
	}
	if h.live("nina") {
		t.Error("thirteen hours, and it lends")
	}
}

func TestG4_ARestartWithAClockPutBackLendsNothing(t *testing.T) {
	h := newHouse(t)
	h.lend("nina", "cara", cover("p1"))
	h.pass(time.Hour)
	h.start()
	if !h.live("nina") {
		t.Error("a restart forgets what is lent")
	}
	h.pass(11 * time.Hour)
	h.start()
	if h.live("nina") {
		t.Error("a restart revives it")
	}
}
