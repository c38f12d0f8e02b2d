// Package console is the face of modicum in a browser: the look that its pages
// share, the headers that they are sent with, and the start page of an
// installation, which shows no data and no names.
package console

import (
	_ "embed"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed style.css
var style []byte

//go:embed layout.html
var layoutText string

//go:embed start.html
var startText string

// Page makes a page of the shared layout: text defines the templates "title",
// "main" and, where it has more, "head" and "masthead".
func Page(name, text string, more template.FuncMap) *template.Template {
	return template.Must(template.Must(template.New(name).Funcs(more).Parse(layoutText)).Parse(text))
}

// Secure sets the headers of every page: nothing runs but what is ours, no script
// at all, nothing is framed, cached or told to others.
func Secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// Style answers the style sheet that every page asks for at /style.css.
func Style(w http.ResponseWriter, r *http.Request) { Sheet(style)(w, r) }

// Sheet answers a style sheet.
func Sheet(css []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write(css)
	}
}

// Options say what the start page tells. All of it is public.
type Options struct {
	Version string
	Observe bool   // the door only observes, as every page says
	Base    string // path of the FHIR door
	Docs    fs.FS  // documents to read at /docs/; nil: none
}

// doc is a document that can be read under the address.
type doc struct{ Name, Title string }

// reading is what stands on the start page, in the order in which people ask.
var reading = []doc{
	{"interfaces.md", "Interfaces: how to ask, what comes back"},
	{"policy-language.md", "Policy language: who may see what"},
	{"ledger-format.md", "The record, and how to check it by yourself"},
	{"divergences.md", "Where this differs from FHIR and SMART"},
	{"threat-model.md", "Threat model"},
	{"design.md", "Design"},
}

// Start is the page at / of an installation: what this is, where the FHIR door is,
// how to ask, how to verify. It is the same for everybody and every installation.
func Start(o Options) http.Handler {
	page := Page("start", startText, nil)
	data := struct {
		Options
		Reading []doc
	}{o, slices.Clone(reading)}
	if o.Docs == nil {
		data.Reading = nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, data) // an error here is a reader that went away
	})
	mux.HandleFunc("GET /style.css", Style)
	mux.HandleFunc("GET /docs/{name}", o.document)
	return Secure(mux)
}

// document answers a document as plain text.
func (o *Options) document(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if o.Docs == nil || path.Ext(name) != ".md" || strings.ContainsAny(name, `/\`) {
		http.NotFound(w, r)
		return
	}
	text, err := fs.ReadFile(o.Docs, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(text)
}
