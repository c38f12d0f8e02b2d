package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modicum/internal/durable"
	"modicum/policy/doc"
)

type policyFmt struct {
	folder
	Check bool `help:"Write nothing; exit 1 where a file is not in the style."`
	JSON  bool `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *policyFmt) Help() string {
	return `Prints the files that it changes. Comments stay. A file that cannot be read is left alone.

Examples:
  modicum policy fmt                   the folder ./policy
  modicum policy fmt --check           for a build: exit 1 where a file is not in the style`
}

// Run formats every file of the folder.
func (c *policyFmt) Run(t *terminal) error {
	if err := c.there(); err != nil {
		return err
	}
	changed := []string{}
	var wrong []error
	err := fs.WalkDir(os.DirFS(c.Dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		full := filepath.Join(c.Dir, filepath.FromSlash(path))
		differs, err := c.file(path, full)
		if err != nil {
			wrong = append(wrong, err)
		}
		if differs {
			changed = append(changed, full)
		}
		return nil
	})
	if err != nil {
		return unavailable("%w", err)
	}
	return c.say(t, changed, errors.Join(wrong...))
}

// file formats one file and reports whether its style differed.
func (c *policyFmt) file(name, full string) (bool, error) {
	info, err := os.Stat(full)
	if err != nil {
		return false, err
	}
	was, err := os.ReadFile(full)
	if err != nil {
		return false, err
	}
	now, err := doc.Format(name, was)
	if err != nil || bytes.Equal(was, now) {
		return false, err
	}
	if c.Check {
		return true, nil
	}
	return true, durable.Replace(full, now, info.Mode().Perm())
}

func (c *policyFmt) say(t *terminal, changed []string, wrong error) error {
	if c.JSON {
		if err := printJSON(t, map[string]any{"changed": changed, "written": !c.Check}); err != nil {
			return err
		}
	} else {
		for _, path := range changed {
			fmt.Fprintln(t.out, path)
		}
	}
	switch {
	case wrong != nil:
		return &exitError{exitNo, fmt.Errorf("%w\nrun: modicum policy check %s", wrong, c.Dir)}
	case c.Check && len(changed) > 0:
		return &exitError{exitNo, nil}
	}
	return nil
}
