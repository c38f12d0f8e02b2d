package change_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/change"
	"modicum/internal/people"
)

func TestG7_APolicyComesInForceByTwoPersons(t *testing.T) {
	h := newHouse(t)
	dora, paul := h.person("dora", "write-policy"), h.person("paul", "agree-policy")
	next := compile(t, nurseGains)
	x := h.lay(next)
	if x == nil || x.State != change.Found || h.force != h.first {
		t.Fatalf("found: %+v, in force %v", x, h.force == h.first)
	}
	_, err := h.approve(paul, x)
	h.refused(err, "not-proposed")
	h.refused(h.book.Propose(t.Context(), paul, x.ID, h.digest(x.ID), "mine"), "not-yours")
	h.refused(h.book.Propose(t.Context(), dora, x.ID, h.digest(x.ID), " "), "reason")
	h.propose(dora, x)
	if h.force != h.first {
		t.Fatal("a proposal is in force")
	}
	if a := h.last(); a.Act != "policy-proposed" || a.Who != "dora" || a.Hashes["policy"] != next.Hash() || a.Hashes["replaces"] != h.first.Hash() || a.Hashes["effect"] == "" {
		t.Errorf("the entry of a proposal: %+v", a)
	}
	if len(h.told) != 1 || h.told[0].To != "paul" {
		t.Errorf("told %+v", h.told)
	}
	done, err := h.approve(paul, x)
	h.must(err)
	if !done || h.force != next || h.book.InForce().Policy != next.Hash() || h.book.InForce().Change != x.ID {
		t.Fatalf("approved: %v, %+v", done, h.book.InForce())
	}
	a := h.last()
	if a.Act != "policy-changed" || !slices.Equal(a.What, []string{"change " + x.ID, "proposed by dora", "approved by paul"}) {
		t.Errorf("the entry of the generation: %+v", a)
	}
	for _, e := range h.shelf.Entries() {
		if strings.Contains(fmt.Sprintf("%+v", e), "ward asked") {
			t.Error("the record holds what a person wrote")
		}
	}
	_, err = h.approve(paul, x)
	h.refused(err, "decided") // a yes is used once
}

func TestG7_NobodyApprovesTheirOwnChange(t *testing.T) {
	h := newHouse(t) // of fewer than four people: both duties count on one person
	both := h.person("dora", "write-policy", "agree-policy")
	other := h.person("dora-2", "agree-policy")
	h.must(h.people.Link(t.Context(), people.Actor{ID: "ann"}, "dora", "dora-2"))
	x := h.lay(compile(t, billerGains))
	h.propose(both, x)
	_, err := h.approve(both, x)
	h.refused(err, "self")
	_, err = h.approve(other, x)
	h.refused(err, "self")
	if h.force != h.first {
		t.Fatal("one person put a policy in force")
	}
	if got := h.book.Approvers(x); len(got) > 0 {
		t.Errorf("%v may say yes", got)
	}
}

// TestG7_TwoPeopleAreEnough for what neither gains by.
func TestG7_TwoPeopleAreEnough(t *testing.T) {
	h := newHouse(t)
	ann := people.Actor{ID: "ann"}
	for _, duty := range []string{"write-policy", "agree-policy"} {
		h.must(h.people.Give(t.Context(), ann, people.Gift{Person: "ann", Kind: people.DutyKind, Name: duty, Why: "of two"}))
	}
	bea := h.person("bea", "write-policy", "agree-policy", "nurse")
	x := h.lay(compile(t, billerGains))
	h.propose(bea, x)
	if done, err := h.approve(ann, x); err != nil || !done {
		t.Fatalf("%v %v", done, err)
	}
	y := h.lay(compile(t, billerGains, nurseLoses, [2]string{"[demographics.birth-date]", "[demographics.name]"}))
	if y != nil {
		t.Fatal("the same policy waits again")
	}
}

func TestG7_WhoGainsNeedsAThirdPerson(t *testing.T) {
	h := newHouse(t)
	dora := h.person("dora", "write-policy")
	nina := h.person("nina", "agree-policy", "nurse")
	paul, tess := h.person("paul", "agree-policy"), h.person("tess", "agree-policy")
	x := h.lay(compile(t, nurseGains))
	h.propose(dora, x)
	done, err := h.approve(nina, x)
	h.must(err)
	if done || h.force != h.first {
		t.Fatal("somebody put in force alone what they gain by")
	}
	if a := h.last(); a.Act != "policy-approved" || a.Who != "nina" {
		t.Errorf("the record says %+v", a)
	}
	_, err = h.approve(nina, x)
	h.refused(err, "answered")
	if done, err = h.approve(paul, x); err != nil || !done {
		t.Fatalf("with a third who gains nothing: %v %v", done, err)
	}
	// What the proposer gains needs two others, one of whom gains nothing.
	h.must(h.people.Give(t.Context(), people.Actor{ID: "ann"}, people.Gift{Person: "dora", Kind: people.Role, Name: "biller", Why: "t"}))
	h.must(h.people.Give(t.Context(), people.Actor{ID: "ann"}, people.Gift{Person: "tess", Kind: people.Role, Name: "biller", Why: "t"}))
	y := h.lay(compile(t, nurseGains, billerGains))
	h.propose(dora, y)
	if done, err := h.approve(tess, y); err != nil || done {
		t.Fatalf("two who gain: %v %v", done, err)
	}
	if done, err := h.approve(paul, y); err != nil || !done {
		t.Fatalf("and a third who does not: %v %v", done, err)
	}
}

