package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/observe"
	"modicum/internal/sandbox"
)

// TestANewHospitalObservesFirst: from observe to a report, role by role to enforcing,
// with the commands that a person would type.
func TestANewHospitalObservesFirst(t *testing.T) {
	n := arrive(t)
	feeds := t.TempDir()
	if err := sandbox.WriteFacts(feeds, time.Now()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(feeds, "*.ndjson"))
	for _, f := range found {
		n.must("facts", "import", f, "--config", n.config())
	}
	n.edit("modicum.yaml", "mode: enforce", "mode: observe")
	n.edit("modicum.yaml", "# enforce: [billing-specialist]", "enforce: [billing-specalist]")
	if status, out, errs := command(t, "serve", "--check", "--config", n.config()); status != exitUsage || !strings.Contains(out+errs, "no role of the policy") {
		t.Errorf("a role that nobody has: %d %s%s", status, out, errs)
	}
	n.edit("modicum.yaml", "billing-specalist", "billing-specialist")
	if status, out, errs := command(t, "serve", "--check", "--config", n.config()); status != exitYes || !strings.Contains(out+errs, "nothing is withheld from anybody") {
		t.Errorf("observing is not said: %d %s%s", status, out, errs)
	}
	fhir, ready, _ := n.serve()
	n.until(`"keys":1`, func() string { return n.get(ready) })
	if !strings.Contains(n.get(ready), `"mode":"observe"`) {
		t.Error("readyz does not say that it observes")
	}
	if page := n.get(strings.TrimSuffix(fhir, "fhir")); !strings.Contains(page, "Observe mode: nothing is withheld") || strings.Contains(page, "and nothing else") {
		t.Errorf("the start page does not say that it observes: %s", page)
	}
	n.until(`"resourceType":"Patient"`, func() string { _, b, _ := n.ask(fhir+"/Patient/p1", "bob", "work-denial"); return b }) // facts are in force
	n.until(`"900-55-1001"`, func() string { _, b, _ := n.ask(fhir+"/Patient/p1", "nina", "give-care"); return b })
	_, _, id := n.ask(fhir+"/Patient/p1", "nina", "give-care")
	if status, body, _ := n.ask(fhir+"/Claim?patient=p1", "nina", "give-care"); status != http.StatusOK || !strings.Contains(body, `"Claim"`) {
		t.Errorf("what enforcing refuses was refused: %d %s", status, body)
	}
	if status, _, _ := n.ask(fhir+"/Patient/p2", "bob", "work-denial"); status != http.StatusNotFound {
		t.Errorf("a role that is enforced: %d", status)
	}
	if out := n.must("explain", "--config", n.config(), id); !strings.Contains(out, "agrees to the bit") || !strings.Contains(out, "only observed") {
		t.Errorf("explain:\n%s", out)
	}
	if out := n.must("ledger", "show", "--config", n.config(), id); !strings.Contains(out, "mode") || !strings.Contains(out, "identifiers.ssn") {
		t.Errorf("ledger show:\n%s", out)
	}
	out := n.until("shows-nothing", func() string { return n.must("observe", "report", "--config", n.config(), "--since", "1h") })
	for _, want := range []string{"enforcing would have refused", "nurse/give-care", "identifiers.ssn", "not at all"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q:\n%s", want, out)
		}
	}
	var r observe.Report
	if err := json.Unmarshal([]byte(n.must("observe", "report", "--config", n.config(), "--json")), &r); err != nil || r.Observed < 3 || len(r.Tasks) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if status, _, errs := command(t, "observe", "report", "--config", n.config(), "--until", "2020-01-01"); status != exitNo || !strings.Contains(errs, "nothing was observed") {
		t.Errorf("of a time without: %d %s", status, errs)
	}
	n.until("nurse/give-care", func() string {
		_, out, _ := command(t, "observe", "report", "--folder", n.file("data/ledger"))
		return out
	})
}
