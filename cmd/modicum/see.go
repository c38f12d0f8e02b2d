package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"modicum/internal/preview"
	"modicum/policy"
)

type seeCommand struct {
	Files []string `arg:"" optional:"" help:"FHIR resources: JSON, a Bundle, NDJSON; - or none is standard input." type:"path"`

	As      []string `required:"" help:"Role of who would ask; several for a person who holds several." placeholder:"ROLE"`
	Task    string   `help:"Task that it is for." placeholder:"TASK"`
	Purpose string   `help:"Purpose that it is for, where no task is named." placeholder:"CODE"`
	chosen

	Fact     []string `help:"A fact that holds for these records: NAME, or NAME:VALUE=WORD,..." sep:"none" placeholder:"NAME"`
	Facts    []string `help:"File of facts (NDJSON), with --person." type:"existingfile" placeholder:"FILE"`
	Person   string   `help:"Who asks, as facts name them." default:"me" placeholder:"ID"`
	Dept     string   `help:"Id of the Location where they work." placeholder:"ID"`
	Facility string   `help:"Id of the Organization where they work." placeholder:"ID"`
	Is       []string `help:"Practitioner/ID: a reference that is themselves." placeholder:"REF"`
	At       string   `help:"Moment of asking, RFC 3339; now otherwise." placeholder:"TIME"`

	Why    bool `help:"Say instead what is left out of each record: path, class, reason."`
	Pretty bool `help:"Indent the resources."`
	JSON   bool `help:"Print one JSON object a record: what shows, what is left out, why."`
}

// Help teaches by example.
func (c *seeCommand) Help() string {
	return `Prints what would leave, one resource a line; what is not printed is not there for
that task. Facts that are not given do not hold, and every source counts as read
whole, so that restrictions bite when their facts are given.

Examples:
  modicum see --as nurse --task give-care patient.json
  modicum see --as nurse --task give-care --fact assigned-patient --fact during-shift --fact episode --why < bundle.json
  modicum see --as pharmacist --task dispense --fact work-item:kind=dispense chart.ndjson
  modicum see --as nurse --task give-care --facts adt.ndjson --person alice --at 2026-11-23T08:00:00Z chart.ndjson

Exit status: 0 when something shows, 1 when nothing does.`
}

// Run shows the records as the task would see them.
func (c *seeCommand) Run(t *terminal) error {
	set, name, err := c.load()
	if err != nil {
		return err
	}
	if err := c.check(set); err != nil {
		return err
	}
	now, err := c.moment()
	if err != nil {
		return err
	}
	p, err := preview.New(set, preview.As{
		Person: c.Person, Roles: c.As, Task: c.Task, Purpose: c.Purpose, Dept: c.Dept, Facility: c.Facility, Practitioners: c.Is,
	}, now)
	if err != nil {
		return unavailable("%w", err)
	}
	if err := c.read(t, p); err != nil {
		return err
	}
	if err := c.state(p); err != nil {
		return err
	}
	shown, err := p.Show(t.ctx)
	if err != nil {
		return &exitError{exitNo, err}
	}
	return c.print(t, set, name, shown)
}

// check finds words that the policy does not know before anything is read.
func (c *seeCommand) check(set *policy.Set) error {
	for _, is := range c.Is {
		if typ, id, ok := strings.Cut(is, "/"); !ok || id == "" || typ != "Practitioner" && typ != "PractitionerRole" {
			return usage("--is must be Practitioner/ID or PractitionerRole/ID")
		}
	}
	return known(set, c.As, c.Task)
}

// known finds roles that the policy does not have, and a task that they do not; "" is no
// task.
func known(set *policy.Set, roles []string, task string) error {
	for _, role := range roles {
		if !slices.Contains(set.Roles(), role) {
			return usage("no role is called %q%s", role, meant(role, set.Roles()))
		}
	}
	if task == "" {
		return nil
	}
	var names []string
	for _, t := range tasksOf(set, roles) {
		if task == t.Task || task == t.ID {
			return nil
		}
		names = append(names, t.Task)
	}
	return usage("%s has no task %q%s", strings.Join(roles, " and "), task, meant(task, names))
}

// tasksOf lists the tasks of roles, those of programs included.
func tasksOf(set *policy.Set, roles []string) []policy.TaskInfo {
	var out []policy.TaskInfo
	for _, role := range roles {
		d, ok := set.RoleOf(role)
		if !ok {
			continue
		}
		for i := range d.Tasks {
			if info, ok := set.Task(role + "/" + d.Tasks[i].Name.Text); ok {
				out = append(out, info)
			}
		}
	}
	return out
}

func (c *seeCommand) moment() (time.Time, error) {
	if c.At == "" {
		return time.Now(), nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		return time.Time{}, usage("--at must be a time such as 2026-11-23T08:00:00Z")
	}
	return at, nil
}

// read adds the records of every input, or says of each what is wrong with it.
func (c *seeCommand) read(t *terminal, p *preview.Preview) error {
	if len(c.Files) == 0 {
		c.Files = []string{"-"}
	}
	var wrong []error
	for _, file := range c.Files {
		records, err := recordsOf(t, file)
		wrong = append(wrong, err)
		for _, r := range records {
			wrong = append(wrong, p.Add(r))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return usage("%w", err)
	}
	return nil
}

func recordsOf(t *terminal, file string) ([]preview.Record, error) {
	if file == "-" {
		return preview.Records("standard input", t.in)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return preview.Records(short(file), f)
}

// state gives the facts.
func (c *seeCommand) state(p *preview.Preview) error {
	var wrong []error
	for _, file := range c.Facts {
		body, err := readFacts(file)
		if err != nil {
			return usage("%w", err)
		}
		problems, err := p.State(body)
		wrong = append(wrong, err)
		for _, one := range problems {
			one.File = short(file)
			wrong = append(wrong, one)
		}
	}
	for _, fact := range c.Fact {
		err := p.Hold(fact)
		var unknown *preview.UnknownFactError
		if errors.As(err, &unknown) {
			err = fmt.Errorf("%w%s", err, meant(unknown.Name, unknown.Known))
		}
		wrong = append(wrong, err)
	}
	if err := errors.Join(wrong...); err != nil {
		return usage("%w", err)
	}
	return nil
}
