// Package observe tells from the record what enforcing would have withheld while a
// door only observed, so that a hospital sees its gap before it switches.
//
// It reads decisions and nothing else: the same entries give the same report, here
// and on a copy of the ledger's folder.
package observe

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"modicum/ledger"
)

// Examples is how many decisions a line of the report names.
const Examples = 3

// Report is what enforcing would have changed.
type Report struct {
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Observed are decisions under which a request was let through whatever the policy says;
	// an answer that rests on several (a batch, an _include) counts each.
	Observed int64 `json:"observed"`
	Alike    int64 `json:"alike"` // of these, those that enforcing would have answered alike
	// Refused are requests that enforcing would have refused.
	Refused []Refusal `json:"would_refuse"`
	// Tasks are those of the requests that enforcing would have admitted.
	Tasks []Task `json:"tasks"`
	// Unread are requests that were refused although observed: nothing read them.
	Unread []Refusal `json:"refused"`
}

// Refusal counts requests that were, or would have been, refused alike.
type Refusal struct {
	Roles    string   `json:"roles"`          // of the caller
	Task     string   `json:"task,omitempty"` // as stated
	Reason   string   `json:"reason"`
	Requests int64    `json:"requests"`
	Records  int64    `json:"records"` // that left
	Examples []string `json:"examples"`
}

// Task says what enforcing would have taken from the answers of a task.
type Task struct {
	Role     string `json:"role"`
	Task     string `json:"task"`
	Requests int64  `json:"requests"`
	Records  int64  `json:"records"` // that left
	Partly   int64  `json:"partly"`  // of these, those of which something would have been taken
	Withheld int64  `json:"withheld"`
	// Absent are the records that would not have been there, by type.
	Absent []Absent `json:"absent"`
	// Classes are those of records that would have been there, in part.
	Classes []Class `json:"classes"`
}

// Absent counts records of a type that would not have been there.
type Absent struct {
	Type     string   `json:"type"`
	Because  string   `json:"because"`
	Records  int64    `json:"records"`
	Examples []string `json:"examples"`
}

// Class counts records of which something of the class would have been taken, and how
// it would have shown.
type Class struct {
	Class    string   `json:"class"`
	How      string   `json:"how"` // omit, mask, token, coarse, last4; keep where only a reference or what goes with it would go
	Records  int64    `json:"records"`
	Examples []string `json:"examples"`
}

// unclassed stands in the record for what has no class.
const unclassed = "-"

type key struct{ a, b, c string }

// Count reads entries in the order of the record.
type Count struct {
	report  Report
	open    map[string]*request
	refused map[key]*Refusal
	unread  map[key]*Refusal
	tasks   map[key]*task
}

// request is an observed decision whose entries may still follow.
type request struct {
	decision *ledger.Decision
	lost     bool
	records  int64
}

type task struct {
	Task
	absent  map[key]*Absent
	classes map[key]*Class
}

// New begins a count.
func New() *Count {
	return &Count{open: map[string]*request{}, refused: map[key]*Refusal{}, unread: map[key]*Refusal{}, tasks: map[key]*task{}}
}

// Add takes one entry.
func (c *Count) Add(e ledger.Entry) {
	switch e := e.(type) {
	case *ledger.Decision:
		c.decision(e)
	case *ledger.Opened:
		c.verdicts(e.ID, e.Verdicts, e.Views)
	case *ledger.Outcome:
		c.verdicts(e.ID, e.Verdicts, e.Views)
		if r := c.open[e.ID]; r != nil && !e.More {
			c.end(r)
		}
	}
}

func (c *Count) decision(d *ledger.Decision) {
	switch {
	case d.Mode != ledger.Observe:
	case d.Effect == ledger.Refuse:
		refusal(c.unread, d).Requests++
	default:
		c.report.Observed++
		c.open[d.ID] = &request{decision: d, lost: d.Would != ""}
		if d.Would != "" {
			refusal(c.refused, d).Requests++
		} else {
			c.task(d).Requests++
		}
	}
}

