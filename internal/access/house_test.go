package access_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

// noon is where the clock of the tests begins.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const hospital = `
-- organization.yaml --
organization: small-hospital
title: Small Hospital
time-zone: UTC
positions: [boss, charge-nurse, privacy, compliance]
purposes:
  treatment: [TREAT]
  it: [HSYSADMIN]
ask: {for: 15 minutes}
break-glass: {for: 4 hours, patients: 3 per day, review: 72 hours, over: refuse, overdue: hold, tell: [privacy, care-team]}
exceptions: {for: 8 hours, patients: 1, approve: [privacy]}
approvals: {answer: 2 hours, substitutes: {charge-nurse: boss}, escalate-to: compliance}
small-cells: 11
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 3 days, programs: [adt-feed]}
facts:
  assigned-patient: {means: The patient is in the caller's care., about: patient, from: [adt]}
  shift: {means: On shift., about: caller, from: [adt]}
  ticket: {means: An open ticket., about: patient, from: [adt], carries: [object]}
-- roles/nurse.yaml --
role: nurse
title: Nurse
owner: boss
review: 12 months
say: The chart of your patients.
tasks:
  care:
    title: Care for a patient
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [demographics.name, clinical.problem]}
    also:
      - see: {ask: [identifiers.ssn]}
    break-glass: {for: 2 hours, review: 72 hours}
    limits: {asks: 3 per hour}
  cover:
    title: Cover for a colleague
    purpose: treatment
    do: [read, search]
    while: [shift]
    see: {keep: [demographics.name, clinical.problem]}
    lend: {for: 12 hours, approve: [charge-nurse], reasons: [covering for a colleague, help at the bedside]}
    justify: Who covers needs the same chart for one patient.
never: [clinical.note.psychotherapy]
-- roles/support.yaml --
role: support
title: IT support
owner: boss
review: 12 months
say: The patient of your ticket.
tasks:
  fix:
    title: Fix a record
    purpose: it
    do: [read]
    while: [shift]
    see: {keep: [demographics.name, clinical.problem]}
    lend: {for: 60 minutes, approve: [charge-nurse, privacy], patients: 2}
    justify: A ticket names the patient.
