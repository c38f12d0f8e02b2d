package main

import (
	"slices"

	"modicum/policy"
)

type policyMatrix struct {
	folder
	Format string   `default:"text" enum:"text,html,csv,json" help:"text, html, csv or json."`
	Role   []string `help:"Only these roles." placeholder:"ROLE"`
	JSON   bool     `help:"The same as --format json."`
}

// Help teaches by example.
func (c *policyMatrix) Help() string {
	return `Each cell is the most that a task can show of a class; a small letter says that it takes more
facts, a grant, or a marked record. Restrictions come on top.

Examples:
  modicum policy matrix                          the folder ./policy
  modicum policy matrix --role nurse --role pharmacist
  modicum policy matrix --format html > matrix.html
  modicum policy matrix --format csv > matrix.csv`
}

// Run prints the matrix.
func (c *policyMatrix) Run(t *terminal) error {
	set, err := c.load()
	if err != nil {
		return err
	}
	for _, role := range c.Role {
		if !slices.Contains(set.Roles(), role) {
			return usage("no role is called %q%s", role, meant(role, set.Roles()))
		}
	}
	m := set.Matrix()
	if len(c.Role) > 0 {
		m = only(&m, c.Role)
	}
	if c.JSON {
		c.Format = "json"
	}
	switch c.Format {
	case "html":
		return m.WriteHTML(t.out)
	case "csv":
		return m.WriteCSV(t.out)
	case "json":
		return m.WriteJSON(t.out)
	}
	return m.WriteText(t.out)
}

// only keeps the columns of some roles, and the rows in which they see anything.
func only(m *policy.Matrix, roles []string) policy.Matrix {
	out := *m
	out.Columns, out.Rows = nil, nil
	for _, col := range m.Columns {
		if slices.Contains(roles, col.Role) {
			out.Columns = append(out.Columns, col)
		}
	}
	for _, row := range m.Rows {
		kept := policy.MatrixRow{Class: row.Class, Title: row.Title}
		seen := false
		for i, cell := range row.Cells {
			if slices.Contains(roles, m.Columns[i].Role) {
				kept.Cells = append(kept.Cells, cell)
				seen = seen || cell.Treatment != ""
			}
		}
		if seen {
			out.Rows = append(out.Rows, kept)
		}
	}
	return out
}
