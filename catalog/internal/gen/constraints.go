package main

import (
	"regexp"
	"strings"
)

// A projection leaves elements out and puts constants for others, which can break
// the invariants of a resource. Three things prevent it: an AnyOf group (one of
// these must remain), keepValid (hidden, it needs a stand-in although its minimum
// is 0), noMask (a mark would contradict another element). Whatever else the
// definitions demand with severity error stands in harmless, with the reason why
// leaving out or masking cannot break it; a new constraint stops the generator.

// keepValid are elements without which an invariant would fail.
var keepValid = map[string]bool{
	"Appointment.start": true, // app-3: a booked appointment has start and end, and status always shows
	"Appointment.end":   true, // app-2: both or none
}

// noMask are elements whose mark could contradict an element that shows or a mark.
var noMask = map[string]bool{
	"Condition.abatement[x]":                       true, // con-4: only with clinicalStatus resolved, remission, inactive
	"FamilyMemberHistory.born[x]":                  true, // fhs-1: not beside age
	"FamilyMemberHistory.age[x]":                   true, // fhs-1
	"FamilyMemberHistory.estimatedAge":             true, // fhs-2: only with age
	"Observation.dataAbsentReason":                 true, // obs-6: not beside a value
	"Observation.component.dataAbsentReason":       true, // obs-6 in spirit
	"Appointment.cancelationReason":                true, // app-4: only for a cancelled appointment
	"AuditEvent.entity.name":                       true, // sev-1: not beside a query
	"MedicationDispense.whenPrepared":              true, // mdd-1: not after whenHandedOver, and a mark is no date
	"Task.lastModified":                            true, // inv-1: not before authoredOn, and a mark is no date
	"AllergyIntolerance.verificationStatus":        true, // ait-1: a mark does not say entered in error
	"AllergyIntolerance.clinicalStatus":            true, // ait-2: not when entered in error
	"Condition.clinicalStatus":                     true, // con-5: not when entered in error
	"List.emptyReason":                             true, // lst-1: not beside entries
	"Composition.section.emptyReason":              true, // cmp-2: not beside entries
	"List.entry.date":                              true, // lst-3: only in a working list
	"List.entry.deleted":                           true, // lst-2: only in a list of changes
	"CarePlan.activity.reference":                  true, // cpl-3: not beside detail
	"RequestGroup.action.resource":                 true, // rqg-1: not beside actions
	"MeasureReport.group.stratifier.stratum.value": true, // mrp-2: not beside components
	"ServiceRequest.orderDetail":                   true, // prr-1: only with a code
	"CareTeam.participant.onBehalfOf":              true, // ctm-1: only of a practitioner
	"Goal.target.detail[x]":                        true, // gol-1: only with a measure
}

// wholeOnly are elements whose coarser form would stand without what it needs.
var wholeOnly = map[string]bool{
	"Condition.abatement[x]": true, // con-4: a year of it, and clinicalStatus has no coarser form
}

// noAbsent are mandatory elements without a valid stand-in: where one is hidden, the
// record is withheld.
var noAbsent = map[string]bool{
	"MolecularSequence.coordinateSystem": true, // msq-3: 0 or 1, nothing else
	"Group.actual":                       true, // grp-1: must be true beside members, and a member that is in scope shows
}

// moreGroups are AnyOf groups of constraints that no simple shape gives.
var moreGroups = map[string][]string{
	// ait-1: a status, unless the record was entered in error, which verificationStatus says.
	"AllergyIntolerance": {"clinicalStatus", "verificationStatus"},
	// msq-6: just one of these, and a pointer to what the caller may not know of goes.
	"MolecularSequence.referenceSeq": {"genomeBuild", "referenceSeqId", "referenceSeqPointer", "referenceSeqString"},
	// rqg-1: a resource or actions, and a resource that the caller may not know of goes.
	"RequestGroup.action": {"resource", "action"},
}

var anyOfShape = regexp.MustCompile(`^\w+\.exists\(\)( (or|xor) \w+\.exists\(\))+$`)
var countShape = regexp.MustCompile(`^\(\w+\.count\(\)( \+ \w+\.count\(\))+\) > 0$`)
var operand = regexp.MustCompile(`(\w+)\.(exists|count)\(\)`)

// anyOf returns the names of the children of which one must remain.
func (b *builder) anyOf(e *element) []string {
	if names, ok := moreGroups[e.path]; ok {
		return names
	}
	for _, c := range e.errors {
		if !anyOfShape.MatchString(c.expression) && !countShape.MatchString(c.expression) {
			continue
		}
		var names []string
		for _, m := range operand.FindAllStringSubmatch(c.expression, -1) {
			names = append(names, m[1])
		}
		return names
	}
	return nil
}

