package signin_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNoPasswordAloneAndNoCodeAlone(t *testing.T) {
	s := newSite(t)
	s.hash = nil // that of an installation
	s.start()
	p := withCodes(t, s, "alice")
	now, _ := s.now()
	right, wrong := p.code(t, now), p.code(t, now.Add(time.Hour))
	for _, tt := range []struct{ name, user, phrase, code string }{
		{"the passphrase alone", "alice", p.phrase, ""},
		{"the passphrase and another code", "alice", p.phrase, wrong},
		{"the code alone", "alice", "", right},
		{"the code and another passphrase", "alice", wrongPhrase, right},
		{"both of somebody else", "bob", p.phrase, right},
		{"both of nobody", "nobody-here", p.phrase, right},
	} {
		b := &browser{s: s}
		if res, _ := b.signIn(tt.user, tt.phrase, tt.code); res.StatusCode != http.StatusForbidden || b.who() != "" {
			t.Errorf("%s: %d, signed in as %q", tt.name, res.StatusCode, b.who())
		}
		s.pass(0)
	}
	s.pass(time.Hour)
	now, _ = s.now()
	b := &browser{s: s}
	if res, _ := b.signIn("Alice", strings.ToUpper(strings.ReplaceAll(p.phrase, "-", " ")), p.code(t, now)); res.StatusCode != http.StatusSeeOther || b.who() != "alice" {
		t.Errorf("both, typed as people type: %d, %q", res.StatusCode, b.who())
	}
	if x := s.svc.Sessions("alice")[0]; !slices.Equal(x.How, []string{"pwd", "otp"}) {
		t.Errorf("how: %v", x.How)
	}
}

func TestACodeIsTakenOnce(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	now, _ := s.now()
	code := p.code(t, now)
	status := make([]int, 2)
	var wait sync.WaitGroup
	for i := range status {
		wait.Go(func() {
			res, _ := (&browser{s: s}).signIn("alice", p.phrase, code)
			status[i] = res.StatusCode
		})
	}
	wait.Wait()
	slices.Sort(status)
	if !slices.Equal(status, []int{http.StatusSeeOther, http.StatusForbidden}) {
		t.Errorf("two at once with one code: %v", status)
	}
	if res, _ := (&browser{s: s}).signIn("alice", p.phrase, p.code(t, now.Add(-30*time.Second))); res.StatusCode != http.StatusForbidden {
		t.Errorf("the code before: %d", res.StatusCode)
	}
	if res, _ := (&browser{s: s}).signIn("alice", p.phrase, p.code(t, now.Add(30*time.Second))); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the next code: %d", res.StatusCode)
	}
}
