package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/console"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/internal/tokens"
	"modicum/policy"
)

// bureau is a console over a real directory and real sessions: ann and ben run people.
type bureau struct {
	*world
	dir    *people.Directory
	signIn *signin.Service
	office *console.Office
	given  *tokens.Service
}

func newBureau(t testing.TB) *bureau {
	t.Helper()
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	b := &bureau{}
	b.world = newWorld(t, func(c *console.Config) {
		c.Counts = func(_ context.Context, v *console.Viewer, path string) int {
			return b.office.Waiting(v, path, b.now.Load())
		}
	})
	clock := func() (time.Time, bool) { return time.UnixMicro(b.now.Load()).UTC(), true }
	desk := book.NewDesk(&booktest.Shelf{})
	var err error
	b.dir, err = people.Open(t.Context(), people.Config{Desk: desk, Policy: func() *policy.Set { return set }, Now: clock, Issuers: []string{staffIssuer}})
	if err != nil {
		t.Fatal(err)
	}
	b.signIn, err = signin.New(t.Context(), signin.Config{
		Desk: desk, People: b.dir, Public: &url.URL{Scheme: "https", Host: "modicum.hospital.example"}, Key: make([]byte, 32), Teller: noBell{},
		Render: func(http.ResponseWriter, *http.Request, signin.Page) {}, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.given = givesTokens(t, desk, b.dir, func() *policy.Set { return set }, clock)
	b.office = &console.Office{People: b.dir, Policy: func() *policy.Set { return set }, SignIn: b.signIn, Tokens: b.given, Issuers: []string{staffIssuer}}
	rebuild(t, b.world, b.office.Pages()...)
	b.proved.Store(true)
	b.must(t)(b.dir.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"}))
	b.adds(t, "ben", "Ben Ode")
	b.gives(t, "ann", "ben", people.DutyKind, "run-people")
	b.adds(t, "cleo", "Cleo Marsh")
	b.adds(t, "dan", "Dan Abbott")
	return b
}

func (b *bureau) must(t testing.TB) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bureau) adds(t testing.TB, id, name string) {
	t.Helper()
	b.must(t)(b.dir.Add(t.Context(), people.Actor{ID: "ann"}, &people.Person{UserName: id, Name: name, Department: "ward-3"}))
}

func (b *bureau) gives(t testing.TB, by, to string, k people.Kind, name string) {
	t.Helper()
	b.must(t)(nil, b.dir.Give(t.Context(), people.Actor{ID: by}, people.Gift{Person: to, Kind: k, Name: name, Why: "she stands in for the officer"}))
}

// as puts somebody of the directory before the console.
func (b *bureau) as(id string) *bureau {
	v := &console.Viewer{Person: b.dir.Person(id), Session: "session-of-" + id}
	for _, d := range people.Duties() {
		if b.dir.Holds(id, d, b.now.Load()) {
			v.Duties = append(v.Duties, d)
		}
	}
	b.viewer.Store(v)
	return b
}

func (b *bureau) post(t testing.TB, path string, pairs ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.send(t, http.MethodPost, path, form.Encode())
}

// TestG9_ARightOverOthersWaitsForAnotherPersonsPress: given on one's page, agreed to by
// somebody else on theirs; who gave it has no button, and their post changes nothing.
func TestG9_ARightOverOthersWaitsForAnotherPersonsPress(t *testing.T) {
	b := newBureau(t).as("ann")
	if status, _ := b.post(t, "/people/cleo/give", "name", "role privacy-officer", "why", "stands in"); status != 303 {
		t.Fatalf("giving: %d", status)
	}
	press := []string{"do", "agree", "person", "cleo", "kind", "role", "name", "privacy-officer"}
	if _, page := b.get(t, "/proposals"); !strings.Contains(page, "stands in") || strings.Contains(page, `value="agree"`) {
		t.Error("who gave it has a button to agree, or does not see it")
	}
	status, page := b.post(t, "/proposals", press...)
	if status != 422 || !strings.Contains(page, "somebody else who runs people agrees") || len(b.dir.Roles("cleo", b.now.Load())) != 0 {
		t.Errorf("their own yes: %d", status)
	}
	if _, page := b.as("ben").get(t, "/proposals"); !strings.Contains(page, `value="agree"`) || !strings.Contains(page, `<b class="count">1<`) {
		t.Error("the second person has no button, or no count")
	}
	if status, _ := b.post(t, "/proposals", press...); status != 303 || len(b.dir.Roles("cleo", b.now.Load())) != 1 {
		t.Errorf("the second person's yes: %d", status)
	}
	_, page = b.get(t, "/people/cleo")
	for _, want := range []string{"Ann Frost", "Ben Ode agreed", "stands in", "counts"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if status, _ := b.post(t, "/people/cleo", "do", "take", "kind", "role", "name", "privacy-officer"); status != 303 || len(b.dir.Roles("cleo", b.now.Load())) != 0 {
		t.Errorf("taking it: %d", status)
	}
}

// TestPeopleArePages: added, changed from the revision that was seen, and ended; what is
// wrong is said at its field, all of it at once.
func TestPeopleArePages(t *testing.T) {
	b := newBureau(t).as("ann")
	status, page := b.post(t, "/people/new", "user_name", "eve", "name", "Eve Lund", "mail", "nowhere", "zone", "Mars/Base", "department", "a b")
	if status != 422 || !strings.Contains(page, "3 things need another look") || !strings.Contains(page, `value="Eve Lund"`) {
		t.Errorf("what is wrong: %d", status)
	}
	if status, page := b.post(t, "/people/new", "user_name", "CLEO", "name", "Another"); status != 422 || !strings.Contains(page, "belongs to somebody") {
		t.Errorf("a name that is taken: %d", status)
	}
	if status, to := b.post(t, "/people/new", "user_name", "eve?x#y", "name", "Eve Lund", "manager", "ben"); status != 303 || !strings.HasPrefix(to, "/people/eve%3Fx%23y") {
		t.Fatalf("adding: %d %s", status, to)
	}
	_, page = b.get(t, "/people/eve%3Fx%23y/edit")
	seen := digest(t, page)
	change := []string{"user_name", "eve?x#y", "name", "Eve Lund-Ray", "digest", seen}
	if status, _ := b.post(t, "/people/eve%3Fx%23y/edit", change...); status != 303 || b.dir.Person("eve?x#y").Name != "Eve Lund-Ray" {
		t.Errorf("changing: %d", status)
	}
	if status, page := b.post(t, "/people/eve%3Fx%23y/edit", change...); status != 422 || !strings.Contains(page, "changed meanwhile") {
		t.Errorf("from an old revision: %d", status)
	}
	if status, _ := b.post(t, "/people/eve%3Fx%23y/leave"); status != 303 || b.dir.Active("eve?x#y") {
		t.Errorf("leaving: %d", status)
	}
	if _, page := b.get(t, "/people?state=has+left"); !strings.Contains(page, "Eve Lund-Ray") || strings.Contains(page, "Cleo") {
		t.Error("the list does not tell who is gone")
	}
	if status, _ := b.post(t, "/people/eve%3Fx%23y", "do", "back"); status != 303 || !b.dir.Active("eve?x#y") {
		t.Errorf("coming back: %d", status)
	}
	if status, _ := b.get(t, "/people/nobody"); status != 404 {
		t.Errorf("nobody: %d", status)
	}
}

// TestC1_AnInvitationIsShownOnce: the link stands in the answer to the press and nowhere
// afterwards; for who holds a right over others it waits for a second person.
func TestC1_AnInvitationIsShownOnce(t *testing.T) {
	b := newBureau(t).as("ann")
	status, page := b.post(t, "/people/cleo", "do", "invite")
	_, rest, found := strings.Cut(page, "https://modicum.hospital.example/")
	link, _, _ := strings.Cut(rest, "<")
	if status != 200 || !found || len(link) < 20 {
		t.Fatalf("inviting: %d", status)
	}
	for _, path := range []string{"/people/cleo", "/proposals", "/people"} {
		if _, page := b.get(t, path); strings.Contains(page, link) {
			t.Errorf("%s shows the link again", path)
		}
	}
	b.post(t, "/people/ben", "do", "invite")
	waiting := b.signIn.Invitations()[1]
	if status, _ := b.post(t, "/proposals", "do", "invitation", "item", waiting.ID); status != 422 {
		t.Errorf("agreeing to one's own: %d", status)
	}
	if status, _ := b.post(t, "/people/ben", "do", "withdraw", "item", waiting.ID); status != 303 || len(b.signIn.Invitations()) != 1 {
		t.Errorf("taking it back: %d", status)
	}
}

// TestC1_PeopleAreForWhoRunsThem: who does not run people sees no page of theirs and
// changes nothing; who does proves who they are first.
func TestC1_PeopleAreForWhoRunsThem(t *testing.T) {
	b := newBureau(t)
	b.gives(t, "ann", "cleo", people.Role, "privacy-officer")
	for _, p := range b.office.Pages() {
		path := strings.NewReplacer("{id}", "cleo", "{name}", "x").Replace(p.Path)
		if status, page := b.as("dan").get(t, path); status != 403 || strings.Contains(page, "Cleo") {
			t.Errorf("%s of somebody else: %d", path, status)
		}
		if p.Post == nil {
			continue
		}
		if status, _ := b.as("dan").post(t, path, "do", "agree", "person", "cleo", "kind", "role", "name", "privacy-officer"); status != 403 {
			t.Errorf("%s takes a post of somebody else: %d", path, status)
		}
		b.proved.Store(false)
		if p.Fresh == 0 && p.Path == "/people/import" { // it looks at a file, and does nothing
			continue
		}
		if _, to := b.as("ben").post(t, path, "do", "agree", "person", "cleo", "kind", "role", "name", "privacy-officer"); !strings.HasPrefix(to, "/sign-in/prove") {
			t.Errorf("%s takes a post without a proof: %s", path, to)
		}
		b.proved.Store(true)
	}
	if len(b.dir.Roles("cleo", b.now.Load())) != 0 || !b.dir.Active("cleo") {
		t.Error("something was changed")
	}
}

// staffIssuer is the identity provider of the bureau.
const staffIssuer = "https://id.hospital.example/realms/staff"

// TestT8_WhoSomebodyIsAtTheProviderIsSaidByTwo: on a page of theirs, and agreed to as
// every right over others.
func TestT8_WhoSomebodyIsAtTheProviderIsSaidByTwo(t *testing.T) {
	b := newBureau(t).as("ann")
	if _, page := b.get(t, "/people/cleo"); !strings.Contains(page, `href="/people/cleo/identity"`) {
		t.Error("nothing leads there")
	}
	if status, page := b.post(t, "/people/cleo/identity", "issuer", "https://id.example", "name", "f81d", "why", "asked"); status != 422 {
		t.Errorf("at a provider that is not listed: %d %s", status, page)
	}
	status, to := b.post(t, "/people/cleo/identity", "issuer", staffIssuer, "name", "f81d", "why", "asked her")
	if status != 303 || b.dir.Word("cleo", staffIssuer, "f81d") != people.Unsaid {
		t.Fatalf("%d %s", status, to)
	}
	_, page := b.as("ben").get(t, "/proposals")
	if !strings.Contains(page, "f81d at id.hospital.example for Cleo") || !strings.Contains(page, "asked her") {
		t.Error("whoever agrees does not see what to")
	}
	if status, _ := b.post(t, "/proposals", "do", "agree", "person", "cleo", "kind", "identity", "name", staffIssuer+"#f81d"); status != 303 {
		t.Errorf("agreeing: %d", status)
	}
	if b.dir.Word("cleo", staffIssuer, "f81d") != people.Theirs || b.dir.Word("cleo", staffIssuer, "0000") != people.Others {
		t.Error("it does not count")
	}
}

// TestT8_TheSecondTakingOfAnAccountWaits: with the others, for somebody else than whoever
// took it away first.
func TestT8_TheSecondTakingOfAnAccountWaits(t *testing.T) {
	b := newBureau(t).as("ann")
	account := people.Identity(staffIssuer, "f81d")
	b.gives(t, "ann", "cleo", people.IdentityKind, account)
	take := []string{"do", "take", "person", "cleo", "kind", "identity", "name", account}
	b.must(t)(nil, b.dir.Agree(t.Context(), people.Actor{ID: "ben"}, people.Which{Person: "cleo", Kind: people.IdentityKind, Name: account}))
	if status, _ := b.post(t, "/people/cleo", take...); status != 303 {
		t.Fatalf("the first taking: %d", status)
	}
	const title = "f81d at id.hospital.example as Cleo Marsh"
	if _, page := b.get(t, "/proposals"); !strings.Contains(page, title) || !strings.Contains(page, "You took it away") || strings.Contains(page, `<b class="count">1<`) {
		t.Error("who took it away does not see that it waits for others")
	}
	if status, page := b.post(t, "/proposals", take...); status != 422 || !strings.Contains(page, "a second person who runs people takes it away") {
		t.Errorf("the same person's second taking: %d", status)
	}
	if status, _ := b.post(t, "/proposals", "do", "take", "person", "nobody", "kind", "identity", "name", account); status != 422 {
		t.Errorf("of nobody: %d", status)
	}
	_, page := b.as("ben").get(t, "/proposals")
	for _, want := range []string{title, "Ann Frost", `<b class="count">1<`, `value="take"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the second person does not see %q", want)
		}
	}
	if strings.Contains(page, `value="agree"`) {
		t.Error("a taking can be agreed to")
	}
	if status, _ := b.post(t, "/proposals", take...); status != 303 || b.dir.Word("cleo", staffIssuer, "0000") != people.Unsaid {
		t.Errorf("the second taking: %d", status)
	}
	if _, page := b.get(t, "/proposals"); strings.Contains(page, title) {
		t.Error("it waits still")
	}
}

// TestWhatWasGivenAloneIsAgreedToLater: every page asks for that, so there is a button.
func TestWhatWasGivenAloneIsAgreedToLater(t *testing.T) {
	b := newBureau(t).as("ann")
	if _, page := b.get(t, "/people/ann"); strings.Contains(page, `value="agree"`) {
		t.Error("who has it agrees to it")
	}
	_, page := b.as("ben").get(t, "/people/ann")
	if n := strings.Count(page, `value="agree"`); n != 2 {
		t.Fatalf("%d buttons to agree to what the first person was given alone", n)
	}
	if status, _ := b.post(t, "/people/ann", "do", "agree", "person", "ann", "kind", "duty", "name", "run-people"); status != 303 || b.dir.Person("ann").Duties[1].Agreed != "ben" {
		t.Errorf("agreeing: %d", status)
	}
}

// officePages lists pages of the organization with something on them.
func officePages(t testing.TB, b *bureau) []string {
	t.Helper()
	b.gives(t, "ann", "cleo", people.Role, "privacy-officer")
	b.gives(t, "ann", "cleo", people.Role, "nurse")
	b.as("ann").post(t, "/people/cleo", "do", "invite")
	issues(t, b.given, "cleo", "")
	b.addsProgram(t, "lab", "ben")
	b.addsProgram(t, "old", "cleo")
	b.as("ben").post(t, "/programs/lab", "do", "key", "jwk", newKey(t, false), "until", "2027-01-01T12:00")
	return []string{"/programs", "/programs/new", "/programs/lab", "/programs/old", "/people", "/people?q=cleo", "/people/new", "/people/import", "/people/cleo/link", "/people/cleo/identity", "/programs/lab/edit", "/people/cleo", "/people/ann", "/people/cleo/edit", "/people/cleo/give", "/people/cleo/leave", "/proposals"}
}

// TestC2_WhatIsSaidOfPeopleIsText: on every page of the organization, however long it is.
func TestC2_WhatIsSaidOfPeopleIsText(t *testing.T) {
	browser := newBrowser(t)
	b := newBureau(t)
	b.adds(t, "bad", `"'><script>window.ran=1</script><img src=x onerror=window.ran=1>`)
	pages := officePages(t, b)
	_, to := b.as("ben").post(t, "/people/import", "text", "user_name,name,title,department,roles\neve,\"<script>window.ran=1</script>\",Nurse,ward-3,nurse\nfay,Fay Ode,,ward-3,privacy-officer\ndan,Dan,,,\n")
	imported, _, _ := strings.Cut(to, "<")
	for _, path := range append(pages, "/people/bad", imported) {
		t.Run(strings.ReplaceAll(path[1:], "/", "-"), func(t *testing.T) {
			browser.fits(t, b.web.URL+path)
			browser.textAlone(t)
		})
	}
	browser.quiet()
}

// BenchmarkPeople renders the list of 10,000 people.
func BenchmarkPeople(b *testing.B) {
	o := newBureau(b)
	var file strings.Builder
	file.WriteString("user_name,name,department,roles\n")
	for i := range 10_000 {
		fmt.Fprintf(&file, "p%05d,Person %05d,ward-%d,nurse\n", i, i, i%40)
	}
	if _, err := o.dir.Import(b.Context(), people.Actor{ID: "ann"}, strings.NewReader(file.String()), "csv", false); err != nil {
		b.Fatal(err)
	}
	o.as("ann")
	for _, path := range []string{"/people", "/people?q=person+99&sort=-name", "/people?dept=ward-7", "/people?as=csv"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if status, _ := o.get(b, path); status != 200 {
					b.Fatal(status)
				}
			}
		})
	}
}

// TestWhatIsRarelySaidLiesFolded: the button stands below what has to be said; what was
// filled in or is wrong is in sight.
func TestWhatIsRarelySaidLiesFolded(t *testing.T) {
	b := newBureau(t).as("ann")
	folded := func(what, page string, open bool) {
		t.Helper()
		_, rest, there := strings.Cut(page, `<details class="rare"`)
		inside, _, _ := strings.Cut(rest, "</details>")
		if !there || strings.HasPrefix(rest, " open>") != open || !strings.Contains(inside, `id="department"`) || strings.Contains(inside, `id="user_name"`) {
			t.Errorf("%s: it is not folded, or not as it should be:\n%s", what, inside)
		}
	}
	_, page := b.get(t, "/people/new")
	folded("a new person", page, false)
	_, page = b.post(t, "/people/new", "name", "Eve Lund")
	folded("something else is wrong", page, false)
	_, page = b.post(t, "/people/new", "name", "Eve Lund", "department", "ward-3")
	folded("something is filled in", page, true)
	_, page = b.post(t, "/people/new", "name", "Eve Lund", "user_name", "eve", "department", "ward 3")
	folded("something is wrong there", page, true)
}
