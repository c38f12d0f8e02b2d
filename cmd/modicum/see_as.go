package main

import (
	"fmt"
	"slices"

	"modicum/internal/client"
)

type seeAsCommand struct {
	Task    string   `arg:"" optional:"" help:"ROLE/TASK; without it what there is to choose from."`
	File    string   `help:"FHIR resources to look at: JSON, a Bundle, NDJSON; - is standard input." placeholder:"FILE" xor:"records"`
	Sample  string   `help:"A made-up patient to look at." placeholder:"ID" xor:"records"`
	Patient string   `help:"A patient of yours, by id; - reads it from standard input. Needs --own." placeholder:"PATIENT" xor:"records"`
	Own     string   `help:"ROLE/TASK of your own, for which you may see that patient, and for which you signed in." placeholder:"TASK"`
	Without []string `help:"A fact that the task asks for and that is not to hold." placeholder:"FACT"`
	With    []string `help:"A fact that restricts, or lifts a restriction, and is to hold." placeholder:"FACT"`
	online  `embed:""`
}

// Help teaches by example.
func (c *seeAsCommand) Help() string {
	return `For who writes policy, puts it in force, or reviews access. All that the task asks for holds,
but what --without names. Each look is on record first; records are kept nowhere. Without a
server, and with every fact by name: modicum see. A patient of yours is read with a token for
the task of --own, everything else with one for no task.

Examples:
  modicum see-as                                       tasks, facts and made-up patients
  modicum see-as nurse/give-care --sample p1
  modicum see-as nurse/give-care --sample p1 --without during-shift
  modicum see-as billing-specialist/work-denial --file chart.ndjson --json
  modicum login --task physician/give-care             before this one
  echo p7 | modicum see-as nurse/give-care --patient - --own physician/give-care

Exit status: 0 something shows, 1 nothing does, or it is not yours to do; 2 wrong use, 3 the
server does not answer, or cannot write down who looks.`
}

// mostSeen is the largest file of records that a look takes, in bytes.
const mostSeen = 1 << 20

