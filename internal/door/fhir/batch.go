package fhir

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/problem"
)

// batch is the name of the interaction that is made of others.
const batch = "batch"

// Limits of a batch (FC51).
const (
	maxBatch   = 4 << 20  // bytes of its body
	maxEntries = 100      // requests in it
	maxAnswer  = 16 << 20 // bytes of all answers: they are assembled before the first leaves
)

// batch answers POST [base] with a Bundle of requests (FC39). Each entry is taken
// apart, decided, recorded and answered as if it had been sent alone, by the same rows
// of the table of interactions, and nothing but its bytes gets into the answer.
func (x *exchange) batch(place) error {
	if err := x.spelling(problem.Parameter); err != nil {
		return err
	}
	body, err := x.resource(maxBatch)
	if err != nil {
		return err
	}
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	kind, list, err := sc.Requests(body)
	switch {
	case err != nil, len(list) == 0:
		return problem.Malformed
	case len(list) > maxEntries:
		return problem.TooLarge
	case kind != "batch" && kind != "transaction":
		return problem.Malformed
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), 3*x.door.cfg.Budget.Time)
	defer cancel()
	if kind == "transaction" {
		return x.transaction(ctx, sc, body, list)
	}
	left := int64(maxAnswer)
	for i := range list {
		x.take(ctx, &list[i], &left)
	}
	if x.id() == "" && slices.ContainsFunc(x.parts, func(p *part) bool { return p.unrecorded }) {
		return problem.Unavailable // nothing of it is on record
	}
	return x.writeBatch("batch-response")
}

// resource reads the body of a request that is FHIR JSON. Whoever scans it is strict
// (FC47).
func (x *exchange) resource(most int64) ([]byte, error) {
	b, _, err := x.body(most, recordTypes)
	return b, err
}

// take answers one entry. Its decision is part of the first one's answer.
func (x *exchange) take(ctx context.Context, r *fhirjson.Request, left *int64) *part {
	p := x.newPart(ctx, r, left)
	p.run()
	x.join(p)
	return p
}

// newPart is an entry that is to be answered.
func (x *exchange) newPart(ctx context.Context, r *fhirjson.Request, left *int64) *part {
	p := &part{answer: &kept{header: make(http.Header), left: left}}
	p.exchange = &exchange{
		door: x.door, w: p.answer, pattern: "?", caller: x.caller, task: x.task, purpose: x.purpose, entry: true, partOf: x.id(),
	}
	if defect.On(defect.EntryForAnybody) && len(x.parts) > 0 {
		p.task, p.purpose = "", ""
	}
	x.parts = append(x.parts, p)
	if p.r, p.spelt = x.requestOf(ctx, r); !p.spelt {
		p.r = x.r
	}
	return p
}

// join takes over what the answer as a whole says of its parts.
func (x *exchange) join(p *part) {
	h := x.w.Header()
	if x.id() == "" && p.id() != "" && !p.unrecorded { // the answer names a decision that can be found
		h.Set("Modicum-Decision", p.id())
	}
	if names := p.answer.header.Get("Modicum-Obligation"); names != "" {
		x.obliges(strings.Split(names, ", "))
	}
}

// requestOf is the request that an entry stands for. Its address is relative and plain,
// whatever a library would make of another (FC48); false where it is not. Of the
// batch's own headers it has those that say how to answer.
func (x *exchange) requestOf(ctx context.Context, e *fhirjson.Request) (*http.Request, bool) {
	path, query, asked := strings.Cut(e.URL, "?")
	if path == "" || path[0] == '/' || !plain(strings.ReplaceAll(path, "/", "")) {
		return nil, false
	}
	text, media := e.Resource, "application/fhir+json"
	if e.Method == http.MethodPatch {
		text, media = x.patchIn(text)
	}
	var body io.Reader
	if text != nil {
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, e.Method, "http://x/", body)
	if err != nil {
		return nil, false
	}
	r.URL = &url.URL{Path: x.door.base + "/" + path, RawQuery: query, ForceQuery: asked && query == ""}
	r.Host, r.TLS, r.RemoteAddr = x.r.Host, x.r.TLS, x.r.RemoteAddr
	r.Proto, r.ProtoMajor, r.ProtoMinor = x.r.Proto, x.r.ProtoMajor, x.r.ProtoMinor // whether others share the connection
	r.Header.Set("Accept", "application/fhir+json")
	if text != nil {
		r.Header.Set("Content-Type", media)
	}
	if p := x.r.Header.Values("Prefer"); len(p) > 0 {
		r.Header["Prefer"] = slices.Clone(p)
	}
	if keys := x.r.Header.Values("Idempotency-Key"); len(keys) > 0 && e.Method == http.MethodPost { // of each create its own
		r.Header["Idempotency-Key"] = slices.Clone(keys)
		r.Header["Idempotency-Key"][0] += " " + strconv.Itoa(len(x.parts))
	}
	for name, v := range e.Conditions {
		r.Header.Set(name, v)
	}
	return r, true
}

// patchIn is the body of a PATCH and its media type. One that is no resource stands in
// an entry as the content of a Binary (hl7.org/fhir/R4/http.html#patch).
func (x *exchange) patchIn(resource []byte) (text []byte, media string) {
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	if rec, err := sc.Resource(resource); resource != nil && err == nil {
		if of, data, ok := rec.Content(); ok {
			if b, err := base64.StdEncoding.DecodeString(string(data)); err == nil {
				return b, string(of)
			}
		}
	}
	return resource, "application/fhir+json"
}

// writeBatch sends the answers of all parts. Each is durably recorded by now, as it
// would be if it had been asked for alone.
func (x *exchange) writeBatch(kind string) error {
	var b []byte
	b = append(append(append(b, `{"resourceType":"Bundle","type":"`...), kind...), `","entry":[`...)
	for i, p := range x.parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.answer.append(b)
	}
	return x.write(http.StatusOK, "", append(b, `]}`...))
}

// append writes the answer of one entry: a resource, or the outcome of what was
// refused.
func (k *kept) append(b []byte) []byte {
	outcome := bytes.HasPrefix(k.body, []byte(`{"resourceType":"OperationOutcome"`))
	b = append(b, '{')
	if len(k.body) > 0 && !outcome {
		b = append(append(append(b, `"resource":`...), k.body...), ',')
	}
	b = append(append(b, `"response":{"status":`...), strconv.Quote(strings.TrimSpace(strconv.Itoa(k.status)+" "+http.StatusText(k.status)))...)
	for _, h := range [][2]string{{"Location", "location"}, {"ETag", "etag"}} {
		if v := k.header.Get(h[0]); v != "" {
			b = append(append(append(append(b, `,"`...), h[1]...), `":`...), strconv.Quote(v)...)
		}
	}
	if len(k.body) > 0 && outcome {
		b = append(append(b, `,"outcome":`...), k.body...)
	}
	return append(b, "}}"...)
}
