package signin_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/ledger"
)

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func signedIn(t *testing.T, s *site, person string) *browser {
	t.Helper()
	b := &browser{s: s}
	if res := b.do("POST", "/begin/"+person); res.StatusCode != http.StatusOK {
		t.Fatalf("begin: %s", body(t, res))
	}
	if got := b.who(); got != person {
		t.Fatalf("signed in as %q", got)
	}
	return b
}

func TestASessionEndsWhenItIsIdleAndWhenItIsTooLong(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	for range 10 { // at work: a request every 20 minutes
		s.pass(20 * time.Minute)
		if b.who() != "alice" {
			t.Fatal("it ended under the hands of somebody at work")
		}
	}
	s.pass(29*time.Minute + 59*time.Second)
	if b.who() != "alice" {
		t.Error("it ended before the idle time was over")
	}
	s.pass(30 * time.Minute)
	if got := b.who(); got != "" {
		t.Errorf("after 30 minutes without a request it is still that of %s", got)
	}
	b = signedIn(t, s, "alice")
	for range 12*3 - 1 {
		s.pass(20 * time.Minute)
		b.who()
	}
	if s.pass(19 * time.Minute); b.who() != "alice" {
		t.Error("it ended before the twelve hours")
	}
	if s.pass(time.Minute); b.who() != "" {
		t.Error("after twelve hours it goes on")
	}
}

// A clock that is put back prolongs no session: times with a monotonic reading go on.
func TestAClockThatIsPutBackProlongsNothing(t *testing.T) {
	s := newSite(t)
	s.at = time.Now() // with a monotonic reading
	b := signedIn(t, s, "alice")
	s.pass(31 * time.Minute)
	mono := s.at
	s.mu.Lock()
	s.at = time.Now().Add(-time.Hour) // the wall went back, and so does this reading
	s.mu.Unlock()
	_ = mono
	if b.who() != "alice" { // nothing passed by either clock
		t.Error("a step back alone ends nothing")
	}
	s.mu.Lock()
	s.at = mono.Round(0) // the wall says that the time is over
	s.mu.Unlock()
	if b.who() != "" {
		t.Error("the wall's clock is not asked")
	}
}

