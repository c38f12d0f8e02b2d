package fhirjson

import (
	"cmp"
	"slices"
	"time"

	"modicum/catalog"
)

// Ref names a record of this server.
type Ref struct {
	Type catalog.Type
	ID   []byte
}

// Is reports whether r names the record.
func (r Ref) Is(t catalog.Type, id []byte) bool { return r.Type == t && string(r.ID) == string(id) }

// Reference is a Reference element of a record.
type Reference struct {
	Ref                     // the record that it names, with Type 0 when it names none of this server
	Node     catalog.NodeID // the element
	cell     uint32
	inside   int32 // index of the contained resource that it names, or -1
	in       int32 // index of the contained resource that it stands in, or -1
	points   bool  // it has an address or an identifier, whether that names a record of this server or not
	reshaped bool  // absolute or versioned: written as Type/id
	patient  bool  // may name a patient, so that it counts for whom the record is about
}

// Elsewhere reports whether the Reference names something that cannot be looked up on
// this server: an address of another, or an identifier alone.
func (r *Reference) Elsewhere() bool { return r.Type == 0 && r.inside < 0 && r.points }

// Span is a time interval. The zero Span is no date.
type Span struct {
	From, Until time.Time // Until is exclusive
}

// IsZero reports whether there is no date.
func (s Span) IsZero() bool { return s.From.IsZero() }

// Record is one resource as it was read. Its bytes are those given to the
// Scanner; it is valid until the Scanner's Reset.
type Record struct {
	Type     catalog.Type
	ID       []byte
	Class    catalog.Class      // of the record, by the conditional rules
	Overlays catalog.OverlaySet // labels, codes, elements and type, watched ones included
	// Labelled and Coded are the overlays by where they come from: security labels; and
	// codes, elements and the type.
	Labelled, Coded catalog.OverlaySet
	Lasting         bool // policy-language rule 7

	// Patients are all patients whom the record names at any depth, contained
	// resources included, each once; of a Patient, itself. Patient.link is a
	// mere reference and stands aside.
	Patients []Ref
	// UnknownPatient: an element that names a patient cannot be resolved to a
	// patient of this server. The record is not there.
	UnknownPatient bool
	// Withheld: an unknown modifier extension, implicit rules, a type that is
	// never shown, no type or id. The record is not there.
	Withheld bool

	Visit    Ref   // the visit (Encounter, EpisodeOfCare) that it says it belongs to, where it names exactly one
	Accounts []Ref // of the element named account
	Authors  []Ref
	Places   []Ref // what `place` compares: Location, Organization, HealthcareService
	Date     Span  // main date; of a period its start

	// VersionID and LastUpdated are the texts of meta, nil when it has none.
	VersionID, LastUpdated []byte

	// References are all of the record's, for resolving targets.
	References []Reference

	s     *Scanner
	src   []byte
	root  uint32
	whole bool // Class replaces that of every element: psychotherapy notes
	inner []contained

	event int    // its first among the Scanner's
	deep  bool   // values in it gave classes
	model uint32 // its place among the Scanner's models, plus one; 0: none
}

// contained is a resource inside a record (threat-model FC24).
type contained struct {
	cell   uint32
	typ    catalog.Type
	id     []byte
	class  catalog.Class
	whole  bool
	rule   catalog.RuleID
	denied bool // never shown: a patient, a type denied by default, unresolved patients
}

// real returns the class that an effective class of one of its elements stands for.
func (k *contained) real(c catalog.Class) catalog.Class {
	if k.whole && c != catalog.Unknown || c == catalog.OfRecord {
		return k.class
	}
	return c
}

func (r *Record) isInner(cell uint32) bool {
	k := r.innerOf(cell)
	return k != nil && k.cell == cell
}

// innerOf returns the contained resource that a cell is of, nil for none. They stand in the
// order of their cells.
func (r *Record) innerOf(cell uint32) *contained {
	k, is := slices.BinarySearchFunc(r.inner, cell, func(k contained, cell uint32) int { return cmp.Compare(k.cell, cell) })
	if !is {
		k--
	}
	if k < 0 || cell >= r.s.tape[r.inner[k].cell].next {
		return nil
	}
	return &r.inner[k]
}

// Size is the number of bytes of the record as it is held.
func (r *Record) Size() int { return int(r.s.tape[r.root].end - r.s.tape[r.root].start) }
