package console_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/testkit"
	"modicum/ledger/ledgertest"
)

// stop is one page, and who stands before it.
type stop struct {
	name string
	web  func() string
	as   func()
	path string // with its form behind /posted, where the page answers a post
	// stranger puts a colleague there whom none of it concerns.
	stranger func()
}

// ofStaff are the pages of staff, oversight, the record and the system, each with
// something on it, for whoever it is for.
func ofStaff(t *testing.T) (stops []stop, site *console.Site) {
	t.Helper()
	e := newEyes(t)
	h := e.hospital
	h.as("nina").posted(t)
	review := h.breaks(t, "p9")
	h.pass(9 * time.Hour)
	request, glass := h.asks(t, "the transport company asks for it"), h.breaks(t, "drill-1")
	h.record.found = happenings(t)
	issues(t, h.given, "nina", "nurse/give-care")
	issues(t, h.given, "nina", "")
	add := func(who string, paths ...string) {
		for _, p := range paths {
			stops = append(stops, stop{who + p, func() string { return h.web.URL }, func() { h.as(who) }, p, func() { h.as("bob") }})
		}
	}
	post := func(path string, pairs ...string) string {
		f := url.Values{"to": {path}}
		for i := 0; i < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		return "/posted?" + f.Encode()
	}
	add("nina", "/", "/my", "/ask", "/inbox", "/grants", "/notices", "/settings", "/settings/notices", "/settings/tokens", "/requests/"+request, "/roles", "/roles/nurse", "/nothing", "/health",
		post("/my/patient", "task", "nurse/give-care", "patient", "p1"), post("/my/patient", "task", "nurse/give-care", "patient", "p7"),
		post("/ask", "step", "preview", "patient", "p1", "task", "nurse/give-care", "kind", "exception", "class", "coverage.member-id", "text", "the desk asks for the number"),
		post("/ask", "step", "preview", "task", "nurse/give-care", "kind", "exception", "text", "."))
	add("petra", "/", "/inbox", "/requests/"+request, "/grants?of=all", "/grants/"+glass, "/reviews", "/reviews/"+review, "/notices", "/record", "/see-as", "/see-as/nurse/give-care",
		post("/see-as/nurse/give-care", "from", "made-up", "sample", "p1", "holds", "assigned-patient"))
	add("petra", "/settings/notices", post("/requests/"+request, "answer", "refuse"), post("/see-as/nurse/give-care", "from", "made-up", "sample", "p1"),
		post("/see-as/nurse/give-care", "from", "given", "holds", "during-shift", "text", `{"resourceType":"Patient","id":"x","name":[{"family":"Berg"}]}`),
		post("/see-as/nurse/give-care", "from", "given", "text", "{"))
	for n := range 4 {
		add("petra", "/record/"+ledgertest.ID(n+1))
	}
	add("dora", "/", "/glass", "/grants/"+glass, post("/glass", "patient", "p1 p2", "text", ""))
	add("olga", "/", "/health", "/settings/installation", "/inbox", "/my", "/ask", "/grants", "/notices", "/settings", "/reviews")
	return stops, h.site
}

// ofOffice are the pages of people and programs, and the page on which a form waits.
func ofOffice(t *testing.T) (stops []stop, site *console.Site) {
	t.Helper()
	b := newBureau(t)
	for _, p := range officePages(t, b) {
		stops = append(stops, stop{"ann" + p, func() string { return b.web.URL }, func() { b.as("ann") }, p, func() { b.as("dan") }})
	}
	b.proved.Store(false)
	_, to := b.as("ann").post(t, "/people/new", "user_name", "eve", "name", "Eve Lund")
	b.proved.Store(true)
	_, again, found := strings.Cut(to, "%2Fagain%2F")
	if !found {
		t.Fatalf("a form is not kept: %s", to)
	}
	again, _, _ = strings.Cut(again, "<")
	_, to = b.as("ann").upload(t, "/people/import", "user_name,name,title,department,manager,roles\neve,Eve Lund,Nurse,ward-3,ben,nurse\nfay,Fay Ode,,ward-3,,privacy-officer\ndan,Dan Abbott,,,,\n")
	file, _, _ := strings.Cut(to, "<")
	stops = append(stops, stop{"ann/imports", func() string { return b.web.URL }, func() { b.as("ann") }, file, func() { b.as("dan") }})
	return append(stops, stop{"ann/again", func() string { return b.web.URL }, func() { b.as("ann") }, "/again/" + again, func() { b.as("dan") }}), b.site
}

// ofPolicy are the pages of a change of policy: for who wrote it, for who may say yes, and
// for who gains by it.
func ofPolicy(t *testing.T) (stops []stop, site *console.Site) {
	t.Helper()
	p := newParliament(t)
	path := p.found(t)
	p.as("dora").press(t, path, "do", "propose", "reason", "the ward writes to patients")
	for _, x := range [][2]string{{"dora", "/policy"}, {"dora", path}, {"paul", path}, {"nina", path}} {
		stops = append(stops, stop{x[0] + x[1], func() string { return p.web.URL }, func() { p.as(x[0]) }, x[1], func() { p.as("tess") }})
	}
	return stops, p.site
}

// noPage are addresses that give no page.
var noPage = map[string]string{"/record/{id}/proof": "a file"}

// written are the pages that the package's source adds by their address, in whichever
// console.
func written(t *testing.T) (out []console.Page) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`return Page\{Path: "([^"]+)"`).FindAllSubmatch(text, -1) {
			out = append(out, console.Page{Path: string(m[1])})
		}
	}
	if len(out) < 20 {
		t.Fatalf("the source adds %d pages", len(out))
	}
	return out
}

// covered fails for each page that no stop shows.
func covered(t *testing.T, stops []stop, pages ...console.Page) {
	t.Helper()
	for _, p := range pages {
		if noPage[p.Path] == "" && !slices.ContainsFunc(stops, func(s stop) bool { return shaped(p.Path).MatchString(s.at()) }) {
			t.Errorf("%s is a page that nobody looks at here", p.Path)
		}
	}
}

// TestEveryPage: clean for the checker in the light and, on the narrowest telephone, in the
// dark; nothing sticks out there or on paper; the keyboard reaches everything, and one sees
// where it is; the same without script; and the browser has nothing to complain of.
func TestEveryPage(t *testing.T) {
	staff, first := ofStaff(t)
	office, second := ofOffice(t)
	laws, third := ofPolicy(t)
	stops := slices.Concat(staff, office, laws, ofStates(t))
	covered(t, stops, slices.Concat(first.Paths(), second.Paths(), third.Paths(), written(t))...)
	testkit.Need(t, testkit.Browser)
	heard, ran := 0, 0
	for some := range slices.Chunk(stops, 16) { // no browser of the tests lives longer than that
		var b *browser // begun by the first stop that runs
		for _, s := range some {
			t.Run(strings.NewReplacer("/", "-", "?", "-").Replace(s.name), func(sub *testing.T) {
				if b == nil {
					b = newBrowser(t)
				}
				ran++
				s.as()
				testkit.Scriptless(sub, b.ctx, s.web()+s.path)
			})
		}
		if b == nil {
			continue
		}
		heard += b.forget("404", "403", "422")
		b.quiet()
	}
	if heard == 0 && ran == len(stops) {
		t.Error("the browser's console is not heard: pages that say no should speak there")
	}
}
