package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"modicum/policy"
)

type policyTest struct {
	folder
	Match string `help:"Only cases whose name holds this text." placeholder:"TEXT"`
	JSON  bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *policyTest) Help() string {
	return `Runs the cases of tests/*.yaml through Admit and View, as a door does. A failure says
what was shown, what was expected, and which line gave it.

Examples:
  modicum policy test                  the folder ./policy
  modicum policy test --match HIV policy

Exit status: 0 all passed, 1 some failed, 2 the policy has errors or no case fits.`
}

type failedCase struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	Failures []string `json:"failures"`
}

// Run exits 1 where a case fails.
func (c *policyTest) Run(t *terminal) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	cases, failed := 0, []failedCase{}
	results := policy.RunTests(set.Folder(), set)
	for i := range results {
		r := &results[i]
		if !strings.Contains(r.Name, c.Match) {
			continue
		}
		cases++
		if !r.OK() {
			failed = append(failed, failedCase{filepath.Join(c.Dir, filepath.FromSlash(r.File)), r.At.Line, r.Name, r.Failures})
		}
	}
	if cases == 0 {
		return usage("no case in %s fits: nothing was tried", filepath.Join(c.Dir, "tests"))
	}
	if c.JSON {
		if err := printJSON(t, map[string]any{"cases": cases, "failed": failed, "ok": len(failed) == 0}); err != nil {
			return err
		}
	} else {
		for _, f := range failed {
			fmt.Fprintf(t.out, "%s:%d: %s\n    %s\n", f.File, f.Line, t.paint(red, f.Name), strings.Join(f.Failures, "\n    "))
		}
		fmt.Fprintf(t.out, "%s, %d failed\n", plural(cases, "case"), len(failed))
	}
	if len(failed) > 0 {
		return &exitError{exitNo, nil}
	}
	return nil
}
