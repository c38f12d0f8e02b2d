// Package reference is the slow and obvious model of what Modicum decides: the
// reading rules 1 to 18 of policy-language.md (Admit and View), what a record tells
// about itself, and the projection of design.md 6. It was written from those texts
// and not from the engine, shares nothing with it but types, and is what the engine
// is compared with (threat-model N8). What two worlds may differ in and still look
// alike to a caller (N1) is defined by it.
//
// It is made to be read beside the text, rule by rule: sets are maps, lists are
// walked, nothing is worked out ahead. Everything is told in names.
//
// # Deciding
//
//	m := reference.New(folder, cat)
//	d := m.Admit(&reference.Request{Roles: ..., Task: "give-care", Verb: policy.Read, ...})
//	if d.Why == policy.Admitted {
//		v := d.View(&reference.Atoms{...}) // for one record
//	}
//
// # A whole record
//
// A [World] says what is true beside the policy: facts, time, what else the
// upstream holds. [World.Judge] reads a record, works out its atoms and asks View:
//
//	tree, err := reference.Parse(body)
//	j := w.Judge(d, tree)           // j.There, j.Verdict
//	out := w.Project(j, nil)        // what the caller gets, nil where it is not there
//	paths := j.Hidden(out)          // of everything of which no part shows
//
// # Twins
//
// Two records are twins for a caller who makes some decisions when [World.Alike] says
// so, and [Scramble] makes one of the other:
//
//	twin, n := reference.Scramble(rng, tree, 40, func(t *reference.Tree) bool {
//		return w.Alike(decisions, tree, t, visible)
//	})
//
// decisions are those of all tasks that a session uses. A record that others look at
// (an Encounter by which they lie in a department, the object of a work item) is a
// twin only if the others are still alike: ask for them too, with w.Holds answering
// from the changed world. A hidden record may be added and removed the same way: it is
// hidden when j.There is false for every decision.
//
// Only tests import this package.
package reference

import (
	"modicum/catalog"
	"modicum/policy/doc"
)

// Model answers for one policy folder. It holds no state beside its arguments, so
// any number of goroutines may ask it.
type Model struct {
	folder *doc.Folder
	cat    *catalog.Catalog
	every  Classes // of content
}

// New returns the model of a folder that has no errors, with the catalog that the
// folder was compiled with (its own extensions included).
func New(f *doc.Folder, cat *catalog.Catalog) *Model {
	m := &Model{folder: f, cat: cat, every: Classes{}}
	for c := range m.content {
		m.every[c] = true
	}
	return m
}
