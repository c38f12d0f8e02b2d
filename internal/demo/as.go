package demo

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"modicum/internal/caller"
	"modicum/internal/console"
	"modicum/internal/people"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/internal/signin"
)

//go:embed as.html
var asText string

var asView = console.View("as", asText)

// mayStage reports whether links may sign in: before the sandbox's own hospital, and
// where only this machine reaches the demo. Otherwise there are none.
func (d *demo) mayStage() bool {
	host, _, err := net.SplitHostPort(d.Listen)
	return err == nil && d.Upstream == "" && caller.Loopback(host)
}

// stage are the pages by which a visitor comes in as somebody; nil: there are none.
func (d *demo) stage() *serve.Stage {
	if !d.staged {
		return nil
	}
	return &serve.Stage{Path: "/as/", Again: "/as/me", Pages: []console.Page{
		{Path: "/as/{$}", Menu: "Be somebody else", Group: console.Organization, Icon: "people", Anybody: true, Get: d.asPage},
		{Path: "/as/{id}", Anybody: true, Get: d.asOne, Post: d.enter},
	}}
}

// link is the page that signs in as somebody; "" where nobody comes in so.
func (d *demo) link(id string) string {
	if p := d.server.People().Person(id); !d.staged || p == nil || !p.Active {
		return ""
	}
	return d.public + "/as/" + id
}

// circle is some of the people, as the list shows them.
type circle struct {
	ID, Title string
	People    []guise
}

// guise is somebody a visitor may be.
type guise struct {
	sandbox.Member
	Waits  string // what waits for them just now
	Roles  string
	Rights string
	Say    string // of their role
	Now    string // who the visitor is already
	Again  bool   // the visitor is this person, and proves it anew
	To     string
}

// first are those to begin with, in the order of a story.
var first = []string{"nina", "ines", "petra", "alice", "helen", "olga"}

func (d *demo) asPage(v *console.Visit) error {
	parts := []circle{{ID: "begin", Title: "Begin with one of these"}, {ID: "care", Title: "Care"}, {ID: "business", Title: "Billing, desk, records, research"}, {ID: "oversight", Title: "Oversight and administration"}}
	for _, m := range sandbox.Members() {
		if d.link(m.ID) == "" {
			continue
		}
		at := 2
		switch role := m.Role; {
		case slices.Contains(first, m.ID):
			at = 0
		case role == "nurse" || role == "physician" || role == "pharmacist" || role == "lab-technologist":
			at = 1
		case len(m.Duties)+len(m.Positions) > 0:
			at = 3
		}
		parts[at].People = append(parts[at].People, d.guise(m))
	}
	slices.SortFunc(parts[0].People, func(a, b guise) int { return slices.Index(first, a.ID) - slices.Index(first, b.ID) })
	return v.Show(asView, map[string]any{"Parts": parts, "One": nil})
}

func (d *demo) guise(m sandbox.Member) guise {
	return guise{Member: m, Waits: d.waits(m.ID)}
}

// waits says what waits for somebody now.
func (d *demo) waits(id string) string {
	lent := d.server.Lent()
	var out []string
	if n := len(lent.Waiting(id)); n > 0 {
		out = append(out, counted(n, "request waits", "requests wait"))
	}
	if n := len(lent.Reviews(id)); n > 0 {
		out = append(out, counted(n, "review is open", "reviews are open"))
	}
	return strings.Join(out, ", ")
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// member finds who is meant; "me" is who the visitor is.
func (d *demo) member(v *console.Visit) (sandbox.Member, error) {
	id := v.R.PathValue("id")
	if id == "me" && v.Viewer != nil {
		id = v.Viewer.Person.ID
	}
	for _, m := range sandbox.Members() {
		if m.ID == id && d.link(id) != "" {
			return m, nil
		}
	}
	return sandbox.Member{}, console.ErrNotHere
}

func (d *demo) asOne(v *console.Visit) error {
	m, err := d.member(v)
	if err != nil {
		return err
	}
	g := d.guise(m)
	g.To = signin.Local(v.R.URL.Query().Get("to"))
	if v.Viewer != nil {
		g.Again = v.Viewer.Person.ID == m.ID
		g.Now = v.Viewer.Person.Name
	}
	d.describe(&g)
	return v.Show(asView, map[string]any{"One": &g})
}

// describe says what somebody holds now, as the directory has it.
func (d *demo) describe(g *guise) {
	at := d.micros()
	for _, name := range d.server.People().Roles(g.ID, at) {
		if role, ok := d.set().RoleOf(name); ok {
			g.Roles, g.Say = strings.TrimPrefix(g.Roles+", "+role.Title, ", "), role.Say
		}
	}
	rights := d.server.People().Positions(g.ID, at)
	for _, duty := range people.Duties() {
		if d.server.People().Holds(g.ID, duty, at) {
			rights = append(rights, string(duty))
		}
	}
	g.Rights = strings.ReplaceAll(strings.Join(rights, ", "), "-", " ")
}

// enter begins a session as somebody.
func (d *demo) enter(v *console.Visit) error {
	m, err := d.member(v)
	if err != nil {
		return err
	}
	err = d.server.Sessions().Enter(v.Context(), v.W, v.R, m.ID)
	if errors.Is(err, signin.ErrNoStage) {
		return console.ErrNotHere
	}
	if err != nil {
		return err
	}
	return v.Go(signin.Local(v.R.PostFormValue("to")), "")
}
