package fhir

import (
	"bytes"
	"context"
	"errors"

	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/merge"
	"modicum/internal/problem"
)

// merged is the record as the change makes it: what was shown and what was sent differ
// in this and that, and just this is put on the original. Nil where nothing differs.
func (x *exchange) merged(ctx context.Context, c *change, sc *fhirjson.Scanner, now *standing) ([]byte, error) {
	sent, err := c.edit(now.shown)
	if err != nil {
		return nil, notMerged(err)
	}
	next, err := merge.Merge(sc, now.body.Bytes, sent, merge.Rules{
		Shown: c.reads.Shape(&now.seen, nil), Write: now.written.Verdict.View, Frozen: x.session.Frozen(),
	})
	switch {
	case err != nil:
		return nil, notMerged(err)
	case bytes.Equal(next, now.body.Bytes):
		return nil, nil
	}
	if err := x.decides(sc, now, sent); err != nil {
		return nil, err
	}
	return next, x.mayBecome(ctx, c, sc, now, next)
}

// decides refuses what changes who may see the record (F10). It looks at what was shown
// and sent alone, so that it tells nothing of what is hidden.
func (x *exchange) decides(sc *fhirjson.Scanner, now *standing, sent []byte) error {
	was, err := sc.Resource(now.shown)
	if err != nil {
		return err
	}
	is, err := sc.Resource(sent)
	if err != nil || gate.Redirects(was, is) || x.session.Declassifies(was, is) {
		return problem.Decides
	}
	return nil
}

// mayBecome judges the record as it would be: still about the same patients, in reach of
// the application's scopes, and showing its writer no more than it does now (F10).
func (x *exchange) mayBecome(ctx context.Context, c *change, sc *fhirjson.Scanner, now *standing, next []byte) error {
	rec, err := sc.Resource(next)
	if err != nil || !isRecord(x.catalog(), rec, c.at) || rec.Withheld {
		return problem.Incomplete
	}
	if gate.Redirects(now.record, rec) || x.session.Declassifies(now.record, rec) {
		return problem.Decides
	}
	if !x.session.Covered(rec, &now.written.Verdict.View) {
		return problem.Scope
	}
	then, err := c.reads.Judge(ctx, []*fhirjson.Record{rec}, nil)
	if err != nil {
		return x.problemOf(err)
	}
	if c.reads.Widens(&now.seen, &then[0]) {
		return problem.Decides
	}
	return nil
}

// notMerged is what the client learns of a change that was not put on the record: every
// place, and why, in words that are the same whatever the record holds.
func notMerged(err error) error {
	var refusal *merge.Refusal
	if !errors.As(err, &refusal) {
		var syntax *fhirjson.SyntaxError
		if errors.As(err, &syntax) {
			return problem.Malformed
		}
		return err
	}
	p, hint := problem.NotWritable, problem.Hint{}
	for _, at := range refusal.Problems {
		hint.Elements = append(hint.Elements, problem.Element{Path: at.Path, Why: at.Reason.String()})
		if at.Reason == merge.Decides {
			p = problem.Decides
		}
	}
	return p.With(hint)
}
