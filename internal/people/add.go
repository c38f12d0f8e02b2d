package people

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"modicum/internal/defect"
)

// First makes the first person of an installation: they run the system and its people,
// which nobody agreed to, as Lacks says. It refuses while anybody runs people; who came
// from elsewhere before them runs nothing, and keeps their name.
func (d *Directory) First(ctx context.Context, p *Person) (*Person, error) {
	who := Actor{ID: p.ID}
	if who.ID == "" {
		who.ID = p.UserName
	}
	return d.add(ctx, who, p, func(t *turn, p *Person) error {
		if t.d.humans(DutyKind, string(RunPeople), t.now, true) > 0 && !defect.On(defect.FirstTwice) { // an uncertain time opens nothing
			return refuse(ErrForbidden, "somebody runs the people of this installation already; they add you")
		}
		p.From = Local
		for _, duty := range []Duty{RunSystem, RunPeople} {
			p.Duties = append(p.Duties, Held{
				Name: string(duty), From: Local, By: p.ID, Alone: true, Since: t.now, Why: "first person of the installation",
			})
		}
		return nil
	})
}

// Add adds a person who holds nothing yet. Where ID is empty it becomes the user name.
// A provisioning client may add people too.
func (d *Directory) Add(ctx context.Context, by Actor, p *Person) (*Person, error) {
	return d.add(ctx, by, p, func(t *turn, p *Person) error {
		p.From = Local
		if by.isProvisioner() {
			p.From = SCIM
			return nil
		}
		return t.mayGive()
	})
}

func (d *Directory) add(ctx context.Context, by Actor, given *Person, may func(*turn, *Person) error) (*Person, error) {
	p := given.clone()
	if p.ID == "" {
		p.ID = p.UserName
	}
	err := d.change(ctx, by, "person-added", about(p.ID), func(t *turn) error {
		p.Active, p.Ended, p.EndedFrom, p.Same, p.Former = given.Active || !by.isProvisioner(), 0, "", nil, nil
		p.Roles, p.Positions, p.Duties, p.Identities, p.Created = nil, nil, nil, nil, t.now
		if err := may(t, p); err != nil {
			return err
		}
		return t.admit(p)
	})
	if err != nil {
		return nil, err
	}
	return d.Person(p.ID), nil
}

// about is what the record says a change was about: an id that could be one.
func about(id string) string {
	if nameProblem(id) != "" {
		return ""
	}
	return id
}

// admit puts a new page, whose names must belong to nobody, gone or not (G6).
func (t *turn) admit(p *Person) error {
	if err := p.check(); err != nil {
		return err
	}
	if err := t.free(anID, p.ID, ofNoPerson); err != nil {
		return err
	}
	if err := t.free(aUserName, p.UserName, ofNoPerson); err != nil {
		return err
	}
	if err := t.outside(p); err != nil {
		return err
	}
	if err := t.manages(p); err != nil {
		return err
	}
	if p.SCIM != nil && p.SCIM.Handle == "" {
		handle, err := NewHandle()
		if err != nil {
			return err
		}
		p.SCIM.Handle = handle
	}
	if !p.Active {
		p.Ended, p.EndedFrom = t.now, p.From
	}
	t.persons[p.ID] = p
	return nil
}

// What a name is to be, for free.
const (
	anID       = "id"
	aUserName  = "user name"
	ofNoPerson = "" // whose page is not there yet
)

// free refuses a name that is anybody's but one person's own, as an id, as a user name or as
// one of before: a word calls one person, wherever it stands.
func (t *turn) free(what, name, own string) error {
	x := &t.d.index
	places := []map[string]string{x.ids, x.names, x.former}
	if what == aUserName {
		places[0], places[1] = x.names, x.ids
	}
	for i, place := range places {
		owner, taken := place[key(name)]
		switch p := t.d.persons.At(owner); {
		case !taken || owner == own || defect.On(defect.NameGivenAgain) || i > 0 && defect.On(defect.NameOfTwo):
		case p != nil && !p.Active:
			return refuse(ErrTaken, "this %s belonged to somebody who is gone, and is never given to another; bring them back if it is the same human being, or choose another", what)
		default:
			return refuse(ErrTaken, "this %s, or one that looks like it, belongs to somebody, or did; choose another", what)
		}
	}
	return nil
}

func NewHandle() (string, error) {
	id, err := uuid.NewRandom()
	return id.String(), err
}

// manages refuses a manager who is not there, or who would manage themselves.
func (t *turn) manages(p *Person) error {
	switch {
	case p.Manager == "":
	case p.Manager == p.ID:
		return Problems{{"manager", "cannot be the person themselves"}}
	case t.d.persons.At(p.Manager) == nil:
		return Problems{{"manager", "is nobody of the directory"}}
	}
	return nil
}

// zoneProblem says what is wrong with the name of a time zone.
func zoneProblem(name string) string {
	if name == "" {
		return ""
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" || len(name) > 64 || strings.HasPrefix(name, ".") {
		return `is no IANA time zone, such as "America/Chicago"`
	}
	return ""
}
