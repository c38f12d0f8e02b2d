package fhir_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/door/fhir"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
)

func TestMain(m *testing.M) {
	switch os.Getenv("FHIR_TEST_CHILD") {
	case "siege":
		siegeChild()
	case "others":
		othersChild()
	default:
		os.Exit(testkit.Main(m))
	}
}

// realClinic is the door before a real server, with alice looking after its first
// patients; rest are not hers.
func realClinic(t *testing.T, server *testkit.FHIR) (c *clinic, hers, rest []string) {
	t.Helper()
	all := server.Data.Patients()
	n := max(1, len(all)/2)
	hers, rest = all[:n], all[n:]
	var lines strings.Builder
	lines.WriteString(`{"source":"adt","whole":"2026-11-23T11:59:00Z"}` + "\n")
	for _, p := range hers {
		fmt.Fprintf(&lines, `{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"ward"}`+"\n", p)
	}
	const patience = 4 * time.Minute // on a busy machine a real server takes longer than a door waits
	c = openClinicThatWaits(t, patience, nil, server.Base, loadPolicy(t, "testdata/policy"), map[string]string{"adt": lines.String(), "roster": shifts, "people": people},
		func(c *clinic, _ *fhir.Config) { c.up = &sheet{} })
	return c, hers, rest
}

// visible lists the ids of the records of a type that name only the patient, and
// bear no mark: what the clinician of the test policy sees.
func visible(t *testing.T, server *testkit.FHIR, typ, patient string) (shown, hidden []string) {
	t.Helper()
	cat := catalog.R4()
	s := fhirjson.New(cat, fhirjson.Limits{Base: server.Base})
	for _, r := range server.Data[typ] {
		if !strings.Contains(string(r.Body), `"Patient/`+patient+`"`) {
			continue
		}
		rec, err := s.Resource(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if rec.Overlays == 0 && !rec.UnknownPatient {
			shown = append(shown, r.ID)
		} else {
			hidden = append(hidden, r.ID)
		}
	}
	slices.Sort(shown)
	return shown, hidden
}

func TestRealServersAnswerThroughTheDoor(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) { throughTheDoor(t, testkit.HAPI(t)) })
	t.Run("Medplum", func(t *testing.T) { throughTheDoor(t, testkit.Medplum(t)) })
}

func throughTheDoor(t *testing.T, server *testkit.FHIR) {
	c, hers, rest := realClinic(t, server)
	total := 0
	for _, p := range hers {
		want, hidden := visible(t, server, "Condition", p)
		for _, count := range []int{3, 20, 100} {
			pages := c.all(t, "alice", fmt.Sprintf("/Condition?patient=%s&_count=%d", p, count))
			got := slices.Sorted(slices.Values(flat(pages)))
			if !slices.Equal(got, want) {
				t.Errorf("conditions of %s, %d a page: got %d, want %d (and %d hidden)", p, count, len(got), len(want), len(hidden))
			}
			for _, page := range pages[:max(0, len(pages)-1)] {
				if len(page) != count {
					t.Errorf("a page of %d, not of %d", len(page), count)
				}
			}
		}
		total += len(want)
		if r := c.get(t, "alice", "/Patient/"+p); r.status != 200 {
			t.Errorf("patient: %d %s", r.status, r.body)
		}
		if len(want) > 0 {
			if r := c.get(t, "alice", "/Condition/"+want[0]); r.status != 200 {
				t.Errorf("condition: %d %s", r.status, r.body)
			}
		}
		if len(hidden) > 0 {
			same(t, c.get(t, "alice", "/Condition/"+hidden[0]), c.get(t, "alice", "/Condition/no-such-id"))
		}
	}
	if total == 0 {
		t.Fatal("the data holds no condition that shows")
	}
	for _, p := range rest {
		same(t, c.get(t, "alice", "/Patient/"+p), c.get(t, "alice", "/Patient/no-such-id"))
		if b := c.get(t, "alice", "/Condition?patient="+p).bundle(t); len(b.Entry) != 0 {
			t.Errorf("%d conditions of somebody else's patient", len(b.Entry))
		}
	}
	// Everybody at once: chunks of the caller's patients.
	var want []string
	for _, p := range hers {
		shown, _ := visible(t, server, "Condition", p)
		want = append(want, shown...)
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(flat(c.all(t, "alice", "/Condition?_count=50")))); !slices.Equal(got, want) {
		t.Errorf("conditions of all: got %d, want %d", len(got), len(want))
	}
}

// same checks that two answers do not differ but for what always may.
func same(t *testing.T, a, b reply) {
	t.Helper()
	if a.plain() != b.plain() {
		t.Errorf("the answers differ:\n%s\n%s", a.plain(), b.plain())
	}
}

func TestClientLibrariesListAllPages(t *testing.T) {
	server := testkit.HAPI(t)
	c, hers, _ := realClinic(t, server)
	best, most := "", 0
	for _, p := range hers {
		if shown, _ := visible(t, server, "Condition", p); len(shown) > most {
			best, most = p, len(shown)
		}
	}
	if most < 6 {
		t.Fatalf("only %d conditions: no second page", most)
	}
	for _, name := range testkit.Clients() {
		t.Run(name, func(t *testing.T) {
			out, err := testkit.Client(t, name, c.URL+"/fhir", "alice", best)
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("conditions %d", most); strings.TrimSpace(out) != want {
				t.Errorf("got %q, want %q", out, want)
			}
		})
	}
}