// Run looks.
func (c *seeAsCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	choices, err := api.SeeAsChoices(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.Task == "" {
		return c.choices(t, &choices)
	}
	look, err := c.look(t, &choices)
	if err != nil {
		return err
	}
	seen, err := api.SeeAs(t.ctx, look)
	if err != nil {
		return over(err)
	}
	return c.print(t, &seen)
}

func (c *seeAsCommand) choices(t *terminal, choices *client.SeeAsChoices) error {
	if c.JSON {
		return printJSON(t, choices)
	}
	rows := [][]string{}
	for _, x := range choices.Tasks {
		rows = append(rows, []string{client.Plain(x.Task), client.Plain(x.Title), "asks " + dash(shown(x.Asks))})
	}
	for _, s := range choices.Samples {
		rows = append(rows, []string{"--sample " + client.Plain(s.ID), client.Plain(s.Name), client.Plain(s.Note)})
	}
	return table(t.out, rows)
}

// look is what was typed: all that the task asks for holds, but what is named.
func (c *seeAsCommand) look(t *terminal, choices *client.SeeAsChoices) (s client.SeeAs, err error) {
	i := slices.IndexFunc(choices.Tasks, func(x client.SeeAsTask) bool { return x.Task == c.Task })
	if i < 0 {
		var known []string
		for _, x := range choices.Tasks {
			known = append(known, x.Task)
		}
		return s, usage("the policy in force has no task %q%s; modicum see-as lists them", c.Task, client.Plain(meant(c.Task, known)))
	}
	task := &choices.Tasks[i]
	if err := among("--without", "a fact that "+c.Task+" asks for", c.Without, task.Asks); err != nil {
		return s, err
	}
	if err := among("--with", "a fact that restricts "+c.Task+", or lifts a restriction of it", c.With, task.Restricts); err != nil {
		return s, err
	}
	s = client.SeeAs{Task: c.Task, Assume: slices.Clone(c.With)}
	for _, fact := range task.Asks {
		if !slices.Contains(c.Without, fact) {
			s.Assume = append(s.Assume, fact)
		}
	}
	switch {
	case c.Sample != "":
		var ids []string
		for _, x := range choices.Samples {
			ids = append(ids, x.ID)
		}
		s.From, s.Sample = "made-up", c.Sample
		err = among("--sample", "a made-up patient", []string{c.Sample}, ids)
	case c.Patient != "":
		s.From, s.Own = "own-view", c.Own
		s.Patient, err = t.patient(c.Patient)
	case c.File != "":
		s.From = "given"
		s.Text, err = t.wholeFile(c.File, mostSeen)
	default:
		err = usage("say at which records to look: --sample, --file or --patient")
	}
	return s, err
}

// among refuses a word that is none of those that there are: what was meant to hold, or not
// to, would be looked at the other way round.
func among(flag, what string, words, known []string) error {
	for _, w := range words {
		if slices.Contains(known, w) {
			continue
		}
		return usage("%s %s is not %s%s", flag, client.Plain(w), what, client.Plain(meant(w, known)))
	}
	return nil
}

func (c *seeAsCommand) print(t *terminal, seen *client.Seen) error {
	there := 0
	rows := [][]string{}
	for i := range seen.Records {
		r := &seen.Records[i]
		say := "not there: " + client.Plain(r.Why)
		if r.There {
			there++
			say = fmt.Sprintf("there, %s left out or less exact", plural(len(r.LeftOut), "element"))
		}
		rows = append(rows, []string{client.Plain(r.Record), say})
	}
	var err error
	if c.JSON {
		err = printJSON(t, seen)
	} else {
		err = table(t.out, rows)
	}
	if err == nil && there == 0 {
		return &exitError{exitNo, nil}
	}
	return err
}

type lookCommand struct {
	Patient string `arg:"" help:"Patient by id; - reads it from standard input, out of the shell's history."`
	Task    string `required:"" help:"TASK or ROLE/TASK of your own." placeholder:"TASK"`
	online  `embed:""`
}

// Help teaches by example.
func (c *lookCommand) Help() string {
	return `What a task of yours shows of a patient, class by class, and why not more. It reads no
record; that you looked is on record first. Who is not there and who is out of reach are one
answer.

Examples:
  echo p1 | modicum look - --task give-care
  modicum look p1 --task nurse/give-care --json

Exit status: 0 the task reaches the patient, 1 it does not; 2 wrong use, 3 the server does not
answer.`
}

// Run looks.
func (c *lookCommand) Run(t *terminal) error {
	patient, err := t.patient(c.Patient)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	role, task := splitTask(c.Task)
	r, err := api.Look(t.ctx, role, task, patient)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		err = printJSON(t, r)
	} else {
		err = printReach(t, &r)
	}
	if err == nil && !r.Reached {
		return &exitError{exitNo, nil}
	}
	return err
}

func printReach(t *terminal, r *client.Reach) error {
	rows := [][]string{}
	for _, k := range r.Classes {
		why := ""
		switch {
		case k.Masked:
			why = "until you ask for one value"
		case k.Never:
			why = "never to your role"
		}
		rows = append(rows, []string{client.Plain(k.Class), client.Plain(k.Shows), why})
	}
	for _, u := range r.Unsaid {
		fmt.Fprintf(t.out, "No task shows any patient, unless the glass is broken or the door only observes: %s (%s) never stated all that it knows. Whoever runs the system imports a file that does: modicum help facts\n", client.Plain(u.Title), client.Plain(u.Source))
	}
	if !r.Reached {
		fmt.Fprintln(t.out, "It shows nothing of this patient just now, or there is no such patient. Its lines ask for:")
		for _, n := range r.Needs {
			rows = append(rows, []string{client.Plain(n.Line), client.Plain(dash(n.While))})
		}
	}
	return table(t.out, rows)
}
