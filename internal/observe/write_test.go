package observe_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"

	"modicum/internal/gate"
	"modicum/internal/sandbox"
	"modicum/ledger"
)

// TestObserveWritesLoseNothing: what is read whole and written back with a change is the
// record with that change, and the report counts the write.
func TestObserveWritesLoseNothing(t *testing.T) {
	up, address := newHospital(t)
	h := open(t, address, "observe")
	alice := sandbox.Staff[0]
	read := h.get(alice, alice.Tasks[0], "Condition/c1")
	before := raw(up, "Condition/c1")
	changed := read.records(t)["Condition/c1"]
	changed["recordedDate"] = "2020-02-02"
	body, err := json.Marshal(changed)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, h.web.URL+"/fhir/Condition/c1", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	token, err := h.issuer.Token(alice, sandbox.Ward, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Modicum-Task", alice.Tasks[0])
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("If-Match", read.tag)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	after := raw(up, "Condition/c1")
	before["recordedDate"] = "2020-02-02"
	for _, r := range []map[string]any{before, after} {
		delete(r, "meta") // the server's own
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Modicum-Mode") != "observe" || !maps.Equal(leaves(before), leaves(after)) {
		t.Errorf("%d: before, with the change\n%v\nafter\n%v", res.StatusCode, before, after)
	}
	of := map[string][]ledger.Entry{}
	for _, e := range h.entries() {
		if e.Header().Kind != ledger.KindAct {
			of[e.Header().ID] = append(of[e.Header().ID], e)
		}
	}
	for _, entries := range of {
		if r, err := gate.Replay(h.server.Generation().Set, entries); err != nil || len(r.Differences) > 0 {
			t.Errorf("a write that was observed is not derived again: %v %v", err, r.Differences)
		}
	}
}
