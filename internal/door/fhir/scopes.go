package fhir

import (
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/problem"
)

// scopes says what the token's SMART scopes leave of a type: an error when
// nothing, and the one patient when only the one in launch context. Scopes never
// open anything (policy-language rule 11). A scope with a query (SMART v2,
// granular) leaves nothing: to be judged it would have to be matched on what the
// caller sees.
func (x *exchange) scopes(typ string, verb caller.ScopeVerb) (only string, err error) {
	if len(x.caller.Scopes) == 0 || defect.On(defect.ScopesIgnored) {
		if x.door.cfg.Clients[x.caller.Client].ScopesRequired {
			return "", problem.Scope
		}
		return "", nil
	}
	left := x.caller.Scopes.Limit(typ, verb)
	if left.Open {
		return "", nil
	}
	for _, s := range left.Alternatives {
		if len(s.Query) == 0 && s.Context == caller.PatientContext && x.caller.Patient != "" {
			return x.caller.Patient, nil
		}
	}
	return "", problem.Scope
}
