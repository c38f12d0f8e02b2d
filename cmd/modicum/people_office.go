package main

import (
	"cmp"
	"time"

	"modicum/internal/client"
)

type peopleChange struct {
	ID         string  `arg:"" help:"Id of the person."`
	UserName   *string `help:"Name to sign in with." placeholder:"NAME"`
	Name       *string `help:"Name as people read it." placeholder:"NAME"`
	Mail       *string `help:"Mail address." placeholder:"ADDRESS"`
	Title      *string `help:"Title of the job." placeholder:"TEXT"`
	Department *string `help:"Id of a Location." placeholder:"ID"`
	Facility   *string `help:"Id of an Organization." placeholder:"ID"`
	Manager    *string `help:"Id of who leads them." placeholder:"ID"`
	Zone       *string `help:"Time zone, such as America/Chicago." placeholder:"ZONE"`
	online     `embed:""`
}

// Help teaches by example.
func (c *peopleChange) Help() string {
	return `What is left out stays. Where somebody works decides what they see, at once.

Examples:
  modicum people change bob --department icu --title "Charge nurse"` + fresh
}

// Run changes a person as they stand.
func (c *peopleChange) Run(t *terminal) error {
	change := client.PersonChange{UserName: c.UserName, Name: c.Name, Mail: c.Mail, Title: c.Title, Department: c.Department, Facility: c.Facility, Manager: c.Manager, Zone: c.Zone}
	if change == (client.PersonChange{}) {
		return usage("say what changes, such as --department ID or --title TEXT; modicum people show %s says what stands there", client.Plain(c.ID))
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	p, err := api.Person(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	change.Revision = p.Revision
	p, err = api.ChangePerson(t.ctx, c.ID, change)
	if err != nil {
		return over(err)
	}
	return c.say(t, p, "Changed.")
}

type peopleReactivate struct {
	ID     string `arg:"" help:"Id of the person."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleReactivate) Help() string {
	return `Examples:
  modicum people reactivate bob` + fresh
}

// Run brings somebody back.
func (c *peopleReactivate) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Reactivate(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"reactivated": c.ID}, "They are back, and hold nothing but what groups of provisioning give.")
}

type peopleInvite struct {
	ID     string `arg:"" help:"Id of the person."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleInvite) Help() string {
	return `The link is told this once: hand it over in person. For who can sign in already, or holds
rights over others, it waits for a second person's yes.

Examples:
  modicum people invite bob` + fresh
}

// Run invites.
func (c *peopleInvite) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	v, err := api.Invite(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	waits := ""
	if v.Waits {
		waits = "\nIt opens nothing before a second person agrees: modicum people invitation agree " + client.Plain(v.ID)
	}
	return c.say(t, v, "%s\nuntil %s%s", client.Plain(v.Link), stamp(v.Until), waits)
}

type peopleProposals struct {
	online `embed:""`
}

// Help teaches by example.
func (c *peopleProposals) Help() string {
	return `Say yes to a right with modicum people agree, no with modicum people take. An account at the
identity provider that one person took away, or that is said of two people, is only taken away.

Examples:
  modicum people proposals` + reading
}

// Run lists what waits.
func (c *peopleProposals) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	w, err := api.Proposals(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, w)
	}
	rows := [][]string{}
	for _, p := range w.Rights {
		rows = append(rows, []string{client.Plain(p.Person), client.Plain(p.Kind), client.Plain(p.Name), client.Plain(dash(p.Dept)), "by " + client.Plain(p.By), client.Plain(cmp.Or(p.Because, p.Why))})
	}
	for _, v := range w.Invitations {
		rows = append(rows, []string{client.Plain(v.Person), "invitation", client.Plain(v.ID), "-", "by " + client.Plain(v.By), "until " + stamp(v.Until)})
	}
	return tableOr(t.out, rows, "Nothing waits for a second person.")
}

