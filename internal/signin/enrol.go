package signin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// enrolTime is how long somebody may take over registering once they opened the link.
const enrolTime = 30 * time.Minute

// admit opens a link: whose it is, and a ticket to register with. Nothing is used up
// by it: the invitation ends when a way in was registered.
func (s *Service) admit(token string) (sealed string, t ticket, err error) {
	token = strings.TrimSpace(token)
	if i := strings.LastIndexByte(token, '#'); i >= 0 {
		token = token[i+1:] // the whole link was pasted
	}
	if s.isOwner(token) {
		person, _ := s.ownerless()
		t = ticket{Owner: true, Person: person}
	} else {
		v := s.invited(token)
		if v == nil || !s.usable(v) {
			return "", t, errTicket
		}
		t = ticket{Person: v.Person, Invite: v.ID}
	}
	sealed, err = s.hand(stepEnrol, t, enrolTime)
	return sealed, t, err
}

// newUser is the person of an enrolment as authenticators will know them.
func (s *Service) newUser(t *ticket) (*user, error) {
	if t.Person != "" {
		p := s.cfg.People.Person(t.Person)
		if p == nil || !p.Active {
			return nil, errTicket
		}
		if w := s.ways.Get(t.Person); w != nil {
			return userOf(p, w), nil
		}
		handle, err := s.bytes(secretSize)
		return &user{handle: handle, name: p.UserName, display: p.Name}, err
	}
	handle, err := s.bytes(secretSize)
	return &user{handle: handle, name: t.UserName, display: t.Name}, err
}

// named checks what the first owner calls themselves.
func (t *ticket) named(name, userName string) error {
	if !t.Owner || t.Person != "" {
		return nil
	}
	t.Name, t.UserName = clean(name, ""), strings.ToLower(clean(userName, ""))
	if t.Name == "" || t.UserName == "" || strings.ContainsAny(t.UserName, " /\\\"<>") {
		return errNames
	}
	return nil
}

var errNames = errors.New("a name and a user name are missing")

// enrol keeps the first way in, or another one, of the ticket's person, and begins
// their session: all in one change, in which the invitation is used up.
func (s *Service) enrol(ctx context.Context, w http.ResponseWriter, r *http.Request, t *ticket, how []string, put func(c *book.Change, person string) error) error {
	if !s.used.spend(t, s.now()) {
		return errTicket
	}
	err := s.enrolOnce(ctx, w, r, t, how, put)
	if err != nil {
		s.used.giveBack(t)
	}
	return err
}

func (s *Service) enrolOnce(ctx context.Context, w http.ResponseWriter, r *http.Request, t *ticket, how []string, put func(c *book.Change, person string) error) error {
	person := t.Person
	if t.Owner {
		id, err := s.firstOwner(ctx, t)
		if err != nil {
			return err
		}
		person = id
	}
	err := s.begin(ctx, w, r, person, Proof{How: how}, "enrolled", func(c *book.Change) error {
		switch {
		case t.Owner:
			if err := s.stillOwner(person); err != nil {
				return err
			}
		case t.Invite != "":
			if err := s.spendInvite(c, t.Invite); err != nil {
				return err
			}
		}
		if err := put(c, person); err != nil {
			return err
		}
		return s.notify(ctx, c, WayAdded, person)
	})
	if err == nil && t.Owner && !defect.On(defect.OwnerLinkTwice) {
		s.owner.Store(nil) // nobody who leaves later makes it good again
	}
	return err
}
