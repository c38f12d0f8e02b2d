package matrix

import (
	"slices"
	"strings"

	"modicum/catalog"
)

// Class is a set of cells of which one rule of the door speaks.
type Class struct {
	Name     string
	Verdict  Verdict
	Rows     string // of the threat model
	Why      string // one sentence
	ofParams bool   // of parameters of a search
	has      func(*Cell) bool
}

// Has reports whether the rule speaks of the cell.
func (c *Class) Has(cell *Cell) bool { return c.has(cell) }

// Of returns the classes that have the cell: exactly one, or there is a defect.
func Of(cell *Cell) []*Class {
	var out []*Class
	for i := range Classes {
		if Classes[i].has(cell) {
			out = append(out, &Classes[i])
		}
	}
	return out
}

// Classes are the rules, interactions first.
var Classes = []Class{
	interactions("statement", Public, "FC45", "Made from the policy as a whole, the same bytes for every caller; where to sign in is the identity provider's.", "capabilities", "smart-configuration"),
	interactions("reads", Judged, "FC14, FC43, FC49", "A record that is hidden, out of scope or not there is one and the same 404.", "read", "read-head"),
	interactions("versions", Judged, "FC36", "Only where system.metadata shows; that there are versions is metadata.", "vread", "history-instance"),
	interactions("searches", Judged, "FC01, FC11", "The parameters decide, see below.", "search-type", "search-type-get", "search-type-form"),
	interactions("batches", Judged, "FC39", "Each entry as if it had been sent alone; a transaction is answered, or done, whole or not at all.", "batch", "transaction"),
	interactions("creates", Written, "FC52", "What a line with create keeps; containers and what the record of access is made of are not made here.", "create"),
	interactions("changes", Written, "FC15, FC52", "What was shown and what is wanted differ in this and that; just this is put on the record, where a line with update keeps it.", "update", "patch"),
	interactions("creates unless there", Written, "FC12", "The criteria are judged as the search that they are; what fits and is hidden does not count.", "create-conditional"),
	compartments("compartments", Judged, "As the plain searches by the elements that say who the owner is, each under its own verdict.", true),
	compartments("types of no compartment", Unknown, "R4 puts no record of the type into a compartment of the owner.", false),
	interactions("deletes", NotDone, "FC12", "Nothing deletes through a door (policy-language rule 12).", "delete", "delete-conditional", "delete-history", "delete-version"),

	interactions("not built", NotDone, "FC10, FC12, FC15, FC36, FC52", "Not available at this door.",
		"update-conditional", "patch-conditional",
		"search-compartment-practitioner", "search-compartment-relatedperson", "search-compartment-device",
		"search-system", "search-system-form", "history-type", "history-system"),
	interactions("queries in another language", NotDone, "FC16", "GraphQL asks for elements by its own rules.", "graphql", "graphql-instance"),
	operation("operations on definitions", "FC16", "They answer from definitions and value sets by the rules of the server.",
		"apply", "data-requirements", "conforms", "implements", "subset", "versions", "find-matches", "lookup", "subsumes", "validate-code",
		"closure", "translate", "preferred-id", "questionnaire", "snapshot", "transform", "expand", "convert", "validate"),
	operation("operations that compute over charts", "FC16, FC37", "What they read the server decides.",
		"document", "graph", "find", "care-gaps", "collect-data", "evaluate-measure", "submit-data", "stats", "match", "populate", "process-message", "submit"),
	operation("operations on metadata", "FC09, FC16", "Labels decide access.", "meta", "meta-add", "meta-delete"),
	wholeCharts("whole charts", Judged, "Made here of the searches of a compartment, each type under its own verdict.", true),
	wholeCharts("other whole charts", NotDone, "By POST, and of everybody or of groups, not available at this door.", false),
	Class{"latest observations", Malformed, "FC37", "Without a patient; chosen here among what shows where one is named.", false, func(c *Cell) bool { return c.Interaction.Name == "$lastn of a type" }},
	Class{"latest observations by POST", NotDone, "FC37", "Not available at this door.", false, func(c *Cell) bool { return c.Interaction.Name == "$lastn of a type, by POST" }},
	operation("bulk export", "FC38", "Only as an export of our own.", "export"),

	params("_id", Judged, "FC01", "An id comes with whatever shows.", plain(common("_id"))),
	params("signatures", Unknown, "FC30", "A signature never shows, so that nothing may be asked of it.", func(p *Param) bool { return p.Def != nil && p.Def.Name == "signature-type" && p.Modifier == "" }),
	params("elements", Judged, "FC01", "A record matches only if its own view keeps all that the parameter reads.", plain(own(readable))),
	params("references that name no type", Malformed, "FC13", "R4 says of no type that they may name, and a canonical address is no reference to a record.", func(p *Param) bool { return p.Name != "_sort" && p.Modifier == "" && p.Def != nil && targetless(p.Def) }),
	params("metadata", Judged, "FC09", "Where system.metadata is kept.", plain(common("_lastUpdated", "_profile", "_security", "_source", "_tag"))),
	params("prefixes", Judged, "FC03", "As the element without prefix: one that is not kept whole is not compared.", prefixed("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")),
	params("texts", Judged, "FC02", "exact and contains read the same text.", modified(kind(catalog.StringParam), "exact", "contains")),
	params("typed references", Judged, "FC02", "The type that a reference names, of those that the parameter may name.", typed),
	params("approximate", Malformed, "FC03", "How near is near, each server says for itself.", prefixed("ap")),
	params("computed", Unknown, "FC01", "What it reads is no element of the record (position).", plain(own(computed))),
	params("modifiers", Unknown, "FC02", "They read more than the element, tell that it is absent, or pass through another record.", otherModifier),
	params("chains", Judged, "FC04", "The other record is searched for as the caller's own search; what of it shows is where the chain may pass.", chained(false)),
	params("chains through what is refused", Unknown, "FC02, FC04", "What is no parameter of a search of its own is none behind a chain.", chained(true)),
	params("chains of one type", Judged, "FC04", "The reference may name one type, or is called patient.", untypedChain(true)),
	params("chains of no type", Unknown, "FC04", "The reference may name several, and the chain does not say through which it passes.", untypedChain(false)),
	params("sort keys", Judged, "FC08", "By one value that every task which may count keeps.", sorted(true)),
	params("no sort keys", Unknown, "FC08", "References, composites, and what is classed by its value have no such value.", sorted(false)),
	params("page", Judged, "FC33, FC35", "Shapes the answer; done here, never passed on.", shapes("_count", "_total", "_elements", "_format", "_pretty")),
	params("summaries", Judged, "FC35", "Done here: counts are of what shows.", summary("text", "data", "count", "false")),
	params("summary of the server", Unknown, "FC35", "Which elements are a summary each server says for itself.", summary("true")),
	params("free searches", Unknown, "FC07", "What they read nobody can tell.", shapes("_filter", "_query", "_text", "_content")),
	params("lists", Unknown, "FC09", "Membership of a list is in the list.", shapes("_list")),
	params("contained", Unknown, "FC24", "Contained records are judged with their container.", shapes("_contained", "_containedType")),
	including("includes", "_include", Judged, "What the match is seen to refer to, each judged by itself.", true),
	including("includes of what is not referred to", "_include", Unknown, "No reference, or none to that type.", false),
	including("reverse includes", "_revinclude", Judged, "What refers to the match, as a search by the reference, each judged by itself.", true),
	including("reverse includes of what does not refer", "_revinclude", Unknown, "The reference may not name the type.", false),
	params("includes of everything", Unknown, "FC34", "Each reference is named, or none is followed.", func(p *Param) bool {
		return shapes("_include", "_revinclude")(p) && p.Value == "*" && p.Modifier == ""
	}),
	params("includes again from there", Unknown, "FC34", "What is taken along is not followed in turn.", func(p *Param) bool {
		return shapes("_include", "_revinclude")(p) && p.Modifier == "iterate"
	}),
	reverse("reverse chains", Judged, "As chains: what refers to the match is searched for, and only what shows counts.", true, false),
	reverse("reverse chains through what is refused", Unknown, "What is no parameter of a search of its own is none behind a chain.", true, true),
	reverse("reverse chains of what does not refer", Unknown, "The reference may not name the type.", false, false),
	params("parameters of other interactions", Unknown, "FC10, FC36", "They belong to the search of the server, to histories and operations.", shapes("_type", "_since", "_at")),
	params("unheard of", Unknown, "FC01", "What is not in the definitions of R4 is no parameter.", shapes("_unheard-of", "unheard-of")),
}

