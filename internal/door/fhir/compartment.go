package fhir

import (
	"slices"

	"modicum/catalog"
	"modicum/internal/problem"
)

// A compartment is what belongs to a patient or a visit, hl7.org/fhir/R4/
// compartmentdefinition.html. It is searched as the plain searches by the elements that
// say so, each under its own verdict (FC10), and answers with all that they find: no
// more is learnt than by asking them one by one.

// ofVisit are the types in the compartment of an Encounter and the parameter by which
// they are in it, hl7.org/fhir/R4/compartmentdefinition-encounter.html.
var ofVisit = map[string]string{
	"CarePlan": "encounter", "CareTeam": "encounter", "ChargeItem": "context", "Claim": "encounter", "ClinicalImpression": "encounter",
	"Communication": "encounter", "CommunicationRequest": "encounter", "Composition": "encounter", "Condition": "encounter",
	"DeviceRequest": "encounter", "DiagnosticReport": "encounter", "DocumentManifest": "related-ref", "DocumentReference": "encounter",
	"Encounter": "_id", "ExplanationOfBenefit": "encounter", "Media": "encounter", "MedicationAdministration": "context",
	"MedicationRequest": "encounter", "NutritionOrder": "encounter", "Observation": "encounter", "Procedure": "encounter",
	"QuestionnaireResponse": "encounter", "RequestGroup": "encounter", "ServiceRequest": "encounter", "VisionPrescription": "encounter",
}

// compartment answers [base]/Patient/id/Type?... and [base]/Encounter/id/Type?..., by
// GET and by POST. What belongs to other owners is not built.
func (x *exchange) compartment(at place) error {
	if at.typ != "Patient" && at.typ != "Encounter" {
		return problem.NotBuilt
	}
	if at.inner == "*" {
		return x.everything(at)
	}
	t, known := x.catalog().Type(at.inner)
	path := at.typ + "/" + at.id + "/" + at.inner
	return x.inquire(path, func(pairs []pair) (*inquiry, error) {
		if !known {
			return nil, problem.Parameter
		}
		asked, err := parseSearch(x.catalog(), t, pairs)
		if err != nil {
			return nil, err
		}
		legs, err := belonging(x.catalog(), at, t, pairs)
		return &inquiry{asked: asked, legs: legs, route: "search-compartment"}, err
	})
}

// belonging are the searches of one type that find what belongs to an owner.
func belonging(cat *catalog.Catalog, owner place, t catalog.Type, pairs []pair) ([]*query, error) {
	params := owning(cat, owner.typ, t)
	if len(params) == 0 {
		return nil, problem.Parameter // the type is in no such compartment
	}
	var legs []*query
	for i, p := range params {
		q, err := parseSearch(cat, t, pairs)
		if err != nil {
			return nil, err
		}
		by := owner.typ + "/" + owner.id
		if p.Name == "_id" {
			by = owner.id
		}
		if err := q.criterion(cat, p.Name, "", pair{p.Name, by}); err != nil {
			return nil, err
		}
		q.criteria[len(q.criteria)-1].owner = true
		if q.before = params[:i]; owner.typ == "Patient" {
			q.owner = owner.id
		}
		legs = append(legs, q)
	}
	return legs, nil
}

// owning are the parameters by which a type is in a compartment, that which names the
// patient first. One that reads nothing more than those before it is left out.
func owning(cat *catalog.Catalog, owner string, t catalog.Type) []*catalog.Param {
	if owner == "Encounter" {
		p, ok := cat.Param(t, ofVisit[cat.TypeName(t)])
		if !ok {
			return nil
		}
		return []*catalog.Param{p}
	}
	patient, _ := cat.Type(owner)
	var named, others []*catalog.Param
	var all []catalog.NodeID
	for _, name := range cat.Compartment(t) {
		p, ok := cat.Param(t, name)
		if !ok || p.ReadsUnknown() || !p.Targets.Has(patient) {
			continue
		}
		all = append(all, p.Nodes...)
		if p.NamesPatient {
			named = append(named, p)
		} else {
			others = append(others, p)
		}
	}
	for _, name := range []string{"subject", "patient"} { // in front, where they read what the compartment does
		if p, ok := cat.Param(t, name); ok && p.NamesPatient && readsIn(p, all) {
			named = append([]*catalog.Param{p}, named...)
		}
	}
	return needed(append(named, others...))
}

// needed leaves out what reads nothing that those before it do not.
func needed(params []*catalog.Param) []*catalog.Param {
	var out []*catalog.Param
	var read []catalog.NodeID
	for _, p := range params {
		if !readsIn(p, read) {
			out, read = append(out, p), append(read, p.Nodes...)
		}
	}
	return out
}

// readsIn reports whether all that a parameter reads is among the elements.
func readsIn(p *catalog.Param, nodes []catalog.NodeID) bool {
	return !slices.ContainsFunc(p.Nodes, func(n catalog.NodeID) bool { return !slices.Contains(nodes, n) })
}
