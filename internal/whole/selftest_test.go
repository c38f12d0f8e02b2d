package whole_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit"
)

// TestSelfTestBeforeARealServer: the built command's self-test is green before a real
// server, of a caller who sees the planted patients and of one who does not.
func TestSelfTestBeforeARealServer(t *testing.T) {
	h := openHospital(t)
	now := time.Now().UTC().Format(time.RFC3339)
	lines := fmt.Sprintf(`{"source":"adt","whole":%q}`+"\n", now)
	for _, id := range []string{"a", "b"} {
		lines += fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/modicum-self-test-%s","source":"adt","recorded_by":"adt"}`+"\n", id)
	}
	h.write(t, "facts/adt.ndjson", lines)
	h.start(t)
	assignments(t, h.installation)
	for who, elements := range map[string]bool{"alice": true, "nemo": false} {
		token := filepath.Join(h.dir, who+".token")
		if err := os.WriteFile(token, []byte(h.as(t, who)), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out := h.run(t, "self-test", "--config", h.config(), "--address", h.door+"/fhir", "--as", "physician", "--task", "treat", "--token", token, "--json")
		graded(t, who, status, out, elements)
	}
}

// TestSelfTestBeforeAnotherServer: the same before the second server, which takes no ids
// but UUIDs, names no links and does not page.
func TestSelfTestBeforeAnotherServer(t *testing.T) {
	server := testkit.EmptyMedplum(t)
	i := install(t, strings.Replace(canaryConfig(strings.TrimSuffix(server.Base, "/fhir")), strings.TrimSuffix(server.Base, "/fhir")+"/fhir", server.Base, 1))
	writeCanaryFacts(t, i.dir)
	writeFile(t, filepath.Join(i.dir, "facts", "wrong.ndjson"), "")
	lines := whole("adt")
	for _, id := range []string{"modicum-self-test-a", "modicum-self-test-b", "5e1f7e57-0000-4000-8000-00000000a000", "5e1f7e57-0000-4000-8000-00000000b000"} {
		lines += fmt.Sprintf(`{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"adt"}`+"\n", id)
	}
	writeFile(t, filepath.Join(i.dir, "facts", "adt.ndjson"), lines)
	i.start(t)
	assignments(t, i)
	s := &scene{}
	for who, elements := range map[string]bool{"alice": true, "nemo": false} {
		eventually(t, "the keys are known", func() bool {
			return get(t, i.door+"/fhir/Patient/x", s.token(who, "physician"), "treat").status == 404
		})
		token := filepath.Join(i.dir, who+".token")
		writeFile(t, token, s.token(who, "physician"))
		status, out := i.run(t, "self-test", "--config", i.config(), "--address", i.door+"/fhir", "--as", "physician", "--task", "treat", "--token", token, "--json")
		graded(t, who, status, out, elements)
	}
}

// assignments waits until the facts of the test are in force.
func assignments(t *testing.T, i *installation) {
	t.Helper()
	eventually(t, "the facts are in force", func() bool {
		for _, s := range i.ready(t).Sources {
			if s.Source == "adt" && s.Facts > 0 {
				return true
			}
		}
		return false
	})
}

// graded reads a report that must be green.
func graded(t *testing.T, who string, status int, out string, elements bool) {
	t.Helper()
	var r struct {
		Elements       bool
		Passed, Failed int
		Probes         []struct{ Row, Title, Grade, Why string }
	}
	at := strings.Index(out, `{"`)
	if at < 0 {
		t.Fatalf("%s: %d %s", who, status, out)
	}
	if err := json.Unmarshal([]byte(out[at:]), &r); err != nil || status != 0 || r.Passed < 80 || r.Elements != elements {
		t.Errorf("%s: %d, %d passed, %d failed, elements %v, %v", who, status, r.Passed, r.Failed, r.Elements, err)
	}
	for _, p := range r.Probes {
		if p.Grade == "fail" {
			t.Errorf("%s: %s %s: %s", who, p.Row, p.Title, p.Why)
		}
	}
}
