// Package preview shows records at hand as a task would see them: through the
// gate that every door calls, with a record of decisions that is thrown away.
//
// What is stated to a Preview is all that is known: every source counts as read
// whole, so that a restriction bites when its fact is stated and not because a
// feed is missing. Nothing is fetched.
package preview

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
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

// As says who would ask, and for what.
type As struct {
	Person         string // in facts; "" means me
	Roles          []string
	Task, Purpose  string
	Dept, Facility string   // ids of the Location and Organization where they work
	Practitioners  []string // Practitioner/ID: their own references
}

// Record is one resource as it was given.
type Record struct {
	Body  []byte
	Place string // where it stands, FILE:LINE, for messages

	file  string
	all   []byte // of the file
	start int    // of Body in it
}

// Shown is what becomes of one record.
type Shown struct {
	Place    string
	Type, ID string
	There    bool
	Because  string         // why it is not there: view, record, criteria, page
	Refused  error          // Admit lets nothing of its type: a problem.Problem
	Resource []byte         // as it would leave; nil when not there
	Gaps     []fhirjson.Gap // what does not pass unchanged
	Class    catalog.Class  // of the record
	Why      []policy.Reason
}

// Preview is made for one caller and one set of records.
type Preview struct {
	set     *policy.Set
	as      As
	now     time.Time
	facts   *facts.Store
	gate    *gate.Gate
	route   *gate.Route
	scanner *fhirjson.Scanner
	read    []*fhirjson.Record
	places  []string
	bodies  map[string][]byte      // Type/ID → body, what a look-up finds
	assumed map[policy.FactID]bool // conditions that are met whatever they ask
}

// meets are the obligations that the FHIR door keeps: what is shown here is what
// would leave there.
const meets = policy.RecordSession | policy.Part2Notice | policy.NoReidentification

// New returns a Preview under a policy, at a moment.
func New(set *policy.Set, as As, now time.Time) (*Preview, error) {
	if as.Person == "" {
		as.Person = "me"
	}
	p := &Preview{set: set, as: as, now: now, bodies: map[string][]byte{}, assumed: map[policy.FactID]bool{}}
	p.scanner = fhirjson.New(set.Catalog(), fhirjson.Limits{})
	p.facts = facts.NewStore(p.meeting(vocabulary(set)), p.clock, nil)
	if err := p.readWhole(); err != nil {
		return nil, err
	}
	secret := make([]byte, 64)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	refs, err := ledger.NewRefs("preview", secret[:32])
	if err != nil {
		return nil, err
	}
	p.gate, err = gate.New(gate.Config{
		Generation: func() *gate.Generation { return &gate.Generation{Set: set, Facts: p.facts.Index()} },
		Log:        forgotten{}, Refs: refs, Resolver: p, Now: p.clock, Random: rand.Reader, TokenKey: secret[32:], Zone: set.Zone(),
	})
	if err != nil {
		return nil, err
	}
	p.route = p.gate.Register(gate.Interaction{Door: "preview", Name: "read", Verbs: policy.Read, Meets: meets})
	return p, nil
}

func (p *Preview) clock() (time.Time, bool) { return p.now, true }

// Add reads a record.
func (p *Preview) Add(r Record) error {
	rec, err := p.scanner.Resource(r.Body)
	var wrong *fhirjson.SyntaxError
	if errors.As(err, &wrong) && r.all != nil {
		return At(&r, wrong.Offset, wrong.Why)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.Place, err)
	}
	p.read, p.places = append(p.read, rec), append(p.places, r.Place)
	p.bodies[rec.TypeName()+"/"+string(rec.ID)] = r.Body
	return nil
}

// Show judges all records that were added and projects those that are there, in
// the order in which they were added. The error is for what could not be decided
// at all, such as a limit of the task on patients.
func (p *Preview) Show(ctx context.Context) ([]Shown, error) {
	s := showing{Preview: p, of: make(map[*fhirjson.Record]*judged), sessions: make(map[catalog.Type]*gate.Session), refused: make(map[catalog.Type]error)}
	defer s.close(ctx)
	// What shows only by proof is judged after what may prove it.
	cat := p.set.Catalog()
	for _, proof := range []bool{false, true} {
		for _, t := range p.types() {
			if cat.ByProof(t) != proof {
				continue
			}
			if err := s.judge(ctx, t); err != nil {
				return nil, err
			}
		}
	}
	out := make([]Shown, 0, len(p.read))
	for i, r := range p.read {
		one, err := s.show(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.places[i], err)
		}
		one.Place = p.places[i]
		out = append(out, one)
	}
	return out, nil
}

// types lists the types of the records, in the order of their first one.
func (p *Preview) types() []catalog.Type {
	var out []catalog.Type
	for _, r := range p.read {
		if !slices.Contains(out, r.Type) {
			out = append(out, r.Type)
		}
	}
	return out
}

// caller is who asks, as a token would say it.
func (p *Preview) caller() *caller.Caller {
	c := &caller.Caller{
		ID: p.as.Person, Subject: p.as.Person, Roles: slices.Sorted(slices.Values(p.as.Roles)),
		Dept: p.as.Dept, Facility: p.as.Facility, Practitioners: p.as.Practitioners,
	}
	if program := p.program(); program != "" {
		c.Program, c.Client = true, program
	}
	return c
}

// program finds the organization's program that holds the role for the task,
// where only programs hold it; "" for a person.
func (p *Preview) program() string {
	for _, d := range p.set.Programs() {
		if !slices.Contains(p.as.Roles, d.Role.Text) {
			continue
		}
		if p.as.Task == "" || p.as.Task == d.Task.Text || p.as.Task == d.Role.Text+"/"+d.Task.Text {
			return d.Name.Text
		}
	}
	return ""
}

// Read implements gate.Resolver: visits and objects are found among the records.
func (p *Preview) Read(_ context.Context, typ, id string) ([]byte, bool, error) {
	body, found := p.bodies[typ+"/"+id]
	return bytes.Clone(body), found, nil
}

// Many implements gate.Resolver.
func (p *Preview) Many(_ context.Context, typ string, ids []string, each func([]byte) error) error {
	for _, id := range ids {
		if body, found := p.bodies[typ+"/"+id]; found {
			if err := each(bytes.Clone(body)); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgotten is a log that keeps nothing: nothing leaves here that whoever holds
// the records does not have already.
type forgotten struct{}

func (forgotten) Append(context.Context, ledger.Entry, func(ledger.Tx) error) (ledger.Receipt, error) {
	return ledger.Receipt{}, nil
}

// refusal unwraps what Open returns to the problem that a caller would learn.
func refusal(err error) error {
	var p problem.Problem
	if errors.As(err, &p) {
		return p
	}
	return err
}
