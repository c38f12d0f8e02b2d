package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/problem"
)

// object is a JSON object of the description.
type object = map[string]any

// describe is the OpenAPI 3.1 description of the table.
func describe(table []operation, version string) []byte {
	if version == "" {
		version = "development"
	}
	schemas := object{"Problem": problemSchema()}
	paths := map[string]object{}
	for i := range table {
		op := &table[i]
		if paths["/api"+op.path] == nil {
			paths["/api"+op.path] = object{}
		}
		paths["/api"+op.path][strings.ToLower(op.method)] = op.describe(schemas)
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Modicum", "version": version,
			"description": "Who sees the least patient data for a task: asking for more for a while, answering, breaking the glass, the people and programs of the organization, and changes of its policy. Tokens come from your identity provider, from `modicum login`, or from /oauth/token.",
		},
		"servers":    []object{{"url": "/"}},
		"security":   []object{{"bearer": []string{}}},
		"paths":      paths,
		"components": object{"schemas": schemas, "securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer"}}},
	}
	b, err := json.Marshal(doc)
	if err != nil {
		panic("api: the description cannot be written: " + err.Error()) // made of our own table: a test makes it
	}
	return b
}

var pathParam = regexp.MustCompile(`\{([a-z]+)\}`)

func (op *operation) describe(schemas object) object {
	out := object{"operationId": op.name, "summary": op.summary, "tags": []string{op.about}, "responses": op.responses(schemas)}
	var params []object
	for _, m := range pathParam.FindAllStringSubmatch(op.path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string", "minLength": 1, "maxLength": 200}})
	}
	for i := range op.query {
		params = append(params, op.query[i].describe())
	}
	if op.method != http.MethodGet && !op.looks {
		params = append(params, object{"name": "Idempotency-Key", "in": "header", "description": "The same request under the same key is done once, and answered as before, for a day, also after the server began anew.", "schema": object{"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"}})
	}
	if params != nil {
		out["parameters"] = params
	}
	if op.body != nil {
		out["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": named(op.body, schemas)}}}
	}
	return out
}

func (p *param) describe() object {
	s := object{"type": "string", "minLength": 1, "maxLength": 200}
	if p.number {
		s = object{"type": "integer", "minimum": 1, "maximum": p.most}
	}
	if p.one != nil {
		s = object{"type": "string", "enum": p.one}
	}
	return object{"name": p.name, "in": "query", "description": p.text, "schema": s}
}

// named puts a shape's schema among the named ones and refers to it.
func named(s shape, schemas object) object {
	schemas[s.name()] = s.schema()
	return object{"$ref": "#/components/schemas/" + s.name()}
}

// responses are what an operation answers, and every problem that it may answer with.
func (op *operation) responses(schemas object) object {
	out := object{}
	switch {
	case op.answer == nil:
		out["204"] = object{"description": "Done."}
	case op.status != 0:
		out[strconv.Itoa(op.status)] = object{"description": "Done.", "content": object{"application/json": object{"schema": named(op.answer, schemas)}}}
	default:
		out["200"] = object{"description": "Done.", "content": object{"application/json": object{"schema": named(op.answer, schemas)}}}
	}
	for status, texts := range op.problems() {
		slices.Sort(texts)
		out[strconv.Itoa(status)] = object{
			"description": strings.Join(slices.Compact(texts), " "),
			"content":     object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
		}
	}
	return out
}

// problems are the texts of what an operation may be refused with, by status.
func (op *operation) problems() map[int][]string {
	may := append([]problem.Problem{problem.Token, problem.Malformed, problem.Unavailable, problem.Internal, problem.Busy}, op.may...)
	may = append(may, problem.PersonAlone)
	if op.proof {
		may = append(may, problem.ProveAgain, problem.NotForTask)
	}
	if strings.Contains(op.path, "{") {
		may = append(may, problem.NoSuchThing)
	}
	if op.duties != nil {
		may = append(may, problem.NotYours, problem.NotForTask)
	}
	if op.method != http.MethodGet {
		may = append(may, problem.TooLarge)
	}
	if op.method != http.MethodGet && !op.looks {
		may = append(may, problem.KeyReused, problem.InProgress, problem.DoneBefore)
	}
	if op.body != nil {
		may = append(may, problem.MediaType)
	}
	out := map[int][]string{}
	for _, p := range may {
		out[p.Status()] = append(out[p.Status()], p.Error())
	}
	return out
}

// problemSchema is that of package problem's JSON.
func problemSchema() object {
	text := object{"type": "string"}
	return object{
		"type": "object", "required": []string{"type", "title", "status", "detail"},
		"properties": object{
			"type": text, "title": text, "status": object{"type": "integer"}, "detail": text, "say": text, "ask": text,
			"wrong": object{"type": "array", "description": "Everything that stands in the way.", "items": object{
				"type": "object", "required": []string{"code", "say"}, "properties": object{"field": text, "code": text, "say": text},
			}},
		},
	}
}
