package fhir_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"modicum/internal/door/fhir"
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

func TestFC49_HEADEqualsTheHeadersOfGET(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	tag := c.get(t, "alice", "/Patient/p1").header.Get("ETag")
	for path, headers := range map[string][]string{
		"/Patient/p1": nil, "/Patient/p9": nil, "/Condition?patient=p1&_count=100": nil, "/metadata": nil,
		"/Condition?patient=p1&_count=2": nil, "/Condition/_search?patient=p1": nil, "/Patient/p1?_pretty=true": nil, "/Condition?patient=p1&_summary=count": nil,
		"/Patient/p1?_elements=name": {"If-None-Match", "*"}, "/Patient/p1?_format=json": {"If-Match", `W/"1"`},
		"/Patient/p1?_format=application/json": {"If-None-Match", tag}, "/Patient?shoesize=44": nil, "/_history": nil, "/nothing": nil, "//Patient/p1": nil,
	} {
		get, head := c.get(t, "alice", path, headers...), c.ask(t, "alice", http.MethodHead, path, headers...)
		if get.header.Get("Content-Length") != strconv.Itoa(len(get.body)) && get.status != http.StatusNotModified {
			t.Errorf("%s: no length of the body", path)
		}
		if head.body != "" {
			t.Errorf("%s: HEAD has a body", path)
		}
		get.body = ""
		same(t, get, head)
	}
}

// TestFC49_HEADOfAPageThatIsSentRecordByRecord has the headers of GET as well.
func TestFC49_HEADOfAPageThatIsSentRecordByRecord(t *testing.T) {
	up := newSheet(t)
	for i := range 6 {
		up.put(strings.Replace(condition(fmt.Sprintf("c%d", i), "p1", "J45.0"), `"code":{`, `"code":{"text":"`+strings.Repeat("x", 1<<20)+`",`, 1))
	}
	c := openClinic(t, up, "", nil)
	get, head := c.get(t, "alice", "/Condition?patient=p1"), c.ask(t, "alice", http.MethodHead, "/Condition?patient=p1")
	if len(get.body) < 5<<20 || head.body != "" {
		t.Fatalf("%d bytes, HEAD %d", len(get.body), len(head.body))
	}
	get.body = ""
	same(t, get, head)
}

// raw sends bytes as they are and returns the status of the answer.
func (c *clinic) raw(t *testing.T, text string) int {
	t.Helper()
	conn, err := net.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0 // closed
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestFC49_FramingIsStrict(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	const head = "Host: x\r\nAuthorization: Bearer alice\r\n"
	for _, text := range []string{
		"CONNECT x:1 HTTP/1.1\r\n" + head + "\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
		"POST /fhir/Patient/_search HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\nAuthorization: Bearer alice\r\n\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\n" + head + " folded: x\r\n\r\n",
		"GET /fhir/Patient/p1#x HTTP/1.1\r\n" + head + "\r\n",
		"GET * HTTP/1.1\r\n" + head + "\r\n",
	} {
		if status := c.raw(t, text); status == 200 {
			t.Errorf("answered: %q", text)
		}
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
}

func TestFC50_ClientHeadersDoNotReachTheUpstream(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.get(t, "alice", "/Patient/p1", "Cookie", "a=b", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil", "Prefer", "handling=lenient", "X-User", "root",
		"If-None-Match", `W/"7"`, "If-Modified-Since", "Mon, 01 Jan 2035 00:00:00 GMT", "Range", "bytes=0-1", "Cache-Control", "no-cache", "X-Request-ID", "abc")
	if len(c.up.headers) != 1 {
		t.Fatalf("%d requests", len(c.up.headers))
	}
	h := c.up.headers[0]
	for name := range h {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent":
		default:
			t.Errorf("%s was sent: %q", name, h.Get(name))
		}
	}
}

func TestFC42_AnswersCarryOnlyListedHeaders(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1", "/Patient/p9", "/metadata", "/nothing"} {
		for name := range c.get(t, "alice", path).header {
			switch name {
			case "Content-Type", "Content-Length", "Etag", "Cache-Control", "Date", "Modicum-Decision", "Modicum-Obligation", "X-Content-Type-Options":
			default:
				if path != "/metadata" || name != "Access-Control-Allow-Origin" { // public, for every page (SMART App Launch)
					t.Errorf("%s: header %s", path, name)
				}
			}
		}
	}
	if got := c.get(t, "bob", "/Patient/p1").header.Get("Modicum-Obligation"); got != "no-reidentification" {
		t.Errorf("Modicum-Obligation: %q", got)
	}
}

func TestFC46_PrettyIsTheSameJSONAndNeverAsked(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1", "/Condition?patient=p1&_total=none", "/metadata"} {
		plain, pretty := c.get(t, "alice", path), c.get(t, "alice", path+map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]+"_pretty=true")
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(pretty.body)); err != nil || b.String() != plain.body || !strings.Contains(pretty.body, "\n  ") {
			t.Errorf("%s: %v\n%s", path, err, pretty.body)
		}
		if plain.header.Get("ETag") != pretty.header.Get("ETag") {
			t.Errorf("%s: white space has a tag of its own", path)
		}
	}
	for _, sent := range c.up.sent() {
		lacks(t, sent, "pretty")
	}
}

