package console

import (
	_ "embed"

	"modicum/internal/people"
)

//go:embed page_proposals.html
var proposalsText string

var proposalsView = View("proposals", proposalsText)

type proposalsShown struct {
	Form        *Form
	Rights      []heldShown
	Accounts    []heldShown // identities that one person took away, or that are said of two
	Invitations []*invitationShown
}

// proposalsPage is what waits for a second person who runs people.
func (o *Office) proposalsPage() Page {
	return Page{Path: "/proposals", Menu: "To agree to", Group: Organization, Icon: "check", May: Duty(people.RunPeople), Fresh: freshToRun, Sends: "Do it",
		Does: map[string]string{
			"agree":      "Agree",
			"take":       "Take it away",
			"invitation": "Agree to the invitation",
			"withdraw":   "Take the invitation back",
		},
		Get: func(v *Visit) error { return o.showProposals(v, pressForm()) },
		Post: func(v *Visit) error {
			f := pressForm()
			if !f.Read(v) {
				return o.showProposals(v, f)
			}
			said, err := o.answer(v, f)
			if err := unchanged(f, err); err != nil {
				return err
			}
			if !f.OK() {
				return o.showProposals(v, f)
			}
			return v.Go("/proposals", said)
		},
	}
}

func (o *Office) answer(v *Visit, f *Form) (said string, err error) {
	by, ctx, w := v.Viewer.Actor(), v.Context(), pressed(f, f.Get("person"))
	switch do := f.Get("do"); {
	case do == "agree":
		return "Agreed. It counts from now on.", o.People.Agree(ctx, by, w)
	case do == "take" && w.Kind == people.IdentityKind:
		err = o.People.Take(ctx, by, w)
		return o.taken(w), err
	case do == "take":
		return "Refused. It is taken away.", o.People.Take(ctx, by, w)
	case do == "invitation" && o.SignIn != nil:
		return "Agreed. The link works now.", o.SignIn.AgreeInvite(ctx, by, f.Get("item"))
	case do == "withdraw" && o.SignIn != nil:
		return "Refused. The link opens nothing.", o.SignIn.Withdraw(ctx, by, f.Get("item"))
	}
	f.Fail("", "Choose one of the buttons.")
	return "", nil
}

func (o *Office) showProposals(v *Visit, f *Form) error {
	x := proposalsShown{Form: f}
	for _, s := range o.People.Proposals(v.Now.UnixMicro()) {
		if s.Waits {
			x.Rights = append(x.Rights, o.standing(v, s))
		} else {
			x.Accounts = append(x.Accounts, o.standing(v, s))
		}
	}
	for _, i := range o.invitations() {
		if i.Waits() {
			x.Invitations = append(x.Invitations, o.invitation(v, i))
		}
	}
	if !f.OK() {
		return v.Again(proposalsView, x)
	}
	return v.Show(proposalsView, x)
}
