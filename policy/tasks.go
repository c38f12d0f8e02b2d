package policy

import (
	"modicum/catalog"
	"modicum/policy/doc"
)

// Limits are the narrowest of each kind over the tasks that speak (rule 17).
// Zero means no limit was written. A rate is kept for each unit of time, because
// ten a minute and a hundred a day do not compare: both hold.
type Limits struct {
	Results  int // of a search
	Rows     int // of an export
	Patients Rates
	Asks     Rates
	Requests Rates
	// Export is the place to which data may be taken out: none, desk,
	// workspace, portal or partner. "none" also where tasks differ.
	Export string
}

// Rates is the largest count in each unit of time; zero is no limit.
type Rates struct{ Minute, Hour, Day int }

// TaskInfo describes a task, as what a caller may do or as what a Plan decides by.
type TaskInfo struct {
	Role, Task  string // Role is "" for a disclosure
	ID          string // "nurse/give-care"
	Title       string
	Purpose     string
	Code        string // the HL7 code that is recorded
	Verbs       Verb   // of any of its lines
	Exempt      string // the exception of 45 CFR 164.502(b)(2), "" when none
	Say         string
	Justify     string
	Resolve     bool // references: resolve
	Limits      Limits
	Obligations Obligations
	Find        *FindInfo
	BreakGlass  *doc.Glass // nil: none
	Lend        *doc.Lend  // of the line that is lent; nil: none
	Disclosure  *doc.Disclosure
	To          Recipients
}

// FindInfo says how a task looks for a patient it does not yet count for, rule 13.
type FindInfo struct {
	Role, Task string
	By         []catalog.Class // values of AtLeast of them must be given
	AtLeast    int
	Show       View
	Results    int      // the task's limit; 0 when none was written
	For        doc.Span // how long a found patient stays found
}

func (s *Set) info(n int) TaskInfo { return s.infos[n] }

func (s *Set) makeInfo(n int) TaskInfo {
	t := &s.tasks[n]
	info := TaskInfo{
		Task: t.name, ID: t.id, Title: t.title, Purpose: s.purposes[t.purpose].name, Code: s.purposes[t.purpose].code,
		Exempt: t.exempt, Say: t.say, Justify: t.justify, Resolve: t.resolve, Limits: t.limits, Obligations: t.obligations,
		Disclosure: t.disclosure, To: t.to, Find: s.findInfo(n),
	}
	if t.role >= 0 {
		info.Role = s.roles[t.role].name
		info.BreakGlass = t.doc.BreakGlass
	}
	for i := t.first; i < t.end; i++ {
		info.Verbs |= s.lines[i].verbs
		if s.lines[i].lend != nil {
			info.Lend = s.lines[i].lend
		}
	}
	return info
}

// Tasks yields every task of every role, disclosures aside.
func (s *Set) Tasks(yield func(TaskInfo) bool) {
	for i := range s.infos {
		if s.tasks[i].role >= 0 && !yield(s.infos[i]) {
			return
		}
	}
}

// FindFor is how long a found patient stays found (rule 13).
func (s *Set) FindFor() doc.Span { return s.folder.Organization.Find }

func (s *Set) findInfo(n int) *FindInfo {
	t := &s.tasks[n]
	if t.find == nil {
		return nil
	}
	return &FindInfo{
		Role: s.roles[t.role].name, Task: t.name, By: t.find.by, AtLeast: t.find.atLeast, Show: t.find.show,
		Results: t.limits.Results, For: s.folder.Organization.Find,
	}
}

// Tasks yields the tasks of which some line may count, in document order of the
// caller's roles.
func (p *Plan) Tasks(yield func(TaskInfo) bool) {
	for _, t := range p.count {
		if !yield(p.set.info(t)) {
			return
		}
	}
}

// Speaking yields all tasks that speak (rule 2), in document order of the caller's
// roles: those of Tasks, and those with no line that may count. Limits are counted for
// all of them (rule 17).
func (p *Plan) Speaking(yield func(TaskInfo) bool) {
	if p.why != Admitted {
		return
	}
	for _, t := range p.speak {
		if !yield(p.set.info(t)) {
			return
		}
	}
}