func interactions(name string, v Verdict, rows, why string, of ...string) Class {
	return Class{name, v, rows, why, false, func(c *Cell) bool { return c.Param.Name == "" && slices.Contains(of, c.Interaction.Name) }}
}

// compartments are searches of what belongs to a patient or a visit, of types that R4
// puts there or of the others.
func compartments(name string, v Verdict, why string, in bool) Class {
	return Class{name, v, "FC10", why, false, func(c *Cell) bool {
		switch c.Interaction.Name {
		case "search-compartment", "search-compartment-form":
			return in == (len(catalog.R4().Compartment(c.Type)) > 0)
		case "search-compartment-encounter":
			return in == slices.Contains(strings.Fields(ofEncounters), c.Name)
		}
		return false
	}}
}

// ofEncounters are the types of hl7.org/fhir/R4/compartmentdefinition-encounter.html.
const ofEncounters = "CarePlan CareTeam ChargeItem Claim ClinicalImpression Communication CommunicationRequest Composition Condition DeviceRequest " +
	"DiagnosticReport DocumentManifest DocumentReference Encounter ExplanationOfBenefit Media MedicationAdministration MedicationRequest NutritionOrder " +
	"Observation Procedure QuestionnaireResponse RequestGroup ServiceRequest VisionPrescription"

