package main

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
)

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
