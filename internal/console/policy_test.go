package console_test

import (
	"context"
	"errors"
	"html"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/change"
	"modicum/internal/console"
	"modicum/internal/people"
	"modicum/policy"
)

// parliament is a console over the changes of the sample policy: dora writes, paul and
// nina, who is a nurse, put in force.
type parliament struct {
	*world
	dir    *people.Directory
	book   *change.Book
	force  *policy.Set
	next   *policy.Set
	folder *policy.Set
	kept   map[string]*policy.Set
}

func samplePolicy(t testing.TB, edits map[string][2]string) *policy.Set {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("../../policy-sample"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile("../../policy-sample/" + path)
		e, edited := edits[path]
		if edited && !strings.Contains(string(text), e[0]) {
			t.Fatalf("%s has nothing to edit", path)
		}
		files[path] = &fstest.MapFile{Data: []byte(strings.Replace(string(text), e[0], e[1], 1))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	set, probs := policy.Load(files, catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors())
	}
	return set
}

func newParliament(t testing.TB) *parliament {
	t.Helper()
	p := &parliament{kept: map[string]*policy.Set{}}
	p.force = samplePolicy(t, nil)
	p.next = samplePolicy(t, map[string][2]string{
		"roles/nurse.yaml":      {"clinical, coverage.plan", "clinical, identifiers.account, coverage.plan"},
		"roles/pharmacist.yaml": {"title: Pharmacist", "title: Hospital pharmacist"},
		"organization.yaml":     {"for: 8 hours", "for: 12 hours"},
	})
	p.kept[p.force.Hash()], p.kept[p.next.Hash()] = p.force, p.next
	p.folder = p.next
	clock := func() (time.Time, bool) { return time.UnixMicro(p.now.Load()).UTC(), true }
	var laws *console.Legislature
	p.world = newWorld(t, func(c *console.Config) {
		c.Counts = func(ctx context.Context, v *console.Viewer, path string) int { return laws.Counts(ctx, v, path) }
	})
	desk := book.NewDesk(&booktest.Shelf{})
	set := func() *policy.Set { return p.force }
	var err error
	if p.dir, err = people.Open(t.Context(), people.Config{Desk: desk, Policy: set, Now: clock}); err != nil {
		t.Fatal(err)
	}
	p.book, err = change.Open(t.Context(), change.Config{
		Desk: desk, People: p.dir, Now: clock, InForce: set, Folder: func() string { return p.folder.Hash() },
		Archived: func(hash string) (*policy.Set, error) {
			if s := p.kept[hash]; s != nil {
				return s, nil
			}
			return nil, errors.New("not in the archive")
		},
		Put:  func(_ context.Context, s *policy.Set) error { p.force = s; return nil },
		Lent: func(string) []string { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.book.Begin(t.Context(), p.force, false); err != nil {
		t.Fatal(err)
	}
	laws = &console.Legislature{Changes: p.book, People: p.dir, Policy: set, Trouble: func() string { return "" }}
	rebuild(t, p.world, laws.Pages()...)
	p.proved.Store(true)
	p.joins(t)
	return p
}

func (p *parliament) joins(t testing.TB) {
	t.Helper()
	ctx, ann := t.Context(), people.Actor{ID: "ann"}
	if _, err := p.dir.First(ctx, &people.Person{UserName: "ann", Name: "Ann Frost"}); err != nil {
		t.Fatal(err)
	}
	for _, x := range [][]string{
		{"dora", "Dora Whitfield", "duty write-policy"}, {"paul", "Paul Okafor", "duty agree-policy"}, {"nina", "Nina Alvarez", "duty agree-policy", "role nurse"}, {"tess", "Tess Lind"},
	} {
		if _, err := p.dir.Add(ctx, ann, &people.Person{UserName: x[0], Name: x[1]}); err != nil {
			t.Fatal(err)
		}
		for _, holds := range x[2:] {
			kind, name, _ := strings.Cut(holds, " ")
			if err := p.dir.Give(ctx, ann, people.Gift{Person: x[0], Kind: people.Kind(kind), Name: name, Why: "test"}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (p *parliament) as(id string) *parliament {
	v := &console.Viewer{Person: p.dir.Person(id), Session: "session-of-" + id}
	for _, d := range people.Duties() {
		if p.dir.Holds(id, d, p.now.Load()) {
			v.Duties = append(v.Duties, d)
		}
	}
	p.viewer.Store(v)
	return p
}

// found lets the book look into the folder and returns the page of what waits.
func (p *parliament) found(t testing.TB) string {
	t.Helper()
	if err := p.book.Look(t.Context(), p.folder); err != nil {
		t.Fatal(err)
	}
	return "/policy/changes/" + p.book.Waiting()[0].ID
}

func (p *parliament) press(t testing.TB, path string, pairs ...string) (int, string) {
	t.Helper()
	_, page := p.get(t, path)
	if strings.Contains(page, `name="digest"`) {
		pairs = append(pairs, "digest", digest(t, page))
	}
	b := &bureau{world: p.world}
	return b.post(t, path, pairs...)
}

// TestG7_ThePageShowsTheEffectBeforeTheYes: what opens stands on the page from which a
// change is proposed and approved; a yes is the second person's, after a proof.
func TestG7_ThePageShowsTheEffectBeforeTheYes(t *testing.T) {
	p := newParliament(t)
	first := p.force
	path := p.found(t)
	_, page := p.as("dora").get(t, path)
	text := html.UnescapeString(page)
	for _, want := range []string{"opens", "Nurse", "not shown → shown", "Break-glass for: 8 hours → 12 hours", "identifiers.account", `value="propose"`} {
		if !strings.Contains(strings.ReplaceAll(text, "Break glass", "Break-glass"), want) {
			t.Errorf("the page of a change does not say %q", want)
		}
	}
	if strings.Contains(page, `value="approve"`) {
		t.Error("what nobody proposed has a button to approve")
	}
	if status, page := p.press(t, path, "do", "propose", "reason", ""); status != 422 || !strings.Contains(page, "Say why") {
		t.Errorf("without a reason: %d", status)
	}
	if status, _ := p.press(t, path, "do", "propose", "reason", "the ward writes to patients"); status != 303 {
		t.Fatalf("proposing: %d", status)
	}
	if _, page := p.get(t, path); strings.Contains(page, `value="approve"`) || !strings.Contains(page, "under any of their identities") {
		t.Error("who proposed it has a button to approve, or is not told why not")
	}
	if status, page := p.press(t, path, "do", "approve"); status != 422 || !strings.Contains(page, "under any of their identities") || p.force != first {
		t.Errorf("the proposer's yes: %d", status)
	}
	p.as("paul").proved.Store(false)
	if status, _ := p.press(t, path, "do", "approve"); status == 303 && p.force != first || p.force != first {
		t.Error("a yes without a proof counts")
	}
	p.proved.Store(true)
	if _, page := p.get(t, "/policy"); !strings.Contains(page, `<b class="count">1<`) || !strings.Contains(page, "Look and answer") {
		t.Error("it is not counted for who may say yes")
	}
	if status, _ := p.press(t, path, "do", "approve"); status != 303 || p.force != p.next {
		t.Errorf("the second person's yes: %d", status)
	}
	_, page = p.get(t, "/policy")
	for _, want := range []string{"Dora Whitfield", "Paul Okafor", "came into force", "Nothing waits"} {
		if !strings.Contains(page, want) {
			t.Errorf("afterwards the page does not say %q", want)
		}
	}
}

// TestG7_WhoGainsIsToldThatTheirYesIsNotEnough.
func TestG7_WhoGainsIsToldThatTheirYesIsNotEnough(t *testing.T) {
	p := newParliament(t)
	first := p.force
	path := p.found(t)
	p.as("dora").press(t, path, "do", "propose", "reason", "the ward writes to patients")
	if _, page := p.as("nina").get(t, path); !strings.Contains(page, "Your yes is not enough") {
		t.Error("who gains is not told")
	}
	if status, _ := p.press(t, path, "do", "approve"); status != 303 || p.force != first {
		t.Errorf("the yes of who gains: %d, in force %v", status, p.force != first)
	}
	if status, _ := p.as("paul").press(t, path, "do", "approve"); status != 303 || p.force != p.next {
		t.Errorf("with a third: %d", status)
	}
}

// lay puts another policy into the folder, in place of the one that lies there.
func (p *parliament) lay(set *policy.Set) {
	p.next, p.folder, p.kept[set.Hash()] = set, set, set
}

// TestG7_WhereNobodyCanTellWhoGainsThePageSaysWhatItNeeds: to who proposes it, to who
// answers, and not of a change that names its roles.
func TestG7_WhereNobodyCanTellWhoGainsThePageSaysWhatItNeeds(t *testing.T) {
	const unnamed = "Who gains by that cannot be told, so two people besides the one who proposes it must say yes."
	p := newParliament(t)
	named := p.found(t)
	if _, page := p.as("dora").get(t, named); strings.Contains(page, unnamed) || !strings.Contains(page, `value="propose"`) {
		t.Error("it is said of a change that names its roles")
	}
	p.lay(samplePolicy(t, map[string][2]string{"organization.yaml": {"key: mutual-tls\n    rotate: 90 days", "key: mutual-tls\n    rotate: 180 days"}}))
	path := p.found(t)
	if _, page := p.as("dora").get(t, path); !strings.Contains(page, unnamed) {
		t.Error("who proposes it is not told")
	}
	first := p.force
	p.press(t, path, "do", "propose", "reason", "the laboratory asked")
	if _, page := p.as("paul").get(t, path); !strings.Contains(page, unnamed) || !strings.Contains(page, `value="approve"`) {
		t.Error("who answers is not told")
	}
	p.press(t, path, "do", "approve")
	if _, page := p.get(t, path); p.force != first || !strings.Contains(page, "It needs a third person") {
		t.Errorf("after one yes: in force %v", p.force != first)
	}
	if p.as("nina").press(t, path, "do", "approve"); p.force != p.next {
		t.Error("not in force by two others")
	}
}

// TestG7_WhoMayNotProposeAnyMoreIsNamedAsWhatIsLacking: and a yes meanwhile changes nothing.
func TestG7_WhoMayNotProposeAnyMoreIsNamedAsWhatIsLacking(t *testing.T) {
	p := newParliament(t)
	first, path := p.force, p.found(t)
	p.as("dora").press(t, path, "do", "propose", "reason", "the ward writes to patients")
	if err := p.dir.Take(t.Context(), people.Actor{ID: "ann"}, people.Which{Person: "dora", Kind: people.DutyKind, Name: "write-policy"}); err != nil {
		t.Fatal(err)
	}
	if _, page := p.as("paul").get(t, path); !strings.Contains(page, "It needs the duty write-policy with who proposed it") {
		t.Error("the page does not say what is lacking")
	}
	if status, page := p.press(t, path, "do", "approve"); status != 422 || !strings.Contains(page, "does not hold the duty write-policy any more") || p.force != first {
		t.Errorf("a yes: %d", status)
	}
}

// TestG7_GoingBackIsProposedFromItsPage, and refused with a word.
func TestG7_GoingBackIsProposedFromItsPage(t *testing.T) {
	p := newParliament(t)
	path := p.found(t)
	p.as("dora").press(t, path, "do", "propose", "reason", "the ward writes to patients")
	if status, page := p.as("paul").press(t, path, "do", "refuse", "word", ""); status != 422 || !strings.Contains(page, "why not") {
		t.Errorf("a no without a word: %d", status)
	}
	p.press(t, path, "do", "approve")
	first := p.book.InForce()
	past, err := p.book.History(t.Context(), "", 10)
	if err != nil || len(past) != 2 {
		t.Fatalf("%d %v", len(past), err)
	}
	earlier := "/policy/changes/" + past[1].ID
	if status, _ := p.as("dora").press(t, earlier, "do", "again", "reason", "it was too much"); status != 303 {
		t.Fatalf("going back: %d", status)
	}
	if p.book.InForce().Change != first.Change {
		t.Fatal("a rollback is in force by one person")
	}
	back := "/policy/changes/" + p.book.Waiting()[0].ID
	if status, _ := p.as("paul").press(t, back, "do", "refuse", "word", "not now"); status != 303 || len(p.book.Waiting()) != 0 {
		t.Errorf("refusing: %d", status)
	}
}

// TestThePolicyIsNotEverybodysPage: whoever has no duty for it sees nothing, guessed or not.
func TestThePolicyIsNotEverybodysPage(t *testing.T) {
	p := newParliament(t)
	path := p.found(t)
	for _, at := range []string{"/policy", path} {
		if status, _ := p.as("tess").get(t, at); status != 403 {
			t.Errorf("%s: %d", at, status)
		}
	}
	if status, _ := p.as("paul").get(t, "/policy/changes/0190c0de-0000-7000-8000-000000000000"); status != 404 {
		t.Errorf("a guessed id: %d", status)
	}
}

// TestG7_WhatWasRefusedIsProposedAgainFromThePageThatSaysSo: the folder's page says that
// what lies there was turned down, and whoever is asked again reads the word of the no.
func TestG7_WhatWasRefusedIsProposedAgainFromThePageThatSaysSo(t *testing.T) {
	p := newParliament(t)
	path := p.found(t)
	p.as("dora").press(t, path, "do", "propose", "reason", "the ward writes to patients")
	p.as("paul").press(t, path, "do", "refuse", "word", "not before the audit")
	if _, page := p.as("dora").get(t, "/policy"); !strings.Contains(page, "was turned down") || !strings.Contains(page, "not before the audit") || !strings.Contains(page, `href="`+path+`"`) {
		t.Error("the page does not say that what lies in the folder was refused")
	}
	if _, page := p.get(t, path); !strings.Contains(page, "Propose it again") {
		t.Error("a refused change has no button to propose it again")
	}
	if status, _ := p.press(t, path, "do", "again", "reason", "the audit is over"); status != 303 || len(p.book.Waiting()) != 1 {
		t.Fatalf("proposing it again: %d", status)
	}
	again := "/policy/changes/" + p.book.Waiting()[0].ID
	if _, page := p.as("paul").get(t, again); !strings.Contains(page, "Decided on the same policy before") || !strings.Contains(page, "not before the audit") {
		t.Error("whoever is asked again does not read why it was refused")
	}
	if status, _ := p.press(t, again, "do", "approve"); status != 303 || p.force != p.next {
		t.Errorf("the yes: %d", status)
	}
}

// TestG7_APageOfAChangeSpeaksAsThePagesOfRoles: conditions in words, and what an expression
// computes to the letter.
func TestG7_APageOfAChangeSpeaksAsThePagesOfRoles(t *testing.T) {
	p := newParliament(t)
	p.lay(samplePolicy(t, map[string][2]string{
		"roles/nurse.yaml": {"clinical, coverage.plan", "clinical, identifiers.account, coverage.plan"},
		"conditions.yaml":  {"fact.kind == 'dispense'", "fact.kind == 'dispense-item'"},
	}))
	_, page := p.as("dora").get(t, p.found(t))
	text := html.UnescapeString(page)
	for _, want := range []string{"while care relationship and during shift", "fact.kind == 'dispense-item'"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of a change does not say %q", want)
		}
	}
	table, _, _ := strings.Cut(text, "The files, line by line")
	if strings.Contains(table, "care-relationship") {
		t.Error("a condition stands as the policy's text")
	}
}
