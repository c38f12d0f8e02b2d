package scim

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a page of a list.
const (
	usualCount = 100
	mostCount  = 1000
	mostNames  = 64 // of attributes and excludedAttributes
)

// query is what a list is asked for, by address or by .search.
type query struct {
	filter               string
	attributes, excluded []string
	sortBy               string
	descending           bool
	start, count         int
}

func queryOf(v url.Values) (*query, error) {
	q := &query{filter: v.Get("filter"), sortBy: v.Get("sortBy"), start: 1, count: usualCount}
	q.attributes, q.excluded = names(v.Get("attributes")), names(v.Get("excludedAttributes"))
	q.descending = strings.EqualFold(v.Get("sortOrder"), "descending")
	for name, to := range map[string]*int{"startIndex": &q.start, "count": &q.count} {
		if !v.Has(name) {
			continue
		}
		n, err := strconv.Atoi(v.Get(name))
		if err != nil {
			return nil, bad(invalidValue, name+" must be a whole number.")
		}
		*to = n
	}
	return q.bounded()
}

func names(s string) (out []string) {
	for _, n := range strings.Split(s, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

func (q *query) bounded() (*query, error) {
	q.start, q.count = max(q.start, 1), min(max(q.count, 0), mostCount)
	if len(q.attributes)+len(q.excluded) > mostNames {
		return nil, bad(invalidValue, "attributes and excludedAttributes name more than 64.")
	}
	return q, nil
}

// searched reads the body of .search, RFC 7644 section 3.4.3.
func searched(r *http.Request) (*query, error) {
	in, err := body(r)
	if err != nil {
		return nil, err
	}
	q := &query{start: 1, count: usualCount}
	q.filter, _ = member(in, "filter").(string)
	q.sortBy, _ = member(in, "sortBy").(string)
	order, _ := member(in, "sortOrder").(string)
	q.descending = strings.EqualFold(order, "descending")
	for name, to := range map[string]*[]string{"attributes": &q.attributes, "excludedAttributes": &q.excluded} {
		for _, v := range anys(member(in, name)) {
			s, ok := v.(string)
			if !ok {
				return nil, bad(invalidValue, name+" must be a list of names.")
			}
			*to = append(*to, s)
		}
	}
	for name, to := range map[string]*int{"startIndex": &q.start, "count": &q.count} {
		if v := member(in, name); v != nil {
			n, ok := v.(float64)
			if !ok || n != float64(int(n)) {
				return nil, bad(invalidValue, name+" must be a whole number.")
			}
			*to = int(n)
		}
	}
	return q.bounded()
}

func anys(v any) []any {
	l, _ := v.([]any)
	return l
}

func (s *Server) search(r *http.Request, of ...from) (*answer, error) {
	q, err := searched(r)
	if err != nil {
		return nil, err
	}
	return s.list(q, of...)
}

func (s *Server) searchAll(r *http.Request) (*answer, error) {
	return s.search(r, from{s.users, store{all: s.allUsers}}, from{s.groups, store{all: s.allGroups}})
}

// from is a type of resource with where it is kept.
type from struct {
	t  *resource
	st store
}

// shown is one that fits, with what is shown of its type.
type shown struct {
	o    object
	pick *projection
}

func (s *Server) list(q *query, of ...from) (*answer, error) {
	var all []shown
	for _, f := range of {
		found, err := q.found(f, len(of) > 1)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if q.sortBy != "" {
		if err := q.sort(all, of); err != nil {
			return nil, err
		}
	}
	total := len(all)
	all = all[min(q.start-1, total):]
	all = all[:min(q.count, len(all))]
	out := []any{}
	for _, e := range all {
		out = append(out, e.pick.of(e.o))
	}
	body := object{"schemas": []any{listURN}, "totalResults": total, "Resources": out, "itemsPerPage": len(out), "startIndex": q.start}
	return &answer{status: http.StatusOK, body: body}, nil
}

// found are the resources of one type that fit. Of several types, one that has not what
// the filter names has nothing that fits.
func (q *query) found(f from, several bool) ([]shown, error) {
	pick, err := f.t.projection(q)
	if err != nil && !several {
		return nil, err
	}
	filter, err := f.t.filter(q.filter)
	if err != nil {
		if several && len(q.filter) <= mostFilter {
			return nil, nil
		}
		return nil, err
	}
	var out []shown
	for _, o := range f.st.all(filter) {
		if filter.match(o) {
			out = append(out, shown{o, pick})
		}
	}
	return out, nil
}

// sort orders by one attribute; those without it come last (first when descending), as
// RFC 7644 section 3.4.2.3 says.
func (q *query) sort(all []shown, of []from) error {
	var by where
	for _, f := range of {
		if w, ok := f.t.lookup(q.sortBy); ok && w.attr != nil {
			by = w
		}
	}
	if by.attr == nil {
		return bad(invalidPath, "sortBy names an attribute that is not advertised.")
	}
	sign := 1
	if q.descending {
		sign = -1
	}
	keys := make(map[string]string, len(all))
	for _, e := range all {
		keys[str(e.o, "id")] = sortKey(by, e.o)
	}
	slices.SortStableFunc(all, func(a, b shown) int {
		x, y := keys[str(a.o, "id")], keys[str(b.o, "id")]
		if (x == "") != (y == "") {
			return sign * cmp.Compare(len(y), len(x)) // the empty one is the greater
		}
		return sign * strings.Compare(x, y)
	})
	return nil
}

// sortKey is the primary value, else the first; "" for none.
func sortKey(w where, o object) string {
	for _, part := range w.objects(o) {
		if leaf := w.leaf(); part["primary"] == true && leaf != nil {
			return foldKey(leaf, part[leaf.name])
		}
	}
	for _, v := range w.values(o) {
		return foldKey(w.leaf(), v)
	}
	return ""
}

func foldKey(a *attribute, v any) string {
	switch v := v.(type) {
	case string:
		if a.exact {
			return v
		}
		return strings.ToLower(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// projection is which attributes are shown, RFC 7644 section 3.9.
type projection struct {
	t       *resource
	only    []where // nil: all
	without []where
}

// projection refuses names that nobody could mean; names of what is not kept choose
// nothing.
func (r *resource) projection(q *query) (*projection, error) {
	p := &projection{t: r}
	if len(q.attributes) > 0 {
		p.only = []where{}
	}
	for _, n := range q.attributes {
		if w, ok := r.lookup(n); ok {
			p.only = append(p.only, w)
		}
	}
	for _, n := range q.excluded {
		if w, ok := r.lookup(n); ok {
			p.without = append(p.without, w)
		}
	}
	return p, nil
}

// of is a copy that shows what was asked for; id and schemas always are.
func (p *projection) of(o object) object {
	if p == nil || p.only == nil && p.without == nil {
		return o
	}
	out := maps.Clone(o)
	if p.only != nil {
		out = object{}
		for _, w := range p.only {
			copyTo(out, o, w)
		}
	}
	for _, w := range p.without {
		if w.attr == nil || w.attr.returned != "always" {
			leaveOut(out, w)
		}
	}
	out["id"], out["schemas"] = o["id"], o["schemas"]
	return out
}

func copyTo(out, o object, w where) {
	if w.urn != "" {
		in := sub(o, w.urn)
		if in == nil {
			return
		}
		if w.attr == nil {
			out[w.urn] = in
			return
		}
		part := sub(out, w.urn)
		if part == nil {
			part = object{}
		}
		urn := w.urn
		w.urn = ""
		copyTo(part, in, w)
		setObject(out, urn, part)
		return
	}
	v, has := o[w.attr.name]
	switch {
	case !has:
	case w.sub == nil:
		out[w.attr.name] = v
	default:
		out[w.attr.name] = merged(out[w.attr.name], only(v, w.sub.name))
	}
}

// only keeps one part of a value, or of each of several.
func only(v any, name string) any {
	switch v := v.(type) {
	case object:
		if part, has := v[name]; has {
			return object{name: part}
		}
		return object{}
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, only(e, name))
		}
		return out
	}
	return v
}

// merged puts parts beside those that another name of the request chose.
func merged(old, now any) any {
	switch n := now.(type) {
	case object:
		if o, ok := old.(object); ok {
			out := maps.Clone(o)
			maps.Copy(out, n)
			return out
		}
	case []any:
		if o, ok := old.([]any); ok && len(o) == len(n) {
			out := make([]any, len(n))
			for i := range n {
				out[i] = merged(o[i], n[i])
			}
			return out
		}
	}
	return now
}

func leaveOut(out object, w where) {
	if w.urn != "" {
		in := sub(out, w.urn)
		if w.attr == nil {
			delete(out, w.urn)
		}
		if w.attr == nil || in == nil {
			return
		}
		in = maps.Clone(in)
		urn := w.urn
		w.urn = ""
		leaveOut(in, w)
		if out[urn] = in; len(in) == 0 {
			delete(out, urn)
		}
		return
	}
	if w.sub == nil {
		delete(out, w.attr.name)
		return
	}
	if v, has := out[w.attr.name]; has {
		out[w.attr.name] = without(v, w.sub.name)
	}
}

func without(v any, name string) any {
	switch v := v.(type) {
	case object:
		out := maps.Clone(v)
		delete(out, name)
		return out
	case []any:
		var out []any
		for _, e := range v {
			out = append(out, without(e, name))
		}
		return out
	}
	return v
}
