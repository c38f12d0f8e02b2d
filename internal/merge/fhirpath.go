package merge

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
)

// spot is where a path leads: a member of an object, or an item of one that is a list.
type spot struct {
	holder *tree          // nil of the record itself
	under  catalog.NodeID // the element of that object
	node   catalog.NodeID // of the member
	name   string         // as JSON spells it
	at     int            // of an item; single of a member that is no list
}

const single = -1

// step is one part of a path.
type step struct {
	name  string // of an element; "" of what chooses among items
	index int    // [n], first(); last for last()
	where []condition
}

// condition is one condition of where(): an element has a text.
type condition struct {
	path []string
	want string
	bare bool // true, false, a number: not a string
}

const (
	every = -1
	last  = -2
)

// resolver reads the paths of a FHIRPath Patch (hl7.org/fhir/R4/fhirpatch.html): names,
// [n], first(), last(), single() and where(name = literal and ...). Other functions are
// refused: a path that is understood in part changes what nobody meant.
type resolver struct {
	cat   *catalog.Catalog
	doc   *tree
	looks int // how many values it may still look at
}

// steps parses a path.
func steps(text string) ([]step, bool) {
	p := reading{rest: strings.TrimSpace(text)}
	var out []step
	for {
		name := p.word()
		switch {
		case name == "":
			return nil, false
		case p.take("("):
			s, ok := p.function(name)
			if !ok || len(out) == 0 {
				return nil, false
			}
			out = append(out, s)
		default:
			out = append(out, step{name: name, index: every})
		}
		for p.take("[") {
			n, ok := position(p.digits())
			if !ok || !p.take("]") {
				return nil, false
			}
			out = append(out, step{index: n})
		}
		if p.rest == "" {
			return out, len(out) <= mostDepth
		}
		if !p.take(".") {
			return nil, false
		}
	}
}

// reading is what is left of a path.
type reading struct{ rest string }

func (p *reading) take(s string) bool {
	rest, ok := strings.CutPrefix(p.rest, s)
	if ok {
		p.rest = strings.TrimLeft(rest, " ")
	}
	return ok
}

func (p *reading) span(of string) string {
	n := len(p.rest) - len(strings.TrimLeft(p.rest, of))
	word := p.rest[:n]
	p.rest = strings.TrimLeft(p.rest[n:], " ")
	return word
}

func (p *reading) digits() string { return p.span("0123456789") }

