package fhir

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"modicum/catalog"
	"modicum/internal/problem"
)

// Bounds of $lastn, counted by what shows (N1).
const (
	maxLastRead = 5000 // observations that are compared
	maxLast     = 100  // of each code
)

// lastN answers [base]/Observation/$lastn: the latest observations of each code, chosen
// here among those that show, as if the others were not there (FC37). Code and date are
// read by it, so that a record counts only where its view keeps both.
func (x *exchange) lastN(at place) error {
	t, _ := x.catalog().Type(at.typ)
	return x.inquire("Observation/$lastn", func(pairs []pair) (*inquiry, error) {
		most, rest, err := readLast(pairs)
		if err != nil {
			return nil, err
		}
		q, err := parseSearch(x.catalog(), t, rest)
		if err != nil {
			return nil, err
		}
		if len(q.patients) == 0 {
			return nil, problem.Malformed
		}
		for _, name := range []string{"code", "date"} {
			p, _ := x.catalog().Param(t, name)
			q.compares = append(q.compares, p)
		}
		q.asked = append(q.asked, pair{"max", strconv.Itoa(most)})
		return &inquiry{asked: q, legs: []*query{q}, choose: func(ctx context.Context, f *finder, p *projection) (*results, error) {
			return x.last(ctx, f, p, most)
		}}, nil
	})
}

// readLast takes the parameters of the operation apart from those of a search: of the
// latter it has patient, subject, category and code, and the form of the answer.
func readLast(pairs []pair) (most int, rest []pair, err error) {
	most = 1
	seen := false
	for _, p := range pairs {
		switch p.name {
		case "max":
			n, err := strconv.Atoi(p.value)
			if seen || err != nil || n < 1 || n > maxLast {
				return 0, nil, problem.Malformed
			}
			most, seen = n, true
		case "patient", "subject", "subject:Patient", "category", "code", "_format", "_pretty":
			rest = append(rest, p)
		default:
			return 0, nil, problem.Parameter
		}
	}
	return most, rest, nil
}

// last reads all that shows and keeps the latest of each code.
func (x *exchange) last(ctx context.Context, f *finder, p *projection, most int) (*results, error) {
	var all []*candidate
	for {
		c, err := f.next(ctx)
		if err != nil {
			return nil, err
		}
		if c == nil {
			break
		}
		if all = append(all, c); len(all) > maxLastRead {
			return nil, tooManyToCompare
		}
	}
	groups, err := p.byCode(all)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		slices.SortStableFunc(g, latestFirst)
		p.shown = append(p.shown, g[:min(most, len(g))]...)
		for _, c := range g[min(most, len(g)):] {
			c.session().Withhold(c.judged)
		}
	}
	if len(p.shown) > maxIncluded {
		return nil, tooManyToCompare
	}
	if err := x.resolve(ctx, p.shown); err != nil {
		return nil, err
	}
	if err := p.run(len(p.shown)); err != nil {
		return nil, err
	}
	return &results{shown: p.shown, matches: len(p.shown), total: len(p.shown)}, nil
}

// latestFirst orders by the main date, those without one last, and by id.
func latestFirst(a, b *candidate) int {
	return cmp.Or(b.record.Date.From.Compare(a.record.Date.From), cmp.Compare(a.judged.ID, b.judged.ID))
}

// byCode groups records that share a coding, or have no coding and the same text, in
// the order in which they were found.
func (p *projection) byCode(all []*candidate) ([][]*candidate, error) {
	group := make(map[string]int)
	var out [][]*candidate
	for _, c := range all {
		codes, err := p.codes(c)
		if err != nil {
			return nil, err
		}
		at := len(out)
		for _, code := range codes {
			if g, known := group[code]; known && g < at {
				at = g
			}
		}
		if at == len(out) {
			out = append(out, nil)
		}
		out[at] = append(out[at], c)
		for _, code := range codes {
			if g, known := group[code]; known && g != at { // the record joins two groups
				out[at], out[g] = append(out[at], out[g]...), nil
				for other, of := range group {
					if of == g {
						group[other] = at
					}
				}
			}
			group[code] = at
		}
	}
	return slices.DeleteFunc(out, func(g []*candidate) bool { return len(g) == 0 }), nil
}

// codes are those of a record as the caller sees it.
func (p *projection) codes(c *candidate) ([]string, error) {
	text, result, err := c.page.scanner.Project(nil, c.record, c.session().Shape(c.judged, func(catalog.Type, []byte) bool { return false }))
	if err != nil || !result.There {
		return nil, err
	}
	var seen struct {
		Code struct {
			Coding []struct{ System, Code string }
			Text   string
		}
	}
	if err := json.Unmarshal(text, &seen); err != nil {
		return nil, err
	}
	var out []string
	for _, k := range seen.Code.Coding {
		if k.Code != "" {
			out = append(out, k.System+"|"+k.Code)
		}
	}
	if len(out) == 0 {
		out = append(out, "text "+seen.Code.Text)
	}
	return out, nil
}

var tooManyToCompare = problem.NameAPatient.With(problem.Hint{Say: "More observations show than can be compared at once. Narrow by code or category."})
