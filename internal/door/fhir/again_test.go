package fhir_test

import (
	"testing"

	"modicum/internal/gate"
	"modicum/ledger"
)

// derivedAgain checks that each decision of a record is derived again to the bit from its
// entries alone (R6).
func (c *clinic) derivedAgain(t *testing.T, least int) {
	t.Helper()
	c.Close()
	c.gate.Wait()
	of := make(map[string][]ledger.Entry)
	for _, e := range c.book.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			of[e.ID] = append([]ledger.Entry{e}, of[e.ID]...)
		case *ledger.Opened:
			of[e.ID] = append(of[e.ID], e)
		case *ledger.Outcome:
			of[e.ID] = append(of[e.ID], e)
		}
	}
	verdicts := 0
	for id, entries := range of {
		r, err := gate.Replay(c.set.Load(), entries)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		for _, d := range r.Differences {
			t.Errorf("%s of %v: %s", r.Decision.Interaction, r.Decision.Asked, d)
		}
		verdicts += len(r.Verdicts)
	}
	if verdicts < least {
		t.Errorf("%d verdicts, want %d", verdicts, least)
	}
}

func TestR6_VersionsAreDerivedAgain(t *testing.T) {
	up := ward(t)
	keepVersions(up, "Condition", "h1", aged("5", "p1", "J45.0"), aged("4", "p1", "B20"), "", aged("3", "p9", "J45.0"), aged("2", "p1", "J20.0"))
	c := openClinic(t, up, "", nil)
	for _, path := range []string{"/Condition/h1/_history", "/Condition/h1/_history?_count=1", "/Condition/h1/_history/2", "/Condition/h1/_history/3", "/Condition/h1/_history/4", "/Condition/h1/_history/5", "/Condition/h1/_history/9", "/Condition/c02/_history"} {
		c.get(t, "vera", path)
	}
	c.derivedAgain(t, 10)
}

func TestR6_ContentsAreDerivedAgain(t *testing.T) {
	c := office(t)
	for _, path := range []string{"/DocumentReference/d1", "/DocumentReference/d9", "/Binary/b1", "/Binary/b9", "/Binary/nowhere"} {
		c.scribe(t, path)
	}
	c.derivedAgain(t, 4)
}

func TestR6_BatchesAndTransactionsAreDerivedAgain(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	c.send(t, "alice", "POST", "", bundleFor("batch", asked...), asFHIR...)
	c.send(t, "alice", "POST", "", bundleFor("transaction", one{method: "GET", url: "Patient/p1"}, one{method: "GET", url: "Condition?patient=p1"}, one{method: "GET", url: "Patient/p9"}), asFHIR...)
	c.derivedAgain(t, 20)
	a := newArchive(t)
	chart(a)
	w := writing(t, a, nil)
	w.transact(t, "nina", making(weighing("61.0", `"hasMember":[{"reference":"urn:uuid:1"}],`), weighing("62.0", "")))
	w.transact(t, "nina", making(weighing("63.0", ""), vital("p9", "")))
	w.derivedAgain(t, 5)
}
