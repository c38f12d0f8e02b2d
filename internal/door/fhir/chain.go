package fhir

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// A chain (encounter.status=) and its reverse (_has:Observation:patient:code=) pass
// through records of another type. They are taken apart: the inner search is made here
// as the caller's own, under a decision of its own; what of it shows is where the outer
// one may pass, and nothing else is (FC04, FC05). The upstream never sees either.

const (
	maxHops   = 2    // that one parameter passes through others
	maxPassed = 200  // inner records that one hop passes through: they show, while those to which they refer may not (N1)
	mostLed   = 5000 // records to which these refer, shown or not: the work of the search, like its pages
)

// hop is one passage through records of another type.
type hop struct {
	name  string         // of the parameter as asked, for the record
	back  bool           // _has: the inner records refer to the outer ones
	param *catalog.Param // the reference, of the outer type, or of the inner one for _has
	inner *query
}

// hops reports whether a parameter passes through other records.
func hops(name string) bool { return strings.HasPrefix(name, "_has:") || strings.Contains(name, ".") }

// readHop reads reference[:Type].parameter and _has:Type:reference:parameter.
func (q *query) readHop(cat *catalog.Catalog, p pair) error {
	if strings.Count(p.name, ".")+strings.Count(p.name, "_has:") > maxHops {
		return problem.Parameter
	}
	h := &hop{name: p.name}
	var t catalog.Type
	var rest string
	var ok bool
	if h.back = strings.HasPrefix(p.name, "_has:"); h.back {
		t, rest, ok = h.readBack(cat, q.typ, p.name)
	} else {
		t, rest, ok = h.readOn(cat, q.typ, p.name)
	}
	if !ok || h.param.Kind != catalog.ReferenceParam || h.param.ReadsUnknown() {
		return problem.Parameter
	}
	if bare, _, _ := strings.Cut(rest, ":"); isResult(bare) || bare == "_include" || bare == "_revinclude" {
		return problem.Parameter
	}
	var err error
	if h.inner, err = parseSearch(cat, t, []pair{{rest, p.value}}); err != nil {
		return err
	}
	h.inner.passed = true
	q.hops = append(q.hops, h)
	return nil
}

// readOn reads the first passage of a chain.
func (h *hop) readOn(cat *catalog.Catalog, outer catalog.Type, name string) (t catalog.Type, rest string, ok bool) {
	ref, rest, _ := strings.Cut(name, ".")
	ref, typ, typed := strings.Cut(ref, ":")
	if h.param, ok = cat.Param(outer, ref); !ok {
		return 0, "", false
	}
	if !typed {
		if typ = onlyTarget(cat, h.param); typ == "" && ref == "patient" {
			typ = "Patient"
		}
	}
	t, ok = cat.Type(typ)
	return t, rest, ok && h.param.Targets.Has(t)
}

// readBack reads a reverse chain.
func (h *hop) readBack(cat *catalog.Catalog, outer catalog.Type, name string) (t catalog.Type, rest string, ok bool) {
	part := strings.SplitN(name, ":", 4)
	if len(part) != 4 {
		return 0, "", false
	}
	if t, ok = cat.Type(part[1]); !ok {
		return 0, "", false
	}
	h.param, ok = cat.Param(t, part[2])
	return t, part[3], ok && h.param.Targets.Has(outer)
}

// passable refuses what no inner search of the caller's would answer, with the text of
// an unknown parameter and before anything is asked of the upstream (F1).
func (x *exchange) passable(q *query) error {
	for _, h := range q.hops {
		if _, err := x.left(h.inner); err != nil {
			return problem.Parameter
		}
		ask := x.askFor(h.inner, 0)
		if !x.door.routes[chain].Would(&ask) {
			return problem.Parameter
		}
		if err := x.passable(h.inner); err != nil {
			return err
		}
	}
	return nil
}

// pass makes the inner searches of a query and gives it, and its session, the records
// through which it passes. Until then the query finds nothing.
func (f *finder) pass(ctx context.Context, q *query, s *gate.Session) error {
	if len(q.hops) == 0 || q.settled {
		return nil
	}
	found := make([][]gate.Ref, len(q.hops))
	var through [][]gate.Ref
	for i, h := range q.hops {
		refs, err := f.inner(ctx, q, h)
		if err != nil {
			return err
		}
		if found[i] = refs; !h.back {
			through = append(through, refs)
		}
	}
	kept, err := s.Pass(ctx, through)
	if err != nil {
		return err
	}
	for i, h := range q.hops {
		if !h.back {
			found[i], kept = kept[0], kept[1:]
		}
		q.narrow(h, found[i])
	}
	q.settled, q.through = true, passage(found)
	return nil
}

