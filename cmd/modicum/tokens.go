package main

import (
	"modicum/internal/client"
)

type tokensCommands struct {
	List tokensList `cmd:"" help:"Tokens that go on."`
	End  tokensEnd  `cmd:"" help:"End a token, or all of yours."`
}

type sessionsCommands struct {
	List sessionsList `cmd:"" help:"Where you are signed in to the console."`
	End  sessionsEnd  `cmd:"" help:"End a session, and the tokens that it gave out."`
}

// ofWhom names somebody else than oneself.
type ofWhom struct {
	Of string `help:"Of somebody else, for who runs people: their id. Ending needs a proof of the last five minutes then (modicum login --prove)." placeholder:"ID"`
}

type tokensList struct {
	ofWhom `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *tokensList) Help() string {
	return `Examples:
  modicum tokens list
  modicum tokens list --of nina` + reading
}

// Run lists tokens.
func (c *tokensList) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.Tokens(t.ctx, c.Of)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"tokens": found})
	}
	rows := [][]string{}
	for _, x := range found {
		task, used := "no records", "not used since the server started"
		if x.Task != "" {
			task = client.Plain(x.Task)
		}
		if x.LastUse != nil {
			used = "used " + stamp(*x.LastUse)
		}
		rows = append(rows, []string{client.Plain(x.ID), task, client.Plain(x.Client), client.Plain(dash(x.Network)), "until " + stamp(x.Until), used})
	}
	return table(t.out, rows)
}

type tokensEnd struct {
	ID     string `arg:"" optional:"" help:"Id of the token."`
	All    bool   `help:"All of yours, that of this command line too."`
	ofWhom `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *tokensEnd) Help() string {
	return `Whatever is under way with it is cut off.

Examples:
  modicum tokens end 01a20b3b-b8f1-75e7-8843-7fe0e435acc6
  modicum tokens end --all

Exit status: 0 done, 1 there is none of this id; 2 wrong use, 3 the server does not answer.`
}

// Run ends tokens.
func (c *tokensEnd) Run(t *terminal) error {
	if (c.ID == "") != c.All || c.All && c.Of != "" {
		return usage("name one token, or --all of yours")
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if c.All {
		done, err := api.EndTokens(t.ctx)
		if err != nil {
			return over(err)
		}
		return c.say(t, done, "Ended: %d.", done.Ended)
	}
	if err := api.EndToken(t.ctx, c.Of, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"ended": c.ID}, "Ended.")
}

type sessionsList struct {
	ofWhom `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *sessionsList) Help() string {
	return `Examples:
  modicum sessions list
  modicum sessions list --of nina --json` + reading
}

// Run lists sessions.
func (c *sessionsList) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.Sessions(t.ctx, c.Of)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"sessions": found})
	}
	rows := [][]string{}
	for _, x := range found {
		rows = append(rows, []string{client.Plain(x.ID), client.Plain(dash(x.Agent)), client.Plain(dash(x.Network)), "since " + stamp(x.Began), "seen " + stamp(x.Seen)})
	}
	return table(t.out, rows)
}

type sessionsEnd struct {
	ID     string `arg:"" help:"Id of the session."`
	ofWhom `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *sessionsEnd) Help() string {
	return `Examples:
  modicum sessions end 01a20b3b-b8f1-75e7-8843-7fe0e435acc6

Exit status: 0 done, 1 there is none of this id; 3 the server does not answer.`
}

// Run ends a session.
func (c *sessionsEnd) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.EndSession(t.ctx, c.Of, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"ended": c.ID}, "Ended.")
}
