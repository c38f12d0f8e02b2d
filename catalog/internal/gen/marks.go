package main

import (
	"iter"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/catalog/internal/table"
)

func keys[V any](m map[string]V) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// addClasses numbers the classes in the order of their file.
func (b *builder) addClasses() {
	w := b.words
	for _, c := range w.classes.Classes {
		v := table.Class{
			Name: c.Class, Title: c.Title, Description: c.Description, Note: c.Note,
			SafeHarbor: c.SafeHarborID, LimitedData: c.LDSAllowed,
			// A parent would name what is denied unless it is named itself (FC30).
			ExplicitOnly: c.ExplicitOnly || slices.ContainsFunc(c.FHIR, func(path string) bool { return slices.Contains(w.decisions.NamedOnly, path) }),
			FreeText:     c.FreeText, FHIR: c.FHIR,
		}
		if o, is := w.overlay[c.Class]; is {
			v.Overlay = o + 1
		}
		for p := parentOf(c.Class); p != ""; p = parentOf(p) {
			if n := w.number[p]; n != 0 {
				v.Parent = n
				break
			}
		}
		b.out.Classes = append(b.out.Classes, v)
	}
}

func parentOf(name string) string {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return name[:i]
}

// addMarks marks the elements that say who, when and where (rule 7), and where
// security labels stand.
func (b *builder) addMarks() {
	encounter, episode := b.typeNo["Encounter"], b.typeNo["EpisodeOfCare"]
	for _, t := range b.out.Types {
		for _, name := range []string{"encounter", "context", "context.encounter", "item.encounter"} {
			for _, id := range b.at(t.Name + "." + name) {
				n := &b.out.Nodes[id]
				if n.Kind == uint64(catalog.Reference) && (has(n.RefersSet, encounter) || has(n.RefersSet, episode)) {
					n.Flags |= table.VisitOf
				}
			}
		}
	}
	for _, path := range b.words.decisions.Authors {
		for _, n := range b.must(path) {
			if n.Kind != uint64(catalog.Reference) || !has(n.RefersSet, b.typeNo["Practitioner"]) && !has(n.RefersSet, b.typeNo["PractitionerRole"]) {
				b.fail("decisions.yaml: authors: %s cannot name a practitioner", path)
			}
			n.Flags |= table.AuthorOf
		}
	}
	places := map[string]catalog.Place{"department": catalog.Department, "facility": catalog.Facility, "either": catalog.DepartmentOrFacility}
	for path, place := range b.words.decisions.Places {
		if places[place] == 0 {
			b.fail("decisions.yaml: places: %s: unknown place %q", path, place)
		}
		for _, n := range b.must(path) {
			n.Place = uint64(places[place])
		}
	}
	for _, path := range b.words.decisions.Carries {
		b.addCarries(path)
	}
	for _, path := range b.words.decisions.LabelsAt {
		if rest, all := strings.CutPrefix(path, "Resource."); all {
			path = "Patient." + rest // meta is shared by all types
		}
		for _, n := range b.must(path) {
			n.Flags |= table.Labelled
			if n.Datatype == uint64(catalog.DTCode) {
				n.Implied = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
			}
		}
	}
}

// addCarries marks the references by which a flagged record flags another. Of a choice
// only the reference is one.
func (b *builder) addCarries(path string) {
	paths := []string{path}
	if rest, all := strings.CutPrefix(path, "*."); all {
		paths = nil
		for _, t := range b.out.Types {
			paths = append(paths, t.Name+"."+rest)
		}
	}
	found := false
	for _, p := range paths {
		for _, id := range b.at(p) {
			if n := &b.out.Nodes[id]; n.Kind == uint64(catalog.Reference) {
				n.Flags |= table.Carries
				found = true
			}
		}
	}
	if !found {
		b.fail("decisions.yaml: carries: %s is no reference of R4", path)
	}
}

func has(words []uint64, no uint64) bool { return len(words) == 4 && words[no>>6]&(1<<(no&63)) != 0 }

func (b *builder) must(path string) (nodes []*table.Node) {
	for _, id := range b.at(path) {
		nodes = append(nodes, &b.out.Nodes[id])
	}
	if len(nodes) == 0 {
		b.fail("decisions.yaml: %s: no such element in R4", path)
	}
	return nodes
}

// addRules reads the conditional rules, such as "category us-core-category
// functional-status, disability-status or cognitive-status".
func (b *builder) addRules() {
	groups := map[string]uint64{}
	for _, r := range b.words.classes.ConditionalRules {
		class, err := b.words.class(r.Class, "conditional_rules")
		if err != nil {
			b.errs = append(b.errs, err)
			continue
		}
		element, conditions, ok := b.parseWhen(r.When)
		if !ok {
			b.fail("conditional_rules: cannot read %q", r.When)
			continue
		}
		typ := r.Resource
		if typ == "*" {
			typ = "Patient" // meta is shared by all types
		}
		key := typ + "." + element
		if groups[key] == 0 {
			groups[key] = uint64(len(groups) + 1)
			b.putGroup(key, groups[key])
			if r.Resource == "*" { // a label is a label wherever labels stand
				for _, path := range b.words.decisions.LabelsAt[1:] {
					b.putGroup(path, groups[key])
				}
			}
		}
		for _, c := range conditions {
			rule := table.Rule{Group: groups[key], Systems: c.systems, Code: c.code, Class: class, Whole: r.Resource == "*", When: r.Resource + ": " + r.When}
			if r.Resource != "*" {
				rule.Types = []uint64{b.typeNo[r.Resource]}
			}
			b.out.Rules = append(b.out.Rules, rule)
		}
	}
}

