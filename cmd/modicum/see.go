package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/internal/preview"
	"modicum/internal/problem"
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
	for _, role := range c.As {
		if !slices.Contains(set.Roles(), role) {
			return usage("no role is called %q%s", role, meant(role, set.Roles()))
		}
	}
	for _, is := range c.Is {
		if typ, id, ok := strings.Cut(is, "/"); !ok || id == "" || typ != "Practitioner" && typ != "PractitionerRole" {
			return usage("--is must be Practitioner/ID or PractitionerRole/ID")
		}
	}
	if c.Task == "" {
		return nil
	}
	var known []string
	for _, t := range tasksOf(set, c.As) {
		if c.Task == t.Task || c.Task == t.ID {
			return nil
		}
		known = append(known, t.Task)
	}
	return usage("%s has no task %q%s", strings.Join(c.As, " and "), c.Task, meant(c.Task, known))
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

// print writes the result in the form asked for, and a line about it.
func (c *seeCommand) print(t *terminal, set *policy.Set, name string, shown []preview.Shown) error {
	there := 0
	for i := range shown {
		if shown[i].There {
			there++
		}
		var err error
		switch {
		case c.JSON:
			err = printJSON(t, seenRecord(set, &shown[i]))
		case c.Why:
			err = c.because(t, set, &shown[i])
		case shown[i].There:
			err = c.resource(t.out, shown[i].Resource)
		}
		if err != nil {
			return err
		}
	}
	c.refusals(t, set, shown)
	t.note("%d of %s shown under %s", there, plural(len(shown), "record"), name)
	if there == 0 {
		return &exitError{exitNo, nil}
	}
	return nil
}

func (c *seeCommand) resource(w io.Writer, body []byte) error {
	v := jsontext.Value(slices.Clone(body))
	var err error
	if c.Pretty {
		err = v.Indent(jsontext.WithIndent("  "))
	} else {
		err = v.Compact()
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", v)
	}
	return err
}

// refusals says once of each type that the task does not reach it.
func (c *seeCommand) refusals(t *terminal, set *policy.Set, shown []preview.Shown) {
	told := map[string]bool{}
	for i := range shown {
		s := &shown[i]
		if s.Refused == nil || told[s.Type] {
			continue
		}
		told[s.Type] = true
		t.note("%s refused: %s", s.Type, s.Refused.Error())
		if errors.Is(s.Refused, problem.NotNow) {
			c.needs(t, set, s)
		}
	}
	if len(told) == 0 {
		return
	}
	for _, info := range tasksOf(set, c.As) {
		t.note("  task %s: %s, purpose %s", info.ID, info.Title, info.Purpose)
	}
}

// needs says which facts the lines of the task rest on.
func (c *seeCommand) needs(t *terminal, set *policy.Set, s *preview.Shown) {
	for _, by := range set.Sees(s.Class) {
		if slices.Contains(c.As, by.Role) && (c.Task == "" || c.Task == by.Task || c.Task == by.Role+"/"+by.Task) {
			t.note("  %s needs %s", by.Line, by.While)
		}
	}
}

// because says what is left out of one record, and why it is not there.
func (c *seeCommand) because(t *terminal, set *policy.Set, s *preview.Shown) error {
	head := s.Type + "/" + s.ID
	switch {
	case s.Refused != nil:
		fmt.Fprintf(t.out, "%s: %s\n", head, t.paint(red, "refused"))
		return nil
	case !s.There:
		fmt.Fprintf(t.out, "%s: %s (%s)\n", head, t.paint(red, "not there"), notThere(s))
		var rows [][]string
		for _, r := range s.Why {
			rows = append(rows, []string{"  " + r.ID, gave(r)})
		}
		return table(t.out, rows)
	}
	fmt.Fprintf(t.out, "%s: %s%s\n", head, t.paint(green, "shown"), reduced(len(s.Gaps)))
	var rows [][]string
	for _, g := range s.Gaps {
		rows = append(rows, []string{"  " + g.Path, className(set, g.Class), g.Reason.String()})
	}
	return table(t.out, rows)
}

func reduced(gaps int) string {
	if gaps == 0 {
		return " whole"
	}
	return ", except"
}

func gave(r policy.Reason) string {
	return orGave(lineSays{r.ID, r.Gave.String(), r.Text})
}

// orGave is why a line gave no more, or how it shows the class.
func orGave(l lineSays) string {
	if l.Why == "" {
		return "shows its class as " + l.Gave
	}
	return l.Why
}

// notThere spells why a record is not there.
func notThere(s *preview.Shown) string {
	for _, r := range s.Why {
		if strings.HasPrefix(r.ID, "restriction ") {
			return "a restriction hides it"
		}
	}
	switch s.Because {
	case "view":
		return "no line shows what makes it a record"
	case "record":
		return "its patients, its type or an extension of it cannot be told"
	}
	return s.Because
}

// className names a class; "" for what the catalog gives none.
func className(set *policy.Set, c catalog.Class) string {
	if c == catalog.Unknown {
		return ""
	}
	return set.Catalog().Name(c)
}

// seenOne is one record for programs.
type seenOne struct {
	Record   string         `json:"record"`
	Place    string         `json:"place"`
	There    bool           `json:"there"`
	Refused  string         `json:"refused,omitempty"` // slug of the problem
	Because  string         `json:"because,omitempty"`
	Class    string         `json:"class,omitempty"`
	Resource jsontext.Value `json:"resource,omitempty"`
	Removed  []removed      `json:"removed,omitempty"`
	Lines    []lineSays     `json:"lines,omitempty"`
}

type removed struct {
	Path   string `json:"path"`
	Class  string `json:"class,omitempty"`
	Reason string `json:"reason"`
}

type lineSays struct {
	Line string `json:"line"`
	Gave string `json:"gave"` // how it shows the record's class
	Why  string `json:"why,omitempty"`
}

func seenRecord(set *policy.Set, s *preview.Shown) seenOne {
	out := seenOne{Record: s.Type + "/" + s.ID, Place: s.Place, There: s.There, Because: s.Because, Class: className(set, s.Class), Resource: s.Resource}
	var p problem.Problem
	if errors.As(s.Refused, &p) {
		out.Refused = p.Slug()
	}
	for _, g := range s.Gaps {
		out.Removed = append(out.Removed, removed{g.Path, className(set, g.Class), g.Reason.String()})
	}
	for _, r := range s.Why {
		out.Lines = append(out.Lines, lineSays{r.ID, r.Gave.String(), r.Text})
	}
	return out
}
