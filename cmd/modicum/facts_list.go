package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/internal/facts"
)

type factsList struct {
	Who      string `help:"Person, dept:NAME, role:NAME or *." placeholder:"ID"`
	Patient  string `help:"Patient/ID." placeholder:"PATIENT"`
	Fact     string `help:"Name of a fact." placeholder:"NAME"`
	Source   string `help:"Name of a source." placeholder:"NAME"`
	Not      bool   `help:"Only those that do not hold now."`
	Upstream bool   `help:"Ask the FHIR server as well, as the running server does: care teams, encounters, appointments, tasks."`
	Sources  bool   `help:"Sources instead: how fresh each is, and what is wrong with it."`
	Config   string `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file."`
	JSON     bool   `help:"Print one JSON object a fact."`
}

// Help teaches by example.
func (c *factsList) Help() string {
	return `Reads the files that facts.files names and what programs posted, and judges them as the
server does at this moment. With --upstream the FHIR server is asked as well, once.

Examples:
  modicum facts list --who alice                 what is known about alice, and what of it holds
  modicum facts list --patient Patient/p1 --not  why does nobody see this patient?
  modicum facts list --sources                   which feed is stale or broken?
  modicum facts list --upstream --source fhir    what does the FHIR server itself state?

Exit status: 0 when something is listed, 1 when nothing is.`
}

// Run lists facts, sorted by who, patient and name.
func (c *factsList) Run(t *terminal) error {
	cfg, err := configured(t, c.Config)
	if err != nil {
		return err
	}
	voc, set, err := vocabularyOf(cfg)
	if err != nil {
		return err
	}
	if err := c.check(voc); err != nil {
		return err
	}
	now := time.Now()
	ix, problems, err := c.load(t, cfg, voc, set.Zone(), now)
	if err != nil {
		return err
	}
	for _, p := range problems {
		p.File = short(p.File)
		t.note("%s", p.Error())
	}
	if c.Sources {
		return c.sources(t, ix, now)
	}
	return c.facts(t, voc, c.chosen(ix, now))
}

// check finds words that the policy does not know.
func (c *factsList) check(voc *facts.Vocabulary) error {
	var names, sources []string
	for i := range voc.Kinds {
		if !voc.Kinds[i].Condition && !voc.Kinds[i].Builtin {
			names = append(names, voc.Kinds[i].Name)
		}
	}
	for _, s := range voc.Sources {
		sources = append(sources, s.Name)
	}
	switch {
	case c.Fact != "" && !slices.Contains(names, c.Fact):
		return usage("no fact is called %q%s", c.Fact, meant(c.Fact, names))
	case c.Source != "" && !slices.Contains(sources, c.Source):
		return usage("no source is called %q%s", c.Source, meant(c.Source, sources))
	}
	return nil
}

// chosen collects what the flags ask for.
func (c *factsList) chosen(ix *facts.Index, now time.Time) []facts.Listed {
	voc := ix.Vocabulary()
	patient := strings.TrimPrefix(c.Patient, "Patient/")
	var out []facts.Listed
	ix.List(now, true, func(l facts.Listed) bool {
		if matches(c.Who, l.Who.String()) && matches(patient, l.Patient) && matches(c.Fact, voc.Kinds[l.Fact].Name) &&
			matches(c.Source, voc.Sources[l.Source].Name) && !(c.Not && l.Permits) {
			out = append(out, l)
		}
		return true
	})
	slices.SortFunc(out, func(a, b facts.Listed) int {
		return cmp.Or(cmp.Compare(a.Who.String(), b.Who.String()), cmp.Compare(a.Patient, b.Patient),
			cmp.Compare(voc.Kinds[a.Fact].Name, voc.Kinds[b.Fact].Name), cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (c *factsList) facts(t *terminal, voc *facts.Vocabulary, list []facts.Listed) error {
	rows := [][]string{{"who", "fact", "patient", "object", "source", "until", "holds"}}
	for i := range list {
		f := factOf(voc, &list[i])
		if c.JSON {
			if err := printJSON(t, f); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{f.Who, f.Fact, dash(f.Patient), dash(f.Object), f.Source, dash(f.Until), holds(&list[i])})
	}
	if len(list) == 0 {
		t.note("no fact fits")
		return &exitError{exitNo, nil}
	}
	if c.JSON {
		return nil
	}
	if err := table(t.out, rows); err != nil {
		return err
	}
	t.note("%s", plural(len(list), "fact"))
	return nil
}

func holds(l *facts.Listed) string {
	switch {
	case l.Permits:
		return "yes"
	case l.Restricts:
		return "restricts only; " + l.Why
	}
	return "no; " + l.Why
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// sourceJSON is how a source stands.
type sourceJSON struct {
	Source  string `json:"source"`
	Facts   int    `json:"facts"`
	Fresh   string `json:"fresh"`
	Whole   string `json:"last_whole,omitempty"`
	Changed string `json:"last_change,omitempty"`
	State   string `json:"state"`
}

func (c *factsList) sources(t *terminal, ix *facts.Index, now time.Time) error {
	rows := [][]string{{"source", "facts", "counts for", "read whole", "changed", "state"}}
	for _, s := range ix.Sources(now) {
		if !matches(c.Source, s.Name) {
			continue
		}
		one := sourceJSON{Source: s.Name, Facts: s.Facts, Fresh: facts.Spell(s.Fresh), State: stateOf(&s)}
		if !s.LastWhole.IsZero() {
			one.Whole = stamp(s.LastWhole)
		}
		if !s.LastChange.IsZero() {
			one.Changed = stamp(s.LastChange)
		}
		if c.JSON {
			if err := printJSON(t, one); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{one.Source, fmt.Sprint(one.Facts), one.Fresh, dash(one.Whole), dash(one.Changed), one.State})
	}
	if c.JSON {
		return nil
	}
	return table(t.out, rows)
}

// stateOf says what a source's state means.
func stateOf(s *facts.SourceState) string {
	switch {
	case s.Broken != "":
		return "broken: " + s.Broken
	case s.NeverWhole && s.Name == facts.FHIRSource:
		return "not asked: --upstream asks it"
	case s.NeverWhole && s.Stale:
		return "never read whole: restrictions that rest on it bite; nothing of it permits"
	case s.NeverWhole:
		return "never read whole: restrictions that rest on it bite"
	case s.Stale:
		return "stale: nothing of it permits"
	}
	return "fresh"
}
