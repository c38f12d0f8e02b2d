package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/policy"
	"modicum/policy/doc"
)

// terms completes a want and checks all of it against the policy in force: everything
// that is wrong at once.
func (b *Book) terms(by people.Actor, w Want, now int64) (*terms, error) {
	t := &terms{set: b.cfg.Policy(), want: w}
	var err error
	if t.person, t.roles, err = b.asker(by, w.Kind, now); err != nil {
		return nil, err
	}
	var p problems
	if t.task, err = b.task(t.set, t.roles, &t.want); err != nil {
		return nil, err
	}
	t.want.Role, t.want.Task = t.task.Role, t.task.Task
	for _, list := range []*[]string{&t.want.Patients, &t.want.Classes, &t.want.Overlays} {
		*list = slices.Compact(slices.Sorted(slices.Values(*list)))
	}
	t.bound = b.bind(t.person, t.roles, &t.want, time.UnixMicro(now))
	switch w.Kind {
	case Lend:
		b.lend(&p, t, now)
	case Exception:
		b.exception(&p, t, now)
	case Asked:
		b.value(&p, t, now)
	default:
		p.add("kind", "kind", "Say what you ask for: lend, exception or ask.")
	}
	b.start(&p, t, now)
	return t, refusal(p)
}

// asker is the person who asks, with their roles: a person who is here, for themselves.
// Whoever only a token of an issuer knows opens masked values and breaks the glass, as
// they read. What others decide is for people of the directory: it alone knows who else
// is the same human being (G1).
func (b *Book) asker(by people.Actor, kind Kind, now int64) (*people.Person, []string, error) {
	person := b.cfg.People.Person(by.ID)
	alone := kind == Asked || kind == Glass
	switch {
	case by.For != "":
		return nil, nil, no("acting-for", "Who acts for somebody else is lent nothing. Let them ask themselves.")
	case b.cfg.People.Program(by.ID) != nil && !defect.On(defect.ProgramsAsk):
		return nil, nil, no("program", "A program is lent nothing, approves nothing and breaks no glass. Its owner changes what it may do in the policy.")
	case person == nil && b.cfg.People.Program(by.ID) == nil && (!alone || len(by.Roles) == 0):
		return nil, nil, no("unknown", "The directory does not know you. Ask whoever runs it.")
	case person != nil && !b.cfg.People.Active(by.ID):
		return nil, nil, no("gone", "You are not active in the directory. Ask whoever runs it.")
	}
	if person == nil {
		person = &people.Person{ID: by.ID}
	}
	roles := append(b.cfg.People.Roles(by.ID, now), by.Roles...)
	return person, slices.Compact(slices.Sorted(slices.Values(roles))), nil
}

