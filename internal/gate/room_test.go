package gate_test

import (
	"testing"

	"modicum/internal/gate"
)

// TestN1_NothingOfADecisionIsLeftInItsRoom: whoever gets the memory of a session next finds
// no patient, fact, task or shape of it.
func TestN1_NothingOfADecisionIsLeftInItsRoom(t *testing.T) {
	h := newHouse(t)
	for name, open := range map[string]func() (*gate.Session, error){
		"a read":   func() (*gate.Session, error) { return h.read("alice", "Patient/p1") },
		"a search": func() (*gate.Session, error) { return h.list("alice", "Condition") },
		"of many":  func() (*gate.Session, error) { return h.list("alice", "Condition", "p1", "p2") },
	} {
		s := must(open())(t)
		js := h.judge(s, patient("p1"), condition("c1", "p1", "e1"), condition("c2", "p2", "e2"), condition("c3", "p3", "e3"))
		for i := range js {
			s.Shape(&js[i], nil)
			if js[i].There {
				if err := s.Commit(t.Context(), js[i:i+1]); err != nil {
					t.Fatal(err)
				}
			} else {
				s.Withhold(&js[i])
			}
		}
		s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
		h.gate.Wait()
		if left := gate.Left(s); len(left) > 0 {
			t.Errorf("of %s are left: %v", name, left)
		}
	}
}
