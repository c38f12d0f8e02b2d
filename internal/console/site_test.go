package console_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/people"
)

// world is a console with somebody before it. Everything in it is made up.
type world struct {
	site    *console.Site
	web     *httptest.Server
	viewer  atomic.Pointer[console.Viewer]
	proved  atomic.Bool
	now     atomic.Int64 // microseconds
	changed atomic.Int32 // how often a post was done
}

var noon = time.Date(2026, 11, 27, 18, 5, 9, 123456000, time.UTC) // 12:05 in Chicago

func chicago(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// nina is a nurse who looks at pages.
func nina(duties ...people.Duty) *console.Viewer {
	return &console.Viewer{
		Person:  &people.Person{ID: "nina", UserName: "nina@hospital.example", Name: "Nina Okafor", Title: "Nurse, 4 West", Active: true},
		Roles:   []string{"nurse"},
		Duties:  duties,
		Session: "session-of-nina",
	}
}

func newWorld(t testing.TB, change func(*console.Config), pages ...console.Page) *world {
	t.Helper()
	w := &world{}
	w.viewer.Store(nina())
	w.now.Store(noon.UnixMicro())
	cfg := console.Config{
		Options: console.Options{Version: "test", Base: "/fhir"},
		Who:     func(*http.Request) *console.Viewer { return w.viewer.Load() },
		Proved:  func(context.Context, time.Duration) bool { return w.proved.Load() },
		Now:     func() (time.Time, bool) { return time.UnixMicro(w.now.Load()).UTC(), true },
		Zone:    chicago(t),
		Title:   "Sample Hospital and Clinics",
		Bell:    func(context.Context, string) int { return 3 },
	}
	if change != nil {
		change(&cfg)
	}
	site, err := console.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	site.Add(pages...)
	w.site = site
	w.web = httptest.NewServer(site.Handler())
	t.Cleanup(w.web.Close)
	return w
}

// client follows nothing, so that a test sees where it is sent.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (w *world) get(t testing.TB, path string) (int, string) {
	t.Helper()
	return w.send(t, http.MethodGet, path, "")
}

func (w *world) send(t testing.TB, method, path, form string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, w.web.URL+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location") + read(t, res)
}

// wing is a row of the table that the tests of the frame show.
type wing struct {
	name, kind string
	beds       int
}

var wings = console.Table[wing]{
	Name: "wings", Caption: "Wings", Sort: "name", PerPage: 20, Empty: "No wing is written down yet. A wing appears here when somebody opens one.",
	Columns: []console.Column[wing]{
		{Key: "name", Title: "Wing", Text: func(w wing) string { return w.name }, Cell: func(w wing) console.Cell {
			return console.Cell{Text: w.name, Href: "/wings", Sub: "ground floor"}
		}},
		{Key: "kind", Title: "Kind", Text: func(w wing) string { return w.kind }, Pick: true},
		{Key: "beds", Title: "Beds", Text: func(w wing) string { return fmt.Sprint(w.beds) }, By: func(a, b wing) int { return a.beds - b.beds }, Right: true},
	},
}

type wingsPage struct {
	List *console.Listing
	Form *console.Form
}

var wingsView = console.View("wings", `{{define "title"}}Wings{{end}}{{define "main"}}<h1>Wings</h1>
<p class="lead">What there is of the hospital, and what is open.</p>{{template "table" .List}}
<h2>Open a wing</h2>{{template "form" .Form}}{{end}}`)

func wingForm() *console.Form {
	return &console.Form{Submit: "Open the wing", Back: "/", Fields: []*console.Field{
		{Name: "name", Label: "Name of the wing", Kind: console.Line, Need: true, Max: 20, Hint: "As it stands over the door."},
		{Name: "kind", Label: "Kind", Kind: console.Radios, Need: true, Options: []console.Option{{Value: "care", Label: "Care", Hint: "patients lie here"}, {Value: "desk", Label: "Desk"}}},
		{Name: "why", Label: "Reason", Kind: console.Area},
	}}
}

// wingPage is a page as another package adds one.
func (w *world) wingPage(rows []wing, fresh time.Duration) console.Page {
	show := func(v *console.Visit, f *console.Form) error {
		list, done := wings.List(v, rows)
		if done {
			return nil
		}
		if !f.OK() {
			return v.Again(wingsView, wingsPage{list, f})
		}
		return v.Show(wingsView, wingsPage{list, f})
	}
	return console.Page{
		Path: "/wings", Menu: "Wings", Group: console.Organization, Icon: "grid", Fresh: fresh, Sends: "Open the wing",
		May: console.Duty(people.RunSystem, people.RunPeople),
		Get: func(v *console.Visit) error { return show(v, wingForm()) },
		Post: func(v *console.Visit) error {
			f := wingForm()
			if !f.Read(v) {
				return show(v, f)
			}
			w.changed.Add(1)
			return v.Go("/wings", "The wing "+f.Get("name")+" is open.")
		},
	}
}

