package fhirjson

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// Fits reports whether a value that the view keeps fits [system]|code for a token
// parameter, outside contained resources and extensions: what a granular scope asks
// (hl7.org/fhir/smart-app-launch 2.2.0). An empty code takes any code of the system.
// Texts must be equal, which is never more than a search of the server would find.
func (r *Record) Fits(p *catalog.Param, view *policy.View, system, code string, hasSystem bool) bool {
	switch {
	case r.s == nil || r.Type == 0 || system == "" && code == "":
		return false
	case p.ValueDependent:
		return r.KeptMatch(p, view, system, code, hasSystem)
	case !view.Keep.Covers(r.Reads(p)):
		return false
	}
	want := wanted{system, code, hasSystem}
	tape := r.s.tape
	for i := r.root + 1; i < tape[r.root].next; i++ {
		c := &tape[i]
		if r.isInner(i) {
			i = c.next - 1
			continue
		}
		if c.node != 0 && c.flags&sibling == 0 && slices.Contains(p.Nodes, c.node) && r.fitsAt(i, &want) {
			return true
		}
	}
	return false
}

// wanted is what a token parameter asks for.
type wanted struct {
	system, code string
	hasSystem    bool
}

func (w *wanted) fits(system, code []byte) bool {
	return len(code) > 0 && (w.code == "" || string(code) == w.code) && (!w.hasSystem || string(system) == w.system)
}

// fitsAt looks at one value: a CodeableConcept, a Coding, an Identifier, or a code,
// whose system is that of its binding and is not looked up: it fits without one only.
func (r *Record) fitsAt(i uint32, want *wanted) bool {
	s, src := r.s, r.src
	switch c := &s.tape[i]; c.shape {
	case text:
		return want.fits(nil, s.decoded(src, c)) && want.system == ""
	case boolean:
		return want.fits(nil, src[c.start:c.end]) && want.system == ""
	case object:
		if want.fits(s.text(src, i, "system"), s.text(src, i, "code")) || want.fits(s.text(src, i, "system"), s.text(src, i, "value")) {
			return true
		}
		list := s.find(src, i, "coding")
		if list == 0 || s.tape[list].shape != array {
			return false
		}
		for j := list + 1; j < s.tape[list].next; j = s.tape[j].next {
			if s.tape[j].shape == object && want.fits(s.text(src, j, "system"), s.text(src, j, "code")) {
				return true
			}
		}
	}
	return false
}

// Refers reports whether the record has, outside contained resources, a reference to
// a record by an element that the parameter reads and, unless view is nil, keeps.
func (r *Record) Refers(p *catalog.Param, view *policy.View, to Ref) bool {
	return slices.ContainsFunc(r.References, func(ref Reference) bool {
		return ref.in < 0 && ref.Is(to.Type, to.ID) && slices.Contains(p.Nodes, ref.Node) && (view == nil || view.Keep.Has(r.ClassOf(&ref)))
	})
}
