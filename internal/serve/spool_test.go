package serve_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"modicum/internal/spool"
	"modicum/ledger"
	"modicum/ledger/verify"
)

// away is a record that can keep nothing while it is down.
type away struct {
	ledger.Log
	down *atomic.Bool
}

func (a away) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	if a.down.Load() {
		return ledger.Receipt{}, fmt.Errorf("no space left: %w", ledger.ErrNotDurable)
	}
	return a.Log.Append(ctx, e, act)
}

// TestL1_ABrokenGlassGoesOnWhileTheRecordIsAwayAndReachesIt: through door, gate, lent
// access and spool; by a process that goes on, and by one that ended meanwhile.
func TestL1_ABrokenGlassGoesOnWhileTheRecordIsAwayAndReachesIt(t *testing.T) {
	for _, ended := range []bool{false, true} {
		t.Run(fmt.Sprintf("ended %t", ended), func(t *testing.T) {
			s, down := lendingSite(t), new(atomic.Bool)
			s.stop()
			s.before = func(l ledger.Log) ledger.Log { return away{l, down} }
			s.start()
			down.Store(true)
			if status, _, body := s.get("alice", "/fhir/Patient/p1"); status != http.StatusServiceUnavailable {
				t.Errorf("who looks after p1, without a record of it: %d %s", status, body)
			}
			status, first, body := s.get("zoe", "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT", "Modicum-Reason", url.PathEscape("collapsed in the lobby"))
			if status != http.StatusOK || !strings.Contains(body, `"Patient"`) {
				t.Fatalf("with the glass broken: %d %s", status, body)
			}
			status, second, _ := s.get("zoe", "/fhir/Patient/p1", "Modicum-Task", "chart")
			if status != http.StatusOK {
				t.Errorf("the next request: %d", status)
			}
			if status, _, _ := s.get("zoe", "/fhir/Patient/p2", "Modicum-Task", "chart"); status == http.StatusOK {
				t.Error("another patient opens without a record")
			}
			s.server.Gate().Wait() // outcomes
			// Nobody else would take these requests, so a balancer must not send them away.
			if status, r := s.ready(); status != http.StatusOK || !r.Ready || r.State != "emergency" || !r.says("the spool is in use") || !r.says("broken glasses that are not in the book yet: 1") {
				t.Errorf("health: %d %+v", status, r)
			}
			if n := len(s.stored(t, first)) + len(s.stored(t, second)); n != 0 {
				t.Errorf("the record has %d entries that it could not keep", n)
			}
			if ended {
				s.main.Close()
				s.admin.Close()
				_ = s.server.Close(t.Context()) // that it stopped cannot be recorded
				down.Store(false)
				s.start()
			} else {
				down.Store(false)
				if err := s.server.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			s.reached(t, first, second)
			if status, r := s.ready(); status != http.StatusOK || r.State == "emergency" || r.says("spool") || r.says("glass") {
				t.Errorf("health afterwards: %d %+v", status, r)
			}
			folder := s.server.Store().Folder()
			s.stop()
			s.verifies(folder)
		})
	}
}

// verifies lets the verifier that shares no code with the server look at a folder of the
// record.
func (s *site) verifies(folder string) {
	s.t.Helper()
	key, err := ledger.ReadKey(s.config.Ledger.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := verify.Log(s.t.Context(), verify.Folder(folder), verify.Options{Keys: []string{key.Public()}})
	if err != nil || !r.OK {
		s.t.Errorf("the record does not verify: %+v, %v", r, err)
	}
}

func (s *site) stored(t *testing.T, id string) (out []ledger.Entry) {
	t.Helper()
	for from := int64(0); ; {
		records, err := s.server.Store().Range(t.Context(), from, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			e, err := r.Entry()
			if err != nil {
				t.Fatal(err)
			}
			if id == "" || e.Header().ID == id {
				out = append(out, e)
			}
			from = r.Pos + 1
		}
		if len(records) == 0 {
			return out
		}
	}
}

// reached holds that both decisions are whole on record, and the act before them, and
// that somebody is to review it.
func (s *site) reached(t *testing.T, decisions ...string) {
	t.Helper()
	for _, id := range decisions {
		got := s.stored(t, id)
		if len(got) < 2 || got[0].Header().Kind != ledger.KindDecision || got[len(got)-1].Header().Kind != ledger.KindOutcome {
			t.Errorf("of a decision the record has %d entries", len(got))
		}
	}
	var acts []string
	for _, e := range s.stored(t, "") {
		if a, ok := e.(*ledger.Act); ok {
			acts = append(acts, a.Act)
		}
	}
	for act, want := range map[string]int{spool.Broken: 1, spool.Drained: 1} {
		if n := len(slices.DeleteFunc(slices.Clone(acts), func(a string) bool { return a != act })); n != want {
			t.Errorf("%s stands %d times on record, want %d: %v", act, n, want, acts)
		}
	}
	if err := s.server.Lent().Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if s.server.Lent().Loose() != 0 {
		t.Error("the glass is not in the book")
	}
	if !slices.ContainsFunc(s.stored(t, ""), func(e ledger.Entry) bool { a, ok := e.(*ledger.Act); return ok && a.Act == "glass-kept" }) {
		t.Errorf("no review will come of it: %v", acts)
	}
}
