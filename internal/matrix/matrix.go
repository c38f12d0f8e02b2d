// Package matrix lists everything that FHIR R4 lets a client ask of a server, cell by
// cell, with what the FHIR door does with it: each interaction with each type, and of
// searches each parameter with each modifier and prefix, as the R4 definitions name
// them (hl7.org/fhir/R4/http.html, search.html).
//
// Cells are alike where one rule of the door speaks of them. The rules stand here a
// second time, in words and as [Class]: a cell that no class has, or that two have, is
// a defect, and tests ask the door every cell and hold its answer against the class.
package matrix

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"modicum/catalog"
)

// Verdict is what the door does with a request before any record is looked at.
type Verdict string

// The verdicts. What is refused sends nothing to the upstream.
const (
	Judged    Verdict = "the policy decides"              // 200, 201, 404; 403 and "parameter" where no line allows it
	Written   Verdict = "the policy decides of a write"   // 201, 200; 403, 404, 412, 422, 428 before anything is sent, 405 of containers
	Unknown   Verdict = "refused as an unknown parameter" // 400 parameter
	Malformed Verdict = "refused as malformed"            // 400 malformed
	NotDone   Verdict = "refused as not available"        // 405 interaction
	Public    Verdict = "answered to everybody"           // the same bytes for every caller
)

// Cell is one thing to ask.
type Cell struct {
	Interaction *Interaction
	Type        catalog.Type // none for what is asked of the whole server
	Name        string       // of the type, "" for none
	Param       Param        // of a search; its Name is "" for none
}

// Param is a search parameter as it is asked.
type Param struct {
	Name     string         // as in the URL, without modifier
	Def      *catalog.Param // nil for those that shape the answer, and those of every type that R4 names without an expression
	Modifier string         // without the colon; "Patient.name" after a chain
	Prefix   string         // of a date, number or quantity
	Value    string
}

// Cells yields every cell: the interactions with every type, and the parameters of
// searches.
func Cells(cat *catalog.Catalog) iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for i := range Interactions {
			for c := range Interactions[i].cells(cat) {
				if !yield(c) {
					return
				}
			}
		}
		search := find("search-type")
		for _, t := range cat.Types() {
			for _, p := range paramsOf(cat, t) {
				if !yield(Cell{Interaction: search, Type: t, Name: cat.TypeName(t), Param: p}) {
					return
				}
			}
		}
	}
}

// Request spells the cell as a client would: method and path below the base.
func (c *Cell) Request() (method, path string) {
	path = strings.NewReplacer("{type}", c.Name, "{id}", "p1", "{vid}", "1").Replace(c.Interaction.Path)
	if c.Param.Name == "" {
		return c.Interaction.Method, path
	}
	name := c.Param.Name
	if c.Param.Modifier != "" {
		name += ":" + c.Param.Modifier
	}
	return c.Interaction.Method, path + "?" + name + "=" + c.Param.Prefix + c.Param.Value
}

// String names the cell in a message.
func (c *Cell) String() string {
	method, path := c.Request()
	return fmt.Sprintf("%s: %s %s", c.Interaction.Name, method, path)
}

// Modifiers are those of search.html#modifiers, but the names of types.
var Modifiers = []string{"missing", "exact", "contains", "text", "not", "above", "below", "in", "not-in", "of-type", "identifier", "iterate"}

// Prefixes are those of search.html#prefix.
var Prefixes = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