func refusal(in map[key]*Refusal, d *ledger.Decision) *Refusal {
	k := key{strings.Join(d.Roles, " "), d.Request.Task, strings.Join(d.Reasons, " ")}
	r := in[k]
	if r == nil {
		r = &Refusal{Roles: k.a, Task: k.b, Reason: k.c}
		in[k] = r
	}
	r.Examples = example(r.Examples, d.ID)
	return r
}

func example(list []string, id string) []string {
	if len(list) < Examples && !slices.Contains(list, id) {
		list = append(list, id)
	}
	return list
}

func (c *Count) task(d *ledger.Decision) *task {
	k := key{a: d.Role, b: d.Task}
	t := c.tasks[k]
	if t == nil {
		t = &task{Task: Task{Role: d.Role, Task: d.Task}, absent: map[key]*Absent{}, classes: map[key]*Class{}}
		c.tasks[k] = t
	}
	return t
}

func (c *Count) verdicts(id string, verdicts []ledger.Verdict, views []ledger.View) {
	r := c.open[id]
	if r == nil {
		return
	}
	for i := range verdicts {
		if verdicts[i].Observed {
			c.verdict(r, &verdicts[i], views)
		}
	}
}

func (c *Count) verdict(r *request, v *ledger.Verdict, views []ledger.View) {
	n := max(1, v.Count)
	r.records += n
	if r.decision.Would != "" {
		refusal(c.refused, r.decision).Records += n
		return
	}
	t := c.task(r.decision)
	t.Records += n
	r.lost = r.lost || v.View == ledger.Withheld || len(v.Lost) > 0
	switch {
	case v.View == ledger.Withheld:
		t.Withheld += n
		a := t.absentOf(v.Type, v.Because)
		a.Records += n
		a.Examples = example(a.Examples, r.decision.ID)
	case len(v.Lost) > 0:
		t.Partly += n
		for _, name := range v.Lost {
			cl := t.classOf(name, howOf(name, views[v.View]))
			cl.Records += n
			cl.Examples = example(cl.Examples, r.decision.ID)
		}
	}
}

func (t *task) absentOf(typ, because string) *Absent {
	k := key{a: typ, b: because}
	if t.absent[k] == nil {
		t.absent[k] = &Absent{Type: typ, Because: because}
	}
	return t.absent[k]
}

func (t *task) classOf(name, how string) *Class {
	k := key{a: name, b: how}
	if t.classes[k] == nil {
		t.classes[k] = &Class{Class: name, How: how}
	}
	return t.classes[k]
}

// howOf is the treatment that a view gives a class.
func howOf(class string, v ledger.View) string {
	for how, classes := range v {
		if slices.Contains(classes, class) {
			return how
		}
	}
	return "omit"
}

func (c *Count) end(r *request) {
	delete(c.open, r.decision.ID)
	if !r.lost {
		c.report.Alike++
	}
}

// Report returns what was counted. What has no outcome yet counts as it stands.
func (c *Count) Report() Report {
	for _, r := range c.open {
		c.end(r)
	}
	out := c.report
	out.Refused, out.Unread = refusals(c.refused), refusals(c.unread)
	out.Tasks = []Task{}
	for _, t := range c.tasks {
		t.Absent = values(t.absent, func(a, b Absent) int {
			return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Because, b.Because))
		})
		t.Classes = values(t.classes, func(a, b Class) int {
			return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Class, b.Class), cmp.Compare(a.How, b.How))
		})
		out.Tasks = append(out.Tasks, t.Task)
	}
	slices.SortFunc(out.Tasks, func(a, b Task) int { return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Task, b.Task)) })
	return out
}

func refusals(in map[key]*Refusal) []Refusal {
	return values(in, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Roles, b.Roles), cmp.Compare(a.Task, b.Task), cmp.Compare(a.Reason, b.Reason))
	})
}

// values lists what a map holds, in order; never nil, so that JSON has a list.
func values[V any](in map[key]*V, order func(a, b V) int) []V {
	out := make([]V, 0, len(in))
	for v := range maps.Values(in) {
		out = append(out, *v)
	}
	slices.SortFunc(out, order)
	return out
}
