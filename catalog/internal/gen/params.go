package main

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/catalog/internal/table"
)

// withoutExpression are the parameters that the definitions give no expression:
// free text, named queries, and two that no server has to know. They are refused
// (FC07).
var withoutExpression = []string{"_text", "_content", "_query", "_filter", "age", "birthOrderBoolean"}

var paramKinds = map[string]catalog.ParamKind{
	"token": catalog.TokenParam, "string": catalog.StringParam, "date": catalog.DateParam,
	"number": catalog.NumberParam, "quantity": catalog.QuantityParam, "reference": catalog.ReferenceParam,
	"uri": catalog.URIParam, "composite": catalog.CompositeParam, "special": catalog.SpecialParam,
}

// narrow are the names of rule 12, beside the main date.
var narrow = []string{"category", "code", "type", "status", "clinical-status", "intent", "_id"}

// applies yields the types that a parameter is for.
func (b *builder) applies(p *searchParam) (types []string) {
	for _, base := range p.Base {
		switch {
		case base == "Resource" || base == "DomainResource":
			types = append(types, b.defs.resources...)
		case b.typeNo[base] != 0:
			types = append(types, base)
		}
	}
	return types
}

// nameSearchPaths keeps the paths that parameters read into datatypes apart.
func (b *builder) nameSearchPaths() {
	for _, p := range b.defs.params {
		alts, err := parse(p.Expression)
		if p.Expression == "" || err != nil {
			continue // said by addParams
		}
		for _, a := range alts {
			if a.typ == "Resource" || a.typ == "DomainResource" {
				continue // meta is there once in a record
			}
			b.name(a.path())
			for _, m := range p.Component {
				inner, err := parseRelative(m.Expression)
				if err != nil {
					continue
				}
				for _, i := range inner {
					if i.typ == "" {
						b.name(a.path() + i.path())
					}
				}
			}
		}
	}
}

func (b *builder) addParams() {
	refused := map[string][]string{}
	for _, p := range b.defs.params {
		for _, typ := range b.applies(p) {
			param, why := b.param(typ, p)
			if why != "" {
				refused[p.Code+": "+why] = append(refused[p.Code+": "+why], typ)
				continue
			}
			t := &b.out.Types[b.typeNo[typ]-1]
			t.Params = append(t.Params, param)
		}
	}
	for i := range b.out.Types {
		t := &b.out.Types[i]
		slices.SortFunc(t.Params, func(x, y table.Param) int { return strings.Compare(x.Name, y.Name) })
		for j := 1; j < len(t.Params); j++ {
			if t.Params[j].Name == t.Params[j-1].Name {
				b.fail("%s has two parameters %s", t.Name, t.Params[j].Name)
			}
		}
		b.markMainDate(t)
		t.Compartment = b.defs.compartment[t.Name]
	}
	for _, why := range slices.Sorted(keys(refused)) {
		types := refused[why]
		if len(types) > 5 {
			b.note("refused parameter %s (%d types)", why, len(types))
			continue
		}
		b.note("refused parameter %s (%s)", why, strings.Join(types, ", "))
	}
}

// param derives one parameter of one type; why says what makes it refused.
func (b *builder) param(typ string, p *searchParam) (out table.Param, why string) {
	kind, ok := paramKinds[p.Type]
	if !ok {
		b.fail("%s: unknown kind %q", p.URL, p.Type)
	}
	if p.Expression == "" {
		if !slices.Contains(withoutExpression, p.Code) {
			b.fail("%s has no expression", p.URL)
		}
		return out, "no expression"
	}
	out = table.Param{Name: p.Code, Kind: uint64(kind)}
	alts, err := parse(p.Expression)
	if err != nil {
		b.fail("%s: %v", p.URL, err)
		return out, "unknown expression"
	}
	targets := p.Target
	for _, a := range alts {
		if first := a.typ[0]; first >= 'a' && first <= 'z' { // InsurancePlan's "name | alias"
			a.steps = append([]step{{name: a.typ}}, a.steps...)
		} else if a.typ != typ && a.typ != "Resource" && a.typ != "DomainResource" {
			continue
		}
		if a.refused != "" {
			return out, a.refused
		}
		a.typ = typ
		nodes := b.read(a)
		if len(nodes) == 0 {
			b.fail("%s: %s reads no element of %s", p.URL, p.Expression, typ)
		}
		out.Nodes = appendNew(out.Nodes, nodes...)
		out.ContactSystem = a.system
		if len(a.targets) > 0 {
			targets = a.targets
		}
		if why := b.components(&out, p, a); why != "" {
			return out, why
		}
	}
	if len(out.Nodes) == 0 {
		b.fail("%s: nothing in %s is for %s", p.URL, p.Expression, typ)
	}
	if kind == catalog.CompositeParam {
		out.Nodes = nil // the whole element is read part by part
		for _, c := range out.Components {
			out.Nodes = appendNew(out.Nodes, c.Nodes...)
		}
	}
	b.finish(&out, targets)
	return out, ""
}

