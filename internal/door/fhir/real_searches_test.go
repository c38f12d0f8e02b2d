package fhir_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/internal/testkit"
)

// TestRealServersAnswerSearchesThatRestOnSeveral: compartments, charts, includes, chains
// and the latest observations are what the plain searches of the same caller make of
// them, before servers that we did not write.
func TestRealServersAnswerSearchesThatRestOnSeveral(t *testing.T) {
	t.Run("HAPI", func(t *testing.T) { restOnSeveral(t, testkit.HAPI(t), 2) })
	t.Run("Medplum", func(t *testing.T) { restOnSeveral(t, testkit.Medplum(t), 1) })
}

// listed asks for all pages and lists Type/id of the entries of a mode.
func (c *clinic) listed(t *testing.T, path, mode string) []string {
	t.Helper()
	var out []string
	for path != "" {
		r := c.get(t, "alice", path)
		b := r.bundle(t)
		for _, e := range b.Entry {
			if e.Search.Mode == mode {
				out = append(out, fmt.Sprint(e.Resource["resourceType"], "/", e.Resource["id"]))
			}
		}
		path = b.link("next")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// restOnSeveral compares the charts of some patients, and chains over all of them.
func restOnSeveral(t *testing.T, server *testkit.FHIR, charts int) {
	c, hers, rest := realClinic(t, server)
	n := 0
	for _, p := range hers[:min(charts, len(hers))] {
		conditions := c.listed(t, "/Condition?patient="+p+"&_count=100", "match")
		if got := c.listed(t, "/Patient/"+p+"/Condition?_count=7", "match"); !slices.Equal(got, conditions) {
			t.Errorf("compartment of %s: %d, plainly %d", p, len(got), len(conditions))
		}
		n += len(conditions)
		whole := c.listed(t, "/Patient/"+p+"/$everything?_count=150", "match")
		var plain []string
		for _, typ := range typesIn(whole, "Patient", "Condition", "Observation", "Encounter", "MedicationRequest") {
			by := "patient"
			if typ == "Patient" {
				by = "_id"
			}
			plain = append(plain, c.listed(t, "/"+typ+"?"+by+"="+p+"&_count=200", "match")...)
		}
		slices.Sort(plain)
		if !slices.Equal(whole, plain) {
			t.Errorf("chart of %s: %d, plainly %d", p, len(whole), len(plain))
		}
		c.beside(t, p, conditions)
		c.latest(t, p)
	}
	if n == 0 {
		t.Fatal("the data holds no condition that shows")
	}
	for _, p := range rest[:1] {
		for _, path := range []string{"/Patient/" + p + "/Condition", "/Patient/" + p + "/$everything", "/Observation/$lastn?patient=" + p} {
			if got := c.listed(t, path, "match"); len(got) > 0 {
				t.Errorf("%s: %d records of somebody else's patient", path, len(got))
			}
		}
	}
	c.passing(t, hers)
}

func typesIn(refs []string, more ...string) []string {
	for _, r := range refs {
		typ, _, _ := strings.Cut(r, "/")
		more = append(more, typ)
	}
	slices.Sort(more)
	return slices.Compact(more)
}

// beside compares includes with what the matches say they refer to.
func (c *clinic) beside(t *testing.T, p string, conditions []string) {
	t.Helper()
	path := "/Condition?patient=" + p + "&_include=Condition:encounter&_count=150"
	if got := c.listed(t, path, "match"); !slices.Equal(got, conditions) {
		t.Errorf("matches with includes: %d, plainly %d", len(got), len(conditions))
	}
	var refs []string
	b := c.get(t, "alice", path).bundle(t)
	for _, e := range b.Entry {
		if visit, _ := e.Resource["encounter"].(map[string]any); e.Search.Mode == "match" && visit["reference"] != nil {
			refs = append(refs, visit["reference"].(string))
		}
	}
	slices.Sort(refs)
	if got := c.listed(t, path, "include"); !slices.Equal(got, slices.Compact(refs)) {
		t.Errorf("%d beside the conditions of %s, which refer to %d", len(got), p, len(refs))
	}
	back := c.listed(t, "/Encounter?patient="+p+"&_revinclude=Condition:encounter&_count=150", "include")
	if len(back) == 0 != (len(refs) == 0) || slices.ContainsFunc(back, func(r string) bool { return !slices.Contains(conditions, r) }) {
		t.Errorf("%d refer to the visits of %s, of %d conditions", len(back), p, len(conditions))
	}
}

// latest compares $lastn with the plain search, each code once.
func (c *clinic) latest(t *testing.T, p string) {
	t.Helper()
	newest := map[string]string{}
	day := func(e map[string]any) string { s, _ := e["effectiveDateTime"].(string); return s }
	code := func(e map[string]any) string {
		k, _ := e["code"].(map[string]any)
		list, _ := k["coding"].([]any)
		return fmt.Sprint(list)
	}
	for path := "/Observation?patient=" + p + "&category=laboratory&_count=200"; path != ""; {
		r := c.get(t, "alice", path)
		b := r.bundle(t)
		for _, e := range b.Entry {
			newest[code(e.Resource)] = max(newest[code(e.Resource)], day(e.Resource))
		}
		path = b.link("next")
	}
	b := c.get(t, "alice", "/Observation/$lastn?patient="+p+"&category=laboratory").bundle(t)
	if len(b.Entry) != len(newest) {
		t.Errorf("%d latest observations of %d codes", len(b.Entry), len(newest))
	}
	for _, e := range b.Entry {
		if day(e.Resource) != newest[code(e.Resource)] {
			t.Errorf("the latest is of %s, another of %s", day(e.Resource), newest[code(e.Resource)])
		}
	}
}

// passing compares chains with plain searches for the patients that they lead to.
func (c *clinic) passing(t *testing.T, hers []string) {
	t.Helper()
	who := c.get(t, "alice", "/Patient?_id="+hers[0]).bundle(t)
	name, _ := who.Entry[0].Resource["name"].([]any)
	family, _ := name[0].(map[string]any)["family"].(string)
	led := c.listed(t, "/Patient?family="+url.QueryEscape(family), "match")
	var want []string
	for _, p := range led {
		want = append(want, c.listed(t, "/Condition?patient="+p+"&_count=100", "match")...)
	}
	slices.Sort(want)
	if got := c.listed(t, "/Condition?patient.family="+url.QueryEscape(family)+"&_count=9", "match"); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("chain: %d, plainly %d", len(got), len(want))
	}
	b := c.get(t, "alice", "/Condition?patient="+hers[0]).bundle(t)
	k, _ := b.Entry[0].Resource["code"].(map[string]any)
	list, _ := k["coding"].([]any)
	code, _ := list[0].(map[string]any)["code"].(string)
	want = nil
	for _, p := range hers {
		if len(c.listed(t, "/Condition?patient="+p+"&code="+code, "match")) > 0 {
			want = append(want, "Patient/"+p)
		}
	}
	slices.Sort(want)
	if got := c.listed(t, "/Patient?_has:Condition:patient:code="+code, "match"); !slices.Equal(got, want) {
		t.Errorf("reverse chain: %v, want %v", got, want)
	}
}
