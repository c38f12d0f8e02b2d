package main

import (
	"modicum/internal/client"
)

// breakGlassCommand breaks the glass. It asks nothing back: somebody may be dying.
type breakGlassCommand struct {
	Patient    string `arg:"" help:"Id of the patient; - reads it from standard input."`
	Reason     string `required:"" help:"Why, in your words." placeholder:"TEXT"`
	ReasonKind string `help:"One of the reasons that the policy lists." placeholder:"KIND"`
	Ref        string `help:"Encounter or ticket, where there is one." placeholder:"ID"`
	Task       string `help:"TASK or ROLE/TASK, where several tasks of yours have an emergency way." placeholder:"TASK"`
	Purpose    string `enum:"ETREAT,BTG" default:"ETREAT" help:"ETREAT (emergency treatment) or BTG (any other)."`
	online     `embed:""`
}

// Help teaches by example.
func (c *breakGlassCommand) Help() string {
	return `Opens the chart of one patient to you at once, in an emergency, for as long as the policy
says. It is recorded, those whom the policy names are told, and you will be asked what it was
for (modicum reviews attest). It needs a sign-in of this shift.

Examples:
  modicum break-glass p9 --reason "found unconscious in the corridor"
  modicum break-glass - --reason "overdose, no history" --task nurse/give-care

Exit status: 0 open, 1 it cannot be, or you must sign in again; 2 wrong use, 3 the server
does not answer.`
}

// Run breaks the glass.
func (c *breakGlassCommand) Run(t *terminal) error {
	patient, err := t.patient(c.Patient)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	role, task := splitTask(c.Task)
	g, err := api.BreakGlass(t.ctx, client.GlassWant{
		Patient: patient, Role: role, Task: task, Purpose: c.Purpose, Reason: client.Reason{Kind: c.ReasonKind, Ref: c.Ref, Text: c.Reason},
	})
	if err != nil {
		return over(err)
	}
	id, task := client.Plain(g.ID), taskOf(&g.Want)
	return c.say(t, g, "The glass is broken for %s until %s (%s).\nWhat is read with a token of that task shows now: modicum login --task %s. Afterwards say what it was for:\n  modicum reviews attest %s --word TEXT", task, stamp(g.Until), id, task, id)
}
