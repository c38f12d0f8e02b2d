package fhir

import (
	"context"

	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/policy"
)

// answerVersion answers [base]/Type/id/_history/version with the strictest of what is
// said of that version and of the record as it is now (FC36). A record that was
// deleted, or hidden since, has no versions for anybody.
func (x *exchange) answerVersion(ctx context.Context, at place, q *query, limit string) error {
	now, err := x.present(ctx, at, limit)
	if err != nil {
		return err
	}
	defer now.release()
	was := now
	if string(now.record.VersionID) != at.version {
		if was, err = x.fetch(ctx, at); err != nil {
			x.session.Beside(&now.judged)
			return err
		}
		defer was.release()
		x.session.Beside(&now.judged)
	}
	view, shows := x.strictest(was.record, &was.judged, now, limit)
	// F6: which versions there are is metadata.
	if !shows || string(was.record.VersionID) != at.version && !defect.On(defect.VersionsShown) {
		return x.hide(was)
	}
	if err := x.resolveOne(was); err != nil {
		return err
	}
	return x.showOne(at, q, was, x.session.ShapeOf(&was.judged, view, nil))
}

// present reads the record as it is now. Where it does not show, or not its metadata,
// neither do its versions, nor that there are any (F6).
func (x *exchange) present(ctx context.Context, at place, limit string) (*fetched, error) {
	at.version = ""
	now, err := x.fetch(ctx, at)
	if err != nil {
		return nil, err
	}
	hidden := !now.judged.There || !x.metadata(&now.judged.Verdict.View) || limit != "" && !names(now.record, limit)
	if hidden && !defect.On(defect.VersionAlone) {
		defer now.release()
		return nil, x.hide(now)
	}
	return now, nil
}

func (x *exchange) metadata(view *policy.View) bool {
	meta, _ := x.session.Catalog().Class("system.metadata")
	return view.Keep.Has(meta) || defect.On(defect.VersionsShown)
}

// strictest is what shows of a version, and whether anything does.
func (x *exchange) strictest(r *fhirjson.Record, j *gate.Judgement, now *fetched, limit string) (policy.View, bool) {
	view := x.session.Strictest(r, j, &now.judged)
	return view, j.There && x.metadata(&view) && (limit == "" || names(r, limit))
}
