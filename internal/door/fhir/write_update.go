package fhir

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// mostTries is how often a change is put on a record that others change meanwhile.
const mostTries = 5

// change is a record that is to be changed.
type change struct {
	at    place
	typ   catalog.Type
	match []string // If-Match as sent
	// edit makes of what the caller sees what the caller wants it to be.
	edit  func(shown []byte) (sent []byte, err error)
	reads *gate.Session
	only  string // the one patient whom the scopes leave
}

// update answers PUT [base]/Type/id: the difference between what the caller is shown
// and what was sent, put on the record where it stands (FC52).
func (x *exchange) update(at place) error {
	c, err := x.changing(at)
	if err != nil {
		return err
	}
	sent, err := x.resource(maxRecord)
	if err != nil {
		return err
	}
	if err := x.whole(c, sent); err != nil {
		return err
	}
	if len(c.match) == 0 || slices.Contains(c.match, "*") {
		return problem.NeedsMatch // on what the change rests, nobody can tell
	}
	c.edit = func([]byte) ([]byte, error) { return sent, nil }
	return x.change(c)
}

// changing reads what PUT and PATCH have alike.
func (x *exchange) changing(at place) (*change, error) {
	t, ok := x.catalog().Type(at.typ)
	switch {
	case !ok:
		return nil, problem.NotFound
	case x.catalog().DenyByDefault(t):
		return nil, problem.NotBuilt
	}
	if err := x.spelling(problem.Conditional); err != nil {
		return nil, err
	}
	return &change{at: at, typ: t, match: x.r.Header.Values("If-Match")}, nil
}

// whole reads strictly what was sent as the whole record (FC47).
func (x *exchange) whole(c *change, sent []byte) error {
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	rec, err := sc.Resource(sent)
	if err != nil {
		return problem.Malformed
	}
	if !isRecord(x.catalog(), rec, c.at) {
		return problem.Mismatch
	}
	return nil
}

// change decides, twice: what may be written, and what the writer sees, on which the
// change rests. Both are on record before the record is looked at.
func (x *exchange) change(c *change) error {
	var err error
	if c.only, err = x.scopes(c.at.typ, caller.ScopeUpdate); err != nil {
		return err
	}
	ask := gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: c.typ, ID: c.at.id}
	if c.at.typ == "Patient" {
		ask.Patients = []string{c.at.id}
	}
	if err := x.open(&ask); err != nil {
		return err
	}
	if c.reads, err = x.reading(c.typ, c.at.id, ask.Patients); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.cfg.Budget.Time)
	defer cancel()
	for range mostTries {
		again, err := x.try(ctx, c)
		if !again {
			return err
		}
	}
	return problem.Unavailable
}

// try puts the change on the record as it is now. again: the record changed meanwhile,
// which may be in what is hidden alone, and then tells nothing.
func (x *exchange) try(ctx context.Context, c *change) (again bool, err error) {
	body, err := x.door.cfg.Upstream.Fetch(ctx, c.at.typ, c.at.id, "")
	switch {
	case errors.Is(err, upstream.ErrNotFound):
		return false, problem.NotFound
	case errors.Is(err, upstream.ErrTooLarge):
		return false, x.unreadable(ctx, c.at)
	case err != nil:
		return false, x.problemOf(err)
	}
	defer body.Release()
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	now, err := x.standingOf(ctx, c, sc, body)
	if err != nil {
		return false, err
	}
	next, err := x.merged(ctx, c, sc, now)
	if err != nil {
		return false, err
	}
	if next == nil {
		return false, x.say(http.StatusOK, now.tag, now.shown) // nothing differs: nothing is written
	}
	return x.replaceBy(ctx, c, now, next)
}

// standing is a record as it stands: what it is, what the writer sees of it, and what
// of it the writer may change.
type standing struct {
	body    *upstream.Body
	record  *fhirjson.Record
	version string
	seen    gate.Judgement // as read
	written gate.Judgement // as changed
	shown   []byte
	tag     string
}

// standingOf reads the record on which the change rests, and whether it is the one that the
// caller means.
func (x *exchange) standingOf(ctx context.Context, c *change, sc *fhirjson.Scanner, body *upstream.Body) (*standing, error) {
	rec, err := sc.Resource(body.Bytes)
	if err != nil || !isRecord(x.catalog(), rec, c.at) {
		return nil, x.unreadable(ctx, c.at) // F9
	}
	s := &standing{body: body, record: rec, version: string(rec.VersionID)}
	if s.version == "" {
		s.version = body.Version
	}
	recs := []*fhirjson.Record{rec}
	seen, err := c.reads.Judge(ctx, recs, nil)
	if err != nil {
		return nil, x.problemOf(err)
	}
	written, err := x.session.Judge(ctx, recs, nil)
	if err != nil {
		return nil, x.problemOf(err)
	}
	s.seen, s.written = seen[0], written[0]
	if c.only != "" && !names(rec, c.only) {
		s.seen.There = false
	}
	if s.shown, s.tag, err = x.lookAt(ctx, c.reads, c.at, sc, rec, &s.seen); err != nil {
		return nil, err
	}
	if s.shown == nil || !s.written.There {
		x.session.Withhold(&s.written)
		return nil, problem.NotFound // hidden, out of scope, absent, or not this task's to change: nobody can tell which
	}
	if len(c.match) > 0 && !matches(c.match, s.tag) && !defect.On(defect.BaseUnchecked) {
		return nil, problem.Changed
	}
	if s.version == "" {
		return nil, problem.Upstream // a server that tells no versions cannot be asked to check them
	}
	return s, nil
}

// replaceBy writes what became of the record, if it is still the one that was read.
func (x *exchange) replaceBy(ctx context.Context, c *change, now *standing, next []byte) (again bool, err error) {
	if err := x.session.CommitWrite(ctx, &now.written); err != nil {
		return false, commitProblem(err)
	}
	w, err := x.replace(ctx, c, now, next)
	switch {
	case errors.Is(err, upstream.ErrConflict):
		return true, nil
	case errors.Is(err, upstream.ErrNotFound):
		return false, problem.NotFound
	case err != nil:
		return false, x.notDone(err)
	}
	x.wrote = gate.WriteDone
	return false, x.after(ctx, http.StatusOK, c.at, c.reads, w)
}

func (x *exchange) replace(ctx context.Context, c *change, now *standing, next []byte) (*upstream.Written, error) {
	if x.berth != nil {
		return x.berth.write(&upstream.Change{Type: c.at.typ, ID: c.at.id, Version: now.version, Record: next})
	}
	ctx = context.WithoutCancel(ctx) // a client that goes away does not break off what was begun
	if defect.On(defect.VersionUnchecked) {
		return x.door.cfg.Upstream.Put(ctx, c.at.typ, c.at.id, next)
	}
	return x.door.cfg.Upstream.Replace(ctx, c.at.typ, c.at.id, now.version, next)
}
