package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/ledger"
	"modicum/policy"
)

// What the gate remembers of earlier requests (how much of a limit is used up,
// who was looked up) lies in memory and follows from the record: a restart must
// not be a fresh allowance, nor make the desk look everybody up again. What proves
// a reference (proofFor) is not recorded and ends with the process, which only
// shows less.

// Remembers reports for a policy since when, and of which tasks, entries matter
// to Recount. No tasks: none do.
func (g *Gate) Remembers(set *policy.Set) (since time.Time, tasks []string) {
	now, _ := g.cfg.Now()
	since = g.usage.start(day, now)
	for t := range set.Tasks {
		if !counted(&t) && t.Find == nil {
			continue
		}
		if !slices.Contains(tasks, t.Task) {
			tasks = append(tasks, t.Task)
		}
		if t.Find != nil {
			if from := t.Find.For.Before(now); from.Before(since) {
				since = from
			}
		}
	}
	return since, tasks
}

func counted(t *policy.TaskInfo) bool {
	return t.Limits.Patients != policy.Rates{} || t.Limits.Requests != policy.Rates{}
}

// Recount is filled with the entries since the moment that Remembers gave, in the
// order of the record, and then put in force. What was counted meanwhile stays:
// things are counted once, however often they are told.
type Recount struct {
	gate *Gate
	set  *policy.Set
	now  time.Time
	open map[string]*ledger.Decision // admitted, without an outcome yet
}

// Recount begins a recount under a policy.
func (g *Gate) Recount(set *policy.Set) *Recount {
	now, _ := g.cfg.Now()
	return &Recount{gate: g, set: set, now: now, open: make(map[string]*ledger.Decision)}
}

// Add takes one entry.
func (r *Recount) Add(e ledger.Entry) error {
	switch e := e.(type) {
	case *ledger.Decision:
		r.decision(e)
	case *ledger.Opened:
		if d := r.open[e.ID]; d != nil {
			return r.verdicts(d, e.Verdicts, e.Patients)
		}
	case *ledger.Outcome:
		return r.outcome(e)
	}
	return nil
}

func (r *Recount) decision(d *ledger.Decision) {
	if d.Effect != ledger.Admit || d.Would != "" {
		return // what enforcing would have refused uses nothing up
	}
	r.open[d.ID] = d
	r.count(d, "requests", []string{d.ID})
	at := time.UnixMicro(d.At)
	if len(d.Patients) == 1 {
		for _, role := range d.Request.Found {
			k := foundKey{d.Who, role, d.Patients[0]}
			if !r.gate.found.has(k, r.now) { // what is remembered has the id as well
				r.gate.found.put(k, "", r.now, r.set.FindFor().After(at))
			}
		}
	}
}

func (r *Recount) outcome(o *ledger.Outcome) error {
	d := r.open[o.ID]
	if d == nil {
		return nil
	}
	if err := r.verdicts(d, o.Verdicts, o.Patients); err != nil {
		return err
	}
	if !o.More {
		delete(r.open, o.ID)
	}
	return nil
}

// verdicts counts the patients of records that the policy shows.
func (r *Recount) verdicts(d *ledger.Decision, verdicts []ledger.Verdict, patients []string) error {
	var refs []string
	for _, v := range verdicts {
		for _, p := range v.Patients {
			if p < 0 || p >= len(patients) {
				return fmt.Errorf("recount: an entry names a patient that it does not list")
			}
			if v.View != ledger.Withheld {
				refs = append(refs, patients[p])
			}
		}
	}
	r.shown(d, refs)
	return nil
}

// shown counts patients of whom something was shown.
func (r *Recount) shown(d *ledger.Decision, refs []string) {
	if len(refs) == 0 {
		return
	}
	r.count(d, "patients", refs)
	at := time.UnixMicro(d.At)
	for _, task := range d.Request.Find {
		role, _, _ := strings.Cut(task, "/")
		for _, ref := range refs {
			r.gate.listed.put(foundKey{d.Who, role, ref}, struct{}{}, r.now, r.set.FindFor().After(at))
		}
	}
}

// count counts for the tasks that the record names, in each unit that still runs. A
// task that spoke by its purpose without a line that could count is not among them:
// what was counted for it, a restart forgets.
func (r *Recount) count(d *ledger.Decision, kind string, things []string) {
	for _, task := range strings.Fields(d.Task) {
		for _, u := range []unit{minute, hour, day} {
			r.gate.usage.recount(usageKey{d.Who, task, kind, u}, time.UnixMicro(d.At), r.now, things)
		}
	}
}

// Done counts what was admitted and has no outcome: nobody knows how it ended, so
// those whom the decision names count as shown (design 7).
func (r *Recount) Done() {
	for _, d := range r.open {
		r.shown(d, d.Patients)
	}
}
