package console

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"modicum/internal/defect"
)

// Visit is one request for a page.
type Visit struct {
	W      http.ResponseWriter
	R      *http.Request
	Viewer *Viewer   // nil only on pages for anybody
	Now    time.Time // UTC
	Sure   bool      // whether Now can be trusted
	site   *Site
	page   *Page
}

// serve answers a page: who may, how fresh, then Get or Post.
func (s *Site) serve(p Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{W: w, R: r, Viewer: s.cfg.Who(r), site: s, page: &p}
		v.Now, v.Sure = s.cfg.Now()
		if err := v.answer(); err != nil {
			v.fail(err)
		}
	})
}

func (v *Visit) answer() error {
	p := v.page
	if v.Viewer == nil && !p.Anybody {
		return v.signIn()
	}
	if v.Viewer != nil && p.May != nil && !p.May(v.Viewer) && !defect.On(defect.PageForAnybody) {
		return ErrMayNot
	}
	switch {
	case defect.On(defect.GetChanges) && p.Post != nil:
		return v.post()
	case (v.R.Method == http.MethodGet || v.R.Method == http.MethodHead) && p.Get != nil:
		return p.Get(v)
	case v.R.Method == http.MethodPost && p.Post != nil:
		return v.post()
	}
	return errMethod
}

// post reads the form, and keeps it where the person must prove who they are first.
func (v *Visit) post() error {
	if err := v.read(); err != nil {
		return errForm
	}
	if v.page.Fresh > 0 && !v.site.cfg.Proved(v.R.Context(), v.page.Fresh) && !defect.On(defect.PostUnproved) {
		return v.prove()
	}
	return v.page.Post(v)
}

// read reads what was posted. Files are read where the page takes some, and are never
// written to a disk: no more than the page takes is read at all.
func (v *Visit) read() error {
	if err := v.R.ParseForm(); err != nil {
		return err
	}
	media, _, _ := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	if v.page.Most == 0 || media != "multipart/form-data" {
		return nil
	}
	return v.R.ParseMultipartForm(2*v.page.Most + 1<<20) // more than can come: all of it stays in memory
}

// sent is the content of a file that was posted, nil where there is none.
func (v *Visit) sent(field string) []byte {
	f, _, err := v.R.FormFile(field)
	if err != nil {
		return nil
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil {
		return nil
	}
	return body
}

// signIn sends who is not signed in there, and back afterwards. Only the path of a
// page goes along: what else stands in an address may say something.
func (v *Visit) signIn() error {
	to := "/sign-in"
	if v.R.Method == http.MethodGet && v.R.URL.Path != "/" {
		to += "?" + url.Values{"to": {v.R.URL.Path}}.Encode()
	}
	v.redirect(to)
	return nil
}

func (v *Visit) redirect(to string) {
	http.Redirect(v.W, v.R, to, http.StatusSeeOther)
}

// Context is that of the request.
func (v *Visit) Context() context.Context { return v.R.Context() }

// Show answers the page of a view, data being all that its text gets.
func (v *Visit) Show(t *template.Template, data any) error {
	return v.ShowStatus(http.StatusOK, t, data)
}

// ShowStatus is Show with another status: 422 where a form comes back with what is
// wrong. The page is made whole before a byte of it leaves.
func (v *Visit) ShowStatus(status int, t *template.Template, data any) error {
	var page bytes.Buffer
	if err := t.ExecuteTemplate(&page, "frame", shown{v.site.frame(v, status), data}); err != nil {
		return err
	}
	v.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.W.WriteHeader(status)
	if v.R.Method != http.MethodHead {
		v.W.Write(page.Bytes())
	}
	return nil
}

// Go leads to another page after something was changed, and says there what was.
// The word is plain text.
func (v *Visit) Go(to, word string) error {
	if word != "" {
		v.site.toasts.put(v.Viewer.Session, Toast{Text: word})
	}
	v.redirect(to)
	return nil
}

// fail answers an error in the frame. What went wrong inside is written to the
// diary without a word of the request.
func (v *Visit) fail(err error) {
	status, p := problemOf(err)
	if status == http.StatusInternalServerError {
		v.site.cfg.Diary.LogAttrs(v.Context(), slog.LevelError, "page failed", slog.String("page", v.page.Path), slog.String("error", err.Error()))
	}
	if status == http.StatusMethodNotAllowed {
		v.W.Header().Set("Allow", v.allow())
	}
	if v.ShowStatus(status, problemView, p) != nil {
		http.Error(v.W, "This page cannot be shown just now.", http.StatusInternalServerError)
	}
}

func (v *Visit) allow() string {
	switch {
	case v.page.Post == nil:
		return "GET, HEAD"
	case v.page.Get == nil:
		return "POST"
	}
	return "GET, HEAD, POST"
}

var (
	errMethod = errors.New("the page does not know this method")
	errForm   = errors.New("the form cannot be read")
)
