package fhir_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

const jsonPatch = "application/json-patch+json"

func (c *clinic) patch(t testing.TB, who, name, media, body string, headers ...string) reply {
	t.Helper()
	return c.send(t, who, http.MethodPatch, "/"+name, body, append([]string{"Content-Type", media}, headers...)...)
}

// FC15: operations reach what the caller sees and may write, and nothing else; what they
// leave alone keeps its bytes.
func TestFC15_APatchReachesWhatIsSeenAndWritable(t *testing.T) {
	for name, tt := range map[string]struct {
		media, patch string
		old, new     string // of the text upstream; "" where the patch is refused
	}{
		"replace":                    {jsonPatch, `[{"op":"replace","path":"/name/0/family","value":"Renamed"}]`, `"Familyp1"`, `"Renamed"`},
		"test and replace":           {jsonPatch, `[{"op":"test","path":"/birthDate","value":"1940-05-06"},{"op":"replace","path":"/gender","value":"male"}]`, `"female"`, `"male"`},
		"add":                        {jsonPatch, `[{"op":"add","path":"/name/0/given/-","value":"Second"}]`, `["Test"]`, `["Test","Second"]`},
		"remove":                     {jsonPatch, `[{"op":"remove","path":"/birthDate"}]`, `"birthDate":"1940-05-06",`, ``},
		"test of another value":      {jsonPatch, `[{"op":"test","path":"/birthDate","value":"1941-05-06"},{"op":"replace","path":"/gender","value":"male"}]`, "", ""},
		"test of what is hidden":     {jsonPatch, `[{"op":"test","path":"/telecom/0/value","value":"555-p1"}]`, "", ""},
		"copy of what is hidden":     {jsonPatch, `[{"op":"copy","from":"/telecom/0/value","path":"/name/0/text"}]`, "", ""},
		"move of what is hidden":     {jsonPatch, `[{"op":"move","from":"/identifier/1/value","path":"/name/0/text"}]`, "", ""},
		"remove of what is hidden":   {jsonPatch, `[{"op":"remove","path":"/identifier/1"}]`, "", ""},
		"replace of the whole":       {jsonPatch, `[{"op":"replace","path":"","value":{"resourceType":"Patient","id":"p1"}}]`, "", ""},
		"of another id":              {jsonPatch, `[{"op":"replace","path":"/id","value":"p2"}]`, "", ""},
		"FHIRPath replace":           {fhirJSON, `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Patient.birthDate"},{"name":"value","valueDate":"1941-05-06"}]}]}`, `"1940-05-06"`, `"1941-05-06"`},
		"FHIRPath of what is hidden": {fhirJSON, `{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Patient.telecom[0]"}]}]}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			before := a.kept("Patient/p1")
			r := c.patch(t, "nina", "Patient/p1", tt.media, tt.patch)
			want := before
			if tt.old != "" {
				want = strings.Replace(before, tt.old, tt.new, 1)
			}
			if ok := r.status == 200; ok != (tt.old != "") || r.status >= 500 {
				t.Fatalf("%d %s", r.status, r.body)
			}
			if got := a.kept("Patient/p1"); bare(got) != bare(want) {
				t.Errorf("upstream has\n%s\nwant\n%s", got, want)
			}
			lacks(t, r.body, "555-p1", "999-00")
			if tt.old != "" {
				if again := c.get(t, "nina", "/Patient/p1"); again.body != r.body || again.header.Get("ETag") != r.header.Get("ETag") {
					t.Errorf("the answer is not what a read shows:\n%s\n%s", r.body, again.body)
				}
			}
		})
	}
}

// FC15: whether a hidden value is there, and what it is, no operation tells.
func TestFC15_OperationsOnWhatIsHiddenAreOneAnswer(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	for _, op := range []string{"test", "replace", "remove", "copy", "move"} {
		guess := func(path, value string) reply {
			return c.patch(t, "nina", "Patient/p1", jsonPatch, `[{"op":"`+op+`","path":"`+path+`","from":"`+path+`","value":"`+value+`"}]`)
		}
		same(t, guess("/identifier/1/value", "999-00-p1"), guess("/identifier/1/value", "999-00-other"))
		same(t, guess("/identifier/1/value", "999-00-p1"), guess("/identifier/7/value", "x"))
		same(t, guess("/address/0/line/0", "1 Main St"), guess("/address/0/line/0", "2 Main St"))
	}
	if w := a.writes(); len(w) > 0 {
		t.Errorf("sent %v", w)
	}
}

// A patch whose answer was lost is not done twice: sent again as it was, it must say on
// what it rests.
func TestAPatchSentAgainIsNotDoneTwice(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	add := `[{"op":"add","path":"/name/0/given/-","value":"Second"}]`
	var lost atomic.Bool
	a.after = func(*http.Request) bool { return !lost.Swap(true) }
	if r := c.patch(t, "nina", "Patient/p1", jsonPatch, add); r.status != 504 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	a.writes()
	for range 2 {
		a.refused(t, c.patch(t, "nina", "Patient/p1", jsonPatch, add), 428, "if-match")
	}
	contains(t, a.kept("Patient/p1"), `["Test","Second"]`)
	tag := c.get(t, "nina", "/Patient/p1").header.Get("ETag")
	for range 2 { // who says on what it rests may add again; who does not, and lost nothing, too
		if r := c.patch(t, "nina", "Patient/p1", jsonPatch, add, "If-Match", tag); r.status != 200 {
			t.Errorf("%d %s", r.status, r.body)
		}
		tag = c.get(t, "nina", "/Patient/p1").header.Get("ETag")
	}
}

func TestFC15_APatchMaySayOnWhatItRests(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	rename := `[{"op":"replace","path":"/name/0/family","value":"Renamed"}]`
	a.refused(t, c.patch(t, "nina", "Patient/p1", jsonPatch, rename, "If-Match", `W/"3"`), 412, "changed")
	if r := c.patch(t, "nina", "Patient/p1", jsonPatch, rename, "If-Match", c.get(t, "nina", "/Patient/p1").header.Get("ETag")); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	a.writes()
	for _, bad := range []string{`{}`, `[`, `[{"op":"frobnicate","path":"/x"}]`, `[{"op":"add"}]`} {
		r := c.patch(t, "nina", "Patient/p1", jsonPatch, bad)
		if r.status != 400 && r.status != 422 && r.status != 403 {
			t.Errorf("%s: %d %s", bad, r.status, r.body)
		}
	}
	a.refused(t, c.patch(t, "nina", "Patient/p1", "application/merge-patch+json", `{}`), 415, "media-type")
	a.refused(t, c.patch(t, "nina", "Patient/p1?family=x", jsonPatch, rename), 400, "conditional")
}
