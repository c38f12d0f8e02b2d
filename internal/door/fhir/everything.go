package fhir

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/problem"
)

// everything answers [base]/Patient/id/$everything, [base]/Encounter/id/$everything and
// the compartments' [base]/Patient/id/*: the record itself, then type by type what the
// searches of its compartment find, in one fixed order, page by page (FC37). What the
// upstream calls everything is never asked for.
func (x *exchange) everything(at place) error {
	path, route := at.typ+"/"+at.id+"/*", "search-compartment"
	if at.shape == wholeChart {
		path, route = at.typ+"/"+at.id+"/$everything", "everything"
	}
	return x.inquire(path, func(pairs []pair) (*inquiry, error) {
		c, err := readChart(x.catalog(), at, pairs)
		if err != nil {
			return nil, err
		}
		legs, err := c.legs(x.catalog(), at)
		return &inquiry{asked: c.asked, legs: legs, route: route}, err
	})
}

// chart is what of a whole chart was asked for.
type chart struct {
	asked      *query // how the answer is shaped
	types      []catalog.Type
	since      string // changed then or later: metadata
	start, end string // of care
}

// readChart reads the parameters of a whole chart. What narrows it besides is a search.
func readChart(cat *catalog.Catalog, at place, pairs []pair) (*chart, error) {
	owner, _ := cat.Type(at.typ)
	c := &chart{}
	var shape, own []pair
	for _, p := range pairs {
		switch p.name {
		case "_count", "_format", "_pretty", "_cursor", "_total":
			shape = append(shape, p)
			continue
		}
		if slices.ContainsFunc(own, func(o pair) bool { return o.name == p.name }) {
			return nil, problem.Parameter
		}
		own = append(own, p)
		if err := c.read(cat, at, p); err != nil {
			return nil, err
		}
	}
	var err error
	if c.asked, err = parseSearch(cat, owner, shape); err != nil {
		return nil, err
	}
	if c.asked.cursor != "" && len(own) > 0 {
		return nil, problem.Malformed // the cursor holds the query
	}
	slices.SortFunc(own, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	c.asked.asked = append(c.asked.asked, own...)
	return c, nil
}

func (c *chart) read(cat *catalog.Catalog, at place, p pair) error {
	operation := at.shape == wholeChart
	switch {
	case p.name == "_type":
		return c.readTypes(cat, at, p.value)
	case operation && p.name == "_since" && sinceGrammar.MatchString(p.value):
		c.since = p.value
	case operation && at.typ == "Patient" && p.name == "start" && dayGrammar.MatchString(p.value):
		c.start = p.value
	case operation && at.typ == "Patient" && p.name == "end" && dayGrammar.MatchString(p.value):
		c.end = p.value
	case operation && (p.name == "_since" || at.typ == "Patient" && (p.name == "start" || p.name == "end")):
		return problem.Malformed
	default:
		return problem.Parameter
	}
	return nil
}

// readTypes reads a list of types that the compartment has.
func (c *chart) readTypes(cat *catalog.Catalog, at place, v string) error {
	for name := range strings.SplitSeq(v, ",") {
		t, known := cat.Type(name)
		if !known || name != at.typ && len(owning(cat, at.typ, t)) == 0 {
			return problem.Parameter
		}
		c.types = append(c.types, t)
	}
	return nil
}

// legs are the searches of the chart. Those whose criteria the policy does not admit
// find nothing.
func (c *chart) legs(cat *catalog.Catalog, at place) ([]*query, error) {
	var out []*query
	owner, _ := cat.Type(at.typ)
	if c.has(owner) {
		q := byID(cat, owner, []string{at.id})
		if at.typ == "Encounter" {
			q.visit = at.id // whoever names a visit reads it
		}
		if err := c.narrow(cat, q, false); err != nil {
			return nil, err
		}
		out = append(out, q)
	}
	for _, t := range cat.Types() {
		if !c.has(t) || len(owning(cat, at.typ, t)) == 0 || at.typ == "Encounter" && t == owner {
			continue
		}
		of, err := belonging(cat, at, t, nil)
		if err != nil {
			return nil, err
		}
		for _, q := range of {
			q.pinned, q.prove = at.typ == "Encounter", at.typ == "Encounter"
			if err := c.narrow(cat, q, true); err != nil {
				return nil, err
			}
		}
		out = append(out, of...)
	}
	return out, nil
}

func (c *chart) has(t catalog.Type) bool { return len(c.types) == 0 || slices.Contains(c.types, t) }

// narrow adds the times of the chart to one of its searches: start and end are of the
// main date, and a type that has none is not narrowed by them.
func (c *chart) narrow(cat *catalog.Catalog, q *query, dated bool) error {
	var by []pair
	if c.since != "" {
		by = append(by, pair{"_lastUpdated", "ge" + c.since})
	}
	if p := mainDate(cat, q.typ); p != nil && dated {
		if c.start != "" {
			by = append(by, pair{p.Name, "ge" + c.start})
		}
		if c.end != "" {
			by = append(by, pair{p.Name, "le" + c.end})
		}
	}
	for _, p := range by {
		if err := q.criterion(cat, p.name, "", p); err != nil {
			return err
		}
	}
	return nil
}

// mainDate is the parameter of the type's main date, nil where it has none.
func mainDate(cat *catalog.Catalog, t catalog.Type) *catalog.Param {
	for _, p := range cat.Params(t) {
		if p.MainDate && p.Kind == catalog.DateParam {
			return p
		}
	}
	return nil
}
