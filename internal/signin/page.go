package signin

import (
	"bytes"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
)

// Page is what the console's frame is to show.
type Page struct {
	Status int // of the answer
	Title  string
	Body   template.HTML // made by templates of this package
}

// trouble is a page that says what is wrong and what to do.
type trouble struct{ Title, Text string }

var (
	elsewhere = trouble{"That came from another page", "Your browser says that another site sent this. Nothing was changed. Open the page here and do it again."}
	uncertain = trouble{"Not just now", "It could not be written down, so it was not done. Try again in a minute; if it stays so, tell whoever runs this installation."}
)

var troubleText = template.Must(template.New("trouble").Parse(`<div class="column"><h1>{{.Title}}</h1><p>{{.Text}}</p></div>`))

// refuse answers a page of trouble.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, status int, t trouble) {
	s.show(w, r, status, t.Title, troubleText, t)
}

// show makes a page whole and hands it to the frame.
func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, title string, t *template.Template, data any) {
	b := bytes.NewBufferString(`<link rel="stylesheet" href="/sign-in/style.css">`)
	if err := t.Execute(b, data); err != nil {
		s.cfg.Diary.LogAttrs(r.Context(), slog.LevelError, "page of signing in failed", slog.String("page", t.Name()))
		http.Error(w, "This page cannot be shown just now.", http.StatusInternalServerError)
		return
	}
	s.cfg.Render(w, r, Page{Status: status, Title: title, Body: template.HTML(b.String())})
}

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("pages").Parse(pagesText))

// The pages, by what they are for.
var (
	signInText   = pages.Lookup("sign-in")
	linkText     = pages.Lookup("link")
	enrolText    = pages.Lookup("enrol")
	offerText    = pages.Lookup("offer")
	recoverText  = pages.Lookup("recover")
	sparesText   = pages.Lookup("spares")
	settingsText = pages.Lookup("settings")
	doneText     = pages.Lookup("done")
)