// TestG7_WhatWaitsToBeHeldIsGainedToo: a role that somebody was given and that does not
// count yet, of another identity, of a program of theirs.
func TestG7_WhatWaitsToBeHeldIsGainedToo(t *testing.T) {
	h := newHouse(t)
	dora, paul := h.person("dora", "write-policy"), h.person("paul", "agree-policy")
	h.person("paul-2", "nurse")
	h.must(h.people.Link(t.Context(), people.Actor{ID: "ann"}, "paul", "paul-2"))
	x := h.lay(compile(t, nurseGains))
	h.propose(dora, x)
	if done, err := h.approve(paul, x); err != nil || done {
		t.Fatalf("by another identity they gain: %v %v", done, err)
	}
}

func TestG7_AYesIsToExactlyWhatWasSeen(t *testing.T) {
	h, dora, paul, x := proposed(t, billerGains)
	seen := h.digest(x.ID)
	swapped := compile(t, nurseGains)
	h.folder = swapped // nobody has looked yet
	_, err := h.book.Approve(t.Context(), paul, x.ID, seen, "")
	h.refused(err, "folder-changed")
	y := h.lay(swapped)
	if got, err := h.book.Get(t.Context(), x.ID); err != nil || got.State != change.Void {
		t.Fatalf("what is not in the folder any more: %+v %v", got, err)
	}
	h.propose(dora, y)
	_, err = h.book.Approve(t.Context(), paul, y.ID, seen, "")
	h.refused(err, "changed")
	if h.force != h.first {
		t.Fatal("a yes counted for what was not seen")
	}
}

// TestG7_AYesCoversTheEffect: what is in force changes what the same policy does.
func TestG7_AYesCoversTheEffect(t *testing.T) {
	h, _, paul, x := proposed(t, billerGains)
	seen := h.digest(x.ID)
	h.force = compile(t, nurseGains) // as another process would
	h.kept[h.force.Hash()] = h.force
	if _, err := h.book.Approve(t.Context(), paul, x.ID, seen, ""); err == nil {
		t.Fatal("a yes counted for another effect than the one that was shown")
	}
}

func TestG7_ARollbackIsAChange(t *testing.T) {
	h, dora, paul, x := proposed(t, billerGains)
	_, err := h.approve(paul, x)
	h.must(err)
	now := h.force
	if y := h.lay(h.first); y == nil || h.force != now || y.State != change.Found {
		t.Fatalf("the earlier policy in the folder: %+v, in force %v", y, h.force == now)
	}
	h.lay(now)
	_, err = h.book.ProposeEarlier(t.Context(), paul, h.first.Hash(), "back")
	h.refused(err, "not-yours")
	y, err := h.book.ProposeEarlier(t.Context(), dora, h.first.Hash(), "it was too much")
	h.must(err)
	if h.force != now {
		t.Fatal("a rollback is in force by one person")
	}
	if done, err := h.approve(paul, y); err != nil || !done || h.force != h.first {
		t.Fatalf("%v %v", done, err)
	}
}

func TestG7_ANoEndsItAndItDoesNotComeBack(t *testing.T) {
	h, _, paul, x := proposed(t, billerGains)
	next := h.folder
	h.refused(h.book.Refuse(t.Context(), paul, x.ID, ""), "word")
	h.must(h.book.Refuse(t.Context(), paul, x.ID, "not before the audit"))
	if a := h.last(); a.Act != "policy-refused" || a.Who != "paul" {
		t.Errorf("%+v", a)
	}
	if y := h.lay(next); y != nil {
		t.Errorf("what was refused waits again: %+v", y)
	}
	h.open()
	if y := h.lay(next); y != nil {
		t.Errorf("after a restart: %+v", y)
	}
	if y := h.lay(compile(t, nurseGains)); y == nil {
		t.Error("another policy does not wait")
	}
}

