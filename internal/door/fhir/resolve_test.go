package fhir_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
)

const walker = `role: walker
title: Walker
owner: chief-nursing-officer
review: 12 months
tasks:
  walk:
    title: Go round
    purpose: treatment
    do: [read, search]
    while: [assigned-patient]
    see: {keep: [clinical.problem, admin.encounter]}
    references: resolve
say: The chart, with what it refers to.
`

// A reference is kept where its target would show, and looked up in one go for
// the page; one to what is hidden is gone, as one to what does not exist.
func TestDesign6_APageResolvesItsReferencesInBatches(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/policy")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "roles", "walker.yaml"), []byte(walker), 0o600); err != nil {
		t.Fatal(err)
	}
	up := newSheet(t)
	visit := func(id, patient string) string {
		return `{"resourceType":"Encounter","id":"` + id + `","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/` + patient + `"}}`
	}
	at := func(id, visit string) string {
		return edit(condition(id, "p1", "J45.0"), `"recordedDate"`, `"encounter":{"reference":"Encounter/`+visit+`"},"recordedDate"`)
	}
	up.put(visit("v1", "p1"), visit("v2", "p1"), visit("v9", "p9"), at("c1", "v1"), at("c2", "v2"), at("c3", "v9"), at("c4", "v7"))
	c := openClinicAt(t, up.URL+"/fhir", loadPolicy(t, dir), map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(c *clinic, _ *fhir.Config) { c.up = up })
	c.staff["wanda"] = &caller.Caller{ID: "alice", Roles: []string{"walker"}}
	r := c.get(t, "wanda", "/Condition?patient=p1")
	if b := r.bundle(t); len(b.ids()) != 4 {
		t.Errorf("shown %v", b.ids())
	}
	contains(t, r.body, "Encounter/v1")
	contains(t, r.body, "Encounter/v2")
	lacks(t, r.body, "Encounter/v9", "Encounter/v7")
	if sent := up.sent(); len(sent) != 2 || !strings.Contains(sent[1], "/Encounter?") {
		t.Errorf("the upstream was asked %v", sent)
	}
	contains(t, c.get(t, "wanda", "/Condition/c1").body, "Encounter/v1")
	lacks(t, c.get(t, "wanda", "/Condition/c3").body, "Encounter/v9")
	lacks(t, c.get(t, "alice", "/Condition?patient=p1").body, "Encounter/v") // another task, which does not say so
}
