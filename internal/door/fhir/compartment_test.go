package fhir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
	"modicum/ledger"
)

// asserted is a condition of one patient that another asserted.
func asserted(id, patient, by string) string {
	return edit(condition(id, patient, "J45.0"), `"recordedDate"`, `"asserter":{"reference":"Patient/`+by+`"},"recordedDate"`)
}

func TestFC10_ACompartmentAnswersAsThePlainSearch(t *testing.T) {
	up := ward(t)
	up.put(`{"resourceType":"Encounter","id":"v1","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"}}`,
		edit(condition("k1", "p1", "J45.0"), `"recordedDate"`, `"encounter":{"reference":"Encounter/v1"},"recordedDate"`))
	c := openClinic(t, up, "", nil)
	c.get(t, "alice", "/Encounter/v1")
	for _, ask := range []struct{ who, owner, query, as string }{
		{"alice", "Patient/p1/Encounter", "", "patient=p1"}, {"alice", "Patient/p9/Encounter", "", "patient=p9"}, {"alice", "Patient/nobody/Encounter", "", "patient=nobody"},
		{"alice", "Encounter/v1/Condition", "", "encounter=v1"}, {"alice", "Encounter/v9/Condition", "", "encounter=v9"},
		{"alice", "Encounter/v1/Condition", "code=J45.0", "encounter=v1"}, {"alice", "Patient/p1/Encounter", "status=finished", "patient=p1"},
		{"bob", "Patient/p1/Condition", "", "patient=p1"}, {"bob", "Patient/p1/Encounter", "", "patient=p1"}, {"nemo", "Patient/p1/Condition", "", "patient=p1"},
		{"bob", "Patient/p1/Condition", "recorded-date=2026", "patient=p1"}, {"alice", "Patient/p1/Encounter", "_summary=count", "patient=p1"},
		{"vera", "Patient/p1/Observation", "", "patient=p1"}, {"norma", "Patient/p1/Condition", "", "patient=p1"}, {"alice", "Patient/p1/Encounter", "_sort=date", "patient=p1"},
	} {
		typ := ask.owner[strings.LastIndexByte(ask.owner, '/')+1:]
		plain := strings.Trim(ask.query+"&"+ask.as, "&")
		got, want := c.get(t, ask.who, "/"+ask.owner+"?"+orElse(ask.query, "_format=json")), c.get(t, ask.who, "/"+typ+"?"+plain)
		a, b := unlinked(got.body), unlinked(want.body)
		if got.status != want.status || a != b {
			t.Errorf("%s as %s:\n%d %s\n%d %s", ask.owner, ask.who, got.status, a, want.status, b)
		}
		form := c.send(t, ask.who, "POST", "/"+ask.owner+"/_search", orElse(ask.query, "_format=json"), "Content-Type", "application/x-www-form-urlencoded")
		if form.status != want.status || unlinked(form.body) != b {
			t.Errorf("%s by POST: %d %s", ask.owner, form.status, form.body)
		}
		if form.status == 200 && strings.Contains(form.body, "code=") {
			t.Errorf("what came in a form stands in a link: %s", form.body)
		}
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// unlinked is an answer without its links.
func unlinked(body string) string {
	head, rest, _ := strings.Cut(body, `"link":[`)
	_, rest, _ = strings.Cut(rest, `]`)
	return head + rest
}

const insurer = `role: insurer
title: Insurer's desk
owner: chief-nursing-officer
review: 12 months
tasks:
  insure:
    title: See who is insured
    purpose: payment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [coverage.plan]}
say: Plans, not who pays for them.
`

// withRole opens a clinic in which wanda has a further role and alice's patients.
func withRole(t *testing.T, up *sheet, name, text string) *clinic {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/policy")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "roles", name+".yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := openClinicAt(t, up.URL+"/fhir", loadPolicy(t, dir), map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(c *clinic, _ *fhir.Config) { c.up = up })
	c.staff["wanda"] = &caller.Caller{ID: "alice", Roles: []string{name}}
	return c
}

// A condition is in the compartment of whom it is about and of who asserted it, a
// coverage in that of whom it covers and of who subscribed to it. The second is a search
// of its own: whose task does not keep who that was learns nothing of it.
func TestFC10_ACompartmentIsItsPlainSearchesTogether(t *testing.T) {
	up := ward(t)
	up.put(asserted("x1", "p2", "p1"), asserted("x2", "p1", "p1"), asserted("x3", "p9", "p1"), asserted("x4", "p3", "p1"))
	plan := func(id, of, by string) string {
		return fmt.Sprintf(`{"resourceType":"Coverage","id":"%s","status":"active","subscriber":{"reference":"Patient/%s"},"beneficiary":{"reference":"Patient/%s"}}`, id, by, of)
	}
	up.put(plan("k1", "p1", "p1"), plan("k2", "p2", "p1"))
	c := withRole(t, up, "insurer", insurer)
	want := []string{"c00", "c01", "c03", "c04", "c06", "c07", "c09", "c10", "x2", "x1", "x4"}
	for _, page := range []string{"", "&_count=1", "&_count=4", "&_count=9", "&_count=10"} {
		if got := flat(c.all(t, "alice", "/Patient/p1/Condition?_format=json"+page)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", page, got, want)
		}
	}
	if b := c.get(t, "alice", "/Patient/p1/Condition").bundle(t); b.Total == nil || *b.Total != 11 {
		t.Errorf("total %v, want 11", b.Total)
	}
	if b := c.get(t, "alice", "/Patient/p1/Condition?_summary=count").bundle(t); *b.Total != 11 {
		t.Errorf("counted %v, want 11", *b.Total)
	}
	if got := flat(c.all(t, "wanda", "/Patient/p1/Coverage")); !slices.Equal(got, []string{"k1"}) {
		t.Errorf("wanda, who does not see subscribers: %v", got)
	}
	if got := flat(c.all(t, "wanda", "/Patient/p2/Coverage")); !slices.Equal(got, []string{"k2"}) {
		t.Errorf("the covered patient's: %v", got)
	}
	// An order over both searches is not made; what one of them finds alone is ordered.
	if r := c.get(t, "alice", "/Patient/p1/Condition?_sort=code"); r.status != 400 {
		t.Errorf("sorted over two searches: %d", r.status)
	}
	if r := c.get(t, "wanda", "/Patient/p1/Coverage?_sort=status"); r.status != 200 {
		t.Errorf("sorted over one: %d %s", r.status, r.body)
	}
	if r := c.get(t, "alice", "/Patient/p2/Condition?_sort=code"); r.status != 200 {
		t.Errorf("sorted over two, of which one finds: %d %s", r.status, r.body)
	}
}

// The further searches have decisions of their own, which name the first.
func TestL2_TheSearchesOfACompartmentAreEachRecorded(t *testing.T) {
	up := ward(t)
	up.put(asserted("x1", "p2", "p1"))
	c := openClinic(t, up, "", nil)
	first := c.get(t, "alice", "/Patient/p1/Condition").header.Get("Modicum-Decision")
	c.gate.Wait()
	var parts []*ledger.Decision
	ended := map[string]int64{}
	for _, e := range c.book.entries {
		switch e := e.(type) {
		case *ledger.Decision:
			if e.Interaction == "search-compartment" {
				parts = append(parts, e)
			}
		case *ledger.Outcome:
			ended[e.ID] = e.Counts.Shown
		}
	}
	if len(parts) != 2 || parts[0].ID != first || parts[0].PartOf != "" || parts[1].PartOf != first {
		t.Fatalf("recorded %v", parts)
	}
	if ended[first] != 8 || ended[parts[1].ID] != 1 {
		t.Errorf("shown %v", ended)
	}
}

// A cursor of a compartment opens there and nowhere else.
func TestFC10_CursorsStayInTheirCompartment(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	b := c.get(t, "alice", "/Patient/p1/Condition?_count=2").bundle(t)
	next := b.link("next")
	contains(t, next, "/fhir/Patient/p1/Condition?_cursor=")
	_, cursor, _ := strings.Cut(next, "?")
	for _, path := range []string{"/Condition?", "/Patient/p2/Condition?", "/Patient/p1/Observation?"} {
		if r := c.get(t, "alice", path+cursor); r.status != 410 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	if r := c.get(t, "alice", "/Patient/p1/Condition?"+cursor); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
}
