package console_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/health"
	"modicum/internal/people"
)

// ofStates are pages in states that ofStaff, ofOffice and ofPolicy do not come to: a patient
// who is the viewer's own, much that waits, what has ended, a list of several pages, a search
// that finds nothing, everything in order.
func ofStates(t *testing.T) []stop {
	t.Helper()
	var out []stop
	for _, of := range []func(*testing.T) []stop{ofTheShift, ofEndings, ofLateReviews, ofTheRecord, ofManyPeople, ofChanges, ofTakings} {
		out = append(out, of(t)...)
	}
	s := newSystem(t)
	s.state = healthy()
	only := observing(t)
	out = append(out, stop{name: "observing/health", web: func() string { return only.web.URL }, as: func() { only.as("olga", people.RunSystem) }, path: "/health"})
	return append(out, stop{name: "healthy/health", web: func() string { return s.web.URL }, as: func() { s.as("olga", people.RunSystem) }, path: "/health"})
}

// observing is an installation that only observes and does without a safeguard, as every
// page says.
func observing(t *testing.T) *system {
	t.Helper()
	s := &system{state: healthy(), world: newWorld(t, func(c *console.Config) {
		c.Observe = true
		c.Lacks = func() []string {
			return []string{"One person alone runs people: nobody agrees to the rights that they give."}
		}
	})}
	rebuild(t, s.world, (&console.System{Health: func(context.Context) *health.State { return s.state }, Installation: installation}).Pages()...)
	return s
}

// of is a stop of a hospital in some state.
func (h *hospital) of(state, who, path string) stop {
	return stop{name: state + "/" + who + path, web: func() string { return h.web.URL }, as: func() { h.as(who) }, path: path}
}

// ofTheShift: Nina's own patient, and ten requests of hers that wait.
func ofTheShift(t *testing.T) []stop {
	h := newHospital(t)
	h.as("nina").posted(t)
	h.record.found = nil
	for i, class := range []string{
		"coverage.member-id", "coverage.eligibility", "identifiers.account", "identifiers.license", "identifiers.device", "demographics.religion",
		"demographics.sogi", "identity.photo", "clinical.genomic", "research.study",
	} {
		status, _ := h.as("nina").post(t, "/ask", "step", "send", "task", "nurse/give-care", "kind", "exception", "class", class, "patient", "p1", "text", fmt.Sprintf("the transport company asks for it, form %d", i+1), "for", "60")
		if status != 303 {
			t.Fatalf("asking for %s: %d", class, status)
		}
	}
	return []stop{
		h.of("shift", "nina", "/posted?to=/my/patient&task=nurse/give-care&patient=p1"), h.of("shift", "petra", "/inbox"), h.of("shift", "nina", "/"),
		h.of("shift", "petra", "/"), h.of("nothing-found", "petra", "/record?kind=decision&who=nina"), h.of("none", "bob", "/settings/tokens"),
	}
}

// ofEndings: lent and over, taken away, given back, open.
func ofEndings(t *testing.T) []stop {
	h := newHospital(t)
	lend := func(text string) string {
		t.Helper()
		id := h.asks(t, text)
		_, page := h.as("petra").get(t, "/requests/"+id)
		h.post(t, "/requests/"+id, "digest", digest(t, page), "answer", "approve", "word", "go ahead")
		grants := h.lent.Grants("nina")
		if len(grants) == 0 {
			t.Fatal("nothing was lent")
		}
		return grants[0].ID
	}
	over := lend("the transport company asks for it")
	h.pass(2 * time.Hour)
	taken := lend("transport again, for the way back")
	if status, _ := h.as("petra").post(t, "/grants/"+taken, "do", "revoke", "word", "the ride was called off"); status != 303 {
		t.Fatalf("taking it away: %d", status)
	}
	h.pass(time.Minute)
	back := lend("the ride is on again at four")
	h.as("nina").post(t, "/grants/"+back, "do", "give-back")
	h.pass(time.Minute)
	refused := h.asks(t, "one more ride, for her sister")
	_, page := h.as("petra").get(t, "/requests/"+refused)
	if status, _ := h.post(t, "/requests/"+refused, "digest", digest(t, page), "answer", "refuse", "word", "her sister is not a patient here"); status != 303 {
		t.Fatalf("refusing: %d", status)
	}
	open := lend("the ride home tonight")
	return []stop{
		h.of("ended", "nina", "/grants"), h.of("ended", "nina", "/grants/"+over), h.of("ended", "nina", "/grants/"+taken), h.of("ended", "nina", "/requests/"+refused),
		h.of("ended", "nina", "/"), h.of("ended", "petra", "/grants/"+open),
	}
}

