package gate_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/facts"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
)

// noon is the moment at which the tests of this package begin.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// organization is a small synthetic clinic: each role is there for one rule.
const organization = `
-- organization.yaml --
organization: gate-test
title: Gate Test Clinic
time-zone: UTC
positions: [boss]
purposes: {treatment: [TREAT], payment: [HPAYMT], registration: [PATADMIN], quality: [HQUALIMP], it: [HSYSADMIN]}
watch: [sensitive.vip, sensitive.restricted]
find: {for: 30 minutes}
small-cells: 11
programs:
  claims-out: {title: Claims, owner: boss, role: clearing, task: send-claims, partner: northgate, key: private-key-jwt, rotate: 90 days}
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 1 hour, programs: [adt-feed]}
  roster: {title: Roster, fresh: 1 day, programs: [roster-feed]}
  people: {title: Personnel, fresh: 7 days, programs: [people-feed]}
facts:
  assigned: {means: Looks after the patient., about: patient, from: [adt]}
  item: {means: A work item., about: patient, from: [adt], carries: [object]}
  shift: {means: On shift., about: caller, from: [roster]}
  contract: {means: In force., about: caller, from: [roster], carries: [classes, marked]}
  is-patient: {means: The caller is the patient., about: patient, from: [people]}
  kept-back: {means: Agreed for some days., about: patient, from: [people], carries: [dates]}
  unbilled: {means: Agreed for a claim., about: patient, from: [people], carries: [object]}
-- restrictions.yaml --
restrictions:
  own-record: {title: Own chart, cite: organization policy, hide: everything, while: [is-patient], say: Your own record is at the records desk.}
-- partners/northgate.yaml --
partner: northgate
title: Northgate Clearinghouse
kind: business-associate
owner: boss
contract: {id: BAA-1, from: 2026-01-01, until: 2026-12-31, review: 12 months}
purposes: [payment]
may-see: [financial.claim, demographics.name]
programs: [claims-out]
at-end: {close-access: 1 day, return-or-destroy: 30 days}
say: Claim fields.
-- partners/monitors.yaml --
partner: monitors
title: Ward Monitors
kind: business-associate
owner: boss
contract: {id: BAA-2, from: 2026-01-01, until: 2026-12-31, review: 12 months}
purposes: [it]
may-see: [clinical.lab]
roles: [vendor]
at-end: {close-access: 1 day, return-or-destroy: 30 days}
say: Their own monitors.
-- partners/harbor.yaml --
partner: harbor
title: Harbor
kind: business-associate
owner: boss
contract: {id: BAA-3, from: 2026-01-01, until: 2026-12-31, review: 12 months}
purposes: [it]
may-see: [clinical.lab]
roles: [hosting]
at-end: {close-access: 1 day, return-or-destroy: 30 days}
say: Their own hosts.
-- roles/clinician.yaml --
role: clinician
title: Clinician
owner: boss
review: 12 months
say: The chart of the patients whom you look after.
tasks:
  chart:
    title: Look after a patient
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [demographics.name, demographics.birth-date, clinical.problem, clinical.medication, clinical.lab, admin.encounter]}
-- roles/rounder.yaml --
role: rounder
title: Rounder
owner: boss
review: 12 months
say: The chart, with what it refers to.
tasks:
  round:
    title: Go round
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [clinical.problem, admin.encounter, coverage.member-id]}
    references: resolve
-- roles/biller.yaml --
role: biller
title: Biller
owner: boss
review: 12 months
say: What the item needs.
tasks:
  bill:
    title: Bill
    purpose: payment
    do: [read, search]
    while: [shift, item]
    within: {of: item}
    see: {keep: [demographics.name, clinical.problem, admin.encounter], coarse: [demographics.birth-date]}
    limits: {patients: 2 per day, requests: 4 per hour}
  audit-bill:
    title: Look at bills again
    purpose: payment
    do: [read, search]
    while: [shift, item]
    see: {keep: [demographics.name]}
-- roles/desk.yaml --
role: desk
title: Desk
owner: boss
review: 12 months
say: Whom you look up.
tasks:
  register:
    title: Check a patient in
    purpose: registration
    do: [read, search]
    while: [shift, found]
    see: {keep: [demographics.name, demographics.birth-date, contact.phone, clinical.problem]}
    find:
      by: [demographics.name, demographics.birth-date, contact.phone]
      at-least: 2
      show: {keep: [demographics.name]}
    justify: The desk finds a patient by two things that the patient says.
-- roles/clearing.yaml --
role: clearing
title: Clearing program
owner: boss
review: 12 months
held-by: programs
say: Claims out.
tasks:
  send-claims:
    title: Send claims
    purpose: payment
    do: [read, search]
    while: [contract, item]
    see: {keep: [financial.claim, demographics.name, demographics.birth-date]}
-- roles/vendor.yaml --
role: vendor
title: Vendor
owner: boss
review: 12 months
say: Own monitors.
tasks:
  look-at-monitors:
    title: Look at monitors
    purpose: it
    do: [read, search]
    while: [contract, assigned]
    see: {keep: [clinical.lab, clinical.problem]}
-- roles/hosting.yaml --
role: hosting
title: Hosting
owner: boss
review: 12 months
say: Own hosts.
tasks:
  look-at-hosts:
    title: Look at hosts
    purpose: it
    do: [read, search]
    while: [contract, assigned]
    see: {keep: [clinical.lab]}
`

