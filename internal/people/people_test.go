package people_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

var policySet = func() *policy.Set {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		panic(problems)
	}
	return set
}()

// office is a directory with its shelf and a clock that the test moves.
type office struct {
	*people.Directory
	t       testing.TB
	shelf   *booktest.Shelf
	desk    *book.Desk
	at      time.Time
	trusted bool
}

// staffIssuer is the identity provider of the office.
const staffIssuer = "https://id.hospital.example/realms/staff"

var (
	ann  = people.Actor{ID: "ann", Session: "s1"}
	ben  = people.Actor{ID: "ben", Session: "s2"}
	scim = people.Actor{ID: "scim:hr"}
)

// newOffice is a hospital whose first person is ann, with ben as second administrator.
func newOffice(t testing.TB) *office {
	t.Helper()
	o := emptyOffice(t)
	_, err := o.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"})
	o.must(err)
	o.add("ben", "Ben Ode")
	o.must(o.Give(t.Context(), ann, people.Gift{Person: "ben", Kind: people.DutyKind, Name: "run-people"}))
	return o
}

func emptyOffice(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, shelf: &booktest.Shelf{}, at: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), trusted: true}
	o.open()
	return o
}

// open reads the directory again, as a process that starts does.
func (o *office) open() {
	o.t.Helper()
	o.desk = book.NewDesk(o.shelf)
	d, err := people.Open(o.t.Context(), people.Config{
		Desk: o.desk, Policy: func() *policy.Set { return policySet },
		Now:     func() (time.Time, bool) { return o.at, o.trusted },
		Issuers: []string{staffIssuer},
		Groups:  map[string]string{"nurses": "nurse", "officers": "privacy-officer", "robots": "service-integration"},
	})
	o.must(err)
	o.Directory = d
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) now() int64 { return o.at.UnixMicro() }

func (o *office) add(id, name string) {
	o.t.Helper()
	_, err := o.Add(o.t.Context(), ann, &people.Person{UserName: id, Name: name, Department: "ward-3"})
	o.must(err)
}

func (o *office) give(by people.Actor, person string, k people.Kind, name string) error {
	return o.Give(o.t.Context(), by, people.Gift{Person: person, Kind: k, Name: name, Why: "for the test"})
}

func (o *office) agree(by people.Actor, person string, k people.Kind, name string) error {
	return o.Agree(o.t.Context(), by, people.Which{Person: person, Kind: k, Name: name})
}

// provided adds somebody by provisioning.
func (o *office) provided(id string) *people.Person {
	o.t.Helper()
	p, err := o.Add(o.t.Context(), scim, &people.Person{UserName: id, Name: id, Active: true, SCIM: &people.Provisioned{}})
	o.must(err)
	return p
}

func (o *office) group(name string, members ...string) *people.Group {
	o.t.Helper()
	g, err := o.AddGroup(o.t.Context(), scim, &people.Group{Name: name, Members: members})
	o.must(err)
	return g
}

// acts lists the names of the entries kept, oldest first.
func (o *office) acts() (out []string) {
	for _, e := range o.shelf.Entries() {
		out = append(out, e.(*ledger.Act).Act)
	}
	return out
}

func refusedAs(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want a refusal because %v", err, kind)
	}
}

func TestG9_ARightOverOthersNeedsASecondPerson(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.add("dot", "Dot Lane")
	for _, tt := range []struct {
		kind people.Kind
		name string
	}{
		{people.DutyKind, "read-record"},
		{people.Position, "director-him"},
		{people.Role, "privacy-officer"},
	} {
		counts := func() bool {
			return slices.ContainsFunc(o.Standings("cyd", o.now()), func(s people.Standing) bool { return s.Name == tt.name && s.Counts })
		}
		o.must(o.give(ann, "cyd", tt.kind, tt.name))
		if counts() {
			t.Errorf("%s %s counts before anybody agreed", tt.kind, tt.name)
		}
		if len(o.Proposals(o.now())) != 1 {
			t.Errorf("%s %s does not wait", tt.kind, tt.name)
		}
		refusedAs(t, o.agree(ann, "cyd", tt.kind, tt.name), people.ErrSelf)
		refusedAs(t, o.agree(people.Actor{ID: "dot"}, "cyd", tt.kind, tt.name), people.ErrForbidden)
		o.must(o.agree(ben, "cyd", tt.kind, tt.name))
		if !counts() {
			t.Errorf("%s %s does not count after a second person agreed", tt.kind, tt.name)
		}
	}
	if !o.Holds("cyd", people.ReadRecord, o.now()) || !slices.Contains(o.Roles("cyd", o.now()), "privacy-officer") {
		t.Error("what was agreed to is not held")
	}
}

