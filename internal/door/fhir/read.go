package fhir

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// read answers [base]/Type/id and [base]/Type/id/_history/version.
func (x *exchange) read(at place) error {
	pairs, err := x.pairs()
	if err != nil {
		return err
	}
	t, ok := x.catalog().Type(at.typ)
	if !ok {
		return problem.NotFound
	}
	q, err := readQuery(x.catalog(), t, pairs)
	if err != nil {
		return err
	}
	limit, err := x.scopes(at.typ, caller.ScopeRead)
	if err != nil {
		return err
	}
	x.pretty = q.pretty
	ask := gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: t, ID: at.id, Version: at.version}
	if at.typ == "Patient" {
		ask.Patients = []string{at.id}
	}
	if err := x.open(&ask); err != nil {
		return err
	}
	return x.answerRead(at, q, limit)
}

// readQuery accepts the parameters that shape a read.
func readQuery(cat *catalog.Catalog, t catalog.Type, pairs []pair) (*query, error) {
	q, err := parseSearch(cat, t, pairs)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		switch p.name {
		case "_elements", "_format", "_pretty":
		case "_summary":
			if q.countOnly {
				return nil, problem.Parameter
			}
		default:
			return nil, problem.Parameter
		}
	}
	return q, nil
}

func (x *exchange) answerRead(at place, q *query, limit string) error {
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.cfg.Budget.Time)
	defer cancel()
	body, err := x.door.cfg.Upstream.Fetch(ctx, at.typ, at.id, at.version)
	if errors.Is(err, upstream.ErrNotFound) {
		return problem.NotFound
	}
	if errors.Is(err, upstream.ErrTooLarge) {
		return x.unreadable(ctx, at)
	}
	if err != nil {
		return x.problemOf(err)
	}
	defer body.Release()
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	rec, err := sc.Resource(body.Bytes)
	if err == nil && defect.On(defect.OtherRecordAccepted) {
		at.id = string(rec.ID)
	}
	if err != nil || rec.Type != q.typ || string(rec.ID) != at.id {
		return x.unreadable(ctx, at) // F9
	}
	js, err := x.session.Judge(ctx, []*fhirjson.Record{rec}, nil)
	if err != nil {
		return x.problemOf(err)
	}
	return x.showRead(at, q, limit, sc, rec, &js[0])
}

// unreadable is the answer where the upstream has something under the id that is
// not that record or cannot be read. Whose it is nobody can tell, so that it looks
// like absence (N4); only of a patient whom the task counts for anyway, whatever
// the record says, is it told.
func (x *exchange) unreadable(ctx context.Context, at place) error {
	x.door.note(Unreadable)
	x.door.cfg.Diary.LogAttrs(ctx, slog.LevelWarn, "the upstream has an unreadable record", slog.String("route", x.pattern), slog.String("decision", x.id()))
	if at.typ != "Patient" || at.version != "" {
		return problem.NotFound
	}
	sc := fhirjson.New(x.catalog(), fhirjson.Limits{})
	rec, err := sc.Resource([]byte(`{"resourceType":"Patient","id":"` + at.id + `"}`))
	if err != nil {
		return problem.NotFound
	}
	js, err := x.session.Judge(ctx, []*fhirjson.Record{rec}, nil)
	if err != nil {
		return x.problemOf(err)
	}
	there := js[0].There
	x.session.Withhold(&js[0])
	if !there {
		return problem.NotFound
	}
	return problem.Upstream
}

func (x *exchange) showRead(at place, q *query, limit string, sc *fhirjson.Scanner, rec *fhirjson.Record, j *gate.Judgement) error {
	meta, _ := x.session.Catalog().Class("system.metadata")
	switch {
	case !j.There, limit != "" && !names(rec, limit),
		// F6: that there are versions, and how many, is metadata.
		at.version != "" && !defect.On(defect.VersionsShown) && (!j.Verdict.View.Keep.Has(meta) || string(rec.VersionID) != at.version):
		x.session.Withhold(j)
		if defect.On(defect.RefusalTold) {
			return problem.NotForTask
		}
		return problem.NotFound
	}
	if x.session.Resolves() {
		if err := x.session.Resolve(x.r.Context(), []*fhirjson.Record{rec}, []gate.Judgement{*j}); err != nil {
			return x.problemOf(err)
		}
	}
	sh := x.session.Shape(j, nil)
	sh.Elements = q.elements
	out, result, err := sc.Project(nil, rec, sh)
	if err != nil {
		return err
	}
	if !result.There {
		x.session.Withhold(j)
		return problem.NotFound
	}
	if err := x.session.Commit(x.r.Context(), []gate.Judgement{*j}); err != nil {
		return commitProblem(err)
	}
	tag := x.door.etag(at, out)
	if defect.On(defect.TagOfVersion) {
		tag = x.door.etag(at, rec.VersionID)
	}
	switch x.condition(tag) {
	case http.StatusPreconditionFailed:
		return problem.Changed
	case http.StatusNotModified:
		return x.write(http.StatusNotModified, tag, nil)
	}
	return x.write(http.StatusOK, tag, out)
}

// names reports whether the record is of the patient and of nobody else.
func names(rec *fhirjson.Record, patient string) bool {
	return len(rec.Patients) == 0 || len(rec.Patients) == 1 && string(rec.Patients[0].ID) == patient
}

// etag is a keyed hash of what is sent: it changes when and only when that does,
// and without the key tells nothing about it (F6, FC14).
func (d *Door) etag(at place, body []byte) string {
	mac := hmac.New(sha256.New, d.cfg.ETagKey)
	mac.Write([]byte(at.typ + "/" + at.id + "/" + at.version + "\x00"))
	mac.Write(body)
	return `W/"` + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]) + `"`
}
