package fhir

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// binary answers [base]/Binary/id to whom a record was shown a short while ago that names
// it in an attachment (FC27). That record is read and judged anew, and what it shows now
// must still name the Binary under a class that is kept. It is always whole: a range
// would tell what lies where.
func (x *exchange) binary(at place) error {
	pairs, err := x.pairs()
	if err != nil {
		return err
	}
	t, _ := x.catalog().Type(at.typ)
	q, err := readQuery(x.catalog(), t, pairs)
	if err != nil {
		return err
	}
	if q.elements != nil {
		return problem.Parameter
	}
	limit, err := x.scopes(at.typ, caller.ScopeRead)
	if err != nil {
		return err
	}
	x.pretty = q.pretty
	if err := x.open(&gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: t, ID: at.id}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.cfg.Budget.Time)
	defer cancel()
	by, class, err := x.holder(ctx, at, limit)
	if err != nil {
		return err
	}
	defer by.release()
	x.session.Beside(&by.judged)
	return x.answerBinary(ctx, at, by, class)
}

// holder is the record that names the Binary and shows it, and the class under which.
func (x *exchange) holder(ctx context.Context, at place, limit string) (*fetched, catalog.Class, error) {
	typ, id, known := x.session.Handle(at.id)
	if !known {
		return nil, 0, problem.NotFound
	}
	by, err := x.fetch(ctx, place{shape: instance, typ: typ, id: id})
	if err != nil {
		return nil, 0, err
	}
	class, shows := x.handle(by, at.id)
	if !by.judged.There || !shows || limit != "" && !names(by.record, limit) {
		defer by.release()
		return nil, 0, x.hide(by)
	}
	return by, class, nil
}

// handle is the class under which a record names the Binary by an attachment that shows.
// Whether it shows, the projection says, as its reader sees it.
func (x *exchange) handle(by *fetched, binary string) (class catalog.Class, shows bool) {
	by.record.Handles(func(id []byte, c catalog.Class) {
		if string(id) == binary && (class == 0 || x.keeps(by, c)) {
			class = c
		}
	})
	if class == 0 || !x.keeps(by, class) && !defect.On(defect.HandlesUnchecked) {
		return 0, false
	}
	out, _, err := by.scanner.Project(nil, by.record, x.session.Shape(&by.judged, nil))
	if err != nil {
		return 0, false
	}
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	seen, err := sc.Resource(out)
	if err != nil {
		return 0, false
	}
	seen.Handles(func(id []byte, _ catalog.Class) { shows = shows || string(id) == binary })
	return class, shows || defect.On(defect.HandlesUnchecked)
}

func (x *exchange) keeps(f *fetched, c catalog.Class) bool { return f.judged.Verdict.View.Keep.Has(c) }

// answerBinary fetches what the record names and sends it.
func (x *exchange) answerBinary(ctx context.Context, at place, by *fetched, class catalog.Class) error {
	body, err := x.door.cfg.Upstream.Fetch(ctx, at.typ, at.id, "")
	switch {
	case errors.Is(err, upstream.ErrNotFound), errors.Is(err, upstream.ErrTooLarge):
		return problem.NotFound
	case err != nil:
		return x.problemOf(err)
	}
	defer body.Release()
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	rec, err := sc.Resource(body.Bytes)
	if err != nil || string(rec.ID) != at.id {
		return problem.NotFound // F9
	}
	media, data, ok := rec.Content()
	if !ok {
		return problem.NotFound
	}
	j := x.session.JudgeContent(rec, by.record, class)
	if !j.There {
		x.session.Withhold(&j)
		return problem.NotFound
	}
	if err := x.disclose(x.r.Context(), x.session, []*gate.Judgement{&j}); err != nil {
		return err
	}
	return x.writeBinary(at, rec, media, data)
}

// writeBinary sends a Binary as FHIR JSON, or its bytes to whom asks for their type.
func (x *exchange) writeBinary(at place, rec *fhirjson.Record, media, data []byte) error {
	raw, ok := x.wantsRaw(string(media))
	if !ok {
		return problem.Format
	}
	out := binaryJSON(rec, media, data)
	tag := x.door.etag(at, out)
	switch x.condition(tag) {
	case http.StatusPreconditionFailed:
		return problem.Changed
	case http.StatusNotModified:
		return x.write(http.StatusNotModified, tag, nil)
	}
	if !raw {
		return x.write(http.StatusOK, tag, out)
	}
	b, err := base64.StdEncoding.DecodeString(string(data))
	if err != nil {
		return problem.Upstream
	}
	x.headers(tag, len(b))
	h := x.w.Header()
	// Whatever the bytes are, they do not run under our address (C2).
	h.Set("Content-Type", respelt(string(media)))
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	x.status, x.sent = http.StatusOK, true
	x.w.WriteHeader(http.StatusOK)
	return x.send(b)
}

// respelt is a media type made anew from what was read of it (D1).
func respelt(media string) string {
	t, params, err := mime.ParseMediaType(media)
	if err == nil {
		media = mime.FormatMediaType(t, params)
	}
	return orElse(media, "application/octet-stream")
}

// binaryJSON writes what a Binary shows: nothing but its type and its bytes.
func binaryJSON(rec *fhirjson.Record, media, data []byte) []byte {
	type binary struct {
		ResourceType string          `json:"resourceType"`
		ID           string          `json:"id"`
		Meta         json.RawMessage `json:"meta"`
		ContentType  string          `json:"contentType,omitempty"`
		Data         string          `json:"data,omitempty"`
	}
	const part = `{"tag":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}]}`
	out, err := json.Marshal(binary{"Binary", string(rec.ID), json.RawMessage(part), string(media), string(data)})
	if err != nil {
		return nil // strings and a constant always marshal
	}
	return out
}

// wantsRaw reports whether Accept asks for the bytes themselves
// (hl7.org/fhir/R4/binary.html#rest): it names their media type, or its kind, and does
// not name FHIR JSON with more weight. Without either there is no answer.
func (x *exchange) wantsRaw(media string) (raw, ok bool) {
	asFHIR := x.accepts()
	t, _, err := mime.ParseMediaType(media)
	if err != nil || !strings.Contains(t, "/") {
		return false, asFHIR
	}
	kind, _, _ := strings.Cut(t, "/")
	native, named := 0.0, 0.0
	for _, line := range x.r.Header.Values("Accept") {
		for item := range strings.SplitSeq(line, ",") {
			of, rest, _ := strings.Cut(item, ";")
			switch of = strings.ToLower(strings.TrimSpace(of)); {
			case of == "application/fhir+json", of == "application/json+fhir":
				named = max(named, weight(rest))
			case of == t, of == kind+"/*" && kind != "application":
				native = max(native, weight(rest))
			}
		}
	}
	raw = native > 0 && native >= named
	return raw, raw || asFHIR
}