// The reasons for which a constraint cannot be broken.
const (
	oneClass   = "all its elements have one class, and are shown, masked or left out together"
	datatype   = "inside a datatype, which is shown, masked or left out whole"
	excludes   = "says what must not stand together: leaving out keeps it, and noMask keeps marks away"
	valueOnly  = "speaks of the value or order of elements that pass unchanged or coarser on both sides"
	structural = "speaks of elements that always show"
	noPatient  = "of a type without patient data: all its elements have one class"
	denied     = "of a type that is never shown"
	resolved   = "handled by keepValid, noAbsent or moreGroups"
)

// harmless says of each constraint, by its key, why it holds after projection.
var harmless = map[string]string{
	"ele-1": "the projector writes no empty element", "ext-1": "an extension shows or is dropped whole",
	"dom-2": "contained resources are projected as they are, never nested", "dom-3": "the projector drops a contained resource whose reference it removed",
	"dom-4": "contained resources lose their metadata with system.metadata", "dom-5": "contained resources keep no security label that their original had not",
	"txt-1": "narrative shows whole or not", "txt-2": "narrative shows whole or not",

	"age-1": datatype, "cnt-3": datatype, "dis-1": datatype, "drt-1": datatype, "qty-3": datatype, "sqty-1": datatype,
	"att-1": datatype, "cpt-2": datatype, "per-1": datatype, "rng-2": datatype, "rat-1": datatype, "ref-1": datatype,
	"tim-1": datatype, "tim-2": datatype, "tim-4": datatype, "tim-5": datatype, "tim-6": datatype, "tim-7": datatype,
	"tim-8": datatype, "tim-9": datatype, "tim-10": datatype, "trd-1": datatype, "trd-2": datatype, "trd-3": datatype,
	"drq-1": datatype, "drq-2": datatype, "exp-1": datatype,

	"ait-1": resolved, "ait-2": excludes, "app-2": resolved, "app-3": resolved, "app-4": excludes,
	"cmp-2": excludes, "con-4": excludes, "con-5": excludes, "cpl-3": excludes, "ctm-1": excludes,
	"fhs-1": excludes, "fhs-2": excludes, "lst-1": excludes, "lst-2": excludes, "lst-3": excludes,
	"obs-6": excludes, "obs-7": excludes, "sev-1": excludes, "qrs-1": excludes, "mrp-1": excludes, "grp-1": resolved,
	"gol-1": oneClass, "prr-1": oneClass, "rqg-1": resolved, "mrp-2": oneClass, "msq-3": resolved, "msq-5": oneClass, "msq-6": resolved,
	"inv-1": valueOnly, "mdd-1": valueOnly, "ras-1": valueOnly, "ras-2": valueOnly,
	"ppc-2": "no scope has the system 'something'", "ppc-3": "no scope has the system 'something'",
	"ppc-4": "no scope has the system 'something'", "ppc-5": "no scope has the system 'something'",

	"bdl-1": denied, "bdl-2": denied, "bdl-3": denied, "bdl-4": denied, "bdl-7": denied, "bdl-8": denied, "bdl-9": denied,
	"bdl-10": denied, "bdl-11": denied, "bdl-12": denied, "lnk-1": denied,
	"org-2": noPatient, "org-3": noPatient,
}

// noPatientPrefixes are constraints of definitional types.
var noPatientPrefixes = []string{
	"cmd-", "cpb-", "csd-", "eld-", "ig-", "mea-", "md-", "nsd-", "opd-", "que-", "sdf-", "smp-", "spd-",
	"tcp-", "tst-", "vsd-", "exs-", "evd-", "evv-", "cnl-", "cld-", "cap-", "gd-", "sm-", "msd-",
}

// checkConstraints fails for a constraint that nobody has thought about.
func (b *builder) checkConstraints() {
	var walk func(owner string, e *element)
	walk = func(owner string, e *element) {
		for _, c := range e.errors {
			if !b.answered(e, c) {
				b.fail("%s: constraint %s (%s) is not known: say in constraints.go why leaving elements out keeps it", e.path, c.key, c.expression)
			}
		}
		for _, k := range e.children {
			walk(owner, k)
		}
	}
	for name, e := range b.defs.types {
		walk(name, e)
	}
	for path := range keepValid {
		b.mustExist(path)
	}
	for path := range noMask {
		b.mustExist(path)
	}
	for path := range wholeOnly {
		b.mustExist(path)
	}
	for path := range noAbsent {
		b.mustExist(path)
	}
}

func (b *builder) answered(e *element, c constraint) bool {
	if harmless[c.key] != "" || anyOfShape.MatchString(c.expression) || countShape.MatchString(c.expression) {
		return true
	}
	for _, p := range noPatientPrefixes {
		if strings.HasPrefix(c.key, p) {
			return true
		}
	}
	return false
}

func (b *builder) mustExist(path string) {
	typ, rest, _ := strings.Cut(path, ".")
	if !b.exists(typ, rest) {
		b.fail("constraints.go: %s: no such element in R4", path)
	}
}