func TestG9_TheSecondPersonIsNeitherUnderAnotherName(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.add("ben2", "Ben Ode")
	o.must(o.give(ann, "ben2", people.DutyKind, "run-people"))
	o.must(o.agree(ben, "ben2", people.DutyKind, "run-people"))
	o.must(o.give(ben, "cyd", people.DutyKind, "read-record"))
	o.must(o.Link(t.Context(), ann, "ben", "ben2"))
	refusedAs(t, o.agree(people.Actor{ID: "ben2"}, "cyd", people.DutyKind, "read-record"), people.ErrSelf)
	// Whoever gets it is not the second person either.
	o.must(o.give(ann, "ben", people.DutyKind, "read-record"))
	refusedAs(t, o.agree(people.Actor{ID: "ben2"}, "ben", people.DutyKind, "read-record"), people.ErrSelf)
	o.must(o.agree(ann, "cyd", people.DutyKind, "read-record"))
}

func TestG9_WhatOneGivesOneselfWaitsWhateverItIs(t *testing.T) {
	o := newOffice(t)
	o.must(o.give(ann, "ann", people.Role, "nurse"))
	if len(o.Roles("ann", o.now())) != 0 {
		t.Error("an administrator made herself a nurse")
	}
	o.must(o.agree(ben, "ann", people.Role, "nurse"))
	if got := o.Roles("ann", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("after ben agreed she holds %v", got)
	}
}

func TestG9_ProvisioningGivesOrdinaryRolesAndProposesTheOthers(t *testing.T) {
	o := newOffice(t)
	o.provided("eve")
	o.group("nurses", "eve")
	o.group("officers", "eve")
	o.group("robots", "eve")
	if got := o.Roles("eve", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("groups gave %v, want nurse alone", got)
	}
	for _, err := range []error{
		o.give(scim, "eve", people.DutyKind, "run-people"),
		o.give(scim, "eve", people.Position, "director-him"),
		o.agree(scim, "eve", people.Role, "privacy-officer"),
		o.Link(t.Context(), scim, "eve", "ann"),
		o.Entrust(t.Context(), scim, "ann"),
		o.Deactivate(t.Context(), scim, "ann", ""),
	} {
		refusedAs(t, err, people.ErrForbidden)
	}
	// Nor by writing it into the page.
	_, err := o.Change(t.Context(), scim, "eve", 0, func(p *people.Person) error {
		p.Duties = []people.Held{{Name: "run-people", Agreed: "ann", Since: 1}}
		p.Positions = []people.Held{{Name: "director-him", Alone: true, Since: 1}}
		p.Same, p.From, p.ID = []string{"ann"}, people.Local, "ann"
		return nil
	})
	o.must(err)
	if p := o.Person("eve"); len(p.Duties)+len(p.Positions)+len(p.Same) != 0 || p.From != people.SCIM {
		t.Errorf("provisioning wrote rights into a page: %+v", p)
	}
	// The proposal waits for somebody here.
	p := o.Proposals(o.now())
	if len(p) != 1 || p[0].Name != "privacy-officer" || p[0].By != "scim:hr" {
		t.Fatalf("waiting: %+v", p)
	}
	o.must(o.Agree(t.Context(), ann, people.Which{Person: "eve", Kind: people.Role, Name: "privacy-officer", Group: p[0].Group}))
	if got := o.Roles("eve", o.now()); !slices.Equal(got, []string{"nurse", "privacy-officer"}) {
		t.Errorf("after ann agreed: %v", got)
	}
}

