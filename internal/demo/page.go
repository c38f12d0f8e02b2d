package demo

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"modicum/internal/console"
	"modicum/internal/sandbox"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle []byte

var page = console.Bare("page", pageText, template.FuncMap{
	"slug": func(f fate) string { return strings.ReplaceAll(string(f), " ", "-") },
})

// preset is a comparison worth a look.
type preset struct{ A, B, Patient, Title string }

var presets = []preset{
	{"alice", "bob", "p1", "A physician and billing"},
	{"fay", "quincy", "p1", "Last four at the front desk, masks in a chart review"},
	{"nina", "rosa", "p1", "A nurse and a researcher"},
	{"ravi", "alice", "p2", "Inside and outside the substance use program"},
	{"nina", "alice", "p3", "A nurse and her own chart"},
	{"alice", "nina", "p6", "A physician and her family’s chart"},
}

// pageData is what the page shows.
type pageData struct {
	Staged   bool // people may come in
	Limited  bool // before another server: no patient is looked at
	Upstream string
	People   []staff
	Patients []sandbox.Patient
	Presets  []preset
	A, B     *side
	Patient  sandbox.Patient
	Diff     bool // only rows that differ
	Same     int  // rows left out therefore
	Records  []section
	Ledger   *ledgerView
	Problem  string
}

// pages are those of the demo, at /: two people, one patient, both views side by
// side, and the record growing below. They work without script.
func (d *demo) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.page)
	mux.HandleFunc("GET /style.css", console.Style)
	mux.HandleFunc("GET /page.css", console.Sheet(pageStyle))
	return console.Secure(mux)
}

func (d *demo) page(w http.ResponseWriter, r *http.Request) {
	data := &pageData{Presets: presets, Upstream: d.upstream, Limited: d.Upstream != "", Staged: d.staged}
	status := http.StatusOK
	if !data.Limited {
		status = d.compare(r, data)
	}
	data.Ledger = d.newest(r.Context())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = page.Execute(w, data) // an error here is a reader that went away
}

// compare asks for everything as both people and lays the answers side by side.
func (d *demo) compare(r *http.Request, data *pageData) (status int) {
	q := r.URL.Query()
	data.People, data.Patients, data.Diff = d.people, d.patients(), q.Has("diff")
	var found [3]bool
	data.A, found[0] = d.side(q.Get("a"), "alice")
	data.B, found[1] = d.side(q.Get("b"), "bob")
	data.Patient, found[2] = d.patientOf(q.Get("patient"))
	status = http.StatusOK
	if slices.Contains(found[:], false) {
		status = http.StatusNotFound
		data.Problem = "Nobody here goes by that name. Choose from the lists."
	}
	if err := d.views(r.Context(), data); err != nil {
		data.Problem = "The gate or the hospital’s server did not answer. Try again in a moment."
		return http.StatusBadGateway
	}
	return status
}

func (d *demo) views(ctx context.Context, data *pageData) error {
	chart, err := d.chart(ctx, data.Patient.ID)
	if err != nil {
		return err
	}
	var a, b []seen
	var errA, errB error
	var asking sync.WaitGroup
	asking.Go(func() { a, errA = d.look(ctx, &data.A.staff, chart) })
	asking.Go(func() { b, errB = d.look(ctx, &data.B.staff, chart) })
	asking.Wait()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	data.A.count(a)
	data.B.count(b)
	for i := range chart {
		s := sectionOf(&chart[i], &a[i], &b[i])
		if data.Diff {
			data.Same += s.onlyDifferences()
		}
		data.Records = append(data.Records, s)
	}
	return nil
}

// side is one of the two people, with what they do and how much they got.
type side struct {
	staff
	RoleTitle, TaskTitle, Purpose, Say string
	Shown, Of                          int // values
	There, Records                     int
}

// Bar is the part that showed, of a hundred.
func (s *side) Bar() int { return 100 * s.Shown / max(1, s.Of) }

func (s *side) count(views []seen) {
	for i := range views {
		n, of := views[i].shown()
		s.Shown, s.Of, s.Records = s.Shown+n, s.Of+of, s.Records+1
		if views[i].fate == kept {
			s.There++
		}
	}
}

// side finds a person by id; an empty id takes the one that is meant otherwise.
func (d *demo) side(id, otherwise string) (*side, bool) {
	p := d.person(id)
	found := p != nil || id == ""
	if p == nil {
		p = d.person(otherwise)
	}
	out := &side{staff: *p, TaskTitle: d.taskTitle(p), RoleTitle: p.Role}
	if role, ok := d.set().RoleOf(p.Role); ok {
		out.RoleTitle, out.Say = role.Title, role.Say
	}
	if task, ok := d.set().Task(p.Role + "/" + p.Tasks[0]); ok {
		out.Purpose = task.Purpose
	}
	return out, found
}

func (d *demo) patientOf(id string) (sandbox.Patient, bool) {
	all := d.patients()
	for _, p := range all {
		if p.ID == id {
			return p, true
		}
	}
	return all[0], id == ""
}
