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

// describe prints what the catalog knows.
func (c *catalogShow) describe(t *terminal, s *catalog.Shown) error {
	var rows [][]string
	row := func(name string, values ...string) {
		if text := strings.Join(values, ", "); text != "" {
			rows = append(rows, []string{"  " + name, text})
		}
	}
	title := ""
	switch {
	case s.Class != nil:
		title = describeClass(s.Class, row)
	case s.Element != nil:
		title = describeElement(s.Element, row)
	case s.Type != nil:
		title = describeType(s.Type, row)
	}
	fmt.Fprintln(t.out, t.paint(bold, title))
	return table(t.out, rows)
}

func describeClass(v *catalog.ClassShown, row func(string, ...string)) string {
	row("means", v.Description)
	row("note", v.Note)
	row("under", v.Parent)
	row("covers", v.Covers...)
	row("elements", v.Elements...)
	row("records", v.Types...)
	row("when", v.Conditions...)
	for _, trait := range []struct {
		is   bool
		text string
	}{
		{v.ExplicitOnly, "only where a policy names it itself; no parent covers it"},
		{v.FreeText, "free text: it may hold anything"},
		{v.LastingOnly, "only on lasting records, which no visit or date narrows"},
		{v.LimitedData, "may stay in a limited data set, 45 CFR 164.514(e)(2)"},
	} {
		if trait.is {
			row("trait", trait.text)
		}
	}
	if v.SafeHarbor != "" {
		row("identifier", "45 CFR 164.514(b)(2)(i)("+v.SafeHarbor+")")
	}
	if v.Marks != nil {
		describeMarks(v.Marks, row)
	}
	return v.Name + ": " + v.Title
}

func describeMarks(m *catalog.Marking, row func(string, ...string)) {
	row("labels", m.Labels...)
	row("every", m.Types...)
	for i, code := range m.Codes {
		if i == 12 {
			row("code", fmt.Sprintf("and %d more; --json lists all", len(m.Codes)-i))
			break
		}
		row("code", strings.TrimSpace(code.System+" "+code.Code)+" "+code.Meaning)
	}
}

func describeElement(v *catalog.ElementShown, row func(string, ...string)) string {
	for _, cl := range v.Classes {
		row("class", conferred(cl))
	}
	row("in JSON", v.Members...)
	row("read by", v.Parameters...)
	row("shows as", v.Treatments...)
	if v.Mandatory {
		row("trait", "mandatory: where it is hidden, data-absent-reason masked stands for it")
	}
	if v.Structure {
		row("trait", "structure: shows whenever its record does")
	}
	row("overlays", "those of its record: "+strings.Join(marks(v.Overlays), ", "))
	return v.Path
}

func describeType(v *catalog.TypeShown, row func(string, ...string)) string {
	for _, cl := range v.Classes {
		row("class", conferred(cl))
	}
	row("bears", v.Bears...)
	row("patients", v.Patients...)
	row("compartment", v.Compartment...)
	row("parameters", v.Parameters...)
	row("trait", v.Traits...)
	row("overlays", marks(v.Overlays)...)
	return v.Name
}

func conferred(c catalog.Conferred) string {
	text := c.Class
	if c.Title != "" {
		text += " (" + c.Title + ")"
	}
	if c.When != "" {
		text += " when " + c.When
	}
	return text
}

func marks(list []catalog.Marking) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.Overlay)
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

type catalogList struct {
	Under string `help:"Only classes below this one, such as clinical." placeholder:"CLASS"`
	JSON  bool   `help:"Print one JSON object a class."`
}

// Help teaches by example.
func (c *catalogList) Help() string {
	return `Examples:
  modicum catalog list
  modicum catalog list --under sensitive`
}

// Run lists classes in the catalog's order.
func (c *catalogList) Run(t *terminal) error {
	found := below(c.Under)
	if len(found) == 0 {
		return &exitError{exitNo, fmt.Errorf("no class is called %s%s", c.Under, meant(c.Under, parents()))}
	}
	var rows [][]string
	for _, info := range found {
		rows = append(rows, []string{info.Name, info.Title})
		if c.JSON {
			if err := printJSON(t, map[string]any{"class": info.Name, "title": info.Title, "overlay": info.IsOverlay, "explicit_only": info.ExplicitOnly}); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		return nil
	}
	return table(t.out, rows)
}

// below lists the class and those under it; "" stands above all.
func below(name string) []catalog.ClassInfo {
	return slices.DeleteFunc(slices.Clone(catalog.R4().Classes()), func(i catalog.ClassInfo) bool {
		return name != "" && i.Name != name && !strings.HasPrefix(i.Name, name+".")
	})
}

// parents lists what stands before a dot of some class.
func parents() []string {
	var out []string
	for _, info := range catalog.R4().Classes() {
		for i := range info.Name {
			if info.Name[i] == '.' && !slices.Contains(out, info.Name[:i]) {
				out = append(out, info.Name[:i])
			}
		}
	}
	return out
}
