package reference

import (
	"slices"

	"modicum/catalog"
	"modicum/policy"
)

// Shape says how a record shows to one caller.
type Shape struct {
	View map[catalog.Class]policy.Treatment
	// InScope reports whether the caller may know of the patient; nil: of none.
	InScope func(patient string) bool
	// Visible reports whether another record is proven visible to the caller; nil:
	// none is.
	Visible func(t catalog.Type, id string) bool
	// Elements are the root's children that were asked for (FC35). Nil asks for all.
	Elements []catalog.NodeID
	// Token is the keyed pseudonym of a value; nil or "": there is none.
	Token func(class catalog.Class, value string) string
	// Year of the request, for ages of 90 and over (45 CFR 164.514(b)(2)(i)(C)); 0
	// shows no year of birth.
	Year int
	// Populous reports whether the three digits of a ZIP code may show: more than
	// 20,000 people live there (45 CFR 164.514(b)(2)(i)(B)). Nil: none may.
	Populous func(area string) bool
}

// shown says how much of something shows.
type shown int

const (
	nothing   shown = iota
	structure       // only what comes with what shows: id, status, a link to the patient
	visible
)

// projector writes one record.
type projector struct {
	*Shape
	record   *Record
	cat      *catalog.Catalog
	class    catalog.Class // of the resource being written
	whole    bool
	survives map[*contained]bool // contained resources that have something to show
	emits    map[*contained]bool // those that are written
}

// Project returns what a Shape shows of a record, nil where it is not there
// (design 6, rule 18). What comes back is a valid resource that is marked as a part.
func (r *Record) Project(s *Shape) *Tree {
	if r.Withheld {
		return nil
	}
	p := &projector{Shape: s, record: r, cat: r.reader.Catalog}
	p.settleInner()
	return p.top()
}

// treatment of a class: that of the record for what is of the record, and for
// everything in a record whose class replaces all, metadata and the unknown aside.
func (p *projector) treatment(c catalog.Class) policy.Treatment {
	own := p.viewed(p.class)
	switch {
	case c == catalog.Unknown:
		return policy.Omit
	case p.whole && p.cat.Name(c) == "system.metadata":
		return min(own, p.viewed(c))
	case p.whole, c == catalog.OfRecord:
		return own
	}
	return p.viewed(c)
}

// viewed is what the view says of a class. Definitions show whole or not: their parts
// name each other, and they are of no patient.
func (p *projector) viewed(c catalog.Class) policy.Treatment {
	t := p.View[c]
	if t != policy.Keep && p.cat.Name(c) == "system.definition" {
		return policy.Omit
	}
	return t
}

// classOf is the class that an element has in the end.
func (p *projector) classOf(e *element) catalog.Class {
	if p.whole || e.class == catalog.OfRecord {
		return p.class
	}
	return e.class
}

// masksByValue reports whether the view masks a class that an identifier or contact
// point of a person may have (F7: the mark is there whatever stands there).
func (p *projector) masksByValue(n *catalog.Node) bool {
	may := identifierClasses
	if n.Kind == catalog.ContactPoint {
		may = contactClasses
	}
	return n.ByValue && n.Masked != "" && slices.ContainsFunc(may, func(name string) bool {
		c, _ := p.cat.Class(name)
		return p.View[c] == policy.Mask
	})
}

var (
	identifierClasses = []string{
		"identifiers.mrn", "identifiers.ssn", "identifiers.license", "identifiers.account", "identifiers.visit",
		"identifiers.device", "identifiers.business", "identifiers.other", "coverage.member-id",
	}
	contactClasses = []string{"contact.phone", "contact.fax", "contact.email", "identifiers.web-url"}
)