// task finds the task that is meant, among those of the roles.
func (b *Book) task(set *policy.Set, roles []string, w *Want) (policy.TaskInfo, error) {
	var found []policy.TaskInfo
	var names []string
	for _, t := range set.TasksOf(roles) {
		names = append(names, t.ID)
		if t.Task == w.Task && (w.Role == "" || t.Role == w.Role) {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return policy.TaskInfo{}, no("task-ambiguous", "Two of your roles have this task. Say which: ROLE/TASK.")
	case len(names) == 0:
		return policy.TaskInfo{}, no("task", "You hold no role that has a task now.")
	}
	return policy.TaskInfo{}, no("task", "Name one of your tasks: "+strings.Join(names, ", ")+".")
}

func (b *Book) lend(p *problems, t *terms, now int64) {
	l := t.task.Lend
	if l == nil {
		p.add("task", "not-lent", "This task has nothing that is lent. If a kind of data is missing, ask for one more field (exception); in an emergency break the glass.")
		return
	}
	t.approve, t.length = texts(l.Approve), 0
	t.nothing(p, "classes", t.want.Classes)
	t.nothing(p, "overlays", t.want.Overlays)
	t.nothing(p, "record", nonEmpty(t.want.Record))
	t.patients(p, max(1, l.Patients))
	t.duration(p, l.For, now)
	b.reason(p, &t.want.Reason, l.Reasons, t.bound)
}

func (b *Book) exception(p *problems, t *terms, now int64) {
	e := t.set.Folder().Organization.Exceptions
	if e == nil {
		p.add("kind", "no-exceptions", "This organization lends no single fields. Ask whoever owns your role to change it.")
		return
	}
	t.approve = texts(e.Approve)
	t.nothing(p, "record", nonEmpty(t.want.Record))
	t.patients(p, max(1, e.Patients))
	t.duration(p, e.For, now)
	if len(t.want.Classes)+len(t.want.Overlays) == 0 {
		p.add("classes", "classes", "Name the kind of data that is missing by its class, such as clinical.lab, or the marking, such as sensitive.hiv.")
	}
	t.named(p, "classes", t.want.Classes, false)
	t.named(p, "overlays", t.want.Overlays, true)
	b.reason(p, &t.want.Reason, nil, t.bound)
}

func (b *Book) value(p *problems, t *terms, now int64) {
	t.nothing(p, "overlays", t.want.Overlays)
	if len(t.want.Patients) > 1 {
		p.add("patients", "patients", "A masked value is that of one record.")
	}
	if typ, id, ok := strings.Cut(t.want.Record, "/"); !ok || !fhirID(id) || !t.knowsType(typ) {
		p.add("record", "record", "Name the record whose value is masked, as Type/id.")
	}
	if len(t.want.Classes) == 0 {
		p.add("classes", "classes", "Name the class of the masked value, such as identifiers.ssn.")
	}
	for _, name := range t.want.Classes {
		if !t.asks(name) {
			p.add("classes", "not-masked", "This task has nothing masked of "+quoteName(name)+" that could be asked for.")
		}
	}
	if t.want.From != 0 {
		p.add("from", "from", "A masked value opens now, not later.")
	}
	for _, patient := range t.want.Patients {
		if !fhirID(patient) {
			p.add("patients", "patients", "Name patients by their ids, such as p1.")
		}
	}
	t.duration(p, t.set.Folder().Organization.Ask, now)
	b.reason(p, &t.want.Reason, nil, t.bound)
}

// nothing says that a field has no place in this kind of want.
func (t *terms) nothing(p *problems, field string, list []string) {
	if len(list) > 0 {
		p.add(field, "no-place", "Leave "+field+" out: it has no place in what you ask for.")
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func (t *terms) patients(p *problems, most int) {
	switch n := len(t.want.Patients); {
	case n == 0:
		p.add("patients", "patients", "Name the patient whom you need it for.")
	case n > most:
		p.add("patients", "patients", fmt.Sprintf("The policy lends this for at most %d patients at once.", most))
	}
	for _, id := range t.want.Patients {
		if !fhirID(id) {
			p.add("patients", "patients", "Name patients by their ids, such as p1.")
			return
		}
	}
}

// duration takes the policy's own where none was said, and never more.
func (t *terms) duration(p *problems, most doc.Span, now int64) {
	t.length = span(t.set, most, max(t.want.From, now))
	switch {
	case t.want.For == 0:
		t.want.For = t.length
	case t.want.For < 0 || t.want.For > t.length && !defect.On(defect.LentForEver):
		p.add("for", "for", "The policy lends this for at most "+most.String()+".")
	default:
		t.length = t.want.For
	}
}

// start: now, or later, not in the past.
func (b *Book) start(p *problems, t *terms, now int64) {
	switch from := t.want.From; {
	case from == 0:
	case from < now-time.Minute.Microseconds():
		p.add("from", "from", "It cannot begin in the past. Leave the start out to begin when it is approved.")
	case from > now+farAhead.Microseconds():
		p.add("from", "from", "It may begin at most 30 days from now.")
	}
}

// named checks classes or overlays of an exception: known, of the right kind, and none
// that the role never sees.
func (t *terms) named(p *problems, field string, names []string, overlay bool) {
	if len(names) > 16 {
		p.add(field, field, "Name at most 16.")
		return
	}
	for _, name := range names {
		class, known := t.set.Catalog().Class(name)
		_, is := t.set.Catalog().OverlayOf(class)
		switch {
		case !known:
			p.add(field, field, "There is no class "+quoteName(name)+". The nearest is "+t.set.Catalog().Nearest(name)+".")
		case is != overlay:
			p.add(field, field, "Kinds of data go under classes, markings (sensitive.…) under overlays.")
		case t.never(name):
			p.add(field, "never", "Your role never sees "+quoteName(name)+", so it is not lent. Somebody of another role has to do this.")
		}
	}
}

// never reports whether the role never sees a class or overlay.
func (t *terms) never(name string) bool {
	role, _ := t.set.RoleOf(t.task.Role)
	return slices.ContainsFunc(role.Never, func(w doc.Word) bool {
		return name == w.Text || strings.HasPrefix(name, w.Text+".")
	})
}

// asks reports whether a line of the task has the class under ask.
func (t *terms) asks(name string) bool {
	class, known := t.set.Catalog().Class(name)
	return known && slices.ContainsFunc(t.set.Sees(class), func(l policy.Seer) bool {
		return l.Role == t.task.Role && l.Task == t.task.Task && l.Treatment == "ask"
	})
}

func (t *terms) knowsType(name string) bool {
	_, ok := t.set.Catalog().Type(name)
	return ok
}

// quoteName gives a class name back only where it looks like one: what a client wrote
// may be anything.
func quoteName(s string) string {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return "of that name"
		}
	}
	if s == "" || len(s) > 64 {
		return "of that name"
	}
	return s
}

// fhirID is the grammar of hl7.org/fhir/R4/datatypes.html#id.
func fhirID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
