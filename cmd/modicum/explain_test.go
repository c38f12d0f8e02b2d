package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
	"modicum/policy"
)

// TestOneAlteredAtomMakesExplainDisagree: the record of a run is written again,
// by somebody who has the signing key, with one atom of one verdict changed. The
// tree is in order; what follows from the atoms is not what was recorded.
func TestOneAlteredAtomMakesExplainDisagree(t *testing.T) {
	dir := t.TempDir()
	if status, _, errs := command(t, "demo", "--once", "--dir", dir, "--listen", "127.0.0.1:0"); status != exitYes {
		t.Fatal(errs)
	}
	key, err := ledger.ReadKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	entries := entriesOf(t, filepath.Join(dir, "data", "ledger"))
	id, finds := "", map[string]bool{}
	for i, e := range entries {
		if d, ok := e.(*ledger.Decision); ok {
			finds[d.ID] = len(d.Request.Find) > 0 // a look-up asks no fact about the patient
		}
		o, ok := e.(*ledger.Opened)
		if !ok || id != "" || len(o.Verdicts[0].Atoms.Patients) == 0 || finds[o.ID] {
			continue
		}
		id = o.ID
		o.Verdicts[0].Atoms.Patients[0].Holds = "" // no fact held
		entries[i] = o
	}
	forged := publish(t, key, entries)
	if r, err := verify.Log(t.Context(), verify.Folder(forged), verify.Options{Keys: []string{key.Public()}}); err != nil || !r.OK {
		t.Fatalf("the forged tree must be in order: %+v %v", r, err)
	}
	args := []string{"explain", "--key", key.Public(), "--policies", filepath.Join(dir, "data", "policies"), id, "--folder"}
	if status, out, errs := command(t, append(args, filepath.Join(dir, "data", "ledger"))...); status != exitYes || !strings.Contains(out, "3 entries proved") {
		t.Errorf("untouched: %d\n%s%s", status, out, errs)
	}
	status, out, _ := command(t, append(args, forged)...)
	if status != exitNo || !strings.Contains(out, "DISAGREES") || !strings.Contains(out, "recorded and derived differ") {
		t.Errorf("altered: %d\n%s", status, out)
	}
}

// TestEveryCodeOfTheRecordIsSpelt: a refusal by the policy is explained in words.
func TestEveryCodeOfTheRecordIsSpelt(t *testing.T) {
	for why := policy.NoRole; why <= policy.TooManyLines; why++ {
		if reasonOf(why.String()) == why.String() {
			t.Errorf("%s is not spelt", why)
		}
	}
	if got := reasonOf("token"); !strings.Contains(got, "not accepted") {
		t.Errorf("token: %s", got)
	}
	if reasonOf("of-another-version") != "of-another-version" {
		t.Error("an unknown code must stand as it is")
	}
}

// TestAnAlteredEntryIsNotProved: a byte of an entry is changed in the files, by
// somebody without the key.
func TestAnAlteredEntryIsNotProved(t *testing.T) {
	dir := t.TempDir()
	if status, _, errs := command(t, "demo", "--once", "--dir", dir, "--listen", "127.0.0.1:0"); status != exitYes {
		t.Fatal(errs)
	}
	key, err := ledger.ReadKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "data", "ledger")
	id := ""
	for _, e := range entriesOf(t, folder) {
		if d, ok := e.(*ledger.Decision); ok && d.Effect == ledger.Admit && d.Who == "nina" && id == "" {
			id = d.ID
		}
	}
	changed := false
	err = filepath.WalkDir(filepath.Join(folder, "tile", "entries"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		at := bytes.Index(b, []byte(`"id":"`+id))
		if at < 0 {
			return nil
		}
		who := at + bytes.Index(b[at:], []byte(`"who":"nina"`))
		b[who+len(`"who":"`)] = 'l'
		changed = true
		return os.WriteFile(path, b, 0o600)
	})
	if err != nil || !changed {
		t.Fatal("nothing was changed", err)
	}
	status, out, _ := command(t, "explain", "--folder", folder, "--key", key.Public(), "--policies", filepath.Join(dir, "data", "policies"), id)
	if status != exitNo || !strings.Contains(out, "NOT PROVED") {
		t.Errorf("%d\n%s", status, out)
	}
}

func entriesOf(t *testing.T, folder string) []ledger.Entry {
	t.Helper()
	records, err := newFolder(folder, nil).Search(t.Context(), store.Query{})
	if err != nil || len(records) == 0 {
		t.Fatalf("%d entries, %v", len(records), err)
	}
	out, err := decode(records)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// publish writes a log of the entries, signed, and returns its folder.
func publish(t *testing.T, key *ledger.Key, entries []ledger.Entry) string {
	t.Helper()
	log := ledgertest.WithKey(key)
	for _, e := range entries {
		if _, err := log.Append(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
	}
	folder := filepath.Join(t.TempDir(), "forged")
	p, err := ledger.NewPublisher(t.Context(), ledger.PublisherConfig{Folder: folder, Source: log, Keys: []string{key.Public()}, Interval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return folder
}
