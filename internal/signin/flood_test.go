package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// slowHash takes as long as a slow machine needs for a passphrase, once slow is set.
func slowHash(slow *bool) func(phrase, salt []byte) []byte {
	return func(phrase, salt []byte) []byte {
		if *slow {
			time.Sleep(50 * time.Millisecond) // of the test's own time
		}
		return quickHash(phrase, salt)
	}
}

// tryAt signs in by passphrase and code from an address, without a network between.
func (s *site) tryAt(h http.Handler, at, device, name, phrase, code string) int {
	form := url.Values{"name": {name}, "phrase": {phrase}, "code": {code}}
	r := httptest.NewRequest("POST", "/sign-in/code", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Test-From", at)
	if device != "" {
		r.AddCookie(&http.Cookie{Name: "modicum-device", Value: device})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// TestAFloodOfWrongNamesKeepsNobodyWaiting: hashes are slow and few are made at once, so
// that whoever floods from one address, or from many, must not take every turn.
func TestAFloodOfWrongNamesKeepsNobodyWaiting(t *testing.T) {
	for name, tt := range map[string]struct {
		addresses, each int
		known           bool // she sits at a browser that knows her
		within          time.Duration
	}{
		"from one address":                           {1, 38, false, 200 * time.Millisecond},
		"from forty addresses":                       {40, 2, false, 3 * time.Second},
		"from everywhere, at a browser that is hers": {400, 2, true, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			slow := false
			s := newSite(t)
			s.hash = slowHash(&slow)
			s.start()
			p := withCodes(t, s, "alice")
			hers := &browser{s: s}
			now, _ := s.now()
			if hers.signIn("alice", p.phrase, p.code(t, now)); hers.who() != "alice" {
				t.Fatal("she cannot sign in")
			}
			s.pass(time.Minute)
			slow = true
			now, _ = s.now()
			code, device, h := p.code(t, now), "", s.handler()
			if tt.known {
				device = hers.device
			}
			synctest.Test(t, func(t *testing.T) {
				var flood sync.WaitGroup
				for n := range tt.addresses * tt.each {
					flood.Go(func() {
						s.tryAt(h, fmt.Sprintf("203.0.%d.%d", n%tt.addresses/200, n%tt.addresses%200), "", fmt.Sprintf("nobody-%d", n), wrongPhrase, "000000")
					})
				}
				synctest.Wait()
				began := time.Now()
				if got := s.tryAt(h, "198.51.100.7", device, "alice", p.phrase, code); got != http.StatusSeeOther {
					t.Errorf("she is answered %d", got)
				}
				if took := time.Since(began); took > tt.within {
					t.Errorf("she waits %v", took)
				}
				flood.Wait()
			})
		})
	}
}

// TestACodeIsNotGuessedFromEverywhere: who has somebody's passphrase tries codes from ever
// new addresses. Soon even the right one is answered as a wrong one is, which tells nobody
// that the passphrase is right; at a browser that knows the person it goes on.
func TestACodeIsNotGuessedFromEverywhere(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	hers := &browser{s: s}
	now, _ := s.now()
	hers.signIn("alice", p.phrase, p.code(t, now))
	try := func(n int, phrase, code string) (int, string) {
		res, page := (&browser{s: s, at: fmt.Sprintf("198.51.100.%d", n)}).signIn("alice", phrase, code)
		return res.StatusCode, page
	}
	for n := range 12 {
		s.pass(20 * time.Second)
		if got, _ := try(n, p.phrase, "000000"); got != http.StatusForbidden {
			t.Fatalf("try %d: %d", n, got)
		}
	}
	now, _ = s.now()
	got, page := try(20, p.phrase, p.code(t, now))
	if wrong, other := try(21, wrongPhrase, "000000"); got != wrong || page != other {
		t.Errorf("after twelve wrong codes the right one is answered %d, a wrong passphrase %d", got, wrong)
	}
	s.start()
	if got, _ := try(22, p.phrase, p.code(t, now)); got != http.StatusForbidden {
		t.Errorf("a restart opens it: %d", got)
	}
	hers.cookie = ""
	if hers.signIn("alice", p.phrase, p.code(t, now)); hers.who() != "alice" {
		t.Error("she is kept out where she is known")
	}
	s.pass(lockTime)
	now, _ = s.now()
	if got, _ := try(23, p.phrase, p.code(t, now)); got != http.StatusSeeOther {
		t.Errorf("a quarter of an hour later: %d", got)
	}
}

// TestWhoIsSentAwayUnjudgedIsNotCounted: who is told to try again in a moment does so, and is
// not made to wait for that.
func TestWhoIsSentAwayUnjudgedIsNotCounted(t *testing.T) {
	stuck := false
	s := newSite(t)
	s.hash = func(phrase, salt []byte) []byte {
		if stuck {
			time.Sleep(2 * time.Minute) // of the test's own time
		}
		return quickHash(phrase, salt)
	}
	s.start()
	p := withCodes(t, s, "alice")
	now, _ := s.now()
	code, h := p.code(t, now), s.handler()
	synctest.Test(t, func(t *testing.T) {
		stuck = true
		var others sync.WaitGroup
		for n := range 2 { // as many as are hashed at once
			others.Go(func() { s.tryAt(h, fmt.Sprintf("203.0.113.%d", n), "", "nobody", wrongPhrase, "000000") })
		}
		synctest.Wait()
		for n := range 12 {
			if got := s.tryAt(h, "198.51.100.7", "", "alice", p.phrase, code); got != http.StatusServiceUnavailable {
				t.Errorf("try %d is answered %d", n, got)
				break
			}
		}
		others.Wait()
		stuck = false
		if got := s.tryAt(h, "198.51.100.7", "", "alice", p.phrase, code); got != http.StatusSeeOther {
			t.Errorf("afterwards she is answered %d", got)
		}
	})
}
