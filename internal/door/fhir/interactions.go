package fhir

import (
	"net/http"

	"modicum/internal/problem"
	"modicum/policy"
)

// interaction is one thing that can be asked of this door. Nothing can be asked
// that is no row here, and what is asked reaches data only by the gate's Route that
// New makes of the row (threat-model D4).
type interaction struct {
	name  string      // as the record names it: FHIR's code where it has one
	verbs policy.Verb // that the gate may be asked with
	spelt []spelling
	// answer reads what else the request says and answers it.
	answer func(x *exchange, at place) error
	public bool // for everybody, without a token: it opens nothing and is no decision
}

// spelling is a shape of the path with a method. HEAD is asked as GET is (FC49).
type spelling struct {
	at     shape
	method string
}

// interactions are all that this door does. What is not here is refused (FC10, FC12,
// FC15, FC16, FC37 to FC40, FC52).
var interactions = []interaction{
	{name: "capabilities", public: true, spelt: []spelling{{metadata, http.MethodGet}}, answer: (*exchange).capabilities},
	{name: "smart-configuration", public: true, spelt: []spelling{{wellKnown, http.MethodGet}}, answer: (*exchange).smart},
	{name: "read", verbs: policy.Read, spelt: []spelling{{instance, http.MethodGet}}, answer: (*exchange).read},
	{name: "vread", verbs: policy.Read, spelt: []spelling{{version, http.MethodGet}}, answer: (*exchange).read},
	{name: batch, verbs: policy.Read, spelt: []spelling{{system, http.MethodPost}}, answer: (*exchange).batch},
	{name: "history-instance", verbs: policy.Read, spelt: []spelling{{instanceHistory, http.MethodGet}}, answer: (*exchange).history},
	{
		name: "search-type", verbs: policy.Read | policy.Search, answer: (*exchange).search,
		spelt: []spelling{{typeLevel, http.MethodGet}, {searchPath, http.MethodGet}, {searchPath, http.MethodPost}},
	},
	{name: "create", verbs: policy.Create, spelt: []spelling{{typeLevel, http.MethodPost}}, answer: (*exchange).create},
	{name: "update", verbs: policy.Update, spelt: []spelling{{instance, http.MethodPut}}, answer: (*exchange).update},
	{name: "patch", verbs: policy.Update, spelt: []spelling{{instance, http.MethodPatch}}, answer: (*exchange).patch},
	{
		name: "search-compartment", verbs: policy.Read | policy.Search, answer: (*exchange).compartment,
		spelt: []spelling{{compartment, http.MethodGet}, {compartmentForm, http.MethodGet}, {compartmentForm, http.MethodPost}},
	},
	{name: "everything", verbs: policy.Read | policy.Search, spelt: []spelling{{wholeChart, http.MethodGet}}, answer: (*exchange).everything},
	{name: "lastn", verbs: policy.Read | policy.Search, spelt: []spelling{{lastOnes, http.MethodGet}}, answer: (*exchange).lastN},
}

// Decisions on which an answer rests besides: nobody asks for them by a path.
const (
	included   = "include"    // reading what a match refers to
	revinclude = "revinclude" // listing what refers to a match
	chain      = "chain"      // searching for what another search passes through
)

var besides = map[string]policy.Verb{included: policy.Read, revinclude: policy.Read | policy.Search, chain: policy.Read | policy.Search}

// refusal names in the record what was not understood or is not done. It has a
// Route that only ever refuses.
const refusal = "refused"

// rows finds an interaction by how it is spelt.
func rows(list []interaction) map[spelling]*interaction {
	out := make(map[spelling]*interaction)
	for i := range list {
		for _, s := range list[i].spelt {
			if out[s] != nil {
				panic("fhir: two interactions are spelt alike: " + list[i].name + ", " + out[s].name)
			}
			out[s] = &list[i]
		}
	}
	return out
}

// asked is the row of the request. Headers that would override the method are not
// looked at, and nothing is upgraded (FC40, FC49).
func (x *exchange) asked(at place) (*interaction, error) {
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	row := x.door.rows[spelling{at.shape, method}]
	switch {
	case x.r.Header.Get("Upgrade") != "", row != nil && row.name == batch && x.entry:
		return nil, problem.NotBuilt // a batch is no entry of a batch
	case row == nil && at.shape == wellKnown:
		return nil, problem.NotFound
	case row == nil:
		return nil, problem.NotBuilt
	}
	return row, nil
}