func manyWings(n int) (rows []wing) {
	for i := range n {
		rows = append(rows, wing{name: fmt.Sprintf("Wing %03d", i), kind: []string{"care", "desk", "=cmd|' /C calc'!A0"}[i%3], beds: i * 7 % 40})
	}
	return rows
}

// TestC1_NothingChangesByGet: of every page, whatever a GET carries, and with every
// other method that is no post.
func TestC1_NothingChangesByGet(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(manyWings(3), 0))
	w.viewer.Store(nina(people.Duties()...))
	const form = "name=West&kind=care"
	for _, p := range w.site.Paths() {
		path := strings.NewReplacer("{$}", "", "{name}", "x").Replace(p.Path)
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			w.send(t, method, path+"?"+form+"&_method=POST", form)
		}
	}
	if n := w.changed.Load(); n != 0 {
		t.Fatalf("%d changes without a post", n)
	}
	if status, to := w.send(t, http.MethodPost, "/wings", form); status != http.StatusSeeOther || !strings.HasPrefix(to, "/wings") || w.changed.Load() != 1 {
		t.Fatalf("the post itself: %d %s", status, to)
	}
}

// TestC1_APostChecksWhoAndHowLately: who may not open a page cannot post to it, nor
// who is not signed in, nor who did not prove who they are lately; nor does it count
// when the values stand in the address.
func TestC1_APostChecksWhoAndHowLately(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(nil, time.Minute))
	const form = "name=West&kind=care"
	for _, tt := range []struct {
		name   string
		viewer *console.Viewer
		proved bool
		path   string
		form   string
		status int
	}{
		{"nobody", nil, true, "/wings", form, http.StatusSeeOther},
		{"without the duty", nina(), true, "/wings", form, http.StatusForbidden},
		{"not proved", nina(people.RunSystem), false, "/wings", form, http.StatusSeeOther},
		{"in the address", nina(people.RunSystem), true, "/wings?" + form, "x=y", http.StatusUnprocessableEntity},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.viewer.Store(tt.viewer)
			w.proved.Store(tt.proved)
			if status, _ := w.send(t, http.MethodPost, tt.path, tt.form); status != tt.status || w.changed.Load() != 0 {
				t.Errorf("%d, want %d; %d changes", status, tt.status, w.changed.Load())
			}
		})
	}
}

// TestFormIsKeptOverAProof: for the session that sent it, for ten minutes, and it is
// sent by a press of a button, never by coming back.
func TestFormIsKeptOverAProof(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(nil, time.Minute))
	w.viewer.Store(nina(people.RunSystem))
	_, to := w.send(t, http.MethodPost, "/wings", "name=West+%3Cb%3E&kind=care")
	to, found := strings.CutPrefix(to, "/sign-in/prove?to=%2Fagain%2F")
	if !found || strings.Contains(to, "West") {
		t.Fatalf("led to %s", to)
	}
	name, _, _ := strings.Cut(to, "<")
	w.proved.Store(true)
	status, page := w.get(t, "/again/"+name)
	if status != http.StatusOK || !strings.Contains(page, `value="West &lt;b&gt;"`) || !strings.Contains(page, `action="/wings"`) || w.changed.Load() != 0 {
		t.Fatalf("%d: %s", status, page)
	}
	other := nina(people.RunSystem)
	other.Session = "another"
	w.viewer.Store(other)
	if status, page := w.get(t, "/again/"+name); status != http.StatusGone || strings.Contains(page, "West &lt;b") {
		t.Errorf("another session got the form: %d", status)
	}
	w.viewer.Store(nina(people.RunSystem))
	w.now.Store(noon.Add(10 * time.Minute).UnixMicro())
	if status, _ := w.get(t, "/again/"+name); status != http.StatusGone {
		t.Errorf("after ten minutes: %d", status)
	}
}

