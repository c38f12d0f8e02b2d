package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
	"modicum/internal/preview"
	"modicum/internal/problem"
	"modicum/policy"
)

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
		if s.NotNow() {
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
	for _, by := range s.Needs(set, c.As, c.Task) {
		t.note("  %s needs %s", by.Line, by.While)
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
		fmt.Fprintf(t.out, "%s: %s (%s)\n", head, t.paint(red, "not there"), s.NotThere())
		var rows [][]string
		for _, r := range s.Why {
			rows = append(rows, []string{"  " + r.ID, preview.Gave(r)})
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

// orGave is why a line gave no more, or how it shows the class.
func orGave(l lineSays) string {
	if l.Why == "" {
		return "shows its class as " + l.Gave
	}
	return l.Why
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
