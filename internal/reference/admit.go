package reference

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// Request is what Admit may look at, as policy.Request says it, in names.
type Request struct {
	Roles                                       []string
	Task, Purpose, Program, Partner, Disclosure string
	Verb                                        policy.Verb
	Shows                                       Classes // what the thing asked for can bear
	Reads                                       Classes // what the criteria read whatever the record is
	Sorts                                       Classes
	Caller                                      map[string]Truth // facts about the caller
	Meets                                       []string         // obligations
	To                                          []string         // kinds of recipient
	Exception                                   bool
	Lent                                        Classes
}

// Decision is the outcome of Admit: why, and the lines that may count.
type Decision struct {
	Why policy.Why
	// Purpose by name, and the HL7 code that is recorded.
	Purpose, Code string

	model    *Model
	request  *Request
	speaks   []*task
	counts   []*task // of these, those with a line that may count
	lines    []*line
	ceilings []*doc.Partner // nil in it: a partner whom nobody knows, who may see nothing
	program  *doc.Program
}

// Admit decides before anything is fetched (design 5, step 3).
func (m *Model) Admit(r *Request) *Decision {
	d := &Decision{model: m, request: r}
	d.Why = d.admit()
	if d.Why != policy.Admitted {
		d.speaks, d.counts, d.lines, d.Purpose, d.Code = nil, nil, nil, "", ""
	}
	return d
}

func (d *Decision) admit() policy.Why {
	if d.request.Verb.String() == "" || strings.Contains(d.request.Verb.String(), " ") {
		return policy.NoVerb // none, or several
	}
	if why := d.speak(); why != policy.Admitted {
		return why
	}
	d.Purpose = d.speaks[0].purpose
	d.Code = d.code()
	// A task whose obligation the door cannot meet does not speak there (section 2).
	d.speaks = slices.DeleteFunc(d.speaks, func(k *task) bool { return !all(k.obligations, d.request.Meets) })
	if len(d.speaks) == 0 {
		return policy.CannotMeet
	}
	if !d.underCeilings() {
		return policy.UnknownPurpose
	}
	if why := d.count(); why != policy.Admitted {
		return why
	}
	if !d.sorts() {
		return policy.NeverKept
	}
	return policy.Admitted
}

// code is the HL7 code that is recorded: ETREAT or BTG where stated, else the first
// that the organization lists (section 5).
func (d *Decision) code() string {
	if glassCode(d.request.Purpose) {
		return d.request.Purpose
	}
	p, _ := d.model.purpose(d.Purpose)
	if len(p.Codes) == 0 {
		return ""
	}
	return p.Codes[0].Text
}

// speak is rule 2: which tasks speak.
func (d *Decision) speak() policy.Why {
	m, r := d.model, d.request
	switch {
	case r.Disclosure != "":
		k := m.disclosure(r.Disclosure)
		if k == nil {
			return policy.UnknownTask
		}
		return d.speakOnly(k)
	case r.Program != "":
		return d.speakProgram()
	}
	return d.speakPerson()
}

// speakProgram: one program, one task (section 5). What is stated beside it must
// agree.
func (d *Decision) speakProgram() policy.Why {
	m, r := d.model, d.request
	for i := range m.folder.Organization.Programs {
		p := &m.folder.Organization.Programs[i]
		if p.Name.Text != r.Program {
			continue
		}
		for _, k := range m.tasksOf(m.role(p.Role.Text)) {
			if k.name != p.Task.Text {
				continue
			}
			if r.Task != "" && r.Task != k.name && r.Task != k.id {
				return policy.UnknownTask
			}
			d.program = p
			return d.speakOnly(k)
		}
	}
	return policy.NoRole
}

func (d *Decision) speakOnly(k *task) policy.Why {
	d.speaks = []*task{k}
	said := d.request.Purpose
	switch {
	case said == "":
		return policy.Admitted
	case glassCode(said) && k.glass:
		return policy.Admitted
	case !glassCode(said) && d.model.purposeName(said) == k.purpose:
		return policy.Admitted
	}
	return policy.UnknownPurpose
}

func (m *Model) role(name string) *doc.Role {
	for i := range m.folder.Roles {
		if m.folder.Roles[i].Name.Text == name {
			return &m.folder.Roles[i]
		}
	}
	return nil
}

