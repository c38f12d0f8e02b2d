package main

import (
	"os"

	"modicum"
	"modicum/catalog"
	"modicum/policy"
)

// chosen is the policy that a command tries things under.
type chosen struct {
	Policy string `help:"Folder of the policy: ./policy where there is one, else the sample policy." type:"existingdir" placeholder:"DIR"`
}

// load compiles the policy and returns it with the name that it goes by.
func (c *chosen) load() (*policy.Set, string, error) {
	dir := short(c.Policy)
	if dir == "" {
		if info, err := os.Stat("policy/organization.yaml"); err == nil && info.Mode().IsRegular() {
			dir = "policy"
		}
	}
	if dir == "" {
		set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
		if set == nil {
			return nil, "", unavailable("the sample policy does not compile: %w", probs.Errors().Err())
		}
		return set, "the sample policy", nil
	}
	set, _ := policy.Load(os.DirFS(dir), catalog.R4())
	if set == nil {
		return nil, "", usage("%s has errors; run: modicum policy check %s", dir, dir)
	}
	return set, dir, nil
}