func TestG7_WithdrawnLapsedAndLeft(t *testing.T) {
	h, dora, paul, x := proposed(t, billerGains)
	next := h.folder
	h.refused(h.book.Withdraw(t.Context(), paul, x.ID), "not-yours")
	h.must(h.book.Withdraw(t.Context(), dora, x.ID))
	y := h.lay(next)
	if y == nil || y.State != change.Found {
		t.Fatalf("what was withdrawn lies in the folder still: %+v", y)
	}
	h.propose(dora, y)
	digest := h.digest(y.ID)
	h.now = h.now.Add(14 * 24 * time.Hour)
	_, err := h.book.Approve(t.Context(), paul, y.ID, digest, "")
	h.refused(err, "lapsed")
	h.must(h.book.Sweep(t.Context()))
	if got, err := h.book.Get(t.Context(), y.ID); err != nil || got.State != change.Lapsed {
		t.Fatalf("%+v %v", got, err)
	}
	z := h.lay(compile(t, nurseGains))
	h.propose(dora, z)
	h.must(h.people.Deactivate(t.Context(), people.Actor{ID: "ann"}, "dora", ""))
	if got, err := h.book.Get(t.Context(), z.ID); err != nil || got.State != change.Withdrawn {
		t.Fatalf("of somebody who left: %+v %v", got, err)
	}
}

func TestG4_InUncertainTimeNoPolicyComesInForce(t *testing.T) {
	h, _, paul, x := proposed(t, billerGains)
	h.sure = false
	if _, err := h.approve(paul, x); err == nil || h.force != h.first {
		t.Fatalf("in uncertain time: %v", err)
	}
}

// TestTheTableIsDocumented holds docs/policy-changes.md against the table.
func TestTheTableIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy-changes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range change.Steps() {
		var from []string
		for _, f := range s.From {
			from = append(from, string(f))
		}
		row := fmt.Sprintf("| %s | %s | %s | %s | `%s` | %s |", strings.TrimSpace(strings.Join(from, ", ")), s.On, s.To, s.By, s.Act, s.Note)
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/policy-changes.md lacks the row\n%s", row)
		}
	}
}

// TestG7_WhereTheFolderDecidesNothingIsProposed: with policy_changes: folder an earlier
// policy comes back by the folder alone.
func TestG7_WhereTheFolderDecidesNothingIsProposed(t *testing.T) {
	h, dora, paul, x := proposed(t, billerGains)
	_, err := h.approve(paul, x)
	h.must(err)
	y, err := h.book.ProposeEarlier(t.Context(), dora, h.first.Hash(), "back")
	h.must(err)
	h.byFolder = true
	h.open()
	_, err = h.approve(paul, y)
	h.refused(err, "by-folder")
	h.must(h.book.Withdraw(t.Context(), dora, y.ID))
	_, err = h.book.ProposeEarlier(t.Context(), dora, h.first.Hash(), "back")
	h.refused(err, "by-folder")
}

// TestG7_WhatWasRefusedComesBackBySomebodysWord: not by lying in the folder, which says
// that it does; and whoever is asked again sees what was said the last time.
func TestG7_WhatWasRefusedComesBackBySomebodysWord(t *testing.T) {
	h, dora, paul, x := proposed(t, billerGains)
	if lies, err := h.book.InFolder(t.Context()); err != nil || lies != nil {
		t.Fatalf("what waits was turned down: %+v %v", lies, err)
	}
	h.must(h.book.Refuse(t.Context(), paul, x.ID, "not before the audit"))
	lies, err := h.book.InFolder(t.Context())
	if err != nil || lies == nil || lies.ID != x.ID || lies.Word != "not before the audit" {
		t.Fatalf("what lies in the folder: %+v %v", lies, err)
	}
	again, err := h.book.ProposeEarlier(t.Context(), dora, lies.Policy, "the audit is over")
	h.must(err)
	if lies, err := h.book.InFolder(t.Context()); err != nil || lies != nil {
		t.Errorf("it waits again, and is told as turned down: %+v %v", lies, err)
	}
	waits, err := h.book.Get(t.Context(), again.ID)
	h.must(err)
	before, err := h.book.Before(t.Context(), waits)
	if err != nil || len(before) != 1 || before[0].ID != x.ID {
		t.Errorf("decided before: %+v %v", before, err)
	}
	if done, err := h.approve(paul, waits); err != nil || !done || h.force.Hash() != x.Policy {
		t.Fatalf("%v %v", done, err)
	}
	if lies, err := h.book.InFolder(t.Context()); err != nil || lies != nil {
		t.Errorf("what is in force was turned down: %+v %v", lies, err)
	}
	decided, err := h.book.Get(t.Context(), again.ID)
	h.must(err)
	if before, err := h.book.Before(t.Context(), decided); err != nil || len(before) != 1 {
		t.Errorf("of what was decided: %+v %v", before, err)
	}
}
