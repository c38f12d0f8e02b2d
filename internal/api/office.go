package api

import (
	"net/http"
	"strconv"

	"modicum/internal/api/wire"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/problem"
	"modicum/internal/signin"
)

// officeOperations are what else is done about people and programs, and how one is told.
func (a *api) officeOperations() []operation {
	refusals := []problem.Problem{problem.Refused, problem.ChangedMeanwhile, problem.NotYours}
	return []operation{
		{method: "POST", path: "/people/{id}/change", name: "changePerson", about: "people", summary: "Change what is said of a person.", person: true, proof: true,
			body: as[wire.PersonChange]("PersonChange"), answer: as[person]("Person"), may: refusals, with: typed((*call).changePerson), wrote: wrotePerson},
		{method: "POST", path: "/people/{id}/reactivate", name: "reactivate", about: "people", summary: "Bring somebody back. They hold nothing but what groups of provisioning give.", person: true, proof: true,
			may: refusals, do: (*call).reactivate},
		{method: "POST", path: "/people/{id}/invite", name: "invite", about: "people", summary: "Make a link by which a person signs in for the first time, or again. It is told this once.", person: true, proof: true,
			answer: as[wire.Invitation]("Invitation"), status: http.StatusCreated, may: refusals, do: (*call).invite},
		{method: "POST", path: "/invitations/{id}/agree", name: "agreeInvitation", about: "people", summary: "The second person's yes to an invitation.", person: true, proof: true, may: refusals, do: (*call).agreeInvitation},
		{method: "POST", path: "/invitations/{id}/withdraw", name: "withdrawInvitation", about: "people", summary: "Take an invitation back: its link opens nothing.", person: true, proof: true, may: refusals, do: (*call).withdrawInvitation},
		{method: "GET", path: "/proposals", name: "proposals", about: "people", summary: "What waits for a second person who runs people.", duties: keepers, answer: as[wire.Waiting]("WaitingForSecond"), do: (*call).proposals},
		{method: "POST", path: "/programs", name: "addProgram", about: "programs", summary: "Add a program. Its owner registers its keys next.", person: true, proof: true,
			body: as[wire.NewProgram]("NewProgram"), answer: as[program]("Program"), status: http.StatusCreated, may: refusals, with: typed((*call).addProgram), wrote: wroteProgram},
		{method: "GET", path: "/notices/wishes", name: "wishes", about: "notices", summary: "How you are told by mail.", person: true, answer: as[wire.Wishes]("Wishes"), do: (*call).wishes},
		{method: "POST", path: "/notices/wishes", name: "wish", about: "notices", summary: "Say how you want to be told by mail. Urgent notices come all the same.", person: true,
			body: as[wire.Wishes]("Wishes"), may: []problem.Problem{problem.Refused}, with: typed((*call).wish)},
	}
}

// changePerson changes somebody. Who may is the directory's to say; what was changed since
// the revision that was read is not written over.
func (c *call) changePerson(w *wire.PersonChange) (any, error) {
	rev, err := strconv.ParseInt(w.Revision, 10, 64)
	if err != nil || rev < 1 {
		return nil, people.ErrChanged
	}
	p, err := c.People.Change(c.r.Context(), c.by, c.id(), rev, func(p *people.Person) error {
		set(&p.UserName, w.UserName)
		set(&p.Name, w.Name)
		set(&p.Mail, w.Mail)
		set(&p.Title, w.Title)
		set(&p.Department, w.Department)
		set(&p.Facility, w.Facility)
		set(&p.Manager, w.Manager)
		set(&p.Zone, w.Zone)
		set(&p.Practitioners, w.Practitioners)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return personOf(p), nil
}

func (c *call) reactivate() (any, error) {
	return nil, c.People.Reactivate(c.r.Context(), c.by, c.id())
}

func invitationOf(v *signin.Invitation, link string) wire.Invitation {
	return wire.Invitation{ID: v.ID, Person: v.Person, By: v.By, Until: at(v.Until), Waits: v.Waits(), Link: link}
}

func (c *call) invite() (any, error) {
	link, v, err := c.SignIn.Invite(c.r.Context(), c.by, c.id())
	if err != nil {
		return nil, err
	}
	return invitationOf(v, link), nil
}

func (c *call) agreeInvitation() (any, error) {
	return nil, c.SignIn.AgreeInvite(c.r.Context(), c.by, c.id())
}

func (c *call) withdrawInvitation() (any, error) {
	return nil, c.SignIn.Withdraw(c.r.Context(), c.by, c.id())
}

func (c *call) proposals() (any, error) {
	out := wire.Waiting{Rights: []wire.ProposedRight{}, Invitations: []wire.Invitation{}}
	for _, s := range c.People.Proposals(c.now) {
		p := wire.ProposedRight{Person: s.Person, Kind: string(s.Kind), Name: s.Name, Dept: s.Dept, Group: s.Group, Why: s.Why, By: s.By, Since: at(s.Since), TakenBy: s.Taken}
		if !s.Waits {
			p.Because = s.Because
		}
		out.Rights = append(out.Rights, p)
	}
	for _, v := range c.SignIn.Invitations() {
		if v.Waits() {
			out.Invitations = append(out.Invitations, invitationOf(v, ""))
		}
	}
	return out, nil
}

func (c *call) addProgram(w *wire.NewProgram) (any, error) {
	p, err := c.People.AddProgram(c.r.Context(), c.by, &people.Program{
		ID: w.ID, Title: w.Title, Owner: w.Owner, Why: w.Why, Role: w.Role, Task: w.Task, Scopes: w.Scopes, Networks: w.Networks, Until: w.Until.UnixMicro(),
	})
	if err != nil {
		return nil, err
	}
	return c.programOf(p, c.People.Findings(c.now)), nil
}

func (c *call) wishes() (any, error) {
	w := c.Inbox.Wishes(c.by.ID)
	out := wire.Wishes{Pace: string(w.Pace), Daily: w.Daily, Zone: w.Zone}
	if w.Quiet != nil {
		out.From, out.Until = w.Quiet.From, w.Quiet.To
	}
	return out, nil
}

func (c *call) wish(w *wire.Wishes) (any, error) {
	wishes := notice.Wishes{Pace: notice.Pace(w.Pace), Daily: w.Daily, Zone: w.Zone}
	if w.From != "" || w.Until != "" {
		wishes.Quiet = &notice.Quiet{From: w.From, To: w.Until}
	}
	hint, said := problem.Hint{}, wishes.Problems()
	for _, field := range []string{"pace", "daily", "quiet", "zone"} {
		if said[field] != "" {
			hint.Wrong = append(hint.Wrong, problem.Wrong{Field: field, Code: "wrong", Say: said[field]})
		}
	}
	if len(hint.Wrong) > 0 {
		return nil, problem.Refused.With(hint)
	}
	return nil, c.Inbox.SetWishes(c.r.Context(), c.by.ID, wishes)
}
