package catalog

import (
	"fmt"
	"slices"
	"strings"

	"modicum/internal/nearest"
)

// Shown is what the catalog knows of a class, an element or a resource type, for a
// person to read. Exactly one of the three is set.
type Shown struct {
	Class   *ClassShown   `json:"class,omitempty"`
	Element *ElementShown `json:"element,omitempty"`
	Type    *TypeShown    `json:"type,omitempty"`
}

// ClassShown describes a class.
type ClassShown struct {
	Name         string   `json:"name"`
	Title        string   `json:"title"`
	Description  string   `json:"description"`
	Note         string   `json:"note,omitempty"`
	Parent       string   `json:"parent,omitempty"`
	Children     []string `json:"children,omitempty"`
	Covers       []string `json:"covers,omitempty"` // what naming it in a policy covers, itself left out
	ExplicitOnly bool     `json:"explicitOnly,omitempty"`
	FreeText     bool     `json:"freeText,omitempty"`
	Overlay      bool     `json:"overlay,omitempty"`
	SafeHarbor   string   `json:"safeHarbor,omitempty"` // letter of 45 CFR 164.514(b)(2)(i)
	LimitedData  bool     `json:"limitedData"`          // may stay in a limited data set, 164.514(e)(2)
	Elements     []string `json:"elements,omitempty"`   // paths that name it
	Types        []string `json:"types,omitempty"`      // whose records can bear it
	Conditions   []string `json:"conditions,omitempty"` // rules that give it to a whole record
	Marks        *Marking `json:"marks,omitempty"`      // of an overlay: what puts it on a record
	LastingOnly  bool     `json:"lastingOnly,omitempty"`
}

// Marking is what puts an overlay on a record.
type Marking struct {
	Overlay string     `json:"overlay"`
	Title   string     `json:"title"`
	Labels  []string   `json:"labels,omitempty"` // of v3-ActCode unless they name their system
	Types   []string   `json:"types,omitempty"`  // every record of these types
	Codes   []CodeRule `json:"codes,omitempty"`
}

// CodeRule is a code or range that marks, as its author wrote it.
type CodeRule struct {
	System   string `json:"system"`
	Code     string `json:"code"`
	Meaning  string `json:"meaning"`
	Strength string `json:"strength"`
}

// ElementShown describes an element.
type ElementShown struct {
	Path       string      `json:"path"`
	Members    []string    `json:"members"` // as JSON spells it
	Classes    []Conferred `json:"classes"` // what it can be, the usual one first
	Mandatory  bool        `json:"mandatory,omitempty"`
	Structure  bool        `json:"structure,omitempty"` // shows whenever the record does
	Overlays   []Marking   `json:"overlays,omitempty"`  // what may lie on its record
	Parameters []string    `json:"parameters,omitempty"`
	Treatments []string    `json:"treatments"` // that fit; every other omits
}

// Conferred is a class and when an element has it.
type Conferred struct {
	Class  string `json:"class"`
	Title  string `json:"title,omitempty"`
	Parent string `json:"parent,omitempty"`
	When   string `json:"when,omitempty"` // "" is always, or else
}

// TypeShown describes a resource type.
type TypeShown struct {
	Name        string      `json:"name"`
	Classes     []Conferred `json:"classes"` // of the record
	Bears       []string    `json:"bears"`   // every class that a record can show
	Compartment []string    `json:"compartment,omitempty"`
	Patients    []string    `json:"patients,omitempty"` // elements that may name a patient
	Overlays    []Marking   `json:"overlays,omitempty"`
	Parameters  []string    `json:"parameters"`
	Traits      []string    `json:"traits,omitempty"`
}

// Show returns the facts on a class name, an element path or a type. The error of
// what is none of them names the nearest class or element.
func (c *Catalog) Show(what string) (*Shown, error) {
	if class, ok := c.Class(what); ok {
		return &Shown{Class: c.showClass(class)}, nil
	}
	if t, ok := c.Type(what); ok {
		return &Shown{Type: c.showType(t)}, nil
	}
	if nodes := c.Find(what); len(nodes) > 0 {
		return &Shown{Element: c.showElement(what, nodes)}, nil
	}
	return nil, c.unknown(what)
}