// reverse chains pass through records that may refer to the type, or may not, by a
// parameter of theirs or by one that is refused.
func reverse(name string, v Verdict, why string, may, refused bool) Class {
	return Class{name, v, "FC05", why, true, func(c *Cell) bool {
		return c.Param.Name == "_has" && refersTo(c.Param.Modifier, c.Type) == may && strings.HasSuffix(c.Param.Modifier, ":missing") == refused
	}}
}

// including names a reference: of the type that is searched for _include, to it for
// _revinclude.
func including(name, param string, v Verdict, why string, may bool) Class {
	return Class{name, v, "FC34", why, true, func(c *Cell) bool {
		if c.Param.Name != param || c.Param.Value == "*" || c.Param.Modifier != "" {
			return false
		}
		return may == (param == "_include" && follows(c.Param.Value) || param == "_revinclude" && refersTo(c.Param.Value, c.Type))
	}}
}

// refersTo reads Type:reference, whatever follows it, and reports whether the reference
// may name a type.
func refersTo(spelt string, to catalog.Type) bool {
	def := referenceOf(spelt)
	return def != nil && def.Targets.Has(to)
}

// follows reads Type:reference[:Target] and reports whether it names a record.
func follows(spelt string) bool {
	def := referenceOf(spelt)
	if def == nil || targetless(def) || computed(def) {
		return false
	}
	part := strings.Split(spelt, ":")
	if len(part) < 3 {
		return true
	}
	to, known := catalog.R4().Type(part[2])
	return known && def.Targets.Has(to)
}

func referenceOf(spelt string) *catalog.Param {
	part := strings.Split(spelt, ":")
	of, known := catalog.R4().Type(part[0])
	if !known || len(part) < 2 {
		return nil
	}
	def, known := catalog.R4().Param(of, part[1])
	if !known || def.Kind != catalog.ReferenceParam {
		return nil
	}
	return def
}

// wholeCharts are those of a patient or a visit, or the others.
func wholeCharts(name string, v Verdict, why string, done bool) Class {
	return Class{name, v, "FC37", why, false, func(c *Cell) bool {
		switch name, _, _ := strings.Cut(c.Interaction.Name, " "); {
		case c.Interaction.Name == "search-compartment-all":
			return done
		case name == "$everything":
			return done == (c.Interaction.Name == "$everything of a record" && c.Name != "Group")
		}
		return false
	}}
}

