package demo_test

import (
	"path/filepath"
	"testing"
	"time"

	"modicum/internal/demo"
	"modicum/internal/store"
	"modicum/ledger"
)

// TestTheWeekIsOnRecord: what the demo promises is found in the record of a first run:
// decisions of both kinds, requests of every outcome, glasses, reviews, who came and went;
// and the record says from when to when its times are made up, and that they go forward.
func TestTheWeekIsOnRecord(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, demo.Options{Dir: dir})
	key, err := ledger.ReadKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "data"), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found, effects, latest := map[string]int{}, map[ledger.Effect]int{}, int64(0)
	for q := (store.Query{Limit: 500}); ; {
		recs, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range recs {
			e, err := rec.Entry()
			if err != nil {
				t.Fatal(err)
			}
			if at := e.Header().At; at < latest-time.Minute.Microseconds() {
				t.Errorf("entry %d lies before what came before it", rec.Pos)
			} else {
				latest = max(latest, at)
			}
			switch e := e.(type) {
			case *ledger.Act:
				found[e.Act]++
			case *ledger.Decision:
				effects[e.Effect]++
			}
			q.After = rec.Pos + 1
		}
		if len(recs) < q.Limit {
			break
		}
	}
	for act, least := range map[string]int{
		"demo-began": 1, "demo-arrived": 1, "access-asked": 15, "grant-approved": 9, "access-refused": 2, "access-withdrawn": 1, "access-lapsed": 1,
		"value-asked": 3, "glass-broken": 5, "glass-attested": 4, "grant-reviewed": 6, "review-overdue": 1, "grant-revoked": 1, "grant-given-back": 1,
		"person-deactivated": 1, "person-arrived": 1, "person-moved": 1, "position-proposed": 1, "access-not-done": 1, "token-issued": 14,
	} {
		if found[act] < least {
			t.Errorf("%d of %s, want %d", found[act], act, least)
		}
	}
	decided := 0
	for effect, n := range effects {
		if decided += n; n < 20 {
			t.Errorf("only %d decisions of effect %v", n, effect)
		}
	}
	if decided < 300 || len(effects) < 2 {
		t.Errorf("%d decisions: %v", decided, effects)
	}
	if t.Failed() {
		t.Logf("%v", found)
	}
}
