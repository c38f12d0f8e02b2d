package fhir_test

import (
	"strings"
	"testing"
)

// TestN1_ARequestFindsNothingOfTheOneBefore: the memory of a decision serves the next one,
// which is another person's, and what they get is what they got from a door that nobody had
// asked before.
func TestN1_ARequestFindsNothingOfTheOneBefore(t *testing.T) {
	open := func() *clinic {
		up := newSheet(t)
		up.put(patient("p1", "Familyp1", "1940-05-06"), condition("c1", "p1", "J45.0"))
		return openClinic(t, up, "", nil)
	}
	const path = "/Condition?patient=p1"
	c, want := open(), map[string]string{}
	for _, who := range []string{"nemo", "bob", "alice", "norma"} {
		alone := open()
		want[who] = strings.ReplaceAll(alone.get(t, who, path).body, alone.URL, "")
	}
	if want["alice"] == want["nemo"] {
		t.Fatal("they see the same")
	}
	for range 50 {
		for _, who := range []string{"alice", "nemo", "alice", "bob", "alice", "norma"} {
			if got := strings.ReplaceAll(c.get(t, who, path).body, c.URL, ""); got != want[who] {
				t.Fatalf("%s after others:\n%s\nalone:\n%s", who, got, want[who])
			}
		}
	}
}
