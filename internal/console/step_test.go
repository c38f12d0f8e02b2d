package console_test

import (
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/facts"
	"modicum/internal/people"
)

// TestANewInstallationIsToldItsNextSteps: the first person is led to the second, then to
// what makes one able to ask and the other to say yes, and to nobody once all is there or
// the installation is no longer small.
func TestANewInstallationIsToldItsNextSteps(t *testing.T) {
	b := newBureau(t).as("ann")
	steps := func() (to []string) {
		for _, s := range b.office.Steps(b.viewer.Load(), b.now.Load()) {
			to = append(to, s.To)
		}
		return to
	}
	if got := steps(); got != nil {
		t.Errorf("of four people: %v", got)
	}
	for _, id := range []string{"ben", "cleo", "dan"} {
		b.must(t)(nil, b.dir.Deactivate(t.Context(), people.Actor{ID: "ann"}, id, ""))
	}
	if got := steps(); !slices.Equal(got, []string{"/people/new"}) {
		t.Errorf("alone: %v", got)
	}
	b.adds(t, "nina", "Nina Sample")
	second := "/people/nina/give?what=duty+run-people"
	if got := steps(); !slices.Equal(got, []string{"/people/nina/give", "/people/nina#signing", second}) {
		t.Errorf("with somebody who holds nothing: %v", got)
	}
	b.gives(t, "ann", "nina", people.Role, "nurse")
	_, _, err := b.signIn.Invite(t.Context(), people.Actor{ID: "ann"}, "nina")
	b.must(t)(nil, err)
	lends := "/people/ann/give?what=position+charge-nurse"
	if got := steps(); !slices.Equal(got, []string{lends, second}) {
		t.Errorf("with nobody who lends: %v", got)
	}
	if status, page := b.get(t, lends); status != http.StatusOK || !strings.Contains(page, `<option value="position charge-nurse" selected>`) {
		t.Errorf("the step leads to a form that has to be filled in: %d\n%s", status, page)
	}
	b.gives(t, "ann", "ann", people.Position, "charge-nurse")
	b.gives(t, "ann", "nina", people.DutyKind, string(people.RunPeople))
	if got := steps(); got != nil {
		t.Errorf("with all of it: %v", got)
	}
}

// TestAStepThatWasTakenIsNotNamedAgain: what waits for a second person is theirs to do.
func TestAStepThatWasTakenIsNotNamedAgain(t *testing.T) {
	b := newBureau(t).as("ann")
	for _, id := range []string{"ben", "cleo", "dan"} {
		b.must(t)(nil, b.dir.Deactivate(t.Context(), people.Actor{ID: "ann"}, id, ""))
	}
	b.adds(t, "nina", "Nina Sample")
	b.gives(t, "ann", "nina", people.Role, "nurse")
	b.gives(t, "ann", "nina", people.DutyKind, string(people.RunPeople))
	_, _, err := b.signIn.Invite(t.Context(), people.Actor{ID: "ann"}, "nina")
	b.must(t)(nil, err)
	if got := b.office.Steps(b.viewer.Load(), b.now.Load()); len(got) != 1 || got[0].To != "/people/ann/give?what=position+charge-nurse" {
		t.Fatalf("with nobody who lends: %v", got)
	}
	b.gives(t, "ann", "ann", people.Position, "charge-nurse")
	if got := b.office.Steps(b.viewer.Load(), b.now.Load()); got != nil {
		t.Errorf("it waits for Nina, and ann is led to %v", got)
	}
}

// TestStepsAreForWhoRunsPeople: nobody else is led to pages that are not theirs.
func TestStepsAreForWhoRunsPeople(t *testing.T) {
	b := newBureau(t)
	for _, id := range []string{"cleo", "dan"} {
		b.must(t)(nil, b.dir.Deactivate(t.Context(), people.Actor{ID: "ann"}, id, ""))
	}
	b.adds(t, "nina", "Nina Sample")
	if got := b.office.Steps(b.as("nina").viewer.Load(), b.now.Load()); got != nil {
		t.Errorf("somebody without the duty is led to %v", got)
	}
	if got := b.office.Steps(b.as("ann").viewer.Load(), b.now.Load()); len(got) == 0 {
		t.Error("nobody is led anywhere")
	}
}

// TestHomeOfANewInstallationLeadsOn: the steps stand where nothing waits, three at most.
func TestHomeOfANewInstallationLeadsOn(t *testing.T) {
	h := newHospital(t)
	_, page := h.as("bob").get(t, "/")
	if strings.Contains(page, "What comes next") {
		t.Error("steps where there are none")
	}
	h.staff.Steps = func(*console.Viewer) (out []console.Step) {
		for _, name := range []string{"one", "two", "three", "four"} {
			out = append(out, console.Step{Title: "Step " + name, Why: "because of " + name, To: "/people/" + name})
		}
		return out
	}
	_, page = h.as("bob").get(t, "/")
	page = html.UnescapeString(page)
	for _, want := range []string{"<h1>What comes next</h1>", "Step one", "because of three", `href="/people/three"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "Step four") {
		t.Error("more than three at once")
	}
}

// TestNobodyIsLedToAPageThatIsNotTheirs: what sources never said stands on the page of
// those who run the system; who only runs people, or neither, cannot open it.
func TestNobodyIsLedToAPageThatIsNotTheirs(t *testing.T) {
	h := newHospital(t)
	h.facts = facts.NewStore(facts.FromPolicy(h.set, h.set.Folder(), nil), func() (time.Time, bool) { return noon, true }, nil)
	h.staff.Steps = func(*console.Viewer) []console.Step { return nil }
	h.crew.duty["bob"] = []people.Duty{people.RunPeople}
	for _, who := range []string{"olga", "bob", "nina"} {
		_, page := h.as(who).get(t, "/")
		led := strings.Contains(page, `href="/health#sources"`)
		status, _ := h.get(t, "/health")
		if led != (status == http.StatusOK) || led != (who == "olga") {
			t.Errorf("%s is led there: %t, and the page answers %d", who, led, status)
		}
	}
}
