package signin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/people"
)

// inviteTime is how long an invitation holds.
const inviteTime = 72 * time.Hour

// Invitation lets a person register their first way in, or another where they lost
// theirs: a link that works once. The page has the hash of its token.
type Invitation struct {
	ID     string `json:"id"` // UUIDv7; it opens nothing
	Token  string `json:"token,omitempty"`
	Person string `json:"person"`
	By     string `json:"by"`
	At     int64  `json:"at"`
	Until  int64  `json:"until"`
	// Second: the person can sign in already, or holds a right over others. Who makes the
	// link could use it in their place, so a second one who runs people must agree (G9).
	// It is asked when the link is made, and again whenever it is used.
	Second bool   `json:"second,omitempty"`
	Agreed string `json:"agreed,omitempty"`
	Alone  bool   `json:"alone,omitempty"` // there was no second one, which counts while there is none
	Ended  int64  `json:"ended,omitempty"`
	Why    string `json:"why,omitempty"` // used, withdrawn, replaced, gone
}

// Waits reports whether the link opens nothing before a second person agrees.
func (v *Invitation) Waits() bool { return v.Second && v.Agreed == "" && !v.Alone }

var (
	// ErrMayNot: it is not theirs to do.
	ErrMayNot = errors.New("it is not yours to do")
	// ErrNoInvitation: there is no such invitation.
	ErrNoInvitation = errors.New("there is no such invitation")
)

// Invite makes a link for a person and returns it, to be shown once and handed over in
// person. What stands behind the # is sent to no server, so it gets into no log.
func (s *Service) Invite(ctx context.Context, by people.Actor, person string) (link string, v *Invitation, err error) {
	token, hash, err1 := s.secret()
	id, err2 := s.newID()
	if err := errors.Join(err1, err2); err != nil {
		return "", nil, err
	}
	now := s.now()
	v = &Invitation{ID: id, Token: hash, Person: person, By: by.ID, At: now.UnixMicro(), Until: now.Add(inviteTime).UnixMicro()}
	err = s.govern(ctx, by, "invite", person, func(c *book.Change) error {
		switch {
		case s.cfg.People.Person(person) == nil:
			return people.ErrNobody
		case !s.cfg.People.Active(person):
			return ErrInactive
		}
		v.Second = s.needsSecond(person)
		v.Alone = v.Second && !s.hasSecond(by.ID, person, anybody)
		for old, x := range s.invites.All() {
			if x.Person == person {
				s.closeInvite(c, old, x, "replaced")
			}
		}
		s.invites.Put(c, id, v)
		if err := s.notify(ctx, c, InviteMade, person); err != nil {
			return err
		}
		return s.record(c, "invited", by.ID, person, id)
	})
	if err != nil {
		return "", nil, err
	}
	return s.link(token), v, nil
}

func (s *Service) link(token string) string {
	return s.cfg.Public.Scheme + "://" + s.cfg.Public.Host + "/sign-in/enrol#" + token
}

// needsSecond reports whether an invitation would let somebody act as a person who has
// something to lose. Whoever holds a right counts before it does: it may at any moment.
func (s *Service) needsSecond(person string) bool {
	p := s.cfg.People.Person(person)
	if p == nil {
		return true // nothing is known of what they have to lose
	}
	return s.comesIn(p) || len(p.Duties)+len(p.Positions) > 0 || s.overOthers(p)
}

// overOthers reports whether one of a person's roles is a right over others.
func (s *Service) overOthers(p *people.Person) bool {
	return !defect.On(defect.RolesUncounted) && slices.ContainsFunc(p.Roles, func(h people.Held) bool {
		return s.cfg.People.OverOthers(people.Role, h.Name)
	})
}

// comesIn reports whether a person can sign in already: here, or where they come from.
func (s *Service) comesIn(p *people.Person) bool {
	return s.ways.Get(p.ID).can() || (p.From != people.Local || len(p.Identities) > 0) && !defect.On(defect.ElsewhereUncounted)
}

// hasSecond reports whether anybody of some could agree.
func (s *Service) hasSecond(by, person string, some func(*people.Person) bool) bool {
	for p := range s.cfg.People.People() {
		if s.runs(p.ID) && s.another(p.ID, by, person) && some(p) {
			return true
		}
	}
	return false
}

func anybody(*people.Person) bool { return true }