// TestC2_NoCellRunsInASpreadsheet: what a spreadsheet would take for a formula leaves
// with an apostrophe before it, whatever stands before its sign.
func TestC2_NoCellRunsInASpreadsheet(t *testing.T) {
	bad := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\ufeff=1", "'=1", "\"=1", "|x", "%0a", "\uff1d1", "\n=1", "a\n=1"}
	var rows []wing
	for _, s := range bad {
		rows = append(rows, wing{name: s, kind: "care"})
	}
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(rows, 0))
	w.viewer.Store(nina(people.RunSystem))
	_, file := w.get(t, "/wings?as=csv")
	lines, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if err != nil || len(lines) != len(bad)+1 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, line := range lines[1:] {
		if name := line[0]; !strings.HasPrefix(name, "'") && name != "a =1" {
			t.Errorf("%q would run", name)
		}
	}
}

// TestTableAsksByItsAddress: search, choice, order and page.
func TestTableAsksByItsAddress(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(manyWings(45), 0))
	w.viewer.Store(nina(people.RunSystem))
	for _, tt := range []struct {
		query        string
		first, count string
	}{
		{"", "Wing 000", "1 to 20 of 45"},
		{"?page=3", "Wing 040", "41 to 45 of 45"},
		{"?page=99", "Wing 040", "41 to 45 of 45"},
		{"?page=-1", "Wing 000", "1 to 20 of 45"},
		{"?sort=-name", "Wing 044", "1 to 20 of 45"},
		{"?sort=-beds", "Wing 017", "1 to 20 of 45"},
		{"?q=wing+04", "Wing 004", "6 of 45"},
		{"?kind=desk", "Wing 001", "15 of 45"},
		{"?sort=nothing", "Wing 000", "1 to 20 of 45"},
		{"?q=%3Cscript%3E", "None of the 45 fits", ""},
	} {
		_, page := w.get(t, "/wings"+tt.query)
		_, body, _ := strings.Cut(page, "<tbody>")
		if strings.Contains(tt.first, "None") {
			body = page
		}
		i := strings.Index(body, "Wing 0")
		if !strings.Contains(page, tt.count) || !strings.Contains(body, tt.first) || i >= 0 && !strings.HasPrefix(body[i:], tt.first) {
			t.Errorf("%s: no %q first, or no %q", tt.query, tt.first, tt.count)
		}
		if strings.Contains(page, "<script>") {
			t.Errorf("%s: a script from the address stands on the page", tt.query)
		}
	}
}

// TestWhatHasNoValueIsNoChoice: a row without one leaves the list at "All".
func TestWhatHasNoValueIsNoChoice(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage([]wing{{name: "West", kind: "care"}, {name: "East"}}, 0))
	w.viewer.Store(nina(people.RunSystem))
	_, page := w.get(t, "/wings")
	_, list, _ := strings.Cut(page, `id="pick-kind"`)
	list, _, _ = strings.Cut(list, "</select>")
	if strings.Count(list, "<option") != 2 || strings.Contains(list, "selected") {
		t.Errorf("the list is %s", list)
	}
}

// TestEveryPageSaysWhetherEnforcementIsOn, error pages and those of nobody included.
func TestEveryPageSaysWhetherEnforcementIsOn(t *testing.T) {
	for _, observe := range []bool{false, true} {
		w := newWorld(t, func(c *console.Config) {
			c.Observe = observe
			c.Lacks = func() []string { return []string{"a second person"} }
		})
		w = rebuild(t, w, w.wingPage(nil, 0))
		for _, path := range []string{"/wings", "/nothing", "/again/none"} {
			_, page := w.get(t, path)
			if strings.Contains(page, "Enforcement is on") == observe || strings.Contains(page, "Nothing is withheld") != observe {
				t.Errorf("observe %v, %s: the page does not say so", observe, path)
			}
			if !strings.Contains(page, "a second person") {
				t.Errorf("%s does not say what the installation lacks", path)
			}
		}
	}
}

// TestFirstViewIsSmall: the page with all that it asks for, as it goes over the wire.
func TestFirstViewIsSmall(t *testing.T) {
	w := newWorld(t, nil)
	w = rebuild(t, w, w.wingPage(manyWings(45), 0))
	w.viewer.Store(nina(people.RunSystem))
	sum := 0
	for _, path := range []string{"/wings", "/style.css", "/htmx.js"} {
		req, err := http.NewRequest(http.MethodGet, w.web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		n := len(read(t, res))
		res.Body.Close()
		t.Logf("%s: %d bytes", path, n)
		sum += n
	}
	if sum > 100_000 {
		t.Errorf("the first view is %d bytes", sum)
	}
}
