package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book/booktest"
	"modicum/internal/people"
)

func (o *office) lacks() (out []string) {
	for _, l := range o.Lacks(o.now()) {
		out = append(out, l.What)
	}
	return out
}

// fill adds people until there are n.
func (o *office) fill(n int) {
	o.t.Helper()
	for i := len(slices.Collect(o.People())); i < n; i++ {
		o.add("p"+string(rune('a'+i)), "Person")
	}
}

func TestG9_WhoWatchesIsNotWhoIsWatched(t *testing.T) {
	pairs := [][2]people.Duty{
		{people.RunSystem, people.ReviewAccess}, {people.RunPeople, people.ReviewAccess}, {people.WritePolicy, people.AgreePolicy},
	}
	for _, pair := range pairs {
		for _, first := range []int{0, 1} {
			o := newOffice(t)
			o.fill(5)
			o.must(o.give(ann, "pc", people.DutyKind, string(pair[first])))
			o.must(o.agree(ben, "pc", people.DutyKind, string(pair[first])))
			refusedAs(t, o.give(ann, "pc", people.DutyKind, string(pair[1-first])), people.ErrApart)
			// Nor under another identity.
			o.must(o.Link(t.Context(), ann, "pc", "pd"))
			refusedAs(t, o.give(ann, "pd", people.DutyKind, string(pair[1-first])), people.ErrApart)
			o.must(o.give(ann, "pe", people.DutyKind, string(pair[1-first])))
		}
	}
}

func TestATwoPersonHospitalIsPossibleAndSaysWhatItLacks(t *testing.T) {
	o := newOffice(t)
	if !o.Holds("ben", people.RunPeople, o.now()) {
		t.Fatal("the second administrator, given while there was one, does not count")
	}
	o.must(o.give(ann, "ben", people.DutyKind, "review-access"))
	if !o.Holds("ben", people.ReviewAccess, o.now()) {
		t.Error("there is nobody but giver and getter who could agree, and it does not count")
	}
	got := o.lacks()
	for _, want := range []string{"duties-together", "given-alone", "no-agree-policy", "no-approver:privacy-officer"} {
		if !slices.Contains(got, want) {
			t.Errorf("does not say that it lacks %s: %v", want, got)
		}
	}
	o.fill(4)
	if !slices.Contains(o.lacks(), "duties-do-not-count") || o.Holds("ben", people.ReviewAccess, o.now()) {
		t.Errorf("with four people the duty that watches still counts: %v", o.lacks())
	}
	if !o.Holds("ben", people.RunPeople, o.now()) {
		t.Error("the duty that is watched is gone too, which locks everybody out")
	}
}

func TestG6_AMoverLosesWhatTheOldPlaceGave(t *testing.T) {
	o := newOffice(t)
	o.provided("eve")
	g := o.group("nurses", "eve")
	move := func(dept string) {
		_, err := o.Change(t.Context(), scim, "eve", 0, func(p *people.Person) error { p.Department = dept; return nil })
		o.must(err)
	}
	move("ward-3")
	for _, gift := range []people.Gift{
		{Person: "eve", Kind: people.Position, Name: "chief-nursing-officer", Dept: "ward-3"},
		{Person: "eve", Kind: people.Position, Name: "director-him"},
	} {
		o.must(o.Give(t.Context(), ann, gift))
		o.must(o.Agree(t.Context(), ben, people.Which{Person: "eve", Kind: gift.Kind, Name: gift.Name, Dept: gift.Dept}))
	}
	move("ward-4")
	if got := o.Positions("eve", o.now()); !slices.Equal(got, []string{"director-him"}) {
		t.Errorf("in the new department she holds %v", got)
	}
	_, err := o.ChangeGroup(t.Context(), scim, g.ID, 0, func(g *people.Group) error { g.Members = nil; return nil })
	o.must(err)
	if got := o.Roles("eve", o.now()); len(got) != 0 {
		t.Errorf("out of the group she holds %v", got)
	}
}