// asNow is an invitation as it stands now: its person may have got something to lose
// since it was made, and there may be somebody who can agree. Whoever cannot sign in yet
// does not end that one is alone: two such would wait for each other's word for ever.
func (s *Service) asNow(v *Invitation) *Invitation {
	if defect.On(defect.SecondAskedOnce) {
		return v
	}
	x := *v
	x.Second = v.Second || s.needsSecond(v.Person)
	x.Alone = v.Alone && !s.hasSecond(v.By, v.Person, s.comesIn)
	return &x
}

// another reports whether a is neither b nor c under any identity.
func (s *Service) another(a, b, c string) bool {
	return a != b && a != c && !s.cfg.People.Same(a, b) && !s.cfg.People.Same(a, c)
}

// AgreeInvite makes an invitation good that needs a second person.
func (s *Service) AgreeInvite(ctx context.Context, by people.Actor, id string) error {
	return s.govern(ctx, by, "invitation-agree", "", func(c *book.Change) error {
		v := s.invites.Get(id)
		if v == nil || !s.lasts(v) {
			return ErrNoInvitation
		}
		x := *s.asNow(v)
		if !x.Second || x.Agreed != "" || !s.another(by.ID, v.By, v.Person) && !defect.On(defect.OwnInvitation) {
			return ErrMayNot
		}
		x.Agreed = by.ID
		s.invites.Put(c, id, &x)
		return s.record(c, "invitation-agreed", by.ID, v.Person, id)
	})
}

// Withdraw ends an invitation that was not used.
func (s *Service) Withdraw(ctx context.Context, by people.Actor, id string) error {
	return s.govern(ctx, by, "invitation-withdraw", "", func(c *book.Change) error {
		v := s.invites.Get(id)
		if v == nil {
			return ErrNoInvitation
		}
		s.closeInvite(c, id, v, "withdrawn")
		return s.record(c, "invitation-withdrawn", by.ID, v.Person, id)
	})
}

// Invitations lists those that can still be used or agreed to, oldest first.
func (s *Service) Invitations() (out []*Invitation) {
	for _, v := range s.invites.All() {
		if s.lasts(v) {
			out = append(out, s.asNow(v))
		}
	}
	slices.SortFunc(out, func(a, b *Invitation) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// govern makes a change that only who runs people may make; an attempt of others, and
// one that comes to nothing because it is not theirs, is recorded (L2).
func (s *Service) govern(ctx context.Context, by people.Actor, act, person string, f func(*book.Change) error) error {
	err := s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if !s.runs(by.ID) && !defect.On(defect.AnybodyInvites) {
			return ErrMayNot
		}
		return f(c)
	})
	if errors.Is(err, ErrMayNot) {
		return errors.Join(err, s.tell(ctx, act+"-refused", by.ID, person))
	}
	return err
}

// lasts reports whether an invitation is neither used nor too old.
func (s *Service) lasts(v *Invitation) bool {
	return v.Ended == 0 && s.now().UnixMicro() < v.Until
}

// usable reports whether an invitation may be used.
func (s *Service) usable(v *Invitation) bool {
	if !s.lasts(v) || !s.cfg.People.Active(v.Person) {
		return false
	}
	v = s.asNow(v)
	return !v.Second || v.Agreed != "" || v.Alone || defect.On(defect.SecondIgnored)
}

// invited finds the invitation of a link.
func (s *Service) invited(token string) *Invitation {
	var v *Invitation
	hash := hashOf(token)
	s.cfg.Desk.View(func() { v = s.invites.At(s.index.links[hash]) })
	return v
}

func (s *Service) closeInvite(c *book.Change, id string, v *Invitation, why string) {
	x := *v
	x.Token, x.Ended, x.Why = "", s.now().UnixMicro(), why
	s.invites.Close(c, id, v.Person, &x)
}

// spendInvite marks an invitation as used within a change: of two at once one is late.
func (s *Service) spendInvite(c *book.Change, id string) error {
	v := s.invites.Get(id)
	if v == nil || !s.usable(v) {
		return errTicket
	}
	if !defect.On(defect.InviteTwice) {
		s.closeInvite(c, id, v, "used")
	}
	return nil
}

// inviteTurned keeps which link leads to which invitation.
func (i *index) inviteTurned(id string, old, now *Invitation) {
	if old != nil {
		delete(i.links, old.Token)
	}
	if now != nil {
		i.links[now.Token] = id
	}
}
