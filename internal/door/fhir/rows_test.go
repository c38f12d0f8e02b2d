package fhir_test

import (
	"net/http"
	"strings"
	"testing"
)

// refusals are requests that each row of threat-model 7 refuses: before anything
// is sent (F1), with a constant answer of the status given.
var refusals = map[string][]struct {
	who, method, path string
	status            int
	headers           []string
	body              string
}{
	"FC01_search_on_a_hidden_element": {
		{who: "alice", path: "/Patient?_id=p1&address-city=Springfield", status: 400},
		{who: "alice", path: "/Patient?address-postalcode=62701", status: 400},
		{who: "alice", path: "/Patient?shoesize=44", status: 400},
		{who: "alice", path: "/Observation?patient=p1&shoesize=44", status: 400},
		{who: "rita", path: "/Patient?birthdate=1950-05-06", status: 403}, // nothing of Patient shows at all
		{who: "vera", path: "/Patient?gender=female", status: 400},
	},
	"FC02_modifiers": {
		{who: "alice", path: "/Patient?_id=p1&family:missing=true", status: 400},
		{who: "alice", path: "/Patient?gender:not=male", status: 400},
		{who: "alice", path: "/Patient?family:text=x", status: 400},
		{who: "alice", path: "/Patient?family:bogus=x", status: 400},
		{who: "alice", path: "/Patient?family:=x", status: 400},
		{who: "alice", path: "/Patient?family:exact:contains=x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:text=x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:in=http://x/vs", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:not-in=http://x/vs", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:above=1", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:below=1", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code:of-type=1", status: 400},
		{who: "alice", path: "/Condition?patient:identifier=x|1", status: 400},
		{who: "alice", path: "/Condition?patient:missing=false", status: 400},
		{who: "alice", path: "/Condition?patient:Practitioner=p1", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_sort:desc=code", status: 400},
	},
	"FC03_prefixes_on_generalised_elements": {
		{who: "vera", path: "/Patient?birthdate=ge1950", status: 400},
		{who: "vera", path: "/Patient?_id=p1&birthdate=lt1950-06-01", status: 400},
		{who: "vera", path: "/Patient?birthdate=1950", status: 400},
		{who: "vera", path: "/Patient?_sort=birthdate", status: 400},
	},
	"FC04_chains": {
		{who: "alice", path: "/Condition?patient.address-city=Springfield", status: 400},
		{who: "alice", path: "/Condition?subject:Patient.address-city=Springfield", status: 400},
		{who: "alice", path: "/Condition?subject.name=x", status: 400}, // whose name
		{who: "alice", path: "/Condition?subject:Practitioner.name=x", status: 400},
		{who: "alice", path: "/Condition?code.name=x", status: 400},
		{who: "alice", path: "/Condition?patient.shoesize=4", status: 400},
		{who: "alice", path: "/Condition?patient.name:missing=true", status: 400},
		{who: "alice", path: "/Condition?patient._count=1", status: 400},
		{who: "alice", path: "/Condition?patient._sort=name", status: 400},
		{who: "alice", path: "/Condition?patient._include=Patient:link", status: 400},
		{who: "alice", path: "/Condition?encounter.patient.general-practitioner.name=x", status: 400},
		{who: "alice", path: "/Condition?encounter.practitioner=Practitioner/d1", status: 400},
		{who: "alice", path: "/Condition?encounter.practitioner.name=x", status: 400},
		{who: "alice", path: "/Condition?.name=x", status: 400},
		{who: "alice", path: "/Condition?patient.=x", status: 400},
		{who: "rita", path: "/Condition?patient.name=x", status: 400},
		{who: "bob", path: "/Condition?patient.name=x", status: 403},
		{who: "bob", path: "/Condition?patient=p1&patient.name=x", status: 403}, // no listing any more
		{who: "dora", path: "/Condition?patient.family=Family", status: 403},
	},
	"FC05_has": {
		{who: "alice", path: "/Patient?_has:Claim:patient:status=active", status: 400},
		{who: "alice", path: "/Patient?_has:Encounter:patient:practitioner=Practitioner/d1", status: 400},
		{who: "alice", path: "/Patient?_has:Condition:encounter:code=J45.0", status: 400},
		{who: "alice", path: "/Patient?_has:Condition:patient=J45.0", status: 400},
		{who: "alice", path: "/Patient?_has:Condition:patient:_count=1", status: 400},
		{who: "alice", path: "/Patient?_has:Condition:code:code=J45.0", status: 400},
		{who: "bob", path: "/Patient?_id=p1&_has:Condition:patient:code=J45.0", status: 403},
		{who: "dora", path: "/Patient?family=Family&birthdate=1940-05-06&_has:Condition:patient:code=J45.0", status: 400},
		{who: "alice", path: "/Patient?_id=p1&_has:Observation:subject:_has:X:y:z=1", status: 400},
	},
	"FC06_composite_parameters": {
		{who: "vera", path: "/Observation?patient=p1&code-value-quantity=1$gt5", status: 403},
		{who: "alice", path: "/Observation?patient=p1&code-value-quantity=1", status: 400},
		{who: "alice", path: "/Observation?patient=p1&code-value-quantity=1$x", status: 400},
		{who: "alice", path: "/Observation?patient=p1&code-value-quantity=1$2$3", status: 400},
	},
	"FC07_filter_query_text_content": {
		{who: "alice", path: "/Condition?patient=p1&_filter=code+eq+x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_filter=x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_query=current", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_text=hiv", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_content=hiv", status: 400},
	},
	"FC08_sort": {
		{who: "alice", path: "/Patient?_sort=address-city", status: 400},
		{who: "alice", path: "/Patient?_sort=-address-city", status: 400},
		{who: "alice", path: "/Patient?_sort=shoesize", status: 400},
		{who: "alice", path: "/Patient?_sort=--family", status: 400},
		{who: "alice", path: "/Patient?_sort=family,", status: 400},
		{who: "alice", path: "/Patient?_sort=identifier", status: 400},
		{who: "alice", path: "/Patient?_sort=family&_sort=given", status: 400},
	},
	"FC09_list_tag_security_profile_source_lastUpdated": {
		{who: "alice", path: "/Condition?patient=p1&_list=1", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_tag=x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_security=R", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_profile=http://x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_source=http://x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_lastUpdated=gt2020", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_sort=_lastUpdated", status: 400},
	},
	"FC10_compartment_and_system_search": {
		{who: "alice", path: "/Practitioner/d1/Condition", status: 405},
		{who: "alice", path: "/Practitioner/d1/*", status: 405},
		{who: "alice", path: "/Patient/p1/*/_search", status: 400},
		{who: "alice", path: "/Patient/p1/Practitioner", status: 400},
		{who: "alice", path: "/Encounter/v1/Immunization", status: 400},
		{who: "alice", path: "/Patient/p1/Condition?patient=p2", status: 400},
		{who: "alice", path: "/Patient/p1/Condition?shoesize=4", status: 400},
		{who: "vera", path: "/Patient/p1/Observation", status: 403},
		{who: "nobody", path: "/Patient/p1/Condition", status: 401},
		{who: "alice", path: "?_type=Condition", status: 405},
		{who: "alice", path: "/?_type=Condition", status: 405},
		{who: "alice", path: "/_search?_type=Condition", status: 405},
		{who: "alice", method: "POST", path: "/_search", status: 405},
	},
	"FC11_POST_search": {
		{who: "alice", method: "POST", path: "/Patient/_search", status: 400, headers: form, body: "address-city=x"},
		{who: "alice", method: "POST", path: "/Patient/_search?address-city=x", status: 400, headers: form, body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Condition/_search?patient=p1", status: 400, headers: form, body: "patient=p2"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, headers: []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-7"}, body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, headers: []string{"Content-Type", "application/json"}, body: "{}"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, headers: append([]string{"Content-Encoding", "gzip"}, form...), body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 415, headers: append([]string{"Content-Type", "text/plain"}, form...), body: "_id=p1"},
		{who: "alice", method: "POST", path: "/Patient/_search", status: 413, headers: form, body: "_id=" + strings.Repeat("a", 70<<10)},
	},
	"FC12_conditional_writes": {
		{who: "alice", method: "POST", path: "/Patient", status: 403, headers: []string{"If-None-Exist", "identifier=x", "Content-Type", "application/fhir+json"}, body: `{"resourceType":"Patient"}`},
		{who: "alice", method: "POST", path: "/Patient", status: 400, headers: []string{"If-None-Exist", "shoesize=x", "Content-Type", "application/fhir+json"}, body: `{"resourceType":"Patient"}`},
		{who: "alice", method: "POST", path: "/Patient?family=x", status: 400, headers: []string{"Content-Type", "application/fhir+json"}, body: `{"resourceType":"Patient"}`},
		{who: "alice", method: "PUT", path: "/Patient?family=x", status: 405, body: `{"resourceType":"Patient"}`},
		{who: "alice", method: "PATCH", path: "/Patient?family=x", status: 405, body: `[]`},
		{who: "alice", method: "DELETE", path: "/Patient?family=x", status: 405},
	},
	"FC13_references_holding_search_URLs": {
		{who: "alice", path: "/Condition?patient=Patient?identifier=x", status: 400},
		{who: "alice", path: "/Condition?patient=http://127.0.0.1/fhir/Patient/p1", status: 400},
		{who: "alice", path: "/Condition?patient=Patient/p1/_history/1", status: 400},
		{who: "alice", path: "/Condition?subject=urn:uuid:1", status: 400},
	},
	"FC15_PATCH": {
		{who: "alice", method: "PATCH", path: "/Patient/p1", status: 403, headers: []string{"Content-Type", "application/json-patch+json"}, body: `[{"op":"test","path":"/birthDate","value":"1940-05-06"}]`},
		{who: "alice", method: "PATCH", path: "/Patient/p1", status: 403, headers: []string{"Content-Type", "application/fhir+json"}, body: `{"resourceType":"Parameters"}`},
		{who: "alice", method: "PATCH", path: "/Patient/p1", status: 415, headers: []string{"Content-Type", "application/merge-patch+json"}, body: `{}`},
	},
	"FC16_operations": {
		{who: "alice", path: "/$meta", status: 405},
		{who: "alice", path: "/Patient/$match", status: 405},
		{who: "alice", method: "POST", path: "/Patient/$validate", status: 405, body: `{}`},
		{who: "alice", path: "/ValueSet/$expand?url=x", status: 405},
		{who: "alice", path: "/$graphql?query={Patient{id}}", status: 405},
		{who: "alice", path: "/Patient/p1/$graphql?query=x", status: 405},
		{who: "alice", path: "/Patient/p1/%24meta", status: 400},
	},
	"FC34_includes": {
		{who: "alice", path: "/Condition?patient=p1&_include=*", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition:*", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Observation:encounter", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition:shoesize", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition:code", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition:subject:Practitioner", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include=Condition:subject:Patient:x", status: 400},
		{who: "alice", path: "/Condition?patient=p1" + strings.Repeat("&_include=Condition:subject", 9), status: 400},
		{who: "alice", path: "/Encounter?patient=p1&_include=Encounter:practitioner", status: 400},
		{who: "alice", path: "/Encounter?patient=p1&_include=Encounter:participant", status: 400},
		{who: "rita", path: "/Condition?_include=Condition:subject", status: 400}, // no task of hers shows anybody
		{who: "alice", path: "/Patient?_id=p1&_revinclude=*", status: 400},
		{who: "alice", path: "/Patient?_id=p1&_revinclude=Claim:patient", status: 400},
		{who: "alice", path: "/Patient?_id=p1&_revinclude=Condition:encounter", status: 400},
		{who: "alice", path: "/Patient?_id=p1&_revinclude:iterate=Condition:patient", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_include:iterate=Condition:encounter", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_contained=true", status: 400},
	},
	"FC36_history": {
		{who: "alice", path: "/_history", status: 405},
		{who: "alice", path: "/Patient/_history", status: 405},
		{who: "vera", path: "/Patient/_history", status: 405},
		{who: "vera", method: "POST", path: "/Patient/p1/_history", status: 405},
		{who: "vera", path: "/Patient/p1/_history?_at=2026", status: 400},
	},
	"FC37_everything_lastn_document": {
		{who: "alice", method: "POST", path: "/Patient/p1/$everything", status: 405, body: "{}"},
		{who: "alice", path: "/Group/g/$everything", status: 405},
		{who: "alice", path: "/Patient/p1/$everything?_since=2026-01-01", status: 400}, // metadata, which no task of hers sees
		{who: "alice", path: "/Patient/p1/$everything?_since=lately", status: 400},
		{who: "alice", path: "/Patient/p1/$everything?start=ge2026", status: 400},
		{who: "alice", path: "/Patient/p1/$everything?_type=Condition&_type=Patient", status: 400},
		{who: "alice", path: "/Patient/p1/$everything?_type=Practitioner", status: 400},
		{who: "alice", path: "/Patient/p1/$everything?code=x", status: 400},
		{who: "alice", path: "/Patient/p1/$everything?_sort=date", status: 400},
		{who: "alice", path: "/Patient/p1/*?_since=2026-01-01", status: 400},
		{who: "alice", path: "/Encounter/v1/$everything?start=2026", status: 400},
		{who: "alice", path: "/Patient/$everything", status: 405},
		{who: "alice", path: "/Observation/$lastn", status: 400},
		{who: "alice", path: "/Observation/$lastn?max=3", status: 400},
		{who: "alice", path: "/Observation/$lastn?code=718-7", status: 400},
		{who: "alice", path: "/Observation/$lastn?patient=p1&max=0", status: 400},
		{who: "alice", path: "/Observation/$lastn?patient=p1&max=1&max=2", status: 400},
		{who: "alice", path: "/Observation/$lastn?patient=p1&_sort=date", status: 400},
		{who: "alice", path: "/Observation/$lastn?patient=p1&_cursor=x", status: 400},
		{who: "alice", method: "POST", path: "/Observation/$lastn", status: 405, body: "{}"},
		{who: "alice", path: "/Condition/$lastn?patient=p1", status: 405},
		{who: "vera", path: "/Observation/$lastn?patient=p1", status: 403},
		{who: "alice", path: "/Composition/x/$document", status: 405},
	},
	"FC38_export": {
		{who: "alice", path: "/$export", status: 405, headers: []string{"Prefer", "respond-async"}},
		{who: "alice", path: "/Patient/$export", status: 405},
		{who: "alice", path: "/Group/g/$export", status: 405},
	},
	"FC39_batch_and_transaction": {
		{who: "alice", method: "PUT", path: "", status: 405, headers: asFHIR, body: `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/p9"}}]}`},
		{who: "alice", method: "POST", path: "/Bundle", status: 405, headers: asFHIR, body: `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/p9"}}]}`},
		{who: "alice", method: "POST", path: "/", status: 415, body: `{"resourceType":"Bundle","type":"transaction"}`},
	},
	"FC40_subscriptions_and_upgrades": {
		{who: "alice", method: "POST", path: "/Subscription", status: 405, body: `{"resourceType":"Subscription"}`},
		{who: "alice", path: "/Patient/p1", status: 405, headers: []string{"Connection", "Upgrade", "Upgrade", "websocket"}},
	},
	"FC46_formats": {
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "application/fhir+xml"}},
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "text/html"}},
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "application/fhir+ndjson"}},
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "application/fhir+json;q=0, text/turtle"}},
		{who: "alice", path: "/Patient/p1?_format=xml", status: 406},
		{who: "alice", path: "/Patient/p1?_format=text/html", status: 406},
		{who: "alice", path: "/Condition?patient=p1&_format=ttl", status: 406},
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "application/fhir+json; fhirVersion=5.0"}},
		{who: "alice", path: "/Patient/p1", status: 406, headers: []string{"Accept", "application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0"}},
		{who: "alice", path: "/Patient/p1?_format=application/fhir%2Bjson%3BfhirVersion%3D5.0", status: 406},
		{who: "alice", path: "/Patient/p1?_format=xml", status: 406, headers: []string{"Accept", "text/html"}},
	},
	"FC48_URLs": {
		{who: "alice", path: "//Patient/p1", status: 400},
		{who: "alice", path: "/%50atient/p1", status: 400},
		{who: "alice", path: "/Patient/p1/", status: 400},
		{who: "alice", path: "/Patient//p1", status: 400},
		{who: "alice", path: "/Patient/./p1", status: 400},
		{who: "alice", path: "/Patient/../Patient/p1", status: 400},
		{who: "alice", path: "/Patient/%2e%2e/Patient/p1", status: 400},
		{who: "alice", path: "/Patient%2Fp1", status: 400},
		{who: "alice", path: "/Patient;x=1/p1", status: 400},
		{who: "alice", path: "/Patient/p1;x", status: 400},
		{who: "alice", path: "/Patient/p%31", status: 400},
		{who: "alice", path: "/Patient\\p1", status: 400},
		{who: "alice", path: "/patient/p1", status: 400},
		{who: "alice", path: "x/Patient/p1", status: 400},
		{who: "alice", path: "/Patient/" + strings.Repeat("a", 65), status: 400},
		{who: "alice", path: "/Patient?", status: 400},
		{who: "alice", path: "/Patient?&_id=p1", status: 400},
		{who: "alice", path: "/Patient?_id", status: 400},
		{who: "alice", path: "/Patient?_id=", status: 400},
		{who: "alice", path: "/Patient?_id=p1;family=x", status: 400},
		{who: "alice", path: "/Patient?_id=p%zz", status: 400},
		{who: "alice", path: "/Patient?family=%ff", status: 400},
		{who: "alice", path: "/Patient?family=%00x", status: 400},
		{who: "alice", path: "/Patient?fa%6dily=x", status: 400},
		{who: "alice", path: "/Patient?_id=%20p1", status: 400},
		{who: "alice", path: "/Patient?_ID=p1", status: 400},
		{who: "alice", path: "/Patient?Family=x", status: 400},
		{who: "alice", path: "/Patient/p1?family=x", status: 400},
		{who: "alice", path: "/Patient?family=a\\b", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code=a|b|c", status: 400},
		{who: "alice", path: "/Condition?patient=p1&recorded-date=yesterday", status: 400},
		{who: "alice", path: "/Condition?patient=p1&recorded-date=ap2020", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_count=-1", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_count=5x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_count=5&_count=6", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_total=all", status: 400},
		{who: "alice", path: "/Condition?patient=p1&_summary=yes", status: 400},
	},
	"FC49_methods": {
		{who: "alice", method: "TRACE", path: "/Patient/p1", status: 405},
		{who: "alice", method: "OPTIONS", path: "/Patient/p1", status: 405},
		{who: "alice", method: "DELETE", path: "/Patient/p1", status: 405},
		{who: "alice", method: "PROPFIND", path: "/Patient/p1", status: 405},
		{who: "alice", method: "GET", path: "/Patient/p1", status: 400, headers: form, body: "a=b"},
		{who: "alice", method: "POST", path: "/Patient/p1", status: 405, headers: []string{"X-HTTP-Method-Override", "GET"}},
	},
	"FC50_headers_that_name_the_task": {
		{who: "alice", path: "/Patient/p1", status: 400, headers: []string{"Modicum-Task", "chart-review", "Modicum-Task", "bill"}},
		{who: "alice", path: "/Patient/p1", status: 400, headers: []string{"Modicum-Tsak", "chart-review"}},
		{who: "alice", path: "/Patient/p1", status: 400, headers: []string{"Modicum_Task", "chart-review"}},
		{who: "alice", path: "/Patient/p1", status: 403, headers: []string{"Modicum-Task", "bill"}},
		{who: "alice", path: "/Patient/p1", status: 405, headers: []string{"Modicum-Ask", "identifiers.ssn", "Modicum-Reason", "x"}},
	},
	"FC51_bombs": {
		{who: "alice", path: "/Condition?patient=p1" + strings.Repeat("&code=x", 70), status: 400},
		{who: "alice", path: "/Condition?patient=p1&code=" + strings.Repeat("x,", 300) + "x", status: 400},
		{who: "alice", path: "/Condition?patient=p1&code=" + strings.Repeat("x", 20<<10), status: 400},
	},
	"FC52_PUT": {
		{who: "alice", method: "PUT", path: "/Patient/p1", status: 415, body: `{"resourceType":"Patient","id":"p1"}`},
		{who: "alice", method: "PUT", path: "/Patient/p1", status: 428, headers: asFHIR, body: `{"resourceType":"Patient","id":"p1"}`},
		{who: "alice", method: "PUT", path: "/Patient/p1", status: 403, headers: []string{"Content-Type", "application/fhir+json", "If-Match", `W/"1"`}, body: `{"resourceType":"Patient","id":"p1"}`},
	},
	"F2_admission": {
		{who: "", path: "/Patient/p1", status: 401},
		{who: "mallory", path: "/Patient/p1", status: 401},
		{who: "norma", path: "/Patient/p1", status: 403},
		{who: "bob", path: "/Condition?patient=p1&onset-info=y", status: 403}, // to list is to read; this is to search
		{who: "bob", path: "/Patient?family=x", status: 403},                  // bill may read, not search
		{who: "alice", path: "/Claim?patient=p1", status: 403},
		{who: "alice", path: "/Spaceship?patient=p1", status: 400},
	},
}

var form = []string{"Content-Type", "application/x-www-form-urlencoded"}

// refused runs the refusals of one row.
func refused(t *testing.T, row string) {
	c := openClinic(t, ward(t), "", nil)
	if len(refusals[row]) == 0 {
		t.Fatalf("no refusals named %s", row)
	}
	for _, r := range refusals[row] {
		method := r.method
		if method == "" {
			method = http.MethodGet
		}
		got := c.send(t, r.who, method, r.path, r.body, r.headers...)
		if got.status != r.status {
			t.Errorf("%s %.100s", method, r.path)
		}
		c.refuse(t, r.status, got)
		lacks(t, got.body, "shoesize", "Springfield", "B20", "upstream", "HAPI")
	}
}

func TestFC01_SearchOnAHiddenElementRefused(t *testing.T) {
	refused(t, "FC01_search_on_a_hidden_element")
}
func TestFC02_ModifiersRefused(t *testing.T) { refused(t, "FC02_modifiers") }
func TestFC03_PrefixesOnGeneralisedElementsRefused(t *testing.T) {
	refused(t, "FC03_prefixes_on_generalised_elements")
}
func TestFC04_ChainsRefused(t *testing.T)              { refused(t, "FC04_chains") }
func TestFC05_HasRefused(t *testing.T)                 { refused(t, "FC05_has") }
func TestFC06_CompositeParametersRefused(t *testing.T) { refused(t, "FC06_composite_parameters") }
func TestFC07_FilterQueryTextContentRefused(t *testing.T) {
	refused(t, "FC07_filter_query_text_content")
}
func TestFC08_SortRefused(t *testing.T) { refused(t, "FC08_sort") }
func TestFC09_ListTagSecurityProfileSourceLastUpdatedRefused(t *testing.T) {
	refused(t, "FC09_list_tag_security_profile_source_lastUpdated")
}
func TestFC10_CompartmentAndSystemSearchRefused(t *testing.T) {
	refused(t, "FC10_compartment_and_system_search")
}
func TestFC11_POSTSearchRefused(t *testing.T)        { refused(t, "FC11_POST_search") }
func TestFC12_ConditionalWritesRefused(t *testing.T) { refused(t, "FC12_conditional_writes") }
func TestFC13_ReferencesHoldingSearchURLsRefused(t *testing.T) {
	refused(t, "FC13_references_holding_search_URLs")
}
func TestFC15_PATCHRefused(t *testing.T)      { refused(t, "FC15_PATCH") }
func TestFC16_OperationsRefused(t *testing.T) { refused(t, "FC16_operations") }
func TestFC34_IncludesRefused(t *testing.T)   { refused(t, "FC34_includes") }
func TestFC36_HistoryRefused(t *testing.T)    { refused(t, "FC36_history") }
func TestFC37_EverythingLastnDocumentRefused(t *testing.T) {
	refused(t, "FC37_everything_lastn_document")
}
func TestFC38_ExportRefused(t *testing.T)              { refused(t, "FC38_export") }
func TestFC39_BatchAndTransactionRefused(t *testing.T) { refused(t, "FC39_batch_and_transaction") }
func TestFC40_SubscriptionsAndUpgradesRefused(t *testing.T) {
	refused(t, "FC40_subscriptions_and_upgrades")
}
func TestFC46_FormatsRefused(t *testing.T) { refused(t, "FC46_formats") }
func TestFC48_URLsRefused(t *testing.T)    { refused(t, "FC48_URLs") }
func TestFC49_MethodsRefused(t *testing.T) { refused(t, "FC49_methods") }
func TestFC50_HeadersThatNameTheTaskRefused(t *testing.T) {
	refused(t, "FC50_headers_that_name_the_task")
}
func TestFC51_BombsRefused(t *testing.T)   { refused(t, "FC51_bombs") }
func TestFC52_PUTRefused(t *testing.T)     { refused(t, "FC52_PUT") }
func TestF2_AdmissionRefused(t *testing.T) { refused(t, "F2_admission") }

func TestFC01_HiddenAndUnknownParametersAreTheSame(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	unknown := c.get(t, "alice", "/Patient?shoesize=44")
	for _, path := range []string{"/Patient?address-city=x", "/Patient?_tag=x", "/Patient?family:missing=true", "/Patient?_has:Claim:patient:status=x", "/Condition?patient.address-city=x", "/Patient?_sort=address-city", "/Patient?_filter=x"} {
		same(t, unknown, c.get(t, "alice", path))
	}
}
