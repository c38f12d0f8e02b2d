package fhir

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// query is a search as this door understood it: what is asked of the upstream is
// rebuilt from it, and nothing else is (D1).
type query struct {
	cat      *catalog.Catalog
	typ      catalog.Type
	name     string // of the type
	criteria []criterion
	// patients are those whom the request names, by the parameter byPatient;
	// which is also how the upstream is asked for them.
	patients  []string
	byPatient string
	visit     string
	includes  []include
	pinned    bool // gate.Ask.Pinned
	prove     bool // the records that it names are looked up, if nothing proves them
	hops      []*hop
	passed    bool             // it is the inner search of a hop
	settled   bool             // the hops were made
	through   []byte           // digest of what they passed through; nil without hops
	nothing   bool             // one of them leads nowhere
	among     []string         // the patients to whom the hops lead, sorted; nil where none leads to patients
	compares  []*catalog.Param // besides, read of every record
	before    []*catalog.Param // by which earlier searches of the answer find records of owner
	owner     string           // id of the patient whose compartment is searched
	sorts     []sortKey
	count     int // 0: not asked
	countOnly bool
	noTotal   bool
	pretty    bool             // white space is nobody's data
	elements  []catalog.NodeID // of the root, asked for; nil for all
	cursor    string
	post      bool
	asked     []pair // all that was understood, sorted: for the self link and the cursor
}

// criterion is one parameter that narrows the search.
type criterion struct {
	param    *catalog.Param
	modifier string
	values   []string // alternatives, rebuilt
	tokens   []gate.Value
	texts    []string // of a string parameter, without escapes
	passed   bool     // it stands for a hop; the gate knows of it
	held     bool     // a record must be seen to have one of the values
	owner    bool     // it says whose compartment is searched
	names    bool     // it names the patients of the request; the scope's chunks stand for it
}

type sortKey struct {
	param *catalog.Param
	down  bool
}

// parseSearch judges the parameters of a search of type t. What it does not know
// or does not allow refuses the whole with the text of an unknown parameter
// (FC01, FC02); what it cannot read is malformed. The policy judges what is left.
func parseSearch(cat *catalog.Catalog, t catalog.Type, pairs []pair) (*query, error) {
	q := &query{cat: cat, typ: t, name: cat.TypeName(t)}
	once := make(map[string]bool)
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b pair) int { // one order, whatever the client's
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	for _, p := range pairs {
		name, modifier, _ := strings.Cut(p.name, ":")
		var err error
		if hops(p.name) {
			err = q.readHop(cat, p)
		} else if name == "_include" || name == "_revinclude" {
			err = q.readInclude(cat, name, strings.TrimPrefix(p.name, name), p.value)
		} else if isResult(name) {
			if once[name] || modifier != "" || strings.HasSuffix(p.name, ":") {
				return nil, problem.Parameter
			}
			once[name] = true
			err = q.result(cat, name, p.value)
		} else {
			err = q.criterion(cat, name, modifier, p)
		}
		if err != nil {
			return nil, err
		}
		if name != "_cursor" && name != "_format" && name != "_pretty" {
			q.asked = append(q.asked, p)
		}
	}
	if q.cursor != "" && len(q.asked) > 0 {
		return nil, problem.Malformed // the cursor holds the query
	}
	return q, nil
}

// isResult names the parameters that shape the answer. Everything else that
// begins with an underscore must be a parameter of the catalog: _filter, _query,
// _text, _content, _list, _contained and _type are not (FC07, FC09).
func isResult(name string) bool {
	switch name {
	case "_sort", "_count", "_elements", "_summary", "_total", "_format", "_pretty", "_cursor":
		return true
	}
	return false
}

func (q *query) result(cat *catalog.Catalog, name, v string) error {
	switch name {
	case "_format":
		if !formatIsJSON(v) {
			return problem.Format
		}
	case "_pretty":
		q.pretty = v == "true"
	case "_cursor":
		q.cursor = v
	case "_count":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || len(v) > 9 {
			return problem.Malformed
		}
		q.count, q.countOnly = n, q.countOnly || n == 0
	case "_total":
		if v != "none" && v != "estimate" && v != "accurate" {
			return problem.Malformed
		}
		q.noTotal = v == "none"
	case "_summary":
		switch v {
		case "false", "data": // there is no narrative to leave out
		case "text": // id, what is mandatory, and a narrative that nobody sees
			q.elements = append([]catalog.NodeID{}, q.elements...)
		case "count":
			q.countOnly = true
		default: // true: which elements are a summary, the catalog does not say
			return problem.Parameter
		}
	case "_elements":
		return q.readElements(cat, v)
	case "_sort":
		return q.readSort(cat, v)
	}
	return nil
}

