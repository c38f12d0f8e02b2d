package gate

import (
	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// Strictest is what shows of an earlier version of a record: for each class the more
// closed of what its own verdict says and of what is said of the record as it is now
// (FC36). What was labelled since, or moved to another patient, must not be had from
// its past, nor the other way round. A version of which nothing is left is not there.
// The record keeps both verdicts as they were derived.
func (s *Session) Strictest(r *fhirjson.Record, j, now *Judgement) policy.View {
	if j.instead != nil && now.instead != nil {
		s.strictestObserved(r, j, now)
		return j.Verdict.View
	}
	switch {
	case defect.On(defect.VersionAlone):
		return j.Verdict.View
	case defect.On(defect.CurrentAlone):
		j.There = now.There
		return now.Verdict.View
	}
	var both Judgement
	both.Verdict.View = narrower(&j.Verdict.View, &now.Verdict.View)
	if j.There && (!now.There || !s.there(r, &both) || !s.Covered(r, &both.Verdict.View)) {
		j.There, j.Because = false, "current"
	}
	return both.Verdict.View
}

// ShapeOf is Shape with another view than the judgement's own.
func (s *Session) ShapeOf(j *Judgement, view policy.View, page func(t catalog.Type, id []byte) bool) *fhirjson.Shape {
	sh := s.Shape(j, page)
	if j.instead == nil {
		sh.View = view
	}
	return sh
}

// Beside keeps the judgement of a record that does not show itself, and by which it
// was decided how others show, for the outcome.
func (s *Session) Beside(j *Judgement) {
	beside := *j
	if in := j.instead; in != nil {
		beside.There, beside.Because, beside.Verdict.View, beside.instead = in.there, in.because, in.view, nil
	}
	s.judged.add(&beside)
}
