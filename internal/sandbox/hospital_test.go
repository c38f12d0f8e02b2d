package sandbox_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modicum"
	"modicum/catalog"
	"modicum/internal/facts"
	"modicum/internal/fhirjson"
	"modicum/internal/sandbox"
	"modicum/policy"
)

// TestHospitalHoldsTheHardCases: for each hard case of the sample policy there is
// a patient, marked as the catalog reads it.
func TestHospitalHoldsTheHardCases(t *testing.T) {
	s := sandbox.NewServer()
	sandbox.Fill(s, now)
	cat := catalog.R4()
	marked := map[string]string{}
	counts := map[string]int{}
	homes := map[string]int{}
	for name, body := range s.All {
		typ, _, _ := strings.Cut(name, "/")
		counts[typ]++
		rec, err := fhirjson.New(cat, fhirjson.Limits{}).Resource(body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for o := range rec.Overlays.All {
			marked[cat.Name(cat.OverlayClass(o))] = name
		}
		if typ == "Patient" {
			homes[home(t, body)]++
		}
	}
	for _, overlay := range []string{"sensitive.hiv", "sensitive.sud", "sensitive.sud-part2", "sensitive.mental-health", "sensitive.restricted", "sensitive.vip", "sensitive.minor"} {
		if marked[overlay] == "" {
			t.Errorf("no record is marked %s", overlay)
		}
	}
	for typ, least := range map[string]int{"Patient": 20, "Encounter": 20, "Coverage": 20, "CareTeam": 20, "Claim": 2, "Task": 2, "Appointment": 3, "Practitioner": 6} {
		if counts[typ] < least {
			t.Errorf("%d records of type %s, want %d", counts[typ], typ, least)
		}
	}
	shared := 0
	for _, n := range homes {
		shared = max(shared, n)
	}
	if shared != 3 {
		t.Errorf("the family at one address has %d members", shared)
	}
}

func home(t *testing.T, body []byte) string {
	t.Helper()
	var p struct{ Address []struct{ Line []string } }
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	return p.Address[0].Line[0]
}

// TestStaffFitThePolicy: every role and task of the staff is one of the sample
// policy's, and what the feeds say is accepted line by line.
func TestStaffFitThePolicy(t *testing.T) {
	set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
	if set == nil {
		t.Fatal(probs)
	}
	roles := map[string]bool{}
	for _, p := range sandbox.Staff {
		roles[p.Role] = true
		if _, ok := set.Task(p.Role + "/" + p.Tasks[0]); !ok {
			t.Errorf("%s: the policy has no task %s/%s", p.ID, p.Role, p.Tasks[0])
		}
	}
	if len(roles) < 8 {
		t.Errorf("%d roles", len(roles))
	}
	dir := t.TempDir()
	if err := sandbox.WriteFacts(dir, now); err != nil {
		t.Fatal(err)
	}
	voc := facts.FromPolicy(set, set.Folder(), nil)
	var said []string
	for _, source := range sandbox.Sources {
		f, err := os.Open(filepath.Join(dir, source+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		n, problems := facts.CheckFile(voc, source+".ndjson", f, now)
		f.Close()
		if len(problems) > 0 {
			t.Errorf("%s: %v", source, problems)
		}
		if n > 0 {
			said = append(said, source)
		}
	}
	for _, source := range []string{"adt", "roster", "queue", "desk", "helpdesk", "device", "office", "people"} {
		if !slices.Contains(said, source) {
			t.Errorf("the source %s says nothing", source)
		}
	}
}