func (p *reading) word() string {
	w := p.span("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
	if w != "" && strings.Contains("0123456789", w[:1]) {
		return ""
	}
	return w
}

// function reads the rest of a function behind its bracket.
func (p *reading) function(name string) (step, bool) {
	switch name {
	case "first":
		return step{index: 0}, p.take(")")
	case "last":
		return step{index: last}, p.take(")")
	case "single":
		return step{index: every}, p.take(")")
	case "where":
		tests, ok := p.tests()
		return step{index: every, where: tests}, ok && p.take(")")
	}
	return step{}, false
}

func (p *reading) tests() (all []condition, ok bool) {
	for {
		var t condition
		for {
			w := p.word()
			if w == "" {
				return nil, false
			}
			t.path = append(t.path, w)
			if !p.take(".") {
				break
			}
		}
		if !p.take("=") || !p.literal(&t) {
			return nil, false
		}
		all = append(all, t)
		if !p.take("and ") {
			return all, true
		}
	}
}

func (p *reading) literal(t *condition) bool {
	if !p.take("'") {
		t.bare = true
		t.want = p.span("abcdefghijklmnopqrstuvwxyz0123456789.-")
		return t.want == "true" || t.want == "false" || t.want != "" && strings.Trim(t.want, "0123456789") == ""
	}
	text, rest, ok := strings.Cut(p.rest, "'")
	t.want, p.rest = text, strings.TrimLeft(rest, " ")
	return ok && !strings.Contains(text, `\`)
}

// find returns every spot to which a path leads.
func (r *resolver) find(path string) ([]spot, Fault) {
	all, ok := steps(path)
	if !ok {
		return nil, BadPath
	}
	spots := []spot{{at: single}}
	if all[0].name == r.doc.get("resourceType").str() {
		all = all[1:]
	}
	for _, s := range all {
		var fault Fault
		if s.name != "" {
			spots, fault = r.children(spots, s.name)
		} else {
			spots = r.choose(spots, s)
		}
		switch r.looks -= len(spots); {
		case fault != 0:
			return nil, fault
		case r.spent():
			return nil, TooBroad
		}
	}
	return spots, 0
}

// spent reports whether the paths of the patch have looked at more than they may.
func (r *resolver) spent() bool { return r.looks < 0 && !defect.On(defect.PathsUnbounded) }

// value is what stands at a spot.
func (r *resolver) value(s spot) *tree {
	if s.holder == nil {
		return r.doc
	}
	v := s.holder.get(s.name)
	if s.at != single && v != nil {
		if s.at >= len(v.items) {
			return nil
		}
		return v.items[s.at]
	}
	return v
}

// node is the element of a spot's value: of a contained resource, its type's.
func (r *resolver) node(s spot) catalog.NodeID {
	if s.holder == nil || r.cat.Node(s.node).Kind == catalog.Resource {
		t, ok := r.cat.Type(r.value(s).get("resourceType").str())
		if !ok {
			return 0
		}
		return r.cat.Root(t)
	}
	return s.node
}

// children follows a name from each spot. What the definition does not have is a path
// that cannot be read; what merely is not there leads nowhere.
func (r *resolver) children(from []spot, name string) (out []spot, fault Fault) {
	for _, s := range from {
		holder := r.value(s)
		ids := r.named(r.node(s), name)
		if len(ids) == 0 {
			return nil, BadPath
		}
		for _, id := range ids {
			out = append(out, r.spots(holder, r.node(s), id)...)
		}
	}
	return out, 0
}

// named returns the children that a path means by a name: of a choice all its types.
func (r *resolver) named(n catalog.NodeID, name string) (out []catalog.NodeID) {
	for _, id := range r.cat.Children(n) {
		k := r.cat.Node(id)
		if k.Name == name && k.ChoiceOf == 0 || k.ChoiceOf != 0 && strings.HasSuffix(k.Path, "."+name+"[x]") {
			out = append(out, id)
		}
	}
	return out
}

// spots are the values of a member: each item of a list. Items of a repeating primitive
// count where either list has one.
func (r *resolver) spots(holder *tree, under, id catalog.NodeID) (out []spot) {
	k := r.cat.Node(id)
	if holder == nil || holder.kind != '{' {
		return nil
	}
	value, more := holder.get(k.Name), holder.get("_"+k.Name)
	switch {
	case value == nil && (more == nil || k.Kind != catalog.Primitive):
		return nil
	case !k.Array:
		return []spot{{holder, under, id, k.Name, single}}
	}
	for i := range longest(value, more) {
		out = append(out, spot{holder, under, id, k.Name, i})
	}
	return out
}

func longest(lists ...*tree) (n int) {
	for _, l := range lists {
		if l != nil {
			n = max(n, len(l.items))
		}
	}
	return n
}

func (r *resolver) choose(from []spot, s step) []spot {
	switch {
	case s.where != nil:
		return slices.DeleteFunc(from, func(at spot) bool { return !r.fits(at, s.where) })
	case s.index == every:
		return from
	case s.index == last && len(from) > 0:
		return from[len(from)-1:]
	case s.index >= 0 && s.index < len(from):
		return from[s.index : s.index+1]
	}
	return nil
}

// fits reports whether each condition's path leads to exactly one value, of that text.
func (r *resolver) fits(s spot, tests []condition) bool {
	for _, t := range tests {
		at := []spot{s}
		for _, name := range t.path {
			at, _ = r.children(at, name)
			r.looks -= 1 + len(at)
		}
		if len(at) != 1 || r.spent() {
			return false
		}
		v := r.value(at[0])
		if v == nil || t.bare && string(v.raw) != t.want || !t.bare && (v.kind != '"' || v.str() != t.want) {
			return false
		}
	}
	return true
}
