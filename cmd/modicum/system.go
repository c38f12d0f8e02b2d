package main

import (
	"fmt"

	"modicum/internal/client"
)

type healthCommand struct {
	online `embed:""`
}

// Help teaches by example.
func (c *healthCommand) Help() string {
	return `For who runs the system. /readyz of the admin address answers programs without a token.

Examples:
  modicum health
  modicum health --json | jq .troubles

Exit status: 0 all is well, 1 something is not, or it is not yours to see; 3 the server does
not answer.`
}

// Run shows health.
func (c *healthCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	h, err := api.Health(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		err = printJSON(t, h)
	} else {
		err = printHealth(t, &h)
	}
	if err == nil && h.Level != "well" {
		return &exitError{exitNo, nil}
	}
	return err
}

func printHealth(t *terminal, h *client.Health) error {
	rows := [][]string{{"state", client.Plain(h.Level)}}
	for _, x := range h.Troubles {
		rows = append(rows, []string{client.Plain(x.Part), client.Plain(x.Say) + ". " + client.Plain(x.Do)})
	}
	rows = append(rows, []string{"policy", client.Plain(h.Policy.Digest)}, []string{"record", fmt.Sprintf("%d entries, %d of them in the folder", h.Record.Entries, h.Record.Published)})
	for _, d := range h.Doors {
		mode := "enforces"
		if d.Observe {
			mode = "observes"
		}
		rows = append(rows, []string{"door " + client.Plain(d.Name), mode + " at " + client.Plain(d.At)})
	}
	for _, s := range h.Sources {
		rows = append(rows, []string{"source " + client.Plain(s.Name), fmt.Sprintf("%s, %d facts", client.Plain(s.State), s.Facts)})
	}
	for _, o := range h.Outlets {
		state := fmt.Sprintf("%d waiting", o.Waiting)
		if o.Disabled {
			state = "switched off by its receiver: modicum webhook " + client.Plain(o.Hook)
		}
		rows = append(rows, []string{client.Plain(o.Name), state})
	}
	return table(t.out, rows)
}

type webhookCommand struct {
	Name   string `arg:"" help:"Name of the webhook, as modicum health says it."`
	online `embed:""`
}

// Help teaches by example.
func (c *webhookCommand) Help() string {
	return `Calls a webhook again whose receiver answered that it wants nothing more. What waits for it
leaves at once.

Examples:
  modicum webhook pager` + fresh
}

// Run switches it on.
func (c *webhookCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.EnableWebhook(t.ctx, c.Name); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"enabled": c.Name}, "It is called again.")
}

type settingsCommand struct {
	online `embed:""`
}

// Help teaches by example.
func (c *settingsCommand) Help() string {
	return `The configuration in force, and where each key is written. For who runs the system; it
holds no secret.

Examples:
  modicum settings
  modicum settings --json` + reading
}

// Run shows the configuration.
func (c *settingsCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	in, err := api.Installation(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, in)
	}
	if in.Changed {
		t.note("%s was changed since it was read: start again for it to count", client.Plain(in.File))
	}
	rows := [][]string{}
	for _, s := range in.Settings {
		rows = append(rows, []string{client.Plain(s.Key), client.Plain(dash(s.Value)), client.Plain(dash(s.From))})
	}
	return table(t.out, rows)
}
