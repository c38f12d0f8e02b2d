package oversight

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"modicum/catalog"
	"modicum/ledger"
)

// Kinds of what is looked for, beside those of the ledger.
const (
	Shown  = "shown"      // requests that showed something
	CutOff = "cut-off"    // answers that ended before they were whole
	Reads  = "reads"      // who read the record
	All    = "everything" // these as well
)

// Kinds are all that Asked.Kind may be, but "", which is requests and acts.
func Kinds() []string {
	return []string{string(ledger.KindDecision), Shown, CutOff, string(ledger.KindAct), Reads, All}
}

// Asked is a search as somebody typed it. What is empty does not restrict.
type Asked struct {
	Who     string // id or user name
	Patient string // id of the chart, or a reference of the record
	Kind    string // one of Kinds
	Effect  string
	Role    string
	Task    string // TASK, or ROLE/TASK
	Purpose string
	Door    string
	Grant   string
	From    int64 // microseconds since 1970, UTC
	To      int64 // exclusive
	Before  int64
	Limit   int
}

// Wrong is one thing that is wrong with a search.
type Wrong struct{ Field, Say string }

// Query is what somebody asked as the record knows it, or everything that is wrong with it.
// What is searched by is on record with whoever searches: so nothing goes through that
// directory, policy and form do not know.
func (r *Record) Query(a Asked) (Query, []Wrong) {
	var wrong []Wrong
	fail := func(field, say string) { wrong = append(wrong, Wrong{field, say}) }
	q := Query{Role: a.Role, Task: a.Task, Purpose: a.Purpose, Door: a.Door, Grant: a.Grant, Effect: ledger.Effect(a.Effect), From: a.From, To: a.To, Before: a.Before, Limit: a.Limit}
	q.Who, _ = r.Known(a.Who)
	if role, task, both := strings.Cut(a.Task, "/"); both {
		if a.Role != "" && a.Role != role {
			fail("task", "This task is not one of the role: choose another, or any role.")
		}
		q.Role, q.Task = role, task
	}
	for _, one := range []struct {
		field, value string
		known        func() []string
	}{
		{"kind", a.Kind, Kinds}, {"role", q.Role, r.roles}, {"task", q.Task, r.tasks}, {"purpose", a.Purpose, r.purposes}, {"door", a.Door, func() []string { return r.Doors }},
		{"effect", a.Effect, func() []string { return []string{string(ledger.Admit), string(ledger.Refuse)} }},
	} {
		if one.value != "" && !slices.Contains(one.known(), one.value) {
			fail(one.field, "There is no such "+one.field+".")
		}
	}
	q.of(a.Kind)
	if a.From != 0 && a.To != 0 && a.From >= a.To {
		fail("to", "The end lies before the beginning.")
	}
	if _, err := uuid.Parse(a.Grant); a.Grant != "" && err != nil {
		fail("grant", "It is a number like 01a20b3b-b8f1-75e7-8843-7fe0e435acc6.")
	}
	var ok bool
	if q.Patient, ok = r.patient(a.Patient); !ok {
		fail("patient", "Name the patient by the id of the chart: letters, digits, - and . only.")
	}
	return q, wrong
}

// of takes over which kind is looked for.
func (q *Query) of(kind string) {
	switch kind {
	case Shown:
		q.Kind, q.Shown = ledger.KindDecision, true
	case CutOff:
		q.Kind, q.CutOff = ledger.KindDecision, true
	case Reads:
		q.OnlyReads = true
	case All:
		q.Reads = true
	default:
		q.Kind = ledger.Kind(kind)
	}
}

func (r *Record) roles() []string { return r.Policy().Roles() }

func (r *Record) tasks() (out []string) {
	for t := range r.Policy().Tasks {
		out = append(out, t.Task)
	}
	return out
}

func (r *Record) purposes() (out []string) {
	for _, p := range r.Policy().Purposes() {
		out = append(out, p.Name.Text)
	}
	return out
}

// keyedRef is how the record names a patient.
var keyedRef = regexp.MustCompile(`^[A-Za-z0-9._-]{1,16}:[A-Za-z0-9_-]{22,64}$`)

// patient turns what was typed into the reference by which the record names patients.
func (r *Record) patient(typed string) (ref string, ok bool) {
	id := strings.TrimPrefix(typed, "Patient/")
	switch {
	case id == "", keyedRef.MatchString(id):
		return id, true // a reference of the record itself
	case !catalog.IsID(id):
		return "", false
	}
	return r.Refs.Ref("Patient/" + id), true
}

// Known is the id of whoever was typed: an id or a user name of the directory.
func (r *Record) Known(typed string) (id string, known bool) {
	if typed == "modicum" || r.People.Person(typed) != nil || r.People.Program(typed) != nil {
		return typed, true
	}
	if p := r.People.ByUserName(typed); p != nil {
		return p.ID, true
	}
	return typed, false
}

// Told is what the record says of a search, as search or export: what was looked for, as
// far as directory and policy know it. Who was typed that the directory does not know may be
// anything; the patient stands in the entry by reference.
func (r *Record) Told(as string, a Asked) []string {
	out := []string{as}
	if id, known := r.Known(a.Who); a.Who != "" {
		out = append(out, "who")
		if known {
			out[1] = "who=" + id
		}
	}
	for _, one := range [][2]string{
		{"from", moment(a.From)}, {"to", moment(a.To)}, {"kind", a.Kind}, {"effect", a.Effect}, {"role", a.Role}, {"task", a.Task}, {"purpose", a.Purpose}, {"door", a.Door},
		{"grant", a.Grant}, {"before", position(a.Before)},
	} {
		if one[1] != "" {
			out = append(out, one[0]+"="+one[1])
		}
	}
	return out
}

func moment(at int64) string {
	if at == 0 {
		return ""
	}
	return time.UnixMicro(at).UTC().Format(time.RFC3339)
}

func position(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
