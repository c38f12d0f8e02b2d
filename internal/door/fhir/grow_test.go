package fhir_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/door/fhir"
	"modicum/policy"
)

// BenchmarkDoorGrown measures one search through doors that differ in what is in force: a
// small policy, the same with a class of one more resource type, with a hundred more
// roles, with a million more facts about others. A request should not notice.
//
//	go test -run xxx -bench DoorGrown -benchtime 3000x -cpu 2 -count 3 ./internal/door/fhir
func BenchmarkDoorGrown(b *testing.B) {
	b.Run("small", func(b *testing.B) { searchGrown(b, loadPolicy(b, "testdata/policy"), "") })
	b.Run("one-more-type", func(b *testing.B) {
		searchGrown(b, grownPolicy(b, func(clinician []byte) map[string][]byte {
			return map[string][]byte{"clinician": bytes.Replace(clinician, []byte("admin.encounter"), []byte("admin.encounter, clinical.immunization"), 1)}
		}), "")
	})
	b.Run("100-more-roles", func(b *testing.B) {
		searchGrown(b, grownPolicy(b, func(clinician []byte) map[string][]byte {
			more := map[string][]byte{}
			for i := range 100 {
				name := fmt.Sprintf("clinician-%d", i)
				more[name] = bytes.Replace(clinician, []byte("role: clinician"), []byte("role: "+name), 1)
			}
			return more
		}), "")
	})
	b.Run("1000000-more-facts", func(b *testing.B) {
		var more strings.Builder
		for i := range 1_000_000 {
			fmt.Fprintf(&more, `{"fact":"assigned-patient","who":"nurse-%d","patient":"Patient/q%d","source":"adt","recorded_by":"ward"}`+"\n", i%5000, i)
		}
		searchGrown(b, loadPolicy(b, "testdata/policy"), more.String())
	})
}

// grownPolicy is the test policy with roles added or replaced.
func grownPolicy(b *testing.B, roles func(clinician []byte) map[string][]byte) *policy.Set {
	b.Helper()
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/policy")); err != nil {
		b.Fatal(err)
	}
	clinician, err := os.ReadFile(filepath.Join(dir, "roles", "clinician.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range roles(clinician) {
		if name == "clinician" && bytes.Equal(text, clinician) {
			b.Fatal("nothing was added")
		}
		if err := os.WriteFile(filepath.Join(dir, "roles", name+".yaml"), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	return loadPolicy(b, dir)
}

func searchGrown(b *testing.B, set *policy.Set, more string) {
	up := newSheet(b)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	for i := range 30 {
		up.put(condition(fmt.Sprintf("c%02d", i), "p1", "J45.0"))
	}
	lines := map[string]string{"adt": assigned + more, "roster": shifts, "people": people}
	c := openClinicAt(b, up.URL+"/fhir", set, lines, func(c *clinic, cfg *fhir.Config) { c.up, cfg.Diary = up, nil })
	c.book.forget = true
	load(b, c.URL+"/fhir/Condition?patient=p1", 0)
}