// ofTakings: an account that one person took away, for whoever is the second, and for the
// first.
func ofTakings(t *testing.T) []stop {
	b := newBureau(t).as("ann")
	account := people.Identity(staffIssuer, "f81d")
	b.gives(t, "ann", "cleo", people.IdentityKind, account)
	b.must(t)(nil, b.dir.Agree(t.Context(), people.Actor{ID: "ben"}, people.Which{Person: "cleo", Kind: people.IdentityKind, Name: account}))
	if status, _ := b.post(t, "/people/cleo", "do", "take", "person", "cleo", "kind", "identity", "name", account); status != 303 {
		t.Fatalf("taking it away: %d", status)
	}
	of := func(who string) stop {
		return stop{name: "taken/" + who + "/proposals", web: func() string { return b.web.URL }, as: func() { b.as(who) }, path: "/proposals"}
	}
	return []stop{of("ben"), of("ann")}
}

// ofLateReviews: a glass broken days ago, attested, that nobody has reviewed; and one that
// was.
func ofLateReviews(t *testing.T) []stop {
	h := newHospital(t)
	closed, late := h.breaks(t, "p9"), h.breaks(t, "p8")
	for _, id := range []string{closed, late} {
		if status, _ := h.as("dora").post(t, "/grants/"+id, "do", "attest", "word", "arrest in bed four, I was the first there"); status != 303 {
			t.Fatalf("attesting: %d", status)
		}
	}
	h.pass(100 * time.Hour)
	if status, _ := h.as("petra").post(t, "/reviews/"+closed, "verdict", "justified", "word", "the arrest is in the chart"); status != 303 {
		t.Fatalf("reviewing: %d", status)
	}
	if _, page := h.get(t, "/"); !strings.Contains(page, ">overdue</b>") {
		t.Error("home does not say that a review is overdue")
	}
	return []stop{h.of("late", "petra", "/reviews"), h.of("late", "petra", "/reviews/"+late), h.of("late", "dora", "/grants/"+closed), h.of("late", "petra", "/")}
}

// ofTheRecord: more than a page of it, searched by a patient and by what is no id of one;
// and nothing yet.
func ofTheRecord(t *testing.T) []stop {
	l, empty := newLibrary(t), newLibrary(t)
	l.posted(t)
	l.shelf.next, empty.shelf.found = 4000, nil
	return []stop{
		l.of("long", "petra", "/record?effect=refuse"), l.of("long", "petra", "/posted?to=/record&patient=p1"), l.of("long", "petra", "/posted?to=/record&patient=Anna+Berg"),
		empty.of("empty", "petra", "/record"),
	}
}

// ofManyPeople: a list of several pages, one who has left, one with a second account whom
// provisioning may take over, a search that fits nobody.
func ofManyPeople(t *testing.T) []stop {
	b := newBureau(t)
	for i := range 60 {
		b.adds(t, fmt.Sprintf("n%02d", i), fmt.Sprintf("Nurse Number %02d", i))
	}
	b.office.Provisioned = true
	b.as("ann").post(t, "/people/cleo/link", "other", "n01")
	b.must(t)(nil, b.dir.Deactivate(t.Context(), people.Actor{ID: "ann"}, "dan", ""))
	var out []stop
	for _, path := range []string{"/people?page=2", "/people?q=nobody+of+that+name", "/people/cleo", "/people/dan", "/programs"} {
		out = append(out, stop{name: "many/ann" + path, web: func() string { return b.web.URL }, as: func() { b.as("ann") }, path: path})
	}
	return out
}

// ofChanges: a change of policy that was found, one that was refused, the same proposed
// again, and one in force.
func ofChanges(t *testing.T) (out []stop) {
	for _, of := range []struct {
		state string
		steps [][]string // who presses what
		seen  string     // by whom
	}{
		{"found", nil, "dora"},
		{"refused", [][]string{proposes, turnsDown}, "dora"},
		{"again", [][]string{proposes, turnsDown, {"dora", "do", "again", "reason", "the audit is over"}}, "paul"},
		{"in-force", [][]string{proposes, {"paul", "do", "approve", "word", "for three months; then we look again"}}, "dora"},
	} {
		p := newParliament(t)
		path := p.found(t)
		for _, step := range of.steps {
			if status, page := p.as(step[0]).press(t, path, step[1:]...); status != 303 {
				t.Fatalf("%s: %q: %d\n%s", of.state, step, status, page)
			}
		}
		if of.state == "again" {
			path = "/policy/changes/" + p.book.Waiting()[0].ID
		}
		for _, at := range []string{path, "/policy"} {
			out = append(out, stop{name: of.state + "/" + of.seen + at, web: func() string { return p.web.URL }, as: func() { p.as(of.seen) }, path: at})
		}
	}
	return out
}

var (
	proposes  = []string{"dora", "do", "propose", "reason", "the ward writes to patients"}
	turnsDown = []string{"paul", "do", "refuse", "word", "the ward writes by the portal"}
)
