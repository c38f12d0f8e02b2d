package demo_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"modicum/internal/demo"
	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// TestBeforeARealServer: the same gate before a server that we did not write, with
// facts made for a patient found there (docs/interfaces.md 6).
func TestBeforeARealServer(t *testing.T) {
	_, story := before(t, testkit.HAPI(t).Base)
	if strings.Contains(story, "\nAccount number") || strings.Contains(story, "\nPsychotherapy") {
		t.Errorf("rows about what this patient has not:\n%s", story)
	}
}

// TestBeforeAnotherServer: the same before the sandbox's server, named as if it
// were another, and what the page looks like then.
func TestBeforeAnotherServer(t *testing.T) {
	s := sandbox.NewServer()
	sandbox.Fill(s, time.Now())
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	d, _ := before(t, web.URL+"/fhir")
	testkit.Look(t, testkit.Chromium(t), d.Console)
}

// before runs the demo before a server: what each gets, and no value of a patient
// on the terminal or the page.
func before(t *testing.T, base string) (directions, string) {
	t.Helper()
	d, story := hear(t, demo.Options{Dir: t.TempDir(), Upstream: base})
	for title, want := range map[string]string{
		// physician nurse billing front-desk IT researcher nobody
		"Name":          "kept|kept|kept|kept|not there|not shown|not there",
		"Date of birth": "kept|kept|kept|kept|not there|kept|not there",
		"Diagnosis":     "kept|kept|refused|refused|refused|kept|not there",
		"Visit":         "kept|kept|kept|kept|refused|not there|not there",
	} {
		if got := row(t, story, title); got != want {
			t.Errorf("%s:\n got %s\nwant %s", title, got, want)
		}
	}
	if d.Upstream != base || len(d.Patients) < 2 {
		t.Fatalf("demo.json: upstream %s, %d patients", d.Upstream, len(d.Patients))
	}
	for _, p := range d.Patients {
		for _, value := range values(t, base+"/Patient/"+p.ID) {
			if value != p.ID && strings.Contains(story, value) {
				t.Errorf("the story says %q of a patient of another server", value)
			}
		}
	}
	if !strings.Contains(story, "keep this to synthetic patients") {
		t.Error("the story does not warn")
	}
	limitedPage(t, d)
	return d, story
}

// values are texts of a patient that nobody may print.
func values(t *testing.T, url string) []string {
	t.Helper()
	status, _, body := get(t, url)
	var p struct {
		Name []struct {
			Family string
			Given  []string
		}
		BirthDate  string
		Identifier []struct{ Value string }
		Telecom    []struct{ Value string }
		Address    []struct{ Line []string }
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	out := []string{p.BirthDate, p.Name[0].Family, p.Telecom[0].Value, p.Address[0].Line[0]}
	for _, i := range p.Identifier[1:] {
		out = append(out, i.Value)
	}
	return append(out, p.Name[0].Given...)
}

// keys are the random texts of a page, in which any two letters may stand.
var keys = regexp.MustCompile(`([A-Za-z0-9/=]|\+|&#43;){40,}`)

// limitedPage: the page tells nothing of a patient to whoever opens it.
func limitedPage(t *testing.T, d directions) {
	t.Helper()
	for _, query := range []string{"", "?a=alice&b=bob&patient=" + d.Patients[0].ID} {
		status, _, html := get(t, d.Console+query)
		text := plain(html)
		if status != http.StatusOK || !strings.Contains(text, "comparison is off") || !strings.Contains(text, "modicum ledger verify") {
			t.Errorf("%s: %d\n%s", query, status, text)
		}
		said := keys.ReplaceAllString(html, "")
		for _, s := range append(values(t, d.Upstream+"/Patient/"+d.Patients[0].ID), d.Patients[0].ID, "<form", "kept") {
			if strings.Contains(said, s) {
				t.Errorf("%s: the page says %q", query, s)
			}
		}
	}
}
