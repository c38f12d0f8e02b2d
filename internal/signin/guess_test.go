package signin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/notice"
)

func TestWhoGuessesWaitsAndIsTold(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	for _, name := range []string{"alice", "nobody-here"} {
		var statuses []int
		for range 6 {
			statuses = append(statuses, s.guess(name, ""))
		}
		if want := []int{403, 403, 403, 403, 403, 429}; !slices.Equal(statuses, want) {
			t.Errorf("%s: %v", name, statuses)
		}
		for range 5 { // one second, two, four, ...
			s.pass(20 * time.Second)
			s.guess(name, "")
		}
		now, _ := s.now()
		if res, page := (&browser{s: s}).signIn(name, p.phrase, p.code(t, now)); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(page, "15 minutes") {
			t.Errorf("%s is not locked after ten: %d", name, res.StatusCode)
		}
	}
	if got := s.told.who(notice.SignInLocked); !slices.Equal(got, []string{"alice", "olga"}) {
		t.Errorf("told: %v", got)
	}
	s.pass(lockTime)
	now, _ := s.now()
	b := &browser{s: s}
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
		t.Error("a quarter of an hour later it is still locked")
	}
}

// TestWrongTriesAreForgottenOneAnHour: who mistypes three times a day never waits; who
// guesses every fifty minutes is locked out after ten, and is told of.
func TestWrongTriesAreForgottenOneAnHour(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	for day := range 5 {
		for range 3 {
			if got := s.guess("alice", ""); got != http.StatusForbidden {
				t.Fatalf("day %d: %d", day, got)
			}
		}
		s.pass(24 * time.Hour)
	}
	for n := range 10 {
		if got := s.guess("alice", ""); got != http.StatusForbidden {
			t.Fatalf("slow guess %d: %d", n, got)
		}
		if n < 9 {
			s.pass(50 * time.Minute)
		}
	}
	if got := s.guess("alice", ""); got != http.StatusTooManyRequests || len(s.told.who(notice.SignInLocked)) == 0 {
		t.Errorf("after ten slow guesses: %d, told %v", got, s.told.who(notice.SignInLocked))
	}
}

const lockTime = 15 * time.Minute

func TestAThousandGuessesAtOnceAreNoBetterThanAFew(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	var mu sync.Mutex
	judged := 0
	var wait sync.WaitGroup
	for range 30 {
		wait.Go(func() {
			status := s.guess("alice", "")
			mu.Lock()
			defer mu.Unlock()
			if status != http.StatusTooManyRequests {
				judged++
			}
		})
	}
	wait.Wait()
	if judged > 5 {
		t.Errorf("%d of 30 were judged", judged)
	}
}

func TestAnswersDoNotTellWhoIsThere(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	withCodes(t, s, "gone")
	s.staff.leave("gone")
	answers := func(name string) (out string) {
		for _, form := range []url.Values{
			{"name": {name}, "phrase": {wrongPhrase}, "code": {"123456"}},
			{"name": {name}, "phrase": {""}, "code": {""}},
		} {
			res, page := (&browser{s: s}).post("/sign-in/code", form)
			out += fmt.Sprint(res.StatusCode, res.Header["Content-Type"], strings.ReplaceAll(page, name, "NAME"))
		}
		res, page := (&browser{s: s}).post("/sign-in/recover", url.Values{"name": {name}, "code": {"abcd"}})
		return out + fmt.Sprint(res.StatusCode, strings.ReplaceAll(page, name, "NAME"))
	}
	want := answers("nobody-here")
	for _, name := range []string{"alice", "bob", "gone"} { // has codes, has none, has left
		before := len(s.shelf.Entries())
		if got := answers(name); got != want {
			t.Errorf("%s is answered otherwise than nobody:\n%s\n%s", name, got, want)
		}
		if n := len(s.shelf.Entries()) - before; n != 3 {
			t.Errorf("%s: %d refusals on record", name, n)
		}
	}
}
