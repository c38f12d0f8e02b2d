// Package policy decides which data classes of which record a caller may see,
// for which task and purpose, and how each shows.
//
// A [Set] is compiled once from a folder of documents (package policy/doc),
// never changes, and may be shared by any number of goroutines. Deciding has two
// pure steps: [Set.Admit] before anything is fetched, and [Plan.View] for each
// record that comes back. Neither does I/O, reads a clock, takes a lock, or
// allocates once warm: time comes in through the facts.
//
// Silence refuses. What no line covers is not there, which is how this package
// reads 45 CFR 164.502(b) and 164.514(d).
package policy

import "modicum/catalog"

// Treatment says how a class shows. Zero withholds. The order is from the most
// closed to the most open; among covering lines the most open wins.
type Treatment uint8

// The treatments of data, policy-language rule 3.
const (
	Omit   Treatment = iota // not there
	Mask                    // a constant mark, no part of the value
	Token                   // a keyed pseudonym
	Coarse                  // date → year, ZIP → three digits, code → group
	Last4                   // the last four characters of a number
	Keep                    // as it is
)

// View is the answer to "how much": a Treatment for each class. The zero View
// shows nothing. The sets are disjoint.
type View struct {
	Mask, Token, Coarse, Last4, Keep catalog.ClassSet
}

// Of returns the Treatment of c; Omit for what no set holds.
func (v *View) Of(c catalog.Class) Treatment {
	switch {
	case v.Keep.Has(c):
		return Keep
	case v.Last4.Has(c):
		return Last4
	case v.Coarse.Has(c):
		return Coarse
	case v.Token.Has(c):
		return Token
	case v.Mask.Has(c):
		return Mask
	}
	return Omit
}

// Put makes c show as t, in a View in which c does not show yet.
func (v *View) Put(c catalog.Class, t Treatment) {
	switch t {
	case Keep:
		v.Keep = v.Keep.With(c)
	case Last4:
		v.Last4 = v.Last4.With(c)
	case Coarse:
		v.Coarse = v.Coarse.With(c)
	case Token:
		v.Token = v.Token.With(c)
	case Mask:
		v.Mask = v.Mask.With(c)
	}
}

// Empty reports whether nothing shows, not even a mask.
func (v *View) Empty() bool {
	return v.Keep.Union(v.Last4).Union(v.Coarse).Union(v.Token).Union(v.Mask).Empty()
}

// Shown returns the classes that show in any way, masked ones included.
func (v *View) Shown() catalog.ClassSet {
	return v.Keep.Union(v.Last4).Union(v.Coarse).Union(v.Token).Union(v.Mask)
}

// Verb is what is done, policy-language rule 12. Verbs may be joined by |.
type Verb uint8

// The verbs.
const (
	Read Verb = 1 << iota
	Search
	Create
	Update
	Export
)

// FactID numbers the facts of one Set: those of conditions.yaml, the conditions
// with a `where`, and the built-in found, broken-glass and author. Conditions of
// any and all are multiplied out and have no number.
type FactID uint8

// MaxFacts is the most facts a Set may have.
const MaxFacts = 256

// MaxLines is the most lines that may count for one request; Admit refuses beyond.
const MaxLines = 64

// FactSet is a set of facts.
type FactSet [MaxFacts / 64]uint64

// Has reports whether f is in s.
func (s *FactSet) Has(f FactID) bool { return s[f>>6]&(1<<(f&63)) != 0 }

// Add puts f into s.
func (s *FactSet) Add(f FactID) { s[f>>6] |= 1 << (f & 63) }

// Remove takes f out of s.
func (s *FactSet) Remove(f FactID) { s[f>>6] &^= 1 << (f & 63) }

// Truth is what is known about facts. A fact permits when Holds; it restricts
// when Bites (its last known value holds) or Unknown (its source was never read
// whole). The use in the policy decides which is asked, rule 4.
type Truth struct {
	Holds   FactSet // fresh and true
	Bites   FactSet // true by the last value, however old
	Unknown FactSet // never learned
}

// Recipients is a set of the kinds of recipient of policy-language 6.
type Recipients uint16

// Obligations is a set of obligations.
type Obligations uint8

// The obligations of a task or restriction.
const (
	RecordSession Obligations = 1 << iota
	Watermark
	Part2Notice
	NoReidentification
	RedactText
	DeleteAfterUse
)

