package console

import (
	_ "embed"
	"slices"

	"modicum/internal/people"
	"modicum/internal/signin"
)

//go:embed page_person.html
var personText string

var personView = View("person", personText)

type personShown struct {
	*people.Person
	At         string // address of the page
	State      *Badge
	Manages    string
	Came       When
	Left       When
	Form       *Form // what is wrong with what was pressed
	Holds      []heldShown
	Sessions   []sessionShown
	Tokens     []tokenShown
	Programs   []*people.Program
	Same       []sameShown
	Groups     []string
	Entrusts   bool // they can be left to provisioning
	Known      bool // there is an identity provider that may know them
	Invitation *invitationShown
	Link       string // of an invitation, shown this once
	CanInvite  bool
}

// heldShown is one thing that somebody holds.
type heldShown struct {
	people.Standing
	Title           string
	By, Agreed      string
	TakenBy         string // who took away alone what two had agreed on
	From, To, Used  When
	State           Badge
	MayAgree, Taken bool // whether the viewer may agree; whether it can be taken here
	MayTake         bool // whether the viewer is who answers the taking of an identity
	Who             string
	At              string
}

type sessionShown struct {
	ID, Agent, Network string
	Began, Seen        When
	Own                bool
}

type invitationShown struct {
	ID, By   string
	Person   string
	Until    When
	Waits    bool
	MayAgree bool
}

// personPage is one person: what they hold and why, where they are signed in.
func (o *Office) personPage() Page {
	return Page{Path: "/people/{id}", May: Duty(people.RunPeople), Fresh: freshToRun, Sends: "Do it",
		Does: map[string]string{
			"agree":     "Agree",
			"take":      "Take it away",
			"unlink":    "Unlink the two accounts",
			"entrust":   "Leave them to provisioning",
			"back":      "Bring them back",
			"end":       "End the session",
			"end-token": "End the token",
			"withdraw":  "Take the invitation back",
			"invite":    "Make an invitation",
		},
		Get: func(v *Visit) error {
			p := o.People.Person(v.R.PathValue("id"))
			if p == nil {
				return ErrNotHere
			}
			return o.showPerson(v, p, pressForm(), "")
		},
		Post: func(v *Visit) error {
			p := o.People.Person(v.R.PathValue("id"))
			if p == nil {
				return ErrNotHere
			}
			return o.turnPerson(v, p)
		},
	}
}

// pressForm is what the buttons of these pages send.
func pressForm() *Form {
	f := &Form{}
	for _, name := range []string{"do", "person", "kind", "name", "dept", "group", "item"} {
		f.Fields = append(f.Fields, &Field{Name: name, Label: upperFirst(name), Kind: Hidden})
	}
	return f
}

// turnPerson does what a button of the page says.
func (o *Office) turnPerson(v *Visit, p *people.Person) error {
	f := pressForm()
	if !f.Read(v) {
		return o.showPerson(v, p, f, "")
	}
	by, ctx, said, link := v.Viewer.Actor(), v.Context(), "", ""
	var err error
	switch do := f.Get("do"); {
	case do == "take":
		w := pressed(f, p.ID)
		err, said = o.People.Take(ctx, by, w), o.taken(w)
	case do == "agree":
		err, said = o.People.Agree(ctx, by, pressed(f, p.ID)), "Agreed. It counts from now on."
	case do == "unlink":
		err, said = o.People.Unlink(ctx, by, p.ID, f.Get("item")), "Unlinked. They count as two people again, unless they share a mail address."
	case do == "entrust":
		err, said = o.People.Entrust(ctx, by, p.ID), "Provisioning looks after them now. What they hold stays."
	case do == "back":
		err, said = o.People.Reactivate(ctx, by, p.ID), "They are back, and hold nothing but what groups of provisioning give."
	case do == "end" && o.SignIn != nil:
		err, said = o.SignIn.End(ctx, by, f.Get("item")), "That session has ended."
	case do == "end-token":
		err, said = endToken(v, o.Tokens, p.ID, f.Get("item")), "That token has ended, and whatever was under way with it."
	case do == "withdraw" && o.SignIn != nil:
		err, said = o.SignIn.Withdraw(ctx, by, f.Get("item")), "The invitation opens nothing any more."
	case do == "invite" && o.SignIn != nil:
		link, _, err = o.SignIn.Invite(ctx, by, p.ID)
	default:
		f.Fail("", "Choose one of the buttons.")
	}
	if err = unchanged(f, err); err != nil {
		return err
	}
	if f.OK() && link == "" {
		return v.Go(personAt(p.ID), said)
	}
	return o.showPerson(v, o.People.Person(p.ID), f, link)
}