// Limits returns the narrowest limit of each kind over the tasks that speak, those
// with no line that may count among them: a fact that lets one more task count must
// not narrow what the others allow (rules 4 and 17).
func (p *Plan) Limits() Limits {
	var out Limits
	if p.why != Admitted {
		return out
	}
	for i, t := range p.speak {
		l := &p.set.tasks[t].limits
		if i == 0 {
			out = *l
			continue
		}
		out.Results = narrower(out.Results, l.Results)
		out.Rows = narrower(out.Rows, l.Rows)
		out.Patients = out.Patients.with(l.Patients)
		out.Asks = out.Asks.with(l.Asks)
		out.Requests = out.Requests.with(l.Requests)
		if out.Export != l.Export {
			out.Export = "none"
		}
	}
	return out
}

func narrower(a, b int) int {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (r Rates) with(o Rates) Rates {
	return Rates{narrower(r.Minute, o.Minute), narrower(r.Hour, o.Hour), narrower(r.Day, o.Day)}
}

// Obligations returns those of all tasks that may count. What restrictions add
// comes with each Verdict.
func (p *Plan) Obligations() Obligations {
	var o Obligations
	for _, t := range p.count {
		o |= p.set.tasks[t].obligations
	}
	return o
}

// Exempt returns the exceptions of 45 CFR 164.502(b)(2) that tasks of the Plan
// name, for the record; an exemption opens nothing (rule 15).
func (p *Plan) Exempt() []string {
	var out []string
	for _, t := range p.count {
		if e := p.set.tasks[t].exempt; e != "" {
			out = append(out, e)
		}
	}
	return out
}

// Find returns how the tasks that may count look for patients: those with a
// `find` whose facts about the caller hold. A broken glass finds nobody.
func (p *Plan) Find() []FindInfo {
	var out []FindInfo
	for _, t := range p.count {
		info := p.set.findInfo(t)
		if info == nil || !p.callerMay(t) {
			continue
		}
		p.ceil(&info.Show)
		out = append(out, *info)
	}
	return out
}

// callerMay reports whether the task's own facts about the caller hold, lines of
// `also` aside.
func (p *Plan) callerMay(t int) bool {
	for _, k := range p.set.lines[p.set.tasks[t].first].conjs {
		if k.caller.in(&p.caller.Holds) {
			return true
		}
	}
	return false
}

// TasksOf returns the tasks of somebody with these roles, so that a person can be
// told what to name. Roles in conflict have none.
func (s *Set) TasksOf(roles []string) []TaskInfo {
	var p Plan
	p.set = s
	p.hold(roles)
	p.dropConflicts()
	var out []TaskInfo
	for i := range s.roles {
		if p.held[i>>6]&(1<<(i&63)) == 0 {
			continue
		}
		for _, t := range s.roles[i].tasks {
			out = append(out, s.info(t))
		}
	}
	return out
}

// Conflicts returns, for each conflict that the roles run into, the words that
// say why nobody holds both.
func (s *Set) Conflicts(roles []string) []doc.Conflict {
	var p Plan
	p.set = s
	p.hold(roles)
	var out []doc.Conflict
	for i, set := range s.conflicts {
		n := 0
		for w := range set {
			for b := p.claimed[w] & set[w]; b != 0; b &= b - 1 {
				n++
			}
		}
		if n > 1 {
			out = append(out, s.folder.Organization.Conflicts[i])
		}
	}
	return out
}

// TasksThatWould returns the caller's own tasks that Admit would let a request go
// on with, were it made for them: what a refusal may suggest. It looks at the
// Request alone.
func (s *Set) TasksThatWould(r *Request) []TaskInfo {
	var out []TaskInfo
	var p Plan
	for _, t := range s.TasksOf(r.Roles) {
		try := *r
		try.Task, try.Purpose, try.Program, try.Disclosure = t.ID, "", "", ""
		if s.Admit(&try, &p) == Admitted {
			out = append(out, t)
		}
	}
	return out
}

// KnowsTask reports whether some task, of a role or a disclosure, has this name or ID.
func (s *Set) KnowsTask(name string) bool { return s.taskNames[name] }

// KnowsPurpose reports whether a request may state this purpose: by its name or code, or
// as one of the codes of a broken glass.
func (s *Set) KnowsPurpose(stated string) bool {
	_, ok := s.purposeOf[stated]
	return ok || glassCode(stated)
}

// Task returns a task by its ID, "nurse/give-care".
func (s *Set) Task(id string) (TaskInfo, bool) {
	for n := range s.tasks {
		if s.tasks[n].id == id {
			return s.info(n), true
		}
	}
	return TaskInfo{}, false
}

// Roles returns the names of all roles, in document order.
func (s *Set) Roles() []string {
	var out []string
	for i := range s.roles {
		out = append(out, s.roles[i].name)
	}
	return out
}

// RoleOf returns a role as it was written.
func (s *Set) RoleOf(name string) (*doc.Role, bool) {
	i, ok := s.roleOf[name]
	if !ok {
		return nil, false
	}
	return s.roles[i].doc, true
}

// Recipients returns the set of the named kinds and partners, whose kind counts;
// false when the policy knows one of them not.
func (s *Set) Recipients(names ...string) (Recipients, bool) {
	var out Recipients
	for _, n := range names {
		if kind, ok := recipientKinds[n]; ok {
			out |= kind
			continue
		}
		i, ok := s.partnerOf[n]
		if !ok {
			return 0, false
		}
		out |= s.partners[i].kind
	}
	return out, true
}

// Names returns the kinds of recipient in r.
func (r Recipients) Names() []string {
	var out []string
	for i, name := range recipientNames {
		if r&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// PartnerKind returns the kind of a partner.
func (s *Set) PartnerKind(name string) (Recipients, bool) {
	i, ok := s.partnerOf[name]
	if !ok {
		return 0, false
	}
	return s.partners[i].kind, true
}

// PartnerCeiling returns what the fact `contract` carries for the people and
// programs of a partner while its contract is in force.
func (s *Set) PartnerCeiling(name string) (catalog.ClassSet, catalog.OverlaySet, bool) {
	i, ok := s.partnerOf[name]
	if !ok {
		return catalog.ClassSet{}, 0, false
	}
	return s.partners[i].classes, s.partners[i].lifts, true
}

// Partners returns the partners as they were written.
func (s *Set) Partners() []doc.Partner { return s.folder.Partners }

// Programs returns the programs as they were written.
func (s *Set) Programs() []doc.Program { return s.folder.Organization.Programs }

// Duties are the obligations of all restrictions together: what may be owed for records
// that are not judged yet.
func (s *Set) Duties() Obligations { return s.duties }

// Names returns the obligations in o as policies write them.
func (o Obligations) Names() []string {
	if o == 0 {
		return nil
	}
	var out []string
	for _, n := range obligationOrder {
		if o&obligationNames[n] != 0 {
			out = append(out, n)
		}
	}
	return out
}

var obligationOrder = [...]string{"record-session", "watermark", "part2-notice", "no-reidentification", "redact-text", "delete-after-use"}

func limitsOf(d doc.Limits) Limits {
	return Limits{
		Results: d.Results, Rows: d.Rows, Patients: ratesOf(d.Patients), Asks: ratesOf(d.Asks), Requests: ratesOf(d.Requests),
		Export: orElse(d.Export.Text, "none"),
	}
}

func ratesOf(r *doc.Rate) Rates {
	if r == nil {
		return Rates{}
	}
	switch r.Unit {
	case "minute":
		return Rates{Minute: r.Count}
	case "hour":
		return Rates{Hour: r.Count}
	}
	return Rates{Day: r.Count}
}
