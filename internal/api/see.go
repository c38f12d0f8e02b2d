package api

import (
	"encoding/json"
	"errors"
	"strings"

	"modicum/catalog"
	"modicum/internal/api/wire"
	"modicum/internal/defect"
	"modicum/internal/oversight"
	"modicum/internal/preview"
	"modicum/internal/problem"
	"modicum/internal/reach"
)

func (a *api) seeOperations() []operation {
	return []operation{
		{method: "GET", path: "/see-as", name: "seeAsChoices", about: "see-as", summary: "As which tasks records can be seen, and with what.", duties: oversight.Seers, tasked: true, answer: as[wire.SeeAsChoices]("SeeAsChoices"), do: (*call).seeAsChoices},
		{method: "POST", path: "/see-as", name: "seeAs", about: "see-as", summary: "See records as a task would show them. Each look is on record before it is answered; it changes nothing. A patient of yours is read for the task that your token is for.", duties: oversight.Seers, looks: true, tasked: true, most: 2 * preview.MostBytes,
			body: as[wire.SeeAs]("SeeAs"), answer: as[wire.Seen]("SeenAs"), may: []problem.Problem{problem.Refused, problem.NoSuchThing}, with: typed((*call).seeAs)},
		{method: "POST", path: "/look", name: "look", about: "people", summary: "What a task of yours shows of a patient, class by class, and why not more. Each look is on record before it is answered; it reads no record.", person: true, looks: true,
			body: as[wire.Look]("Look"), answer: as[wire.Reach]("Reach"), may: []problem.Problem{problem.Refused, problem.NotForTask}, with: typed((*call).look)},
	}
}

func (c *call) asker() preview.Asker {
	return preview.Asker{
		ID: c.by.ID, Roles: c.caller.Roles, How: c.caller.AMR, Network: c.by.Network, Dept: c.caller.Dept, Facility: c.caller.Facility, Practitioners: c.caller.Practitioners,
		Client: c.caller.Client, Purposes: c.caller.PurposeOfUse, Tokens: c.caller.Tokens, Until: c.caller.Expires,
	}
}

func (c *call) seeAsChoices() (any, error) {
	out := wire.SeeAsChoices{Tasks: []wire.SeeAsTask{}, Samples: []wire.Sample{}, Own: []string{}}
	set := c.Record.Policy()
	for t := range set.Tasks {
		if t.Role == "" {
			continue
		}
		one := wire.SeeAsTask{Task: t.ID, Title: t.Title, Purpose: t.Purpose, Asks: []string{}, Restricts: []string{}}
		asks, restricts := preview.Facts(set, t)
		for _, f := range asks {
			one.Asks = append(one.Asks, f.Name)
		}
		for _, f := range restricts {
			one.Restricts = append(one.Restricts, f.Name)
		}
		out.Tasks = append(out.Tasks, one)
	}
	for _, s := range c.Desk.Samples() {
		out.Samples = append(out.Samples, wire.Sample{ID: s.ID, Name: s.Name, Note: s.Note})
	}
	for _, t := range c.Desk.OwnTasks(c.asker()) {
		out.Own = append(out.Own, t.ID)
	}
	return out, nil
}

// opens reports whether the token may look at what is chosen. Own records are read with it:
// so one that was given out for a task reads them for that task and does nothing else here,
// and one that opens no record opens none here.
func (c *call) opens(w *wire.SeeAs) bool {
	if w.From != preview.OwnView {
		return !bound(c.caller)
	}
	return c.caller.Task == "" || c.caller.Task == w.Own
}

func (c *call) seeAs(w *wire.SeeAs) (any, error) {
	if !c.opens(w) && !defect.On(defect.LentPastToken) {
		return nil, c.inVain(problem.NotForTask)
	}
	chosen := preview.Chosen{From: w.From, Sample: w.Sample, Text: w.Text, Patient: w.Patient, Own: w.Own}
	if lacks := c.Desk.Lacks(c.asker(), chosen); len(lacks) > 0 {
		hint := problem.Hint{}
		for _, l := range lacks {
			hint.Wrong = append(hint.Wrong, problem.Wrong{Field: l.Field, Code: "wrong", Say: l.Say})
		}
		return nil, problem.Refused.With(hint)
	}
	a, err := c.Desk.See(c.r.Context(), c.asker(), w.Task, chosen, w.Assume)
	if err != nil {
		return nil, notSeen(err)
	}
	out := wire.Seen{Task: a.Task.ID, Records: []wire.SeenRecord{}}
	for i := range a.Shown {
		out.Records = append(out.Records, seenOf(a, &a.Shown[i]))
	}
	return out, nil
}

func seenOf(a *preview.Answer, s *preview.Shown) wire.SeenRecord {
	out := wire.SeenRecord{Record: s.Type + "/" + s.ID, There: s.There, LeftOut: []wire.LeftOut{}}
	switch {
	case s.There:
		out.Resource = json.RawMessage(s.Resource)
	case s.NotNow():
		out.Why = "the task reads such records, and not while this holds"
	case s.Refused != nil:
		out.Why = "this task reads no such records"
	default:
		out.Why = s.NotThere()
	}
	for _, g := range s.Gaps {
		out.LeftOut = append(out.LeftOut, wire.LeftOut{Path: g.Path, Class: a.Set.Catalog().Info(g.Class).Name, Why: preview.LeftOut(g)})
	}
	return out
}

