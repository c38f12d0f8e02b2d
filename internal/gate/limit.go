package gate

import (
	"modicum/internal/problem"
	"modicum/policy"
)

// takeRequest counts the request against the narrowest limits of the tasks that
// speak, and reports whether it fits (policy-language rule 17).
func (s *Session) takeRequest() bool {
	return s.take("requests", s.plan.Limits().Requests, []string{""})
}

// takePatients counts the patients whom shown records name. Where they do not
// fit, nothing of the page may leave.
func (s *Session) takePatients(shown []Judgement) error {
	var ids []string
	for i := range shown {
		ids = append(ids, shown[i].Patients...)
	}
	if !s.take("patients", s.plan.Limits().Patients, ids) {
		return problem.Limit
	}
	return nil
}

// take counts things in every unit that has a limit. Where one is passed the
// request is refused, whatever the others counted by then.
func (s *Session) take(kind string, limit policy.Rates, things []string) bool {
	fits := true
	for _, l := range []struct {
		unit  string
		count int
	}{{"minute", limit.Minute}, {"hour", limit.Hour}, {"day", limit.Day}} {
		if l.count > 0 {
			k := usageKey{person: s.sub.Person, task: s.tasks, kind: kind, unit: l.unit}
			fits = s.gate.usage.take(k, l.count, s.now, things) && fits
		}
	}
	return fits
}
