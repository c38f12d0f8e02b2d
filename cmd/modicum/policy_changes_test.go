package main

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum"
	"modicum/catalog"
	"modicum/internal/client"
	"modicum/internal/people"
	"modicum/policy"
)

// lay puts the sample policy with a longer glass into the folder.
func (w *ward) lay() {
	w.t.Helper()
	tree := fstest.MapFS{}
	err := fs.WalkDir(modicum.SamplePolicy(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(modicum.SamplePolicy(), name)
		if name == "organization.yaml" {
			text = bytes.Replace(text, []byte("8 hours"), []byte("9 hours"), 1)
		}
		tree[name] = &fstest.MapFile{Data: text}
		return err
	})
	set, probs := policy.Load(tree, catalog.R4())
	if err != nil || set == nil {
		w.t.Fatal(err, probs.Errors())
	}
	w.folder, w.archive[set.Hash()] = set, set
	if err := w.changes.Look(w.t.Context(), set); err != nil {
		w.t.Fatal(err)
	}
}

// TestG7_APolicyComesInForceFromTheCommandLine: proposed, shown whole, refused, proposed
// again with the no shown, approved by somebody else.
func TestG7_APolicyComesInForceFromTheCommandLine(t *testing.T) {
	w := newWard(t)
	for who, duty := range map[string]people.Duty{"iris": people.WritePolicy, "cara": people.AgreePolicy} {
		w.yes("olga", "people", "give", who, "duty", string(duty), "--why", "policy")
		w.yes("rita", "people", "agree", who, "duty", string(duty))
	}
	first := w.force
	if out := w.yes("iris", "policy", "changes"); !strings.Contains(out, "No change") {
		t.Errorf("nothing waits: %s", out)
	}
	w.lay()
	id := value(t, w.yes("iris", "policy", "changes", "--json"), "changes", "id")
	if out := w.yes("iris", "policy", "changes"); !strings.Contains(out, id) || !strings.Contains(out, "to be proposed") {
		t.Errorf("what waits: %s", out)
	}
	out := w.yes("iris", "policy", "propose", id, "--reason", "the night is short of staff", "--yes")
	if !strings.Contains(out, "8 hours → 9 hours") || !strings.Contains(out, ", for ") || !strings.Contains(out, "Proposed.") {
		t.Errorf("proposed: %s", out)
	}
	if status, _, errs := w.as("iris", "policy", "approve", id, "--yes"); status != exitNo || !strings.Contains(errs, "themselves") {
		t.Errorf("her own: %d %s", status, errs)
	}
	if status, out, errs := w.as("cara", "policy", "approve", id); status != exitUsage || !strings.Contains(out, "8 hours → 9 hours") || !strings.Contains(errs, "--yes") {
		t.Errorf("nobody sits there: %d %s%s", status, out, errs)
	}
	if status, _, errs := w.as("cara", "policy", "approve", id, "--yes", "--digest", "x"); status != exitNo || !strings.Contains(errs, "read it again") {
		t.Errorf("another digest: %d %s", status, errs)
	}
	w.yes("cara", "policy", "refuse", id, "--word", "not before the audit")
	if out := w.yes("iris", "policy", "changes", "--decided"); !strings.Contains(out, id) || !strings.Contains(out, "refused") || !strings.Contains(out, "in force") {
		t.Errorf("decided: %s", out)
	}
	again := value(t, w.yes("iris", "policy", "propose", id, "--reason", "the audit is over", "--yes", "--json"), "proposed")
	w.yes("iris", "policy", "withdraw", again)
	again = value(t, w.yes("iris", "policy", "propose", id, "--reason", "the audit is over", "--yes", "--json"), "proposed")
	if out := w.yes("cara", "policy", "changes", again); !strings.Contains(out, "not before the audit") || !strings.Contains(out, "the audit is over") {
		t.Errorf("whoever is asked again: %s", out)
	}
	w.proved = time.Hour
	if status, _, errs := w.as("cara", "policy", "approve", again, "--yes"); status != exitNo || !strings.Contains(errs, "modicum login") || w.force != first {
		t.Errorf("without a fresh proof: %d %s", status, errs)
	}
	w.proved = 0
	if out := w.yes("cara", "policy", "approve", again, "--yes"); !strings.Contains(out, "it is in force") || w.force == first {
		t.Errorf("approved: %s", out)
	}
	if status, _, errs := w.as("nina", "policy", "changes"); status != exitNo || !strings.Contains(errs, "duties write-policy,") {
		t.Errorf("a nurse reads them: %d %s", status, errs)
	}
}

// TestG7_AChangeIsShownWhole: whatever a yes covers stands on the screen, in no words that
// move the cursor.
func TestG7_AChangeIsShownWhole(t *testing.T) {
	var out bytes.Buffer
	p := &client.PolicyChange{Policy: "aaaa", Replaces: "bbbb", Reason: "now\x1b[2J", Effect: &client.PolicyEffect{Digest: "d", Unnamed: true, Gains: []string{"nurse"}, Changes: []client.PolicyOneThing{
		{Direction: "opens", Kind: "access", Where: "nurse/care", Roles: []string{"nurse"}, Purpose: "treatment", Verbs: "read search", While: "assigned", Within: "of visit", Marked: []string{"sensitive.hiv"}, Lent: "for 1 hour", Glass: true},
		{Direction: "both", Kind: "facts", Where: "assigned", What: "where", Was: "old", Now: "new"},
		{Direction: "opens", Kind: "terms", Where: "nurse/ask", Purpose: "payment", Flow: "disclosure", What: "what an exception can add", While: "on duty"},
		{Direction: "words", Kind: "tests", Where: "tests/x"},
	}}}
	if err := printChange(&terminal{out: &out}, p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"aaaa", "bbbb", "nurse/care (treatment), for nurse", "read, search", "while assigned", "within of visit", "sensitive.hiv", "lent for 1 hour", "broken glass", "where: old → new", "cannot be told", "what an exception can add; while on duty", "nurse/ask (payment, disclosure)", "tests/x"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("its proposer writes on the screen: %q", out.String())
	}
	p.Effect.Changes[0].Direction = "sideways"
	if err := printChange(&terminal{out: &out}, p); err == nil {
		t.Error("a direction that is not known was left out of what is shown, and nobody was told")
	}
}
