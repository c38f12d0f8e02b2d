package main

import (
	"errors"
	"os"
	"path/filepath"

	"modicum/internal/demo"
)

type demoCommand struct {
	Dir      string `help:"Folder that the demo keeps its state in; a second run goes on there. Otherwise modicum-demo in the system's folder for temporary files." default:"" type:"path"`
	Listen   string `help:"Address to listen on." default:"127.0.0.1:8080"`
	Upstream string `help:"A FHIR R4 server to stand before, instead of the sandbox's own; load it with synthetic patients." placeholder:"URL"`
	Once     bool   `help:"End after the story."`
}

// Help teaches by example.
func (c *demoCommand) Help() string {
	return `Examples:
  modicum demo                                   tell the story, then serve
  modicum demo --once --dir ./demo               tell it and end; keep the files
  modicum demo --upstream http://127.0.0.1:8090/fhir`
}

// Run runs the demo.
func (c *demoCommand) Run(t *terminal) error {
	dir := c.Dir
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "modicum-demo")
	}
	err := demo.Run(t.ctx, demo.Options{
		Dir: dir, Listen: c.Listen, Upstream: c.Upstream, Once: c.Once,
		Out: t.out, Err: t.err, Color: t.color, Version: buildInfo().Version,
	})
	if errors.Is(err, demo.ErrUsage) {
		return usage("%w", err)
	}
	if err != nil {
		return unavailable("%w", err)
	}
	return nil
}
