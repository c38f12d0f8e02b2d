package main

import (
	"fmt"

	"modicum/policy"
)

type policyDiff struct {
	Old  string `arg:"" help:"Folder of the policy as it is."`
	New  string `arg:"" help:"Folder of the policy as it would be."`
	JSON bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *policyDiff) Help() string {
	return `Who gains and who loses what: which classes at which treatment, for which task, under which facts,
marked how, within which records; which terms of grants, broken glasses, limits and restrictions
change. Nothing is sampled: lines are compared as they were compiled. Order, blanks and comments are
no change.

Examples:
  modicum policy diff policy /tmp/new-policy
  modicum policy diff policy /tmp/new-policy --json

Exit status: 0 nothing opens, 1 something opens, 2 one of the folders is no policy in order.`
}

// compared is the result for programs.
type compared struct {
	Opens bool `json:"opens"`
	policy.Difference
}

// Run exits 1 where something opens.
func (c *policyDiff) Run(t *terminal) error {
	was, err := (&folder{Dir: c.Old}).load()
	if err != nil {
		return err
	}
	now, err := (&folder{Dir: c.New}).load()
	if err != nil {
		return err
	}
	d := policy.Diff(was, now)
	if d.Changes == nil {
		d.Changes = []policy.Change{}
	}
	if c.JSON {
		err = printJSON(t, compared{d.Opens(), d})
	} else {
		err = c.print(t, &d)
	}
	if err == nil && d.Opens() {
		return &exitError{exitNo, fmt.Errorf("%s opens something", c.New)}
	}
	return err
}

func (c *policyDiff) print(t *terminal, d *policy.Difference) error {
	if len(d.Changes) == 0 {
		_, err := fmt.Fprintf(t.out, "%s decides all as %s does\n", c.New, c.Old)
		return err
	}
	if err := d.WriteText(t.out); err != nil {
		return err
	}
	opens := d.Count(policy.Opens) + d.Count(policy.Both)
	_, err := fmt.Fprintf(t.out, "%s: %d open, %d close, %d change no decision\n", plural(len(d.Changes), "change"), opens, d.Count(policy.Closes), d.Count(policy.Words))
	return err
}