// taken says what became of what was taken away.
func (o *Office) taken(w people.Which) string {
	p := o.People.Person(w.Person)
	if w.Kind == people.IdentityKind && p != nil && slices.ContainsFunc(p.Identities, func(h people.Held) bool { return h.Name == w.Name && h.Taken != "" }) {
		return "Taken away: nobody comes in by it. Somebody else who runs people takes it away as well; until then nobody comes in by that name either."
	}
	return "Taken away. It counts no more."
}

// pressed names what a button is about.
func pressed(f *Form, person string) people.Which {
	return people.Which{Person: person, Kind: people.Kind(f.Get("kind")), Name: f.Get("name"), Dept: f.Get("dept"), Group: f.Get("group")}
}

func (o *Office) showPerson(v *Visit, p *people.Person, f *Form, link string) error {
	x := personShown{
		Person: p, At: personAt(p.ID), State: activeBadge(p.Active), Came: v.When(p.Created), Left: v.When(p.Ended), Form: f, Link: link,
		CanInvite: o.SignIn != nil && p.Active, Programs: o.owned(p.ID), Tokens: tokensOf(v, o.Tokens, o.Policy(), p.ID),
		Same: o.same(p), Groups: o.groups(p.ID), Known: len(o.Issuers) > 0, Entrusts: o.Provisioned && p.Active && p.From != people.SCIM,
	}
	if p.Manager != "" {
		x.Manages = o.name(p.Manager)
	}
	for _, s := range o.People.Standings(p.ID, v.Now.UnixMicro()) {
		x.Holds = append(x.Holds, o.standing(v, s))
	}
	o.showSignIn(v, p, &x)
	if !f.OK() {
		return v.Again(personView, x)
	}
	return v.Show(personView, x)
}

func (o *Office) showSignIn(v *Visit, p *people.Person, x *personShown) {
	if o.SignIn == nil {
		return
	}
	for _, s := range o.SignIn.Sessions(p.ID) {
		x.Sessions = append(x.Sessions, sessionShown{s.ID, s.Agent, s.Network, v.When(s.Began), v.When(s.Seen), s.ID == v.Viewer.Session})
	}
	list := o.invitations()
	if at := slices.IndexFunc(list, func(i *signin.Invitation) bool { return i.Person == p.ID }); at >= 0 {
		x.Invitation = o.invitation(v, list[at])
	}
}

func (o *Office) invitation(v *Visit, i *signin.Invitation) *invitationShown {
	waits := i.Waits()
	return &invitationShown{ID: i.ID, By: o.name(i.By), Person: o.name(i.Person), Until: v.When(i.Until), Waits: waits, MayAgree: waits && o.mayAgree(v.Viewer, i.By, i.Person)}
}

// standing is something that is held, as a line of a page.
func (o *Office) standing(v *Visit, s people.Standing) heldShown {
	x := heldShown{
		Standing: s, Title: o.held(s.Kind, s.Name), By: o.given(&s), Who: o.name(s.Person), At: personAt(s.Person),
		From: v.When(s.Since), To: v.When(s.Until), Used: v.When(s.LastUse), Taken: s.Group == "",
		MayAgree: (s.Waits || s.Alone && s.Agreed == "" && s.Taken == "") && o.mayAgree(v.Viewer, s.By, s.Person), State: Badge{"counts", "keep", ""},
	}
	if s.Kind == people.IdentityKind {
		x.MayTake = o.mayTake(v.Viewer, &s)
	}
	if s.Taken != "" {
		x.TakenBy = o.name(s.Taken)
	}
	if s.Agreed != "" {
		x.Agreed = o.name(s.Agreed)
	}
	switch {
	case s.Waits:
		x.State, x.Because = Badge{"waits for a second person", "wait", "whoever gave it and whoever gets it cannot agree"}, ""
	case !s.Counts || s.Because != "":
		x.State = Badge{"does not count", "stop", ""}
	}
	return x
}

// owned lists the programs of somebody that run.
func (o *Office) owned(id string) (out []*people.Program) {
	for _, p := range o.People.Programs() {
		if p.Owner == id && p.Active {
			out = append(out, p)
		}
	}
	return out
}
