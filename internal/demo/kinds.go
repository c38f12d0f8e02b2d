package demo

import (
	"slices"
	"strings"
)

// kind is a kind of data in the words of its users: a row of the story.
type kind struct {
	title   string
	typ     string
	is      func(*node) bool // which record of the type; nil: the first
	element string           // of the record; a choice by how its name begins
	item    func(*node) bool // which items of the element; nil: all
}

// kinds are the rows of the story.
var kinds = []kind{
	{"Name", "Patient", nil, "name", nil},
	{"Date of birth", "Patient", nil, "birthDate", nil},
	{"Phone", "Patient", nil, "telecom", system("phone")},
	{"Record number", "Patient", nil, "identifier", typed("MR")},
	{"Social security number", "Patient", nil, "identifier", typed("SS")},
	{"Account number", "Patient", nil, "identifier", typed("AN")},
	{"Visit", "Encounter", nil, "status", nil},
	{"Reason for the visit", "Encounter", nil, "reasonCode", nil},
	{"Diagnosis", "Condition", nil, "code", nil},
	{"Laboratory result", "Observation", laboratory, "value", nil},
	{"HIV result", "Observation", coded("code", hivLoad), "value", nil},
	{"Medication", "MedicationRequest", nil, "medication", nil},
	{"Progress note", "DocumentReference", coded("type", "11506-3"), "content", nil},
	{"Psychotherapy note", "DocumentReference", coded("type", "34788-0"), "content", nil},
	{"Insurance number", "Coverage", nil, "subscriberId", nil},
	{"Claim: diagnosis codes", "Claim", nil, "diagnosis", nil},
}

const hivLoad = "20447-9" // LOINC

func system(want string) func(*node) bool {
	return func(n *node) bool { return n.str("system") == want }
}

func typed(want string) func(*node) bool {
	return func(n *node) bool { return n.str("type", "coding", "code") == want }
}

func coded(element, want string) func(*node) bool {
	return func(n *node) bool { return n.str(element, "coding", "code") == want }
}

func laboratory(n *node) bool {
	return n.str("category", "coding", "code") == "laboratory" && n.str("code", "coding", "code") != hivLoad
}

// of finds the record of a chart that a kind is about; -1 where there is none.
func (k *kind) of(chart []record) int {
	for i := range chart {
		r := &chart[i]
		if r.typ == k.typ && (k.is == nil || k.is(r.tree)) && k.in(r.tree.choice(k.element)) {
			return i
		}
	}
	return -1
}

// in reports whether an element has what the kind is about.
func (k *kind) in(element *node) bool {
	if element == nil || k.item == nil || !element.array {
		return element != nil
	}
	return slices.ContainsFunc(element.kids, k.item)
}

// fate is what became of a kind in what was seen of its record.
func (k *kind) fate(s *seen) fate {
	if s.fate != kept {
		return s.fate
	}
	var own []part
	for _, p := range s.parts {
		if begins(p.top.name, k.element) && (k.item == nil || k.item(p.top)) {
			own = append(own, p)
		}
	}
	if len(own) == 0 {
		return notShown
	}
	return telling(own).fate
}

func begins(name, element string) bool {
	rest, ok := strings.CutPrefix(name, element)
	return ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

// telling is the part that stands for an element: the value of a number or an
// address, else all of them together.
func telling(parts []part) part {
	for _, p := range parts {
		if p.path == "value" && (p.top.name == "identifier" || p.top.name == "telecom") {
			return p
		}
	}
	one := parts[0]
	one.fate = together(parts)
	return one
}
