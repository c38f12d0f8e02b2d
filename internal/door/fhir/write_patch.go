package fhir

import (
	"errors"

	"modicum/internal/merge"
	"modicum/internal/problem"
)

// patch answers PATCH [base]/Type/id: operations on what the caller is shown, so that
// test, copy and move see nothing else (FC15). What comes of them is put on the record
// as a PUT of it would be. It rests on what the caller is shown now; If-Match may say
// what that must be.
func (x *exchange) patch(at place) error {
	c, err := x.changing(at)
	if err != nil {
		return err
	}
	text, of, err := x.body(maxRecord, patchTypes)
	if err != nil {
		return err
	}
	c.edit = func(shown []byte) (sent []byte, err error) {
		if of == fhirPatch {
			sent, err = merge.FHIRPathPatch(x.catalog(), shown, text)
		} else {
			sent, err = merge.JSONPatch(shown, text)
		}
		return sent, notPatched(at.typ, err)
	}
	return x.change(c)
}

// notPatched is what the client learns of a patch that cannot be read, or not be done on
// what it is shown.
func notPatched(typ string, err error) error {
	var bad *merge.PatchError
	if !errors.As(err, &bad) {
		return err
	}
	p := problem.PatchFails
	switch bad.Fault {
	case merge.NotAPatch, merge.NoSuchOp, merge.Incomplete, merge.BadPath:
		p = problem.BadPatch
	}
	return p.With(problem.Hint{Elements: []problem.Element{{Path: typ, Why: bad.Error()}}})
}
