package gate

import (
	"context"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
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
	mode    ledger.Mode
	would   string // why enforcing would have refused what is only observed; "" where it would not
	plan    policy.Plan
	infos   []policy.TaskInfo // of the plan's tasks
	limited []policy.TaskInfo // tasks that speak and limit how much (rule 17)
	tasks   string            // their ids, for pseudonyms
	sight   sight             // what is proven to this caller under these tasks
	since   []time.Time       // by line of the plan: how far back it reaches; zero: no bound
	finding []policy.FindInfo
	found   []string // roles in which the patient read was looked up before
	scope   Scope
	words   *words

	durable  underway // the append of the decision
	waited   bool
	appendAt error

	named    map[string]bool // patients whom the decision entry names
	people   map[string]*person
	lately   *person // of people, the one asked for last
	visits   map[string]*visit
	objects  map[string]*object
	marks    map[target]*marking           // what was looked up for the overlays that it puts on others
	unread   []catalog.Type                // of records looked up for that, which could not be read
	limits   map[catalog.Type]caller.Limit // what the token's scopes leave
	own      []facts.Instance              // about the caller alone
	loans    []Loan                        // what is lent to the caller now
	glass    bool                          // broken, for what the request names
	truth    policy.Truth                  // about the caller, as it was recorded
	refs     map[string]string             // keyed references by id of the patient
	resolved map[target]bool               // targets of references that were looked up: whether one may know of them
	hidden   map[target]bool               // records that are there only because they are observed
	sought   bool                          // the records that the criteria name were looked up
	atoms    []policy.PatientAtoms         // room for those of records to come
	last     lastView
	shape    shaper
	judged   tally
	owed     policy.Obligations // with what was committed
	opened   int64              // seq of the last opened entry
	shown    int64
	withheld int64
	closed   bool
	given    []*person // patients of whom something was committed last
	leaving  *rests    // what the answer that leaves rests on; nil while nobody watches
}

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
	s := g.room()
	s.gate, s.route, s.gen, s.set, s.cat, s.ask = g, r, gen, gen.Set, gen.Set.Catalog(), ask
	s.sub, s.now, s.trusted, s.id, s.words = subjectOf(ask.Caller), now, trusted, id, g.wordsOf(gen.Set)
	req := s.request()
	s.truth = req.Caller
	if ask.Caller.Actor != nil {
		// What both may see is the intersection of two decisions, and a record of
		// one decision cannot be derived again from two: delegated tokens wait.
		return nil, s.refuseWith(ctx, &req, "delegation", problem.NotForTask)
	}
	if !s.writes() { // what enforcing would refuse to write cannot be taken back
		s.mode = g.mode(gen.Set, r.interaction.Door, ask.Caller)
	}
	why := s.admit(&req)
	if why != policy.Admitted && !(s.observes() && s.scopesLeave()) {
		return nil, s.refuse(ctx, &req, why)
	}
	if s.plan.Why() == policy.Admitted {
		s.planned()
	}
	if !s.scopesLeave() {
		return nil, s.refuseWith(ctx, &req, "scope", problem.Scope)
	}
	switch {
	case why != policy.Admitted:
		s.admitObserved(codes[why])
	case s.takeRequest():
		s.noteRead()
	case !s.observes():
		return nil, s.refuseWith(ctx, &req, "limit-requests", problem.Limit)
	default:
		s.admitObserved("limit-requests")
	}
	s.scope = s.scopeOf()
	if s.observes() {
		s.widen()
	}
	s.durable = g.begin(s.decision(&req, ledger.Admit, nil))
	return s, nil
}

// planned notes what the plan says of tasks and dates, once.
func (s *Session) planned() {
	for t := range s.plan.Tasks {
		s.infos = append(s.infos, t)
	}
	for t := range s.plan.Speaking {
		if counted(&t) {
			s.limited = append(s.limited, t)
		}
	}
	s.tasks = taskIDs(s.infos)
	s.sight = sightOf(s.sub.Person, s.tasks, s.Generation(), scopeSight(s.ask.Caller)+s.grantSight())
	s.reach()
}

// reach works out from which moment on each line reaches back by now.
func (s *Session) reach() {
	now := s.now.In(s.gate.cfg.Zone)
	s.since = s.since[:0]
	for i := range s.plan.Lines() {
		back, _ := s.plan.LineWithin(i)
		s.since = append(s.since, back.Before(now))
	}
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
	s.appendAt = s.durable.wait(ctx)
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
func (s *Session) Results() int {
	if s.observes() {
		return 0
	}
	return s.plan.Limits().Results
}

// Find returns the look-ups that the request is (rule 13); none for any other request,
// and where a look-up is only observed, which answers like any search.
func (s *Session) Find() []policy.FindInfo {
	if s.observes() {
		return nil
	}
	return s.finding
}

// Obligations are those of the tasks that speak, and those of what was committed so
// far: a restriction that let go of a record may ask for a notice. The door keeps them.
func (s *Session) Obligations() policy.Obligations { return s.plan.Obligations() | s.owed }

// MayOwe are the obligations of the tasks that speak, and all that restrictions may put
// on records to come: what an answer names that begins before they are judged.
func (s *Session) MayOwe() policy.Obligations { return s.Obligations() | s.set.Duties() }

func subjectOf(c *caller.Caller) facts.Subject {
	return facts.Subject{
		Person: c.ID, Roles: c.Roles, Dept: c.Dept, Facility: c.Facility,
		Practitioners: c.Practitioners, Assurance: c.ACR,
	}
}
