package signin_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/signin"
)

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
