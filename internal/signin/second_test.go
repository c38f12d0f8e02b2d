package signin_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/signin"
)

var hugo = people.Actor{ID: "hugo"}

// withHugo adds a second person who runs people.
func (s *site) withHugo() {
	s.staff.set(&people.Person{ID: "hugo", UserName: "hugo", Active: true, From: people.Local, Duties: []people.Held{{Name: string(people.RunPeople)}}})
}

func (s *site) opens(link string) bool { _, ok := (&browser{s: s}).byLink(link); return ok }

// something is what somebody may have to lose.
var something = map[string]func(*people.Person){
	"a duty":               func(p *people.Person) { p.Duties = []people.Held{{Name: string(people.ReadRecord)}} },
	"a position":           func(p *people.Person) { p.Positions = []people.Held{{Name: "manager"}} },
	"a role over others":   func(p *people.Person) { p.Roles = []people.Held{{Name: "nurse"}, {Name: "approver"}} },
	"a sign-in elsewhere":  func(p *people.Person) { p.From = people.Issuer },
	"provisioning of them": func(p *people.Person) { p.From = people.SCIM },
}

func TestG9_WhoHasSomethingToLoseIsInvitedByTwo(t *testing.T) {
	for name, edit := range something {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.withHugo()
			s.staff.edit("bob", edit)
			link, v, err := s.svc.Invite(t.Context(), olga, "bob")
			if err != nil || !v.Second || v.Alone || s.opens(link) {
				t.Fatalf("%+v, %v", v, err)
			}
			if err := s.svc.AgreeInvite(t.Context(), hugo, v.ID); err != nil || !s.opens(link) {
				t.Errorf("hugo agrees: %v", err)
			}
		})
	}
}

func TestG9_AnInvitationAsksForASecondPersonAgainWhenItIsUsed(t *testing.T) {
	for name, edit := range something {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.withHugo()
			link, v, err := s.svc.Invite(t.Context(), olga, "bob")
			if err != nil || v.Second {
				t.Fatalf("%+v, %v", v, err)
			}
			b := &browser{s: s}
			begun, ok := b.byLink(link)
			if !ok {
				t.Fatal("the link is not good")
			}
			if err := s.svc.AgreeInvite(t.Context(), hugo, v.ID); !errors.Is(err, signin.ErrMayNot) {
				t.Errorf("there is nothing to agree to: %v", err)
			}
			s.staff.edit("bob", edit)
			if s.opens(link) {
				t.Error("it opens without a second person")
			}
			if _, res := b.setUp(begun, nil); res.StatusCode != http.StatusGone || b.who() != "" {
				t.Errorf("what was begun before ends well: %d, %q", res.StatusCode, b.who())
			}
			if all := s.svc.Invitations(); len(all) != 1 || !all[0].Second {
				t.Errorf("it is not shown as waiting: %+v", all)
			}
			if err := s.svc.AgreeInvite(t.Context(), hugo, v.ID); err != nil || !s.opens(link) {
				t.Errorf("hugo agrees: %v", err)
			}
		})
	}
}

func TestG9_AnOrdinaryRoleLeavesAnInvitationGood(t *testing.T) {
	s := newSite(t)
	s.withHugo()
	link, _, _ := s.svc.Invite(t.Context(), olga, "bob")
	s.staff.edit("bob", func(p *people.Person) { p.Roles = []people.Held{{Name: "nurse"}} })
	if !s.opens(link) {
		t.Error("it waits for a second person")
	}
}

// An invitation that one made alone waits once there is another who can agree. Who
// cannot sign in yet agrees to nothing: two such would wait for each other.
func TestG9_OneIsAloneOnlyWhileNobodyElseCouldAgree(t *testing.T) {
	s := newSite(t)
	withCodes(t, s, "alice")
	link, v, err := s.svc.Invite(t.Context(), olga, "alice")
	if err != nil || !v.Alone || !s.opens(link) {
		t.Fatalf("%+v, %v", v, err)
	}
	s.withHugo()
	if !s.opens(link) {
		t.Error("it waits for somebody who cannot sign in")
	}
	s.staff.edit("hugo", func(p *people.Person) { p.From = people.Issuer })
	if s.opens(link) {
		t.Error("it opens though hugo could agree")
	}
	if all := s.svc.Invitations(); len(all) != 1 || all[0].Alone {
		t.Errorf("it is not shown as waiting: %+v", all)
	}
	if err := s.svc.AgreeInvite(t.Context(), hugo, v.ID); err != nil || !s.opens(link) {
		t.Errorf("hugo agrees: %v", err)
	}
}

func TestAnInvitationThatWasAgreedToWorksOnce(t *testing.T) {
	s := newSite(t)
	s.withHugo()
	s.staff.edit("bob", func(p *people.Person) { p.Duties = []people.Held{{Name: string(people.ReadRecord)}} })
	link, v, err := s.svc.Invite(t.Context(), olga, "bob")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.svc.AgreeInvite(t.Context(), hugo, v.ID); err != nil {
		t.Fatal(err)
	}
	one, two := &browser{s: s}, &browser{s: s}
	first, _ := one.byLink(link)
	second, _ := two.byLink(link)
	if _, res := one.setUp(first, nil); res.StatusCode != http.StatusSeeOther || one.who() != "bob" {
		t.Fatalf("registered: %d", res.StatusCode)
	}
	s.pass(time.Minute)
	if _, res := two.setUp(second, nil); res.StatusCode != http.StatusGone || two.who() != "" || s.opens(link) {
		t.Errorf("a second one registered: %d, %q", res.StatusCode, two.who())
	}
}
