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
