package serve_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/change"
	"modicum/internal/config"
	"modicum/internal/people"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
)

// governed is a site whose policy changes by two persons, dora and paul.
func governed(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.stop()
	s.config.PolicyChanges = config.TwoPersons
	s.start()
	dir := s.server.People()
	if _, err := dir.First(t.Context(), &people.Person{ID: "olga", UserName: "olga", Name: "Olga Owner"}); err != nil {
		t.Fatal(err)
	}
	for id, duty := range map[string]people.Duty{"dora": people.WritePolicy, "paul": people.AgreePolicy} {
		if _, err := dir.Add(t.Context(), people.Actor{ID: "olga"}, &people.Person{UserName: id, Name: id}); err != nil {
			t.Fatal(err)
		}
		if err := dir.Give(t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: id, Kind: people.DutyKind, Name: string(duty), Why: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// other is the policy with one class more for the clinician.
func other() string {
	return strings.ReplaceAll(files, "keep: [demographics.name, clinical.problem]", "keep: [demographics.name, clinical.problem, clinical.lab]")
}

func (s *site) inForce() string { return s.server.Generation().Set.Hash() }

// lay changes the folder and lets the server look.
func (s *site) lay(text string) *change.Change {
	s.t.Helper()
	s.policy.put(text)
	if err := s.server.Reload(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	for _, x := range s.server.Changes().Waiting() {
		return x
	}
	return nil
}

func (s *site) agree(x *change.Change) {
	s.t.Helper()
	b := s.server.Changes()
	digest := func() string {
		now, err := b.Get(s.t.Context(), x.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		d, err := b.Digest(now)
		if err != nil {
			s.t.Fatal(err)
		}
		return d
	}
	if x.State == change.Found {
		if err := b.Propose(s.t.Context(), people.Actor{ID: "dora"}, x.ID, digest(), "the ward asked"); err != nil {
			s.t.Fatal(err)
		}
	}
	if done, err := b.Approve(s.t.Context(), people.Actor{ID: "paul"}, x.ID, digest(), ""); err != nil || !done {
		s.t.Fatalf("approve: %v %v", done, err)
	}
}

// TestG7_WhatLiesInTheFolderWaits, also over a restart, and is in force by the second
// person's yes; the record of the generation names it (R107).
func TestG7_WhatLiesInTheFolderWaits(t *testing.T) {
	s := governed(t)
	first := s.inForce()
	x := s.lay(other())
	if x == nil || s.inForce() != first {
		t.Fatalf("the folder is in force: %+v", x)
	}
	effect, err := s.server.Changes().Effect(x)
	if err != nil || !effect.Opens() || effect.Gains()[0] != "clinician" {
		t.Errorf("its effect: %+v %v", effect, err)
	}
	s.stop()
	s.start()
	if s.inForce() != first {
		t.Fatal("a restart put the folder in force")
	}
	if again := s.lay(other()); again == nil || again.ID != x.ID {
		t.Fatalf("after a restart %+v waits, want %s", again, x.ID)
	}
	s.agree(x)
	next := s.inForce()
	if next != x.Policy || next == first {
		t.Fatal("approved, and not in force")
	}
	s.policy.put(files)
	s.stop()
	s.start()
	if s.inForce() != next {
		t.Fatal("after a restart another policy than the approved one is in force")
	}
	found, err := s.server.Store().Search(t.Context(), store.Query{Kind: ledger.KindAct})
	if err != nil {
		t.Fatal(err)
	}
	named := false
	for _, r := range found {
		text := string(r.Body)
		named = named || strings.Contains(text, ledger.ActPolicyChanged) && strings.Contains(text, x.ID) && strings.Contains(text, next) && strings.Contains(text, "approved by paul")
	}
	if !named {
		t.Error("the entry of the generation does not name its approval")
	}
}

// TestG7_AnEarlierPolicyInTheFolderWaits: laying it back is no way past anybody.
func TestG7_AnEarlierPolicyInTheFolderWaits(t *testing.T) {
	s := governed(t)
	s.agree(s.lay(other()))
	next := s.inForce()
	if x := s.lay(files); x == nil || x.State != change.Found || s.inForce() != next {
		t.Fatalf("an earlier policy is in force by lying there: %+v", x)
	}
}

// TestG7_AnAlteredArchiveRefusesTheStart.
func TestG7_AnAlteredArchiveRefusesTheStart(t *testing.T) {
	s := governed(t)
	first := s.inForce()
	x := s.lay(other())
	s.stop()
	dir := filepath.Join(s.dir, "data", "policies")
	text, err := os.ReadFile(filepath.Join(dir, x.Policy+".json"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, first+".json"), string(text))
	server, err := serve.New(t.Context(), serve.Options{Config: s.config, Policy: s.policy, Version: "test", Now: s.now})
	if err == nil {
		server.Close(t.Context())
		t.Fatal("started with a policy that nobody agreed on")
	}
	if !strings.Contains(err.Error(), "archive") {
		t.Errorf("it says %v", err)
	}
}

// TestG7_AFolderWithErrorsStopsNoStart: what is in force is not what lies there.
func TestG7_AFolderWithErrorsStopsNoStart(t *testing.T) {
	s := governed(t)
	first := s.inForce()
	s.policy.put("-- roles/clinician.yaml --\nrole: clinician\n")
	s.stop()
	s.start()
	if s.inForce() != first {
		t.Error("another policy is in force")
	}
	if err := s.server.Reload(t.Context()); err == nil {
		t.Error("the errors are not said")
	}
}

// TestG7_ASwapThatComesLatePutsNothingOlderInForce: two approvals that follow each other
// closely swap in any order, and the record says which of them is in force.
func TestG7_ASwapThatComesLatePutsNothingOlderInForce(t *testing.T) {
	s := governed(t)
	first := s.server.Generation().Set
	s.agree(s.lay(other()))
	next := s.inForce()
	if err := s.server.Approved(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if s.inForce() != next {
		t.Error("a policy is in force of which the record says that another took its place")
	}
}

// TestG7_WhatIsOnRecordIsTakenUpAgain: a policy that was approved and could not be put in
// force is tried at each look, though nothing changed in the folder.
func TestG7_WhatIsOnRecordIsTakenUpAgain(t *testing.T) {
	s := governed(t)
	first := s.server.Generation().Set
	s.agree(s.lay(other()))
	next := filepath.Join(s.dir, "data", "policies", s.inForce()+".json")
	looked, err := s.server.Looked(t.Context(), serve.Seen{})
	if err != nil {
		t.Fatal(err)
	}
	approved := s.inForce()
	if err := s.server.Swap(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, next+".away"); err != nil {
		t.Fatal(err)
	}
	if looked, err = s.server.Looked(t.Context(), looked); err == nil {
		t.Fatal("what is on record is not in force, and nobody is told")
	}
	if s.server.Health(t.Context()).Policy.Trouble == "" {
		t.Error("Health does not say that the approved policy is not in force")
	}
	if err := os.Rename(next+".away", next); err != nil {
		t.Fatal(err)
	}
	if _, err = s.server.Looked(t.Context(), looked); err != nil || s.inForce() != approved {
		t.Errorf("not taken up again: %v", err)
	}
}

// TestWhatKeepsAPolicyWaitingIsTriedAgainAndToldOnce: a full disk does not wait for the
// folder to change, and the log is not a line a second.
func TestWhatKeepsAPolicyWaitingIsTriedAgainAndToldOnce(t *testing.T) {
	s := governed(t)
	var log bytes.Buffer
	s.stop()
	s.diary = slog.New(slog.NewTextHandler(&log, nil))
	s.start()
	s.policy.put(other())
	archive := filepath.Join(s.dir, "data", "policies")
	if err := errors.Join(os.Rename(archive, archive+".away"), os.WriteFile(archive, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	looked, told, err := serve.Seen{}, "", error(nil)
	for range 3 {
		if looked, err = s.server.Looked(t.Context(), looked); err == nil {
			t.Fatal("what could not be archived is no trouble")
		}
		told = s.server.ToldLook(t.Context(), told, err)
	}
	if err := errors.Join(os.Remove(archive), os.Rename(archive+".away", archive)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		looked, err = s.server.Looked(t.Context(), looked)
		told = s.server.ToldLook(t.Context(), told, err)
	}
	if err != nil || len(s.server.Changes().Waiting()) != 1 {
		t.Errorf("not taken up again: %v", err)
	}
	if said := log.String(); strings.Count(said, "policy not taken") != 1 || strings.Count(said, "nothing stands in the way") != 1 {
		t.Errorf("the log says\n%s", said)
	}
}

// TestG7_AFolderThatCouldNotBeKeptIsReadAgain: what has no errors and could not be taken up
// is tried at each look, though nothing changes in the folder any more.
func TestG7_AFolderThatCouldNotBeKeptIsReadAgain(t *testing.T) {
	s := governed(t)
	looked, err := s.server.Looked(t.Context(), serve.Seen{})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(s.dir, "data", "policies")
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "no folder")
	s.policy.put(other())
	if looked, err = s.server.Looked(t.Context(), looked); err == nil || s.server.Health(t.Context()).Policy.Trouble == "" {
		t.Errorf("a policy that could not be kept: %v, and Health says nothing", err)
	}
	if err := errors.Join(os.Remove(dir), os.Rename(dir+".away", dir)); err != nil {
		t.Fatal(err)
	}
	if _, err = s.server.Looked(t.Context(), looked); err != nil || len(s.server.Changes().Waiting()) != 1 {
		t.Errorf("not read again: %v, %d wait", err, len(s.server.Changes().Waiting()))
	}
	if wrong := s.server.Health(t.Context()).Policy.Trouble; wrong != "" {
		t.Errorf("Health says still: %s", wrong)
	}
}
