package fhir_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
)

// How much one search may show and ask of the upstream: the task's limit of results,
// chunks of patients, a scope that is too wide, the budget for a page.

func TestLimitsOfResultsEndASearchInWords(t *testing.T) {
	up := newSheet(t)
	for i := range 20 {
		up.put(condition(fmt.Sprintf("c%02d", i), fmt.Sprintf("p%d", i), "J45.0"))
	}
	c := openClinic(t, up, "", nil)
	path, n, last := "/Condition?_count=3", 0, ""
	for path != "" {
		r := c.get(t, "rita", path)
		b := r.bundle(t)
		for _, e := range b.Entry {
			if e.Search.Mode == "match" {
				n++
			}
		}
		path, last = b.link("next"), r.body
	}
	if n != 7 {
		t.Errorf("%d records, want the limit of 7", n)
	}
	contains(t, last, "The limit of results")
	if r := c.get(t, "rita", "/Condition?_count=100"); len(r.bundle(t).Entry) != 8 {
		t.Errorf("one page: %s", r.body)
	}
}

func TestASearchOverManyPatientsIsChunkedAndShowsEachRecordOnce(t *testing.T) {
	up := newSheet(t)
	var lines strings.Builder
	var want []string
	for i := range 250 {
		id := fmt.Sprintf("q%03d", i)
		fmt.Fprintf(&lines, `{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"adt","recorded_by":"ward"}`+"\n", id)
		if i%7 == 0 {
			up.put(condition("c-"+id, id, "J45.0"))
			want = append(want, "c-"+id)
		}
	}
	// An appointment-like record of two patients in two chunks.
	up.put(`{"resourceType":"Encounter","id":"family","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/q001"}}`)
	c := openClinic(t, up, lines.String(), nil)
	for _, count := range []int{1, 10, 100} {
		got := flat(c.all(t, "alice", fmt.Sprintf("/Condition?_count=%d", count)))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d a page: got %d, want %d", count, len(got), len(want))
		}
	}
	for _, sent := range c.up.sent() {
		if n := strings.Count(sent, "Patient%2F"); n > 100 {
			t.Errorf("%d patients in one search", n)
		}
	}
	if r := c.get(t, "alice", "/Condition?_sort=code"); r.status != 400 {
		t.Errorf("an order over several chunks: %d", r.status)
	}
}

func TestTooWideAScopeAsksForAPatient(t *testing.T) {
	var lines strings.Builder
	for i := range 1100 {
		fmt.Fprintf(&lines, `{"fact":"assigned-patient","who":"alice","patient":"Patient/q%04d","source":"adt","recorded_by":"ward"}`+"\n", i)
	}
	c := openClinic(t, ward(t), lines.String(), nil)
	c.refuse(t, 400, c.get(t, "alice", "/Condition"))
	if r := c.get(t, "alice", "/Condition?patient=p1"); r.status != 200 {
		t.Errorf("with a patient: %d", r.status)
	}
}

func TestTheWorkBudgetEndsInUnavailable(t *testing.T) {
	up := newSheet(t)
	for i := range 600 {
		up.put(condition(fmt.Sprintf("h%03d", i), "p1", "B20"))
	}
	up.put(condition("last", "p1", "J45.0"))
	spent := 0
	c := openClinic(t, up, "", func(cfg *fhir.Config) {
		cfg.Budget = fhir.Budget{Pages: 4}
		cfg.Note = func(e fhir.Event) {
			if e == fhir.BudgetSpent {
				spent++
			}
		}
	})
	if r := c.get(t, "alice", "/Condition?patient=p1&_count=20"); r.status != 503 || spent != 1 {
		t.Errorf("got %d, counted %d times: %s", r.status, spent, r.body)
	}
	c = openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Budget = fhir.Budget{Pages: 40} })
	if got := flat(c.all(t, "alice", "/Condition?patient=p1&_count=20")); !slices.Equal(got, []string{"last"}) {
		t.Errorf("got %v", got)
	}
	up.answer = func(w http.ResponseWriter, r *http.Request) { time.Sleep(300 * time.Millisecond); w.WriteHeader(500) }
	c = openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Budget = fhir.Budget{Time: 20 * time.Millisecond} })
	if r := c.get(t, "alice", "/Condition?patient=p1"); r.status != 503 {
		t.Errorf("slow: %d %s", r.status, r.body)
	}
}
