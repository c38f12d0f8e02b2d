package gate

import (
	"modicum/catalog"
	"modicum/policy"
)

// Explain says, line by line and restriction by restriction, why a class of a
// judged record shows as it does. It tells what is true about the patient: it is
// for tools at hand of whoever holds the record anyway, never for a caller.
func (s *Session) Explain(j *Judgement, c catalog.Class) []policy.Reason {
	return s.plan.Explain(&j.atoms, c)
}
