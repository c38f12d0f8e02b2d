package fhir

import (
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// scopes refuses a request of whose type the token's SMART scopes leave nothing, and
// returns the patient in launch context where they leave records of nobody else: a
// search then names that patient. It spares work and decides nothing: the gate judges
// each record by the scopes itself (policy-language rule 11), in whatever answer it
// stands, so that an interaction needs nothing more.
func (x *exchange) scopes(typ string, verb caller.ScopeVerb) (only string, err error) {
	if len(x.caller.Scopes) == 0 || defect.On(defect.ScopesIgnored) {
		return "", nil
	}
	if !gate.ScopesLeave(x.caller, typ, verb) {
		return "", problem.Scope
	}
	left := x.caller.Scopes.Limit(typ, verb)
	if left.Open || defect.On(defect.ScopesOfAnybody) {
		return "", nil
	}
	for _, s := range left.Alternatives {
		if s.Context != caller.PatientContext {
			return "", nil
		}
	}
	return x.caller.Patient, nil
}

// registered is the caller as its application is registered: where scopes are
// required, a token without any reaches nothing.
func (d *Door) registered(c *caller.Caller) *caller.Caller {
	if !d.cfg.Clients[c.Client].ScopesRequired || defect.On(defect.ScopesIgnored) {
		return c
	}
	return c.Required()
}
