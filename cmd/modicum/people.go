package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/internal/client"
)

type peopleCommands struct {
	List          peopleList          `cmd:"" help:"People, by name."`
	Show          peopleShow          `cmd:"" help:"One person: what they hold, why, since when, last used when."`
	Add           peopleAdd           `cmd:"" help:"Add a person, who holds nothing yet."`
	Give          peopleGive          `cmd:"" help:"Give a role, position, duty or identity."`
	Agree         peopleAgree         `cmd:"" help:"The second person's yes to a right over others."`
	Take          peopleTake          `cmd:"" help:"Take a role, position, duty or identity away, at once."`
	Deactivate    peopleDeactivate    `cmd:"" help:"End a person, and all that they hold, in one step."`
	Import        peopleImport        `cmd:"" help:"Add the people of a file, all of them or none."`
	Link          peopleLink          `cmd:"" help:"Say that two ids are one human being."`
	Unlink        peopleUnlink        `cmd:"" help:"Take that back."`
	Entrust       peopleEntrust       `cmd:"" help:"Leave a person who was added by hand to provisioning."`
	Change        peopleChange        `cmd:"" help:"Change what is said of a person."`
	Reactivate    peopleReactivate    `cmd:"" help:"Bring somebody back, who holds nothing then."`
	Invite        peopleInvite        `cmd:"" help:"Make a link by which a person signs in."`
	Proposals     peopleProposals     `cmd:"" help:"What waits for a second person: rights and invitations."`
	Invitation    peopleInvitation    `cmd:"" help:"Say yes to an invitation that waits, or take one back."`
	AddProgram    peopleAddProgram    `cmd:"" help:"Add a program; its owner registers its keys next."`
	ChangeProgram peopleChangeProgram `cmd:"" help:"Change a program: its end, its scopes, its networks."`
	StopProgram   peopleStopProgram   `cmd:"" help:"Stop a program for ever."`
	Programs      peoplePrograms      `cmd:"" help:"Programs, who owns them, and what stands out about them."`
	HandOver      peopleHandOver      `cmd:"" help:"Give a program to a new owner."`
}

// fresh ends the help of what needs a fresh proof of presence.
const fresh = `

Exit status: 0 done, 1 it is not yours to do, cannot be, or you must sign in again; 2 wrong
use, 3 the server does not answer. It needs a proof of the last five minutes (modicum login --prove).`

// reading ends the help of what only reads.
const reading = `

Exit status: 0 shown, 1 it is not yours to see, or there is none; 3 the server does not answer.`

type peopleList struct {
	Query  string `short:"q" help:"Part of a name or user name." placeholder:"TEXT"`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleList) Help() string {
	return `Examples:
  modicum people list
  modicum people list --query okafor --json` + reading
}

// Run lists people.
func (c *peopleList) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.People(t.ctx, c.Query)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"people": found})
	}
	rows := [][]string{}
	for _, p := range found {
		rows = append(rows, []string{client.Plain(p.ID), client.Plain(p.UserName), client.Plain(p.Name), client.Plain(dash(p.Department)), standing(p.Active)})
	}
	return tableOr(t.out, rows, "Nobody is called so.")
}

func standing(active bool) string {
	if active {
		return "active"
	}
	return "gone"
}

