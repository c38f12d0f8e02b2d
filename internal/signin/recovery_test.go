package signin_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/notice"
)

func codesOf(t *testing.T, s *site, person string) []string {
	t.Helper()
	codes, err := s.svc.MakeRecovery(t.Context(), person)
	if err != nil || len(codes) != 10 {
		t.Fatal(codes, err)
	}
	return codes
}

func TestARecoveryCodeIsTakenOnceAlsoByTwoAtOnce(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	old := codesOf(t, s, "alice")
	codes := codesOf(t, s, "alice")
	try := func(name, code string) int {
		b := &browser{s: s}
		res, _ := b.post("/sign-in/recover", url.Values{"name": {name}, "code": {code}})
		if got := b.who(); got != "" {
			t.Errorf("a recovery code signed %s in", got)
		}
		return res.StatusCode
	}
	status := make([]int, 4)
	var wait sync.WaitGroup
	for i := range status {
		wait.Go(func() { status[i] = try("alice", strings.ToUpper(codes[0])) })
	}
	wait.Wait()
	if slices.Sort(status); !slices.Equal(status, []int{200, 403, 403, 403}) {
		t.Errorf("four at once with one code: %v", status)
	}
	if got := try("alice", old[1]); got != http.StatusForbidden {
		t.Errorf("a code from before: %d", got)
	}
	s.pass(time.Hour)
	if got := try("bob", codes[1]); got != http.StatusForbidden {
		t.Errorf("somebody else's code: %d", got)
	}
	if got := s.svc.Ways("alice").Left(); got != 9 {
		t.Errorf("%d left", got)
	}
	if got := s.told.who(notice.CodeUsed); !slices.Equal(got, []string{"alice", "olga"}) {
		t.Errorf("told: %v", got)
	}
	if !slices.Contains(s.acts(), "recovery-code-used") {
		t.Error("it is not on record")
	}
}

func TestARecoveryCodeRegistersOnePasskey(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	b := &browser{s: s}
	_, page := b.post("/sign-in/recover", url.Values{"name": {"alice"}, "code": {codesOf(t, s, "alice")[0]}})
	ticket := between(t, page, `name="ticket" value="([^"]+)"`)
	if b.who() != "" {
		t.Fatal("the code alone signs in")
	}
	// Two beginnings from one code: only one of them ends well.
	_, one := b.post("/sign-in/enrol/code", url.Values{"ticket": {ticket}})
	_, two := b.post("/sign-in/enrol/code", url.Values{"ticket": {ticket}})
	now, _ := s.now()
	var status []int
	for _, page := range []string{one, two} {
		p, next := offered(t, page)
		res, _ := (&browser{s: s}).post("/sign-in/enrol/code/done", url.Values{"ticket": {next}, "phrase": {p.phrase}, "code": {p.code(t, now)}})
		status = append(status, res.StatusCode)
	}
	if !slices.Equal(status, []int{http.StatusSeeOther, http.StatusGone}) {
		t.Errorf("registered twice: %v", status)
	}
	if res, _ := b.post("/sign-in/enrol/code", url.Values{"ticket": {ticket}}); res.StatusCode != http.StatusGone {
		t.Errorf("and begun once more: %d", res.StatusCode)
	}
}