func (d *Decision) speakPerson() policy.Why {
	held := d.model.held(d.request.Roles)
	if len(held) == 0 {
		return policy.NoRole
	}
	free, dropped := d.model.outOfConflict(held, d.request.Roles)
	tasks, why := d.pick(free)
	d.speaks = tasks
	if len(dropped) == 0 || why != policy.NoRole && why != policy.UnknownTask && why != policy.UnknownPurpose {
		return why
	}
	// Who holds two roles in conflict is told so where it is what stands in the way.
	if _, would := d.pick(dropped); len(free) == 0 || would == policy.Admitted || would == policy.PurposesDiffer {
		return policy.RolesInConflict
	}
	return why
}

// held returns the roles that the policy knows and that people hold, once each.
func (m *Model) held(names []string) []*doc.Role {
	var out []*doc.Role
	for i := range m.folder.Roles {
		r := &m.folder.Roles[i]
		if slices.Contains(names, r.Name.Text) && r.HeldBy.Text != "programs" {
			out = append(out, r)
		}
	}
	return out
}

// outOfConflict: who holds two roles in conflict holds neither (section 5,
// conflicts). A role of programs that a person claims is in conflict all the same.
func (m *Model) outOfConflict(held []*doc.Role, claimed []string) (free, dropped []*doc.Role) {
	for _, r := range held {
		if m.inConflict(r.Name.Text, claimed) {
			dropped = append(dropped, r)
		} else {
			free = append(free, r)
		}
	}
	return free, dropped
}

func (m *Model) inConflict(role string, claimed []string) bool {
	return slices.ContainsFunc(m.folder.Organization.Conflicts, func(c doc.Conflict) bool {
		return contains(c.Roles, role) && slices.ContainsFunc(c.Roles, func(w doc.Word) bool {
			return w.Text != role && slices.Contains(claimed, w.Text)
		})
	})
}

// pick is rule 2 for the roles of a person: the named task in each role, or all
// tasks of the stated purpose. Never a union over purposes.
func (d *Decision) pick(roles []*doc.Role) ([]*task, policy.Why) {
	said, named := d.request.Purpose, d.request.Task
	if said != "" && !glassCode(said) && d.model.purposeName(said) == "" {
		return nil, policy.UnknownPurpose
	}
	if len(roles) == 0 {
		return nil, policy.NoRole
	}
	tasks := d.candidates(roles)
	if named == "" {
		tasks = d.ofPurpose(tasks)
	}
	switch {
	case len(tasks) == 0 && named != "":
		return nil, policy.UnknownTask
	case len(tasks) == 0:
		return nil, policy.UnknownPurpose
	case !onePurpose(tasks) && named == "" && said == "":
		return nil, policy.PurposeUnstated
	case !onePurpose(tasks):
		return nil, policy.PurposesDiffer // say role/task
	}
	if tasks = d.ofPurpose(tasks); len(tasks) == 0 {
		return nil, policy.UnknownPurpose
	}
	return tasks, policy.Admitted
}

// candidates are the tasks of the roles that bear the name asked for, or all.
func (d *Decision) candidates(roles []*doc.Role) []*task {
	var out []*task
	for _, r := range roles {
		for _, k := range d.model.tasksOf(r) {
			if d.request.Task == "" || d.request.Task == k.name || d.request.Task == k.id {
				out = append(out, k)
			}
		}
	}
	return out
}

// ofPurpose keeps the tasks of the stated purpose. A code picks the one purpose
// that lists it; ETREAT and BTG the tasks that have break-glass.
func (d *Decision) ofPurpose(tasks []*task) []*task {
	var out []*task
	said := d.request.Purpose
	for _, k := range tasks {
		switch {
		case said == "", glassCode(said) && k.glass, !glassCode(said) && k.purpose == d.model.purposeName(said):
			out = append(out, k)
		}
	}
	return out
}

func onePurpose(tasks []*task) bool {
	return !slices.ContainsFunc(tasks, func(k *task) bool { return k.purpose != tasks[0].purpose })
}

// underCeilings notes whose ceilings lie over the request: the caller's partner's
// and the program's (section 6). False where the purpose is none of theirs.
func (d *Decision) underCeilings() bool {
	names := []string{d.request.Partner}
	if d.program != nil {
		names = append(names, d.program.Partner.Text)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		p, known := d.model.partner(name)
		d.ceilings = append(d.ceilings, p)
		if known && !slices.ContainsFunc(p.Purposes, func(w doc.Word) bool { return d.model.purposeName(w.Text) == d.Purpose }) {
			return false
		}
	}
	return true
}