// passage is a digest of the records through which the hops of a query lead.
func passage(found [][]gate.Ref) []byte {
	var parts []string
	for i, refs := range found {
		of := make([]string, len(refs))
		for n, r := range refs {
			of[n] = strconv.Itoa(i) + "." + strconv.Itoa(int(r.Type)) + "/" + r.ID
		}
		slices.Sort(of)
		parts = append(parts, of...)
	}
	return binding(parts...)[:16]
}

// narrow asks for what belongs to the records of a hop.
func (q *query) narrow(h *hop, refs []gate.Ref) {
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	q.nothing = q.nothing || len(ids) == 0
	of := q.name
	if !h.back {
		of = h.inner.name
	}
	if of == "Patient" && (h.back || h.param.NamesPatient) {
		slices.Sort(ids)
		if q.among != nil {
			ids = slices.DeleteFunc(ids, func(id string) bool { return !slices.Contains(q.among, id) })
		}
		q.among = append([]string{}, ids...)
		return
	}
	c := criterion{param: h.param, passed: true, values: ids}
	if h.back {
		c.param, _ = q.cat.Param(q.typ, "_id")
	} else {
		for i := range ids {
			c.values[i] = of + "/" + ids[i]
		}
	}
	q.criteria = append(q.criteria, c)
}

// inner is the search of one hop: the records of it that show, or those of the outer
// type to which they are seen to refer.
func (f *finder) inner(ctx context.Context, q *query, h *hop) ([]gate.Ref, error) {
	x := f.x
	only, err := x.left(h.inner)
	if err != nil {
		return nil, problem.Parameter
	}
	ask := x.askFor(h.inner, f.page)
	s, err := x.part(chain, &ask)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, problem.Parameter
	}
	if err := f.pass(ctx, h.inner, s); err != nil {
		return nil, err
	}
	if s.TooWide() && h.inner.among == nil {
		return nil, problem.NameAPatient
	}
	r := x.newReader(h.inner, s, position{}, only)
	r.tab, r.seen = &f.tab, newSeen()
	f.beside = append(f.beside, r)
	return f.through(ctx, r, q, h)
}

// through reads what an inner search finds.
func (f *finder) through(ctx context.Context, r *reader, q *query, h *hop) ([]gate.Ref, error) {
	var out []gate.Ref
	var passed []*candidate
	led := make(map[gate.Ref]bool)
	p := f.x.newProjection()
	defer p.close()
	for {
		c, err := r.next(ctx)
		if err != nil {
			return nil, err
		}
		if c == nil {
			break
		}
		to, shows, err := p.leads(c, q, h)
		if err != nil {
			return nil, err
		}
		if !shows {
			r.session.Withhold(c.judged)
			continue
		}
		for _, ref := range to {
			if !led[ref] {
				led[ref] = true
				out = append(out, ref)
			}
		}
		if len(out) > mostLed {
			return nil, errBudget
		}
		if passed = append(passed, c); len(passed) > maxPassed {
			return nil, tooManyPassed
		}
	}
	return out, f.x.commitTo(r.session, passed)
}

// leads says where an inner record leads: to itself in a chain, to what it is seen to
// refer to for _has; and whether anything of it shows.
func (p *projection) leads(c *candidate, q *query, h *hop) (to []gate.Ref, shows bool, err error) {
	if h.back {
		refs, there, err := p.references(c, h.param)
		for _, r := range refs {
			if r.typ == q.typ {
				to = append(to, gate.Ref{Type: r.typ, ID: r.id})
			}
		}
		return to, there, err
	}
	_, result, err := c.page.scanner.Project(nil, c.record, c.session().Shape(c.judged, nil))
	return []gate.Ref{{Type: c.judged.Type, ID: c.judged.ID}}, result.There || defect.On(defect.PassedThroughHidden), err
}

var tooManyPassed = problem.NameAPatient.With(problem.Hint{Say: "Too many records fit what the search passes through. Narrow that part of it."})