`

// house is lent access with everything around it.
type house struct {
	t      testing.TB
	shelf  *booktest.Shelf
	desk   *book.Desk
	staff  *staff
	set    *policy.Set
	facts  *facts.Store
	book   *access.Book
	spool  *spool
	told   []notice.Notice
	done   []notice.About // what no longer waits
	ended  []string
	onEnd  func(grant string) // nil: nobody else hears
	now    time.Time
	mono   time.Duration
	sure   bool
	random *rand.ChaCha8
	dir    string
}

// compile makes a policy of texts in txtar form, later ones over earlier ones.
func compile(t testing.TB, texts ...string) *policy.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, text := range texts {
		for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
			name, data, _ := strings.Cut(part, " --\n")
			fsys[name] = &fstest.MapFile{Data: []byte(data + "\n")}
		}
	}
	set, probs := policy.Load(fsys, catalog.R4())
	if set == nil {
		t.Fatalf("the policy of the tests: %v", probs.Errors())
	}
	return set
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{
		t: t, shelf: &booktest.Shelf{}, set: compile(t, hospital), now: noon, sure: true, spool: &spool{},
		random: rand.NewChaCha8([32]byte{1}), staff: newStaff(), dir: t.TempDir(),
	}
	h.facts = facts.NewStore(facts.FromPolicy(h.set, h.set.Folder(), nil), func() (time.Time, bool) { return h.now, h.sure }, nil)
	h.state()
	h.start()
	return h
}

// start opens the book, as a process does.
func (h *house) start() {
	h.t.Helper()
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		h.t.Fatal(err)
	}
	h.desk = book.NewDesk(h.shelf)
	h.staff.ended = nil
	h.book, err = access.Open(h.t.Context(), access.Config{
		Desk: h.desk, People: h.staff, Policy: func() *policy.Set { return h.set }, Facts: h.facts.Index, Refs: refs,
		Tell: h, Spool: h.spool, Now: func() (time.Time, bool) { return h.now, h.sure }, Mono: func() time.Duration { return h.mono },
		Random: h.random, OnEnd: h.hear, Drills: []string{"drill-1"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// hear hears of each grant that ended.
func (h *house) hear(grant string) {
	h.ended = append(h.ended, grant)
	if h.onEnd != nil {
		h.onEnd(grant)
	}
}

// Within implements access.Teller.
func (h *house) Within(_ context.Context, _ *book.Change, notices ...notice.Notice) error {
	h.told = append(h.told, notices...)
	return nil
}

// Settle implements access.Teller.
func (h *house) Settle(_ *book.Change, about notice.About) { h.done = append(h.done, about) }

// pass lets time pass on both clocks.
func (h *house) pass(d time.Duration) {
	h.now = h.now.Add(d)
	h.mono += d
}

// state replaces the facts.
func (h *house) state(lines ...string) {
	h.t.Helper()
	text := strings.Join(append([]string{`{"source":"adt","whole":"` + h.now.Format(time.RFC3339) + `"}`}, lines...), "\n") + "\n"
	if err := os.WriteFile(filepath.Join(h.dir, "adt.ndjson"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if ps := h.facts.ReadFiles([]string{filepath.Join(h.dir, "*.ndjson")}, true); len(ps) > 0 {
		h.t.Fatalf("facts: %v", ps)
	}
}

func who(id string) people.Actor { return people.Actor{ID: id} }

// cover is what a nurse asks for who covers for another.
func cover(patient string) access.Want {
	return access.Want{Kind: access.Lend, Task: "cover", Patients: []string{patient}, Reason: access.Reason{Kind: "covering for a colleague", Text: "Ada is at lunch, bed four " + patient}}
}

// ask asks and fails the test where that is refused.
func (h *house) ask(by string, w access.Want) *access.Request {
	h.t.Helper()
	a, err := h.book.Ask(h.t.Context(), who(by), w)
	if err != nil || a.Request == nil {
		h.t.Fatalf("%s asks: %+v, %v", by, a, err)
	}
	return a.Request
}

// approve says yes to a request as it stands.
func (h *house) approve(by string, r *access.Request) (*access.Grant, error) {
	return h.book.Approve(h.t.Context(), who(by), r.ID, h.book.Digest(r), "")
}

// lend asks and has it approved.
func (h *house) lend(by, approver string, w access.Want) *access.Grant {
	h.t.Helper()
	g, err := h.approve(approver, h.ask(by, w))
	if err != nil || g == nil {
		h.t.Fatalf("approved: %v, %v", g, err)
	}
	return g
}

// live reports whether something is lent to somebody now.
func (h *house) live(person string) bool { return len(h.book.Of(person, h.now, h.sure)) > 0 }

// refused checks that something was refused with a code, and that this is on record.
func (h *house) refused(err error, code string) {
	h.t.Helper()
	var r *access.Refusal
	if !errors.As(err, &r) || !r.Has(code) {
		h.t.Fatalf("got %v, want a refusal: %s", err, code)
	}
	entries := h.shelf.Entries()
	last, _ := entries[len(entries)-1].(*ledger.Act)
	if last == nil || last.Act != "access-not-done" || !slices.Contains(last.What, code) {
		h.t.Errorf("the last entry is %+v, want the refusal", last)
	}
}

// acts are the names of the entries so far.
func (h *house) acts() []string {
	var out []string
	for _, e := range h.shelf.Entries() {
		out = append(out, e.(*ledger.Act).Act)
	}
	return out
}

// spool is a log that takes entries where the desk does not.
type spool struct {
	entries []ledger.Entry
	full    bool
}

func (s *spool) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	if s.full {
		return ledger.Receipt{}, ledger.ErrNotDurable
	}
	s.entries = append(s.entries, e)
	return ledger.Receipt{}, nil
}

// staff is a directory in memory.
type staff struct {
	people   map[string]*people.Person
	programs map[string]*people.Program
	roles    map[string][]string
	holders  map[string][]string // role or position
	duties   map[people.Duty][]string
	ended    func(context.Context, *book.Change, string)
}

// newStaff: nina and nils are nurses; nina2 is nina under another issuer. cara and
// boss decide, pia is the privacy officer, cole of compliance, iris reviews. sam is of
// IT, robot a program.
func newStaff() *staff {
	s := &staff{
		people: map[string]*people.Person{}, programs: map[string]*people.Program{"robot": {ID: "robot", Active: true}},
		roles:   map[string][]string{"nina": {"nurse"}, "nils": {"nurse"}, "cara": {"nurse"}, "sam": {"support"}, "robot": {"nurse"}},
		holders: map[string][]string{"charge-nurse": {"cara", "nina2", "robot"}, "boss": {"boss"}, "privacy": {"pia"}, "compliance": {"cole"}},
		duties:  map[people.Duty][]string{people.ReviewAccess: {"iris", "nina2", "cara"}, people.RunPeople: {"rita"}},
	}
	for _, id := range []string{"nina", "nina2", "nils", "cara", "boss", "pia", "cole", "iris", "sam", "rita", "stranger"} {
		s.people[id] = &people.Person{ID: id, Active: true}
	}
	s.people["nina"].Same = []string{"nina2"}
	return s
}

func (s *staff) Person(id string) *people.Person   { return s.people[id] }
func (s *staff) Program(id string) *people.Program { return s.programs[id] }
func (s *staff) People() iter.Seq[*people.Person]  { return maps.Values(s.people) }
func (s *staff) Roles(id string, _ int64) []string { return slices.Clone(s.roles[id]) }
func (s *staff) Active(id string) bool {
	p, q := s.people[id], s.programs[id]
	return p != nil && p.Active || q != nil && q.Active
}
func (s *staff) Holds(id string, d people.Duty, _ int64) bool {
	return slices.Contains(s.duties[d], id)
}
func (s *staff) Approvers(name string, _ *people.Person, _ int64) []string {
	return slices.Clone(s.holders[name])
}
func (s *staff) Same(a, b string) bool {
	return a == b || strings.TrimSuffix(a, "2") == strings.TrimSuffix(b, "2")
}
func (s *staff) OnGone(f func(context.Context, *book.Change, string)) { s.ended = f }

// leave deactivates somebody, as the directory does.
func (h *house) leave(id string) error {
	h.staff.people[id].Active = false
	return h.desk.Change(h.t.Context(), func(c *book.Change) error {
		h.staff.ended(h.t.Context(), c, id)
		c.Record(&ledger.Act{Act: "person-deactivated", At: h.now.UnixMicro(), ID: "01930000-0000-7000-8000-000000000001", Who: "rita", Behalf: id})
		return nil
	})
}
