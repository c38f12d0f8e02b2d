package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/sandbox"
	"modicum/internal/selftest"
)

// attacked is an installation with the facts of the sandbox, and a nurse of both
// planted patients beside a physician of nobody's.
func attacked(t *testing.T, mode string) (n *newcomer, door string) {
	n = arrive(t)
	feeds := t.TempDir()
	if err := sandbox.WriteFacts(feeds, time.Now()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(feeds, "*.ndjson"))
	for _, f := range found {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if strings.HasPrefix(filepath.Base(f), "adt") {
			for _, id := range []string{"a", "b"} {
				for _, line := range strings.Split(text, "\n") {
					if strings.Contains(line, `"Patient/p1"`) && strings.Contains(line, "assigned-patient") && strings.Contains(line, "nina") {
						text += strings.ReplaceAll(line, "Patient/p1", "Patient/modicum-self-test-"+id) + "\n"
					}
				}
				text += `{"fact":"episode","who":"*","patient":"Patient/modicum-self-test-` + id + `","object":"Encounter/modicum-self-test-` + id + `-e","source":"adt","recorded_by":"adt-feed"}` + "\n"
			}
			if err := os.WriteFile(f, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n.must("facts", "import", f, "--config", n.config())
	}
	n.edit("modicum.yaml", "mode: enforce", "mode: "+mode)
	door, ready, _ := n.serve()
	n.until(`"keys":1`, func() string { return n.get(ready) })
	n.until(`"resourceType":"Bundle"`, func() string { _, b, _ := n.ask(door+"/Observation?patient=p1", "nina", "give-care"); return b })
	return n, door
}

// test runs the command as somebody.
func (n *newcomer) test(door, person, role, task string) (status int, r selftest.Report, errs string) {
	n.t.Helper()
	for _, p := range sandbox.Staff {
		if p.ID != person {
			continue
		}
		token, err := n.issuer.Token(p, sandbox.Ward, time.Now())
		if err != nil {
			n.t.Fatal(err)
		}
		if err := os.WriteFile(n.file("token"), []byte(token), 0o600); err != nil {
			n.t.Fatal(err)
		}
	}
	status, out, errs := command(n.t, "self-test", "--config", n.config(), "--address", door, "--as", role, "--task", task, "--token", n.file("token"), "--json")
	if status <= exitNo {
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			n.t.Fatalf("%v: %s %s", err, out, errs)
		}
	}
	return status, r, errs
}

func failures(r *selftest.Report) string {
	var b strings.Builder
	for _, p := range r.Results {
		if p.Grade == selftest.Fail {
			b.WriteString(p.Row + " " + p.Title + ": " + p.Why + "\n")
		}
	}
	return b.String()
}

// TestSelfTestIsGreenWhereTheGateEnforces: of a stranger and of a caller who sees the
// planted patients; and nothing is left behind.
func TestSelfTestIsGreenWhereTheGateEnforces(t *testing.T) {
	n, door := attacked(t, "enforce")
	for _, as := range []struct {
		person, role, task string
		elements           bool
	}{{"dan", "physician", "treat", false}, {"nina", "nurse", "give-care", true}} {
		status, r, errs := n.test(door, as.person, as.role, as.task)
		if status != exitYes || r.Elements != as.elements || r.Passed < 80 || len(r.Rows) != 52 {
			t.Errorf("%s: %d, %d passed, %d left out, elements %v %s\n%s", as.person, status, r.Passed, r.Skipped, r.Elements, errs, failures(&r))
		}
		for _, row := range r.Rows {
			if row.Grade == selftest.Skipped {
				t.Errorf("%s: no probe of %s tells anything", as.person, row.Row)
			}
		}
	}
	if text := n.get(n.upstream + "/Patient?_id=modicum-self-test-a,modicum-self-test-b"); strings.Contains(text, "self-test-a-") || strings.Contains(text, `"resource"`) {
		t.Errorf("planted patients are left: %s", text)
	}
	if status, _, errs := n.test(door, "dan", "physician", "no-such-task"); status != exitUsage || !strings.Contains(errs, "has no task") {
		t.Errorf("an unknown task: %d %s", status, errs)
	}
	if status, _, errs := n.test("http://127.0.0.1:1/fhir", "dan", "physician", "treat"); status != exitUnavailable || !strings.Contains(errs, "no answer") {
		t.Errorf("no gate: %d %s", status, errs)
	}
}

// TestSelfTestIsRedWhereTheGateOnlyObserves: enforcement off fails the probes.
func TestSelfTestIsRedWhereTheGateOnlyObserves(t *testing.T) {
	n, door := attacked(t, "observe")
	status, r, errs := n.test(door, "dan", "physician", "treat")
	if status != exitNo || r.Mode != "observe" || r.Failed < 20 {
		t.Errorf("%d, mode %q, %d failed %s", status, r.Mode, r.Failed, errs)
	}
}
