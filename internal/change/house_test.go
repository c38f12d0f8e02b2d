package change_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/change"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

const hospital = `
-- organization.yaml --
organization: small-hospital
title: Small Hospital
time-zone: UTC
positions: [boss]
purposes: {treatment: [TREAT], payment: [HPAYMT]}
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 1 hour, programs: [feed]}
facts:
  assigned: {means: In care., about: patient, from: [adt]}
-- roles/nurse.yaml --
role: nurse
title: Nurse
owner: boss
review: 12 months
say: Your patients.
tasks:
  care: {title: Care, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}}
-- roles/biller.yaml --
role: biller
title: Biller
owner: boss
review: 12 months
say: The bill.
tasks:
  bill: {title: Bill, purpose: payment, do: [read], while: [assigned], see: {keep: [financial.claim]}}
`

// edits of the hospital: what each changes.
var (
	nurseGains  = [2]string{"keep: [demographics.name]", "keep: [demographics.name, clinical.lab]"}
	nurseLoses  = [2]string{"keep: [demographics.name]", "keep: [demographics.birth-date]"}
	billerGains = [2]string{"keep: [financial.claim]", "keep: [financial.claim, demographics.name]"}
)

func compile(t testing.TB, edits ...[2]string) *policy.Set {
	t.Helper()
	text := hospital
	for _, e := range edits {
		if !strings.Contains(text, e[0]) {
			t.Fatalf("nothing to edit: %s", e[0])
		}
		text = strings.Replace(text, e[0], e[1], 1)
	}
	fsys := fstest.MapFS{}
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, data, _ := strings.Cut(part, " --\n")
		fsys[name] = &fstest.MapFile{Data: []byte(data + "\n")}
	}
	set, probs := policy.Load(fsys, catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors())
	}
	return set
}

// house is a hospital whose policy changes, with its people.
type house struct {
	t      testing.TB
	shelf  *booktest.Shelf
	desk   *book.Desk
	people *people.Directory
	book   *change.Book
	first  *policy.Set
	now    time.Time
	sure   bool
	force  *policy.Set // in force
	folder *policy.Set
	kept   map[string]*policy.Set // the archive
	told   []notice.Notice
	lent   map[string][]string // roles of whose tasks something is lent, by person

	byFolder bool // what lies in the folder is in force
}

// newHouse has an administrator and no others.
func newHouse(t testing.TB) *house {
	h := &house{t: t, shelf: &booktest.Shelf{}, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), sure: true, kept: map[string]*policy.Set{}}
	h.first = compile(t)
	h.force, h.folder = h.first, h.first
	h.kept[h.first.Hash()] = h.first
	h.open()
	h.must(h.book.Begin(t.Context(), h.first, false))
	_, err := h.people.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"})
	h.must(err)
	return h
}

// open reads everything again, as a process that starts does.
func (h *house) open() {
	h.t.Helper()
	clock := func() (time.Time, bool) { return h.now, h.sure }
	h.desk = book.NewDesk(h.shelf)
	var err error
	h.people, err = people.Open(h.t.Context(), people.Config{Desk: h.desk, Policy: func() *policy.Set { return h.force }, Now: clock})
	h.must(err)
	h.book, err = change.Open(h.t.Context(), change.Config{
		Desk: h.desk, People: h.people, Tell: h, Now: clock, InForce: func() *policy.Set { return h.force },
		Archived: func(hash string) (*policy.Set, error) {
			if s := h.kept[hash]; s != nil {
				return s, nil
			}
			return nil, errors.New("not in the archive")
		},
		Folder: func() string { return h.folder.Hash() }, ByFolder: h.byFolder,
		Lent: func(person string) []string { return h.lent[person] },
		Put:  func(_ context.Context, s *policy.Set) error { h.force = s; return nil },
	})
	h.must(err)
}

func (h *house) Within(_ context.Context, _ *book.Change, notices ...notice.Notice) error {
	h.told = append(h.told, notices...)
	return nil
}

func (h *house) Settle(*book.Change, notice.About) {}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// person adds somebody with duties and roles. The administrator is alone, so that what
// they give counts at once.
func (h *house) person(id string, holds ...string) people.Actor {
	h.t.Helper()
	ann := people.Actor{ID: "ann"}
	_, err := h.people.Add(h.t.Context(), ann, &people.Person{UserName: id, Name: id})
	h.must(err)
	for _, name := range holds {
		kind := people.Role
		if strings.Contains(name, "-") {
			kind = people.DutyKind
		}
		h.must(h.people.Give(h.t.Context(), ann, people.Gift{Person: id, Kind: kind, Name: name, Why: "for the test"}))
	}
	return people.Actor{ID: id, Session: "s-" + id}
}

// lay puts a policy into the folder and lets the book look.
func (h *house) lay(set *policy.Set) *change.Change {
	h.t.Helper()
	h.folder = set
	h.kept[set.Hash()] = set
	h.must(h.book.Look(h.t.Context(), set))
	for _, x := range h.book.Waiting() {
		if x.Policy == set.Hash() {
			return x
		}
	}
	return nil
}

func (h *house) digest(id string) string {
	h.t.Helper()
	x, err := h.book.Get(h.t.Context(), id)
	h.must(err)
	d, err := h.book.Digest(x)
	h.must(err)
	return d
}

// propose proposes what waits in the folder.
func (h *house) propose(by people.Actor, x *change.Change) {
	h.t.Helper()
	h.must(h.book.Propose(h.t.Context(), by, x.ID, h.digest(x.ID), "the ward asked for it"))
}

// proposed is a house of dora, who writes policy, and paul, who puts it in force, in which
// dora has proposed a change.
func proposed(t testing.TB, edits ...[2]string) (h *house, dora, paul people.Actor, x *change.Change) {
	h = newHouse(t)
	dora, paul = h.person("dora", "write-policy"), h.person("paul", "agree-policy")
	x = h.lay(compile(t, edits...))
	h.propose(dora, x)
	return h, dora, paul, x
}

func (h *house) approve(by people.Actor, x *change.Change) (bool, error) {
	return h.book.Approve(h.t.Context(), by, x.ID, h.digest(x.ID), "")
}

// refused expects a refusal of that code, and that it is on record.
func (h *house) refused(err error, code string) {
	h.t.Helper()
	var r *change.Refusal
	if !errors.As(err, &r) || r.Code != code {
		h.t.Fatalf("got %v, want a refusal %q", err, code)
	}
	if a := h.last(); a.Act != "policy-not-done" || a.Reason != code {
		h.t.Errorf("the record says %s %s of a refusal %s", a.Act, a.Reason, code)
	}
}

func (h *house) last() *ledger.Act {
	all := h.shelf.Entries()
	return all[len(all)-1].(*ledger.Act)
}
