package signin_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book/booktest"
	"modicum/internal/notice"
	"modicum/internal/people"
)

// lock tries a name in vain until the next try would wait at least a quarter of an hour.
func (s *site) lock(name, at string) {
	s.t.Helper()
	for range 10 {
		if got := s.guess(name, at); got != http.StatusForbidden {
			s.t.Fatalf("a try at %s before the lock: %d", at, got)
		}
		s.pass(20 * time.Second)
	}
	if got := s.guess(name, at); got != http.StatusTooManyRequests {
		s.t.Fatalf("%s is not locked at %s after ten: %d", name, at, got)
	}
}

// TestNobodyKeepsSomebodyElseOut: who fails in somebody's name waits where they sit.
func TestNobodyKeepsSomebodyElseOut(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	spare := codesOf(t, s, "alice")
	signIn := func(b *browser) string {
		s.pass(time.Minute) // a code is good once
		now, _ := s.now()
		b.cookie = ""
		b.signIn("alice", p.phrase, p.code(t, now))
		return b.who()
	}
	hers := &browser{s: s}
	if signIn(hers) != "alice" || hers.device == "" {
		t.Fatal("she cannot sign in, or her browser is not known afterwards")
	}
	s.lock("alice", "")
	s.start()
	if got := signIn(hers); got != "alice" {
		t.Error("a browser at which she signed in waits for what others failed at beside it")
	}
	if got := signIn(&browser{s: s, at: "198.51.100.7"}); got != "alice" {
		t.Error("another address waits for what somebody failed at at the first")
	}
	if got := signIn(&browser{s: s}); got != "" {
		t.Error("where somebody failed ten times nobody waits")
	}
	recovers := func(code string) int {
		res, _ := (&browser{s: s}).post("/sign-in/recover", url.Values{"name": {"alice"}, "code": {code}})
		return res.StatusCode
	}
	if got := recovers("abcd"); got != http.StatusTooManyRequests {
		t.Errorf("a wrong recovery code does not wait: %d", got)
	}
	if got := recovers(spare[0]); got != http.StatusOK {
		t.Errorf("a good one waits: %d", got)
	}
}

// TestADeviceIsKnownForWhoSignedInAtIt: nobody gets further tries in another's name by
// signing in as themselves, and a device's own wrong tries count.
func TestADeviceIsKnownForWhoSignedInAtIt(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	bob := withCodes(t, s, "bob")
	his := &browser{s: s}
	s.pass(time.Minute)
	now, _ := s.now()
	if his.signIn("bob", bob.phrase, bob.code(t, now)); his.who() != "bob" {
		t.Fatal("he cannot sign in")
	}
	s.lock("alice", "")
	if res, _ := his.signIn("alice", wrongPhrase, "000000"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("his device is known for her: %d", res.StatusCode)
	}
	for range 10 {
		his.signIn("bob", wrongPhrase, "000000")
		s.pass(20 * time.Second)
	}
	if res, _ := his.signIn("bob", wrongPhrase, "000000"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("at his own device nobody waits who guesses: %d", res.StatusCode)
	}
	other := &browser{s: s, device: his.device[:len(his.device)-4] + "AAAA"}
	if res, _ := other.signIn("alice", wrongPhrase, "000000"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a device that nobody gave out is known: %d", res.StatusCode)
	}
	s.pass(91 * 24 * time.Hour)
	s.lock("bob", "")
	if res, _ := his.signIn("bob", wrongPhrase, "000000"); res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a device is known for ever: %d", res.StatusCode)
	}
}

// TestTwoWhoShareADeviceAreBothKnownAtIt: as at the desk of a ward.
func TestTwoWhoShareADeviceAreBothKnownAtIt(t *testing.T) {
	s := newSite(t)
	desk := &browser{s: s}
	for _, person := range []string{"alice", "bob"} {
		p := withCodes(t, s, person)
		desk.cookie = ""
		now, _ := s.now()
		if desk.signIn(person, p.phrase, p.code(t, now)); desk.who() != person {
			t.Fatalf("%s cannot sign in", person)
		}
	}
	for _, person := range []string{"alice", "bob"} {
		s.lock(person, "")
		if res, _ := desk.signIn(person, wrongPhrase, "000000"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s waits at it: %d", person, res.StatusCode)
		}
	}
}