// feeds are the facts of the tests. alice looks after p1 to p3, is p4; bob has
// items about the visits of p1, p2 and p3.
var feeds = map[string]string{
	"adt": `{"source":"adt","whole":"2026-11-23T11:59:00Z"}
{"fact":"assigned","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"alice","patient":"Patient/p2","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"alice","patient":"Patient/p4","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"rob","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"vic","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"item","who":"bob","patient":"Patient/p1","object":"Encounter/e1","id":"w1","source":"adt","recorded_by":"queue"}
{"fact":"item","who":"bob","patient":"Patient/p2","object":"Claim/k2","id":"w2","source":"adt","recorded_by":"queue"}
{"fact":"item","who":"bob","patient":"Patient/p3","object":"Encounter/e3","id":"w3","source":"adt","recorded_by":"queue"}
{"fact":"item","who":"northgate-out","patient":"Patient/p1","object":"Encounter/e1","id":"w4","source":"adt","recorded_by":"queue"}
`,
	"roster": `{"source":"roster","whole":"2026-11-23T11:59:00Z"}
{"fact":"shift","who":"bob","source":"roster","recorded_by":"roster"}
{"fact":"shift","who":"dora","source":"roster","recorded_by":"roster"}
`,
	"people": `{"source":"people","whole":"2026-11-23T11:59:00Z"}
{"fact":"is-patient","who":"alice","patient":"Patient/p4","source":"people","recorded_by":"hr"}
`,
}

// book is a log in memory that fails, or waits, when it is told to.
type book struct {
	mu      sync.Mutex
	entries []ledger.Entry
	fail    error
	hold    chan struct{} // an append waits until this is closed, or its context ends
}

func (b *book) Append(ctx context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	if b.hold != nil {
		select {
		case <-b.hold:
		case <-ctx.Done():
			return ledger.Receipt{}, errors.Join(ledger.ErrNotDurable, ctx.Err())
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return ledger.Receipt{}, b.fail
	}
	if _, err := ledger.Encode(e); err != nil {
		return ledger.Receipt{}, err
	}
	b.entries = append(b.entries, e)
	return ledger.Receipt{Index: int64(len(b.entries) - 1)}, nil
}

// all returns the entries so far.
func (b *book) all() []ledger.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entries)
}

// of returns the entries of a decision in order.
func (b *book) of(id string) []ledger.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []ledger.Entry
	for _, e := range b.entries {
		if e.Header().ID == id {
			out = append(out, e)
		}
	}
	return out
}

// shelf is an upstream for visits and objects.
type shelf struct {
	bodies map[string]string // by Type/id
	err    error
	asked  []string
}

func (s *shelf) Read(_ context.Context, typ, id string) ([]byte, bool, error) {
	s.asked = append(s.asked, typ+"/"+id)
	b, found := s.bodies[typ+"/"+id]
	return []byte(b), found, s.err
}

func (s *shelf) Many(_ context.Context, typ string, ids []string, each func([]byte) error) error {
	for _, id := range ids {
		s.asked = append(s.asked, typ+"/"+id)
		if b, found := s.bodies[typ+"/"+id]; found && s.err == nil {
			if err := each([]byte(b)); err != nil {
				return err
			}
		}
	}
	return s.err
}

