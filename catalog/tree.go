package catalog

import (
	"strings"

	"modicum/catalog/internal/table"
)

// Type returns the resource type of a name.
func (c *Catalog) Type(name string) (Type, bool) {
	t, ok := c.byType[name]
	return t, ok
}

// TypeBytes is Type for bytes; it does not allocate.
func (c *Catalog) TypeBytes(name []byte) (Type, bool) {
	t, ok := c.byType[string(name)]
	return t, ok
}

// TypeName returns the name of a type, "" for none.
func (c *Catalog) TypeName(t Type) string { return c.typ(t).name }

var noType typeInfo

func (c *Catalog) typ(t Type) *typeInfo {
	if t == 0 || int(t) > len(c.types) {
		return &noType
	}
	return &c.types[t-1]
}

// Types returns all concrete types in the order of their names.
func (c *Catalog) Types() []Type {
	all := make([]Type, len(c.types))
	for i := range all {
		all[i] = Type(i + 1)
	}
	return all
}

// Root returns the node of a resource of the type.
func (c *Catalog) Root(t Type) NodeID { return c.typ(t).root }

// Child returns the child of n that a JSON member names, 0 for unknown. A member
// "_name" names the sibling of a primitive: its id and extensions. The members
// resourceType and those of a contained resource are no children: see Root.
func (c *Catalog) Child(n NodeID, member []byte) (child NodeID, sibling bool) {
	if int(n) >= len(c.inner) || len(member) == 0 {
		return 0, false
	}
	k := &c.kids[c.inner[n]]
	if member[0] == '_' {
		member, sibling = member[1:], true
	}
	h := hashName(member) & k.mask
	for {
		id := c.slots[k.at+h]
		if id == 0 {
			return 0, false
		}
		if node := &c.nodes[id]; node.Name == string(member) {
			if sibling && node.Kind != Primitive {
				return 0, false
			}
			return id, sibling
		}
		h = (h + 1) & k.mask
	}
}

// Node returns an element; that of 0 knows nothing and shows to nobody.
func (c *Catalog) Node(n NodeID) *Node {
	if int(n) >= len(c.nodes) {
		n = 0
	}
	return &c.nodes[n]
}

// NodeCount returns the number of nodes; NodeIDs are below it.
func (c *Catalog) NodeCount() int { return len(c.nodes) }

// Children returns the children of n in definition order, every variant of a
// choice among them.
func (c *Catalog) Children(n NodeID) []NodeID {
	if int(n) >= len(c.inner) {
		return nil
	}
	return c.kids[c.inner[n]].ids
}

// MandatoryChildren returns the mandatory children of n in definition order; of a
// choice its first variant.
func (c *Catalog) MandatoryChildren(n NodeID) []NodeID {
	if int(n) >= len(c.inner) {
		return nil
	}
	return c.kids[c.inner[n]].mandatory
}

// Find returns the nodes of an element path, such as Patient.birthDate,
// Observation.value[x] (all its variants), Observation.valueQuantity,
// Patient.address.line; nil when there is none.
func (c *Catalog) Find(path string) []NodeID {
	name, rest, deep := strings.Cut(path, ".")
	t, ok := c.byType[name]
	if !ok {
		return nil
	}
	now := []NodeID{c.Root(t)}
	for deep {
		name, rest, deep = strings.Cut(rest, ".")
		var next []NodeID
		seen := map[NodeID]bool{}
		for _, n := range now {
			for _, id := range c.Children(n) {
				if !seen[id] && c.called(id, name) {
					next = append(next, id)
					seen[id] = true
				}
			}
		}
		now = next
	}
	return now
}

// called reports whether an element is meant by a name: as JSON spells it, or as
// the definition does.
func (c *Catalog) called(id NodeID, name string) bool {
	n := &c.nodes[id]
	if n.Name == name {
		return true
	}
	return n.ChoiceOf != 0 && strings.HasSuffix(name, "[x]") && strings.HasSuffix(n.Path, "."+name)
}

// DefaultClass returns the class of a record of the type where no conditional rule
// speaks.
func (c *Catalog) DefaultClass(t Type) Class { return c.typ(t).class }

// ShowsOf returns every content class that can make a record of the type show:
// those of its elements, and those that conditional rules, identifier types,
// contact systems and extensions can put there. The classes that come with what
// shows and never show a record alone are left out: system.metadata,
// system.narrative, identifiers.resource-id. Extensions count on the types that
// they are made for; Extend changes nothing here.
func (c *Catalog) ShowsOf(t Type) ClassSet { return c.typ(t).shows }

// OwnClasses returns the classes that make a record of the type what it is: its
// default class, those that element paths of the type name, and what identifiers,
// contact points and extensions of a person may be. Left out is what comes along on
// any type: comments, attachments, business identifiers, metadata, and the classes
// of conditional rules, of which the record's own class is one.
func (c *Catalog) OwnClasses(t Type) ClassSet { return c.typ(t).own }

// Lasting reports whether records of the type have neither visit nor date: patients,
// persons, related persons, coverages, the directory (policy-language rule 7).
func (c *Catalog) Lasting(t Type) bool { return c.typ(t).flags&table.Lasting != 0 }

// LastingOnly reports whether only lasting types bear the class.
func (c *Catalog) LastingOnly(class Class) bool { return c.lasting.Has(class) }

// PatientFree reports whether a record of the type may show without naming a
// patient: the directory, definitions, research studies.
func (c *Catalog) PatientFree(t Type) bool { return c.typ(t).flags&table.PatientFree != 0 }

// ByProof reports whether a record of the type names no patient and may show only
// where a visible record points to it: Medication, Substance.
func (c *Catalog) ByProof(t Type) bool { return c.typ(t).flags&table.ByProof != 0 }

// DenyByDefault reports whether records of the type are not there though their
// class is granted: containers and types without a fixed meaning (Basic, Binary,
// Bundle, Linkage, OperationOutcome, Parameters, Subscription), and AuditEvent and
// Provenance (FC30), which DenyUnlessNamed lets out of it.
func (c *Catalog) DenyByDefault(t Type) bool { return c.typ(t).flags&table.DenyByDefault != 0 }

// DenyUnlessNamed reports whether a type that is denied by default shows all the same
// where a line names its class itself, not a parent of it: AuditEvent
// (security.audit) and Provenance (security.provenance), FC30.
func (c *Catalog) DenyUnlessNamed(t Type) bool { return c.typ(t).flags&table.NamedOnly != 0 }

// Compartment returns the parameters by which a type belongs to the compartment of a
// patient, nil when it does not. Device, GuidanceResponse, Contract and others point
// at patients and are not in it: Node.BearsPatient knows them.
func (c *Catalog) Compartment(t Type) []string { return c.typ(t).compartment }
