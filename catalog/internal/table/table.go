// Package table is the file format of the generated catalog: what the generator
// writes and package catalog reads, once, at start.
//
// The file is a list of strings, sorted and front-coded, then the tables as
// variable-length integers in the order of [Snapshot]'s fields. It holds no
// pointers and no time, so that equal input gives equal bytes.
package table

// Snapshot is everything that the generator derives from the definitions.
type Snapshot struct {
	Classes       []Class
	Types         []Type
	Nodes         []Node  // index 0 is unused
	Tables        []Table // index 0 is unused: children of an element
	Systems       []System
	Codes         []Code
	Labels        []Label
	Rules         []Rule
	Extensions    []Pair // url, class name
	Inherit       []string
	IDTypes       []IDType
	IDSystems     []IDSystem
	Contacts      []Contact
	IDTypeSystems []string
}

// Class is a data class. Numbers of classes are 1-based; 0 is unknown.
type Class struct {
	Name, Title, Description, Note, SafeHarbor string
	LimitedData, ExplicitOnly, FreeText        bool
	Overlay                                    uint64 // 1-based; 0 for a content class
	Parent                                     uint64
	FHIR                                       []string
}

// Type is a resource type.
type Type struct {
	Name        string
	Root        uint64
	Default     uint64 // class
	Shows       []uint64
	Flags       uint64 // bits of TypeFlag
	Overlays    uint64 // set of overlays by type alone
	Params      []Param
	Compartment []string
}

// The flags of a Type.
const (
	Lasting = 1 << iota
	PatientFree
	ByProof
	DenyByDefault
	NamedOnly
)

// Node is an element.
type Node struct {
	Name, Path string
	Class      uint64
	Kind       uint64
	Datatype   uint64
	Flags      uint64
	Absent     Constant
	Masked     Constant
	RefersSet  []uint64 // words of a set of types
	ChoiceOf   uint64
	AnyOf      []uint64
	Table      uint64
	Implied    string // code system of a code element
	Marks      uint64 // overlays that the element's presence puts on the record
	MainDate   uint64
	Place      uint64
	RuleGroup  uint64
}

// The flags of a Node.
const (
	Array = 1 << iota
	Mandatory
	Bound
	Withholds
	Structure
	ByValue
	Labelled
	BearsPatient
	VisitOf
	AuthorOf
	WholeOnly
	Carries
)

// Constant is a constant member: a form that the element's name fills, or text.
type Constant struct {
	Form uint64
	Text string
}

// The forms of a Constant.
const (
	None         = iota
	OfPrimitive  // "_name":{extension}
	OfPrimitives // "_name":[{extension}]
	OfObject     // "name":{extension}
	OfObjects    // "name":[{extension}]
	Literal      // Text
)

// Table lists the children of an element in definition order.
type Table struct{ Nodes []uint64 }

// Param is a search parameter of one type.
type Param struct {
	ContactSystem string
	Name          string
	Kind          uint64
	Nodes         []uint64
	Targets       []uint64 // types
	Components    []Param
	Flags         uint64
}

// The flags of a Param.
const (
	Narrow = 1 << iota
	ValueDependent
	Common
	MainDateParam
)

// System is a code system with the spellings of its address.
type System struct {
	Name   string
	URLs   []string
	Prefix bool // a code covers what starts with it, dots ignored
}

// Code is a rule that flags codes of a system.
type Code struct {
	System          uint64
	Low, High       string
	Except          []string
	Overlay         uint64
	Meaning, Strong string
}

// Label is a security label.
type Label struct {
	System   uint64
	Code     string
	Overlays uint64 // 0: known and harmless
}

// Rule is a conditional rule; its number is its index plus one.
type Rule struct {
	Group   uint64 // RuleGroup of the nodes that it looks at
	Systems []string
	Code    string
	Class   uint64
	Whole   bool
	When    string
	Types   []uint64
}

// Pair is an extension and its class.
type Pair struct {
	URL   string
	Class uint64
}

// IDType is an identifier type code and its class.
type IDType struct {
	Code  string
	Class uint64
}

// IDSystem is an identifier system and its class.
type IDSystem struct {
	System string
	Class  uint64
}

// Contact is a contact system and its class.
type Contact struct {
	System string
	Class  uint64
}
