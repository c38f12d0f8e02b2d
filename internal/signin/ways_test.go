package signin_test

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"modicum/internal/book"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/ledger"
)

var olga = people.Actor{ID: "olga"}

// post sends a form as the page of ours does.
func (b *browser) post(path string, form url.Values) (*http.Response, string) {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), "POST", b.s.web.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res := b.send(req)
	return res, body(b.s.t, res)
}

// between finds what stands in a page.
func between(t *testing.T, page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no %s: %.1500s", pattern, page[strings.Index(page, "<main"):])
	}
	return html.UnescapeString(m[1])
}

// pair is a passphrase, and what makes codes.
type pair struct{ phrase, secret string }

func (p pair) code(t *testing.T, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(p.secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// byLink opens a link and gives the ticket that it leads to.
func (b *browser) byLink(link string) (ticket string, ok bool) {
	b.s.t.Helper()
	res, page := b.post("/sign-in/enrol", url.Values{"token": {link}})
	if res.StatusCode != http.StatusOK {
		return "", false
	}
	return between(b.s.t, page, `name="ticket" value="([^"]+)"`), true
}

// offered reads a page that shows passphrase and secret.
func offered(t *testing.T, page string) (p pair, ticket string) {
	t.Helper()
	shown := regexp.MustCompile(`<p class="once"><code>([^<]+)</code>`).FindAllStringSubmatch(page, -1)
	if len(shown) != 2 || !strings.Contains(page, `<svg class="qr"`) {
		t.Fatalf("not an offer: %s", page)
	}
	return pair{shown[0][1], strings.ReplaceAll(shown[1][1], "-", "")}, between(t, page, `name="ticket" value="([^"]+)"`)
}

// setUp registers passphrase and codes with a ticket.
func (b *browser) setUp(ticket string, names url.Values) (pair, *http.Response) {
	b.s.t.Helper()
	form := url.Values{"ticket": {ticket}}
	for k, v := range names {
		form[k] = v
	}
	_, page := b.post("/sign-in/enrol/code", form)
	p, next := offered(b.s.t, page)
	now, _ := b.s.now()
	res, _ := b.post("/sign-in/enrol/code/done", url.Values{"ticket": {next}, "phrase": {p.phrase}, "code": {p.code(b.s.t, now)}})
	return p, res
}

// withCodes is a person who signs in by passphrase and codes.
func withCodes(t *testing.T, s *site, person string) pair {
	t.Helper()
	link, _, err := s.svc.Invite(t.Context(), olga, person)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{s: s}
	ticket, ok := b.byLink(link)
	if !ok {
		t.Fatal("the link is not good")
	}
	p, res := b.setUp(ticket, nil)
	if res.StatusCode != http.StatusSeeOther || b.who() != person {
		t.Fatalf("registered: %d, signed in as %q", res.StatusCode, b.who())
	}
	s.pass(time.Minute)
	return p
}

func (b *browser) signIn(name, phrase, code string) (*http.Response, string) {
	b.s.t.Helper()
	return b.post("/sign-in/code", url.Values{"name": {name}, "phrase": {phrase}, "code": {code}})
}

func TestNoPasswordAloneAndNoCodeAlone(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	now, _ := s.now()
	right, wrong := p.code(t, now), p.code(t, now.Add(time.Hour))
	for _, tt := range []struct{ name, user, phrase, code string }{
		{"the passphrase alone", "alice", p.phrase, ""},
		{"the passphrase and another code", "alice", p.phrase, wrong},
		{"the code alone", "alice", "", right},
		{"the code and another passphrase", "alice", "abcd-efgh-jkmn", right},
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

func TestWhoGuessesWaitsAndIsTold(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	for _, name := range []string{"alice", "nobody-here"} {
		var statuses []int
		for range 6 {
			res, _ := (&browser{s: s}).signIn(name, "abcd-efgh-jkmn", "000000")
			statuses = append(statuses, res.StatusCode)
		}
		if want := []int{403, 403, 403, 403, 403, 429}; !slices.Equal(statuses, want) {
			t.Errorf("%s: %v", name, statuses)
		}
		for range 5 { // one second, two, four, ...
			s.pass(20 * time.Second)
			(&browser{s: s}).signIn(name, "abcd-efgh-jkmn", "000000")
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
	guess := func(name string) int {
		res, _ := (&browser{s: s}).signIn(name, "abcd-efgh-jkmn", "000000")
		return res.StatusCode
	}
	for day := range 5 {
		for range 3 {
			if got := guess("alice"); got != http.StatusForbidden {
				t.Fatalf("day %d: %d", day, got)
			}
		}
		s.pass(24 * time.Hour)
	}
	for n := range 10 {
		if got := guess("alice"); got != http.StatusForbidden {
			t.Fatalf("slow guess %d: %d", n, got)
		}
		if n < 9 {
			s.pass(50 * time.Minute)
		}
	}
	if got := guess("alice"); got != http.StatusTooManyRequests || len(s.told.who(notice.SignInLocked)) == 0 {
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
			res, _ := (&browser{s: s}).signIn("alice", "abcd-efgh-jkmn", "000000")
			mu.Lock()
			defer mu.Unlock()
			if res.StatusCode != http.StatusTooManyRequests {
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
			{"name": {name}, "phrase": {"abcd-efgh-jkmn"}, "code": {"123456"}},
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

func TestAnInvitationWorksOnceAndByPostAlone(t *testing.T) {
	s := newSite(t)
	link, v, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(link, "/sign-in/enrol#") || strings.ContainsAny(link, "?") {
		t.Errorf("the token stands where servers see it: %s", link)
	}
	token := link[strings.IndexByte(link, '#')+1:]
	before := len(s.shelf.Entries())
	for _, path := range []string{"/sign-in/enrol?token=" + token, "/sign-in/enrol"} {
		(&browser{s: s}).do("GET", path)
	}
	if len(s.shelf.Entries()) != before || len(s.svc.Invitations()) != 1 {
		t.Error("looking used it")
	}
	one, two := &browser{s: s}, &browser{s: s}
	first, ok1 := one.byLink(link)
	second, ok2 := two.byLink(token)
	if !ok1 || !ok2 {
		t.Fatal("opening it uses it up")
	}
	if _, res := one.setUp(first, nil); res.StatusCode != http.StatusSeeOther || one.who() != "alice" {
		t.Fatalf("registered: %d", res.StatusCode)
	}
	s.pass(time.Minute)
	if _, res := two.setUp(second, nil); res.StatusCode != http.StatusGone || two.who() != "" {
		t.Errorf("a second one registered: %d, %q", res.StatusCode, two.who())
	}
	if _, ok := two.byLink(link); ok {
		t.Error("it opens again")
	}
	if act := s.last(); act.Act != "enrolled" || act.Who != "alice" {
		t.Errorf("on record: %+v", act)
	}
	s.noSecrets(token)
	_ = v
}

func TestAnInvitationThatEndedOpensNothing(t *testing.T) {
	for name, end := range map[string]func(s *site, id string) error{
		"too old":   func(s *site, _ string) error { s.pass(72 * time.Hour); return nil },
		"withdrawn": func(s *site, id string) error { return s.svc.Withdraw(s.t.Context(), olga, id) },
		"replaced": func(s *site, _ string) error {
			_, _, err := s.svc.Invite(s.t.Context(), olga, "alice")
			return err
		},
		"its person left": func(s *site, _ string) error { s.staff.leave("alice"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			link, v, err := s.svc.Invite(t.Context(), olga, "alice")
			if err != nil {
				t.Fatal(err)
			}
			ticket, ok := (&browser{s: s}).byLink(link)
			if !ok {
				t.Fatal("it is not good")
			}
			if err := end(s, v.ID); err != nil {
				t.Fatal(err)
			}
			b := &browser{s: s}
			if _, ok := b.byLink(link); ok {
				t.Error("it opens")
			}
			// And what was begun before its end comes to nothing.
			if res, _ := b.post("/sign-in/enrol/code", url.Values{"ticket": {ticket}}); res.StatusCode == http.StatusOK && name != "withdrawn" && name != "replaced" {
				t.Errorf("it goes on: %d", res.StatusCode)
			} else if res.StatusCode == http.StatusOK {
				if _, res := b.setUp(ticket, nil); res.StatusCode != http.StatusGone || b.who() != "" {
					t.Errorf("it ends well: %d", res.StatusCode)
				}
			}
		})
	}
}

func TestOnlyWhoRunsPeopleInvites(t *testing.T) {
	s := newSite(t)
	if _, _, err := s.svc.Invite(t.Context(), people.Actor{ID: "bob"}, "alice"); !errors.Is(err, signin.ErrMayNot) {
		t.Errorf("bob invites: %v", err)
	}
	if act := s.last(); act.Act != "invite-refused" || act.Who != "bob" || act.Behalf != "alice" {
		t.Errorf("on record: %+v", act)
	}
	_, v, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.svc.Withdraw(t.Context(), people.Actor{ID: "bob"}, v.ID); !errors.Is(err, signin.ErrMayNot) {
		t.Errorf("bob withdraws: %v", err)
	}
}

func TestG9_AnInvitationIntoRightsNeedsASecondPerson(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice") // she can sign in: a link would let its maker act as her
	hugo := &people.Person{ID: "hugo", UserName: "hugo", Active: true, Duties: []people.Held{{Name: string(people.RunPeople)}}}
	alter := &people.Person{ID: "olga-2", UserName: "olga-2", Active: true, Duties: hugo.Duties}
	s.staff.set(hugo)
	s.staff.set(alter)
	link, v, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil || !v.Second || v.Alone {
		t.Fatal(v, err)
	}
	opens := func() bool { _, ok := (&browser{s: s}).byLink(link); return ok }
	if opens() {
		t.Error("it is good without a second person")
	}
	for _, by := range []string{"olga", "olga-2", "alice", "bob"} {
		if err := s.svc.AgreeInvite(t.Context(), people.Actor{ID: by}, v.ID); !errors.Is(err, signin.ErrMayNot) || opens() {
			t.Errorf("%s agrees: %v, opens %t", by, err, opens())
		}
		if act := s.last(); act.Act != "invitation-agree-refused" || act.Who != by {
			t.Errorf("on record: %+v", act)
		}
	}
	if err := s.svc.AgreeInvite(t.Context(), people.Actor{ID: "hugo"}, v.ID); err != nil || !opens() {
		t.Errorf("hugo agrees: %v, opens %t", err, opens())
	}
	s.staff.leave("hugo") // then there is nobody else, which the page of the person says
	if _, v, err := s.svc.Invite(t.Context(), olga, "alice"); err != nil || !v.Alone {
		t.Errorf("alone: %+v, %v", v, err)
	}
	if _, v, err := s.svc.Invite(t.Context(), olga, "bob"); err != nil || v.Second {
		t.Errorf("a newcomer without rights needs a second person: %+v, %v", v, err)
	}
}

func TestTheLastWayInStays(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	if err := s.svc.RemoveCodes(t.Context(), people.Actor{ID: "alice"}); !errors.Is(err, signin.ErrLastWay) {
		t.Errorf("the only way in was removed: %v", err)
	}
	if err := s.svc.RemovePasskey(t.Context(), "alice", []byte("none")); !errors.Is(err, signin.ErrNoWay) {
		t.Errorf("a passkey that is not there: %v", err)
	}
	now, _ := s.now()
	b := &browser{s: s}
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
		t.Error("she cannot sign in any more")
	}
}

func TestTheFirstOwnerComesByTheLinkOfThisStartAndOnce(t *testing.T) {
	s := newSite(t)
	s.staff.people = map[string]*people.Person{}
	link, ok, err := s.svc.OwnerLink()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	s.start()
	if _, ok := (&browser{s: s}).byLink(link); ok {
		t.Error("the link of another start is good")
	}
	link, _, _ = s.svc.OwnerLink()
	b := &browser{s: s}
	ticket, ok := b.byLink(link)
	if !ok {
		t.Fatal("the link is not good")
	}
	if res, _ := b.post("/sign-in/enrol/code", url.Values{"ticket": {ticket}, "name": {""}, "user_name": {"a b"}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without names: %d", res.StatusCode)
	}
	other := &browser{s: s}
	otherTicket, _ := other.byLink(link)
	if _, res := b.setUp(ticket, url.Values{"name": {"Ina Example"}, "user_name": {"Ina"}}); res.StatusCode != http.StatusSeeOther || b.who() != "ina" {
		t.Fatalf("registered: %d, %q", res.StatusCode, b.who())
	}
	s.pass(time.Minute)
	if _, res := other.setUp(otherTicket, url.Values{"name": {"Eve Example"}, "user_name": {"eve"}}); res.StatusCode == http.StatusSeeOther || s.staff.Person("eve") != nil {
		t.Errorf("a second owner: %d", res.StatusCode)
	}
	if _, ok := other.byLink(link); ok {
		t.Error("the link is good again")
	}
	if _, ok, _ := s.svc.OwnerLink(); ok {
		t.Error("another link is made though there is an owner")
	}
}

func TestTheFirstOwnerWhoFellBetweenTwoChangesComesAgain(t *testing.T) {
	s := newSite(t)
	s.staff.people = map[string]*people.Person{}
	if _, err := s.staff.First(t.Context(), &people.Person{ID: "ina", UserName: "ina", Name: "Ina Example", Active: true}); err != nil {
		t.Fatal(err)
	}
	link, ok, err := s.svc.OwnerLink()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	b := &browser{s: s}
	ticket, _ := b.byLink(link)
	if b.setUp(ticket, nil); b.who() != "ina" {
		t.Errorf("signed in as %q", b.who())
	}
	s.staff.set(&people.Person{ID: "from-scim", Active: true, From: people.SCIM})
	if _, ok, _ := s.svc.OwnerLink(); ok {
		t.Error("where people came from elsewhere a link is made")
	}
}

// TestPeopleFromElsewhereDoNotKeepTheFirstOwnerOut: provisioning may be quicker than
// whoever opens the link, and gives nobody the duty of running people.
func TestPeopleFromElsewhereDoNotKeepTheFirstOwnerOut(t *testing.T) {
	s := newSite(t)
	s.staff.people = map[string]*people.Person{}
	link, ok, err := s.svc.OwnerLink()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	s.staff.set(&people.Person{ID: "fay", UserName: "fay", Active: true, From: people.SCIM})
	s.staff.set(&people.Person{ID: "guy", UserName: "guy", Active: true, From: people.Issuer})
	b := &browser{s: s}
	ticket, ok := b.byLink(link)
	if !ok {
		t.Fatal("the link is closed")
	}
	names := url.Values{"name": {"Ina Example"}, "user_name": {"fay"}}
	if _, res := b.setUp(ticket, names); res.StatusCode != http.StatusConflict || b.who() != "" || len(s.staff.Person("fay").Duties) != 0 {
		t.Fatalf("the owner took somebody's name: %d", res.StatusCode)
	}
	names.Set("user_name", "ina")
	if _, res := b.setUp(ticket, names); res.StatusCode != http.StatusSeeOther || b.who() != "ina" {
		t.Fatalf("registered: %d, %q", res.StatusCode, b.who())
	}
	if _, again, _ := s.svc.OwnerLink(); again || s.opens(link) {
		t.Error("there is an owner, and the link is good")
	}
}

// TestWhoIsOwnerBySomebodysWordClosesTheLink: whoever runs people and comes in some
// other way is no first owner that fell between two changes.
func TestWhoIsOwnerBySomebodysWordClosesTheLink(t *testing.T) {
	runs := []people.Held{{Name: string(people.RunPeople)}}
	for name, all := range map[string][]*people.Person{
		"from an issuer":           {{ID: "fay", Active: true, From: people.Issuer, Duties: runs}},
		"two":                      {{ID: "ina", Active: true, From: people.Local, Duties: runs}, {ID: "ivo", Active: true, From: people.Local, Duties: runs}},
		"one who has added people": {{ID: "ina", Active: true, From: people.Local, Duties: runs}, {ID: "ben", Active: true, From: people.Local, Created: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.staff.people = map[string]*people.Person{}
			link, _, err := s.svc.OwnerLink()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				s.staff.set(p)
			}
			if _, ok, _ := s.svc.OwnerLink(); ok || s.opens(link) {
				t.Error("a link is good")
			}
		})
	}
}

// TestWhereNobodyRunsPeopleAnyMoreTheNextStartMakesALink: the link that was used, and
// what was begun with it, stay used.
func TestWhereNobodyRunsPeopleAnyMoreTheNextStartMakesALink(t *testing.T) {
	s := newSite(t)
	s.staff.people = map[string]*people.Person{}
	link, _, _ := s.svc.OwnerLink()
	b, other := &browser{s: s}, &browser{s: s}
	ticket, _ := b.byLink(link)
	begun, _ := other.byLink(link)
	if b.setUp(ticket, url.Values{"name": {"Ina Example"}, "user_name": {"ina"}}); b.who() != "ina" {
		t.Fatal("no owner came in")
	}
	s.staff.leave("ina")
	s.pass(time.Minute)
	eve := url.Values{"name": {"Eve Example"}, "user_name": {"eve"}}
	if _, res := other.setUp(begun, eve); res.StatusCode == http.StatusSeeOther || s.staff.Person("eve") != nil || s.opens(link) {
		t.Errorf("the link is good twice: %d", res.StatusCode)
	}
	s.start()
	again, ok, err := s.svc.OwnerLink()
	if err != nil || !ok {
		t.Fatal("nobody runs people, and there is no link", err)
	}
	ticket, _ = other.byLink(again)
	if other.setUp(ticket, eve); other.who() != "eve" {
		t.Errorf("signed in as %q", other.who())
	}
}

func TestG6_WhoLeavesLosesTheirWaysInAndTheirInvitations(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	_, _, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil {
		t.Fatal(err)
	}
	err = s.desk.Change(t.Context(), func(c *book.Change) error {
		s.svc.Gone(c, "alice")
		id, err := newID()
		c.Record(&ledger.Act{Act: "person-deactivated", At: s.at.UnixMicro(), ID: id, Who: "olga", Behalf: "alice"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	now, _ := s.now()
	b := &browser{s: s} // the directory still lets her in: her ways themselves are gone
	if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "" || len(s.svc.Invitations()) != 0 {
		t.Errorf("signed in as %q, %d invitations", b.who(), len(s.svc.Invitations()))
	}
}

func TestK1_WhatOpensSomethingIsKeptNowhereInClear(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	codes := codesOf(t, s, "alice")
	b := &browser{s: s}
	now, _ := s.now()
	res, _ := b.signIn("alice", p.phrase, p.code(t, now))
	(&browser{s: s}).signIn("alice", p.phrase, "000000") // a refusal with the right passphrase
	plain := strings.ReplaceAll(p.phrase, "-", "")
	s.noSecrets(slices.Concat(codes, []string{b.cookie, p.phrase, plain, p.secret, strings.ReplaceAll(codes[0], "-", "")})...)
	for _, secret := range []string{p.phrase, plain, b.cookie} {
		if strings.Contains(res.Header.Get("Location"), secret) {
			t.Error("a secret stands in an address")
		}
	}
	s.start() // another process has the same key, and nothing else
	s.pass(time.Minute)
	now, _ = s.now()
	if b := (&browser{s: s}); true {
		if b.signIn("alice", p.phrase, p.code(t, now)); b.who() != "alice" {
			t.Error("after a restart the codes are lost")
		}
	}
}

func TestC1_NoPageOfSigningInChangesAnythingByGet(t *testing.T) {
	s := newSite(t)
	b := signedIn(t, s, "alice")
	before := len(s.shelf.Entries())
	for _, path := range []string{
		"/sign-in", "/sign-in/", "/sign-in/passkey", "/sign-in/passkey/done", "/sign-in/code", "/sign-in/recover", "/sign-in/enrol", "/sign-in/enrol/passkey",
		"/sign-in/enrol/passkey/done", "/sign-in/enrol/code", "/sign-in/enrol/code/done", "/sign-in/prove", "/sign-in/prove/passkey", "/sign-in/prove/passkey/done",
		"/sign-in/prove/code", "/sign-in/out", "/settings/sign-in", "/settings/sign-in/passkey", "/settings/sign-in/passkey/done", "/settings/sign-in/passkey/remove",
		"/settings/sign-in/code", "/settings/sign-in/code/done", "/settings/sign-in/code/remove", "/settings/sign-in/recovery", "/settings/sign-in/session/end", "/settings/sign-in/session/others",
	} {
		res := b.do("GET", path+"?name=alice&id=x&token=y")
		if h := res.Header; res.StatusCode == http.StatusOK && (h.Get("X-Frame-Options") != "DENY" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("Cache-Control") != "no-store") {
			t.Errorf("%s may be framed or kept: %v", path, h)
		}
	}
	if len(s.shelf.Entries()) != before || b.who() != "alice" {
		t.Error("a look changed something")
	}
}

func TestC1_WhatChangesOnesWaysNeedsANewProof(t *testing.T) {
	s := newSite(t)
	p := withCodes(t, s, "alice")
	b := signedIn(t, s, "alice")
	s.pass(5 * time.Minute)
	for _, path := range []string{"/settings/sign-in/passkey/remove", "/settings/sign-in/code", "/settings/sign-in/code/done", "/settings/sign-in/code/remove", "/settings/sign-in/recovery"} {
		res, _ := b.post(path, nil)
		if !strings.HasPrefix(res.Header.Get("Location"), "/sign-in/prove") {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
	now, _ := s.now()
	if res, _ := b.post("/sign-in/prove/code", url.Values{"phrase": {p.phrase}, "code": {p.code(t, now)}, "to": {"//evil.example/x"}}); res.Header.Get("Location") != "/" {
		t.Errorf("it leads to %q", res.Header.Get("Location"))
	}
	_, page := b.post("/settings/sign-in/recovery", nil)
	if n := strings.Count(page, "<li><code>"); n != 10 {
		t.Errorf("after a proof there are %d codes", n)
	}
}

func TestOneEndsOnesOwnSessions(t *testing.T) {
	s := newSite(t)
	here, there, third := signedIn(t, s, "alice"), signedIn(t, s, "alice"), signedIn(t, s, "alice")
	bob := signedIn(t, s, "bob")
	id := s.svc.Sessions("alice")[1].ID
	_, page := here.post("/settings/sign-in/session/end", url.Values{"id": {s.svc.Sessions("bob")[0].ID}})
	if bob.who() != "bob" || !strings.Contains(page, "not there any more") {
		t.Error("somebody else's session was ended, or it was told")
	}
	here.post("/settings/sign-in/session/end", url.Values{"id": {id}})
	if there.who() != "" || third.who() != "alice" {
		t.Error("the wrong one was ended")
	}
	here.post("/settings/sign-in/session/others", nil)
	if third.who() != "" || here.who() != "alice" {
		t.Error("the others go on, or this one does not")
	}
	here.post("/sign-in/out", nil)
	if here.who() != "" || len(s.svc.Sessions("alice")) != 0 {
		t.Error("she is still signed in")
	}
}
