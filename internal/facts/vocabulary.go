// Package facts holds what is true now: facts about a caller, or a caller and a
// patient, each with its source, the time it was learned, a bound on its age, and
// who recorded it.
//
// A fact permits while it is fresh; it restricts by its last known value, however
// old, and is unknown where a source was never read whole (policy-language rule
// 4). Facts come from files, from programs, and from the upstream FHIR server; a
// file, body or poll is taken whole or not at all.
package facts

import (
	"time"

	"modicum/catalog"
	"modicum/policy"
)

// Vocabulary is what one policy says about facts. An [Index] is built for one.
type Vocabulary struct {
	Kinds   []Kind // the index is the policy.FactID
	Sources []Source
	// Classes and Overlays resolve the names that a fact carries; a parent covers
	// its children as in the policy language.
	Classes  func(name string) (catalog.ClassSet, bool)
	Overlays func(name string) (catalog.OverlaySet, bool)
	// Where evaluates a condition with `where` on one instance of its fact. It
	// must be safe for concurrent use; a fault is false.
	Where func(id policy.FactID, in WhereInput) bool
}

// Kind is one fact of conditions.yaml, or a condition with `where` on one.
type Kind struct {
	Name    string
	Patient bool  // about a patient; otherwise about the caller alone
	Sources []int // indexes into Vocabulary.Sources
	// What an instance must carry.
	Object, Classes, Marked, Dates bool
	Values                         map[string]ValueType
	// Condition: Base is its fact, and Where computes it.
	Condition bool
	Base      policy.FactID
	UsesNow   bool
	// Builtin facts (found, broken-glass, author) are never stated here.
	Builtin bool
}

// ValueType is the type of a value that `where` may read.
type ValueType uint8

// The types of a value.
const (
	Text ValueType = iota
	Number
	Time
	YesNo
)

// Source is where facts come from.
type Source struct {
	Name     string
	Fresh    time.Duration // bound on age for permitting; zero never permits
	Programs []string      // token subjects that may state its facts
}

// WhereInput is all that a condition may look at; policy.WhereInput is the same.
type WhereInput struct {
	Values     map[string]any // text string, number float64, time time.Time, yes-no bool
	Department string
	Facility   string
	Assurance  string
	Now        time.Time
}

// FHIRSource is the built-in source that the upstream server feeds.
const FHIRSource = "fhir"

func (v *Vocabulary) fact(name string) (policy.FactID, bool) {
	for i := range v.Kinds {
		if v.Kinds[i].Name == name && !v.Kinds[i].Condition && !v.Kinds[i].Builtin {
			return policy.FactID(i), true
		}
	}
	return 0, false
}

func (v *Vocabulary) source(name string) (int, bool) {
	for i := range v.Sources {
		if v.Sources[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// conditions lists, for each fact, the conditions with `where` on it.
func (v *Vocabulary) conditions() [][]policy.FactID {
	out := make([][]policy.FactID, len(v.Kinds))
	for i := range v.Kinds {
		if v.Kinds[i].Condition {
			out[v.Kinds[i].Base] = append(out[v.Kinds[i].Base], policy.FactID(i))
		}
	}
	return out
}
