package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/config"
	"modicum/internal/facts"
	"modicum/internal/serve"
	"modicum/policy"
)

// readiness is what --check found, for programs.
type readiness struct {
	OK       bool     `json:"ok"`
	Config   string   `json:"config"`
	Policy   string   `json:"policy,omitempty"` // hash
	Roles    int      `json:"roles,omitzero"`
	Listen   string   `json:"listen,omitempty"`
	Upstream string   `json:"upstream,omitempty"`
	Wrong    []string `json:"wrong,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// check reads configuration, policy, keys and files of facts, all of them, and
// says everything that is wrong. It opens nothing for writing.
func (c *serveCommand) check(t *terminal) error {
	out := readiness{Config: c.Config}
	cfg, problems := config.Load(c.Config, t.environ)
	for _, p := range problems {
		text := strings.TrimSuffix(p.Error()+"\n"+p.Caret(), "\n")
		if p.Warning {
			out.Warnings = append(out.Warnings, text)
		} else {
			out.Wrong = append(out.Wrong, text)
		}
	}
	out.policy(t, cfg, c.Config)
	out.OK = len(out.Wrong) == 0
	if c.JSON {
		if err := printJSON(t, out); err != nil {
			return err
		}
	} else {
		out.say(t)
	}
	if !out.OK {
		return &exitError{exitUsage, fmt.Errorf("%s; nothing was started", plural(len(out.Wrong), "problem"))}
	}
	return nil
}

// policy checks the policy, and what has to agree with it. Where the
// configuration cannot be read, the policy that init makes beside it is looked at.
func (r *readiness) policy(t *terminal, cfg *config.Config, file string) {
	dir := filepath.Join(filepath.Dir(file), "policy")
	if cfg != nil {
		dir = cfg.Policy
	} else if _, err := os.Stat(dir); err != nil {
		return
	}
	f := folder{Dir: short(dir)}
	set, probs := f.read()
	for _, p := range probs.Errors() {
		r.Wrong = append(r.Wrong, render(p))
	}
	if set == nil && len(probs.Errors()) == 0 {
		r.Wrong = append(r.Wrong, dir+": holds no policy")
	}
	if cfg == nil {
		return
	}
	r.Listen, r.Upstream = cfg.Listen, cfg.FHIR.Upstream.Redacted()
	if set == nil {
		set, _ = policy.Load(os.DirFS(dir), catalog.R4())
	}
	if set == nil {
		return
	}
	r.Policy, r.Roles = set.Hash(), len(set.Roles())
	r.Wrong = append(r.Wrong, wrongs(serve.Check(cfg, set))...)
	r.facts(cfg, set)
}

// wrongs takes joined errors apart.
func wrongs(err error) []string {
	var out []string
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
	case errors.As(err, &joined):
		for _, e := range joined.Unwrap() {
			out = append(out, wrongs(e)...)
		}
	default:
		out = append(out, err.Error())
	}
	return out
}

// facts warns of files of facts that the server would refuse: it starts without
// them, and what they say does not hold.
func (r *readiness) facts(cfg *config.Config, set *policy.Set) {
	voc := facts.FromPolicy(set, set.Folder(), cfg.Facts.Fresh)
	s := facts.NewStore(voc, func() (time.Time, bool) { return time.Now(), true }, nil)
	for _, p := range s.ReadFiles(cfg.Facts.Files, true) {
		p.File = short(p.File)
		r.Warnings = append(r.Warnings, p.Error()+" (this file of facts would be refused)")
	}
}

func (r *readiness) say(t *terminal) {
	for _, w := range slices.Concat(r.Warnings, r.Wrong) {
		t.note("%s", w)
	}
	if r.OK {
		fmt.Fprintf(t.out, "configuration, policy and keys are in order: %s, listening on %s, before %s\n", plural(r.Roles, "role"), r.Listen, r.Upstream)
	}
}
