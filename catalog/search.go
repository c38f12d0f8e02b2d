package catalog

import "modicum/catalog/internal/table"

// ParamKind is the kind of a search parameter, hl7.org/fhir/R4/search.html#ptypes.
type ParamKind uint8

// The kinds of search parameter.
const (
	NoParam ParamKind = iota
	TokenParam
	StringParam
	DateParam
	NumberParam
	QuantityParam
	ReferenceParam
	URIParam
	CompositeParam
	SpecialParam
)

var paramKindNames = [...]string{"none", "token", "string", "date", "number", "quantity", "reference", "uri", "composite", "special"}

// String returns the kind as FHIR spells it.
func (k ParamKind) String() string {
	if int(k) >= len(paramKindNames) {
		return "none"
	}
	return paramKindNames[k]
}

// Param is a search parameter of one type and what it reads.
type Param struct {
	Name string
	Kind ParamKind
	// Nodes is every element that the parameter reads, those of its filters
	// included, none of them inside another.
	Nodes      []NodeID
	Targets    TypeSet  // of a reference parameter
	Components []*Param // of a composite parameter
	// ContactSystem is the system of the contact points that the parameter counts:
	// email and phone; "" when it counts them all.
	ContactSystem string
	// Narrow parameters may narrow a list under the verb read: category, code, type,
	// status, clinical-status, intent, the main date, _id (policy-language rule 12).
	Narrow bool
	// ValueDependent parameters read an element whose class depends on its value
	// (identifiers and contact points of persons): only the record can tell.
	ValueDependent bool
	// Common parameters are those of every type: _id, _lastUpdated, _profile,
	// _security, _source, _tag (FC09).
	Common bool
	// MainDate is true for the parameter of the type's main date.
	MainDate bool
	// NamesPatient is true for patient and subject where they may name a patient: with
	// such a value, the parameter says whose records are asked for. With a value of
	// another type it is a criterion like any other.
	NamesPatient bool
	// NamesVisit is true for encounter and context where they read VisitOf elements:
	// with such a value, the parameter says of which visit.
	NamesVisit bool

	reads    ClassSet // but OfRecord and Unknown
	ofRecord bool
	unknown  bool
}

// Classes returns the content classes that the parameter reads in a record of the
// class given. A node that is by value counts with the class of its default.
func (p *Param) Classes(record Class) ClassSet {
	if p.ofRecord {
		return p.reads.With(record)
	}
	return p.reads
}

// OfRecord reports whether the parameter reads an element of the record's own class.
func (p *Param) OfRecord() bool { return p.ofRecord }

// ReadsUnknown reports whether the parameter reads an element that shows to nobody;
// such a parameter is refused.
func (p *Param) ReadsUnknown() bool { return p.unknown }

func (c *Catalog) param(v *table.Param) *Param {
	p := &Param{
		Name: v.Name, Kind: ParamKind(v.Kind), Nodes: nodeIDs(v.Nodes), ContactSystem: v.ContactSystem,
		Narrow: v.Flags&table.Narrow != 0, ValueDependent: v.Flags&table.ValueDependent != 0,
		Common: v.Flags&table.Common != 0, MainDate: v.Flags&table.MainDateParam != 0,
	}
	for _, t := range v.Targets {
		p.Targets = p.Targets.With(Type(t))
	}
	for i := range v.Components {
		p.Components = append(p.Components, c.param(&v.Components[i]))
	}
	if p.Kind == ReferenceParam {
		p.NamesPatient = (p.Name == "patient" || p.Name == "subject") && p.Targets.Has(c.byType["Patient"])
		p.NamesVisit = p.Name == "encounter" || p.Name == "context"
	}
	for _, id := range p.Nodes {
		p.NamesVisit = p.NamesVisit && c.nodes[id].VisitOf
		switch class := c.nodes[id].Class; class {
		case OfRecord:
			p.ofRecord = true
		case Unknown, OfExtension:
			p.unknown = true
		default:
			p.reads = p.reads.With(class)
			_, overlay := c.OverlayOf(class)
			p.unknown = p.unknown || overlay
		}
	}
	return p
}

// Param returns the parameter of a type. What R4 does not define, and what the
// catalog cannot judge (parameters without expression, those that read extensions),
// is not there.
func (c *Catalog) Param(t Type, name string) (*Param, bool) {
	p, ok := c.typ(t).byParam[name]
	return p, ok
}

// Params returns the parameters of a type in the order of their names.
func (c *Catalog) Params(t Type) []*Param { return c.typ(t).params }
