package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"modicum"
	"modicum/catalog"
	"modicum/internal/preview"
	"modicum/internal/sandbox"
	"modicum/policy"
)

// TestSeeShowsWhatTheDoorShows: every member of staff, each of their tasks, each
// patient: what `see` prints of the record is, byte for byte but for blanks, what
// the FHIR door answers, and where the one shows nothing the other answers that
// nothing is there.
func TestSeeShowsWhatTheDoorShows(t *testing.T) {
	n := arrive(t)
	n.edit("modicum.yaml", "  fhir: {every: 15s}\n", "") // its facts are the door's alone
	feeds := t.TempDir()
	if err := sandbox.WriteFacts(feeds, time.Now()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(feeds, "*.ndjson"))
	for _, f := range found {
		n.must("facts", "import", f, "--config", n.config())
	}
	fhir, _, logged := n.serve()
	n.until(`"keys of an issuer are known"`, logged)
	n.until(`"resourceType":"Patient"`, func() string { _, b, _ := n.ask(fhir+"/Patient/p1", "nina", "give-care"); return b })
	set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors().Err())
	}
	shown, hidden, refused := 0, 0, 0
	for _, p := range sandbox.Staff {
		for _, task := range set.TasksOf([]string{p.Role}) {
			for _, patient := range []string{"p1", "p2", "p5", "p9"} {
				record := n.raw("Patient/" + patient)
				status, body, _ := n.ask(fhir+"/Patient/"+patient, p.ID, task.Task)
				one := n.see(set, p, task.Task, found, record)
				switch {
				case one.There:
					shown++
					if status != http.StatusOK || compact(t, body) != compact(t, string(one.Resource)) {
						t.Errorf("%s as %s, %s: the door %d\n%s\nsee\n%s", p.ID, task.ID, patient, status, body, one.Resource)
					}
				case one.Refused != nil:
					refused++
					if status != http.StatusForbidden {
						t.Errorf("%s as %s, %s: see refuses (%v), the door %d", p.ID, task.ID, patient, one.Refused, status)
					}
				default:
					hidden++
					if status != http.StatusNotFound {
						t.Errorf("%s as %s, %s: see has nothing there, the door %d\n%s", p.ID, task.ID, patient, status, body)
					}
				}
			}
		}
	}
	t.Logf("%d shown, %d not there, %d refused", shown, hidden, refused)
	if shown < 5 || hidden < 20 || refused < 5 {
		t.Errorf("%d shown, %d not there, %d refused: the comparison says little", shown, hidden, refused)
	}
}

// raw is a record as the own server has it.
func (n *newcomer) raw(ref string) string { return n.get(n.upstream + "/" + ref) }

// see shows one record to a member of staff, with the facts of the feeds.
func (n *newcomer) see(set *policy.Set, p sandbox.Person, task string, feeds []string, record string) preview.Shown {
	n.t.Helper()
	as := preview.As{Person: p.ID, Roles: []string{p.Role}, Task: task, Dept: sandbox.Ward.Dept, Facility: sandbox.Ward.Facility}
	if p.Practitioner != "" {
		as.Practitioners = []string{p.Practitioner}
	}
	v, err := preview.New(set, as, time.Now())
	if err != nil {
		n.t.Fatal(err)
	}
	for _, f := range feeds {
		body, err := os.ReadFile(f)
		if err != nil {
			n.t.Fatal(err)
		}
		if ps, err := v.State(body); err != nil || len(ps) > 0 {
			n.t.Fatal(f, err, ps)
		}
	}
	list, err := preview.Records("record", strings.NewReader(record))
	if err != nil {
		n.t.Fatal(err)
	}
	if err := v.Add(list[0]); err != nil {
		n.t.Fatal(err)
	}
	out, err := v.Show(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	return out[0]
}

func compact(t *testing.T, text string) string {
	t.Helper()
	v := jsontext.Value(text)
	if err := v.Compact(); err != nil {
		t.Fatal(err)
	}
	return v.String()
}
