package whole_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	eventually(t, "the facts are in force", func() bool {
		for _, s := range h.ready(t).Sources {
			if s.Source == "adt" && s.Facts > 0 {
				return true
			}
		}
		return false
	})
	for who, elements := range map[string]bool{"alice": true, "nemo": false} {
		token := filepath.Join(h.dir, who+".token")
		if err := os.WriteFile(token, []byte(h.as(t, who)), 0o600); err != nil {
			t.Fatal(err)
		}
		status, out := h.run(t, "self-test", "--config", h.config(), "--address", h.door+"/fhir", "--as", "physician", "--task", "treat", "--token", token, "--json")
		var r struct {
			Elements       bool
			Passed, Failed int
			Probes         []struct{ Row, Title, Grade, Why string }
		}
		if err := json.Unmarshal([]byte(out[strings.IndexByte(out, '{'):]), &r); err != nil || status != 0 || r.Passed < 80 || r.Elements != elements {
			t.Errorf("%s: %d, %d passed, %d failed, elements %v, %v", who, status, r.Passed, r.Failed, r.Elements, err)
		}
		for _, p := range r.Probes {
			if p.Grade == "fail" {
				t.Errorf("%s: %s %s: %s", who, p.Row, p.Title, p.Why)
			}
		}
	}
}