func (c *Catalog) unknown(what string) error {
	head, _, deep := strings.Cut(what, ".")
	if _, ok := c.Type(head); ok && deep {
		parent, last := what[:strings.LastIndexByte(what, '.')], what[strings.LastIndexByte(what, '.')+1:]
		for c.Find(parent) == nil {
			parent, last = parent[:strings.LastIndexByte(parent, '.')], parent[strings.LastIndexByte(parent, '.')+1:]
		}
		return fmt.Errorf("%s has no element %q%s", parent, last, c.nearestChild(parent, last))
	}
	for i := range c.types {
		if strings.EqualFold(c.types[i].name, head) {
			return fmt.Errorf("%q is no class, element or type of FHIR R4; did you mean %s%s?", what, c.types[i].name, what[len(head):])
		}
	}
	if near := c.Nearest(what); near != "" {
		return fmt.Errorf("%q is no class, element or type of FHIR R4; did you mean %s?", what, near)
	}
	return fmt.Errorf("%q is no class, element or type of FHIR R4; write it like demographics.name, Patient.birthDate or Patient", what)
}

func (c *Catalog) nearestChild(parent, word string) string {
	var names []string
	for _, n := range c.Find(parent) {
		for _, id := range c.Children(n) {
			names = append(names, c.nodes[id].Name)
		}
	}
	if best := nearest.Word(word, names); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

func (c *Catalog) showClass(class Class) *ClassShown {
	info := c.Info(class)
	out := &ClassShown{
		Name: info.Name, Title: info.Title, Description: info.Description, Note: info.Note,
		Parent: c.parentName(class), ExplicitOnly: info.ExplicitOnly, FreeText: info.FreeText, Overlay: info.IsOverlay,
		SafeHarbor: info.SafeHarbor, LimitedData: info.LimitedData, Elements: info.FHIR, LastingOnly: c.LastingOnly(class),
	}
	for _, v := range c.classes {
		if parent(v.Name) == info.Name {
			out.Children = append(out.Children, v.Name)
		}
	}
	covered, _ := c.Covered(info.Name)
	for k := range covered.All {
		if k != class {
			out.Covers = append(out.Covers, c.Name(k))
		}
	}
	for i := range c.types {
		if c.types[i].shows.Has(class) {
			out.Types = append(out.Types, c.types[i].name)
		}
	}
	for _, r := range c.rules {
		if r.class == class && !slices.Contains(out.Conditions, r.when) {
			out.Conditions = append(out.Conditions, r.when)
		}
	}
	if info.IsOverlay {
		m := c.marking(info.Overlay)
		out.Marks = &m
	}
	return out
}

// parentName is the parent class, or the common beginning that covers the class.
func (c *Catalog) parentName(class Class) string {
	info := c.Info(class)
	if info == nil {
		return ""
	}
	if info.Parent != Unknown {
		return c.Name(info.Parent)
	}
	return parent(info.Name)
}

// marking lists what puts an overlay on a record.
func (c *Catalog) marking(o Overlay) Marking {
	m := Marking{Overlay: c.Name(c.OverlayClass(o)), Title: c.Info(c.OverlayClass(o)).Title}
	for i, labels := range c.sensitive.labels {
		for code, set := range labels {
			if !set.Has(o) {
				continue
			}
			if name := c.sensitive.names[i]; name != "act_code" {
				code += " (" + name + ")"
			}
			m.Labels = append(m.Labels, code)
		}
	}
	slices.Sort(m.Labels)
	for i := range c.types {
		if c.types[i].overlays.Has(o) {
			m.Types = append(m.Types, c.types[i].name)
		}
	}
	for i := range c.sensitive.rules {
		if r := &c.sensitive.rules[i]; r.overlay == o {
			m.Codes = append(m.Codes, CodeRule{c.sensitive.names[r.system-1], r.code(), r.meaning, r.strength})
		}
	}
	return m
}

// markings lists the overlays that may lie on a record of the type. A label can put
// any overlay on any record; by codes only where the type has codings besides.
func (c *Catalog) markings(t Type) (all []Marking) {
	for o := range c.overlays.All {
		m := c.marking(o)
		if !c.bearsCodes(t) {
			m.Codes = nil
		}
		if c.types[t-1].overlays.Has(o) {
			m.Types = []string{c.TypeName(t)}
		} else {
			m.Types = nil
		}
		all = append(all, m)
	}
	return all
}

// bearsCodes reports whether a record of the type has a coding outside of its labels
// and tags.
func (c *Catalog) bearsCodes(t Type) bool {
	found := false
	c.descend(c.Root(t), func(id NodeID, n *Node) bool {
		found = found || n.Kind == Coding
		return n.Kind != Meta && n.Kind != Extension && !found
	})
	return found
}

// descend visits the elements below n, each once; a visit that returns false does
// not go deeper.
func (c *Catalog) descend(n NodeID, visit func(NodeID, *Node) bool) {
	seen := map[NodeID]bool{}
	var walk func(NodeID)
	walk = func(n NodeID) {
		for _, id := range c.Children(n) {
			if !seen[id] {
				seen[id] = true
				if visit(id, &c.nodes[id]) {
					walk(id)
				}
			}
		}
	}
	walk(n)
}

func (c *Catalog) showType(t Type) *TypeShown {
	info := &c.types[t-1]
	out := &TypeShown{
		Name: info.name, Classes: c.recordClasses(t), Compartment: info.compartment,
		Patients: c.patientElements(t), Overlays: c.markings(t),
	}
	for class := range info.shows.All {
		out.Bears = append(out.Bears, c.Name(class))
	}
	for _, p := range info.params {
		out.Parameters = append(out.Parameters, p.Name)
	}
	for _, trait := range []struct {
		is   bool
		text string
	}{
		{c.Lasting(t), "lasting: neither visit nor date narrows it"},
		{c.PatientFree(t), "may show without naming a patient"},
		{c.ByProof(t), "shows only where a visible record points to it"},
		{c.DenyUnlessNamed(t), "shows only where a line names its class itself"},
		{c.DenyByDefault(t) && !c.DenyUnlessNamed(t), "is never shown"},
	} {
		if trait.is {
			out.Traits = append(out.Traits, trait.text)
		}
	}
	return out
}

// recordClasses lists the classes that a record of the type can have.
func (c *Catalog) recordClasses(t Type) []Conferred {
	all := []Conferred{c.conferred(c.DefaultClass(t), "")}
	name := c.TypeName(t)
	for _, r := range c.rules {
		typ, when, _ := strings.Cut(r.when, ": ")
		v := c.conferred(r.class, when)
		if (typ == name || typ == "*") && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func (c *Catalog) conferred(class Class, when string) Conferred {
	v := Conferred{Class: c.Name(class), Parent: c.parentName(class), When: when}
	if info := c.Info(class); info != nil {
		v.Title = info.Title
	}
	return v
}

// patientElements lists the elements of a type that may name a patient, those inside
// of datatypes and extensions left out.
func (c *Catalog) patientElements(t Type) (paths []string) {
	c.descend(c.Root(t), func(_ NodeID, n *Node) bool {
		if n.BearsPatient && strings.HasPrefix(n.Path, c.TypeName(t)+".") && !slices.Contains(paths, n.Path) {
			paths = append(paths, n.Path)
		}
		return n.Kind == Backbone
	})
	return paths
}

func (c *Catalog) showElement(path string, nodes []NodeID) *ElementShown {
	name, _, _ := strings.Cut(path, ".")
	t := c.byType[name]
	out := &ElementShown{Path: path, Overlays: c.markings(t), Parameters: c.readers(t, path, nodes)}
	for _, id := range nodes {
		n := &c.nodes[id]
		out.Members = append(out.Members, n.Name)
		out.Mandatory = out.Mandatory || n.Mandatory
		out.Structure = out.Structure || n.Structure
		for _, v := range c.elementClasses(t, n) {
			if !slices.Contains(out.Classes, v) {
				out.Classes = append(out.Classes, v)
			}
		}
		for _, fit := range c.fits(n) {
			if !slices.Contains(out.Treatments, fit) {
				out.Treatments = append(out.Treatments, fit)
			}
		}
	}
	return out
}

// elementClasses lists what an element can be and when.
func (c *Catalog) elementClasses(t Type, n *Node) []Conferred {
	switch {
	case n.Class == OfRecord:
		return c.recordClasses(t)
	case n.Class == OfExtension:
		return []Conferred{{Class: "of-extension", Title: "Class of the extension", When: "by the address of the extension"}}
	case n.Class == Unknown:
		return []Conferred{{Class: "unknown", Title: "Never shown"}}
	case n.Kind == Extension:
		return []Conferred{{Class: "unknown", Title: "Not shown", When: "not a listed extension"}}
	}
	all := []Conferred{c.conferred(n.Class, "")}
	if !n.ByValue {
		return all
	}
	by, from := c.idTypes, "type "
	if n.Kind == ContactPoint {
		by, from = c.contacts, "system "
	}
	whens := map[Class][]string{}
	for code, class := range by {
		whens[class] = append(whens[class], code)
	}
	for i := range c.classes {
		if codes := whens[Class(i+1)]; len(codes) > 0 && Class(i+1) != n.Class {
			slices.Sort(codes)
			all = append(all, c.conferred(Class(i+1), from+strings.Join(codes, ", ")))
		}
	}
	return all
}

// readers lists the parameters of a type that read the elements, something inside
// them, or something that holds them.
func (c *Catalog) readers(t Type, path string, nodes []NodeID) (names []string) {
	touched := map[NodeID]bool{}
	for _, id := range nodes {
		touched[id] = true
		c.descend(id, func(id NodeID, n *Node) bool {
			touched[id] = true
			return n.Kind != Extension
		})
	}
	for i := strings.LastIndexByte(path, '.'); strings.Contains(path[:i], "."); i = strings.LastIndexByte(path[:i], '.') {
		for _, id := range c.Find(path[:i]) {
			touched[id] = true
		}
	}
	for _, p := range c.Params(t) {
		if slices.ContainsFunc(p.Nodes, func(id NodeID) bool { return touched[id] }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// fits lists the treatments of data that an element's type allows, from the most
// closed; a policy that asks for another omits the element (rule 18).
func (c *Catalog) fits(n *Node) []string {
	if info := c.Info(n.Class); n.Class == Unknown || n.Withholds || info != nil && info.IsOverlay {
		return []string{"omit"}
	}
	fit := []string{"omit"}
	if n.Masked != "" {
		fit = append(fit, "mask")
	}
	name := c.Name(n.Class)
	number := strings.HasPrefix(name, "identifiers.") || name == "coverage.member-id"
	text := n.Datatype == DTString || n.Datatype == DTURI || n.Datatype == DTID
	if n.Kind == Identifier || number && text {
		fit = append(fit, "token")
	}
	switch n.Datatype {
	case DTDate, DTDateTime, DTInstant, DTPeriod, DTCoding, DTCodeableConcept:
		fit = append(fit, "coarse")
	case DTAddress:
		fit = append(fit, "coarse")
	case DTString:
		if name == "demographics.address.postal-code" {
			fit = append(fit, "coarse")
		}
	}
	if n.Kind == Identifier || n.Kind == ContactPoint || number && text {
		fit = append(fit, "last4")
	}
	return append(fit, "keep")
}
