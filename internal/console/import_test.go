package console_test

import (
	"bytes"
	"mime/multipart"
	"slices"
	"strings"
	"testing"

	"modicum/internal/people"
)

// TestAFileOfPeopleIsLookedAtFirst: every problem with its line, who would be added and
// who is here, nothing done before the press of who just proved who they are, once.
func TestAFileOfPeopleIsLookedAtFirst(t *testing.T) {
	b := newBureau(t).as("ann")
	status, page := b.post(t, "/people/import", "text", "user_name,name,mail,roles\na,,none,surgeon\nrole:x,X,,\n")
	for _, want := range []string{"Line 2: name must be given.", "Line 2: mail", "Line 3: user name"} {
		if status != 422 || !strings.Contains(page, want) {
			t.Errorf("%d: the page does not say %q", status, want)
		}
	}
	if status, page := b.post(t, "/people/import", "text", " "); status != 422 || !strings.Contains(page, "Choose a file") {
		t.Errorf("nothing: %d", status)
	}
	good := "user_name,name,department,roles\neve,Eve Lund,ward-3,nurse\ndan,Dan,,\nfay,Fay Ode,ward-3,privacy-officer\n"
	status, to := b.upload(t, "/people/import", good)
	if status != 303 || !strings.HasPrefix(to, "/imports/") {
		t.Fatalf("looking: %d %s", status, to)
	}
	at, _, _ := strings.Cut(to, "<")
	status, page = b.get(t, at)
	for _, want := range []string{"Add 2 people?", "Eve Lund", "Fay Ode", "1, who stay as they are: dan", "1 role", "Nothing has been done yet"} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the look does not say %q", status, want)
		}
	}
	b.proved.Store(false)
	if _, to := b.post(t, at); !strings.HasPrefix(to, "/sign-in/prove") || b.dir.Person("eve") != nil {
		t.Errorf("without a proof: %s", to)
	}
	b.proved.Store(true)
	if status, _ := b.as("ben").get(t, at); status != 410 {
		t.Errorf("somebody else's file: %d", status)
	}
	if status, _ := b.as("ann").post(t, at); status != 303 || b.dir.Person("eve") == nil || !b.dir.Active("fay") {
		t.Errorf("taking it: %d", status)
	}
	if status, _ := b.post(t, at); status != 410 {
		t.Errorf("twice: %d", status)
	}
	if got := b.dir.Roles("fay", b.now.Load()); len(got) != 0 {
		t.Errorf("a right over others counts at once: %v", got)
	}
}

// TestAFileIsJudgedAgainWhenItIsTaken: who was added meanwhile stays as they are, and
// what became wrong is said.
func TestAFileIsJudgedAgainWhenItIsTaken(t *testing.T) {
	b := newBureau(t).as("ann")
	_, to := b.post(t, "/people/import", "text", "user_name,name\neve,Eve Lund\n")
	at, _, _ := strings.Cut(to, "<")
	b.adds(t, "eve", "Another Eve")
	b.must(t)(nil, b.dir.Deactivate(t.Context(), people.Actor{ID: "ben"}, "eve", ""))
	status, page := b.post(t, at)
	if status != 422 || !strings.Contains(page, "Line 2: is refused:") || strings.Contains(page, `class="primary">Add `) || b.dir.Person("eve").Name != "Another Eve" {
		t.Errorf("%d", status)
	}
}

// upload posts a file as a browser does.
func (b *bureau) upload(t testing.TB, path, file string) (int, string) {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "staff.csv")
	must(t, err)
	_, err = part.Write([]byte(file))
	must(t, err)
	must(t, w.Close())
	res, err := client.Post(b.web.URL+path, w.FormDataContentType(), &body)
	must(t, err)
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location") + read(t, res)
}

// TestG1_IdentitiesAreLinkedOnAPageAndPartedBySomebodyElse.
func TestG1_IdentitiesAreLinkedOnAPageAndPartedBySomebodyElse(t *testing.T) {
	b := newBureau(t).as("ann")
	if status, _ := b.post(t, "/people/ann/link", "other", "CLEO"); status != 303 || !b.dir.Same("ann", "cleo") {
		t.Fatalf("linking: %d", status)
	}
	if status, page := b.post(t, "/people/ann/link", "other", "ann"); status != 422 || !strings.Contains(page, "somebody else") {
		t.Errorf("with herself: %d", status)
	}
	if status, _ := b.post(t, "/people/ann/link", "other", "nobody"); status != 422 {
		t.Errorf("with nobody: %d", status)
	}
	if status, page := b.post(t, "/people/ann", "do", "unlink", "item", "cleo"); status != 422 || !strings.Contains(page, "somebody else who runs people takes this link back") || !b.dir.Same("ann", "cleo") {
		t.Errorf("parting herself: %d", status)
	}
	if _, page := b.as("ben").get(t, "/people/cleo"); !strings.Contains(page, "Other accounts of theirs") || !strings.Contains(page, "Ann Frost") {
		t.Error("the page does not tell of it")
	}
	if status, _ := b.post(t, "/people/cleo", "do", "unlink", "item", "ann"); status != 303 || b.dir.Same("ann", "cleo") {
		t.Errorf("parting them: %d", status)
	}
}

