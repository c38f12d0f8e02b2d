package console

import (
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"modicum/internal/people"
)

// Viewer is who looks at a page: what session and directory say of them just now.
type Viewer struct {
	Person  *people.Person
	Roles   []string // effective, sorted
	Duties  []people.Duty
	Session string    // id
	Until   time.Time // when the session ends at the latest; zero: nobody knows
	How     []string  // how they signed in, as RFC 8176 calls it
	Network string
	Zone    *time.Location // in which times are shown; nil is the installation's
}

// Holds reports whether the viewer has a duty.
func (v *Viewer) Holds(d people.Duty) bool { return slices.Contains(v.Duties, d) }

// Actor is the viewer as one who changes something.
func (v *Viewer) Actor() people.Actor {
	return people.Actor{ID: v.Person.ID, Session: v.Session, Network: v.Network}
}

// Config is what a Site is made of. Who, Proved and Now must be set.
type Config struct {
	Options
	// Who is the person whose session a request carries; nil: nobody is signed in.
	Who func(*http.Request) *Viewer
	// Proved reports whether the session proved the person within so long.
	Proved func(ctx context.Context, within time.Duration) bool
	Now    func() (time.Time, bool)
	Zone   *time.Location // of the installation; nil is UTC
	// Title of the installation, beside the mark.
	Title string
	// Lacks says what a small installation does without, a sentence each; on every page.
	Lacks func() []string
	// Bell counts a person's unread notices; nil: there is no bell.
	Bell func(ctx context.Context, person string) int
	// Counts are shown in the menu beside the page of that path; nil: none.
	Counts func(ctx context.Context, v *Viewer, path string) int
	// Front is what those see at / who are not signed in; nil is Start.
	Front http.Handler
	Diary *slog.Logger // nil discards
}

// Site is the console: pages within one frame. Add them, then take the Handler.
type Site struct {
	cfg    Config
	pages  []Page
	start  http.Handler // the documents, and / where there is no other front
	kept   *kept
	toasts *toasts
}

// New checks cfg and returns a Site with no page but the start page.
func New(cfg Config) (*Site, error) {
	if cfg.Who == nil || cfg.Proved == nil || cfg.Now == nil {
		return nil, errors.New("console: Who, Proved and Now must be set")
	}
	if cfg.Diary == nil {
		cfg.Diary = slog.New(slog.DiscardHandler)
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	cfg.SignIn = true
	s := &Site{cfg: cfg, start: Start(cfg.Options), kept: newKept(maxKept, maxOwned), toasts: newToasts()}
	if s.cfg.Front == nil {
		s.cfg.Front = s.start
	}
	s.Add(s.again())
	return s, nil
}

// Add adds pages, in the order of the menu.
func (s *Site) Add(pages ...Page) {
	for _, p := range pages {
		p.check()
		s.pages = append(s.pages, p)
	}
}

// Paths lists the address of every page, as it was added: what tests go through.
func (s *Site) Paths() []Page { return slices.Clone(s.pages) }

// Handler answers the pages, the start page to those who are not signed in, and
// the files that pages ask for. What is not listed is a 404 in the frame.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", Style)
	mux.HandleFunc("GET /htmx.js", Script)
	mux.HandleFunc("GET /icon.svg", Icon)
	mux.Handle("GET /docs/{name}", s.start)
	for _, p := range s.pages {
		mux.Handle(p.Path, http.MaxBytesHandler(s.serve(p), max(p.Most, maxBody)))
	}
	mux.Handle("/", s.serve(Page{Path: "/", Anybody: true, Get: func(*Visit) error { return ErrNoPage }}))
	return Scripted(mux)
}

// maxBody is the most that a form may send, in bytes.
const maxBody = 64 << 10

// View reads the text of a page: it defines "title" and "main". The parts of
// parts.html are at hand.
func View(name, text string) *template.Template {
	t := template.New(name).Funcs(template.FuncMap{"pair": pair, "lower": lowerFirst, "words": words, "allof": allOf, "upper": upperFirst, "grouped": grouped, "parted": parted})
	template.Must(t.Parse(frameText))
	template.Must(t.Parse(partsText))
	return template.Must(t.Parse(text))
}

// pair hands two things to a part of a page.
func pair(a, b any) struct{ A, B any } { return struct{ A, B any }{a, b} }

// frame is what every page is shown in.
type frame struct {
	Title   string
	Menu    []menuGroup
	Viewer  *Viewer
	Observe bool
	Lacks   []string
	Bell    int
	HasBell bool
	Toast   *Toast
	Path    string
	Version string
	// What a sheet of paper says at its end: where it came from, and when.
	Address string
	At      When
	// Addresses with the hash of what they hold.
	CSS, JS, Sign string
}

// shown is what the frame gets. "title" and "main" of a page get Data alone.
type shown struct {
	*frame
	Data any
}

// address is where a sheet of paper came from: with what narrows a list; of pages that
// others make, such as those of signing in, without what came along. An error has none:
// what was asked for may be anything, and no answer repeats it (D14).
func (v *Visit) address(status int) string {
	if status >= http.StatusBadRequest {
		return ""
	}
	at := v.R.Host + v.R.URL.Path
	if status == http.StatusOK && v.Viewer != nil && v.page.Get != nil && v.R.URL.RawQuery != "" {
		at += "?" + v.R.URL.RawQuery
	}
	return at
}

func (s *Site) frame(v *Visit, status int) *frame {
	f := &frame{Title: s.cfg.Title, Viewer: v.Viewer, Observe: s.cfg.Observe, Path: v.R.URL.Path, Version: s.cfg.Version, Address: v.address(status), At: v.When(v.Now.UnixMicro()), CSS: styleAddress, JS: scriptAddress, Sign: iconAddress}
	if v.Viewer == nil {
		return f
	}
	f.Menu = s.menu(v)
	f.Toast = s.toasts.take(v.Viewer.Session)
	if s.cfg.Lacks != nil {
		f.Lacks = s.cfg.Lacks()
	}
	if s.cfg.Bell != nil {
		f.Bell, f.HasBell = s.cfg.Bell(v.R.Context(), v.Viewer.Person.ID), true
	}
	return f
}