// readElements reads names of elements at the top of the record, as FHIR names
// them: value for valueQuantity and its like.
func (q *query) readElements(cat *catalog.Catalog, v string) error {
	if q.elements == nil {
		q.elements = []catalog.NodeID{}
	}
	for name := range strings.SplitSeq(v, ",") {
		name = strings.TrimPrefix(name, q.name+".")
		found := false
		for _, n := range cat.Children(cat.Root(q.typ)) {
			if elementName(cat.Node(n)) == name {
				q.elements, found = append(q.elements, n), true
			}
		}
		if !found || name == "" || len(q.elements) > 256 {
			return problem.Parameter
		}
	}
	return nil
}

// elementName is the name of an element without the type of a choice. Types share
// nodes, so the beginning of a path may be that of another type.
func elementName(n *catalog.Node) string {
	if choice, ok := strings.CutSuffix(n.Path, "[x]"); ok {
		return choice[strings.LastIndexByte(choice, '.')+1:]
	}
	return n.Name
}

// readSort accepts parameters that order by one visible value. Those whose
// element's class follows the value, and references, have no such value (FC08).
func (q *query) readSort(cat *catalog.Catalog, v string) error {
	for key := range strings.SplitSeq(v, ",") {
		name, down := strings.CutPrefix(key, "-")
		p, ok := cat.Param(q.typ, name)
		if !ok || p.ReadsUnknown() || p.ValueDependent || len(q.sorts) == 3 {
			return problem.Parameter
		}
		switch p.Kind {
		case catalog.CompositeParam, catalog.SpecialParam, catalog.ReferenceParam, catalog.NoParam:
			return problem.Parameter
		}
		q.sorts = append(q.sorts, sortKey{p, down})
	}
	return nil
}

// criterion reads a parameter that narrows.
func (q *query) criterion(cat *catalog.Catalog, name, modifier string, p pair) error {
	param, ok := cat.Param(q.typ, name)
	if !ok && defect.On(defect.MalformedDropped) {
		return nil
	}
	if !ok || param.ReadsUnknown() || strings.HasSuffix(p.name, ":") || !allowed(cat, param, modifier) {
		return problem.Parameter
	}
	parts, ok := splitValue(p.value, ',')
	if !ok {
		return problem.Malformed
	}
	c := criterion{param: param, modifier: modifier}
	for _, part := range parts {
		v, err := c.read(cat, part)
		if err != nil {
			return err
		}
		c.values = append(c.values, v)
	}
	return q.take(cat, c)
}

// take keeps a criterion that was read.
func (q *query) take(cat *catalog.Catalog, c criterion) error {
	err := q.note(cat, &c)
	q.criteria = append(q.criteria, c)
	return err
}

// allowed is the list of modifiers (FC02). Every other either reads more than the
// element (:text, :in, :above), or tells that it is absent (:missing, :not), or
// passes through another record (:identifier, chains).
func allowed(cat *catalog.Catalog, p *catalog.Param, modifier string) bool {
	switch {
	case modifier == "", defect.On(defect.ModifiersAllowed):
		return true
	case p.Kind == catalog.StringParam:
		return modifier == "exact" || modifier == "contains"
	case p.Kind == catalog.ReferenceParam:
		t, ok := cat.Type(modifier)
		return ok && p.Targets.Has(t)
	}
	return false
}

// note keeps whom the request names: the patients, once, and the visit.
func (q *query) note(cat *catalog.Catalog, c *criterion) error {
	patient, _ := cat.Type("Patient")
	switch {
	case q.typ == patient && c.param.Name == "_id":
		return q.namePatients(c, c.values)
	case c.param.Kind == catalog.ReferenceParam && (c.param.Name == "patient" || c.param.Name == "subject"):
		ids := make([]string, 0, len(c.values))
		for _, v := range c.values {
			id, ok := strings.CutPrefix(v, "Patient/")
			if !ok {
				return nil // a Group, a Device: a criterion like any other
			}
			ids = append(ids, id)
		}
		return q.namePatients(c, ids)
	case c.param.Kind == catalog.ReferenceParam && (c.param.Name == "encounter" || c.param.Name == "context") && len(c.values) == 1:
		if id, ok := strings.CutPrefix(c.values[0], "Encounter/"); ok && q.visit == "" {
			q.visit = id
		}
	}
	return nil
}