func TestG6_ALeaverLosesEverythingInOneChange(t *testing.T) {
	o := newOffice(t)
	p := o.provided("eve")
	o.group("nurses", "eve")
	o.must(o.give(ann, "eve", people.DutyKind, "read-record"))
	o.must(o.agree(ben, "eve", people.DutyKind, "read-record"))
	o.program("lab", "eve")
	sessions, err := book.Open[string](t.Context(), o.desk, "session", nil)
	o.must(err)
	o.must(o.desk.Change(t.Context(), func(c *book.Change) error {
		s := "a session of eve"
		sessions.Put(c, "s9", &s)
		c.Record(act("session-begun"))
		return nil
	}))
	o.OnGone(func(_ context.Context, c *book.Change, id string) {
		if id == "eve" {
			ended := "ended"
			sessions.Close(c, "s9", "eve", &ended)
		}
	})
	gone, progGone := o.Gone("eve"), o.Gone("lab")
	before := len(o.acts())
	_, err = o.Change(t.Context(), scim, "eve", o.Revision("eve"), func(p *people.Person) error { p.Active = false; return nil })
	o.must(err)
	if got := o.acts()[before:]; !slices.Equal(got, []string{"person-deactivated"}) {
		t.Errorf("the record says %v", got)
	}
	for name, ch := range map[string]<-chan struct{}{"eve": gone, "her program": progGone, "eve asked afterwards": o.Gone("eve")} {
		select {
		case <-ch:
		default:
			t.Errorf("%s is not told to be gone", name)
		}
	}
	check := func(when string) {
		if o.Active("eve") || o.Active("lab") || o.Program("lab").Active || len(o.Program("lab").Keys) != 0 {
			t.Errorf("%s: something of hers goes on", when)
		}
		if len(o.Roles("eve", o.now())) != 0 || o.Holds("eve", people.ReadRecord, o.now()) || len(o.Standings("eve", o.now())) != 0 {
			t.Errorf("%s: she holds something", when)
		}
	}
	check("at once")
	if sessions.Get("s9") != nil {
		t.Error("her session is open")
	}
	o.open()
	check("after a start")
	if o.ByHandle(p.SCIM.Handle) == nil {
		t.Error("her page is gone")
	}
}

func TestG6_ALeaverComesBackWithNothingButWhatGroupsGive(t *testing.T) {
	o := newOffice(t)
	o.provided("eve")
	o.group("nurses", "eve")
	o.must(o.give(ann, "eve", people.Role, "registration"))
	set := func(active bool) {
		_, err := o.Change(t.Context(), scim, "eve", 0, func(p *people.Person) error { p.Active = active; return nil })
		o.must(err)
	}
	set(false)
	set(true)
	if got := o.Roles("eve", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("she came back with %v", got)
	}
	// Whom an administrator took away, provisioning does not bring back.
	o.must(o.Deactivate(t.Context(), ann, "eve", ""))
	_, err := o.Change(t.Context(), scim, "eve", 0, func(p *people.Person) error { p.Active = true; return nil })
	refusedAs(t, err, people.ErrGone)
}

func TestG6_AnIdentifierIsNeverUsedTwice(t *testing.T) {
	o := newOffice(t)
	eve := o.provided("eve")
	o.must(o.Remove(t.Context(), scim, "eve", 0))
	for _, p := range []people.Person{
		{UserName: "eve"}, {UserName: "EVE"}, {UserName: "ｅｖｅ"}, {ID: "eve", UserName: "eva"}, {ID: "Eve", UserName: "eva"},
	} {
		p.Name = "Another"
		_, err := o.Add(t.Context(), ann, &p)
		refusedAs(t, err, people.ErrTaken)
		p.SCIM = &people.Provisioned{}
		_, err = o.Add(t.Context(), scim, &p)
		refusedAs(t, err, people.ErrTaken)
	}
	_, err := o.Change(t.Context(), scim, "eve", 0, func(*people.Person) error { return nil })
	refusedAs(t, err, people.ErrForbidden)
	// A program does not get it either.
	_, err = o.AddProgram(t.Context(), ann, o.made("eve", "ben"))
	refusedAs(t, err, people.ErrTaken)
	o.must(o.Reactivate(t.Context(), ann, "eve"))
	if p := o.Person("eve"); !p.Active || p.From != people.Local || p.SCIM != nil || p.Created != eve.Created {
		t.Errorf("brought back: %+v", p)
	}
}

func TestAChangeRestsOnTheRevisionThatItWasMadeFrom(t *testing.T) {
	o := newOffice(t)
	o.provided("eve")
	g := o.group("nurses")
	title := func(rev int64, text string) error {
		_, err := o.Change(t.Context(), scim, "eve", rev, func(p *people.Person) error { p.Title = text; return nil })
		return err
	}
	name := func(rev int64, text string) error {
		_, err := o.ChangeGroup(t.Context(), scim, g.ID, rev, func(g *people.Group) error { g.Name = text; return nil })
		return err
	}
	rev, groupRev := o.Revision("eve"), o.GroupRevision(g.ID)
	o.must(title(rev, "Nurse"))
	o.must(name(groupRev, "others"))
	refusedAs(t, title(rev, "Chief"), people.ErrChanged)
	refusedAs(t, name(groupRev, "officers"), people.ErrChanged)
	refusedAs(t, o.Remove(t.Context(), scim, "eve", rev), people.ErrChanged)
	refusedAs(t, o.RemoveGroup(t.Context(), scim, g.ID, groupRev), people.ErrChanged)
	o.must(title(0, "Chief"))
}