// notSeen is the problem of a look that shows nothing.
func notSeen(err error) error {
	var wrong *preview.WrongError
	refused := func(field, say string) error {
		return problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Field: field, Code: "wrong", Say: say}}})
	}
	switch {
	case errors.As(err, &wrong):
		return notResources(wrong)
	case errors.Is(err, preview.ErrTooMany):
		return refused("text", "That is more than one look shows: at most 1 MiB and 500 resources.")
	case errors.Is(err, preview.ErrOwn):
		return refused("patient", "Your own task shows you nothing of this patient just now, or there is no such patient. The two look alike on purpose, and that you asked is on record.")
	case errors.Is(err, preview.ErrUnavailable):
		return problem.Unavailable
	case errors.Is(err, preview.ErrTask):
		return problem.NoSuchThing
	}
	return err
}

// notResources says which lines are no resources, and that something cannot be assumed. What
// stands there is not repeated.
func notResources(wrong *preview.WrongError) error {
	hint := problem.Hint{}
	for _, line := range wrong.Lines {
		one := problem.Wrong{Field: "assume", Code: "wrong", Say: "Not all of it can be assumed: GET /api/see-as lists for each task what can."}
		if place, _, found := strings.Cut(line, ": "); found && strings.HasPrefix(place, "line ") {
			one = problem.Wrong{Field: place, Code: "wrong", Say: "This is no FHIR resource, or one that stands there twice."}
		}
		hint.Wrong = append(hint.Wrong, one)
	}
	return problem.Refused.With(hint)
}

func (c *call) look(w *wire.Look) (any, error) {
	role, task, err := c.within(w.Role, w.Task)
	if err != nil {
		return nil, err
	}
	if !catalog.IsID(w.Patient) {
		return nil, problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Field: "patient", Code: "wrong", Say: "Name the patient by the id of the chart: letters, digits, - and . only."}}})
	}
	a, err := c.Reach.Look(c.r.Context(), c.reachAsker(), c.ownTask(role, task), w.Patient)
	switch {
	case errors.Is(err, reach.ErrTask):
		return nil, problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Field: "task", Code: "task", Say: c.ownTasks()}}})
	case errors.Is(err, reach.ErrUnavailable):
		return nil, problem.Unavailable
	case err != nil:
		return nil, err
	}
	return reachOf(a), nil
}

// reachAsker is the caller as the directory knows them.
func (c *call) reachAsker() reach.Asker {
	out := reach.Asker{ID: c.by.ID, Roles: c.caller.Roles, Dept: c.caller.Dept, Facility: c.caller.Facility}
	if p := c.People.Person(c.by.ID); p != nil {
		out.Dept, out.Facility, out.Partner = p.Department, p.Facility, p.Partner
	}
	return out
}

// ownTasks says which tasks the caller may name.
func (c *call) ownTasks() string {
	var names []string
	for _, t := range c.Record.Policy().TasksOf(c.caller.Roles) {
		names = append(names, t.ID)
	}
	if len(names) == 0 {
		return "You hold no role that has a task now."
	}
	return "Name one of your tasks: " + strings.Join(names, ", ") + "."
}

// ownTask is the id of a task of the caller's, whose role may be left out where one alone
// of theirs has it; "" where there is none.
func (c *call) ownTask(role, task string) string {
	id, several := "", false
	for _, t := range c.Record.Policy().TasksOf(c.caller.Roles) {
		if t.Task == task && (role == "" || t.Role == role) {
			id, several = t.ID, id != ""
		}
	}
	if several {
		return ""
	}
	return id
}

func reachOf(a *reach.Answer) wire.Reach {
	out := wire.Reach{Task: a.Task.ID, Reached: a.Reached, Refused: a.Refused, Classes: []wire.ReachClass{}, Marks: []wire.ReachMark{}, Needs: []wire.ReachNeed{}}
	for i := range a.Classes {
		k := &a.Classes[i]
		out.Classes = append(out.Classes, wire.ReachClass{Class: k.Name, Title: k.Title, Shows: k.Shows.String(), Masked: k.Masked, Never: k.Never, Lent: k.Lent})
	}
	for _, m := range a.Marks {
		out.Marks = append(out.Marks, wire.ReachMark{Mark: m.Name, Title: m.Title, Shows: m.Shows})
	}
	for _, n := range a.Needs {
		out.Needs = append(out.Needs, wire.ReachNeed{Line: n.Line, While: n.While, Within: n.Within, Lent: n.Lent, Marked: n.Marked, Glass: n.Glass})
	}
	for _, u := range a.Unsaid {
		out.Unsaid = append(out.Unsaid, wire.Unsaid(u))
	}
	return out
}
