package fhir

import (
	"context"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// answered says with what a write is answered, Prefer: return=...
type answered uint8

const (
	representation answered = iota
	minimal
	anOutcome
)

// preferred reads Prefer. What it does not know it leaves aside, as RFC 7240 section
// 2 asks for.
func (x *exchange) preferred() answered {
	for _, line := range x.r.Header.Values("Prefer") {
		for p := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ',' || r == ';' }) {
			switch strings.TrimSpace(p) {
			case "return=minimal":
				return minimal
			case "return=representation":
				return representation
			case "return=OperationOutcome":
				return anOutcome
			}
		}
	}
	return representation
}

// look reads a record as the caller would see it: its text and our tag of it. There is
// none of either where nothing shows. What is shown is recorded first.
func (x *exchange) look(ctx context.Context, s *gate.Session, at place, body []byte) (out []byte, tag string, err error) {
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	rec, err := sc.Resource(body)
	if err != nil || !isRecord(x.catalog(), rec, at) {
		return nil, "", nil // F9: not what was written; that it was written is known
	}
	js, err := s.Judge(ctx, []*fhirjson.Record{rec}, nil)
	if err != nil {
		return nil, "", err
	}
	if defect.On(defect.WriterShownAll) {
		return body, x.door.etag(at, body), nil
	}
	return x.lookAt(ctx, s, at, sc, rec, &js[0])
}

// lookAt is look of a record that was judged.
func (x *exchange) lookAt(ctx context.Context, s *gate.Session, at place, sc *fhirjson.Scanner, rec *fhirjson.Record, j *gate.Judgement) (out []byte, tag string, err error) {
	if !j.There {
		s.Withhold(j)
		return nil, "", nil
	}
	if s.Resolves() {
		if err := s.Resolve(ctx, []*fhirjson.Record{rec}, []gate.Judgement{*j}); err != nil {
			return nil, "", err
		}
	}
	out, result, err := sc.Project(nil, rec, s.Shape(j, x.makes))
	if err != nil {
		return nil, "", err
	}
	if !result.There {
		s.Withhold(j)
		return nil, "", nil
	}
	if err := x.disclose(ctx, s, []*gate.Judgement{j}); err != nil {
		return nil, "", err
	}
	return out, x.door.etag(at, out), nil
}

func isRecord(cat *catalog.Catalog, rec *fhirjson.Record, at place) bool {
	return cat.TypeName(rec.Type) == at.typ && string(rec.ID) == at.id
}

// after answers a write that was done: with what the writer sees of the record now,
// where that is asked for and something shows. s is nil where nothing may be seen.
func (x *exchange) after(ctx context.Context, status int, at place, s *gate.Session, w *upstream.Written) error {
	defer w.Release()
	var out []byte
	var tag string
	if s != nil {
		body, err := x.asWritten(ctx, at, w)
		if err == nil && body != nil {
			defer body.Release()
			if out, tag, err = x.look(ctx, s, at, body.Bytes); err != nil {
				out, tag = nil, "" // it was done: that its text cannot be shown now does not change that
			}
		}
	}
	return x.say(status, tag, out)
}

// asWritten is the record at the version that was written: as the upstream answered,
// or read again. Never a later one: a client that got its tag with a text of its own
// would undo what another wrote in between.
func (x *exchange) asWritten(ctx context.Context, at place, w *upstream.Written) (*upstream.Body, error) {
	if w.Body != nil {
		body := w.Body
		w.Body = nil
		return body, nil
	}
	if w.Version == "" {
		return nil, nil
	}
	return x.door.cfg.Upstream.Fetch(ctx, at.typ, at.id, w.Version)
}

// say sends the answer to a write, in the form that was asked for. Where nothing was
// written, the decision is awaited here (L2).
func (x *exchange) say(status int, tag string, out []byte) error {
	if err := x.session.Recorded(x.r.Context()); err != nil {
		return problem.Unavailable
	}
	switch x.preferred() {
	case minimal:
		return x.write(status, tag, nil)
	case anOutcome:
		return x.write(status, tag, []byte(outcomeDone))
	}
	return x.write(status, tag, out)
}

// outcomeDone is the answer to Prefer: return=OperationOutcome.
const outcomeDone = `{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","details":{"text":"Done."}}]}`
