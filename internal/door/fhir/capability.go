package fhir

import (
	"encoding/json"
	"net/http"
	"slices"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/policy"
)

// statement is the capability statement of one generation of the policy.
type statement struct {
	set       *policy.Set
	endpoints *caller.Endpoints
	body      []byte
}

// capabilities answers [base]/metadata: public, and the same for everybody
// (FC45). It opens nothing and is no decision, so it carries none.
func (x *exchange) capabilities(place) error {
	if !x.accepts() {
		return problem.Format
	}
	if err := x.spelling(nil); err != nil {
		return err
	}
	set := x.door.cfg.Policy()
	s := x.door.statement.Load()
	endpoints := x.endpoints()
	if s == nil || s.set != set || s.endpoints != endpoints {
		body, err := x.door.describe(set, endpoints)
		if err != nil {
			return err
		}
		s = &statement{set, endpoints, body}
		x.door.statement.Store(s)
	}
	x.w.Header().Set("Access-Control-Allow-Origin", "*")
	return x.write(http.StatusOK, "", s.body)
}

type capabilityStatement struct {
	ResourceType   string         `json:"resourceType"`
	Status         string         `json:"status"`
	Date           string         `json:"date"`
	Kind           string         `json:"kind"`
	Software       software       `json:"software"`
	Implementation implementation `json:"implementation"`
	FHIRVersion    string         `json:"fhirVersion"`
	Format         []string       `json:"format"`
	PatchFormat    []string       `json:"patchFormat,omitempty"`
	Rest           []rest         `json:"rest"`
}

type software struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type implementation struct {
	Description string `json:"description"`
}

type rest struct {
	Mode          string     `json:"mode"`
	Documentation string     `json:"documentation"`
	Security      security   `json:"security"`
	Resource      []resource `json:"resource,omitempty"`
	Interaction   []did      `json:"interaction"`
	Compartment   []string   `json:"compartment,omitempty"`
}

type security struct {
	Extension []extension `json:"extension,omitempty"`
	CORS      bool        `json:"cors"`
	Service   []codeable  `json:"service"`
}

func (d *Door) security(e *caller.Endpoints) security {
	const services = "http://terminology.hl7.org/CodeSystem/restful-security-service"
	out := security{CORS: len(d.origins) > 0, Service: []codeable{{[]coding{{services, "OAuth"}}}}}
	if e != nil {
		out.Extension = oauthURIs(e)
		out.Service = []codeable{{[]coding{{services, "OAuth"}, {services, "SMART-on-FHIR"}}}}
	}
	return out
}

