package tokens_test

import (
	"cmp"
	"net/url"
	"slices"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/tokens"
	"modicum/ledger"
)

// TestATokenThatEndsWhileItIsShownIsForgotten: its last use would lie in memory for ever.
func TestATokenThatEndsWhileItIsShownIsForgotten(t *testing.T) {
	h := newHouse(t)
	secret, token, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Hour, Client: tokens.Console})
	if err != nil {
		t.Fatal(err)
	}
	h.dir.asked = func() {
		h.dir.asked = nil
		if err := h.Revoke(t.Context(), "olga", token.ID); err != nil {
			t.Error(err)
		}
	}
	h.ask(secret)
	if h.LastUse(token.ID) != 0 {
		t.Error("what is kept of an ended token stays")
	}
}

func TestG3_AnEndedTokenIsRefusedAtTheNextRequest(t *testing.T) {
	h := newHouse(t)
	mine := func(session string) string {
		return h.issue(tokens.Want{Person: "alice", Session: session, Task: "give-care"})
	}
	first, second, third := mine("s1"), mine("s2"), mine("s2")
	for _, x := range h.Tokens("alice") {
		if x.Session == "s1" {
			if err := h.Revoke(t.Context(), "alice", x.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.refused(first, caller.Revoked)
	if status, _ := h.post("/oauth/revoke", url.Values{"token": {second}}); status != 200 {
		t.Errorf("revocation: %d", status)
	}
	h.refused(second, caller.Revoked)
	err := h.desk.Change(t.Context(), func(c *book.Change) error {
		if n := h.EndSession(c, "s2"); n != 1 {
			t.Errorf("%d ended with the session", n)
		}
		c.Record(&ledger.Act{Act: "signed-out", At: h.now.UnixMicro(), ID: "01999999-0000-7000-8000-000000000000", Who: "alice"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.refused(third, caller.Revoked)
	if len(h.over) != 3 {
		t.Errorf("what is under way with %d of three tokens ends", len(h.over))
	}
	h.restart()
	for _, token := range []string{first, second, third} {
		h.refused(token, caller.Revoked)
	}
}

func TestG6_WhoeverLeftIsRefusedAtTheNextRequestWhoeverMadeTheToken(t *testing.T) {
	h := newHouse(t)
	ours := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	program := h.programToken("claims")
	h.issuer.known = map[string]*caller.Caller{
		"alice": {ID: "alice", Roles: []string{"physician"}}, "stranger": {ID: "stranger", Roles: []string{"physician"}},
		"claims":    {ID: "claims", Client: "claims", Program: true, Roles: []string{"clearinghouse"}},
		"delegated": {ID: "stranger", Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	all := []string{ours, program, "alice", "claims", "delegated"}
	for _, token := range append(all, "stranger") {
		if _, err := h.ask(token); err != nil {
			t.Errorf("while they are there: %v", err)
		}
	}
	for _, id := range []string{"alice", "olga"} {
		left := *h.dir.persons[id]
		left.Active = false
		h.dir.persons[id] = &left
	}
	for _, token := range all {
		h.refused(token, caller.Gone)
	}
	if _, err := h.ask("stranger"); err != nil {
		t.Errorf("whom the directory does not know: %v", err)
	}
}

// TestG3_WhatACallerRestsOnIsSaid: the turn before anything was asked, the token, the end of
// the first role that is held for a while.
func TestG3_WhatACallerRestsOnIsSaid(t *testing.T) {
	h := newHouse(t)
	soon := h.now.Add(5 * time.Minute)
	h.dir.persons["alice"].Roles[0].Until = soon.UnixMicro()
	c, err := h.ask(h.issue(tokens.Want{Person: "alice", Task: "give-care"}))
	if err != nil || c.AsOf != h.turn || len(c.Tokens) != 1 || !c.Until.Equal(soon) || !c.Expires.After(soon) {
		t.Errorf("by our token: %+v, %v", c, err)
	}
	h.issuer.known = map[string]*caller.Caller{"alice": {ID: "alice", Roles: []string{"nurse"}}, "zoe": {ID: "zoe"}}
	for _, who := range []string{"alice", "zoe"} {
		if c, err = h.ask(who); err != nil || c.AsOf != h.turn || c.Until.Equal(soon) != (who == "alice") {
			t.Errorf("%s by their issuer's: %+v, %v", who, c, err)
		}
		if h.issuer.known[who].AsOf != 0 {
			t.Error("the issuer's caller, which is shared, was changed")
		}
	}
}

func TestD11_NothingIsAnsweredFromBooksThatMayNotBeWhatWasKept(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	fault := booktest.Lost
	h.shelf.Next = func() booktest.Fault { return fault }
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); err == nil {
		t.Fatal("a token that may not be kept was given out")
	}
	if h.desk.Certain() {
		t.Fatal("the desk is certain")
	}
	if _, err := h.ask(token); err != nil || !h.desk.Certain() {
		t.Errorf("after reading again: %v", err)
	}
}

// TestTokensHaveOneOrder: those of one moment too, so that a page stays as it was.
func TestTokensHaveOneOrder(t *testing.T) {
	h := newHouse(t)
	for n := range 12 {
		if n%3 == 0 {
			h.now = h.now.Add(time.Second)
		}
		h.issue(tokens.Want{Person: "alice"})
	}
	first := h.Tokens("alice")
	for range 20 {
		if !slices.Equal(h.Tokens("alice"), first) {
			t.Fatal("another order than before")
		}
	}
	if !slices.IsSortedFunc(first, func(a, b *tokens.Token) int { return cmp.Compare(b.Issued, a.Issued) }) || first[0].Issued == first[11].Issued {
		t.Error("not the newest first")
	}
}
