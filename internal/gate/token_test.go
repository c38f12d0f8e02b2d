package gate_test

import (
	"testing"

	"modicum/internal/caller"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

func TestK2_ATokenGivenForOneTaskServesNoOther(t *testing.T) {
	for _, tt := range []struct {
		name, bound, asked string
		admitted           bool
	}{
		{"nothing stated is the task of the token", "clinician/chart", "", true},
		{"the same task", "clinician/chart", "clinician/chart", true},
		{"the same task without its role", "clinician/chart", "chart", true},
		{"another task of the same person", "clinician/chart", "rounder/round", false},
		{"another task by its short name", "clinician/chart", "round", false},
		{"a token for no record", caller.NoTask, "", false},
		{"a token for no record that states a task", caller.NoTask, "clinician/chart", false},
		{"a task of a role that is gone", "biller/bill", "", false},
		{"a token that its issuer does not bind", "", "rounder/round", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			c := *h.staff["alice"]
			c.Roles, c.Task = []string{"clinician", "rounder"}, tt.bound
			s, err := h.reads.Open(t.Context(), &gate.Ask{Caller: &c, Task: tt.asked, Type: h.typ("Patient"), ID: "p1"})
			if !tt.admitted {
				h.refused(err, problem.TaskUnknown, "unknown-task")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
		})
	}
}
