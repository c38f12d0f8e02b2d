// Package console is the face of modicum in a browser: the look that its pages
// share, the headers that they are sent with, the start page of an installation,
// which shows no data and no names, and the frame of the pages for those who are
// signed in.
//
// # How to add a page
//
// A page is a value of [Page]: an address, who may open it, what Get shows and what
// Post changes. It lies in a file page_NAME.go with its text in page_NAME.html, which
// defines "title" and "main" and is read once by [View]. A function makes the page
// from a small interface of what it shows, and the wiring adds it to the [Site]:
//
//	func Wards(of interface{ Wards() []Ward }) Page {
//		return Page{
//			Path: "/wards", Menu: "Wards", Group: Organization, Icon: "grid", May: Duty(people.RunPeople),
//			Get: func(v *Visit) error {
//				list, done := wards.List(v, of.Wards())
//				if done {
//					return nil // it left as CSV
//				}
//				return v.Show(wardsView, wardsPage{List: list})
//			},
//		}
//	}
//
// What holds for every page:
//
//   - Get changes nothing. Post checks that the thing concerns the viewer, and returns
//     [ErrNotHere] where it does not: a guessed id looks like one that is not there.
//   - Fresh asks for a proof of the person before Post; the form is kept meanwhile.
//   - No patient stands in an address, in a search that an address holds, or in a log.
//     What names patients is asked for by Post and shown in its answer.
//   - One h1; [Table] and [Form] with {{template "table" .List}} and {{template "form"
//     .Form}}; moments with Visit.When and {{template "when" .At}}; badges with
//     {{template "badge" .Badge}}; facts in <dl class="facts">; a list of steps in
//     <ol class="line">; what is not there yet with {{template "empty" "why, and how"}}.
//   - Without script all of it works. htmx attributes may make it quicker.
//   - internal/console has tests that go through all pages: add yours to them.
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

//go:embed layout.html
var layoutText string

//go:embed start.html
var startText string

// Bare makes a page outside the frame, for those who are not signed in: text defines
// the templates "title", "main" and, where it has more, "head" and "masthead".
func Bare(name, text string, more template.FuncMap) *template.Template {
	return template.Must(template.Must(template.New(name).Funcs(more).Parse(layoutText)).Parse(text))
}

// Secure sets the headers of every page: no script runs, nothing is framed, cached
// or told to others.
func Secure(next http.Handler) http.Handler { return secure(next, "") }

// Scripted is Secure for pages that script makes quicker: files of ours alone run.
func Scripted(next http.Handler) http.Handler {
	return secure(next, "script-src 'self'; connect-src 'self'; ")
}

func secure(next http.Handler, script string) http.Handler {
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; " + script + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

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
	SignIn  bool   // there is a console to sign in to
}

// reading is a document that can be read under the address.
type reading struct{ Name, Title string }

// readings are what stands on the start page, in the order in which people ask.
var readings = []reading{
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
	page := Bare("start", startText, nil)
	data := struct {
		Options
		Reading []reading
	}{o, slices.Clone(readings)}
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
