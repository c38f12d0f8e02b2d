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

// Decision is the outcome of Admit: why, and the lines that may count. It is one
// goroutine's.
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
	seen     map[*line]map[catalog.Class]saw // what View asked before
}

// saw is how a line shows a class.
type saw struct {
	t   policy.Treatment
	ask bool
}

// sees is Model.sees, which records one after another ask for the same.
func (d *Decision) sees(l *line, c catalog.Class) (t policy.Treatment, ask bool) {
	if d.seen[l] == nil {
		if d.seen == nil {
			d.seen = map[*line]map[catalog.Class]saw{}
		}
		d.seen[l] = map[catalog.Class]saw{}
		for c := range d.model.content {
			t, ask := d.model.sees(l, c)
			d.seen[l][c] = saw{t, ask}
		}
	}
	s := d.seen[l][c]
	return s.t, s.ask
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
