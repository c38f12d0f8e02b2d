package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"modicum/internal/defect"
	"modicum/internal/people"
)

// Group is where a page stands in the menu.
type Group string

// The groups, in the order of the menu. A page without one is reached from others.
const (
	Mine         Group = "You"
	Oversight    Group = "Oversight"
	Organization Group = "Organization"
)

func groups() []Group { return []Group{Mine, Oversight, Organization} }

// Page is one address of the console.
type Page struct {
	Path  string // as a pattern of net/http without a method: /reviews/{id}
	Menu  string // what the menu calls it; "": it is not in the menu
	Group Group
	Icon  string // of icons.html; "": none
	// May says who may look at the page and post to it. Others get a 403 that says whom
	// to ask. nil: everybody who is signed in. Whether a thing on the page concerns the
	// viewer is asked by Get and Post, which return ErrNotHere where it does not.
	May func(*Viewer) bool
	// Anybody: also who is not signed in. Visit.Viewer may then be nil.
	Anybody bool
	// Get shows the page and changes nothing (threat model C1).
	Get func(*Visit) error
	// Post changes something and ends with Visit.Go, or shows the page again with what
	// is wrong. nil: nothing can be posted.
	Post func(*Visit) error
	// Most is how many bytes a post may send where it is more than a form: files too. They
	// stay in memory. 0 is 64 KiB and no file.
	Most int64
	// Fresh is how lately the session must have proved the person for Post. Where it has
	// not, the form is kept, the person proves it, and presses the button once more.
	// 0: the session is enough.
	Fresh time.Duration
	// Sends says what the post does, for the page that follows the proof: "Approve the
	// request". Must be set where Fresh is.
	Sends string
	// Does are the words of each button of a page that has several, by its value of "do".
	Does map[string]string
}

// sends is what the button says that sent a form.
func (p *Page) sends(form url.Values) string { return cmp.Or(p.Does[form.Get("do")], p.Sends) }

// check panics where a page is not whole: that is a fault of the code that adds it.
func (p *Page) check() {
	switch {
	case !strings.HasPrefix(p.Path, "/"):
		panic(fmt.Sprintf("console: the page %q has no path", p.Path))
	case p.Get == nil && p.Post == nil:
		panic(fmt.Sprintf("console: the page %s does nothing", p.Path))
	case p.Fresh > 0 && (p.Post == nil || p.Sends == ""):
		panic(fmt.Sprintf("console: the page %s asks for a proof and does not say for what", p.Path))
	}
}

var (
	// ErrNotHere: there is no such thing, or none for this viewer: the two look alike.
	ErrNotHere = errors.New("not here")
	// ErrNoPage: there is no page under this address.
	ErrNoPage = errors.New("no such page")
	// ErrMayNot: the page is not for this viewer.
	ErrMayNot = errors.New("not for this viewer")
)

// Duty lets in who holds one of some duties.
func Duty(any ...people.Duty) func(*Viewer) bool {
	return func(v *Viewer) bool {
		for _, d := range any {
			if v.Holds(d) {
				return true
			}
		}
		return false
	}
}

// menuGroup is a part of the menu as one viewer sees it.
type menuGroup struct {
	Name  Group
	Items []menuItem
}

type menuItem struct {
	Path, Name, Icon string
	Here             bool
	Count            int
}

// menu lists the pages that a viewer may open.
func (s *Site) menu(v *Visit) (out []menuGroup) {
	for _, g := range groups() {
		m := menuGroup{Name: g}
		for i := range s.pages {
			p := &s.pages[i]
			if p.Menu == "" || p.Group != g || p.May != nil && !p.May(v.Viewer) {
				continue
			}
			m.Items = append(m.Items, s.item(v, p))
		}
		if len(m.Items) > 0 {
			out = append(out, m)
		}
	}
	return out
}

// waiting is what the menu counts beside a page: nothing where the viewer has no such page.
func (s *Site) waiting(v *Visit, path string) int {
	i := slices.IndexFunc(s.pages, func(p Page) bool { return p.Path == path })
	if i < 0 || s.cfg.Counts == nil || s.pages[i].May != nil && !s.pages[i].May(v.Viewer) && !defect.On(defect.WaitsForAnybody) {
		return 0
	}
	return s.cfg.Counts(v.R.Context(), v.Viewer, path)
}

func (s *Site) item(v *Visit, p *Page) menuItem {
	path := strings.TrimSuffix(p.Path, "{$}")
	at := v.R.URL.Path
	it := menuItem{Path: path, Name: p.Menu, Icon: p.Icon, Here: at == path || path != "/" && strings.HasPrefix(at, path+"/")}
	if s.cfg.Counts != nil {
		it.Count = s.cfg.Counts(v.R.Context(), v.Viewer, path)
	}
	return it
}
