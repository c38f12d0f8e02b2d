package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
	"modicum/policy/doc"
)

// Session is one admitted request, from Admit to the outcome. It belongs to one
// goroutine.
type Session struct {
	gate    *Gate
	route   *Route
	gen     *Generation
	set     *policy.Set
	cat     *catalog.Catalog
	ask     *Ask
	sub     facts.Subject
	now     time.Time
	trusted bool
	id      string
	plan    policy.Plan
	infos   []policy.TaskInfo // of the plan's tasks
	tasks   string            // their ids, for pseudonyms
	sight   sight             // what is proven to this caller under these tasks
	since   []time.Time       // by line of the plan: how far back it reaches; zero: no bound
	finding []policy.FindInfo
	found   []string // roles in which the patient read was looked up before
	scope   Scope
	words   *words

	durable  chan error // one value: how the append of the decision ended
	waited   bool
	appendAt error

	named    map[string]bool // patients whom the decision entry names
	people   map[string]*person
	visits   map[string]*visit
	objects  map[string]*object
	own      []facts.Instance      // about the caller alone
	refs     map[string]string     // keyed references by id of the patient
	resolved map[target]bool       // targets of references that were looked up: whether one may know of them
	atoms    []policy.PatientAtoms // room for those of records to come
	shape    shaper
	judged   tally
	opened   int64 // seq of the last opened entry
	shown    int64
	withheld int64
	closed   bool
}

// Refusal is why a session was not opened, and the id of its record.
type Refusal struct {
	ID      string // value of Modicum-Decision; empty where nothing could be recorded
	Problem problem.Problem
}

// Error says what the client learns.
func (r *Refusal) Error() string { return r.Problem.Error() }

// Unwrap returns the Problem.
func (r *Refusal) Unwrap() error { return r.Problem }

// Open admits a request or refuses it with a *Refusal. The record of a refusal
// is durable when Open returns. The record of an admission is being written
// meanwhile: Commit waits for it.
func (r *Route) Open(ctx context.Context, ask *Ask) (*Session, error) {
	g := r.gate
	gen := g.cfg.Generation()
	now, trusted := g.cfg.Now()
	if defect.On(defect.PageNotJudged) && ask.Page > 0 {
		now = now.Add(-5 * time.Minute)
	}
	id, err := newID(now, g.cfg.Random)
	if err != nil {
		return nil, &Refusal{Problem: problem.Unavailable}
	}
	s := &Session{
		gate: g, route: r, gen: gen, set: gen.Set, cat: gen.Set.Catalog(), ask: ask,
		sub: subjectOf(ask.Caller), now: now, trusted: trusted, id: id,
		named: make(map[string]bool), people: make(map[string]*person),
		refs: make(map[string]string), durable: make(chan error, 1), words: g.wordsOf(gen.Set),
	}
	req := s.request()
	if ask.Caller.Actor != nil {
		// What both may see is the intersection of two decisions, and a record of
		// one decision cannot be derived again from two: delegated tokens wait.
		return nil, s.refuseWith(ctx, &req, "delegation", problem.NotForTask)
	}
	why := s.admit(&req)
	if why != policy.Admitted {
		return nil, s.refuse(ctx, &req, why)
	}
	s.planned()
	if !s.takeRequest() {
		return nil, s.refuseWith(ctx, &req, "limit-requests", problem.Limit)
	}
	s.noteRead()
	s.scope = s.scopeOf()
	entry := s.decision(&req, ledger.Admit, nil)
	go func() {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.cfg.LogWait)
		defer cancel()
		_, err := g.cfg.Log.Append(wait, entry, nil)
		s.durable <- err
	}()
	return s, nil
}

// planned notes what the plan says of tasks and dates, once.
func (s *Session) planned() {
	for t := range s.plan.Tasks {
		s.infos = append(s.infos, t)
	}
	s.tasks = taskIDs(s.infos)
	s.sight = sightOf(s.sub.Person, s.tasks, s.Generation())
	now := s.now.In(s.gate.cfg.Zone)
	s.since = make([]time.Time, s.plan.Lines())
	for i := range s.since {
		back, _ := s.plan.LineWithin(i)
		s.since[i] = back.Before(now)
	}
}

// request is what Admit may look at.
func (s *Session) request() policy.Request {
	c := s.ask.Caller
	req := policy.Request{
		Roles:   c.Roles,
		Task:    nameOr(s.ask.Task, s.set.KnowsTask),
		Purpose: nameOr(s.ask.Purpose, s.set.KnowsPurpose),
		Verb:    s.verb(),
		Shows:   s.cat.ShowsOf(s.ask.Type),
		Meets:   s.route.interaction.Meets,
		Reads:   s.route.interaction.Reads,
	}
	s.own = s.gen.Facts.CallerInstances(&s.sub, s.now, s.trusted, &req.Caller, nil)
	s.affiliate(&req)
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if !k.Param.ValueDependent && !s.namesPatients(k) {
			req.Reads = req.Reads.Union(k.Param.Classes(catalog.OfRecord))
		}
	}
	for _, p := range s.ask.Sorts {
		req.Sorts = req.Sorts.Union(p.Classes(catalog.OfRecord))
	}
	return req
}

