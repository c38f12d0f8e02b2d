package main

import (
	"fmt"
	"time"

	"modicum/internal/client"
)

type reviewsCommands struct {
	List   reviewsList   `cmd:"" help:"What waits for your review."`
	Show   reviewsShow   `cmd:"" help:"One whole, with what was opened under it."`
	Close  reviewsClose  `cmd:"" help:"Close a review with a verdict and a word."`
	Attest reviewsAttest `cmd:"" help:"Say what a glass of yours was broken for."`
}

type reviewsList struct {
	online `embed:""`
}

// Help teaches by example.
func (c *reviewsList) Help() string {
	return `What was opened under one: modicum reviews show ID.

Examples:
  modicum reviews list` + reading
}

// Run lists reviews.
func (c *reviewsList) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.Reviews(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"reviews": found})
	}
	rows := [][]string{}
	for i := range found {
		g := &found[i]
		due := ""
		if g.Review != nil {
			due = "due " + stamp(g.Review.Due)
		}
		glass := ""
		if g.Glass != nil {
			glass = glassSaid(g)
		}
		rows = append(rows, []string{client.Plain(g.ID), client.Plain(g.Person), taskOf(&g.Want), shown(g.Want.Patients), reasonGiven(&g.Want.Reason), due, glass})
	}
	return tableOr(t.out, rows, "No review waits for you.")
}

type reviewsShow struct {
	ID     string `arg:"" help:"Id of the grant."`
	online `embed:""`
}

// Help teaches by example.
func (c *reviewsShow) Help() string {
	return `What was lent or opened, to whom and why, each decision under it, and what is true now of its
holder and the patient. For who reviews it.

Examples:
  modicum reviews show ID` + reading
}

// toReview is the result for programs.
type toReview struct {
	Grant  client.Grant  `json:"grant"`
	Opened client.Opened `json:"opened"`
}

// Run shows one.
func (c *reviewsShow) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	var r toReview
	if r.Opened, err = api.Opened(t.ctx, c.ID); err != nil {
		return over(err)
	}
	if r.Grant, err = api.Grant(t.ctx, c.ID); err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, r)
	}
	if err := printGrant(t, &r.Grant, time.Now()); err != nil {
		return err
	}
	fmt.Fprintln(t.out)
	rows := [][]string{}
	for _, d := range r.Opened.Decisions {
		rows = append(rows, []string{stamp(d.At), client.Plain(d.ID), client.Plain(d.Door), client.Plain(d.Then), shown(d.What)})
	}
	if err := tableOr(t.out, rows, "Nothing was opened under it."); err != nil {
		return err
	}
	if len(r.Opened.Facts) > 0 {
		fmt.Fprintf(t.out, "True now of its holder and the patient: %s\n", shown(r.Opened.Facts))
	}
	return nil
}

type reviewsClose struct {
	ID      string `arg:"" help:"Id of the grant."`
	Verdict string `required:"" enum:"justified,unjustified,unclear" help:"justified, unjustified or unclear."`
	Word    string `required:"" help:"What was found." placeholder:"TEXT"`
	online  `embed:""`
}

// Help teaches by example.
func (c *reviewsClose) Help() string {
	return `Examples:
  modicum reviews close ID --verdict justified --word "resuscitation, see encounter"` + fresh
}

// Run closes a review.
func (c *reviewsClose) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Review(t.ctx, c.ID, c.Verdict, c.Word); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"closed": c.ID, "verdict": c.Verdict}, "Closed. It is history now.")
}

type reviewsAttest struct {
	ID     string `arg:"" help:"Id of the grant."`
	Word   string `required:"" help:"What it was broken for." placeholder:"TEXT"`
	online `embed:""`
}

// Help teaches by example.
func (c *reviewsAttest) Help() string {
	return `Examples:
  modicum reviews attest ID --word "found unconscious, no next of kin"

Exit status: 0 done, 1 it cannot be; 3 the server does not answer.`
}

// Run attests.
func (c *reviewsAttest) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Attest(t.ctx, c.ID, c.Word); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"attested": c.ID}, "Thank you. It is with the reviewer.")
}

type wishesCommand struct {
	Pace       string `enum:",at-once,hourly,daily,never" default:"" help:"at-once, hourly, daily or never."`
	Daily      string `help:"Hour of the daily mail." placeholder:"HH:MM"`
	QuietFrom  string `help:"When quiet hours begin." placeholder:"HH:MM"`
	QuietUntil string `help:"When they end." placeholder:"HH:MM"`
	Zone       string `help:"Your time zone, such as America/Chicago." placeholder:"ZONE"`
	online     `embed:""`
}

// Help teaches by example.
func (c *wishesCommand) Help() string {
	return `Without --pace it says how you are told. With it, all of it is said anew. Your inbox has
everything at once, and urgent notices come all the same.

Examples:
  modicum wishes
  modicum wishes --pace daily --daily 08:00 --quiet-from 22:00 --quiet-until 07:00

Exit status: 0 shown or done, 1 it cannot be; 3 the server does not answer.`
}

// Run shows or keeps wishes.
func (c *wishesCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	w := client.Wishes{Pace: c.Pace, Daily: c.Daily, From: c.QuietFrom, Until: c.QuietUntil, Zone: c.Zone}
	switch {
	case c.Pace == "" && w != (client.Wishes{}):
		return usage("say --pace too: all of it is said anew")
	case c.Pace == "":
		w, err = api.Wishes(t.ctx)
	default:
		err = api.Wish(t.ctx, w)
	}
	if err != nil {
		return over(err)
	}
	quiet := "none"
	if w.From != "" {
		quiet = w.From + " to " + w.Until
	}
	pace := w.Pace
	if pace == "" {
		pace = "at-once"
	}
	return c.say(t, w, "Mail: %s; quiet hours: %s", client.Plain(pace), client.Plain(quiet))
}
