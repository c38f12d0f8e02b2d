package policy_test

import (
	"testing"

	"modicum/policy"
)

// TestDecidingAllocatesNothing once the Plan is warm, for requests of every way
// in which tasks may be picked, refused ones included.
func TestDecidingAllocatesNothing(t *testing.T) {
	s := loadHospital(t)
	nurse := ask("nurse", "give-care")
	nurse.Caller = holding(t, s, "during-shift")
	named := nurse
	named.Task, named.Roles = "nurse/give-care", []string{"physician", "nurse", "consultant"}
	stated := named
	stated.Task, stated.Purpose = "", "TREAT"
	glass := named
	glass.Task, glass.Purpose = "", "BTG"
	conflict := named
	conflict.Roles = []string{"records-clerk", "billing-specialist"}
	program := policy.Request{Program: "claims-out", Verb: policy.Read, Shows: everything, Caller: holding(t, s, "contract")}
	desk := policy.Request{Disclosure: "referral-packet", Verb: policy.Read, Shows: everything}
	for name, r := range map[string]policy.Request{
		"task": nurse, "role/task": named, "purpose": stated, "glass": glass, "conflict": conflict, "program": program, "disclosure": desk,
	} {
		t.Run(name, func(t *testing.T) {
			var p policy.Plan
			s.Admit(&r, &p)
			a := policy.Atoms{Within: ^uint64(0), Patients: []policy.PatientAtoms{
				patient(t, s, &p, "assigned-patient", "episode", "active-episode"), patient(t, s, &p, "on-unit"),
			}}
			a.Patients[0].Glass = true
			var v policy.Verdict
			if n := testing.AllocsPerRun(200, func() { s.Admit(&r, &p); p.View(&a, &v) }); n != 0 {
				t.Errorf("%v allocations a decision", n)
			}
		})
	}
}
