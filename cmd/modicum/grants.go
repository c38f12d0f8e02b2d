package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"modicum/internal/client"
)

// grantsCommand shows what its person holds and waits for.
type grantsCommand struct {
	ID     string `arg:"" optional:"" help:"Id of one request or grant: it is shown whole."`
	online `embed:""`
}

// Help teaches by example.
func (c *grantsCommand) Help() string {
	return `What is lent to you and how much time is left, and what you asked for that waits. With the
id of a request or grant that one whole, and what became of it: also one that is over, or
that you answered.

Examples:
  modicum grants
  modicum grants 01k9z5
  modicum grants --json

Exit status: 0 shown, 1 you are not signed in, or there is nothing of this id for you; 3 the
server does not answer.`
}

// holding is the result for programs.
type holding struct {
	Grants   []client.Grant   `json:"grants"`
	Requests []client.Request `json:"requests"`
}

// Run shows them.
func (c *grantsCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if c.ID != "" {
		return c.one(t, api)
	}
	var h holding
	if h.Grants, err = api.Grants(t.ctx); err != nil {
		return over(err)
	}
	if h.Requests, err = api.Requests(t.ctx); err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, h)
	}
	return h.print(t, time.Now())
}

// one shows a request whole, or a grant.
func (c *grantsCommand) one(t *terminal, api *client.Client) error {
	r, err := api.Request(t.ctx, c.ID)
	var no *client.Refusal
	if !errors.As(err, &no) {
		return c.whole(t, r, err, func() error { return printRequest(t, &r) })
	}
	g, err := api.Grant(t.ctx, c.ID)
	return c.whole(t, g, err, func() error { return printGrant(t, &g, time.Now()) })
}

func (c *grantsCommand) whole(t *terminal, v any, err error, print func() error) error {
	switch {
	case err != nil:
		return over(err)
	case c.JSON:
		return printJSON(t, v)
	}
	return print()
}

// printGrant shows a grant whole.
func printGrant(t *terminal, g *client.Grant, now time.Time) error {
	rows := append([][]string{{"lent to", client.Plain(g.Person) + ", from " + stamp(g.From) + " until " + stamp(g.Until)}}, wanted(&g.Want)...)
	rows = append(rows, []string{"state", client.Plain(g.State) + ", " + when(g, now)})
	if len(g.By) > 0 {
		rows = append(rows, []string{"who said yes", shown(g.By)})
	}
	if said := glassSaid(g); said != "" {
		rows = append(rows, []string{"broken glass", said})
	}
	if said := reviewed(g); said != "" {
		rows = append(rows, []string{"review", said})
	}
	return table(t.out, rows)
}

// glassSaid is what is known of a broken glass beside what it opened.
func glassSaid(g *client.Grant) string {
	if g.Glass == nil {
		return ""
	}
	said := client.Plain(g.Glass.Purpose) + ", its user owes a word"
	if g.Glass.Attested != nil {
		said = client.Plain(g.Glass.Purpose) + ", its user said what for"
	}
	if g.Glass.Drill {
		said += ", a drill"
	}
	if g.Glass.OverCap {
		said += ", more patients that day than the policy expects"
	}
	return said
}

// reviewed is how the review of a grant stands.
func reviewed(g *client.Grant) string {
	switch {
	case g.Review == nil:
		return ""
	case g.Review.At == nil:
		return "due " + stamp(g.Review.Due)
	}
	return client.Plain(g.Review.Verdict) + ", by " + client.Plain(g.Review.Who) + " " + stamp(*g.Review.At)
}

func (h *holding) print(t *terminal, now time.Time) error {
	if len(h.Grants)+len(h.Requests) == 0 {
		_, err := fmt.Fprintln(t.out, "Nothing is lent to you, and nothing that you asked for waits.")
		return err
	}
	rows := [][]string{}
	for i := range h.Grants {
		g := &h.Grants[i]
		rows = append(rows, []string{client.Plain(g.ID), client.Plain(g.State), client.Plain(g.Want.Kind), taskOf(&g.Want), shown(g.Want.Patients), when(g, now)})
	}
	for i := range h.Requests {
		r := &h.Requests[i]
		rows = append(rows, []string{client.Plain(r.ID), client.Plain(r.State), client.Plain(r.Want.Kind), taskOf(&r.Want), shown(r.Want.Patients), "needs " + shown(r.Needs)})
	}
	return table(t.out, rows)
}

// when says how a grant stands in time.
func when(g *client.Grant, now time.Time) string {
	switch {
	case g.Ended != nil:
		return "ended " + stamp(*g.Ended)
	case now.Before(g.From):
		return "begins " + stamp(g.From)
	case !now.Before(g.Until):
		return "ended " + stamp(g.Until)
	}
	return left(g.Until, now) + " left"
}

// revokeCommand ends a grant.
type revokeCommand struct {
	ID     string `arg:"" help:"Id of a grant."`
	Word   string `help:"Why; needed where it is somebody else's." placeholder:"TEXT"`
	online `embed:""`
}

// Help teaches by example.
func (c *revokeCommand) Help() string {
	return `Gives back what is lent to you, or takes away what is lent to somebody else where you
approved it, or watch over access, or run people. Open answers are cut off at once. Taking
away needs a proof of the last five minutes (modicum login --prove).

Examples:
  modicum revoke 01k9z7
  modicum revoke 01k9z7 --word "the patient was moved"

Exit status: 0 done, 1 it is not yours to end, or you must sign in again; 2 wrong use, 3 the
server does not answer.`
}

// Run gives back or takes away.
func (c *revokeCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	mine, err := api.Grants(t.ctx)
	switch {
	case err != nil:
		return over(err)
	case slices.ContainsFunc(mine, func(g client.Grant) bool { return g.ID == c.ID }):
		if err := api.GiveBack(t.ctx, c.ID); err != nil {
			return over(err)
		}
		return c.say(t, map[string]string{"given_back": c.ID}, "Given back: it shows nothing more.")
	case c.Word == "":
		return usage("%s is not lent to you, or no more; to take it away from somebody say why: --word TEXT", client.Plain(c.ID))
	}
	if err := api.Revoke(t.ctx, c.ID, c.Word); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"revoked": c.ID}, "Taken away: it shows nothing more, and its holder is told.")
}