// Request is all that Admit may look at.
type Request struct {
	Roles   []string         // of the caller, in any order
	Task    string           // "task" or "role/task"; empty when not named
	Purpose string           // a purpose of the organization or an HL7 code; empty when not stated
	Program string           // an entry of the organization's programs; empty for a person
	Partner string           // whose person or program the caller is; its ceiling applies; empty for none
	Verb    Verb             // exactly one
	Shows   catalog.ClassSet // what the thing asked for can bear
	// Reads are the classes that the criteria read whatever the record is: a
	// line must keep every one of them to count.
	Reads  catalog.ClassSet
	Sorts  catalog.ClassSet // classes of sort keys: kept in every task that may count
	Caller Truth            // facts about the caller alone
	Meets  Obligations      // what the door can meet
	To     Recipients       // in whose hands it ends besides the task's own `to`
	Glass  bool             // the glass is broken for the one patient named
	// Disclosure names a disclosure of the policy whose lines are asked instead
	// of tasks, rule 16; Roles, Task and Program are then not looked at.
	Disclosure string
	// Exception says that an exception is lent to this caller, so that the Plan
	// holds one more line for each task that speaks ("role/task#exception");
	// Lent are the classes lent, in all. Neither opens anything by itself: the
	// grant counts by PatientAtoms.Lent on that line, rule 14.
	Exception bool
	Lent      catalog.ClassSet
}

// Why says why Admit refused, or that it did not.
type Why uint8

// The outcomes of Admit. Zero refuses.
const (
	Undecided       Why = iota // nothing was decided
	Admitted                   // the Plan is filled
	NoRole                     // the caller has no role that the policy knows
	RolesInConflict            // two roles that exclude each other: neither counts
	UnknownTask                // no role of the caller has that task
	UnknownPurpose             // nobody stated one the policy knows, or no task of the caller has it
	PurposeUnstated            // the caller's tasks have several purposes and none was stated
	PurposesDiffer             // the named task has different purposes in two roles: say role/task
	NoVerb                     // no line of the tasks that speak has the verb
	CallerFacts                // lines have it, but what is true about the caller does not suffice
	ShowsNothing               // no such line can show what was asked for
	NeverKept                  // a criterion reads what no such line keeps
	CannotMeet                 // the door cannot meet an obligation of the task
	TooManyLines               // more than MaxLines lines: name a task
)

// Atoms is all that View may look at: one record, and for each patient whom the
// record names, what is true about caller, patient and record. A record that
// names nobody has no Patients.
type Atoms struct {
	Overlays catalog.OverlaySet // of the record, watched ones included
	Lasting  bool               // patient, related person, coverage, directory: rule 7
	// Within has bit i set when the record satisfies `back` and `place` of the
	// Plan's i-th line; the gate sets all bits for a lasting record.
	Within   uint64
	Patients []PatientAtoms
	// Of is PatientAtoms.Of for a record that names nobody: only slots of facts
	// about the caller are looked at.
	Of []catalog.ClassSet
	// NewPatient is set when a patient is being created: then only the facts
	// about the caller are asked, rule 9.
	NewPatient bool
	// Finding is set when a patient is looked for (rule 13): then too only the
	// facts about the caller are asked, and the look-up's `show` narrows the View.
	Finding bool
}

// PatientAtoms is what is true about one patient of a record.
type PatientAtoms struct {
	Truth
	// Of holds, for each slot of Plan.Ofs, the classes that the instances of the
	// fact name for this record: the union over the instances whose object and
	// dates the record lies in and whose overlays include the record's hiding
	// ones (of a restricting slot: any of them); all classes when the fact
	// carries none.
	Of    []catalog.ClassSet
	Asked catalog.ClassSet // classes asked for, of this record
	Lent  uint64           // bit i: a grant is live for the Plan's i-th line and this patient
	// An exception lent: what the Plan's exception line shows and lifts, where
	// its bit of Lent is set. Without classes it shows what the task shows.
	LentClasses  catalog.ClassSet
	LentOverlays catalog.OverlaySet
	Glass        bool // broken for this patient
}

// Place says where a record must lie for a line: by whose department or facility
// the caller's is.
type Place uint8

// The places. Zero asks for none.
const (
	Anywhere Place = iota
	OwnDepartment
	OwnFacility
)

// Of is a slot of a Plan: a fact or condition with where whose instances narrow
// what a line or an `unless` lets through, or what a restriction hides.
type Of struct {
	Fact FactID
	// Restricting: the last known instances count, however old (rule 4).
	Restricting bool
}

// Verdict is what View says about one record.
type Verdict struct {
	View         View
	Lines        uint64             // the Plan's lines that cover something
	Restrictions uint64             // the Set's restrictions that bit, in document order
	Watched      catalog.OverlaySet // overlays that alert
	Obligations  Obligations
	Exempt       uint64 // among Lines, those whose task is exempt
}