func TestG6_WhoIsMadeInactiveLosesEverySessionInThatChange(t *testing.T) {
	s := newSite(t)
	first, second, other := signedIn(t, s, "alice"), signedIn(t, s, "alice"), signedIn(t, s, "bob")
	before := len(s.shelf.Entries())
	err := s.desk.Change(t.Context(), func(c *book.Change) error {
		s.svc.EndAll(c, "alice", signin.Deactivated)
		id, err := newID()
		c.Record(&ledger.Act{Act: "person-deactivated", At: s.at.UnixMicro(), ID: id, Who: "olga", Behalf: "alice"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The directory's word is not asked here: the sessions themselves are gone.
	if n := len(s.shelf.Entries()) - before; n != 1 {
		t.Errorf("%d entries for one change", n)
	}
	if first.who() != "" || second.who() != "" || len(s.svc.Sessions("alice")) != 0 {
		t.Error("a session outlives its person")
	}
	if other.who() != "bob" {
		t.Error("somebody else was signed out")
	}
}

func TestG6_TheDirectorysWordCountsAtEachRequest(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	s.staff.leave("alice")
	if got := b.who(); got != "" {
		t.Errorf("%s left and is still signed in", got)
	}
	if res := (&browser{s: s}).do("POST", "/begin/alice"); res.StatusCode != http.StatusForbidden {
		t.Errorf("somebody who left signs in: %d", res.StatusCode)
	}
}

func TestC1_SigningInGivesANewTokenAndEndsTheOldOne(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	planted := b.cookie
	b.do("POST", "/begin/bob")
	if b.cookie == planted {
		t.Fatal("the token that was there before goes on")
	}
	if got := (&browser{s: s, cookie: planted}).who(); got != "" {
		t.Errorf("the old token still opens a session of %s", got)
	}
	// A token that nobody gave out is none, and is not taken over.
	b = &browser{s: s, cookie: strings.Repeat("A", 43)}
	b.do("POST", "/begin/alice")
	if b.cookie == strings.Repeat("A", 43) || (&browser{s: s, cookie: strings.Repeat("A", 43)}).who() != "" {
		t.Error("a planted token was taken over")
	}
}

func TestC1_AProofGivesANewTokenAndTheOldOneOpensNothing(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	id := s.svc.Sessions("alice")[0].ID
	old := b.cookie
	if res := b.do("POST", "/proof/bob"); res.StatusCode != http.StatusForbidden || b.cookie != old {
		t.Error("a session took somebody else's proof")
	}
	b.do("POST", "/proof/alice")
	if b.cookie == old || (&browser{s: s, cookie: old}).who() != "" {
		t.Error("the token from before the proof still opens the session")
	}
	if all := s.svc.Sessions("alice"); len(all) != 1 || all[0].ID != id {
		t.Error("a proof made another session")
	}
	if got := s.last(); got.Act != "proved-again" || got.Who != "alice" || got.What[0] != id {
		t.Errorf("on record: %+v", got)
	}
}

func TestC1_AProofAges(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	if b.do("POST", "/change"); s.changed() != 1 {
		t.Fatal("who has just signed in must prove it again")
	}
	s.pass(5 * time.Minute)
	res := b.do("POST", "/change")
	if s.changed() != 1 || res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/sign-in/prove" {
		t.Errorf("five minutes later: %d, %s, %d changes", res.StatusCode, res.Header.Get("Location"), s.changed())
	}
	b.do("POST", "/proof/alice")
	if b.do("POST", "/change"); s.changed() != 2 {
		t.Error("a new proof does not count")
	}
	s.uncertain()
	if b.do("POST", "/change"); s.changed() != 2 {
		t.Error("an old proof counts though nobody knows the time")
	}
	if res := b.do("POST", "/proof/alice"); res.StatusCode != http.StatusForbidden {
		t.Error("a proof is taken though nobody knows the time")
	}
}

func TestC1_NothingIsChangedThatAnotherSiteSent(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	own := s.web.URL
	for _, tt := range []struct {
		name    string
		method  string
		header  []string
		changes bool
	}{
		{"a form of ours", "POST", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"a form of ours, whose origin is not told", "POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, true},
		{"a form of ours in an old browser", "POST", []string{"Origin", own}, true},
		{"a form of another site", "POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		{"a form of a sister site", "POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://other.hospital.example"}, false},
		{"a form of another site in an old browser", "POST", []string{"Origin", "https://evil.example"}, false},
		{"a page without an origin", "POST", []string{"Origin", "null"}, false},
		{"our origin on another port", "POST", []string{"Origin", "http://127.0.0.1:1"}, false},
		{"neither is told", "POST", []string{"Accept", "*/*"}, false},
		{"two origins", "POST", []string{"Origin", own, "Origin", "https://evil.example"}, false},
		{"two fetch sites", "POST", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"}, false},
		{"a look", "GET", []string{"Sec-Fetch-Site", "same-origin"}, false},
		{"a look that calls itself a post", "GET", []string{"Sec-Fetch-Site", "same-origin", "X-HTTP-Method-Override", "POST", "X-Method-Override", "POST"}, false},
		{"another method", "PUT", []string{"Sec-Fetch-Site", "same-origin"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := s.changed()
			for _, path := range []string{"/change", "/change?_method=POST"} {
				b.do(tt.method, path, tt.header...)
			}
			if got := s.changed() > before; got != tt.changes {
				t.Errorf("changed: %t", got)
			}
		})
	}
	// Signing somebody in from elsewhere (as the attacker) is refused alike, without a cookie.
	if res := (&browser{s: s}).do("POST", "/sign-in/passkey", "Accept", "*/*"); res.StatusCode != http.StatusForbidden {
		t.Errorf("sign-in from nowhere: %d", res.StatusCode)
	}
}

func TestC1_TwoCookiesAreNone(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	b.cookie = "x; modicum=" + b.cookie
	if got := b.who(); got != "" {
		t.Errorf("of two cookies one was chosen: %s", got)
	}
}

func TestWhoMayEndASession(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		by   string
		ends bool
	}{{"alice", true}, {"bob", false}, {"olga", true}} {
		b := signedIn(t, s, "alice")
		id := s.svc.Sessions("alice")[0].ID
		err := s.svc.End(t.Context(), people.Actor{ID: tt.by}, id)
		if ended := b.who() == ""; ended != tt.ends || (err == nil) != tt.ends {
			t.Errorf("by %s: ended %t, %v", tt.by, ended, err)
		}
		if act := s.last(); !tt.ends && (act.Act != "session-end-refused" || act.Who != tt.by || act.Behalf != "") {
			t.Errorf("the refusal is recorded as %+v", act)
		}
		if !tt.ends {
			b.do("POST", "/begin/alice")
		}
	}
	if err := s.svc.End(t.Context(), people.Actor{ID: "bob"}, "no-such"); err == nil {
		t.Error("a session that is not there was ended")
	}
}

func TestWhatTheIssuerEndsIsEnded(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	if n, err := s.svc.EndBy(t.Context(), "https://id.example", "s1", ""); n != 0 || err != nil {
		t.Errorf("an unknown session: %d, %v", n, err)
	}
	if n, err := s.svc.EndBy(t.Context(), "https://id.example", "", ""); n != 0 || err != nil {
		t.Errorf("a log-out of nobody: %d, %v", n, err)
	}
	if n, err := s.svc.EndBy(t.Context(), "", "", "alice"); n != 1 || err != nil || b.who() != "" {
		t.Errorf("of a person: %d, %v", n, err)
	}
}

func TestAfterARestartOnlyWhoWasSeenLatelyGoesOn(t *testing.T) {
	s := newSite(t)
	idle, busy := signedIn(t, s, "alice"), signedIn(t, s, "bob")
	s.pass(25 * time.Minute)
	busy.who()
	s.pass(10 * time.Minute)
	if err := s.svc.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.start()
	if idle.who() != "" || busy.who() != "bob" {
		t.Errorf("after an orderly stop: idle %q, busy %q", idle.who(), busy.who())
	}
	s.pass(25 * time.Minute)
	busy.who()
	s.pass(10 * time.Minute)
	s.start() // it fell: nobody wrote down who was seen
	if got := busy.who(); got != "" {
		t.Errorf("after a fall it goes on for %s, unseen", got)
	}
	if !slices.Contains(s.acts(), "sessions-kept") {
		t.Error("it was kept without an entry")
	}
}

func TestWhileNobodyKnowsWhatWasKeptNobodyIsSignedIn(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	id := s.svc.Sessions("alice")[0].ID
	fault := booktest.KeptBlind
	s.shelf.Next = func() booktest.Fault { return fault }
	if err := s.svc.End(t.Context(), people.Actor{ID: "olga"}, id); err == nil {
		t.Fatal("it says that it ended")
	}
	if s.svc.Live(id) {
		t.Error("it counts as live though it may have ended")
	}
	fault = booktest.None
	if got := b.who(); got != "" {
		t.Errorf("the end was kept, and %s is signed in", got)
	}
}

func TestK1_TheShelfHoldsNoToken(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	tokens := []string{b.cookie}
	b.do("POST", "/proof/alice")
	tokens = append(tokens, b.cookie)
	s.noSecrets(tokens...)
}

func TestRequireLeadsToTheSignIn(t *testing.T) {
	s := newSite(t)
	h := s.svc.Wrap(s.svc.Require(http.NotFoundHandler()))
	for path, want := range map[string]string{"/inbox?q=x": "/sign-in?to=%2Finbox", "/": "/sign-in"} {
		w := record(h, "GET", path)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}
