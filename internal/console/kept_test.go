package console_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	pressable = regexp.MustCompile(`name="do" value="([a-z-]+)"`)
	lastPress = regexp.MustCompile(`<button class="primary" autofocus>([^<]+)</button>`)
)

// TestThePageAfterAProofNamesTheButtonThatWasPressed: each of the buttons that a page has.
func TestThePageAfterAProofNamesTheButtonThatWasPressed(t *testing.T) {
	office := newBureau(t)
	office.addsProgram(t, "lab", "ben")
	for _, tt := range []struct {
		at    *world
		as    func()
		path  string
		text  string // the file of the page
		forms []string
	}{
		{office.world, func() { office.as("ann") }, "/people/cleo", "page_person.html", []string{"end-token"}},
		{office.world, func() { office.as("ben") }, "/programs/lab", "page_program.html", []string{"key", "hand"}},
		{office.world, func() { office.as("ann") }, "/proposals", "page_proposals.html", nil},
		{newHospital(t).as("nina").world, func() {}, "/grants/any", "page_grant.html", nil},
		{newParliament(t).as("paul").world, func() {}, "/policy/changes/any", "page_change.html", nil},
	} {
		text, err := os.ReadFile(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		tt.as()
		tt.at.proved.Store(false)
		forms := tt.forms
		for _, m := range pressable.FindAllStringSubmatch(string(text), -1) {
			forms = append(forms, m[1])
		}
		if len(forms) < 3 {
			t.Errorf("%s: found %v alone", tt.text, forms)
		}
		for _, do := range forms {
			said := pressedAgain(t, tt.at, tt.path, "do="+do+"&item=hidden-one")
			if said == "" || said == "Do it" || said == "Send it" {
				t.Errorf("%s: %s is called %q after the proof", tt.path, do, said)
			}
		}
	}
}

// pressedAgain sends a form without a proof, and returns what the button says that sends it
// once more.
func pressedAgain(t *testing.T, w *world, path, form string) string {
	t.Helper()
	_, to := w.send(t, http.MethodPost, path, form)
	_, name, found := strings.Cut(to, "%2Fagain%2F")
	if !found {
		t.Fatalf("%s: %s is not kept: %s", path, form, to)
	}
	name, _, _ = strings.Cut(name, "<")
	_, page := w.get(t, "/again/"+name)
	if strings.Contains(page, "<dt>Do</dt>") || strings.Contains(page, "<dd>hidden-one") {
		t.Errorf("%s: what nobody filled in is told", path)
	}
	m := lastPress.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("%s: no button: %s", path, page)
	}
	return m[1]
}
