package main

import (
	"os"
	"path/filepath"
	"strings"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

type policyCommands struct {
	Check    policyCheck    `cmd:"" help:"Report every problem of a policy, with its place and what to write instead."`
	Fmt      policyFmt      `cmd:"" help:"Write policy files in the one style; comments stay."`
	Test     policyTest     `cmd:"" help:"Run the given/expect cases beside a policy."`
	Matrix   policyMatrix   `cmd:"" help:"Show who sees what: roles and tasks by data class."`
	Diff     policyDiff     `cmd:"" help:"Show who gains and who loses what by another policy; exit 1 if anything opens."`
	Changes  policyChanges  `cmd:"" help:"Changes of a running installation's policy: what waits, what one does."`
	Propose  policyPropose  `cmd:"" help:"Say that a change is yours, and why; or go back to an earlier policy."`
	Approve  policyApprove  `cmd:"" help:"Say yes to exactly what a change does."`
	Refuse   policyRefuse   `cmd:"" help:"Say no to a change, with a word."`
	Withdraw policyWithdraw `cmd:"" help:"Take back a change that you proposed."`
	Schema   policySchema   `cmd:"" help:"Print the JSON Schema of policy files, for editors."`
}

// folder is the policy's folder.
type folder struct {
	Dir string `arg:"" optional:"" default:"policy" help:"Folder of the policy."`
}

// there refuses what is no folder of a policy.
func (f *folder) there() error {
	info, err := os.Stat(f.Dir)
	if err != nil || !info.IsDir() {
		return usage("there is no folder %s here; name the policy's folder, or make an installation with: modicum init DIR", f.Dir)
	}
	if _, err := os.Stat(filepath.Join(f.Dir, "organization.yaml")); err != nil {
		if _, err := os.Stat(filepath.Join(f.Dir, "policy", "organization.yaml")); err == nil {
			return usage("%s holds no policy itself; its policy is in %s", f.Dir, filepath.Join(f.Dir, "policy"))
		}
	}
	return nil
}

// read compiles the policy. The set is nil where there are errors. Problems name
// files as a person at this folder would.
func (f *folder) read() (*policy.Set, doc.Problems) {
	set, probs := policy.Load(os.DirFS(f.Dir), catalog.R4())
	for i := range probs {
		probs[i].File = filepath.Join(f.Dir, filepath.FromSlash(probs[i].File))
	}
	return set, probs
}

// load is read for commands that need a policy without errors.
func (f *folder) load() (*policy.Set, error) {
	if err := f.there(); err != nil {
		return nil, err
	}
	set, _ := f.read()
	if set == nil {
		return nil, usage("%s has errors; run: modicum policy check %s", f.Dir, f.Dir)
	}
	return set, nil
}

// render shows a problem with its line of source.
func render(p doc.Problem) string {
	src, _ := os.ReadFile(p.File) // without it there is no excerpt
	return strings.TrimRight(p.Render(src), "\n")
}
