package fhir

import (
	"context"
	"errors"
	"net/http"

	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// exists looks whether an earlier request of this create made the record. done says
// that there is an answer.
func (x *exchange) exists(ctx context.Context, b *birth, reads *gate.Session) (now progress, done bool, err error) {
	switch {
	case b.earlier == elsewhere:
		return elsewhere, true, problem.WriteUnknown // under which id it may be, nobody knows
	case b.earlier == 0 && !b.keyed:
		return 0, false, nil // nobody has an id that was made just now
	}
	body, err := x.door.cfg.Upstream.Fetch(ctx, b.at.typ, b.at.id, "")
	switch {
	case errors.Is(err, upstream.ErrNotFound) && b.earlier == made:
		return made, true, problem.NotFound // it was made, and deleted since
	case errors.Is(err, upstream.ErrNotFound):
		return 0, false, nil
	case err != nil:
		return b.earlier, true, x.problemOf(err)
	}
	x.location(b.at)
	return made, true, x.after(ctx, http.StatusCreated, b.at, reads, &upstream.Written{ID: b.at.id, Body: body})
}

// bear sends the record to the upstream and answers. A client that goes away does not
// break off what was begun: the upstream client has limits of its own.
func (x *exchange) bear(ctx context.Context, b *birth, reads *gate.Session) (progress, error) {
	w, err := x.put(ctx, b.at, b.text)
	if x.berth == nil && (errors.Is(err, upstream.ErrNotFound) || errors.Is(err, upstream.ErrRefused)) {
		return x.bearElsewhere(ctx, b, reads)
	}
	if errors.Is(err, upstream.ErrConflict) && x.berth == nil {
		// The record is there: an earlier request of this create came through late.
		b.earlier = lost
		if now, done, err := x.exists(ctx, b, reads); done {
			return now, err
		}
	}
	if err != nil {
		err = x.notDone(err)
		if x.wrote == gate.WriteUnknown {
			return lost, err
		}
		return 0, err
	}
	return made, x.born(ctx, b, reads, w)
}

// bearElsewhere asks a server that gives ids itself. One that refused the record for
// another reason refuses it again.
func (x *exchange) bearElsewhere(ctx context.Context, b *birth, reads *gate.Session) (progress, error) {
	w, err := x.door.cfg.Upstream.Post(context.WithoutCancel(ctx), b.at.typ, b.doc.without("id").text())
	if err != nil {
		err = x.notDone(err)
		if x.wrote == gate.WriteUnknown {
			return elsewhere, err
		}
		return 0, err
	}
	b.at.id = w.ID
	if b.attempt != nil {
		b.attempt.id = w.ID
	}
	return made, x.born(ctx, b, reads, w)
}

func (x *exchange) born(ctx context.Context, b *birth, reads *gate.Session, w *upstream.Written) error {
	x.wrote = gate.WriteDone
	x.location(b.at)
	return x.after(ctx, http.StatusCreated, b.at, reads, w)
}

// location says where the record is, at this door. Its version stays the server's.
func (x *exchange) location(at place) {
	x.w.Header().Set("Location", x.base+"/"+at.typ+"/"+at.id)
}

func idsOf(refs []fhirjson.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = string(r.ID)
	}
	return out
}
