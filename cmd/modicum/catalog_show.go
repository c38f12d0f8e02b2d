package main

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/policy"
)

type catalogCommands struct {
	Show catalogShow `cmd:"" help:"Show a class, overlay, element or resource type, and who sees it."`
	List catalogList `cmd:"" help:"List data classes and overlays."`
}

type catalogShow struct {
	Word string `arg:"" help:"demographics.name, sensitive.hiv, Patient.birthDate or Patient."`
	chosen
	JSON bool `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *catalogShow) Help() string {
	return `Examples:
  modicum catalog show Patient.birthDate        class, search parameters that read it, who sees it
  modicum catalog show clinical.lab             a class: its elements, and every line that shows it
  modicum catalog show sensitive.hiv            an overlay: what puts it on a record, which lines lift it
  modicum catalog show Observation --policy policy`
}

// seen is what a policy says about one class.
type seen struct {
	Class string        `json:"class"`
	By    []policy.Seer `json:"by"`
}

// Run exits 1 where the catalog knows no such word.
func (c *catalogShow) Run(t *terminal) error {
	cat := catalog.R4()
	shown, err := cat.Show(c.Word)
	if err != nil && len(below(c.Word)) > 0 {
		return (&catalogList{Under: c.Word, JSON: c.JSON}).Run(t)
	}
	if err != nil {
		return &exitError{exitNo, err}
	}
	set, name, err := c.load()
	if err != nil {
		return err
	}
	classes := classesOf(shown)
	if c.JSON {
		var who []seen
		for _, class := range classes {
			id, _ := cat.Class(class)
			who = append(who, seen{class, set.Sees(id)})
		}
		return printJSON(t, struct {
			*catalog.Shown
			Policy string `json:"policy"` // hash
			Seen   []seen `json:"seen"`
		}{shown, set.Hash(), who})
	}
	if err := c.describe(t, shown); err != nil {
		return err
	}
	if shown.Type != nil {
		return nil // its classes are listed; each is a word of its own
	}
	return whoSees(t, set, name, classes)
}

// classesOf lists the classes that what is shown can be.
func classesOf(s *catalog.Shown) []string {
	var out []string
	add := func(list []catalog.Conferred) {
		for _, v := range list {
			if !slices.Contains(out, v.Class) && v.Class != "unknown" && v.Class != "of-extension" {
				out = append(out, v.Class)
			}
		}
	}
	switch {
	case s.Class != nil:
		out = []string{s.Class.Name}
	case s.Element != nil:
		add(s.Element.Classes)
	case s.Type != nil:
		add(s.Type.Classes)
	}
	return out
}

// whoSees prints the lines of the policy that can show the classes.
func whoSees(t *terminal, set *policy.Set, name string, classes []string) error {
	for _, class := range classes {
		id, _ := set.Catalog().Class(class)
		by := set.Sees(id)
		verb := "sees"
		if _, overlay := set.Catalog().OverlayOf(id); overlay {
			verb = "sees records marked"
		}
		if len(by) == 0 {
			fmt.Fprintf(t.out, "\nNobody in %s %s %s.\n", name, verb, class)
			continue
		}
		fmt.Fprintf(t.out, "\nWho %s %s in %s; restrictions come on top:\n", verb, class, name)
		rows := [][]string{{"  line", "how", "may", "for", "while"}}
		for _, s := range by {
			rows = append(rows, []string{"  " + s.Line, s.Treatment, s.Verbs, s.Purpose, terms(&s)})
		}
		if err := table(t.out, rows); err != nil {
			return err
		}
	}
	return nil
}

// terms says under which conditions a line counts.
func terms(s *policy.Seer) string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(s.While)
	if s.Within != "" && s.Within != "whole record" {
		add("within " + s.Within)
	}
	if s.Lent != "" {
		add("lent " + s.Lent)
	}
	if s.Glass {
		add("or a broken glass")
	}
	return strings.Join(parts, "; ")
}