type codeable struct {
	Coding []coding `json:"coding"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

type resource struct {
	Type        string `json:"type"`
	Interaction []did  `json:"interaction"`
	Versioning  string `json:"versioning,omitempty"`

	ConditionalCreate bool `json:"conditionalCreate,omitempty"`

	SearchInclude    []string      `json:"searchInclude,omitempty"`
	SearchRevInclude []string      `json:"searchRevInclude,omitempty"`
	SearchParam      []searchParam `json:"searchParam,omitempty"`
	Operation        []operationOf `json:"operation,omitempty"`
}

type operationOf struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// operations are those of a type that are done here, hl7.org/fhir/R4/operationslist.html.
var operations = map[string]operationOf{
	"Patient":     {"everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything"},
	"Encounter":   {"everything", "http://hl7.org/fhir/OperationDefinition/Encounter-everything"},
	"Observation": {"lastn", "http://hl7.org/fhir/OperationDefinition/Observation-lastn"},
}

type did struct {
	Code string `json:"code"`
}

type searchParam struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// describe makes the statement from the policy as a whole: the types that some
// task shows, and the parameters by which some task may search.
func (d *Door) describe(set *policy.Set, endpoints *caller.Endpoints) ([]byte, error) {
	now, _ := d.cfg.Now()
	s := capabilityStatement{
		ResourceType: "CapabilityStatement", Status: "active", Date: now.UTC().Format("2006-01-02"), Kind: "instance",
		Software:       software{"Modicum", d.cfg.Version},
		Implementation: implementation{"Shows each caller what the task at hand needs, and no more. What is listed here depends on the policy, not on who asks."},
		FHIRVersion:    "4.0.1", Format: []string{"application/fhir+json", "json"},
		Rest: []rest{{
			Mode:          "server",
			Documentation: "Name the task with the header Modicum-Task, or the purpose with Modicum-Purpose. Searches answer with what the task may see; a search by what it may not see is refused.",
			Security:      d.security(endpoints),
			Resource:      link(set.Catalog(), d.resources(set)),
			Compartment:   []string{"http://hl7.org/fhir/CompartmentDefinition/patient", "http://hl7.org/fhir/CompartmentDefinition/encounter"},
			Interaction:   []did{{"batch"}, {"transaction"}},
		}},
	}
	if !set.MayWrite(policy.Update).Empty() {
		s.PatchFormat = patchTypes
	}
	return json.Marshal(s)
}

func (d *Door) resources(set *policy.Set) []resource {
	cat := set.Catalog()
	reads, searches := widest(set, policy.Read), widest(set, policy.Search)
	var out []resource
	for _, t := range cat.Types() {
		own := cat.OwnClasses(t).With(cat.DefaultClass(t))
		if cat.DenyByDefault(t) && !cat.DenyUnlessNamed(t) {
			out = append(out, attached(cat, t, &reads)...)
			continue
		}
		lists := searches.shown.Meets(own)
		if !lists && !reads.shown.Meets(own) {
			continue
		}
		r := resource{Type: cat.TypeName(t), Interaction: []did{{"read"}, {"search-type"}}}
		if meta, _ := cat.Class("system.metadata"); reads.keep.Has(meta) {
			r.Interaction = []did{{"read"}, {"vread"}, {"history-instance"}, {"search-type"}}
		}
		r.writes(set, t)
		if op, has := operations[r.Type]; has {
			r.Operation = []operationOf{op}
		}
		keep := reads.keep.Union(searches.keep)
		for _, p := range cat.Params(t) {
			if searchable(cat, t, p, keep) {
				r.SearchParam = append(r.SearchParam, searchParam{p.Name, p.Kind.String()})
			}
		}
		out = append(out, r)
	}
	return out
}

// attached is what can be done with a type that is never shown by itself: a Binary is
// read by whom a record shows that names it (FC27).
func attached(cat *catalog.Catalog, t catalog.Type, reads *reach) []resource {
	if cat.TypeName(t) != "Binary" || !reads.keep.Meets(gate.Attachments(cat)) {
		return nil
	}
	return []resource{{Type: "Binary", Interaction: []did{{"read"}}}}
}

// writes says which writes of a type some task of the policy may do. A change rests on
// an ETag that was read, and makes no record.
func (r *resource) writes(set *policy.Set, t catalog.Type) {
	cat := set.Catalog()
	own := cat.OwnClasses(t).With(cat.DefaultClass(t))
	if cat.DenyByDefault(t) {
		return
	}
	if set.MayWrite(policy.Create).Meets(own) {
		r.Interaction = append(r.Interaction, did{"create"})
		r.ConditionalCreate = true
	}
	if set.MayWrite(policy.Update).Meets(own) {
		r.Interaction = append(r.Interaction, did{"update"}, did{"patch"})
		r.Versioning = "versioned-update"
	}
}

func searchable(cat *catalog.Catalog, t catalog.Type, p *catalog.Param, keep catalog.ClassSet) bool {
	switch {
	case p.ReadsUnknown(), p.Kind == catalog.SpecialParam, p.Kind == catalog.NoParam:
		return false
	case p.ValueDependent:
		return keep.Meets(p.Classes(catalog.OfRecord).Union(cat.ShowsOf(t)))
	}
	return keep.Covers(p.Classes(catalog.OfRecord)) && (!p.OfRecord() || keep.Meets(cat.ShowsOf(t)))
}

// reach is what some task of the policy shows and keeps.
type reach struct{ shown, keep catalog.ClassSet }

// widest asks the policy for every task, as if all that can be true about the
// caller were.
func widest(set *policy.Set, verb policy.Verb) reach {
	var out reach
	var plan policy.Plan
	var all policy.FactSet
	for _, f := range set.Facts() {
		all.Add(f.ID)
	}
	try := func(r policy.Request) {
		r.Verb, r.Meets, r.Shows, r.Caller.Holds = verb, meets, set.Catalog().Content(), all
		if set.Admit(&r, &plan) == policy.Admitted {
			w := plan.Widest()
			out.shown, out.keep = out.shown.Union(w.Shown()), out.keep.Union(plan.Keepable())
		}
	}
	for _, role := range set.Roles() {
		for _, t := range set.TasksOf([]string{role}) {
			try(policy.Request{Roles: []string{role}, Task: t.ID})
		}
	}
	for _, p := range set.Programs() {
		try(policy.Request{Roles: []string{p.Role.Text}, Program: p.Name.Text, Partner: set.PartnerOf(p.Name.Text)})
	}
	return out
}

// link lists the references by which records of the listed types stand beside each
// other: those that may be searched by.
func link(cat *catalog.Catalog, listed []resource) []resource {
	place := make(map[catalog.Type]int, len(listed))
	for i := range listed {
		if slices.Contains(listed[i].Interaction, did{"search-type"}) {
			t, _ := cat.Type(listed[i].Type)
			place[t] = i
		}
	}
	for _, t := range cat.Types() {
		from, has := place[t]
		if !has {
			continue
		}
		for _, sp := range listed[from].SearchParam {
			p, _ := cat.Param(t, sp.Name)
			any := false
			for to, i := range place {
				if p.Kind == catalog.ReferenceParam && p.Targets.Has(to) {
					any = true
					listed[i].SearchRevInclude = append(listed[i].SearchRevInclude, listed[from].Type+":"+p.Name)
				}
			}
			if any {
				listed[from].SearchInclude = append(listed[from].SearchInclude, listed[from].Type+":"+p.Name)
			}
		}
	}
	return listed
}
