package console

import (
	"html/template"
	"net/http"
)

var framedView = View("framed", `{{define "title"}}{{.Title}}{{end}}{{define "main"}}{{.Body}}{{end}}`)

// Framed shows in the frame what another package has made whole with its own
// templates: the pages of signing in. The headers are that package's.
func (s *Site) Framed(w http.ResponseWriter, r *http.Request, status int, title string, body template.HTML) {
	v := &Visit{W: w, R: r, Viewer: s.cfg.Who(r), site: s, page: &Page{Path: r.URL.Path}}
	v.Now, v.Sure = s.cfg.Now()
	data := struct {
		Title string
		Body  template.HTML
	}{title, body}
	if err := v.ShowStatus(status, framedView, data); err != nil {
		v.fail(err)
	}
}
