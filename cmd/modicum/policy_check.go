package main

import (
	"fmt"

	"modicum/policy/doc"
)

type policyCheck struct {
	folder
	Quiet bool `help:"Errors only, no warnings."`
	JSON  bool `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *policyCheck) Help() string {
	return `Every problem at once: its place, the line, what to write instead, the nearest known word.
Warnings are for a person to judge; they stop nothing.

Examples:
  modicum policy check                 the folder ./policy
  modicum policy check --quiet policy-sample

Exit status: 0 it can be put in force, 1 it has errors.`
}

// checked is the result for programs.
type checked struct {
	OK       bool          `json:"ok"`
	Policy   string        `json:"policy,omitempty"` // hash, where it compiles
	Roles    int           `json:"roles"`
	Problems []problemJSON `json:"problems"`
}

type problemJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitzero"`
	Col      int    `json:"col,omitzero"`
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Run exits 1 where there are errors.
func (c *policyCheck) Run(t *terminal) error {
	if err := c.there(); err != nil {
		return err
	}
	set, probs := c.read()
	if c.Quiet {
		probs = probs.Errors()
	}
	out := checked{OK: set != nil, Problems: []problemJSON{}}
	if set != nil {
		out.Policy, out.Roles = set.Hash(), len(set.Roles())
	}
	for _, p := range probs {
		out.Problems = append(out.Problems, problemJSON{p.File, p.Line, p.Col, p.Severity.String(), p.Code, p.Message, p.Hint})
		if !c.JSON {
			fmt.Fprintln(t.out, render(p))
		}
	}
	switch {
	case c.JSON:
		if err := printJSON(t, out); err != nil {
			return err
		}
	case set != nil:
		fmt.Fprintf(t.out, "%s: %s, in order%s\n", c.Dir, plural(out.Roles, "role"), warned(len(probs)))
	}
	if set == nil {
		return &exitError{exitNo, fmt.Errorf("%s has %s; it would not be put in force", c.Dir, plural(len(doc.Problems(probs).Errors()), "error"))}
	}
	return nil
}

func warned(n int) string {
	if n == 0 {
		return ""
	}
	return "; " + plural(n, "warning") + " for a person to judge"
}
