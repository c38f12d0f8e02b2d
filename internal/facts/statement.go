package facts

import (
	"strings"
	"time"

	"modicum/catalog"
	"modicum/policy"
)

// Statement is one fact as stated.
type Statement struct {
	Fact    policy.FactID
	Source  int // index into Vocabulary.Sources
	Who     Who
	Patient string // id of the Patient; "" for a fact about the caller
	// From and Until bound when it is true; zero: not bounded. Until is exclusive.
	From, Until time.Time
	Object      string // Type/ID, "" when none
	ID          string // of the statement at its source
	RecordedBy  string
	Carried     Carried
	Values      []Value // sorted by name
}

// Carried is what a fact names beyond its object, and `of` narrows to.
type Carried struct {
	HasClasses, HasMarked, HasDates bool
	Classes                         catalog.ClassSet
	Marked                          catalog.OverlaySet
	From, Until                     time.Time // of Dates; Until is exclusive
}

// Value is one of a fact's values. Of holds string, float64, time.Time or bool.
type Value struct {
	Name string
	Of   any
}

// WhoKind says what sort of name a Who is. Kinds do not meet: a person cannot be
// given a practitioner's facts by a name that looks like one (threat-model T8).
type WhoKind byte

// The kinds of who.
const (
	Person       WhoKind = 'p' // a caller's id
	Practitioner WhoKind = 'f' // Practitioner/ID or PractitionerRole/ID
	Dept         WhoKind = 'd' // dept:NAME, the id of a Location
	Role         WhoKind = 'r' // role:NAME
	Anyone       WhoKind = '*' // any caller; Name is empty
)

// Who is for whom a fact is true.
type Who struct {
	Kind WhoKind
	Name string
}

// ParseWho reads the forms of interfaces.md 4.
func ParseWho(s string) (Who, bool) {
	switch {
	case s == "*":
		return Who{Kind: Anyone}, true
	case strings.HasPrefix(s, "dept:"):
		return Who{Dept, s[5:]}, fhirID(s[5:])
	case strings.HasPrefix(s, "role:"):
		return Who{Role, s[5:]}, policyName(s[5:])
	}
	return Who{Person, s}, personName(s)
}

// String writes w as ParseWho reads it; a practitioner as its reference.
func (w Who) String() string {
	switch w.Kind {
	case Anyone:
		return "*"
	case Dept:
		return "dept:" + w.Name
	case Role:
		return "role:" + w.Name
	}
	return w.Name
}

// fhirID is the grammar of hl7.org/fhir/R4/datatypes.html#id.
func fhirID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

func policyName(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// personName accepts what caller.Caller.ID may be.
func personName(s string) bool {
	if s == "" || len(s) > 256 || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, invisible)
}