func TestG1_NobodyIsTheirOwnApprover(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"cyd", "cyd2", "dot", "nan"} {
		o.add(id, id)
	}
	for _, id := range []string{"cyd", "cyd2", "dot"} {
		o.must(o.give(ann, id, people.Role, "privacy-officer"))
		o.must(o.agree(ben, id, people.Role, "privacy-officer"))
	}
	asks := func(asker string) []string { return o.Approvers("privacy-officer", o.Person(asker), o.now()) }
	if got := asks("nan"); !slices.Equal(got, []string{"cyd", "cyd2", "dot"}) {
		t.Errorf("for nan: %v", got)
	}
	if got := asks("cyd"); !slices.Equal(got, []string{"cyd2", "dot"}) {
		t.Errorf("for cyd: %v", got)
	}
	o.must(o.Link(t.Context(), ann, "cyd", "cyd2"))
	if got := asks("cyd"); !slices.Equal(got, []string{"dot"}) {
		t.Errorf("for cyd, who is cyd2 as well: %v", got)
	}
	for _, id := range []string{"cyd", "dot"} {
		_, err := o.Change(t.Context(), ann, id, 0, func(p *people.Person) error { p.Mail = "Desk@clinic.test"; return nil })
		o.must(err)
	}
	if got := asks("cyd2"); len(got) != 0 {
		t.Errorf("who shares a mail address approves: %v", got)
	}
	o.program("lab", "cyd")
	if !o.Same("lab", "cyd2") {
		t.Error("a program is not its owner")
	}
	// Who is in conflict over the role decides for nobody.
	o.must(o.Unlink(t.Context(), ann, "cyd", "cyd2"))
	refusedAs(t, o.give(ann, "cyd2", people.Role, "it-support"), people.ErrApart)
}

func TestApproversOfADepartmentAndManagers(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"boss", "chief", "nan"} {
		o.add(id, id)
	}
	_, err := o.Change(t.Context(), ann, "nan", 0, func(p *people.Person) error { p.Manager = "boss"; return nil })
	o.must(err)
	if got := o.Approvers(people.Manager, o.Person("nan"), o.now()); len(got) != 0 {
		t.Errorf("being named as manager is enough to approve: %v", got)
	}
	for _, id := range []string{"boss", "chief"} {
		o.must(o.give(ann, id, people.Position, people.Manager))
		o.must(o.agree(ben, id, people.Position, people.Manager))
	}
	if got := o.Approvers(people.Manager, o.Person("nan"), o.now()); !slices.Equal(got, []string{"boss"}) {
		t.Errorf("managers of nan: %v", got)
	}
	for _, dept := range []string{"ward-3", "ward-9"} {
		o.must(o.Give(t.Context(), ann, people.Gift{Person: "chief", Kind: people.Position, Name: "director-him", Dept: dept}))
	}
	o.must(o.Agree(t.Context(), ben, people.Which{Person: "chief", Kind: people.Position, Name: "director-him", Dept: "ward-9"}))
	if got := o.Approvers("director-him", o.Person("nan"), o.now()); len(got) != 0 {
		t.Errorf("a director of ward 9 approves for ward 3: %v", got)
	}
	o.must(o.Agree(t.Context(), ben, people.Which{Person: "chief", Kind: people.Position, Name: "director-him", Dept: "ward-3"}))
	if got := o.Approvers("director-him", o.Person("nan"), o.now()); !slices.Equal(got, []string{"chief"}) {
		t.Errorf("directors for ward 3: %v", got)
	}
}

func TestWhatIsHeldForAWhileEndsAndUncertainTimeGivesNothing(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	until := o.at.Add(time.Hour)
	o.must(o.Give(t.Context(), ann, people.Gift{Person: "cyd", Kind: people.Role, Name: "nurse", Until: until.UnixMicro()}))
	holds := func() bool { return slices.Contains(o.Roles("cyd", o.now()), "nurse") }
	if !holds() {
		t.Fatal("not held at first")
	}
	o.trusted = false
	if holds() {
		t.Error("held for a while, while nobody knows the time")
	}
	refusedAs(t, o.give(ann, "cyd", people.Role, "registration"), people.ErrTime)
	o.must(o.Take(t.Context(), ann, people.Which{Person: "cyd", Kind: people.Role, Name: "nurse"}))
	o.trusted, o.at = true, until
	if holds() {
		t.Error("held at its end")
	}
}

func TestL2_RefusalsOfTheDirectoryAreRecorded(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	before := len(o.acts())
	refusedAs(t, o.give(people.Actor{ID: "cyd"}, "cyd", people.DutyKind, "run-people"), people.ErrForbidden)
	if got := o.acts()[before:]; !slices.Equal(got, []string{"duty-given-refused"}) {
		t.Errorf("the record says %v", got)
	}
	// What is nothing to keep is nothing to record.
	before = len(o.acts())
	_, err := o.Change(t.Context(), ann, "cyd", 0, func(*people.Person) error { return nil })
	o.must(err)
	if got := o.acts()[before:]; len(got) != 0 {
		t.Errorf("a change of nothing is recorded: %v", got)
	}
}