// shaping are the parameters that no resource defines, with a value each
// (search.html#return, #has, #special). The last of each group are of the server's own
// kind or of operations.
var shaping = []Param{
	{Name: "_count", Value: "5"}, {Name: "_total", Value: "none"}, {Name: "_elements", Value: "id"},
	{Name: "_summary", Value: "true"}, {Name: "_summary", Value: "text"}, {Name: "_summary", Value: "data"}, {Name: "_summary", Value: "count"}, {Name: "_summary", Value: "false"},
	{Name: "_format", Value: "json"}, {Name: "_pretty", Value: "true"},
	{Name: "_contained", Value: "true"}, {Name: "_containedType", Value: "container"},
	{Name: "_filter", Value: "id eq x"}, {Name: "_query", Value: "named"}, {Name: "_text", Value: "word"}, {Name: "_content", Value: "word"},
	{Name: "_list", Value: "l1"}, {Name: "_type", Value: "Patient"}, {Name: "_include", Value: "*"}, {Name: "_revinclude", Value: "*"},
	{Name: "_include", Modifier: "iterate", Value: "*"}, {Name: "_revinclude", Modifier: "iterate", Value: "*"},
	{Name: "_since", Value: "2020-01-01T00:00:00Z"}, {Name: "_at", Value: "2020"}, {Name: "_unheard-of", Value: "x"}, {Name: "unheard-of", Value: "x"},
}

// paramsOf are the parameters of a type: each plain, with each modifier and type as
// modifier, each prefix, as a key of _sort, chained, and followed; and those by which
// records of other types refer to it.
func paramsOf(cat *catalog.Catalog, t catalog.Type) []Param {
	out := append(slices.Clone(shaping), referring(cat, t)...)
	for _, def := range cat.Params(t) {
		p := Param{Name: def.Name, Def: def, Value: sample(cat, def)}
		out = append(out, p, Param{Name: "_sort", Def: def, Value: def.Name})
		for _, m := range Modifiers {
			out = append(out, with(p, m))
		}
		for _, pre := range Prefixes {
			if def.Kind == catalog.DateParam || def.Kind == catalog.NumberParam || def.Kind == catalog.QuantityParam {
				out = append(out, Param{Name: def.Name, Def: def, Prefix: pre, Value: p.Value})
			}
		}
		if def.Kind == catalog.ReferenceParam {
			out = append(out, followed(cat, t, def)...)
			out = append(out, references(cat, p)...)
			out = append(out, untyped(cat, p)...)
		} else {
			out = append(out, Param{Name: "_include", Value: cat.TypeName(t) + ":" + def.Name})
		}
	}
	return out
}

func with(p Param, modifier string) Param {
	p.Modifier = modifier
	if modifier == "missing" {
		p.Value = "true"
	}
	return p
}

// followed includes what a reference names: of whatever type, of each type that it may
// name, of one that it may not, and again from there.
func followed(cat *catalog.Catalog, t catalog.Type, def *catalog.Param) []Param {
	of := cat.TypeName(t) + ":" + def.Name
	out := []Param{{Name: "_include", Modifier: "iterate", Value: of}, {Name: "_include", Value: of}}
	if targetless(def) || computed(def) {
		return out
	}
	stranger := ""
	for _, to := range cat.Types() {
		if def.Targets.Has(to) {
			out = append(out, Param{Name: "_include", Value: of + ":" + cat.TypeName(to)})
		} else if stranger == "" {
			stranger = cat.TypeName(to)
			out = append(out, Param{Name: "_include", Value: of + ":" + stranger})
		}
	}
	return out
}

// references asks with each type that a parameter may name as its modifier, and
// through it: by id, by another parameter of that type, and by one that is refused.
func references(cat *catalog.Catalog, p Param) []Param {
	var out []Param
	for i, t := range targets(cat, p.Def) {
		name := cat.TypeName(t)
		typed := p
		typed.Modifier, typed.Value = name, name+"/x1"
		byID, by, refused := p, p, p
		byID.Modifier, byID.Value = name+"._id", "x1"
		inner := nth(cat, t, i+len(p.Name)+int(t))
		by.Modifier, by.Value = name+"."+inner.Name, sample(cat, inner)
		refused.Modifier, refused.Value = name+"."+inner.Name+":missing", "true"
		out = append(out, typed, byID, by, refused)
	}
	return out
}

// untyped chains do not say of which type the record is that they pass through.
func untyped(cat *catalog.Catalog, p Param) []Param {
	if to := targets(cat, p.Def); len(to) > 0 {
		p.Name, p.Value = p.Name+"._id", "x1"
		return []Param{p}
	}
	return nil
}

