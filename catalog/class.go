// Package catalog says what there is to protect: the data classes of protected
// health information, the elements of FHIR R4 that carry them, the search
// parameters that read them, and the codes and labels that mark a record as
// sensitive.
//
// A [Catalog] is built once from generated tables, never changes, and may be
// shared by any number of goroutines. Nothing in this package does I/O.
//
// What the catalog does not know has the class [Unknown], which no policy can
// grant: silence refuses (45 CFR 164.502(b), threat-model D6).
package catalog

import "math/bits"

// Class is a data class: a kind of protected health information with a dotted
// name, such as demographics.name, or an overlay, such as sensitive.hiv. The
// number is an index into Catalog.Classes and is stable within one build only;
// whatever is stored uses the name.
type Class uint8

const (
	// Unknown is the class of everything that the catalog does not know. It is
	// never in a ClassSet that a policy grants.
	Unknown Class = 0
	// OfRecord is the class of an element whose class is that of its record:
	// an Observation's value is a laboratory result or a vital sign, which only
	// the record's category tells. It stands in Node.Class only and is replaced
	// by the record's class before a view is asked.
	OfRecord Class = 127
	// OfExtension is the class of an element inside an extension: that of the
	// extension, which its address tells (Catalog.ExtensionClass). It stands in
	// Node.Class only.
	OfExtension Class = 126
)

// ClassSet is a set of classes. The zero value is empty.
type ClassSet [2]uint64

// Has reports whether c is in s. Unknown, OfRecord and OfExtension never are.
func (s ClassSet) Has(c Class) bool {
	return c != Unknown && c < OfExtension && s[c>>6]&(1<<(c&63)) != 0
}

// With returns s and c. Unknown, OfRecord and OfExtension are not added.
func (s ClassSet) With(c Class) ClassSet {
	if c != Unknown && c < OfExtension {
		s[c>>6] |= 1 << (c & 63)
	}
	return s
}

// Union returns what is in s or t.
func (s ClassSet) Union(t ClassSet) ClassSet { return ClassSet{s[0] | t[0], s[1] | t[1]} }

// Intersect returns what is in both.
func (s ClassSet) Intersect(t ClassSet) ClassSet { return ClassSet{s[0] & t[0], s[1] & t[1]} }

// Minus returns what is in s and not in t.
func (s ClassSet) Minus(t ClassSet) ClassSet { return ClassSet{s[0] &^ t[0], s[1] &^ t[1]} }

// Empty reports whether s holds nothing.
func (s ClassSet) Empty() bool { return s[0]|s[1] == 0 }

// Covers reports whether every class of t is in s.
func (s ClassSet) Covers(t ClassSet) bool { return t.Minus(s).Empty() }

// Meets reports whether s and t share a class.
func (s ClassSet) Meets(t ClassSet) bool { return !s.Intersect(t).Empty() }

// Len counts the classes of s.
func (s ClassSet) Len() int { return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]) }

// All yields the classes of s in ascending order.
func (s ClassSet) All(yield func(Class) bool) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(Class(w<<6 + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// Overlay is a sensitive.* class as a small number: its position among the
// overlays. An overlay lies on a whole record and marks it.
type Overlay uint8

// Unrecognized is the overlay of a record that bears a security label the
// catalog does not know, or that says "restricted" without saying why. No
// policy can lift it.
const Unrecognized Overlay = 15

// Restricted is the overlay of a label that says "restricted" (confidentiality R
// or V) without saying why. Catalog.Settle turns it into Unrecognized unless
// another label says why; unsettled, no policy can lift it.
const Restricted Overlay = 14

// OverlaySet is a set of overlays. The zero value is empty.
type OverlaySet uint16

// Has reports whether o is in s.
func (s OverlaySet) Has(o Overlay) bool { return s&(1<<o) != 0 }

// With returns s and o.
func (s OverlaySet) With(o Overlay) OverlaySet { return s | 1<<o }

// All yields the overlays of s in ascending order.
func (s OverlaySet) All(yield func(Overlay) bool) {
	for ; s != 0; s &= s - 1 {
		if !yield(Overlay(bits.TrailingZeros16(uint16(s)))) {
			return
		}
	}
}

// ClassInfo describes a class.
type ClassInfo struct {
	Class        Class
	Name         string
	Title        string
	Description  string
	Note         string
	SafeHarbor   string // letter of 45 CFR 164.514(b)(2)(i), "" when none
	LimitedData  bool   // may stay in a limited data set, 45 CFR 164.514(e)(2)
	ExplicitOnly bool   // never covered by a parent: must be named
	FreeText     bool   // may hold any identifier
	IsOverlay    bool
	Overlay      Overlay // set when IsOverlay
	Parent       Class   // Unknown when none
	FHIR         []string
}
