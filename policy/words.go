package policy

import (
	"strings"

	"modicum/catalog"
)

// String returns the word that policies use.
func (t Treatment) String() string {
	if int(t) < len(treatmentNames) {
		return treatmentNames[t]
	}
	return "unknown"
}

var treatmentNames = [...]string{"omit", "mask", "token", "coarse", "last4", "keep"}

// ParseTreatment returns the Treatment that a word names.
func ParseTreatment(word string) (Treatment, bool) {
	for i, n := range treatmentNames {
		if n == word {
			return Treatment(i), true
		}
	}
	return Omit, false
}

// String returns the words that policies use, joined by spaces.
func (v Verb) String() string {
	var out []string
	for i, n := range verbOrder {
		if v&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, " ")
}

var verbOrder = [...]string{"read", "search", "create", "update", "export"}

// ParseVerb returns the Verb that a word names.
func ParseVerb(word string) (Verb, bool) {
	v, ok := verbNames[word]
	return v, ok
}

// String returns a short name for logs and records; texts for people are made
// where they are shown.
func (w Why) String() string {
	if int(w) < len(whyNames) {
		return whyNames[w]
	}
	return "unknown"
}

var whyNames = [...]string{
	Undecided: "undecided", Admitted: "admitted", NoRole: "no-role", RolesInConflict: "roles-in-conflict",
	UnknownTask: "unknown-task", UnknownPurpose: "unknown-purpose", PurposeUnstated: "purpose-unstated",
	PurposesDiffer: "purposes-differ", NoVerb: "no-verb", CallerFacts: "caller-facts", ShowsNothing: "shows-nothing",
	NeverKept: "never-kept", CannotMeet: "cannot-meet", TooManyLines: "too-many-lines",
}

// patientFree are the classes of records that name no patient (rule 9): data
// sets that were made, definitions, the directory, studies.
var patientFree = [...]string{"dataset", "system.definition", "admin.provider", "admin.organization", "research.study"}

// patientData reports whether some class of c can be about a patient.
func (s *Set) patientData(c catalog.ClassSet) bool {
	for class := range c.All {
		if !isPatientFree(s.cat.Name(class)) {
			return true
		}
	}
	return false
}

func isPatientFree(name string) bool {
	for _, free := range patientFree {
		if name == free || strings.HasPrefix(name, free+".") {
			return true
		}
	}
	return false
}