// referring are the ways in which records of other types refer to one: taken along, and
// passed through, by a parameter of theirs and by one that is refused.
func referring(cat *catalog.Catalog, t catalog.Type) []Param {
	var out []Param
	for _, from := range cat.Types() {
		for i, def := range cat.Params(from) {
			if def.Kind != catalog.ReferenceParam || computed(def) || def.Name == "_id" {
				continue
			}
			of := cat.TypeName(from) + ":" + def.Name
			if !def.Targets.Has(t) {
				if i == (int(t)+int(from))%9 { // some of those that may not name it
					out = append(out, Param{Name: "_revinclude", Value: of}, Param{Name: "_has", Modifier: of + ":_id", Value: "x1"})
				}
				continue
			}
			inner := nth(cat, from, i+int(t)+int(from))
			out = append(out,
				Param{Name: "_revinclude", Value: of}, Param{Name: "_revinclude", Modifier: "iterate", Value: of},
				Param{Name: "_has", Def: def, Modifier: of + ":" + inner.Name, Value: sample(cat, inner)},
				Param{Name: "_has", Def: def, Modifier: of + ":" + inner.Name + ":missing", Value: "true"})
		}
	}
	return out
}

// nth is one of the parameters by which a type is searched where its elements show, so
// that over all cells each has its turn.
func nth(cat *catalog.Catalog, t catalog.Type, n int) *catalog.Param {
	var all []*catalog.Param
	for _, def := range cat.Params(t) {
		if !def.Common && readable(def) {
			all = append(all, def)
		}
	}
	if len(all) == 0 {
		def, _ := cat.Param(t, "_id")
		return def
	}
	return all[n%len(all)]
}

// targets are the types that a reference may name.
func targets(cat *catalog.Catalog, def *catalog.Param) []catalog.Type {
	return slices.DeleteFunc(slices.Clone(cat.Types()), func(t catalog.Type) bool { return !def.Targets.Has(t) })
}

// sample is a value of the parameter's grammar.
func sample(cat *catalog.Catalog, p *catalog.Param) string {
	switch p.Kind {
	case catalog.DateParam:
		return "2020-01-01"
	case catalog.NumberParam, catalog.QuantityParam:
		return "5"
	case catalog.URIParam:
		return "http://example.org/a"
	case catalog.ReferenceParam:
		return cat.TypeName(firstTarget(cat, p)) + "/x1"
	case catalog.CompositeParam:
		parts := make([]string, len(p.Components))
		for i, c := range p.Components {
			parts[i] = sample(cat, c)
		}
		return strings.Join(parts, "$")
	}
	return "abc"
}

func firstTarget(cat *catalog.Catalog, p *catalog.Param) catalog.Type {
	patient, _ := cat.Type("Patient")
	if p.Targets.Has(patient) {
		return patient
	}
	for _, t := range cat.Types() {
		if p.Targets.Has(t) {
			return t
		}
	}
	return 0
}

// Interaction is one of the interactions and operations of R4.
type Interaction struct {
	Name   string // FHIR's code, or the operation with its dollar
	Method string
	Path   string // below the base, with {type}, {id} and {vid}
	Of     string // the one type that has it; "" for every type, where the path names one
	Body   string // a minimal body, {type} filled in
	Header [2]string
}

// cells yields the interaction with every type that it may be asked of.
func (i *Interaction) cells(cat *catalog.Catalog) iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		if !strings.Contains(i.Path, "{type}") {
			t, _ := cat.Type(i.Of)
			yield(Cell{Interaction: i, Type: t, Name: i.Of})
			return
		}
		for _, t := range cat.Types() {
			if i.Of != "" && i.Of != cat.TypeName(t) {
				continue
			}
			if !yield(Cell{Interaction: i, Type: t, Name: cat.TypeName(t)}) {
				return
			}
		}
	}
}

func find(name string) *Interaction {
	i := slices.IndexFunc(Interactions, func(i Interaction) bool { return i.Name == name })
	return &Interactions[i]
}

const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
