package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

//go:embed decide.schema.json
var decideSchema string

// maxRequest is the longest line that decide reads, in bytes.
const maxRequest = 64 << 10

type decideCommand struct {
	File string `arg:"" optional:"" help:"Requests, one JSON object a line; standard input otherwise." type:"path"`
	chosen
	JSON   bool `help:"The only form: one JSON object a line." default:"true" hidden:""`
	Schema bool `help:"Print the JSON Schema of requests and decisions, and end."`
}

// Help teaches by example.
func (c *decideCommand) Help() string {
	return `A request says what a case of policy tests is given (docs/policy-language.md 7), with an
id and a resource type if you like; the decision comes out as one line with that id.
Nothing is recorded and no facts are looked up: what is given is all that holds.

Examples:
  echo '{"id":"1","given":{"as":["nurse"],"task":"give-care","facts":["assigned-patient","during-shift","episode"]}}' | modicum decide
  echo '{"type":"Observation","given":{"as":["pharmacist"],"task":"dispense","facts":[{"work-item":{"kind":"dispense"}}],"marked":["sensitive.hiv"]}}' | modicum decide
  modicum decide --policy policy requests.ndjson > decisions.ndjson

Exit status: 0 all admitted, 1 some refused, 2 some line is no request (an error stands in its place).`
}

// Run decides line by line; an error of one line does not stop the others.
func (c *decideCommand) Run(t *terminal) error {
	if c.Schema {
		_, err := fmt.Fprint(t.out, decideSchema)
		return err
	}
	set, _, err := c.load()
	if err != nil {
		return err
	}
	in, name := t.in, "standard input"
	if c.File != "" && c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return usage("%w", err)
		}
		defer f.Close()
		in, name = f, short(c.File)
	}
	return decideAll(t, set, name, in)
}

func decideAll(t *terminal, set *policy.Set, name string, in io.Reader) error {
	lines := bufio.NewReaderSize(in, maxRequest)
	worst := exitYes
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return usage("%s:%d: longer than %d bytes; nothing after it was decided", name, n, maxRequest)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			d := decideOne(set, name, n, text)
			if err := printJSON(t, d); err != nil {
				return err
			}
			worst = max(worst, d.status())
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unavailable("%s: could not be read to its end", name)
		}
	}
	if worst != exitYes {
		return &exitError{worst, nil}
	}
	return nil
}

// decided is one line of output; the schema describes it.
type decided struct {
	ID           string              `json:"id,omitempty"`
	Line         int                 `json:"line"`
	Effect       string              `json:"effect,omitempty"` // admit or refuse
	Reason       string              `json:"reason,omitempty"` // why it was refused
	Would        []string            `json:"would,omitempty"`  // own tasks that would be admitted
	Tasks        []string            `json:"tasks,omitempty"`
	Purpose      string              `json:"purpose,omitempty"`
	Code         string              `json:"code,omitempty"`
	View         map[string][]string `json:"view,omitzero"` // empty: nothing shows
	Lines        []string            `json:"lines,omitempty"`
	Restrictions []string            `json:"restrictions,omitempty"`
	Obligations  []string            `json:"obligations,omitempty"`
	Watched      []string            `json:"watched,omitempty"`
	Errors       []string            `json:"errors,omitempty"`
}

func (d *decided) status() int {
	switch {
	case len(d.Errors) > 0:
		return exitUsage
	case d.Effect != "admit":
		return exitNo
	}
	return exitYes
}

// decideOne decides one line, or says what is wrong with it.
func decideOne(set *policy.Set, name string, n int, text []byte) *decided {
	out := &decided{Line: n}
	id, typ, given, problems := requestOf(set, name, n, text)
	out.ID = id
	if len(problems) > 0 {
		out.Errors = problems
		return out
	}
	d, unknown := set.Given(given, typ)
	if len(unknown) > 0 {
		for _, u := range unknown {
			out.Errors = append(out.Errors, fmt.Sprintf("%s:%d: %s", name, n, u))
		}
		return out
	}
	if d.Why != policy.Admitted {
		out.Effect, out.Reason, out.Would = "refuse", d.Why.String(), would(set, given, typ)
		return out
	}
	out.admitted(set.Catalog(), &d)
	return out
}

// would lists the role's own tasks for which the same request is admitted.
func would(set *policy.Set, given *doc.Given, t catalog.Type) []string {
	var roles, out []string
	for _, r := range given.As {
		roles = append(roles, r.Text)
	}
	for _, task := range set.TasksOf(roles) {
		again := *given
		again.Task, again.Purpose, again.Disclosure = doc.Word{Text: task.ID}, doc.Word{}, doc.Word{}
		if other, _ := set.Given(&again, t); other.Why == policy.Admitted {
			out = append(out, task.ID)
		}
	}
	return out
}

// admitted spells what the policy says.
func (d *decided) admitted(cat *catalog.Catalog, from *policy.Decided) {
	d.Effect = "admit"
	d.Purpose, d.Code = from.Plan.Purpose()
	for t := range from.Plan.Tasks {
		d.Tasks = append(d.Tasks, t.ID)
	}
	d.View = map[string][]string{}
	for class := range from.View.Shown().All {
		how := from.View.Of(class).String()
		d.View[how] = append(d.View[how], cat.Name(class))
	}
	d.Lines, d.Restrictions, d.Obligations = from.Lines, from.Restrictions, from.Obligations.Names()
	for o := range from.Watched.All {
		d.Watched = append(d.Watched, cat.Name(cat.OverlayClass(o)))
	}
}
