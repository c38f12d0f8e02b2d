package catalog

import "bytes"

// DataAbsentReason is the extension that stands for a value that is not shown.
const DataAbsentReason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

// bare cuts what may differ between two spellings of a code system's address: the
// scheme http or https, and a slash at the end.
func bare(system []byte) []byte {
	if rest, ok := bytes.CutPrefix(system, []byte("http://")); ok {
		system = rest
	} else if rest, ok := bytes.CutPrefix(system, []byte("https://")); ok {
		system = rest
	}
	return bytes.TrimSuffix(system, []byte("/"))
}

func bareString(system string) string { return string(bare([]byte(system))) }

// IdentifierClass returns the class of an identifier of a person whose node has the
// class def and is ByValue. The type coding and the identifier's own system are
// compared with what is known; what is not known leaves def, and two that disagree
// are judged as JoinIdentifier says. Where an identifier has several type codings,
// join the classes of each.
func (c *Catalog) IdentifierClass(def Class, typeSystem, typeCode, system []byte) Class {
	byType, typed := c.IdentifierTypeClass(typeSystem, typeCode)
	bySystem, named := c.IdentifierSystemClass(system)
	switch {
	case typed && named:
		return c.JoinIdentifier(byType, bySystem)
	case typed:
		return byType
	case named:
		return bySystem
	}
	return def
}

// IdentifierTypeClass returns the class that a type coding of v2-0203 gives.
func (c *Catalog) IdentifierTypeClass(system, code []byte) (Class, bool) {
	if !c.idTypeNames[string(bare(system))] {
		return Unknown, false
	}
	class, ok := c.idTypes[string(code)]
	return class, ok
}

// IdentifierSystemClass returns the class that an identifier's system gives.
func (c *Catalog) IdentifierSystemClass(system []byte) (Class, bool) {
	class, ok := c.idSystems[string(system)]
	return class, ok
}

// JoinIdentifier returns the class of an identifier of which two things are said:
// the one that must be named, if one of them must, else Unknown. So a number that
// somebody calls a Social Security number is one.
func (c *Catalog) JoinIdentifier(a, b Class) Class {
	if a == b {
		return a
	}
	ia, ib := c.Info(a), c.Info(b)
	switch {
	case ia == nil || ib == nil || ia.ExplicitOnly == ib.ExplicitOnly:
		return Unknown
	case ia.ExplicitOnly:
		return a
	}
	return b
}

// ContactClass returns the class of a contact point of a patient whose node has the
// class def and is ByValue. A system that is missing or not known is Unknown: the
// number could be anything.
func (c *Catalog) ContactClass(def Class, system []byte) Class {
	if def == Unknown {
		return Unknown
	}
	return c.contacts[string(system)]
}

// ExtensionClass returns the class of a listed extension. An overlay class
// (patient-importance) means that the extension marks the record and never shows.
// What is not listed is not shown, unless InheritExtension. Inside a listed
// extension, one with a relative address (us-core-race's ombCategory) belongs to
// it; one with an absolute address is judged by itself.
func (c *Catalog) ExtensionClass(url []byte) (Class, bool) {
	class, ok := c.extensions[string(url)]
	return class, ok
}

// InheritExtension reports whether an extension says something about its parent's
// value and nothing else (data-absent-reason), so that it has its parent's class.
func (c *Catalog) InheritExtension(url []byte) bool { return c.inherit[string(url)] }

// RuleID numbers a conditional rule; 0 is none. The smaller number is the earlier
// rule and wins, however many match.
type RuleID uint8

// RuleFor returns the conditional rule that a code at a node triggers, 0 for none.
// Ask it for every Coding whose node is Ruled, and for MeasureReport.type, which has
// no system; the record's class is that of the smallest rule found.
func (c *Catalog) RuleFor(t Type, n NodeID, system, code []byte) RuleID {
	if int(n) >= len(c.group) || c.group[n] == 0 || t == 0 {
		return 0
	}
	group := c.group[n]
	for i := range c.rules {
		r := &c.rules[i]
		if r.group == group && r.code == string(code) && r.knows(system) {
			return RuleID(i + 1)
		}
	}
	return 0
}

func (r *rule) knows(system []byte) bool {
	if len(r.systems) == 0 {
		return len(system) == 0
	}
	plain := bare(system)
	for _, s := range r.systems {
		if string(plain) == s {
			return true
		}
	}
	return false
}

// RuleClass returns the class that a rule gives. It replaces OfRecord; where
// wholeRecord is true (a psychotherapy note) it replaces the class of every element
// of the record. RuleClass(0) is Unknown.
func (c *Catalog) RuleClass(id RuleID) (class Class, wholeRecord bool) {
	if id == 0 || int(id) > len(c.rules) {
		return Unknown, false
	}
	r := &c.rules[id-1]
	return r.class, r.whole
}

// CodeAt is a code at an element.
type CodeAt struct {
	Node         NodeID
	System, Code []byte
}

// RecordClass returns the class of a record with these codes: that of the earliest
// rule that one of them triggers, else the type's default.
func (c *Catalog) RecordClass(t Type, codes []CodeAt) Class {
	var first RuleID
	for _, at := range codes {
		if r := c.RuleFor(t, at.Node, at.System, at.Code); r != 0 && (first == 0 || r < first) {
			first = r
		}
	}
	if first == 0 {
		return c.DefaultClass(t)
	}
	class, _ := c.RuleClass(first)
	return class
}