type peopleInvitation struct {
	Do     string `arg:"" enum:"agree,withdraw" help:"agree or withdraw."`
	ID     string `arg:"" help:"Id of the invitation."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleInvitation) Help() string {
	return `Examples:
  modicum people invitation agree 01a20b3b-b8f1-75e7-8843-7fe0e435acc6
  modicum people invitation withdraw 01a20b3b-b8f1-75e7-8843-7fe0e435acc6` + fresh
}

// Run answers.
func (c *peopleInvitation) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if c.Do == "agree" {
		if err := api.AgreeInvitation(t.ctx, c.ID); err != nil {
			return over(err)
		}
		return c.say(t, map[string]string{"agreed": c.ID}, "Agreed. The link works now.")
	}
	if err := api.WithdrawInvitation(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"withdrawn": c.ID}, "The link opens nothing.")
}

type peopleAddProgram struct {
	ID       string        `arg:"" help:"Its client_id; never given to another."`
	Title    string        `required:"" help:"What people call it." placeholder:"TEXT"`
	Owner    string        `required:"" help:"Id of who answers for it." placeholder:"ID"`
	Why      string        `required:"" help:"What it is for." placeholder:"TEXT"`
	Task     string        `required:"" help:"ROLE/TASK that it does." placeholder:"TASK"`
	For      time.Duration `default:"2160h" help:"How long it runs, at most 398 days."`
	Scopes   []string      `help:"SMART v2 scopes; they only take away." placeholder:"SCOPE"`
	Networks []string      `help:"Address ranges that it may come from." placeholder:"CIDR"`
	online   `embed:""`
}

// Help teaches by example.
func (c *peopleAddProgram) Help() string {
	return `Examples:
  modicum people add-program claims-bot --title "Claims" --owner rita --why "sends claims" --task service-integration/send-claims` + fresh
}

// Run adds a program.
func (c *peopleAddProgram) Run(t *terminal) error {
	role, task := splitTask(c.Task)
	if role == "" {
		return usage("--task is ROLE/TASK")
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	p, err := api.AddProgram(t.ctx, client.NewProgram{
		ID: c.ID, Title: c.Title, Owner: c.Owner, Why: c.Why, Role: role, Task: task, Scopes: c.Scopes, Networks: c.Networks, Until: time.Now().Add(c.For).UTC(),
	})
	if err != nil {
		return over(err)
	}
	return c.say(t, p, "Added. Its owner registers a key next: modicum keys add %s", client.Plain(p.ID))
}

type peopleChangeProgram struct {
	ID       string        `arg:"" help:"Id of the program."`
	Title    *string       `help:"What people call it." placeholder:"TEXT"`
	Why      *string       `help:"What it is for." placeholder:"TEXT"`
	For      time.Duration `help:"How long it runs from now on, at most 398 days." placeholder:"2160h"`
	Scopes   *[]string     `help:"All of its scopes." placeholder:"SCOPE"`
	Networks *[]string     `help:"All of its address ranges." placeholder:"CIDR"`
	online   `embed:""`
}

// Help teaches by example.
func (c *peopleChangeProgram) Help() string {
	return `Its owner narrows it; who runs people widens it too. What is left out stays.

Examples:
  modicum people change-program claims-bot --for 2160h
  modicum people change-program claims-bot --scopes system/Claim.rs` + fresh
}

// Run changes a program.
func (c *peopleChangeProgram) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	w := client.ProgramChange{Title: c.Title, Why: c.Why, Scopes: c.Scopes, Networks: c.Networks}
	if c.For > 0 {
		until := time.Now().Add(c.For).UTC()
		w.Until = &until
	}
	p, err := api.ChangeProgram(t.ctx, c.ID, w)
	if err != nil {
		return over(err)
	}
	return c.say(t, p, "Changed.")
}

type peopleStopProgram struct {
	ID     string `arg:"" help:"Id of the program."`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleStopProgram) Help() string {
	return `Its keys end with it.

Examples:
  modicum people stop-program claims-bot` + fresh
}

// Run stops a program.
func (c *peopleStopProgram) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := t.confirm(c.Yes, "Stop "+client.Plain(c.ID)+" for ever?"); err != nil {
		return err
	}
	if err := api.StopProgram(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"stopped": c.ID}, "Stopped, with its keys.")
}
