package fhirjson

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// KeptMatch reports whether a value that the view keeps matches [system]|code for a
// parameter that reads identifiers or contact points, whose class follows their value:
// the upstream may have matched on one that is hidden (threat-model F2). hasSystem
// tells "|code", which asks for no system, from "code", which takes any; an empty code
// takes any value. Texts must be equal; what the upstream matches more loosely does not
// count.
func (r *Record) KeptMatch(p *catalog.Param, view *policy.View, system, code string, hasSystem bool) bool {
	s := r.s
	if s == nil || r.Type == 0 || system == "" && code == "" {
		return false
	}
	for i := r.root + 1; i < s.tape[r.root].next; i++ {
		c := &s.tape[i]
		if c.node == 0 || c.shape != object || !slices.Contains(p.Nodes, c.node) || !view.Keep.Has(r.real(c.class)) {
			continue
		}
		if !equal(s.text(r.src, i, "value"), code) {
			continue
		}
		switch s.know.nodes[c.node].node.Kind {
		case catalog.Identifier:
			has := s.text(r.src, i, "system")
			if !hasSystem || string(has) == system {
				return true
			}
		case catalog.ContactPoint:
			if !hasSystem {
				return true
			}
		}
	}
	return false
}

// equal reports whether a value matches a code; an empty code takes any value.
func equal(value []byte, code string) bool {
	return len(value) > 0 && (code == "" || string(value) == code)
}

func (r *Record) real(c catalog.Class) catalog.Class {
	if r.whole && c != catalog.Unknown || c == catalog.OfRecord {
		return r.Class
	}
	return c
}

// Reads returns the classes that a parameter reads in this record. In one whose class
// replaces that of every element (a psychotherapy note) that is its class alone.
func (r *Record) Reads(p *catalog.Param) catalog.ClassSet {
	if r.whole {
		return catalog.ClassSet{}.With(r.Class)
	}
	return p.Classes(r.Class)
}

// ClassOf returns the class of one of the record's references: of one inside a
// contained resource or an extension, theirs.
func (r *Record) ClassOf(ref *Reference) catalog.Class {
	class := r.s.tape[ref.cell].class
	if ref.in < 0 {
		return r.real(class)
	}
	return r.inner[ref.in].real(class)
}

// Keeps reports whether the view keeps every element that a parameter reads in this
// record: the classes of its elements, and of a parameter whose class follows the
// value, nothing (see KeptMatch). Where the parameter reads references, each that the
// record has there must show (design 6), and the record's own patient in scope does.
func (r *Record) Keeps(param *catalog.Param, sh *Shape) bool {
	s := r.s
	if s == nil || r.Type == 0 || param.ReadsUnknown() {
		return false
	}
	for _, n := range param.Nodes {
		class := r.real(s.cat.Node(n).Class)
		if s.cat.Node(n).Kind == catalog.Reference && s.know.nodes[n].subject {
			continue
		}
		if !sh.View.Keep.Has(class) && !s.cat.Node(n).Structure {
			return false
		}
	}
	p := &s.p
	p.begin(s, r, sh)
	defer p.forget()
	for i := range r.References {
		ref := &r.References[i]
		if slices.Contains(param.Nodes, ref.Node) && !p.shows(ref) {
			return false
		}
	}
	return true
}
