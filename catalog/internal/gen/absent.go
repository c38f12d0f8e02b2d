package main

import (
	"strings"

	"modicum/catalog"
	"modicum/catalog/internal/table"
)

// absentReason stands for a value that is not shown,
// hl7.org/fhir/R4/extension-data-absent-reason.html.
const absentReason = `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]`

// preferred is the order in which the type of a choice is taken for a constant:
// those for which an object with nothing but the extension is valid.
var preferred = []string{"Quantity", "string", "dateTime", "CodeableConcept", "Reference", "date", "boolean", "Period", "integer", "Range", "uri"}

// constants returns what stands for an element that is mandatory and hidden, and
// for one that is masked. A choice has one constant, whatever its type was.
func (b *builder) constants(e *element) (absent, masked table.Constant) {
	t, ok := b.choose(e)
	if !ok {
		return table.Constant{}, table.Constant{}
	}
	absent = b.constant(e, t)
	switch b.kindOf(e, t.code) {
	case catalog.Backbone, catalog.Narrative, catalog.Extension, catalog.Meta, catalog.Resource:
		return absent, table.Constant{}
	}
	return absent, absent
}

// choose picks the type of the constant; false when no valid constant exists.
func (b *builder) choose(e *element) (elementType, bool) {
	if e.contentRef != "" {
		t := elementType{code: "BackboneElement"}
		_, ok := b.value(e, t, nil)
		return t, ok
	}
	for _, code := range preferred {
		for _, t := range e.types {
			if t.code == code && len(e.types) > 1 {
				if _, ok := b.value(e, t, nil); ok {
					return t, true
				}
			}
		}
	}
	for _, t := range e.types {
		if _, ok := b.value(e, t, nil); ok {
			return t, true
		}
	}
	return elementType{}, false
}

// constant writes the member in the shortest form that the file format knows.
func (b *builder) constant(e *element, t elementType) table.Constant {
	plain := "{" + absentReason + "}"
	body, _ := b.value(e, t, nil)
	primitive := b.defs.kinds[t.code] == "primitive-type"
	if e.choice || body != plain {
		return table.Constant{Form: table.Literal, Text: member(e, t, body, primitive)}
	}
	switch {
	case primitive && e.array:
		return table.Constant{Form: table.OfPrimitives}
	case primitive:
		return table.Constant{Form: table.OfPrimitive}
	case e.array:
		return table.Constant{Form: table.OfObjects}
	}
	return table.Constant{Form: table.OfObject}
}

func member(e *element, t elementType, body string, primitive bool) string {
	name := e.name
	if e.choice {
		name += strings.ToUpper(t.code[:1]) + t.code[1:]
	}
	if primitive {
		name = "_" + name
	}
	if e.array {
		body = "[" + body + "]"
	}
	return `"` + name + `":` + body
}

// value returns the smallest valid JSON object for the element, or false: a code
// with a required binding has no valid stand-in, and neither has what must hold one.
func (b *builder) value(e *element, t elementType, seen []string) (string, bool) {
	if noAbsent[e.path] {
		return "", false
	}
	if b.defs.kinds[t.code] == "primitive-type" {
		if t.code == "xhtml" || t.code == "code" && e.required {
			return "", false
		}
		return "{" + absentReason + "}", true
	}
	switch t.code {
	case "Resource", "Extension", "Narrative", "Meta":
		return "", false
	}
	def := b.inside(&element{name: e.name, path: e.path, types: []elementType{t}, contentRef: e.contentRef, children: e.children, errors: e.errors})
	if def == nil {
		return "", false
	}
	for _, s := range seen {
		if s == def.path {
			return "", false // an element that must hold itself
		}
	}
	var members []string
	needs := b.needed(def)
	for _, c := range def.children {
		if c.min == 0 && c != needs {
			continue
		}
		text, ok := b.mandatory(c, append(seen, def.path))
		if !ok {
			return "", false
		}
		members = append(members, text)
	}
	if len(members) == 0 {
		return "{" + absentReason + "}", true
	}
	return "{" + strings.Join(members, ",") + "}", true
}

// needed returns the child that satisfies the AnyOf group of an element, where no
// mandatory child does; nil when there is no group.
func (b *builder) needed(def *element) *element {
	names := b.anyOf(def)
	if len(names) == 0 {
		return nil
	}
	for _, name := range names {
		if c := def.child(name); c != nil && c.min > 0 {
			return nil
		}
	}
	return def.child(names[0])
}

func (b *builder) mandatory(c *element, seen []string) (string, bool) {
	types := c.types
	if c.contentRef != "" {
		types = []elementType{{code: "BackboneElement"}}
	}
	for _, want := range append(append([]string{}, preferred...), "") {
		for _, t := range types {
			if want != "" && t.code != want {
				continue
			}
			if body, ok := b.value(c, t, seen); ok {
				return member(c, t, body, b.defs.kinds[t.code] == "primitive-type"), true
			}
		}
	}
	return "", false
}