func TestFC46_TheFormatOfTheAddressCountsMoreThanTheHeader(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, path := range []string{"/Patient/p1?_format=json", "/Condition?patient=p1&_format=json", "/metadata?_format=json"} {
		if r := c.get(t, "alice", path, "Accept", "text/html,application/xhtml+xml"); r.status != 200 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	// Lenient handling would drop what is not understood, and so widen the search: strict it stays.
	same(t, c.get(t, "alice", "/Patient?shoesize=44"), c.get(t, "alice", "/Patient?shoesize=44", "Prefer", "handling=lenient"))
}

func TestFC46_JSONIsChosenFromAnyList(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, accept := range []string{"", "*/*", "application/json", "application/fhir+json; fhirVersion=4.0", "application/*;q=0.1",
		"application/fhir+xml;q=1.0, application/fhir+json;q=1.0, application/xml+fhir;q=0.9", "text/html, application/json;q=0.5"} {
		var h []string
		if accept != "" {
			h = []string{"Accept", accept}
		}
		r := c.get(t, "alice", "/Patient/p1", h...)
		if r.status != 200 || r.header.Get("Content-Type") != "application/fhir+json; charset=utf-8" {
			t.Errorf("%q: %d %s", accept, r.status, r.header.Get("Content-Type"))
		}
	}
	for _, format := range []string{"json", "application/fhir%2Bjson", "application/fhir+json", "application/json"} {
		if r := c.get(t, "alice", "/Patient/p1?_format="+format+"&_pretty=true"); r.status != 200 {
			t.Errorf("%q: %d %s", format, r.status, r.body)
		}
	}
	for _, sent := range c.up.sent() {
		if strings.Contains(sent, "?") {
			t.Errorf("forwarded: %s", sent)
		}
	}
}

func TestFC45_TheCapabilityStatementIsTheSameForEverybody(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	first := c.get(t, "", "/metadata")
	if first.status != 200 {
		t.Fatalf("%d %s", first.status, first.body)
	}
	for _, who := range []string{"alice", "rita", "mallory"} {
		same(t, first, c.get(t, who, "/metadata"))
	}
	for _, part := range []string{`"fhirVersion":"4.0.1"`, `"type":"Patient"`, `"type":"Condition"`, `"name":"family"`, `"code":"search-type"`} {
		contains(t, first.body, part)
	}
	contains(t, first.body, `{"type":"Binary","interaction":[{"code":"read"}]}`)
	lacks(t, first.body, `"type":"Claim"`, `"type":"AuditEvent"`, `"type":"Bundle"`, `"type":"Parameters"`, `"type":"Basic"`)
	var statement struct {
		Rest []struct {
			Resource []struct {
				Type        string
				SearchParam []struct{ Name string }
			}
		}
	}
	if err := json.Unmarshal([]byte(first.body), &statement); err != nil {
		t.Fatal(err)
	}
	for _, r := range statement.Rest[0].Resource {
		var names []string
		for _, p := range r.SearchParam {
			names = append(names, p.Name)
		}
		if r.Type == "Patient" && (!slices.Contains(names, "family") || slices.Contains(names, "address-city") || slices.Contains(names, "language")) {
			t.Errorf("parameters of Patient: %v", names)
		}
	}
	if n := len(first.body); n > 64<<10 {
		t.Errorf("%d bytes", n)
	}
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
	if r := c.get(t, "", "/metadata", "Accept", "application/fhir+xml"); r.status != 406 {
		t.Errorf("XML: %d", r.status)
	}
	if r := c.get(t, "", "/metadata?_format=xml"); r.status != 406 {
		t.Errorf("XML by parameter: %d", r.status)
	}
}

func TestFC44_NothingIsCompressed(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	r := c.get(t, "alice", "/Condition?patient=p1", "Accept-Encoding", "gzip, br")
	if r.status != 200 || r.header.Get("Content-Encoding") != "" {
		t.Errorf("%d, encoding %q", r.status, r.header.Get("Content-Encoding"))
	}
	if got := r.header.Get("Content-Length"); got != fmt.Sprint(len(r.body)) {
		t.Errorf("length %s of %d", got, len(r.body))
	}
	up := ward(t)
	up.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "x")
	}
	if r := openClinic(t, up, "", nil).get(t, "alice", "/Patient/p1"); r.status != 502 {
		t.Errorf("a compressed answer: %d", r.status)
	}
}

func TestFC51_TooManyRequestsAtOnceAreShed(t *testing.T) {
	up := ward(t)
	hold := make(chan struct{})
	entered := make(chan struct{}, 1)
	up.answer = func(w http.ResponseWriter, _ *http.Request) { entered <- struct{}{}; <-hold; w.WriteHeader(500) }
	c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.InFlight = 1 })
	done := make(chan reply)
	go func() { done <- c.get(t, "alice", "/Patient/p1") }()
	<-entered
	if r := c.get(t, "alice", "/Patient/p1"); r.status != 429 {
		t.Errorf("got %d", r.status)
	}
	close(hold)
	if r := <-done; r.status != 502 {
		t.Errorf("got %d", r.status)
	}
}
