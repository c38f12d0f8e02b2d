package fhir

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// Records that others refer to (_include) and that refer to others (_revinclude) are
// given beside the matches as what a client would get who asked for them next: read by
// id, or searched by the reference, each type under a decision of its own (FC34).

// Bounds of a page, each of them counted by what shows (N1).
const (
	maxIncludes = 8    // that one request names
	maxIncluded = 1000 // records beside the matches
)

// include is one _include or _revinclude.
type include struct {
	back   bool         // _revinclude
	typ    catalog.Type // that has the reference
	param  *catalog.Param
	target catalog.Type // 0: whatever the parameter may name
}

// readInclude reads Type:parameter and Type:parameter:Target. A star and :iterate
// follow what nobody named, and are refused like an unknown parameter.
func (q *query) readInclude(cat *catalog.Catalog, name, modifier, v string) error {
	part := strings.Split(v, ":")
	if modifier != "" || len(part) < 2 || len(part) > 3 || len(q.includes) == maxIncludes {
		return problem.Parameter
	}
	in := include{back: name == "_revinclude"}
	var known bool
	if in.typ, known = cat.Type(part[0]); !known || !in.back && in.typ != q.typ {
		return problem.Parameter
	}
	in.param, known = cat.Param(in.typ, part[1])
	if !known || in.param.Kind != catalog.ReferenceParam || in.param.ReadsUnknown() {
		return problem.Parameter
	}
	if in.back {
		in.target = q.typ
	}
	if len(part) == 3 {
		t, known := cat.Type(part[2])
		if !known || in.back && t != q.typ {
			return problem.Parameter
		}
		in.target = t
	}
	if in.target != 0 && !in.param.Targets.Has(in.target) {
		return problem.Parameter
	}
	q.includes = append(q.includes, in)
	return nil
}

// follows are the references of the matches that are followed.
func (q *query) follows() []*catalog.Param {
	var out []*catalog.Param
	for _, in := range q.includes {
		if !in.back {
			out = append(out, in.param)
		}
	}
	return out
}

// includable refuses what the policy would show none of, before anything is asked of
// the upstream (F1). A look-up shows less than it matches on, and nothing beside it.
func (x *exchange) includable(q *query) error {
	for _, in := range q.includes {
		if len(x.session.Find()) > 0 || !slices.ContainsFunc(x.catalog().Types(), func(t catalog.Type) bool { return x.wouldInclude(&in, t) }) {
			return problem.Parameter
		}
	}
	return nil
}

// wouldInclude reports whether records of a type may be given for an include.
func (x *exchange) wouldInclude(in *include, t catalog.Type) bool {
	if in.back {
		if t != in.typ {
			return false
		}
		q := referring(x.catalog(), in, []string{"x"})
		if _, err := x.left(q); err != nil {
			return false
		}
		ask := x.askFor(q, 0)
		return x.door.routes[revinclude].Would(&ask)
	}
	if !in.param.Targets.Has(t) || in.target != 0 && in.target != t {
		return false
	}
	if _, err := x.scopes(x.catalog().TypeName(t), caller.ScopeRead); err != nil {
		return false
	}
	ask := x.askFor(byID(x.catalog(), t, []string{"x"}), 0)
	return x.door.routes[included].Would(&ask)
}

// referring is the search by a reference to the matches.
func referring(cat *catalog.Catalog, in *include, ids []string) *query {
	q := &query{cat: cat, typ: in.typ, name: cat.TypeName(in.typ), pinned: true}
	c := criterion{param: in.param, held: true}
	for _, id := range ids {
		c.values = append(c.values, cat.TypeName(in.target)+"/"+id)
	}
	q.take(cat, c)
	return q
}

// byID is the search for records by their ids.
func byID(cat *catalog.Catalog, t catalog.Type, ids []string) *query {
	q := &query{cat: cat, typ: t, name: cat.TypeName(t), pinned: true}
	p, _ := cat.Param(t, "_id")
	q.take(cat, criterion{param: p, values: ids})
	return q
}

// includer collects what stands beside the matches of one page.
type includer struct {
	x        *exchange
	f        *finder
	sessions map[record]*gate.Session // by route and type; nil: refused
	seen     *seen                    // on the page
	found    []*candidate
}

// include adds to the page what its matches refer to and what refers to them. The
// matches are on record by then: they prove what shows only by proof, and what is
// searched by them.
func (x *exchange) include(ctx context.Context, f *finder, p *projection, res *results) error {
	if err := x.commit(p, res.shown); err != nil {
		return err
	}
	res.committed = len(res.shown)
	n := &includer{x: x, f: f, sessions: make(map[record]*gate.Session), seen: newSeen()}
	for _, c := range res.shown {
		n.seen.add(c.is())
	}
	for i := range f.in.asked.includes {
		if err := n.add(ctx, p, &f.in.asked.includes[i], res.shown); err != nil {
			return err
		}
	}
	if err := x.resolve(ctx, n.found); err != nil {
		return err
	}
	for _, c := range n.found {
		c.beside = true
	}
	p.shown = append(slices.Clone(res.shown), n.found...)
	if err := p.run(len(p.shown)); err != nil {
		return err
	}
	res.shown = p.shown
	return nil
}

