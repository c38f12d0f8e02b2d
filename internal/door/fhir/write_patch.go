package fhir

import (
	"errors"

	"modicum/internal/defect"
	"modicum/internal/gate"
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
	if len(c.match) > 0 || x.berth != nil {
		return x.change(c)
	}
	return x.changeOnce(c, text)
}

// changeOnce makes a change that does not say on what it rests. Where its answer was
// lost, the same request may not be made again: nobody knows whether it was done, and an
// operation that adds would add twice. It must say then on what it rests.
func (x *exchange) changeOnce(c *change, text []byte) error {
	if defect.On(defect.WriteRepeated) {
		return x.change(c)
	}
	key := [32]byte(x.door.sum("patch", x.caller.ID, x.caller.Client, x.task, x.purpose, c.at.typ, c.at.id, string(text)))
	now, _ := x.door.cfg.Now()
	a, was, err := x.door.attempts.begin(key, key, c.at.id, now)
	if err != nil {
		return err
	}
	if was == lost {
		x.door.attempts.end(key, a, lost)
		return problem.NeedsMatch
	}
	ended := progress(0)
	defer func() { x.door.attempts.end(key, a, ended) }()
	if err = x.change(c); x.wrote == gate.WriteUnknown {
		ended = lost
	}
	return err
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
