package signin_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/book/booktest"
)

const wrongPhrase = "abcd-efgh-jkmn"

// guess tries a name in vain at an address, "" for this machine, in a browser that nobody
// knows.
func (s *site) guess(name, at string) (status int) {
	s.t.Helper()
	res, _ := (&browser{s: s, at: at}).signIn(name, wrongPhrase, "000000")
	return res.StatusCode
}

// guesses tries a name in vain so often, a minute apart, and lists what was answered.
func (s *site) guesses(name string, n int) (status []int) {
	s.t.Helper()
	for range n {
		status = append(status, s.guess(name, ""))
		s.pass(time.Minute)
	}
	return status
}

// TestWrongTriesOutliveARestart: of a name and of a network, and also of names that
// nobody has; each hour forgets one, whether or not a process was there.
func TestWrongTriesOutliveARestart(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	for _, name := range []string{"alice", "nobody-here"} {
		if got := s.guesses(name, 9); slices.Contains(got, http.StatusTooManyRequests) {
			t.Fatalf("%s: %v", name, got)
		}
		s.start()
		if got := s.guesses(name, 2); !slices.Equal(got, []int{http.StatusForbidden, http.StatusTooManyRequests}) {
			t.Errorf("%s, the tenth and eleventh after a restart: %v", name, got)
		}
		s.start()
		if got := s.guesses(name, 1); got[0] != http.StatusTooManyRequests {
			t.Errorf("%s: a restart opens what was locked: %v", name, got)
		}
	}
	s.pass(lockTime)
	s.start()
	now, _ := s.now()
	b := &browser{s: s}
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
		t.Error("a quarter of an hour later it is still locked")
	}
	s.start()
	if got := s.guesses("alice", 4); slices.Contains(got, http.StatusTooManyRequests) {
		t.Errorf("signing in forgot nothing: %v", got)
	}
	s.guesses("alice", 6)
	s.pass(8 * time.Hour)
	s.start()
	if got := s.guesses("alice", 2); slices.Contains(got, http.StatusTooManyRequests) {
		t.Errorf("hours without a try forgot nothing: %v", got)
	}
}

// TestManyOfOneNetworkWaitAfterARestart: its tries of different names add up.
func TestManyOfOneNetworkWaitAfterARestart(t *testing.T) {
	s := newSite(t)
	guess := func(n int) int { return s.guess("somebody-"+strconv.Itoa(n), "") }
	for n := range 41 {
		if got := guess(n); got != http.StatusForbidden {
			t.Fatalf("try %d: %d", n, got)
		}
	}
	s.start()
	if got := guess(41); got != http.StatusTooManyRequests {
		t.Errorf("a restart opens what waits: %d", got)
	}
}

// TestATryThatIsNotOnTheShelfIsNotAnswered: else a crash after it would be a try for
// nothing.
func TestATryThatIsNotOnTheShelfIsNotAnswered(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	s.shelf.Next = func() booktest.Fault { return booktest.Refuses }
	if got := s.guesses("alice", 1); got[0] == http.StatusForbidden {
		t.Errorf("answered: %v", got)
	}
}

// TestAClockThatWasPutBackLocksNobodyForLong: what was kept lies in its future.
func TestAClockThatWasPutBackLocksNobodyForLong(t *testing.T) {
	s := newSite(t)
	s.guesses("alice", 10)
	s.pass(-1000 * time.Hour)
	s.start()
	if got := s.guesses("alice", 1); got[0] != http.StatusTooManyRequests {
		t.Errorf("it opens at once: %v", got)
	}
	s.pass(lockTime)
	if got := s.guesses("alice", 1); got[0] != http.StatusForbidden {
		t.Errorf("it stays shut until a time that may never come: %v", got)
	}
}

// TestK1_WhatWasTypedIsNotAmongTheTries: who types a passphrase where the name belongs
// has it kept nowhere, neither in clear nor under a hash that anybody could try out.
func TestK1_WhatWasTypedIsNotAmongTheTries(t *testing.T) {
	s := newSite(t)
	s.guesses("kept-nowhere-7", 2)
	s.noSecrets("kept-nowhere-7")
	pages, err := s.shelf.Pages(t.Context(), "sign-in-tries")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		if strings.Contains(string(page.Body), "127.0.0") {
			t.Error("a network stands in clear")
		}
	}
}