// components resolves the parts of a composite parameter against one alternative.
func (b *builder) components(out *table.Param, p *searchParam, a alternative) (why string) {
	for i, m := range p.Component {
		def := b.defs.paramByURL[m.Definition]
		if def == nil {
			b.fail("%s: no definition of its component %s", p.URL, m.Definition)
			return "unknown component"
		}
		inner, err := parseRelative(m.Expression)
		if err != nil {
			b.fail("%s: %v", p.URL, err)
			return "unknown expression"
		}
		if len(out.Components) <= i {
			out.Components = append(out.Components, table.Param{Name: def.Code, Kind: uint64(paramKinds[def.Type])})
		}
		c := &out.Components[i]
		for _, in := range inner {
			whole := a
			if in.typ == "" {
				whole.steps = append(slices.Clone(a.steps), in.steps...)
			} else {
				whole.steps = in.steps
			}
			nodes := b.read(whole)
			if len(nodes) == 0 {
				b.fail("%s: component %s reads no element of %s", p.URL, m.Expression, a.typ)
			}
			c.Nodes = appendNew(c.Nodes, nodes...)
		}
		b.finish(c, def.Target)
	}
	return ""
}

// finish sets what follows from name and nodes.
func (b *builder) finish(p *table.Param, targets []string) {
	if p.Kind == uint64(catalog.ReferenceParam) {
		p.Targets = nil
		for _, t := range targets {
			if no := b.typeNo[t]; no != 0 {
				p.Targets = appendNew(p.Targets, no)
			}
		}
	}
	for _, id := range p.Nodes {
		if b.out.Nodes[id].Flags&table.ByValue != 0 {
			p.Flags |= table.ValueDependent
		}
	}
	if slices.Contains(narrow, p.Name) {
		p.Flags |= table.Narrow
	}
	if strings.HasPrefix(p.Name, "_") {
		p.Flags |= table.Common
	}
}

// read returns the nodes that an alternative reads, those of its filters included.
func (b *builder) read(a alternative) (nodes []uint64) {
	nodes = b.walk(a.typ, a.steps)
	for _, path := range a.also {
		if strings.HasPrefix(path, a.path()+".") {
			continue // inside what is read anyway
		}
		_, rest, _ := strings.Cut(path, ".")
		var steps []step
		for _, p := range strings.Split(rest, ".") {
			steps = append(steps, step{name: p})
		}
		nodes = appendNew(nodes, b.walk(a.typ, steps)...)
	}
	return nodes
}

func (b *builder) walk(typ string, steps []step) []uint64 {
	now := []uint64{b.out.Types[b.typeNo[typ]-1].Root}
	for _, s := range steps {
		var next []uint64
		for _, id := range now {
			next = appendNew(next, b.within(b.out.Nodes[id].Table, s.name, s.cast)...)
		}
		now = next
	}
	return now
}

// markMainDate ranks the elements that the date parameters of a type read.
func (b *builder) markMainDate(t *table.Type) {
	names := b.words.decisions.MainDate
	if more := b.words.decisions.MainDateElse[t.Name]; more != nil {
		names = append(slices.Clone(names), more...)
	}
	rank := uint64(0)
	for _, name := range names {
		i := slices.IndexFunc(t.Params, func(p table.Param) bool { return p.Name == name })
		if i < 0 || t.Params[i].Kind != uint64(catalog.DateParam) {
			continue
		}
		if rank == 0 {
			t.Params[i].Flags |= table.Narrow | table.MainDateParam
		}
		rank++
		for _, id := range t.Params[i].Nodes {
			if n := &b.out.Nodes[id]; n.MainDate == 0 {
				n.MainDate = rank
			}
		}
	}
}

func appendNew(s []uint64, more ...uint64) []uint64 {
	for _, m := range more {
		if !slices.Contains(s, m) {
			s = append(s, m)
		}
	}
	return s
}
