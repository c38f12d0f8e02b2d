package change_test

import (
	"strings"
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
	"a partner with a role": {"-- roles/nurse.yaml --", `-- partners/vendor.yaml --
partner: vendor
title: Vendor
kind: business-associate
owner: boss
contract: {id: C-1, from: 2026-01-01, until: 2027-12-31, review: 12 months}
purposes: [payment]
may-see: [financial.claim]
roles: [biller]
at-end: {close-access: 1 day, return-or-destroy: 30 days}
say: Claims.
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

// TestG7_WhatIsLentIsGainedToo: to either of the two, or to another identity of one.
func TestG7_WhatIsLentIsGainedToo(t *testing.T) {
	for _, holder := range []string{"dora", "paul", "paul-2"} {
		t.Run(holder, func(t *testing.T) {
			h := newHouse(t)
			dora, paul, tess := h.person("dora", "write-policy"), h.person("paul", "agree-policy"), h.person("tess", "agree-policy")
			h.person("paul-2")
			h.must(h.people.Link(t.Context(), people.Actor{ID: "ann"}, "paul", "paul-2"))
			h.lent = map[string][]string{holder: {"nurse"}}
			x := h.lay(compile(t, nurseGains))
			h.propose(dora, x)
			if done, err := h.approve(paul, x); err != nil || done {
				t.Fatalf("what opens to a role of which a task is lent to one of two: %v %v", done, err)
			}
			if done, err := h.approve(tess, x); err != nil || !done {
				t.Fatalf("with a third: %v %v", done, err)
			}
		})
	}
}

// TestG7_WhoMayNotProposeAnyMoreHasProposedNothing: the duty is taken while the proposal
// waits. Given back, it is their proposal again.
func TestG7_WhoMayNotProposeAnyMoreHasProposedNothing(t *testing.T) {
	h, _, paul, x := proposed(t, billerGains)
	ann := people.Actor{ID: "ann"}
	h.must(h.people.Take(t.Context(), ann, people.Which{Person: "dora", Kind: people.DutyKind, Name: "write-policy"}))
	x, err := h.book.Get(t.Context(), x.ID)
	h.must(err)
	e, err := h.book.Effect(x)
	h.must(err)
	if lacks := h.book.Lacks(x, e); !strings.Contains(lacks, "write-policy") {
		t.Errorf("the page says that it needs %q", lacks)
	}
	_, err = h.approve(paul, x)
	h.refused(err, "proposer")
	if h.force != h.first {
		t.Fatal("in force, proposed by somebody who may not propose")
	}
	h.must(h.people.Give(t.Context(), ann, people.Gift{Person: "dora", Kind: people.DutyKind, Name: "write-policy", Why: "again"}))
	if done, err := h.approve(paul, x); err != nil || !done {
		t.Fatalf("by who may propose: %v %v", done, err)
	}
}
