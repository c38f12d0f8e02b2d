package signin_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"modicum/internal/people"
)

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
