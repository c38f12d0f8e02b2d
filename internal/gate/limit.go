package gate

import (
	"modicum/internal/defect"
	"modicum/internal/problem"
	"modicum/policy"
)

// takeRequest counts the request against the limits of the tasks that speak, and
// reports whether it fits (policy-language rule 17).
func (s *Session) takeRequest() bool {
	return s.take("requests", []string{s.id}, func(l *policy.Limits) policy.Rates { return l.Requests })
}

// takePatients counts the patients whom shown records name. Where they do not
// fit, nothing of the page may leave.
func (s *Session) takePatients(shown []*Judgement) error {
	var limited bool
	for i := range s.limited {
		limited = limited || s.limited[i].Limits.Patients != policy.Rates{}
	}
	if !limited {
		return nil
	}
	var refs []string
	for i := range shown {
		for _, id := range shown[i].Patients {
			refs = append(refs, s.ref(id))
		}
	}
	if !s.take("patients", refs, func(l *policy.Limits) policy.Rates { return l.Patients }) {
		return problem.Limit
	}
	return nil
}

// take counts things for every task that speaks, in every unit in which that task
// has a limit. All fit, or nothing is counted. What one task uses up is used up
// whether it was named or spoke with others for their purpose.
func (s *Session) take(kind string, things []string, rates func(*policy.Limits) policy.Rates) bool {
	var counts []count
	for i := range s.limited {
		r := rates(&s.limited[i].Limits)
		for u, limit := range [...]int{minute: r.Minute, hour: r.Hour, day: r.Day} {
			if limit > 0 {
				counts = append(counts, count{usageKey{s.sub.Person, s.limited[i].Task, kind, unit(u)}, limit})
			}
		}
	}
	return len(counts) == 0 || defect.On(defect.LimitsIgnored) || s.gate.usage.take(counts, s.now, things)
}
