package tokens_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/tokens"
	"modicum/ledger"
)

func TestATokenSaysWhoseItIsAndForWhat(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Session: "s1", Task: "give-care", How: []string{"hwk"}, ACR: "strong", Proved: h.now.UnixMicro()})
	c, err := h.ask(token)
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != "alice" || c.Task != "nurse/give-care" || !slices.Equal(c.Roles, []string{"nurse"}) || c.Dept != "ward-3" ||
		!slices.Equal(c.Practitioners, []string{"Practitioner/a1"}) || c.Network != "10.1.2.3" || c.Program || c.ACR != "strong" {
		t.Errorf("got %+v", c)
	}
	if !slices.Equal(h.dir.used, []string{"alice nurse"}) {
		t.Errorf("the directory heard of the use as %v", h.dir.used)
	}
	h.restart()
	if _, err := h.ask(token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestK1_OnlyTheHashOfATokenIsKeptAndNothingSaysIt(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	program := h.programToken("claims")
	h.refused(token+"x", caller.Revoked)
	for _, secret := range []string{token, program} {
		core := secret[len(secret)-20:]
		for _, kind := range []string{"token", "assertion"} {
			pages, _ := h.shelf.Pages(t.Context(), kind)
			closed, _ := h.shelf.Closed(t.Context(), kind, "", "", 100)
			for _, p := range slices.Concat(pages, closed) {
				if strings.Contains(string(p.Body), core) || strings.Contains(p.ID, core) {
					t.Errorf("a page of kind %s holds a token", kind)
				}
			}
		}
		for _, e := range h.shelf.Entries() {
			if text, _ := ledger.Encode(e); strings.Contains(string(text), core) {
				t.Error("the record holds a token")
			}
		}
		if strings.Contains(h.diary.String(), core) {
			t.Error("the diary holds a token")
		}
	}
}

func TestK2_ATokenEndsWithItsTimeAndNeverOutlivesIt(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care", For: 10 * time.Minute})
	h.now = h.now.Add(10*time.Minute - time.Microsecond)
	if _, err := h.ask(token); err != nil {
		t.Errorf("before its end: %v", err)
	}
	h.now = h.now.Add(time.Microsecond)
	h.refused(token, caller.BadTimes)
	h.now, h.unsure = h.now.Add(-time.Minute), true
	h.refused(token, caller.ClockUnsure)
}

func TestK2_WhatIsNotGivenOut(t *testing.T) {
	h := newHouse(t)
	h.dir.persons["gone"] = &people.Person{ID: "gone"}
	for _, tt := range []struct {
		name string
		want tokens.Want
		err  error
	}{
		{"to nobody", tokens.Want{Person: "nobody", For: time.Minute}, tokens.ErrGone},
		{"to somebody who left", tokens.Want{Person: "gone", For: time.Minute}, tokens.ErrGone},
		{"for a task of another", tokens.Want{Person: "alice", Task: "work-denial", For: time.Minute}, tokens.ErrTask},
		{"for more than an hour", tokens.Want{Person: "alice", For: 61 * time.Minute, Client: tokens.Console}, tokens.ErrLong},
		{"to the command line for more than eight", tokens.Want{Person: "alice", For: 481 * time.Minute, Client: tokens.CLI}, tokens.ErrLong},
		{"for no time", tokens.Want{Person: "alice"}, tokens.ErrLong},
		{"in a session that ended", tokens.Want{Person: "alice", For: time.Minute, Session: "over"}, tokens.ErrGone},
	} {
		h.ended["over"] = true
		if _, _, err := h.Issue(t.Context(), tt.want); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	h.unsure = true
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); !errors.Is(err, tokens.ErrUnsure) {
		t.Errorf("while the time is not certain: %v", err)
	}
	if n := h.acts("token-issued"); n != 0 {
		t.Errorf("%d were given out", n)
	}
}

func TestNobodyHoldsTokensWithoutBound(t *testing.T) {
	h := newHouse(t)
	for range 32 {
		h.issue(tokens.Want{Person: "alice"})
	}
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); !errors.Is(err, tokens.ErrMany) {
		t.Errorf("got %v", err)
	}
	h.now = h.now.Add(time.Hour)
	h.issue(tokens.Want{Person: "alice"})
	if open, _ := h.shelf.Pages(t.Context(), "token"); len(open) != 1 {
		t.Errorf("%d pages are open, though one token is live", len(open))
	}
}

func TestATokenOfNoTaskOpensNoRecord(t *testing.T) {
	h := newHouse(t)
	c, err := h.ask(h.issue(tokens.Want{Person: "alice"}))
	if err != nil || c.Task != caller.NoTask {
		t.Errorf("got %+v, %v", c, err)
	}
}
