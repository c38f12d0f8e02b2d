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
	"modicum/policy"
)

// read answers [base]/Type/id and [base]/Type/id/_history/version.
func (x *exchange) read(at place) error {
	if at.typ == "Binary" && at.version == "" {
		return x.binary(at)
	}
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
	if at.version != "" {
		return x.answerVersion(ctx, at, q, limit)
	}
	f, err := x.fetch(ctx, at)
	if err != nil {
		return err
	}
	defer f.release()
	return x.showRead(at, q, limit, f)
}

// fetched is a record as the upstream gave it and the gate judged it; release it.
type fetched struct {
	door    *Door
	set     *policy.Set
	body    *upstream.Body
	scanner *fhirjson.Scanner
	record  *fhirjson.Record
	judged  gate.Judgement
}

func (f *fetched) release() {
	f.door.scanners(f.set).Put(f.scanner)
	f.body.Release()
}

// fetch reads a record, or one version of it, and has it judged. What is not there,
// or is not that record, is an error that the client may learn.
func (x *exchange) fetch(ctx context.Context, at place) (*fetched, error) {
	body, err := x.door.cfg.Upstream.Fetch(ctx, at.typ, at.id, at.version)
	switch {
	case errors.Is(err, upstream.ErrNotFound):
		return nil, problem.NotFound
	case errors.Is(err, upstream.ErrTooLarge):
		return nil, x.unreadable(ctx, at)
	case err != nil:
		return nil, x.problemOf(err)
	}
	f := &fetched{door: x.door, set: x.set, body: body, scanner: x.door.scanners(x.set).Get()}
	if err := x.judge(ctx, at, f); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

func (x *exchange) judge(ctx context.Context, at place, f *fetched) error {
	t, _ := x.catalog().Type(at.typ)
	rec, err := f.scanner.Resource(f.body.Bytes)
	if err == nil && defect.On(defect.OtherRecordAccepted) {
		at.id = string(rec.ID)
	}
	if err != nil || rec.Type != t || string(rec.ID) != at.id {
		return x.unreadable(ctx, at) // F9
	}
	js, err := x.session.Judge(ctx, []*fhirjson.Record{rec}, nil)
	if err != nil {
		return x.problemOf(err)
	}
	f.record, f.judged = rec, js[0]
	return nil
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
	scanners := x.door.scanners(x.set)
	sc := scanners.Get()
	defer scanners.Put(sc)
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

func (x *exchange) showRead(at place, q *query, limit string, f *fetched) error {
	if !f.judged.There || limit != "" && !names(f.record, limit) {
		return x.hide(f)
	}
	if err := x.resolveOne(f); err != nil {
		return err
	}
	return x.showOne(at, q, f, x.session.Shape(&f.judged, nil))
}

// hide answers as if the record were not there.
func (x *exchange) hide(f *fetched) error {
	x.session.Withhold(&f.judged)
	switch {
	case defect.On(defect.RefusalTold):
		return problem.NotForTask
	case defect.On(defect.ConditionTold) && x.r.Header.Get("If-Match") != "":
		return problem.Changed
	}
	return problem.NotFound
}

// resolveOne looks up what the record refers to, where the task asks for it.
func (x *exchange) resolveOne(f *fetched) error {
	if !x.session.Resolves() {
		return nil
	}
	if err := x.session.Resolve(x.r.Context(), []*fhirjson.Record{f.record}, []gate.Judgement{f.judged}); err != nil {
		return x.problemOf(err)
	}
	return nil
}

// showOne projects the record, waits for its entry, and sends it.
func (x *exchange) showOne(at place, q *query, f *fetched, sh *fhirjson.Shape) error {
	sh.Elements = q.elements
	out, result, err := f.scanner.Project(nil, f.record, sh)
	if err != nil {
		return err
	}
	if !result.There {
		return x.hide(f)
	}
	if err := x.disclose(x.r.Context(), x.session, []*gate.Judgement{&f.judged}); err != nil {
		return err
	}
	tag := x.door.etag(at, out)
	if defect.On(defect.TagOfVersion) {
		tag = x.door.etag(at, f.record.VersionID)
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