func (n *includer) add(ctx context.Context, p *projection, in *include, matches []*candidate) error {
	cat := n.x.catalog()
	if in.back {
		var ids []string
		for _, c := range matches {
			ids = append(ids, c.judged.ID)
		}
		return n.read(ctx, revinclude, in.typ, ids, func(ids []string) *query { return referring(cat, in, ids) })
	}
	targets, err := n.targets(p, in, matches)
	if err != nil {
		return err
	}
	for _, t := range cat.Types() {
		if err := n.read(ctx, included, t, targets[t], func(ids []string) *query { return byID(cat, t, ids) }); err != nil {
			return err
		}
	}
	return nil
}

// targets are the records to which the matches would be seen to refer, were they
// visible: what a projection leaves of the element, and nothing that it takes away.
// Their number is not bounded here, as most of them may be hidden; what reading them
// takes is, by the budget of the page.
func (n *includer) targets(p *projection, in *include, matches []*candidate) (map[catalog.Type][]string, error) {
	out := make(map[catalog.Type][]string)
	asked := make(map[record]bool)
	for _, c := range matches {
		refs, _, err := p.references(c, in.param)
		if err != nil {
			return nil, err
		}
		for _, to := range refs {
			if in.target != 0 && to.typ != in.target || n.seen.has(to) || asked[to] {
				continue
			}
			asked[to] = true
			out[to.typ] = append(out[to.typ], to.id)
		}
	}
	return out, nil
}

// read judges what a search finds, hundred ids at a time.
func (n *includer) read(ctx context.Context, route string, t catalog.Type, ids []string, of func([]string) *query) error {
	for some := range slices.Chunk(ids, chunkSize) {
		q := of(some)
		s, only, err := n.session(ctx, route, q)
		if err != nil || s == nil {
			return err
		}
		r := n.x.newReader(q, s, position{}, only)
		r.tab, r.seen = &n.f.tab, n.seen
		n.f.beside = append(n.f.beside, r)
		for {
			c, err := r.next(ctx)
			if err != nil {
				return err
			}
			if c == nil {
				break
			}
			limit := maxIncluded
			if most := s.Results(); most > 0 {
				limit = min(limit, most)
			}
			if n.found = append(n.found, c); len(n.found) > limit {
				return tooMuchBeside
			}
		}
	}
	return nil
}

// session admits the reading of one query; nil where the policy does not.
func (n *includer) session(ctx context.Context, route string, q *query) (s *gate.Session, only string, err error) {
	verb := caller.ScopeRead
	if route == revinclude {
		verb = caller.ScopeSearch
	}
	if only, err = n.x.scopes(q.name, verb); err != nil {
		return nil, "", nil
	}
	ask := n.x.askFor(q, n.f.page)
	if !n.x.door.routes[route].Would(&ask) {
		return nil, "", nil
	}
	if s, err = n.x.part(route, &ask); s == nil || err != nil {
		return nil, "", err
	}
	if s.TooWide() {
		return nil, "", problem.NameAPatient
	}
	return s, only, s.ProveCriteria(ctx)
}

var tooMuchBeside = problem.NameAPatient.With(problem.Hint{Say: "More records stand beside the matches than one page may hold. Ask for fewer matches at a time: _count."})

// references are those that the caller would see in the elements of a parameter if all
// their targets were visible; there is false where nothing of the record shows.
func (p *projection) references(c *candidate, param *catalog.Param) (out []record, there bool, err error) {
	if defect.On(defect.HiddenReferenceFollowed) || defect.On(defect.PassedThroughHidden) {
		for _, r := range c.record.References {
			if slices.Contains(param.Nodes, r.Node) && param.Targets.Has(r.Type) {
				out = append(out, record{r.Type, string(r.ID)})
			}
		}
		return out, true, nil
	}
	text, result, err := c.page.scanner.Project(nil, c.record, c.session().Shape(c.judged, func(catalog.Type, []byte) bool { return true }))
	if err != nil || !result.There {
		return nil, false, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, false, err
	}
	for _, node := range param.Nodes {
		for _, v := range elements(tree, strings.Split(p.cat.Node(node).Path, ".")[1:]) {
			if to, ok := p.target(v, param); ok {
				out = append(out, to)
			}
		}
	}
	return out, true, nil
}

// target reads a projected Reference. It stands as Type/id, or names nothing of ours.
func (p *projection) target(v any, param *catalog.Param) (record, bool) {
	ref, _ := v.(map[string]any)
	text, _ := ref["reference"].(string)
	name, id, _ := strings.Cut(text, "/")
	t, known := p.cat.Type(name)
	return record{t, id}, known && param.Targets.Has(t) && id != ""
}

// elements returns what stands at a path below a JSON value, arrays item by item; a
// choice has any of its types.
func elements(v any, path []string) []any {
	if list, ok := v.([]any); ok {
		var out []any
		for _, item := range list {
			out = append(out, elements(item, path)...)
		}
		return out
	}
	if len(path) == 0 {
		return []any{v}
	}
	object, _ := v.(map[string]any)
	var out []any
	choice, isChoice := strings.CutSuffix(path[0], "[x]")
	for name, item := range object {
		if name == path[0] || isChoice && strings.HasPrefix(name, choice) {
			out = append(out, elements(item, path[1:])...)
		}
	}
	return out
}
