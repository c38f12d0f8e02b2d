package catalog

import (
	"crypto/sha256"
	"strings"

	"modicum/catalog/internal/table"
)

// tables is what a Catalog knows, in the form in which it is asked.
type tables struct {
	classes   []ClassInfo // index i has Class i+1
	byName    map[string]Class
	covered   map[string]ClassSet
	content   ClassSet
	overlays  OverlaySet
	ofOverlay [16]Class

	types   []typeInfo // index i has Type i+1
	byType  map[string]Type
	nodes   []Node     // index is NodeID
	inner   []uint32   // of each node: index into children
	group   []uint8    // of each node: which conditional rules look at it
	kids    []children // index 0 is empty
	slots   []NodeID   // hash slots of all children tables
	lasting ClassSet   // classes borne by lasting types only

	rules       []rule
	extensions  map[string]Class
	inherit     map[string]bool
	idTypes     map[string]Class
	idSystems   map[string]Class
	idTypeNames map[string]bool // spellings of the code system of identifier types
	contacts    map[string]Class
	sensitive   sensitive

	base [sha256.Size]byte
	hash string
}

type typeInfo struct {
	name        string
	root        NodeID
	class       Class
	shows       ClassSet
	own         ClassSet
	flags       uint64
	overlays    OverlaySet
	params      []*Param
	byParam     map[string]*Param
	compartment []string
}

// children is a table of child elements with its open-addressing hash: slots
// [at, at+mask] of tables.slots hold NodeIDs, 0 for none.
type children struct {
	ids       []NodeID
	mandatory []NodeID
	at, mask  uint32
}

type rule struct {
	group   uint8
	systems []string
	code    string
	class   Class
	whole   bool
	when    string
}

func load(file []byte) (*Catalog, error) {
	s, err := table.Decode(file)
	if err != nil {
		return nil, err
	}
	c := &Catalog{}
	c.loadClasses(s)
	c.loadNodes(s)
	c.loadChildren(s)
	c.loadTypes(s)
	c.loadRules(s)
	c.sensitive.load(s)
	c.base = sha256.Sum256(file)
	c.hash = hashOf(c.base, c.extensions)
	return c, nil
}

func (c *Catalog) loadClasses(s *table.Snapshot) {
	c.byName = make(map[string]Class, len(s.Classes))
	c.classes = make([]ClassInfo, len(s.Classes))
	for i, v := range s.Classes {
		class := Class(i + 1)
		c.byName[v.Name] = class
		c.classes[i] = ClassInfo{
			Class: class, Name: v.Name, Title: v.Title, Description: v.Description, Note: v.Note,
			SafeHarbor: v.SafeHarbor, LimitedData: v.LimitedData, ExplicitOnly: v.ExplicitOnly,
			FreeText: v.FreeText, IsOverlay: v.Overlay != 0, Parent: Class(v.Parent), FHIR: v.FHIR,
		}
		if v.Overlay == 0 {
			c.content = c.content.With(class)
			continue
		}
		o := Overlay(v.Overlay - 1)
		c.classes[i].Overlay = o
		c.overlays = c.overlays.With(o)
		c.ofOverlay[o] = class
	}
	c.loadCovered()
}

func (c *Catalog) loadNodes(s *table.Snapshot) {
	c.nodes = make([]Node, len(s.Nodes))
	c.inner = make([]uint32, len(s.Nodes))
	c.group = make([]uint8, len(s.Nodes))
	made := map[constantKey]string{}
	for i := range s.Nodes {
		v := &s.Nodes[i]
		c.inner[i] = uint32(v.Table)
		c.group[i] = uint8(v.RuleGroup)
		n := &c.nodes[i]
		*n = Node{
			Name: v.Name, Path: v.Path, Class: Class(v.Class), Kind: Kind(v.Kind), Datatype: Datatype(v.Datatype),
			Array: v.Flags&table.Array != 0, Mandatory: v.Flags&table.Mandatory != 0, Bound: v.Flags&table.Bound != 0,
			Absent: constant(v.Absent, v.Name, made), Masked: constant(v.Masked, v.Name, made),
			ChoiceOf: NodeID(v.ChoiceOf), AnyOf: nodeIDs(v.AnyOf),
			Structure: v.Flags&table.Structure != 0, Withholds: v.Flags&table.Withholds != 0,
			ByValue: v.Flags&table.ByValue != 0, Label: v.Flags&table.Labelled != 0, Implied: v.Implied,
			Ruled: v.RuleGroup != 0, Marks: OverlaySet(v.Marks),
			BearsPatient: v.Flags&table.BearsPatient != 0, VisitOf: v.Flags&table.VisitOf != 0,
			AuthorOf: v.Flags&table.AuthorOf != 0, WholeOnly: v.Flags&table.WholeOnly != 0, Carries: v.Flags&table.Carries != 0, MainDate: uint8(v.MainDate), Place: Place(v.Place),
		}
		copy(n.Refers[:], v.RefersSet)
	}
}

