// Package gate is the one pipeline that every door calls: who asks, for which
// task, what may be shown, recorded before it leaves.
//
// A door parses a request into an [Ask], opens a [Session], fetches what the
// session's scope allows, has every record judged, waits until the record of it
// is durable, and only then writes. A door cannot do any of it without a [Route],
// and gets a Route only by describing its interaction (threat-model D4).
package gate

import (
	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/facts"
	"modicum/policy"
)

// Generation is a policy, its catalog and the facts in force, swapped whole. A
// request keeps its generation for the page that it answers.
type Generation struct {
	Set   *policy.Set
	Facts *facts.Index
}

// Interaction describes one thing that a door can do with data.
type Interaction struct {
	Door string // fhir, sql, ...
	Name string // read, vread, search-type, capabilities, ...
	// Verbs that it may be asked with: Read for a read; Read|Search for a search,
	// which counts as Read when it only lists the records of a named patient or
	// visit (policy-language rule 12); Create or Update alone for a write.
	Verbs policy.Verb
	// Scope is the verb of a SMART scope that it needs of every record; 0 follows
	// from Verbs.
	Scope caller.ScopeVerb
	// Reads are classes that every request of it reads, whatever it asks for: it is
	// refused where no task keeps them all.
	Reads catalog.ClassSet
	// Meets are the obligations that the door can keep for this interaction.
	Meets policy.Obligations
}

// Route is a registered interaction, the only key to a Session.
type Route struct {
	interaction Interaction
	gate        *Gate
}

// Ask is one request as a door understood it. It holds nothing of the client's
// bytes but ids of the FHIR id grammar and names that the catalog knows.
type Ask struct {
	Caller  *caller.Caller
	Task    string // Modicum-Task, or the task of the client's registration
	Purpose string // Modicum-Purpose or the token's purpose of use
	Type    catalog.Type
	ID      string // of the record: read, vread
	Version string // vread
	// Patients are the ids of the patients whom the request names: the record of
	// a Patient read, patient= and subject=, Patient?_id=. Empty: none named.
	Patients []string
	Visit    string // id of the Encounter whose records are listed, "" when none
	Criteria []Criterion
	Sorts    []*catalog.Param
	// Pinned: the records are named by id, or by records that were just found, so that
	// whose they are need not narrow the asking. Each is judged all the same.
	Pinned bool
	// Passes: the request passes through other records (a chain, _has), or its records
	// are passed through. It is a search whatever it names, and no look-up.
	Passes bool
	// Follows are references whose targets are asked for as well: each must be one that
	// a line could keep.
	Follows []*catalog.Param
	Params  []string // names and modifiers as asked, for the record; never values
	Count   int      // asked page size, 0 when not asked
	Page    int      // 0 for the first page; a later page decides again
	// PartOf is the id of the first decision of the answer, where the answer rests
	// on several (the entries of a batch, the types of a whole chart); "" for the
	// first. It is the first whose id the answer carries.
	PartOf string
}

// Criterion is one search parameter as asked: a record matches only if its own
// view keeps all that the parameter reads (F2).
type Criterion struct {
	Param    *catalog.Param
	Modifier string
	// Values are the alternatives, parsed; used to match identifiers and contact
	// points again on what is visible, since their class follows their value.
	Values []Value
	// Refs are the alternatives of a reference criterion.
	Refs []Ref
	// Through is the type of the records through which a chain passes; 0 for any other
	// criterion. Which they are, Session.Pass is told.
	Through catalog.Type
}

// Ref names a record by type and id.
type Ref struct {
	Type catalog.Type
	ID   string
}

// Value is one alternative of a token criterion: [system]|[code]. HasSystem
// tells "|code" (no system) from "code" (any system).
type Value struct {
	System, Code string
	HasSystem    bool
}

// Scope says for whose records the upstream may be asked.
type Scope struct {
	// Everyone is true when a line may show patients whom no fact names, or the
	// type names no patients; records are judged one by one all the same.
	Everyone bool
	// Patients are the ids to ask for, sorted; empty and not Everyone: nothing
	// can show, and the upstream is not asked.
	Patients []string
}

// Judgement is what the gate says about one record.
type Judgement struct {
	There   bool   // false looks like absence, to the byte
	Because string // why it is not there, for the record only
	Verdict policy.Verdict
	// Type and ID of the record, and the patients it names, for the record.
	Type     catalog.Type
	ID       string
	Patients []string
	class    catalog.Class      // of the record itself
	labelled catalog.OverlaySet // by its own labels
	coded    catalog.OverlaySet // by its own codes, elements and type
	carried  []cause            // by what it refers to
	atoms    policy.Atoms
	implies  []implied // what it proves beside itself
	instead  *instead  // what the policy says, where the record leaves whole (Observed)
}

// Outcome is how an answer ended.
type Outcome struct {
	Status    int   // HTTP status sent
	Bytes     int64 // of the body
	Completed bool  // false: aborted after something left
	Wrote     Wrote // what became of a write; "" where nothing was to be written
}
