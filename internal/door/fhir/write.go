package fhir

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// maxRecord is the largest body of a write, in bytes.
const maxRecord = 4 << 20

// fhirPatch is the media type of a FHIRPath Patch, which is a Parameters resource.
const fhirPatch = "application/fhir+json"

// The media types of bodies, hl7.org/fhir/R4/http.html#mime-type and #patch.
var (
	recordTypes = []string{"application/fhir+json", "application/json"}
	patchTypes  = []string{"application/json-patch+json", fhirPatch}
)

// body reads a body of at most so many bytes, of one of the media types, in UTF-8, not
// compressed (FC51). It returns the type that it has.
func (x *exchange) body(most int64, media []string) (text []byte, of string, err error) {
	types := x.r.Header.Values("Content-Type")
	if len(types) != 1 || x.r.Header.Get("Content-Encoding") != "" {
		return nil, "", problem.MediaType
	}
	of, params, err := mime.ParseMediaType(types[0])
	charset, named := params["charset"]
	if err != nil || !slices.Contains(media, of) || named && !strings.EqualFold(charset, "utf-8") || !ofR4(types[0]) {
		return nil, "", problem.MediaType
	}
	if x.r.ContentLength > most {
		return nil, "", problem.TooLarge
	}
	text, err = io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, "", problem.TooLarge
	case err != nil:
		return nil, "", problem.Malformed
	}
	return text, of, nil
}

// plainAddress refuses parameters that a write does not have: with criteria in its
// address it would be a conditional one (FC12).
func (x *exchange) plainAddress() error {
	pairs, err := x.query()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		switch p.name {
		case "_format":
			if !formatIsJSON(p.value) {
				return problem.Format
			}
		case "_pretty":
			x.pretty = p.value == "true"
		default:
			return problem.Conditional
		}
	}
	return nil
}

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

// reading opens the decision about what the writer may see, beside that about what
// may be written: the base of a change, the targets of references, the answer.
func (x *exchange) reading(t catalog.Type, id string, patients []string) (*gate.Session, error) {
	return x.also("read", &gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: t, ID: id, Patients: patients})
}

// refusedBy reports whether a session was not opened because the policy says no, and
// not because nothing could be decided.
func refusedBy(err error) bool {
	var r *gate.Refusal
	return errors.As(err, &r) && r.Problem.Status() < 500
}

// notDone is what the client learns of a write that failed, and notes what became of
// it for the record. Nothing that the upstream said is passed on (FC41).
func (x *exchange) notDone(err error) error {
	switch {
	case errors.Is(err, upstream.ErrUnknown), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		x.wrote = gate.WriteUnknown
		if defect.On(defect.UnknownAsRefused) {
			x.wrote = gate.WriteRefused
		}
		return errors.Join(problem.WriteUnknown, err)
	case errors.Is(err, upstream.ErrRefused), errors.Is(err, upstream.ErrNotFound), errors.Is(err, upstream.ErrConflict):
		x.wrote = gate.WriteRefused
		return errors.Join(problem.NotTaken, err)
	}
	x.wrote = gate.WriteRefused
	return x.problemOf(err)
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
	if err := x.disclose(ctx, s, []gate.Judgement{*j}); err != nil {
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
