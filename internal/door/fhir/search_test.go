package fhir_test

import (
	"slices"
	"testing"
)

func TestSearchShowsWhatTheTaskSeesPageByPage(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, count := range []string{"", "&_count=1", "&_count=3", "&_count=8", "&_count=100"} {
		pages := c.all(t, "alice", "/Condition?patient=p1"+count)
		want := []string{"c00", "c01", "c03", "c04", "c06", "c07", "c09", "c10"}
		if got := flat(pages); !slices.Equal(got, want) {
			t.Errorf("count %q: got %v, want %v", count, got, want)
		}
		for i, p := range pages {
			if len(p) == 0 {
				t.Errorf("count %q: page %d is empty", count, i)
			}
		}
	}
}
