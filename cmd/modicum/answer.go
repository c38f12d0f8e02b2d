package main

import (
	"errors"
	"fmt"

	"modicum/internal/client"
)

// answers is what a yes and a no share.
type answers struct {
	ID     string `arg:"" help:"Id of the request, from modicum inbox."`
	Word   string `help:"A word to whoever asked; a no needs one." placeholder:"TEXT"`
	Digest string `help:"Answer only if the request still has this digest, from modicum inbox --json." placeholder:"DIGEST"`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// shows reads the request, shows it whole, and has its answer confirmed. What is
// answered is what was shown: its digest goes with the answer (G2).
func (c *answers) shows(t *terminal, question string) (*client.Client, client.Request, error) {
	api, err := c.open(t)
	if err != nil {
		return nil, client.Request{}, err
	}
	r, err := api.Request(t.ctx, c.ID)
	switch {
	case err != nil:
		return nil, r, over(err)
	case r.Ended != nil:
		return nil, r, &exitError{exitNo, fmt.Errorf("nothing was done: %s. It whole: modicum grants %s", outcome(&r), client.Plain(r.ID))}
	case c.Digest != "" && c.Digest != r.Digest:
		return nil, r, &exitError{exitNo, errors.New("the request is not what that digest was of; nothing was done: read it again")}
	}
	if !c.JSON || !c.Yes {
		if err := printRequest(c.online.shows(t), &r); err != nil {
			return nil, r, err
		}
	}
	return api, r, t.confirm(c.Yes, question)
}

// approveCommand says yes.
type approveCommand struct {
	answers `embed:""`
}

// Help teaches by example.
func (c *approveCommand) Help() string {
	return `Shows the request whole, asks you, and says yes to exactly what it showed: what was
changed since is not approved. It needs a proof of the last five minutes (modicum login --prove).

Examples:
  modicum approve 01k9z5
  modicum approve 01k9z5 --yes --word "until three"

Exit status: 0 done, 1 it is not yours to answer, was changed, you said no, or you must sign
in again; 2 wrong use, 3 the server does not answer.`
}

// approved is the result for programs. Grant is null while others must say yes too.
type approved struct {
	Request client.Request `json:"request"`
	Grant   *client.Grant  `json:"grant"`
}

// Run approves.
func (c *approveCommand) Run(t *terminal) error {
	api, r, err := c.shows(t, "Say yes to this?")
	if err != nil {
		return err
	}
	g, err := api.Approve(t.ctx, c.ID, r.Digest, c.Word)
	if err != nil {
		return over(err)
	}
	if now, err := api.Request(t.ctx, c.ID); err == nil { // as it is by this yes
		r = now
	}
	if g == nil {
		return c.say(t, approved{r, nil}, "You said yes. Others must say yes too; modicum grants %s shows what becomes of it.", client.Plain(r.ID))
	}
	id := client.Plain(g.ID)
	return c.say(t, approved{r, g}, "You said yes: lent until %s (%s). To take it away before: modicum revoke %s --word TEXT", stamp(g.Until), id, id)
}

// refuseCommand says no.
type refuseCommand struct {
	answers `embed:""`
}

// Help teaches by example.
func (c *refuseCommand) Help() string {
	return `Shows the request, asks you, and says no with a word. It needs a proof of the last five
minutes (modicum login --prove).

Examples:
  modicum refuse 01k9z5 --word "Ada is back"
  modicum refuse 01k9z5 --word "not your ward" --yes

Exit status: 0 done, 1 it is not yours to answer, was changed, or you must sign in again;
2 wrong use, 3 the server does not answer.`
}

// Run refuses.
func (c *refuseCommand) Run(t *terminal) error {
	if c.Word == "" {
		return usage("say why: --word TEXT")
	}
	api, r, err := c.shows(t, "Say no to this?")
	if err != nil {
		return err
	}
	if err := api.Refuse(t.ctx, c.ID, r.Digest, c.Word); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"refused": c.ID}, "You said no. Who asked reads your word.")
}
