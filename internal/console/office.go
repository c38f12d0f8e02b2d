package console

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/policy"
)

// Office is what the pages of people and programs show. People and Policy must be
// set. Who may do what is the directory's to say: a page only asks it.
type Office struct {
	People *people.Directory
	Policy func() *policy.Set
	SignIn SignIn // nil: nobody signs in here, so there is nothing to invite to or to end
	// Provisioned: the organization's provisioning keeps people here too (SCIM).
	Provisioned bool
	Issuers     []string // identity providers whose tokens are accepted
	Tokens      Tokens   // nil: none are given out here

	files *kept // files of people that were looked at and not taken yet
}

// SignIn is the part of signing in that these pages show. It is *signin.Service.
type SignIn interface {
	Invite(ctx context.Context, by people.Actor, person string) (link string, v *signin.Invitation, err error)
	AgreeInvite(ctx context.Context, by people.Actor, id string) error
	Withdraw(ctx context.Context, by people.Actor, id string) error
	Invitations() []*signin.Invitation
	Here(person string) bool // whether they have a way in, or an invitation to one
	Sessions(person string) []*signin.Session
	End(ctx context.Context, by people.Actor, id string) error
}

// freshToRun is how lately somebody must have proved who they are to change people.
const freshToRun = 5 * time.Minute

// Pages are the pages of the organization, in the order of the menu.
func (o *Office) Pages() []Page {
	o.files = newKept(mostFiles, 1)
	return []Page{
		o.peoplePage(), o.newPersonPage(), o.importPage(), o.importedPage(), o.personPage(), o.editPage(), o.givePage(), o.linkPage(), o.identityPage(), o.leavePage(), o.proposalsPage(),
		o.programsPage(), o.newProgramPage(), o.programPage(), o.editProgramPage(),
	}
}

// Waiting counts what waits for this viewer's yes, for Config.Counts.
func (o *Office) Waiting(v *Viewer, path string, now int64) (n int) {
	if path != "/proposals" {
		return 0
	}
	for _, s := range o.People.Proposals(now) {
		if s.Waits && o.mayAgree(v, s.By, s.Person) || !s.Waits && o.mayTake(v, &s) {
			n++
		}
	}
	for _, i := range o.invitations() {
		if i.Waits() && o.mayAgree(v, i.By, i.Person) {
			n++
		}
	}
	return n
}

// mayAgree reports whether the viewer is the second person: neither who gave it nor who
// gets it, under any identity. The directory decides again.
func (o *Office) mayAgree(v *Viewer, by, to string) bool {
	return !o.People.Same(v.Person.ID, by) && !o.People.Same(v.Person.ID, to)
}

// mayTake reports whether the viewer is who takes an identity away: not its person, nor who
// took it away before. The directory decides again.
func (o *Office) mayTake(v *Viewer, s *people.Standing) bool {
	return !o.People.Same(v.Person.ID, s.Person) && (s.Taken == "" || !o.People.Same(v.Person.ID, s.Taken))
}

func (o *Office) invitations() []*signin.Invitation {
	if o.SignIn == nil {
		return nil
	}
	return o.SignIn.Invitations()
}

// name is what somebody is called on pages.
func (o *Office) name(id string) string {
	if p := o.People.Person(id); p != nil && p.Name != "" {
		return p.Name
	}
	if p := o.People.Program(id); p != nil {
		return p.Title
	}
	return id
}

// who finds somebody by what was typed: an id or a user name; the text itself where
// there is nobody, so that the directory says so.
func (o *Office) who(typed string) string {
	if typed == "" || o.People.Person(typed) != nil {
		return typed
	}
	if p := o.People.ByUserName(typed); p != nil {
		return p.ID
	}
	return typed
}

func personAt(id string) string  { return "/people/" + url.PathEscape(id) }
func programAt(id string) string { return "/programs/" + url.PathEscape(id) }

// held says in words what somebody holds.
func (o *Office) held(k people.Kind, name string) string {
	switch k {
	case people.Role:
		if r, ok := o.Policy().RoleOf(name); ok && r.Title != "" {
			return r.Title
		}
	case people.IdentityKind:
		return identityTitle(name)
	case people.DutyKind:
		if text := dutyTitles[people.Duty(name)]; text != "" {
			return text
		}
	}
	return upperFirst(strings.ReplaceAll(name, "-", " "))
}

var dutyTitles = map[people.Duty]string{
	people.RunSystem: "Runs the system", people.RunPeople: "Runs people and programs", people.WritePolicy: "Writes policy",
	people.AgreePolicy: "Puts policy in force", people.ReadRecord: "Reads the record", people.ReviewAccess: "Reviews access",
}

// formNames are the fields of pages where the directory calls them otherwise.
var formNames = map[string]string{"purpose": "task", "role": "task", "keys": "jwk", "practitioners": "practitioner", "same": "other"}

// unchanged puts what the directory refused into a form, each at its field, and gives
// back every error that is none of the directory's answers.
func unchanged(f *Form, err error) error {
	var problems people.Problems
	var lines people.RowProblems
	var no *people.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lines):
		linesWrong(f, lines)
		return nil
	case errors.As(err, &problems):
		for _, p := range problems {
			at := p.Field
			if other := formNames[at]; other != "" && !f.has(at) {
				at = other
			}
			if f.has(at) {
				f.Fail(at, f.Field(at).Label+" "+p.Say+".")
			} else {
				f.Fail("", upperFirst(strings.ReplaceAll(p.Field, "_", " "))+" "+p.Say+".")
			}
		}
		return nil
	case errors.As(err, &no):
		f.Fail("", upperFirst(no.Kind.Error())+": "+strings.TrimSuffix(no.Say, ".")+".")
		return nil
	}
	for _, r := range signInRefusals {
		if errors.Is(err, r.err) {
			f.Fail("", r.say)
			return nil
		}
	}
	return err
}

// mostLines is how many problems of a file a page tells at once.
const mostLines = 100

// linesWrong puts what is wrong with a file into a form, line by line.
func linesWrong(f *Form, lines people.RowProblems) {
	for i, p := range lines {
		if i == mostLines {
			f.Fail("", "And "+strconv.Itoa(len(lines)-i)+" more. Mend these first.")
			return
		}
		f.Fail("", "Line "+strconv.Itoa(p.Line)+": "+strings.ReplaceAll(p.Field, "_", " ")+" "+strings.TrimSuffix(p.Say, ".")+".")
	}
}

var signInRefusals = []struct {
	err error
	say string
}{
	{signin.ErrMayNot, "It is not yours to do: somebody else who runs people does it."},
	{signin.ErrNoInvitation, "This invitation was used, taken back or is over. Make another one."},
	{signin.ErrNoSession, "This session is over already."},
	{signin.ErrInactive, "They are gone. Bring them back first."},
	{signin.ErrTime, "The time is not certain, so nothing is given. Try again when the clock is set."},
}

// revision is what a form was made from, as its hidden field has it.
func revision(n int64) string { return strconv.FormatInt(n, 10) }

func revisionOf(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0
}
