package matrix

import "strings"

// Interactions are those of hl7.org/fhir/R4/http.html and compartments, GraphQL, and
// the operations that R4 defines (operationslist.html) at each level that they have.
var Interactions = append([]Interaction{
	{Name: "capabilities", Method: get, Path: "/metadata"},
	{Name: "smart-configuration", Method: get, Path: "/.well-known/smart-configuration"},
	{Name: "read", Method: get, Path: "/{type}/{id}"},
	{Name: "read-head", Method: "HEAD", Path: "/{type}/{id}"},
	{Name: "vread", Method: get, Path: "/{type}/{id}/_history/{vid}"},
	{Name: "update", Method: put, Path: "/{type}/{id}", Body: `{"resourceType":"{type}","id":"p1"}`},
	{Name: "update-conditional", Method: put, Path: "/{type}?_id=p1", Body: `{"resourceType":"{type}"}`},
	{Name: "patch", Method: patch, Path: "/{type}/{id}", Body: `[{"op":"test","path":"/id","value":"p1"}]`, Header: [2]string{"Content-Type", "application/json-patch+json"}},
	{Name: "patch-conditional", Method: patch, Path: "/{type}?_id=p1", Body: `[{"op":"test","path":"/id","value":"p1"}]`, Header: [2]string{"Content-Type", "application/json-patch+json"}},
	{Name: "delete", Method: del, Path: "/{type}/{id}"},
	{Name: "delete-conditional", Method: del, Path: "/{type}?_id=p1"},
	{Name: "delete-history", Method: del, Path: "/{type}/{id}/_history"},
	{Name: "delete-version", Method: del, Path: "/{type}/{id}/_history/{vid}"},
	{Name: "create", Method: post, Path: "/{type}", Body: `{"resourceType":"{type}"}`, Header: asFHIR},
	{Name: "create-conditional", Method: post, Path: "/{type}", Body: `{"resourceType":"{type}"}`, Header: [2]string{"If-None-Exist", "_id=p1"}},
	{Name: "search-type", Method: get, Path: "/{type}"},
	{Name: "search-type-get", Method: get, Path: "/{type}/_search"},
	{Name: "search-type-form", Method: post, Path: "/{type}/_search"},
	{Name: "search-compartment", Method: get, Path: "/Patient/{id}/{type}"},
	{Name: "search-compartment-form", Method: post, Path: "/Patient/{id}/{type}/_search"},
	{Name: "search-compartment-encounter", Method: get, Path: "/Encounter/{id}/{type}"},
	{Name: "search-compartment-practitioner", Method: get, Path: "/Practitioner/{id}/{type}"},
	{Name: "search-compartment-relatedperson", Method: get, Path: "/RelatedPerson/{id}/{type}"},
	{Name: "search-compartment-device", Method: get, Path: "/Device/{id}/{type}"},
	{Name: "search-compartment-all", Method: get, Path: "/Patient/{id}/*"},
	{Name: "search-system", Method: get, Path: "?_type=Patient"},
	{Name: "search-system-form", Method: post, Path: "/_search", Body: "_type=Patient", Header: form},
	{Name: "history-instance", Method: get, Path: "/{type}/{id}/_history"},
	{Name: "history-type", Method: get, Path: "/{type}/_history"},
	{Name: "history-system", Method: get, Path: "/_history"},
	{Name: "batch", Method: post, Path: "/", Body: requests("batch"), Header: asFHIR},
	{Name: "transaction", Method: post, Path: "/", Body: requests("transaction"), Header: asFHIR},
	{Name: "graphql", Method: get, Path: "/$graphql?query=%7BPatient%7Bid%7D%7D"},
	{Name: "graphql-instance", Method: get, Path: "/{type}/{id}/$graphql?query=%7Bid%7D"},
}, operations(`
apply ActivityDefinition TI
data-requirements ActivityDefinition I
conforms CapabilityStatement T
implements CapabilityStatement TI
subset CapabilityStatement TI
versions - S
apply ChargeItemDefinition I
submit Claim T
find-matches CodeSystem TI
lookup CodeSystem T
subsumes CodeSystem TI
validate-code CodeSystem TI
document Composition TI
closure - S
translate ConceptMap TI
submit CoverageEligibilityRequest T
everything Encounter I
everything Group I
data-requirements - S
data-requirements Library I
find List T
care-gaps Measure T
collect-data Measure TI
data-requirements Measure I
evaluate-measure Measure TI
submit-data Measure TI
process-message - S
preferred-id NamingSystem T
lastn Observation T
stats Observation T
everything Patient TI
match Patient T
apply PlanDefinition TI
data-requirements PlanDefinition I
convert - S
graph * I
meta-add * I
meta-delete * I
meta * STI
validate * TI
questionnaire StructureDefinition TI
snapshot StructureDefinition TI
transform StructureMap TI
expand ValueSet TI
validate-code ValueSet TI
populate Questionnaire I
export Patient ST
export Group I
`)...)

// requests is a Bundle that asks for a record.
func requests(kind string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[{"request":{"method":"GET","url":"Patient/p1"}}]}`
}

var asFHIR = [2]string{"Content-Type", "application/fhir+json"}

var form = [2]string{"Content-Type", "application/x-www-form-urlencoded"}

// operations spells the rows of a table: an operation, the type that has it (* for
// every type, - for none), and its levels: S system, T type, I instance. Each can be
// asked by GET and by POST.
func operations(table string) []Interaction {
	var out []Interaction
	for line := range strings.Lines(strings.TrimSpace(table)) {
		f := strings.Fields(line)
		of := strings.Trim(f[1], "*-")
		for _, level := range f[2] {
			path := map[rune]string{'S': "/$", 'T': "/{type}/$", 'I': "/{type}/{id}/$"}[level] + f[0]
			name := "$" + f[0] + map[rune]string{'S': " of the server", 'T': " of a type", 'I': " of a record"}[level]
			one := of
			if level == 'S' {
				one = ""
			}
			out = append(out,
				Interaction{Name: name, Method: get, Path: path, Of: one},
				Interaction{Name: name + ", by POST", Method: post, Path: path, Of: one, Body: `{"resourceType":"Parameters"}`})
		}
	}
	return out
}