// unknownName stands in the record for what a client wrote in place of a name of the
// policy, which may be anything (L4). No policy has such a name, so that Admit, and
// its replay, refuse it as they would have refused what was written.
const unknownName = "?"

func nameOr(stated string, known func(string) bool) string {
	if stated == "" || known(stated) {
		return stated
	}
	return unknownName
}

// affiliate says for which program and partner the caller asks, and makes the
// fact `contract` hold while the partner's contract is in force, carrying its
// ceiling (policy-language section 6). Where several partners list a caller's
// roles nobody can say whose person it is, and those roles do not count.
func (s *Session) affiliate(req *policy.Request) {
	if s.ask.Caller.Program {
		req.Program = s.program()
		req.Partner = s.set.PartnerOf(req.Program)
	} else {
		req.Partner, req.Roles = s.employer(req.Roles)
	}
	contract, known := s.set.Fact("contract")
	if !known || req.Partner == "" || !s.trusted || !s.set.InForce(req.Partner, s.now) {
		return
	}
	classes, marked, _ := s.set.PartnerCeiling(req.Partner)
	req.Caller.Holds.Add(contract)
	s.own = append(s.own, facts.Instance{
		Fact: contract, Permits: true, HasClasses: true, Classes: classes, HasMarked: true, Marked: marked,
	})
}

// program is the entry of the organization's programs that the caller is: its
// client, else its subject; "" when neither is one.
func (s *Session) program() string {
	for _, name := range []string{s.ask.Caller.Client, s.ask.Caller.Subject} {
		if s.set.Program(name) != nil {
			return name
		}
	}
	return ""
}

// employer returns the one partner whose people hold one of the roles.
func (s *Session) employer(roles []string) (partner string, left []string) {
	partners := make(map[string]bool)
	for _, p := range s.set.Partners() {
		for _, r := range p.Roles {
			if slices.Contains(roles, r.Text) {
				partners[p.Name.Text] = true
				partner = p.Name.Text
			}
		}
	}
	if len(partners) <= 1 {
		return partner, roles
	}
	return "", slices.DeleteFunc(slices.Clone(roles), s.isPartnerRole)
}

func (s *Session) isPartnerRole(role string) bool {
	return slices.ContainsFunc(s.set.Partners(), func(p doc.Partner) bool {
		return slices.ContainsFunc(p.Roles, func(r doc.Word) bool { return r.Text == role })
	})
}

// verb tells listing the records of a named patient or visit, which is reading,
// from asking with criteria, which is searching (policy-language rule 12).
func (s *Session) verb() policy.Verb {
	if s.route.interaction.Verbs&policy.Search == 0 {
		return policy.Read
	}
	if len(s.ask.Patients) == 0 && s.ask.Visit == "" {
		return policy.Search
	}
	for i := range s.ask.Criteria {
		k := &s.ask.Criteria[i]
		if !k.Param.Narrow && !s.namesPatients(k) && !s.namesVisit(k) {
			return policy.Search
		}
	}
	return policy.Read
}

func (s *Session) namesVisit(k *Criterion) bool {
	encounter, _ := s.cat.Type("Encounter")
	return k.Param.NamesVisit && len(k.Refs) == 1 && k.Refs[0].Type == encounter && k.Refs[0].ID == s.ask.Visit
}

// admit asks the policy; a search that is a find (rule 13) is admitted without
// what it reads, since matching there is reading what the desk was told.
func (s *Session) admit(req *policy.Request) policy.Why {
	if s.mayFind() {
		plain := *req
		plain.Reads = catalog.ClassSet{}
		if s.set.Admit(&plain, &s.plan) == policy.Admitted {
			if s.finding = s.findsOf(); len(s.finding) > 0 {
				*req = plain
				return policy.Admitted
			}
		}
	}
	why := s.set.Admit(req, &s.plan)
	if why == policy.Admitted && !s.readable() {
		return policy.NeverKept
	}
	return why
}