// TestAWaitGrowsToAnHour: twice as long after each wrong try, and never longer.
func TestAWaitGrowsToAnHour(t *testing.T) {
	s := newSite(t)
	s.lock("alice", "")
	s.pass(15 * time.Minute)
	for _, next := range []time.Duration{30 * time.Minute, time.Hour, time.Hour, time.Hour} {
		if got := s.guesses("alice", 1); got[0] != http.StatusForbidden { // and a minute passes
			t.Fatalf("when the wait is over: %v", got)
		}
		s.pass(next - 2*time.Minute)
		if got := s.guesses("alice", 1); got[0] != http.StatusTooManyRequests {
			t.Errorf("a minute before %v are over: %v", next, got)
		}
	}
}

// TestManyPlacesTogetherWait: guesses that come from everywhere are slowed by the name;
// the person goes on at the device that is known.
func TestManyPlacesTogetherWait(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	hers := &browser{s: s}
	now, _ := s.now()
	hers.signIn("alice", p.phrase, p.code(t, now))
	guess := func(n int) int { return s.guess("alice", fmt.Sprintf("198.51.100.%d", n)) }
	for n := range 101 {
		if got := guess(n); got != http.StatusForbidden {
			t.Fatalf("try %d: %d", n, got)
		}
	}
	if got := guess(102); got != http.StatusTooManyRequests {
		t.Errorf("after a hundred from everywhere: %d", got)
	}
	kept := len(s.shelf.Entries())
	form := url.Values{"name": {"alice"}, "code": {"abcd"}}
	if res, page := (&browser{s: s, at: "198.51.100.104"}).post("/sign-in/recover", form); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(page, "many are trying in this name") || len(s.shelf.Entries()) != kept+1 {
		t.Errorf("a wrong recovery code among them: %d, %d on record", res.StatusCode, len(s.shelf.Entries())-kept)
	}
	s.start()
	if got := guess(103); got != http.StatusTooManyRequests {
		t.Errorf("after a restart: %d", got)
	}
	for n := range 12 {
		s.pass(15 * time.Minute)
		if got := guess(110 + n); got != http.StatusForbidden {
			t.Errorf("it waits longer than a quarter of an hour: %d", got)
		}
	}
	hers.cookie = ""
	now, _ = s.now()
	if hers.signIn("alice", p.phrase, p.code(t, now)); hers.who() != "alice" {
		t.Error("she is kept out at her own device")
	}
	s.pass(time.Minute)
	if got := guess(130); got != http.StatusTooManyRequests {
		t.Fatalf("a minute later nothing waits: %d", got)
	}
	now, _ = s.now()
	anew := &browser{s: s, at: "198.51.100.200"}
	if anew.signIn("alice", p.phrase, p.code(t, now)); anew.who() != "alice" {
		t.Error("what is right waits in a new browser for what others failed at elsewhere")
	}
}

// TestWhoIsGuessedAtIsToldOnceADay, also when the wrong tries come from many places.
func TestWhoIsGuessedAtIsToldOnceADay(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	for day := range 2 {
		for n := range 40 {
			s.guess("alice", fmt.Sprintf("198.51.100.%d", n))
			if n == 20 {
				s.start()
			}
		}
		want := slices.Sorted(slices.Values(slices.Repeat([]string{"alice", "olga"}, day+1)))
		if got := s.told.who(notice.SignInLocked); !slices.Equal(got, want) {
			t.Errorf("day %d, told: %v", day, got)
		}
		s.pass(25 * time.Hour)
	}
}

