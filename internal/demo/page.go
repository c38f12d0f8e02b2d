package demo

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"modicum/internal/sandbox"
	"modicum/ledger"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle []byte

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"slug": func(s string) string { return strings.ReplaceAll(s, " ", "-") },
}).Parse(pageText))

// console is the page at /: two people, one patient, both views side by side,
// and the record growing below. It works without script.
type console struct{ demo *demo }

type pageRow struct{ Title, A, B string }

type pageEntry struct{ At, Kind, Who, Task, Effect string }

type pageData struct {
	People   []staff
	Patients []sandbox.Patient
	A, B     *staff
	Patient  sandbox.Patient
	Rows     []pageRow
	Entries  []pageEntry
	Size     int64
	Problem  string
}

func (c *console) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", c.show)
	mux.HandleFunc("GET /page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write(pageStyle)
	})
	return mux
}

func (c *console) show(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	data := c.data(r)
	if err := page.Execute(w, data); err != nil {
		return // the client went away
	}
}

func (c *console) data(r *http.Request) *pageData {
	d := c.demo
	q := r.URL.Query()
	data := &pageData{People: d.people, Patients: d.patients(), A: d.choose(q.Get("a"), "alice"), B: d.choose(q.Get("b"), "bob")}
	data.Patient = data.Patients[0]
	for _, p := range data.Patients {
		if p.ID == q.Get("patient") {
			data.Patient = p
		}
	}
	a, errA := d.see(r.Context(), data.A, data.Patient.ID)
	b, errB := d.see(r.Context(), data.B, data.Patient.ID)
	if errA != nil || errB != nil {
		data.Problem = "The gate did not answer. Try again."
		return data
	}
	for i := range rows {
		data.Rows = append(data.Rows, pageRow{rows[i].title, a[i], b[i]})
	}
	c.record(r, data)
	return data
}

func (d *demo) choose(id, otherwise string) *staff {
	if slices.ContainsFunc(d.people, func(p staff) bool { return p.ID == id }) {
		return d.person(id)
	}
	return d.person(otherwise)
}

// record lists the newest entries of the record.
func (c *console) record(r *http.Request, data *pageData) {
	s := c.demo.server.Store()
	head, err := s.Head(r.Context())
	if err != nil {
		return
	}
	data.Size = head.Size
	records, err := s.Range(r.Context(), max(0, head.Size-12), 12)
	if err != nil {
		return
	}
	slices.Reverse(records)
	for _, rec := range records {
		e, err := rec.Entry()
		if err != nil {
			continue
		}
		h := e.Header()
		line := pageEntry{At: time.UnixMicro(h.At).UTC().Format("15:04:05"), Kind: string(h.Kind), Who: h.Who, Task: h.Task, Effect: string(h.Effect)}
		if act, ok := e.(*ledger.Act); ok {
			line.Task = act.Act
		}
		data.Entries = append(data.Entries, line)
	}
}
