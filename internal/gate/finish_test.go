package gate_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/gate"
	"modicum/ledger"
)

// stuck is a log that takes outcomes in, and never says that they are durable.
type stuck struct{ *book }

func (s stuck) Start(e ledger.Entry) (ledger.Started, bool, error) {
	_, outcome := e.(*ledger.Outcome)
	return s, outcome, nil
}

func (stuck) Wait(ctx context.Context, most time.Duration) (ledger.Receipt, error) {
	select {
	case <-time.After(most):
	case <-ctx.Done():
	}
	return ledger.Receipt{}, ledger.ErrNotDurable
}

// TestL1_OutcomesThatHangAreGivenUpTogether: one goroutine waits for all of them, and for
// none longer than LogWait after its answer left. Each that is not recorded is told, and
// those that come when all were given up are waited for again.
func TestL1_OutcomesThatHangAreGivenUpTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.log = stuck{h.book}
		h.start()
		for _, n := range []int{5, 1} {
			var open []*gate.Session
			for range n {
				s := must(h.read("alice", "Patient/p1"))(t)
				if err := s.Commit(t.Context(), h.judge(s, patient("p1"))); err != nil {
					t.Fatal(err)
				}
				open = append(open, s)
			}
			began := time.Now()
			for _, s := range open {
				s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
			}
			h.gate.Wait()
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("waited %v for %d outcomes, want LogWait", waited, n)
			}
			for _, s := range open {
				if told := strings.Count(h.diary.String(), `"outcome not recorded" decision=`+s.ID()); told != 1 {
					t.Errorf("of %s it is told %d times", s.ID(), told)
				}
			}
		}
	})
}
