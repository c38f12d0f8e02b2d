package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

type policyCommands struct {
	Check  policyCheck  `cmd:"" help:"Report every problem of a policy, with its place and what to write instead."`
	Fmt    policyFmt    `cmd:"" help:"Write policy files in the one style; comments stay."`
	Test   policyTest   `cmd:"" help:"Run the given/expect cases beside a policy."`
	Matrix policyMatrix `cmd:"" help:"Show who sees what: roles and tasks by data class."`
	Schema policySchema `cmd:"" help:"Print the JSON Schema of policy files, for editors."`
}

// folder is the policy's folder.
type folder struct {
	Dir string `arg:"" optional:"" default:"policy" help:"Folder of the policy." type:"existingdir"`
}

// load compiles the policy; it prints problems and returns nil where there are errors.
func (f *folder) load(t *terminal, warnings bool) *policy.Set {
	set, probs := policy.Load(os.DirFS(f.Dir), catalog.R4())
	for _, p := range probs {
		if p.Severity != doc.Error && !warnings {
			continue
		}
		src, _ := os.ReadFile(filepath.Join(f.Dir, filepath.FromSlash(p.File))) // without it there is no excerpt
		fmt.Fprintln(t.out, strings.TrimRight(p.Render(src), "\n"))
	}
	return set
}

type policyCheck struct {
	folder
	Quiet bool `help:"Errors only, no warnings."`
}

// Help teaches by example.
func (c *policyCheck) Help() string {
	return `Examples:
  modicum policy check                 the folder ./policy
  modicum policy check --quiet policy-sample`
}

// Run exits 1 where there are errors.
func (c *policyCheck) Run(t *terminal) error {
	set := c.load(t, !c.Quiet)
	if set == nil {
		return &exitError{exitNo, fmt.Errorf("%s has errors; it would not be put in force", c.Dir)}
	}
	fmt.Fprintf(t.out, "%s: %d roles, in order\n", c.Dir, len(set.Roles()))
	return nil
}

type policyFmt struct {
	folder
	Check bool `help:"Write nothing; exit 1 where a file is not in the style."`
}

// Run formats every file of the folder.
func (c *policyFmt) Run(t *terminal) error {
	changed := 0
	err := fs.WalkDir(os.DirFS(c.Dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		full := filepath.Join(c.Dir, filepath.FromSlash(path))
		was, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		now, err := doc.Format(path, was)
		if err != nil {
			return usage("%w", err)
		}
		if bytes.Equal(was, now) {
			return nil
		}
		changed++
		fmt.Fprintln(t.out, path)
		if c.Check {
			return nil
		}
		return os.WriteFile(full, now, 0o644)
	})
	if err == nil && c.Check && changed > 0 {
		return &exitError{exitNo, nil}
	}
	return err
}

type policyTest struct{ folder }

// Run exits 1 where a case fails.
func (c *policyTest) Run(t *terminal) error {
	set := c.load(t, false)
	if set == nil {
		return usage("%s has errors; run: modicum policy check %s", c.Dir, c.Dir)
	}
	failed := 0
	results := policy.RunTests(set.Folder(), set)
	for i := range results {
		r := &results[i]
		if r.OK() {
			continue
		}
		failed++
		fmt.Fprintf(t.out, "%s:%d: %s\n", r.File, r.At.Line, r.Name)
		for _, f := range r.Failures {
			fmt.Fprintf(t.out, "    %s\n", f)
		}
	}
	fmt.Fprintf(t.out, "%d cases, %d failed\n", len(results), failed)
	if failed > 0 {
		return &exitError{exitNo, nil}
	}
	return nil
}

type policySchema struct{}

// Run prints the schema.
func (c *policySchema) Run(t *terminal) error {
	_, err := t.out.Write(doc.Schema())
	return err
}

type policyMatrix struct {
	folder
	Format string `default:"text" enum:"text,html,csv,json" help:"text, html, csv or json."`
}

// Run prints the matrix.
func (c *policyMatrix) Run(t *terminal) error {
	set := c.load(t, false)
	if set == nil {
		return usage("%s has errors; run: modicum policy check %s", c.Dir, c.Dir)
	}
	m := set.Matrix()
	switch c.Format {
	case "html":
		return m.WriteHTML(t.out)
	case "csv":
		return m.WriteCSV(t.out)
	case "json":
		return m.WriteJSON(t.out)
	}
	return m.WriteText(t.out)
}