type constantKey struct {
	form uint64
	name string
}

const absentObject = `{"extension":[{"url":"` + DataAbsentReason + `","valueCode":"masked"}]}`

// constant spells a constant member; equal ones share their text.
func constant(v table.Constant, name string, made map[constantKey]string) string {
	switch v.Form {
	case table.None:
		return ""
	case table.Literal:
		return v.Text
	}
	key := constantKey{v.Form, name}
	if s, ok := made[key]; ok {
		return s
	}
	s := ""
	switch v.Form {
	case table.OfPrimitive:
		s = `"_` + name + `":` + absentObject
	case table.OfPrimitives:
		s = `"_` + name + `":[` + absentObject + `]`
	case table.OfObject:
		s = `"` + name + `":` + absentObject
	case table.OfObjects:
		s = `"` + name + `":[` + absentObject + `]`
	}
	made[key] = s
	return s
}

func nodeIDs(nums []uint64) []NodeID {
	if len(nums) == 0 {
		return nil
	}
	ids := make([]NodeID, len(nums))
	for i, n := range nums {
		ids[i] = NodeID(n)
	}
	return ids
}

func (c *Catalog) loadTypes(s *table.Snapshot) {
	c.types = make([]typeInfo, len(s.Types))
	c.byType = make(map[string]Type, len(s.Types))
	for i := range s.Types {
		c.byType[s.Types[i].Name] = Type(i + 1)
	}
	for i := range s.Types {
		v := &s.Types[i]
		t := &c.types[i]
		*t = typeInfo{
			name: v.Name, root: NodeID(v.Root), class: Class(v.Default), flags: v.Flags,
			overlays: OverlaySet(v.Overlays), compartment: v.Compartment,
			byParam: make(map[string]*Param, len(v.Params)),
		}
		for _, class := range v.Shows {
			t.shows = t.shows.With(Class(class))
		}
		for j := range v.Params {
			p := c.param(&v.Params[j])
			t.params = append(t.params, p)
			t.byParam[p.Name] = p
		}
	}
	c.loadLasting()
	c.loadOwn(s)
}

// loadOwn finds the classes that make a record of a type what it is: what shows of
// it but for classes that a datatype or a conditional rule brings to any type.
func (c *Catalog) loadOwn(s *table.Snapshot) {
	var brought ClassSet
	for _, name := range []string{"clinical.annotation", "clinical.note", "identifiers.business"} {
		brought = brought.With(c.byName[name])
	}
	for _, r := range s.Rules {
		brought = brought.With(Class(r.Class))
	}
	for i := range c.types {
		t := &c.types[i]
		t.own = t.shows.Minus(brought).With(t.class)
	}
	for i := range c.classes {
		v := &c.classes[i]
		if v.IsOverlay || v.Name == "identifiers.business" {
			continue
		}
		for _, path := range v.FHIR {
			name, _, _ := strings.Cut(path, ".")
			t := &c.types[c.byType[name]-1]
			t.own = t.own.With(v.Class)
		}
	}
}

// loadLasting finds the classes that lasting types alone bear. The classes that a
// label can put on any type are borne by any type.
func (c *Catalog) loadLasting() {
	var lasting, other ClassSet
	for _, t := range c.types {
		if t.flags&table.Lasting != 0 {
			lasting = lasting.Union(t.shows)
		} else {
			other = other.Union(t.shows)
		}
	}
	c.lasting = lasting.Minus(other)
}

func (c *Catalog) loadRules(s *table.Snapshot) {
	for _, r := range s.Rules {
		c.rules = append(c.rules, rule{
			group: uint8(r.Group), systems: bareAll(r.Systems), code: r.Code, class: Class(r.Class), whole: r.Whole, when: r.When,
		})
	}
	c.extensions = make(map[string]Class, len(s.Extensions))
	for _, e := range s.Extensions {
		c.extensions[e.URL] = Class(e.Class)
	}
	c.inherit = map[string]bool{}
	for _, url := range s.Inherit {
		c.inherit[url] = true
	}
	c.idTypes = map[string]Class{}
	for _, v := range s.IDTypes {
		c.idTypes[v.Code] = Class(v.Class)
	}
	c.idSystems = map[string]Class{}
	for _, v := range s.IDSystems {
		c.idSystems[v.System] = Class(v.Class)
	}
	c.idTypeNames = map[string]bool{}
	for _, v := range s.IDTypeSystems {
		c.idTypeNames[bareString(v)] = true
	}
	c.contacts = map[string]Class{}
	for _, v := range s.Contacts {
		c.contacts[v.System] = Class(v.Class)
	}
}

func bareAll(systems []string) []string {
	out := make([]string, len(systems))
	for i, s := range systems {
		out[i] = bareString(s)
	}
	return out
}