// TestASpellingIsNoOtherName: the directory finds somebody by letters of another form too,
// and they count together: where the person is known, anywhere else, and where nobody has
// the name. Who is guessed at so is told once.
func TestASpellingIsNoOtherName(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	hers := &browser{s: s}
	now, _ := s.now()
	if hers.signIn("ａＬＩＣＥ", p.phrase, p.code(t, now)); hers.who() != "alice" {
		t.Fatal("the directory does not find her by another spelling")
	}
	for place, b := range map[string]*browser{"her own": hers, "another": {s: s, at: "198.51.100.7"}} {
		for _, name := range []string{"alice", "nobody"} {
			var statuses []int
			for i := range 4 {
				for _, spelled := range []string{name[:i] + wide(name[i]) + name[i+1:], name[:i] + strings.ToUpper(name[i:])} {
					res, _ := b.signIn(spelled, wrongPhrase, "000000")
					statuses = append(statuses, res.StatusCode)
				}
			}
			if want := []int{403, 403, 403, 403, 403, 429, 429, 429}; !slices.Equal(statuses, want) {
				t.Errorf("%s at %s device: %v", name, place, statuses)
			}
		}
	}
	for n := range 12 {
		s.guess("alice"[:n%5]+wide("alice"[n%5])+"alice"[n%5+1:], fmt.Sprintf("203.0.113.%d", n))
	}
	if got := s.told.who(notice.SignInLocked); !slices.Equal(got, []string{"alice", "olga"}) {
		t.Errorf("told: %v", got)
	}
}

// wide is a letter in the form in which it stands beside signs of Chinese.
func wide(letter byte) string { return string(rune(letter) + '\uff41' - 'a') }

// TestWhoIsGuessedAtIsToldAlthough: she signed in herself at the tenth try, or the shelf
// did not keep that she was told.
func TestWhoIsGuessedAtIsToldAlthough(t *testing.T) {
	for name, tenth := range map[string]func(s *site, p pair){
		"she signed in at the tenth try": func(s *site, p pair) {
			now, _ := s.now()
			hers := &browser{s: s, at: "203.0.113.7"}
			if hers.signIn("alice", p.phrase, p.code(s.t, now)); hers.who() != "alice" {
				s.t.Fatal("she cannot sign in")
			}
		},
		"the tenth try was not kept": func(s *site, _ pair) {
			s.shelf.Next = func() booktest.Fault { return booktest.Refuses }
			s.guess("alice", "203.0.113.7")
			s.shelf.Next = nil
			s.told.all = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := withCodes(t, s, "alice")
			s.told.all = nil
			for n := range 9 {
				s.guess("alice", fmt.Sprintf("198.51.100.%d", n))
			}
			tenth(s, p)
			s.guess("alice", "198.51.100.9")
			if got := s.told.who(notice.SignInLocked); !slices.Equal(got, []string{"alice", "olga"}) {
				t.Errorf("told: %v", got)
			}
		})
	}
}

// TestNobodyIsToldOfWhatNeighboursMistyped: a whole hospital may sit behind one address.
func TestNobodyIsToldOfWhatNeighboursMistyped(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	for n := range 12 {
		s.guess(fmt.Sprint("neighbour-", n), "")
	}
	if got := s.guess("alice", ""); got != http.StatusForbidden {
		t.Fatalf("she waits: %d", got)
	}
	if got := s.told.who(notice.SignInLocked); len(got) > 0 {
		t.Errorf("told: %v", got)
	}
}

// TestADeviceForgetsWhoWasThereLongestAgo: its cookie holds sixteen people.
func TestADeviceForgetsWhoWasThereLongestAgo(t *testing.T) {
	s := newSite(t)
	desk := &browser{s: s}
	for n := range 17 {
		id := fmt.Sprint("nurse-", n)
		s.staff.set(&people.Person{ID: id, UserName: id, Name: id, Active: true, From: people.Local})
		desk.do("POST", "/begin/"+id)
		s.pass(time.Minute)
	}
	for id, want := range map[string]int{"nurse-0": http.StatusTooManyRequests, "nurse-1": http.StatusForbidden} {
		s.lock(id, "")
		if res, _ := desk.signIn(id, wrongPhrase, "000000"); res.StatusCode != want {
			t.Errorf("%s, at the desk: %d", id, res.StatusCode)
		}
	}
}