// house is a gate with everything around it.
type house struct {
	t        testing.TB
	set      *policy.Set
	facts    *facts.Store
	book     *book
	log      ledger.Log // the gate's, where it is not the book
	diary    bytes.Buffer
	shelf    *shelf
	gate     *gate.Gate
	lent     loans
	ends     *gate.Ends
	dir      string // of the facts
	now      time.Time
	clock    func() time.Time // one that runs, in place of now; nil: it stands
	trusted  bool
	reads    *gate.Route
	searches *gate.Route
	staff    map[string]*caller.Caller
}

// compile loads organization, with texts in txtar form over it.
func compile(t testing.TB, texts ...string) *policy.Set {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, text := range append([]string{organization}, texts...) {
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

func newHouse(t testing.TB, texts ...string) *house {
	t.Helper()
	h := &house{t: t, set: compile(t, texts...), book: &book{}, now: noon, trusted: true}
	h.shelf = &shelf{bodies: map[string]string{
		"Encounter/e1": encounter("e1", "p1"), "Encounter/e2": encounter("e2", "p2"), "Encounter/e3": encounter("e3", "p3"),
		"Claim/k2": `{"resourceType":"Claim","id":"k2","patient":{"reference":"Patient/p2"},"item":[{"encounter":[{"reference":"Encounter/e2"}]}]}`,
	}}
	clock := h.time
	h.facts = facts.NewStore(facts.FromPolicy(h.set, h.set.Folder(), nil), clock, nil)
	h.feed(feeds)
	h.staff = map[string]*caller.Caller{
		"alice": {ID: "alice", Roles: []string{"clinician"}},
		"bob":   {ID: "bob", Roles: []string{"biller"}},
		"rob":   {ID: "rob", Roles: []string{"rounder"}},
		"dora":  {ID: "dora", Roles: []string{"desk"}},
		"vic":   {ID: "vic", Roles: []string{"vendor"}},
		"nemo":  {ID: "nemo", Roles: []string{"clinician"}},
		"norma": {ID: "norma", Roles: []string{"nobody-knows"}},
	}
	h.start()
	return h
}

func (h *house) time() (time.Time, bool) {
	if h.clock != nil {
		return h.clock(), h.trusted
	}
	return h.now, h.trusted
}

// start makes the gate, as a process does: what it knows it knows from the record.
func (h *house) start() {
	h.t.Helper()
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		h.t.Fatal(err)
	}
	h.ends = gate.NewEnds(h.time)
	random := rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, len(h.book.all()))))
	log := ledger.Log(h.book)
	if h.log != nil {
		log = h.log
	}
	h.gate, err = gate.New(gate.Config{
		Generation: func() *gate.Generation { return &gate.Generation{Set: h.set, Facts: h.facts.Index()} },
		Log:        log, Refs: refs, Resolver: h.shelf, Upstream: "https://up.example/fhir",
		Now: h.time, Random: random, TokenKey: bytes.Repeat([]byte{2}, 32), LogWait: time.Second,
		Lent:   &h.lent,
		Rights: h.ends,
		Diary:  slog.New(slog.NewTextHandler(&h.diary, nil)),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.reads = h.gate.Register(gate.Interaction{Door: "test", Name: "read", Verbs: policy.Read})
	h.searches = h.gate.Register(gate.Interaction{Door: "test", Name: "search-type", Verbs: policy.Read | policy.Search})
	h.t.Cleanup(h.gate.Wait)
}

func (h *house) feed(lines map[string]string) {
	h.t.Helper()
	if h.dir == "" {
		h.dir = h.t.TempDir()
	}
	for name, text := range lines {
		if err := os.WriteFile(filepath.Join(h.dir, name+".ndjson"), []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	if ps := h.facts.ReadFiles([]string{filepath.Join(h.dir, "*.ndjson")}, true); len(ps) > 0 {
		h.t.Fatalf("facts: %v", ps)
	}
}

func (h *house) typ(name string) catalog.Type {
	t, ok := h.set.Catalog().Type(name)
	if !ok {
		h.t.Fatalf("no type %s", name)
	}
	return t
}

func (h *house) param(typ, name string) *catalog.Param {
	p, ok := h.set.Catalog().Param(h.typ(typ), name)
	if !ok {
		h.t.Fatalf("no parameter %s of %s", name, typ)
	}
	return p
}

// read opens a read of Type/id for somebody.
func (h *house) read(who, ref string) (*gate.Session, error) {
	typ, id, _ := strings.Cut(ref, "/")
	ask := &gate.Ask{Caller: h.staff[who], Type: h.typ(typ), ID: id}
	if typ == "Patient" {
		ask.Patients = []string{id}
	}
	return h.reads.Open(h.t.Context(), ask)
}

// list opens a search for the records of a type, of the patients named or of the caller's.
func (h *house) list(who, typ string, patients ...string) (*gate.Session, error) {
	return h.searches.Open(h.t.Context(), &gate.Ask{Caller: h.staff[who], Type: h.typ(typ), Patients: patients})
}

// must is for sessions that open.
func must(s *gate.Session, err error) func(testing.TB) *gate.Session {
	return func(t testing.TB) *gate.Session {
		t.Helper()
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		return s
	}
}

// scan reads records as the door does.
func (h *house) scan(bodies ...string) []*fhirjson.Record {
	h.t.Helper()
	sc := fhirjson.New(h.set.Catalog(), fhirjson.Limits{Base: "https://up.example/fhir"})
	var out []*fhirjson.Record
	for _, b := range bodies {
		r, err := sc.Resource([]byte(b))
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (h *house) judge(s *gate.Session, bodies ...string) []gate.Judgement {
	h.t.Helper()
	js, err := s.Judge(h.t.Context(), h.scan(bodies...), nil)
	if err != nil || len(js) != len(bodies) {
		h.t.Fatalf("judged %d of %d: %v", len(js), len(bodies), err)
	}
	return js
}

// show judges, commits what is there, closes, and returns the ids of what shows.
func (h *house) show(s *gate.Session, bodies ...string) ([]string, error) {
	h.t.Helper()
	var shown []gate.Judgement
	var ids []string
	for _, j := range h.judge(s, bodies...) {
		if !j.There {
			s.Withhold(&j)
			continue
		}
		shown = append(shown, j)
		ids = append(ids, j.ID)
	}
	err := s.Commit(h.t.Context(), shown)
	s.Close(h.t.Context(), gate.Outcome{Status: 200, Bytes: 10, Completed: err == nil})
	h.gate.Wait()
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// refused checks that a request was refused for the reason, on record.
func (h *house) refused(err error, p problem.Problem, reason string) *ledger.Decision {
	h.t.Helper()
	var refusal *gate.Refusal
	if !errors.As(err, &refusal) {
		h.t.Fatalf("got %v, want a refusal", err)
	}
	if refusal.Problem.Slug() != p.Slug() {
		h.t.Errorf("the client learns %s, want %s", refusal.Problem.Slug(), p.Slug())
	}
	entries := h.book.of(refusal.ID)
	if len(entries) != 1 {
		h.t.Fatalf("%d entries of a refusal", len(entries))
	}
	d := entries[0].(*ledger.Decision)
	if d.Effect != ledger.Refuse || !slices.Contains(d.Reasons, reason) {
		h.t.Errorf("recorded %s because %v, want refuse because %s", d.Effect, d.Reasons, reason)
	}
	return d
}

func (h *house) replay(id string) *gate.Replayed {
	h.t.Helper()
	r, err := gate.Replay(h.set, h.book.of(id))
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// Synthetic records.

func patient(id string) string {
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"Family` + id + `"}],"telecom":[{"system":"phone","value":"555-` + id + `"}],"birthDate":"1950-02-03"}`
}

func encounter(id, patient string) string {
	return `{"resourceType":"Encounter","id":"` + id + `","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/` + patient + `"}}`
}

func condition(id, patient, visit string) string {
	v := ""
	if visit != "" {
		v = `,"encounter":{"reference":"Encounter/` + visit + `"}`
	}
	return `{"resourceType":"Condition","id":"` + id + `","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"J45.0"}]},"subject":{"reference":"Patient/` + patient + `"}` + v + `,"recordedDate":"2026-11-01"}`
}
