package main

import (
	"slices"
	"strings"
)

// readPathRules reads the element paths of the classes. A class borne by a bare
// type is the default class of the type.
func (b *builder) readPathRules() {
	add := func(path string, class uint64) {
		typ, rest, deep := strings.Cut(path, ".")
		no := b.typeNo[typ]
		if no == 0 {
			b.fail("data-classes.yaml: %s: no such resource type", path)
			return
		}
		if !deep {
			if t := &b.out.Types[no-1]; t.Default == 0 {
				t.Default = class
			} else {
				b.fail("data-classes.yaml: %s has two default classes", path)
			}
			return
		}
		if !b.exists(typ, rest) {
			b.fail("data-classes.yaml: %s: no such element in R4", path)
		}
		if _, twice := b.rules[path]; twice {
			b.fail("data-classes.yaml: %s stands under two classes", path)
		}
		b.rules[path] = class
	}
	for i, c := range b.words.classes.Classes {
		for _, p := range c.FHIR {
			add(p, uint64(i+1))
		}
	}
	for _, p := range b.words.decisions.Paths {
		if p.Class == "hidden" {
			add(p.Path, 0)
			continue
		}
		class, err := b.words.class(p.Class, "decisions.yaml")
		if err != nil {
			b.errs = append(b.errs, err)
			continue
		}
		add(p.Path, class)
		named := &b.out.Classes[class-1]
		named.FHIR = append(slices.Clone(named.FHIR), p.Path)
	}
	for i, t := range b.out.Types {
		if t.Default == 0 {
			b.fail("%s has no default class", b.defs.resources[i])
		}
	}
}

// exists reports whether a path below a type names an element, into datatypes and
// through content references, with [x] exactly where the definition has it.
func (b *builder) exists(typ, rest string) bool {
	el := b.defs.types[typ]
	for _, part := range strings.Split(rest, ".") {
		inside := b.inside(el)
		if inside == nil {
			return false
		}
		el = inside.child(part)
		if el == nil || el.choice != strings.HasSuffix(part, "[x]") {
			return false
		}
	}
	return true
}

// inside returns the definition that holds the children of an element.
func (b *builder) inside(el *element) *element {
	switch {
	case el == nil:
		return nil
	case el.contentRef != "":
		return b.defs.find(el.contentRef)
	case len(el.children) > 0:
		return el
	case len(el.types) == 1:
		return b.defs.types[el.types[0].code]
	}
	return nil
}

// readSpecialPaths collects the paths that must not share nodes: every proper
// prefix of a path that something names.
func (b *builder) readSpecialPaths() {
	for p := range b.rules {
		b.name(p)
	}
	d := b.words.decisions
	for _, p := range d.Authors {
		b.name(p)
	}
	for p := range d.Places {
		b.name(p)
	}
	for _, p := range d.Carries {
		if !strings.HasPrefix(p, "*.") { // what stands directly in a type shares its node with nothing
			b.name(p)
		}
	}
	for _, p := range d.LabelsAt {
		if !strings.HasPrefix(p, "Resource.") {
			b.name(p)
		}
	}
	for _, r := range b.words.classes.ConditionalRules {
		if r.Resource != "*" {
			element, _, _ := strings.Cut(r.When, " ")
			b.name(r.Resource + "." + element + ".coding.code")
		}
	}
	b.nameSearchPaths()
}

func (b *builder) name(path string) {
	path = strings.ReplaceAll(path, "[x]", "")
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path, '.') {
		path = path[:i]
		b.special[path] = true
	}
}
