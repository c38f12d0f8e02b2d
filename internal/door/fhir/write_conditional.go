package fhir

import (
	"context"
	"net/http"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// unless reads If-None-Exist: the criteria of a search, of the type that is to be made
// (hl7.org/fhir/R4/http.html#ccreate). Nil where there is none.
func (x *exchange) unless(b *birth) (*query, error) {
	lines := x.r.Header.Values("If-None-Exist")
	if len(lines) == 0 {
		return nil, nil
	}
	pairs, ok := parseQuery(x.criteria(lines[0], b.typ), nil)
	if !ok || len(lines) > 1 || len(pairs) == 0 {
		return nil, problem.Malformed
	}
	for _, p := range pairs {
		if isResult(p.name) {
			return nil, problem.Parameter // it shapes an answer that nobody gets
		}
	}
	q, err := parseSearch(x.catalog(), b.typ, pairs)
	if err == nil && len(q.hops)+len(q.includes) > 0 {
		return nil, problem.Parameter // it asks for more than one search
	}
	return q, err
}

// criteria are those of a header that names the search whole, as HAPI's client does: the
// type that is to be made, here. Any other address is no parameter.
func (x *exchange) criteria(line string, of catalog.Type) string {
	below := strings.TrimPrefix(line, x.base+"/")
	if search, whole := strings.CutPrefix(below, x.catalog().TypeName(of)+"?"); whole {
		return search
	}
	return line
}

// alreadyThere judges the criteria as the search that they are (FC12) and answers by
// what the caller sees of it: nothing fits, and the record is made; one record, and it
// is the answer; several, and nothing is done. A record that fits and is hidden is
// none: a search would not have told of it either.
func (x *exchange) alreadyThere(ctx context.Context, q *query) (there bool, err error) {
	only, err := x.left(q)
	if err != nil {
		return true, err
	}
	ask := x.askFor(q, 0)
	s, err := x.also("search-type", &ask)
	switch {
	case err != nil:
		return true, err
	case s.TooWide():
		return true, problem.NameAPatient
	case len(s.Find()) > 0 && !q.longEnough():
		return true, longerName
	}
	r := x.newReader(q, s, position{}, only)
	r.tab, r.seen = new(spent), newSeen()
	defer r.close()
	return x.found(ctx, r, s)
}

// found reads what fits until it is more than one. Each record is committed before that is
// told, as those of a count are: a refusal because several fit tells of two.
func (x *exchange) found(ctx context.Context, r *reader, s *gate.Session) (there bool, err error) {
	var out []byte
	var tag string
	var at place
	for n := 0; ; {
		c, err := r.next(ctx)
		if err != nil {
			return true, x.problemOf(err)
		}
		if c == nil {
			if defect.On(defect.MatchOfHidden) && r.given > n {
				return true, problem.Several
			}
			break
		}
		text, t, err := x.lookAt(ctx, s, place{typ: r.query.name, id: string(c.record.ID)}, c.page.scanner, c.record, c.judged)
		switch {
		case err != nil:
			return true, x.problemOf(err)
		case text == nil:
			continue
		}
		if n++; n > 1 {
			return true, problem.Several
		}
		out, tag, at = text, t, place{typ: r.query.name, id: string(c.record.ID)}
	}
	if out == nil {
		return false, nil
	}
	x.location(at)
	return true, x.say(http.StatusOK, tag, out)
}
