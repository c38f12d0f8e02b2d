package api

import (
	stdjson "encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/jsonschema-go/jsonschema"

	"modicum/internal/problem"
)

// shape is the type of a body or an answer, and its schema.
type shape interface {
	read([]byte) (any, error)
	schema() *jsonschema.Schema
	name() string
}

// of is the shape of a T.
type of[T any] struct {
	called    string
	described *jsonschema.Schema
	rules     *jsonschema.Resolved
}

// as makes the shape of a T, which a description calls by a name. It panics where T has
// none: they are our own types, and every test makes them all.
func as[T any](called string) shape {
	described, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time]():          {Type: "string", Format: "date-time"},
		reflect.TypeFor[stdjson.RawMessage](): {Type: "object"},
		reflect.TypeFor[int]():                {Type: "integer", Minimum: new(0.0), Maximum: new(1_000_000.0)}, // counts, minutes, days
	}})
	if err != nil {
		panic("api: " + called + " has no schema: " + err.Error())
	}
	rules, err := described.Resolve(nil)
	if err != nil {
		panic("api: the schema of " + called + " holds nothing: " + err.Error())
	}
	return of[T]{called, described, rules}
}

// read holds a body against its schema, which says what must be there, and against its
// type, which says what may.
func (o of[T]) read(b []byte) (any, error) {
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		return nil, err
	}
	if err := o.rules.Validate(plain); err != nil {
		return nil, err
	}
	b, err := json.Marshal(plain) // 5.0 is a whole number too, and is 5
	if err != nil {
		return nil, err
	}
	v := new(T)
	err = json.Unmarshal(b, v, json.RejectUnknownMembers(true))
	return v, err
}

func (o of[T]) schema() *jsonschema.Schema { return o.described }

func (o of[T]) name() string { return o.called }

// param is what may stand in the address.
type param struct {
	name, text string
	number     bool // a whole number from 1 to most
	most       int
	one        []string // the closed list of values, nil for any
}

// reads checks the address: what an operation does not know it does not pass over.
func (op *operation) reads(r *http.Request) error {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.Malformed
	}
	for name, values := range q {
		p := op.param(name)
		if p == nil || len(values) != 1 || !p.takes(values[0]) {
			return problem.Malformed
		}
	}
	return nil
}

func (op *operation) param(name string) *param {
	for i := range op.query {
		if op.query[i].name == name {
			return &op.query[i]
		}
	}
	return nil
}

func (p *param) takes(v string) bool {
	if p.number {
		n, err := strconv.Atoi(v)
		return err == nil && n >= 1 && n <= p.most && strconv.Itoa(n) == v
	}
	for _, one := range p.one {
		if v == one {
			return true
		}
	}
	return p.one == nil && v != "" && len(v) <= 200
}

// read reads the body: JSON of the operation's shape and nothing else.
func (op *operation) read(r *http.Request) (v any, given []byte, err error) {
	given, err = io.ReadAll(http.MaxBytesReader(nil, r.Body, max(op.most, maxBody)))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, nil, problem.TooLarge
	case err != nil:
		return nil, nil, problem.Malformed
	case op.body == nil && len(given) > 0:
		return nil, nil, problem.Malformed
	case op.body == nil:
		return nil, nil, nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || params["charset"] != "" && params["charset"] != "utf-8" && params["charset"] != "UTF-8" {
		return nil, nil, problem.MediaType
	}
	if v, err = op.body.read(given); err != nil {
		return nil, nil, problem.Malformed
	}
	return v, given, nil
}

// count is a number of the address.
func (c *call) count(name string, otherwise int) int {
	if n, err := strconv.Atoi(c.r.URL.Query().Get(name)); err == nil {
		return n
	}
	return otherwise
}

func (c *call) word(name string) string { return c.r.URL.Query().Get(name) }
