package catalog

// Type is a FHIR R4 resource type. Zero is no type.
type Type uint8

// TypeSet is a set of resource types.
type TypeSet [4]uint64

// Has reports whether t is in s.
func (s TypeSet) Has(t Type) bool { return t != 0 && s[t>>6]&(1<<(t&63)) != 0 }

// With returns s and t.
func (s TypeSet) With(t Type) TypeSet { s[t>>6] |= 1 << (t & 63); return s }

// NodeID names an element of the element tree as an index into Catalog's nodes.
// Zero is no element: unknown, never granted.
type NodeID uint32

// Kind says what a value of an element is, as far as projection cares.
type Kind uint8

// The kinds of element. A complex datatype that needs no care of its own is
// Complex, a backbone element is Backbone.
const (
	NoKind       Kind = iota
	Primitive         // string, code, date, ...: may have a sibling member with "_" before its name
	Complex           // a datatype without rules of its own (CodeableConcept, Quantity, Period, ...)
	Backbone          // an element defined in the resource itself, or Dosage, Timing and the like
	Coding            // system and code are matched against the sensitivity tables
	Reference         // reference, type, identifier, display
	Identifier        // class may follow its type or system
	ContactPoint      // class may follow its system
	Attachment        //
	Narrative         // Resource.text
	Meta              // Resource.meta
	Extension         // class follows its url
	Resource          // contained, Bundle.entry.resource, Parameters.parameter.resource
	ResourceRoot      // the resource itself
)

// Datatype is the FHIR datatype of a primitive or complex element.
type Datatype uint8

// Datatypes that treatments and search care about; every other is OtherType.
const (
	OtherType Datatype = iota
	DTBoolean
	DTInteger
	DTDecimal
	DTString
	DTMarkdown
	DTCode
	DTID
	DTURI // uri, url, canonical, oid, uuid
	DTDate
	DTDateTime
	DTInstant
	DTTime
	DTBase64
	DTCodeableConcept
	DTCoding
	DTIdentifier
	DTReference
	DTHumanName
	DTAddress
	DTContactPoint
	DTPeriod
	DTQuantity // Quantity and its profiles: Age, Count, Distance, Duration, SimpleQuantity
	DTMoney
	DTAnnotation
	DTAttachment
	DTRange
	DTRatio
	DTTiming
	DTSampledData
	DTSignature
)

// Node is one element of one resource type as JSON spells it: a choice element
// has a node for each of its types (valueQuantity, valueString, ...). Shared
// datatypes below a class share nodes, so a Node's Path is that of its first use.
type Node struct {
	Name string // JSON member name
	Path string // element path with [x], such as Observation.value[x]
	// Class is the content class, OfRecord, or OfExtension. For an Extension it is
	// the class of what it stands in, which InheritExtension gives it; every other
	// extension follows its address. An overlay class (specialCourtesy) is one that
	// no view can show: see Marks.
	Class    Class
	Kind     Kind
	Datatype Datatype
	Array    bool // max is not 1
	// Mandatory is true when min is 1 or more (for a choice element: of the whole
	// choice), or when an invariant asks for the element (Appointment.start, app-3).
	Mandatory bool
	// Bound is true for a code with a required binding: it cannot be replaced
	// by data-absent-reason and stay valid.
	Bound bool
	// Absent is the constant JSON, member name and value, that stands for this
	// element where it is mandatory and hidden; "" when no valid one exists. For
	// a primitive it is the "_name" sibling.
	Absent string
	// Masked is the constant JSON, member name and value, that stands for this
	// element under the Treatment mask; "" when mask does not fit and omits. All
	// variants of a choice hold the same constant, as they hold the same Absent: one
	// stands for the whole choice, whatever type it had. A choice whose variants
	// have different classes has none.
	Masked string
	// Refers says which resource types a Reference may point to; all for Any.
	Refers TypeSet
	// ChoiceOf groups the variants of a choice element: the NodeID of its first variant, else 0.
	ChoiceOf NodeID
	// AnyOf, of a Backbone: at least one of these children must remain for the group to be
	// valid (pat-1, obs-3, cmp-1 and their like), else the group goes; empty when no such
	// rule. Of a ResourceRoot (ait-1, ppc-1, org-1): where none remains, the Absent of the
	// first stands for all.
	AnyOf []NodeID

	// Structure is true for what shows whenever the record does, whatever its class: the
	// id, and mandatory codes with a required binding directly on the resource.
	Structure bool
	// Withholds is true for implicitRules and modifierExtension: where they stand, other
	// elements mean something else, so a record that bears one is withheld (FC20).
	Withholds bool
	// ByValue is true where the class may follow the value: identifiers of persons
	// (IdentifierClass) and contact points of patients (ContactClass).
	ByValue bool
	// Label is true where security labels stand: the codings of meta.security and of
	// DocumentReference.securityLabel, and the code Composition.confidentiality, whose
	// system is Implied. They go to LabelOverlays.
	Label bool
	// Implied is the code system of a code element that is a Label.
	Implied string
	// Ruled is true where RuleFor may find a rule.
	Ruled bool
	// Marks are the overlays that the presence of this element puts on its record.
	Marks OverlaySet

	// BearsPatient is true for a Reference that may name a patient, at any depth;
	// Patient.link.other is a mere reference and does not.
	BearsPatient bool
	// VisitOf is true for the reference that says to which visit or episode the record
	// belongs (policy-language rule 7).
	VisitOf bool
	// AuthorOf is true for a reference that says who made the record or stated what it
	// tells, for the built-in fact author. Who performed, attended or was asked is none.
	AuthorOf bool
	// Carries is true for a Reference by which a flagged record flags the one that holds
	// it: the reason of a prescription, the results of a report, the entries of a list.
	Carries bool
	// WholeOnly is true for an element that is right only beside another one of its class
	// that no coarser form of it could replace (con-4): kept, or left out.
	WholeOnly bool
	// MainDate ranks the elements that may hold the record's main date, from 1; the first
	// in order with a value is the main date, of a period its start. 0: none.
	MainDate uint8
	// Place says what the reference means for `place` (rule 7).
	Place Place
}

// Place says which of the caller's attributes a reference is compared with.
type Place uint8

// The places. For DepartmentOrFacility the target's type decides: an Appointment
// names Locations and HealthcareServices among its participants.
const (
	NoPlace Place = iota
	Department
	Facility
	DepartmentOrFacility
)
