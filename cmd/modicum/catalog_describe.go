package main

import (
	"fmt"
	"strings"

	"modicum/catalog"
)

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