func TestTheRecordNamesNobodysNameOrMail(t *testing.T) {
	o := newOffice(t)
	_, err := o.Add(t.Context(), ann, &people.Person{UserName: "zoe", Name: "Zoe Quill", Mail: "quill@clinic.test", Title: "Chief of Quills"})
	o.must(err)
	o.must(o.Give(t.Context(), ann, people.Gift{Person: "zoe", Kind: people.Role, Name: "nurse", Why: "replaces Quentin"}))
	for _, e := range o.shelf.Entries() {
		text, err := ledgerText(e)
		o.must(err)
		for _, word := range []string{"Quill", "clinic.test", "Quentin"} {
			if strings.Contains(text, word) {
				t.Errorf("an entry says %s: %s", word, text)
			}
		}
	}
}

func TestD11_WhileItIsNotKnownWhatWasKeptNobodyIsActive(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	next := booktest.None
	o.shelf.Next = func() booktest.Fault { return next }
	next = booktest.KeptBlind
	if err := o.Deactivate(t.Context(), ann, "cyd", ""); err == nil {
		t.Fatal("a change that nobody knows about succeeded")
	}
	if o.Active("cyd") || o.Active("ann") || o.Holds("ann", people.RunPeople, o.now()) || !o.Same("ann", "ben") {
		t.Error("somebody is active, or may decide, while that is unknown")
	}
	next = booktest.None
	o.must(o.desk.Reload(t.Context()))
	if o.Active("cyd") || !o.Active("ann") {
		t.Error("read again, the directory says something else than was kept")
	}
	next = booktest.Refuses
	if err := o.Deactivate(t.Context(), ann, "ben", ""); !errors.Is(err, booktest.ErrFull) || !o.Active("ben") {
		t.Errorf("what was not kept shows: %v", err)
	}
}

func TestSomebodyIsLeftToRunPeople(t *testing.T) {
	o := newOffice(t)
	o.must(o.Take(t.Context(), ann, people.Which{Person: "ben", Kind: people.DutyKind, Name: "run-people"}))
	refusedAs(t, o.Take(t.Context(), ann, people.Which{Person: "ann", Kind: people.DutyKind, Name: "run-people"}), people.ErrLast)
	refusedAs(t, o.Deactivate(t.Context(), ann, "ann", ""), people.ErrLast)
	_, err := o.First(t.Context(), &people.Person{UserName: "eve", Name: "Eve"})
	refusedAs(t, err, people.ErrForbidden)
}

// TestTheFirstIsWhoeverFirstRunsPeople: people of provisioning do not keep them out, keep
// their names, and whoever runs people then does.
func TestTheFirstIsWhoeverFirstRunsPeople(t *testing.T) {
	o := emptyOffice(t)
	_, err := o.Add(t.Context(), scim, &people.Person{UserName: "fay", Name: "Fay", Active: true, SCIM: &people.Provisioned{}})
	o.must(err)
	_, err = o.First(t.Context(), &people.Person{UserName: "Fay", Name: "Eve"})
	refusedAs(t, err, people.ErrTaken)
	_, err = o.First(t.Context(), &people.Person{UserName: "ina", Name: "Ina"})
	o.must(err)
	if !o.Holds("ina", people.RunPeople, o.now()) {
		t.Error("the first runs nothing")
	}
	_, err = o.First(t.Context(), &people.Person{UserName: "eve", Name: "Eve"})
	refusedAs(t, err, people.ErrForbidden)
	// While the time is not certain, what somebody holds for a while counts for nothing, and
	// opens nothing either.
	ina := people.Actor{ID: "ina"}
	o.must(o.Give(t.Context(), ina, people.Gift{Person: "fay", Kind: people.DutyKind, Name: "run-people", Until: o.now() + 3_600_000_000}))
	o.must(o.Deactivate(t.Context(), people.Actor{ID: "fay"}, "ina", ""))
	o.trusted = false
	_, err = o.First(t.Context(), &people.Person{UserName: "eve", Name: "Eve"})
	refusedAs(t, err, people.ErrForbidden)
}