// namePatients takes the patients out of the criteria: the upstream is asked for
// them in the chunks of the scope. Naming them twice would be an "and" of
// patients, which nobody means.
func (q *query) namePatients(c *criterion, ids []string) error {
	if q.byPatient != "" {
		return problem.Malformed
	}
	c.names = true
	q.byPatient, q.patients = c.param.Name, ids
	return nil
}

// ask turns the query into what the gate judges. An id is no criterion there: it
// comes with whatever shows (policy-language rule 18), so that matching it reads
// nothing more.
func (q *query) ask() gate.Ask {
	a := gate.Ask{Type: q.typ, Patients: q.patients, Visit: q.visit, Count: q.count, Pinned: q.pinned, Passes: q.passed || len(q.hops) > 0}
	for i := range q.criteria {
		c := &q.criteria[i]
		if c.passed {
			continue
		}
		if c.param.Name != "_id" && !(c.owner && defect.On(defect.CompartmentUnjudged)) && !(q.passed && defect.On(defect.ChainUnjudged)) {
			a.Criteria = append(a.Criteria, gate.Criterion{Param: c.param, Modifier: c.modifier, Values: c.tokens, Refs: q.refs(c)})
		}
		name := c.param.Name
		if c.modifier != "" {
			name += ":" + c.modifier
		}
		a.Params = append(a.Params, name)
	}
	for _, h := range q.hops {
		if !h.back {
			a.Criteria = append(a.Criteria, gate.Criterion{Param: h.param, Through: h.inner.typ})
		}
		a.Params = append(a.Params, h.name)
	}
	a.Follows = q.follows()
	if !defect.On(defect.ComparedByHidden) {
		a.Sorts = append(a.Sorts, q.compares...)
	}
	for _, in := range q.includes {
		a.Params = append(a.Params, map[bool]string{true: "_revinclude:", false: "_include:"}[in.back]+q.cat.TypeName(in.typ)+":"+in.param.Name)
	}
	for _, s := range q.sorts {
		if s.param.Name != "_id" {
			a.Sorts = append(a.Sorts, s.param)
		}
		a.Params = append(a.Params, "_sort:"+s.param.Name)
	}
	return a
}

// refs are the records that a reference criterion names; they were read as
// Type/id.
func (q *query) refs(c *criterion) []gate.Ref {
	if c.param.Kind != catalog.ReferenceParam {
		return nil
	}
	out := make([]gate.Ref, 0, len(c.values))
	for _, v := range c.values {
		name, id, _ := strings.Cut(v, "/")
		t, _ := q.cat.Type(name)
		out = append(out, gate.Ref{Type: t, ID: id})
	}
	return out
}

// upstream rebuilds the query for the upstream, without the patients and the
// page size. Whole is for a find: all but names must match whole.
func (q *query) upstream(whole bool) []upstream.Param {
	out := make([]upstream.Param, 0, len(q.criteria)+3)
	for i := range q.criteria {
		c := &q.criteria[i]
		if c.names {
			continue
		}
		name := c.param.Name
		switch {
		case c.param.Kind == catalog.StringParam && c.modifier != "":
			name += ":" + c.modifier
		case whole && c.param.Kind == catalog.StringParam && !isName(c.param):
			name += ":exact" // policy-language rule 13: names by prefix, others whole
		}
		out = append(out, upstream.Param{Name: name, Value: strings.Join(c.values, ",")})
	}
	if len(q.sorts) > 0 {
		keys := make([]string, len(q.sorts))
		for i, s := range q.sorts {
			keys[i] = s.param.Name
			if s.down {
				keys[i] = "-" + keys[i]
			}
		}
		out = append(out, upstream.Param{Name: "_sort", Value: strings.Join(keys, ",")})
	}
	return out
}

// isName tells parameters that search names of people by their beginning.
func isName(p *catalog.Param) bool {
	switch p.Name {
	case "name", "given", "family":
		return true
	}
	return false
}
