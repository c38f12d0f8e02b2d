package access_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/people"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/policy"
)

// TestG1_G6_OverTheDirectoryAndTheStore: the sample policy, the real directory and the
// real store: a nurse who covers is lent the chart by the charge nurse, never by herself
// under another identity, and loses it in the change that ends her.
func TestG1_G6_OverTheDirectoryAndTheStore(t *testing.T) {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(t.TempDir(), "data"), Key: ledgertest.New(t, "access.test/main").Key()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	desk := book.NewDesk(s.Shelf(nil))
	now := func() (time.Time, bool) { return time.Now(), true }
	dir, err := people.Open(t.Context(), people.Config{Desk: desk, Policy: func() *policy.Set { return set }, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	refs, _ := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	lent, err := access.Open(t.Context(), access.Config{Desk: desk, People: dir, Policy: func() *policy.Set { return set }, Refs: refs, Now: now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ann, ben := who("ann"), who("ben")
	_, err = dir.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"})
	must(err)
	for _, id := range []string{"ben", "nina", "nina2", "cara"} {
		_, err := dir.Add(t.Context(), ann, &people.Person{UserName: id, Name: id, Department: "ward-3"})
		must(err)
	}
	must(dir.Give(t.Context(), ann, people.Gift{Person: "ben", Kind: people.DutyKind, Name: "run-people", Why: "the second"}))
	must(dir.Give(t.Context(), ann, people.Gift{Person: "nina", Kind: people.Role, Name: "nurse", Why: "hired"}))
	for _, id := range []string{"nina2", "cara"} {
		must(dir.Give(t.Context(), ann, people.Gift{Person: id, Kind: people.Position, Name: "charge-nurse", Dept: "ward-3", Why: "of the unit"}))
		must(dir.Agree(t.Context(), ben, people.Which{Person: id, Kind: people.Position, Name: "charge-nurse", Dept: "ward-3"}))
	}
	must(dir.Link(t.Context(), ann, "nina", "nina2"))

	a, err := lent.Ask(t.Context(), who("nina"), access.Want{Kind: access.Lend, Task: "cover", Patients: []string{"p1"}, Reason: access.Reason{Kind: "covering for a colleague", Text: "Ada is at lunch, bed four"}})
	must(err)
	if _, err := lent.Approve(t.Context(), who("nina2"), a.Request.ID, lent.Digest(a.Request), ""); err == nil {
		t.Fatal("she approved what benefits herself")
	}
	g, err := lent.Approve(t.Context(), who("cara"), a.Request.ID, lent.Digest(a.Request), "")
	must(err)
	if g == nil || len(lent.Of("nina", time.Now(), true)) != 1 {
		t.Fatal("nothing is lent")
	}
	must(dir.Deactivate(t.Context(), ann, "nina", ""))
	if got := lent.Of("nina", time.Now(), true); len(got) > 0 {
		t.Errorf("a leaver is lent %+v", got)
	}
	if kept, err := lent.Grant(t.Context(), g.ID); err != nil || kept.State != access.NoLonger {
		t.Errorf("kept as %+v, %v", kept, err)
	}
	found, err := s.Search(t.Context(), store.Query{Kind: ledger.KindAct, Patient: refs.Ref("Patient/p1")})
	if err != nil || len(found) < 2 {
		t.Errorf("what was asked and granted about p1 is not found by its reference: %d, %v", len(found), err)
	}
}