type peopleShow struct {
	ID     string `arg:"" help:"Id of the person."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleShow) Help() string {
	return `Examples:
  modicum people show bob` + reading
}

// Run shows a person.
func (c *peopleShow) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	p, err := api.Person(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, p)
	}
	fmt.Fprintf(t.out, "%s (%s), %s, %s\n", client.Plain(p.Name), client.Plain(p.ID), client.Plain(dash(p.Department)), standing(p.Active))
	if len(p.Same) > 0 {
		fmt.Fprintf(t.out, "  the same human being as %s\n", shown(p.Same))
	}
	rows := [][]string{}
	for i := range p.Holds {
		rows = append(rows, heldRow(&p.Holds[i]))
	}
	return table(t.out, rows)
}

func heldRow(h *client.Held) []string {
	state := "counts"
	switch {
	case h.Waits:
		state = "waits for a second person"
	case !h.Counts:
		state = "does not count: " + client.Plain(h.Because)
	}
	name := client.Plain(h.Name)
	if h.Dept != "" {
		name += " of " + client.Plain(h.Dept)
	}
	used := "never used"
	if h.LastUse != nil {
		used = "used " + stamp(*h.LastUse)
	}
	return []string{"  " + client.Plain(h.Kind), name, state, given(h) + " " + stamp(h.Since), used, client.Plain(h.Why)}
}

// given is where something that is held comes from.
func given(h *client.Held) string {
	switch h.From {
	case "scim":
		return "by provisioning, group " + client.Plain(h.Group) + ","
	case "issuer":
		return "by the identity provider's token,"
	}
	return "by " + client.Plain(h.By)
}

type peopleAdd struct {
	UserName   string `arg:"" help:"Name to sign in with; never given to anybody again."`
	Name       string `required:"" help:"Name as people read it." placeholder:"NAME"`
	Mail       string `help:"Mail address." placeholder:"ADDRESS"`
	Title      string `help:"Title of the job." placeholder:"TEXT"`
	Department string `help:"Id of a Location." placeholder:"ID"`
	Facility   string `help:"Id of an Organization." placeholder:"ID"`
	Manager    string `help:"Id of who leads them." placeholder:"ID"`
	online     `embed:""`
}

// Help teaches by example.
func (c *peopleAdd) Help() string {
	return `Examples:
  modicum people add bob --name "Bob Biller" --department billing` + fresh
}

// Run adds a person.
func (c *peopleAdd) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	p, err := api.AddPerson(t.ctx, client.NewPerson{
		UserName: c.UserName, Name: c.Name, Mail: c.Mail, Title: c.Title, Department: c.Department, Facility: c.Facility, Manager: c.Manager,
	})
	if err != nil {
		return over(err)
	}
	return c.say(t, p, "Added: %s. They hold nothing yet: modicum people give", client.Plain(p.ID))
}

// holdable names one thing that a person may hold.
type holdable struct {
	ID   string `arg:"" help:"Id of the person."`
	Kind string `arg:"" enum:"role,position,duty,identity" help:"role, position, duty or identity."`
	Name string `arg:"" help:"Name of the role, position or duty; of an identity ISSUER#SUBJECT."`
	Dept string `help:"Of a position held for one department: its id." placeholder:"ID"`
}

func (h *holdable) gift() client.Gift { return client.Gift{Kind: h.Kind, Name: h.Name, Dept: h.Dept} }

type peopleGive struct {
	holdable `embed:""`
	Why      string        `required:"" help:"Why they need it." placeholder:"TEXT"`
	For      time.Duration `help:"How long; until it is taken away otherwise." placeholder:"720h"`
	online   `embed:""`
}

// Help teaches by example.
func (c *peopleGive) Help() string {
	return `A right over others waits until a second person agrees, and so does who somebody is
at an identity provider: from then on nobody else that it calls by their name is them.

Examples:
  modicum people give bob role billing-specialist --why claims
  modicum people give bob identity https://id.hospital.example/realms/staff#f81d4fae --why "asked him"
  modicum people give cara position charge-nurse --dept ward --why "leads the ward" --for 720h` + fresh
}

// Run gives.
func (c *peopleGive) Run(t *terminal) error {
	if c.For < 0 || c.For%time.Minute != 0 {
		return usage("--for is a number of minutes or hours, such as 90m or 720h")
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	g := c.gift()
	g.Why, g.Minutes = c.Why, int(c.For/time.Minute)
	if err := api.Give(t.ctx, c.ID, g); err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"person": c.ID, "given": g})
	}
	return c.say(t, nil, "Given. %s", c.counts(t, api, "It counts from now on."))
}

// counts says whether what was given counts already, which is yes, or what it waits for.
func (c *holdable) counts(t *terminal, api *client.Client, yes string) string {
	p, err := api.Person(t.ctx, c.ID)
	if err != nil {
		return "Whether it waits for a second person: modicum people show " + client.Plain(c.ID)
	}
	for i := range p.Holds {
		h := &p.Holds[i]
		switch {
		case h.Kind != c.Kind || h.Name != c.Name || h.Dept != c.Dept:
		case h.Waits:
			how := strings.Join([]string{client.Plain(c.ID), client.Plain(h.Kind), client.Plain(h.Name)}, " ")
			if h.Dept != "" {
				how += " --dept " + client.Plain(h.Dept)
			}
			return "It waits until a second person who runs people agrees: modicum people agree " + how
		case !h.Counts:
			return "It does not count: " + client.Plain(h.Because)
		}
	}
	return yes
}

type peopleAgree struct {
	holdable `embed:""`
	online   `embed:""`
}

// Help teaches by example.
func (c *peopleAgree) Help() string {
	return `What waits for you: modicum people proposals.

Examples:
  modicum people agree cara position charge-nurse --dept ward` + fresh
}

// Run agrees.
func (c *peopleAgree) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Agree(t.ctx, c.ID, c.gift()); err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"person": c.ID, "agreed": c.gift()})
	}
	return c.say(t, nil, "Agreed. %s", c.counts(t, api, "It counts from now on."))
}

type peopleTake struct {
	holdable `embed:""`
	online   `embed:""`
}

// Help teaches by example.
func (c *peopleTake) Help() string {
	return `Examples:
  modicum people take bob role billing-specialist` + fresh
}

// Run takes away.
func (c *peopleTake) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Take(t.ctx, c.ID, c.gift()); err != nil {
		return over(err)
	}
	return c.say(t, map[string]any{"person": c.ID, "taken": c.gift()}, "%s", c.became(t, api))
}

// became says what became of what was taken: an identity that two agreed on stands until two
// take it away.
func (c *peopleTake) became(t *terminal, api *client.Client) string {
	p, err := api.Person(t.ctx, c.ID)
	if c.Kind == "identity" && err == nil && slices.ContainsFunc(p.Holds, func(h client.Held) bool { return h.Kind == c.Kind && h.Name == c.Name }) {
		return "Taken away: nobody comes in by it, nor by their name. A second person who runs people takes it away as well."
	}
	return "Taken away."
}

type peopleDeactivate struct {
	ID     string `arg:"" help:"Id of the person."`
	Heir   string `help:"Who takes over their programs; without one they stop." placeholder:"ID"`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleDeactivate) Help() string {
	return `Sessions, tokens, keys, grants and what waits end in one step. Their programs go to the
heir, or stop.

Examples:
  modicum people deactivate bob --heir rita
  modicum people deactivate bob --yes` + fresh
}

// Run deactivates.
func (c *peopleDeactivate) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := t.confirm(c.Yes, fmt.Sprintf("End %s, with all that they hold?", client.Plain(c.ID))); err != nil {
		return err
	}
	if err := api.Deactivate(t.ctx, c.ID, c.Heir); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"deactivated": c.ID, "heir": c.Heir}, "Ended.")
}