// readable reports whether each criterion and sort key that reads elements of
// the record's own class, or identifiers and contact points, could be kept at all.
func (s *Session) readable() bool {
	keep := s.plan.Keepable()
	bears := s.cat.ShowsOf(s.ask.Type)
	could := func(p *catalog.Param) bool {
		if p.ValueDependent {
			return keep.Meets(p.Classes(catalog.OfRecord).Union(bears))
		}
		return !p.OfRecord() || keep.Meets(bears)
	}
	for i := range s.ask.Criteria {
		if k := &s.ask.Criteria[i]; !s.namesPatients(k) && !could(k.Param) {
			return false
		}
	}
	return !slices.ContainsFunc(s.ask.Sorts, func(p *catalog.Param) bool { return !could(p) })
}

// refuse records a refusal and returns what the client learns: a function of
// caller, facts about the caller, policy and request (N4).
func (s *Session) refuse(ctx context.Context, req *policy.Request, why policy.Why) error {
	return s.refuseWith(ctx, req, codes[why], s.problemOf(req, why))
}

func (s *Session) refuseWith(ctx context.Context, req *policy.Request, code string, p problem.Problem) error {
	e := s.decision(req, ledger.Refuse, []string{code})
	e.Status = int64(p.Status())
	if defect.On(defect.RefusalLeftOut) {
		return &Refusal{ID: s.id, Problem: p}
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.gate.cfg.LogWait)
	defer cancel()
	if _, err := s.gate.cfg.Log.Append(wait, e, nil); err != nil {
		s.gate.cfg.Diary.LogAttrs(ctx, slog.LevelError, "refusal not recorded", slog.String("decision", s.id), slog.String("door", s.route.interaction.Door))
		return &Refusal{Problem: problem.Unavailable}
	}
	return &Refusal{ID: s.id, Problem: p}
}

// Refuse records a refusal that came before an Ask could be made: a token that
// was not accepted, a request outside the door's grammar. It returns the
// decision's id, and an error where the record is not durable.
func (r *Route) Refuse(ctx context.Context, c *caller.Caller, reason string, status int) (string, error) {
	g := r.gate
	now, trusted := g.cfg.Now()
	id, err := newID(now, g.cfg.Random)
	if err != nil {
		return "", err
	}
	e := &ledger.Decision{
		ID: id, At: now.UnixMicro(), TimeTrusted: trusted, Door: r.interaction.Door,
		Interaction: r.interaction.Name, Effect: ledger.Refuse, Reasons: []string{reason},
		Status: int64(status), Who: "unknown", Generation: generationOf(g.cfg.Generation()),
	}
	if c != nil {
		e.Who, e.Roles, e.Client, e.Network, e.Behalf = c.ID, c.Roles, c.Client, c.Network, onBehalf(c)
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.cfg.LogWait)
	defer cancel()
	if _, err := g.cfg.Log.Append(wait, e, nil); err != nil {
		return id, fmt.Errorf("record a refusal: %w", err)
	}
	return id, nil
}

// Recorded returns once the decision's entry is durable: refusals that follow it,
// absence among them, are told after it as data is (L2).
func (s *Session) Recorded(ctx context.Context) error { return s.wait(ctx) }

// wait returns once the decision's entry is durable. An error means that nothing
// may leave.
func (s *Session) wait(ctx context.Context) error {
	if defect.On(defect.AppendNotAwaited) {
		return nil
	}
	if s.waited {
		return s.appendAt
	}
	select {
	case s.appendAt = <-s.durable:
	case <-ctx.Done():
		s.appendAt = errors.Join(ledger.ErrNotDurable, ctx.Err())
	}
	s.waited = true
	return s.appendAt
}

// ID is the decision's id, the value of the header Modicum-Decision.
func (s *Session) ID() string { return s.id }

// Scope says for whose records to ask the upstream.
func (s *Session) Scope() Scope { return s.scope }

// Now is the moment at which the request is judged.
func (s *Session) Now() time.Time { return s.now }

// Catalog is the vocabulary in force.
func (s *Session) Catalog() *catalog.Catalog { return s.cat }

// Generation names policy and catalog; it binds a paging cursor.
func (s *Session) Generation() string { return s.words.generation }

// Plan is what Admit laid down.
func (s *Session) Plan() *policy.Plan { return &s.plan }

// Results is the largest number of records a search may show, 0 for no limit.
func (s *Session) Results() int { return s.plan.Limits().Results }

// Find returns the look-ups that the request is (rule 13); none for any other request.
func (s *Session) Find() []policy.FindInfo { return s.finding }

// Obligations are those of the tasks that speak; the door keeps them.
func (s *Session) Obligations() policy.Obligations { return s.plan.Obligations() }

func subjectOf(c *caller.Caller) facts.Subject {
	return facts.Subject{
		Person: c.ID, Roles: c.Roles, Dept: c.Dept, Facility: c.Facility,
		Practitioners: c.Practitioners, Assurance: c.ACR,
	}
}
