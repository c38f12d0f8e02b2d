package change_test

import (
	"testing"

	"modicum/internal/people"
)

// unnamed are edits that open something and name no role whose holders gain.
var unnamed = map[string][2]string{
	"a disclosure": {"-- roles/nurse.yaml --", `-- disclosures/kin.yaml --
disclosure: kin
title: To the family
owner: boss
review: 12 months
permission: 45 CFR 164.510(b)
purpose: treatment
to: [individual]
deliver: [portal]
accounting: yes
approve: [boss]
justify: The family asks.
say: For the family.
while: [assigned]
see: {keep: [demographics.name]}
-- roles/nurse.yaml --`},
	"a program": {"-- conditions.yaml --", `programs:
  feeder: {title: Feeder, owner: boss, role: robot, task: care, key: private-key-jwt, rotate: 12 months}
-- roles/robot.yaml --
role: robot
title: Robot
held-by: programs
owner: boss
review: 12 months
say: A feed.
tasks:
  care: {title: Care, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}, justify: A feed., limits: {patients: 10 per day}}
-- conditions.yaml --`},
}

// TestG7_WhatNamesNoRoleNeedsAThirdPerson: of a program, a partner or a disclosure nobody
// can tell who gains by it, so it may be either of the two.
func TestG7_WhatNamesNoRoleNeedsAThirdPerson(t *testing.T) {
	for name, edit := range unnamed {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			dora, paul, tess := h.person("dora", "write-policy"), h.person("paul", "agree-policy"), h.person("tess", "agree-policy")
			x := h.lay(compile(t, edit))
			h.propose(dora, x)
			done, err := h.approve(paul, x)
			h.must(err)
			if done || h.force != h.first {
				t.Fatal("one other put in force what either of the two may gain by")
			}
			if done, err = h.approve(tess, x); err != nil || !done {
				t.Fatalf("with a third: %v %v", done, err)
			}
		})
	}
}

// TestG7_WhoTurnsOutToBeTheProposerIsNobodyElse: identities that are linked after a yes, in
// an organization so small that both duties may lie with one person.
func TestG7_WhoTurnsOutToBeTheProposerIsNobodyElse(t *testing.T) {
	h := newHouse(t)
	ann := people.Actor{ID: "ann"}
	h.must(h.people.Give(t.Context(), ann, people.Gift{Person: "ann", Kind: people.DutyKind, Name: "agree-policy", Why: "of few"}))
	dora, nina := h.person("dora", "write-policy"), h.person("nina", "agree-policy", "nurse")
	x := h.lay(compile(t, nurseGains))
	h.propose(dora, x)
	if done, err := h.approve(nina, x); err != nil || done {
		t.Fatalf("%v %v", done, err)
	}
	h.must(h.people.Link(t.Context(), ann, "dora", "nina"))
	if done, err := h.approve(ann, x); err != nil || done {
		t.Fatalf("the yes of who proposed it, under another identity, counted: %v %v", done, err)
	}
}