// putGroup marks the element of a rule and its codings.
func (b *builder) putGroup(path string, group uint64) {
	nodes := append(b.at(path), b.at(path+".coding")...)
	if len(nodes) == 0 {
		b.fail("conditional_rules: %s: no such element", path)
	}
	for _, id := range nodes {
		b.out.Nodes[id].RuleGroup = group
	}
}

type ruleCode struct {
	systems []string
	code    string
}

// parseWhen reads "ELEMENT [has] [SYSTEM] CODE, CODE or [SYSTEM] CODE (comment)".
func (b *builder) parseWhen(when string) (element string, codes []ruleCode, ok bool) {
	when, _, _ = strings.Cut(when, " (")
	words := strings.Fields(strings.ReplaceAll(when, ",", " "))
	if len(words) < 2 {
		return "", nil, false
	}
	var systems []string
	for _, w := range words[1:] {
		switch {
		case w == "or" || w == "has":
		case w == "v3-ActCode":
			systems = b.systemURLs("act_code")
		case b.words.decisions.RuleSystems[w] != nil:
			systems = b.words.decisions.RuleSystems[w]
		default:
			codes = append(codes, ruleCode{systems, w})
		}
	}
	return words[0], codes, len(codes) > 0
}

// addTraits fills in what is said of whole types, ShowsOf among it.
func (b *builder) addTraits() {
	d := b.words.decisions
	for i := range b.out.Types {
		t := &b.out.Types[i]
		class := b.words.classes.Classes[t.Default-1].Class
		set := func(bit uint64, when bool) {
			if when {
				t.Flags |= bit
			}
		}
		proof := slices.Contains(d.ByProof, t.Name)
		set(table.ByProof, proof)
		set(table.PatientFree, !proof && slices.Contains(d.PatientFree, class))
		set(table.Lasting, slices.Contains(d.Lasting, t.Name) || slices.Contains(d.Directory, class))
		set(table.DenyByDefault, slices.Contains(d.DenyByDefault, t.Name) || slices.Contains(d.NamedOnly, t.Name))
		set(table.NamedOnly, slices.Contains(d.NamedOnly, t.Name))
		t.Shows = b.shows(t)
	}
	for _, want := range b.words.classes.ResourceTraits.DenyByDefault {
		if !slices.Contains(d.DenyByDefault, want) {
			b.fail("decisions.yaml: deny_by_default lacks %s of data-classes.yaml", want)
		}
	}
	for _, list := range [][]string{d.ByProof, d.Lasting, d.DenyByDefault, d.NamedOnly} {
		for _, t := range list {
			if b.typeNo[t] == 0 {
				b.fail("decisions.yaml: %s: no such resource type", t)
			}
		}
	}
}

// attendants come with what shows and never show a record alone.
var attendants = []string{"system.metadata", "system.narrative", "identifiers.resource-id"}

// shows returns the content classes that a record of the type can bear.
func (b *builder) shows(t *table.Type) []uint64 {
	found := map[uint64]bool{t.Default: true}
	seen := map[uint64]bool{}
	var walk func(tab uint64)
	walk = func(tab uint64) {
		if seen[tab] {
			return
		}
		seen[tab] = true
		for _, id := range b.out.Tables[tab].Nodes {
			n := &b.out.Nodes[id]
			if n.Class != 0 && n.Class < ofExtension && n.Marks == 0 {
				found[n.Class] = true
			}
			if n.Flags&table.ByValue != 0 {
				b.byValue(n, found)
			}
			walk(n.Table)
		}
	}
	walk(b.out.Nodes[t.Root].Table)
	no := b.typeNo[t.Name]
	for _, r := range b.out.Rules {
		if len(r.Types) == 0 || slices.Contains(r.Types, no) {
			found[r.Class] = true
		}
	}
	b.byExtension(t.Name, found)
	for _, a := range attendants {
		delete(found, b.words.number[a])
	}
	var list []uint64
	for c := range found {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

func (b *builder) byValue(n *table.Node, found map[uint64]bool) {
	if n.Kind == uint64(catalog.ContactPoint) {
		for _, c := range b.out.Contacts {
			found[c.Class] = true
		}
		return
	}
	for _, c := range b.out.IDTypes {
		found[c.Class] = true
	}
	for _, c := range b.out.IDSystems {
		found[c.Class] = true
	}
}

func (b *builder) byExtension(typ string, found map[uint64]bool) {
	x := b.words.decisions.Extensions
	for _, e := range b.out.Extensions {
		context := x.DefaultContext
		for _, c := range x.Contexts {
			if c.URL == e.URL {
				context = c.Types
			}
		}
		if slices.Contains(context, typ) && b.out.Classes[e.Class-1].Overlay == 0 {
			found[e.Class] = true
		}
	}
}