// operation is a class of operations, at whatever level, by GET and by POST.
func operation(name, rows, why string, of ...string) Class {
	return Class{name, NotDone, rows, why, false, func(c *Cell) bool {
		op, is := strings.CutPrefix(c.Interaction.Name, "$")
		op, _, _ = strings.Cut(op, " ")
		return is && slices.Contains(of, op)
	}}
}

// params is a class of parameters of a search.
func params(name string, v Verdict, rows, why string, has func(*Param) bool) Class {
	return Class{name, v, rows, why, true, func(c *Cell) bool { return c.Param.Name != "" && has(&c.Param) }}
}

// plain is a parameter as it stands, without modifier, prefix and order.
func plain(of func(*catalog.Param) bool) func(*Param) bool {
	return func(p *Param) bool {
		return p.Def != nil && p.Name == p.Def.Name && p.Modifier == "" && p.Prefix == "" && of(p.Def)
	}
}

func common(names ...string) func(*catalog.Param) bool {
	return func(d *catalog.Param) bool { return d.Common && slices.Contains(names, d.Name) }
}

func own(of func(*catalog.Param) bool) func(*catalog.Param) bool {
	return func(d *catalog.Param) bool { return !d.Common && of(d) }
}

// readable parameters read elements that may show, and so do all components of those
// that have some.
func readable(d *catalog.Param) bool {
	return !computed(d) && !targetless(d) && d.Name != "signature-type"
}

func targetless(d *catalog.Param) bool {
	return d.Kind == catalog.ReferenceParam && d.Targets == (catalog.TypeSet{})
}

func computed(d *catalog.Param) bool {
	if d.Kind == catalog.SpecialParam || len(d.Nodes) == 0 && len(d.Components) == 0 {
		return true
	}
	return slices.ContainsFunc(d.Components, func(of *catalog.Param) bool { return computed(of) || of.ValueDependent })
}

func kind(k catalog.ParamKind) func(*catalog.Param) bool {
	return func(d *catalog.Param) bool { return d.Kind == k }
}

func prefixed(prefixes ...string) func(*Param) bool {
	return func(p *Param) bool { return p.Prefix != "" && slices.Contains(prefixes, p.Prefix) }
}

func modified(of func(*catalog.Param) bool, modifiers ...string) func(*Param) bool {
	return func(p *Param) bool { return p.Def != nil && of(p.Def) && slices.Contains(modifiers, p.Modifier) }
}

func typed(p *Param) bool { return p.Def != nil && isType(p.Modifier) && p.Name != "_has" }

// chained parameters say the type through which they pass.
func chained(refused bool) func(*Param) bool {
	return func(p *Param) bool {
		return strings.Contains(p.Modifier, ".") && strings.HasSuffix(p.Modifier, ":missing") == refused
	}
}

// untypedChain parameters do not: the reference may name one type, or several.
func untypedChain(one bool) func(*Param) bool {
	return func(p *Param) bool {
		return strings.Contains(p.Name, ".") && one == (len(targets(catalog.R4(), p.Def)) == 1 || p.Def.Name == "patient")
	}
}

func isType(modifier string) bool {
	return modifier != "" && modifier[0] >= 'A' && modifier[0] <= 'Z' && !strings.Contains(modifier, ".")
}

func otherModifier(p *Param) bool {
	return p.Def != nil && slices.Contains(Modifiers, p.Modifier) && !modified(kind(catalog.StringParam), "exact", "contains")(p)
}

// sorted are keys of _sort: those that order by one value of one class, or the others.
func sorted(by bool) func(*Param) bool {
	return func(p *Param) bool {
		if p.Name != "_sort" || p.Def.Name == "signature-type" {
			return false
		}
		d := p.Def
		none := d.Kind == catalog.CompositeParam || d.Kind == catalog.ReferenceParam || d.ValueDependent || computed(d)
		return none != by
	}
}

func shapes(names ...string) func(*Param) bool {
	return func(p *Param) bool { return p.Def == nil && slices.Contains(names, p.Name) }
}

func summary(values ...string) func(*Param) bool {
	return func(p *Param) bool { return p.Name == "_summary" && slices.Contains(values, p.Value) }
}
