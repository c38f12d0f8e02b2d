package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modicum/internal/client"
)

// askCommand asks for more, for a while.
type askCommand struct {
	Task       string        `arg:"" help:"TASK or ROLE/TASK that you need it for."`
	Patient    []string      `help:"Id of a patient; - reads one from standard input. Several: repeat it." placeholder:"ID" sep:"none"`
	Reason     string        `help:"Why, in your words." placeholder:"TEXT"`
	ReasonKind string        `help:"One of the reasons that the policy lists for it." placeholder:"KIND"`
	Ref        string        `help:"Ticket, encounter, claim, appointment or release request: it is checked." placeholder:"ID"`
	For        time.Duration `help:"How long; as long as the policy allows otherwise." placeholder:"2h"`
	From       time.Time     `help:"When it begins (RFC 3339); when it is approved otherwise." placeholder:"TIME"`
	Class      []string      `help:"One more data class than the task shows, or with --record the masked one." placeholder:"CLASS"`
	Overlay    []string      `help:"One more sensitivity label than the task shows." placeholder:"LABEL"`
	Record     string        `help:"The one record whose masked class you ask for." placeholder:"TYPE/ID"`
	Wait       bool          `help:"Wait until it is decided. Ctrl-C ends the waiting; the request stays."`
	online     `embed:""`
}

// Help teaches by example.
func (c *askCommand) Help() string {
	return `Asks for a task that is lent, for one more class or sensitivity label (--class,
--overlay), or for the masked value of one record (--record with --class). Prints what
was asked, who must say yes, and the id. Asking twice for the same makes one request.

Examples:
  modicum ask cover --patient p1 --reason-kind "covering for a colleague" --reason "Ada is at lunch" --for 2h
  modicum ask nurse/cover --patient - --reason-kind "help at the bedside" --wait
  modicum ask work-denial --patient p1 --class clinical.note --ref WQ-1044
  modicum ask check-in --record Coverage/c1 --class identifiers.ssn --reason "the payer asks for it"

Exit status: 0 asked, or with --wait approved; 1 it cannot be, or was refused, or is not
decided yet; 2 wrong use; 3 the server does not answer.`
}

// Run asks.
func (c *askCommand) Run(t *terminal) error {
	w, err := c.want(t)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	a, err := api.Ask(t.ctx, w)
	switch {
	case err != nil:
		return over(err)
	case a.Grant != nil:
		return c.say(t, a, "It is lent to you until %s (%s).", stamp(a.Grant.Until), client.Plain(a.Grant.ID))
	case !c.Wait:
		return c.asked(t, a)
	}
	tell(t, a.Request)
	r, err := await(t, func() (client.Request, error) { return api.Request(t.ctx, a.Request.ID) }, pause)
	if err != nil {
		return err
	}
	return c.decided(t, r)
}

// want is what is asked for.
func (c *askCommand) want(t *terminal) (w client.Want, err error) {
	role, task := splitTask(c.Task)
	w = client.Want{Kind: "lend", Role: role, Task: task, Record: c.Record, Classes: c.Class, Overlays: c.Overlay,
		Reason: client.Reason{Kind: c.ReasonKind, Ref: c.Ref, Text: c.Reason}, Minutes: int(c.For / time.Minute)}
	switch {
	case c.Record != "":
		w.Kind = "ask"
	case len(c.Class)+len(c.Overlay) > 0:
		w.Kind = "exception"
	}
	if !c.From.IsZero() {
		w.From = &c.From
	}
	if c.For < 0 || c.For%time.Minute != 0 {
		return w, usage("--for is a number of minutes or hours, such as 90m or 2h")
	}
	if c.Record == "" && len(c.Patient) == 0 {
		return w, usage("name the patient: --patient ID, or --patient - to type it unseen by your shell's history")
	}
	for _, typed := range c.Patient {
		id, err := t.patient(typed)
		if err != nil {
			return w, err
		}
		w.Patients = append(w.Patients, id)
	}
	return w, nil
}

func (c *askCommand) asked(t *terminal, a client.Asked) error {
	if c.JSON {
		return printJSON(t, a)
	}
	if err := printRequest(t, a.Request); err != nil {
		return err
	}
	said := "Asked"
	if a.Again {
		said = "You had asked for this already"
	}
	id := client.Plain(a.Request.ID)
	_, err := fmt.Fprintf(t.out, "%s: %s\nWho may say yes is told. What becomes of it: modicum grants %s; to take it back: modicum withdraw %s\n", said, id, id, id)
	return err
}

// tell says on the way what is waited for.
func tell(t *terminal, r *client.Request) {
	t.note("Asked: %s. Waiting for a yes of each of: %s.", client.Plain(r.ID), shown(r.Needs))
}

func (c *askCommand) decided(t *terminal, r client.Request) error {
	err := c.say(t, r, "%s: %s.%s", client.Plain(r.ID), client.Plain(r.State), quoted(r.Word))
	if err == nil && r.State != "approved" {
		err = &exitError{exitNo, nil}
	}
	return err
}

// quoted is somebody's word after a sentence.
func quoted(word string) string {
	if word == "" {
		return ""
	}
	return ` "` + client.Plain(word) + `"`
}

// every is how often a request is looked at while its asker waits.
const every = 5 * time.Second

// await looks at a request until it is decided. A server that is away for a while is
// waited for as well.
func await(t *terminal, look func() (client.Request, error), wait func(context.Context, time.Duration) error) (client.Request, error) {
	away := false
	for {
		r, err := look()
		switch {
		case t.ctx.Err() != nil: // said below
		case errors.Is(err, client.ErrServer):
			if !away {
				t.note("The server does not answer; still waiting.")
			}
			away = true
		case err != nil:
			return r, over(err)
		case r.State != "waiting":
			return r, nil
		default:
			away = false
		}
		if wait(t.ctx, every) != nil {
			return r, &exitError{exitNo, errors.New("not decided yet; the request still waits: modicum grants shows it, modicum withdraw takes it back")}
		}
	}
}

// withdrawCommand takes a request back.
type withdrawCommand struct {
	ID     string `arg:"" help:"Id of a request of yours."`
	online `embed:""`
}

// Help teaches by example.
func (c *withdrawCommand) Help() string {
	return `Takes back what you asked for and nobody has decided.

Examples:
  modicum withdraw 01k9z5

Exit status: 0 done, 1 there is no such request of yours, 3 the server does not answer.`
}

// Run withdraws.
func (c *withdrawCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Withdraw(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"withdrawn": c.ID}, "Taken back.")
}