// TestAPersonsPageSaysWhatGivesARole: the group by its name, and who is left to provisioning.
func TestAPersonsPageSaysWhatGivesARole(t *testing.T) {
	b := newBureau(t).as("ann")
	if _, page := b.get(t, "/people/cleo"); strings.Contains(page, "Leave them to provisioning") {
		t.Error("offered where nobody provisions")
	}
	b.office.Provisioned = true
	if status, _ := b.post(t, "/people/cleo", "do", "entrust"); status != 303 || b.dir.Person("cleo").From != people.SCIM {
		t.Fatalf("entrusting: %d", status)
	}
	_, err := b.dir.AddGroup(t.Context(), people.Actor{ID: "scim:client"}, &people.Group{Name: "Ward nurses", Members: []string{"cleo"}})
	b.must(t)(nil, err)
	if _, page := b.get(t, "/people/cleo"); !strings.Contains(page, "Ward nurses") || strings.Contains(page, "Leave them to provisioning") {
		t.Error("the group is not told")
	}
}

// TestG8_AProgramIsNarrowedByItsOwnerOnItsPage, and widened by somebody else; what was
// not touched stays to the microsecond.
func TestG8_AProgramIsNarrowedByItsOwnerOnItsPage(t *testing.T) {
	b := newBureau(t)
	b.addsProgram(t, "lab", "cleo")
	b.must(t)(b.dir.ChangeProgram(t.Context(), people.Actor{ID: "ann"}, "lab", func(p *people.Program) error { p.Until += 123; return nil }))
	until := b.dir.Program("lab").Until
	b.as("cleo")
	_, page := b.get(t, "/programs/lab/edit")
	if !strings.Contains(page, "somebody else who runs people widens it") || strings.Contains(page, `name="owner"`) {
		t.Error("the page does not say who widens")
	}
	form := []string{"title", "Feed", "why", "results", "scopes", "system/Observation.rs system/Patient.r", "networks", "192.0.2.0/24", "until", b.moment(t), "digest", b.programSeen(t)}
	if status, page := b.post(t, "/programs/lab/edit", form...); status != 303 {
		t.Fatalf("narrowing: %d %.2000s", status, page)
	}
	if p := b.dir.Program("lab"); len(p.Scopes) != 2 || p.Title != "Feed" || p.Until != until {
		t.Errorf("kept %+v", p)
	}
	old := slices.Clone(form)
	old[5] = ""
	if status, page := b.as("ann").post(t, "/programs/lab/edit", old...); status != 422 || !strings.Contains(page, "changed meanwhile") || len(b.dir.Program("lab").Scopes) != 2 {
		t.Errorf("a form of before widens again what was narrowed: %d", status)
	}
	b.as("cleo")
	form[5], form[11] = "", b.programSeen(t)
	if status, _ := b.post(t, "/programs/lab/edit", form...); status != 422 || len(b.dir.Program("lab").Scopes) != 2 {
		t.Errorf("widened by its owner: %d", status)
	}
	if status, _ := b.as("ann").post(t, "/programs/lab/edit", form...); status != 303 || len(b.dir.Program("lab").Scopes) != 0 {
		t.Errorf("widened by who runs people: %d", status)
	}
	if _, page := b.get(t, "/programs?out=x"); !strings.Contains(page, "wide scopes") || !strings.Contains(page, "no key") {
		t.Error("the list does not say what stands out")
	}
	if status, _ := b.as("dan").get(t, "/programs/lab/edit"); status != 403 && status != 404 {
		t.Errorf("somebody else: %d", status)
	}
}

// programSeen is the revision of the program that its form has.
func (b *bureau) programSeen(t testing.TB) string {
	t.Helper()
	_, page := b.get(t, "/programs/lab/edit")
	_, rest, _ := strings.Cut(page, `name="digest" value="`)
	seen, _, _ := strings.Cut(rest, `"`)
	return seen
}

// moment is the end of the program as its form has it.
func (b *bureau) moment(t testing.TB) string {
	t.Helper()
	_, page := b.get(t, "/programs/lab/edit")
	_, rest, found := strings.Cut(page, `type="datetime-local" value="`)
	if !found {
		t.Fatal("the form has no end")
	}
	at, _, _ := strings.Cut(rest, `"`)
	return at
}