// underCeiling reports whether every ceiling lets a class through.
func (d *Decision) underCeiling(c catalog.Class) bool {
	return !slices.ContainsFunc(d.ceilings, func(p *doc.Partner) bool {
		return p == nil || !d.model.anyCovers(p.MaySee, c) || d.model.anyCovers(p.Never, c)
	})
}

// count finds the lines that may count. Where there is none, it says what was
// missing last: the verb, facts about the caller, something to show, or a class that
// the criteria read.
func (d *Decision) count() policy.Why {
	why := policy.NoVerb
	for _, k := range d.speaks {
		lines := k.lines
		if d.request.Exception && d.model.folder.Organization.Exceptions != nil && k.role != "" {
			lines = append(slices.Clone(lines), k.exceptionLine())
		}
		before := len(d.lines)
		for _, l := range lines {
			lacks := d.lacks(l)
			if lacks == policy.Admitted {
				d.lines = append(d.lines, l)
				continue
			}
			why = max(why, lacks) // NoVerb < CallerFacts < ShowsNothing < NeverKept
		}
		if len(d.lines) > before {
			d.counts = append(d.counts, k)
		}
	}
	switch {
	case len(d.lines) > policy.MaxLines:
		return policy.TooManyLines
	case len(d.lines) == 0:
		return why
	}
	return policy.Admitted
}

// lacks says what keeps a line from counting, Admitted where nothing does.
func (d *Decision) lacks(l *line) policy.Why {
	switch {
	case !slices.Contains(l.verbs, d.request.Verb.String()):
		return policy.NoVerb
	case !d.callerSuffices(l):
		return policy.CallerFacts
	case !d.canShow(l):
		return policy.ShowsNothing
	case !d.keepsAll(l, d.request.Reads):
		return policy.NeverKept
	}
	return policy.Admitted
}

// callerSuffices: the line could hold as far as the facts about the caller go.
func (d *Decision) callerSuffices(l *line) bool {
	ask := func(fact string, _ bool) answer {
		return answerOf(!d.model.aboutCaller(fact) || d.request.Caller[fact].Holds)
	}
	return d.model.hold(l.While, ask) == yes && d.model.allOf(l.of(), ask) == yes
}

func (d *Decision) canShow(l *line) bool {
	for c := range d.request.Shows {
		if d.request.Shows[c] && d.underCeiling(c) && (d.shows(l, c) || d.mayLend(l, c)) {
			return true
		}
	}
	return false
}

// shows reports whether a line can show a class in any way; for create and update,
// whether it may write it (rule 12: what is under keep or ask).
func (d *Decision) shows(l *line, c catalog.Class) bool {
	t, ask := d.model.sees(l, c)
	if d.writes() {
		return t == policy.Keep || ask
	}
	return t > policy.Omit
}

func (d *Decision) writes() bool {
	return d.request.Verb == policy.Create || d.request.Verb == policy.Update
}

// mayLend: what is lent may show on the exception's line, but for what its role
// never sees (rules 10 and 14).
func (d *Decision) mayLend(l *line, c catalog.Class) bool {
	return l.exception && d.request.Lent[c] && !d.model.anyCovers(l.task.never, c)
}

func (d *Decision) keepsAll(l *line, read Classes) bool {
	for c := range read {
		if read[c] && !d.keeps(l, c) {
			return false
		}
	}
	return true
}

func (d *Decision) keeps(l *line, c catalog.Class) bool {
	t, _ := d.model.sees(l, c)
	return d.underCeiling(c) && (t == policy.Keep || d.mayLend(l, c))
}

// sorts: a sort key must be under keep in every task that may count (rule 12).
func (d *Decision) sorts() bool {
	for c := range d.request.Sorts {
		for _, k := range d.counts {
			if d.request.Sorts[c] && !d.keptBy(k, c) {
				return false
			}
		}
	}
	return true
}

// keptBy reports whether a task keeps a class: by a line that needs no grant, or, in
// a task all of whose lines need one, by one of those.
func (d *Decision) keptBy(k *task, c catalog.Class) bool {
	lines := slices.DeleteFunc(slices.Clone(d.lines), func(l *line) bool { return l.task != k || l.exception })
	free := slices.DeleteFunc(slices.Clone(lines), (*line).lent)
	if len(free) > 0 {
		lines = free
	}
	return slices.ContainsFunc(lines, func(l *line) bool {
		t, _ := d.model.sees(l, c)
		return t == policy.Keep && d.underCeiling(c)
	})
}
