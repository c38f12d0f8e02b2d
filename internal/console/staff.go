package console

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/reach"
	"modicum/policy"
	"modicum/policy/doc"
)

// Directory is what the pages ask about people. It answers from memory.
type Directory interface {
	Person(id string) *people.Person
	Approvers(name string, asker *people.Person, now int64) []string
}

// Staff is what the pages of staff, approvers and reviewers show. All of it must be
// set but Bell, Tokens, Drills and Policies.
type Staff struct {
	Lent   *access.Book
	People Directory
	Policy func() *policy.Set
	Reach  *reach.Reader
	Now    func() time.Time
	Bell   *notice.Teller // nil: there is no page of notices
	Tokens Tokens         // nil: none are given out here
	Drills []string       // made-up patients for whom breaking the glass is a drill
	// Policies counts the changes of policy that wait for a viewer; nil: there are none.
	Policies func(*Viewer) int
	// Steps are what a viewer does next in a new installation; nil: none are told.
	Steps func(*Viewer) []Step

	sight sight
}

// How lately somebody must have proved who they are: to decide about others, and to
// break the glass, where it must have been within the shift.
const (
	freshToDecide = 15 * time.Minute
	freshForGlass = 12 * time.Hour
)

// Pages are the pages of staff, in the order of the menu.
func (s *Staff) Pages(site *Site) []Page {
	pages := []Page{
		s.homePage(site), s.myPage(), s.patientPage(), s.askPage(), s.inboxPage(), s.requestPage(), s.grantsPage(), s.grantPage(),
		s.glassPage(), s.reviewsPage(), s.reviewPage(), s.settingsPage(),
	}
	if s.Bell != nil {
		pages = append(pages, s.noticesPage(), s.wishesPage())
	}
	if s.Tokens != nil {
		pages = append(pages, s.tokensPage())
	}
	return pages
}

func (s *Staff) policies(v *Viewer) int {
	if s.Policies == nil {
		return 0
	}
	return s.Policies(v)
}

// Counts is what the menu says beside a page, for Config.Counts.
func (s *Staff) Counts(_ context.Context, v *Viewer, path string) int {
	switch path {
	case "/inbox":
		return len(s.Lent.Waiting(v.Person.ID))
	case "/reviews":
		return len(s.Lent.Reviews(v.Person.ID))
	}
	return 0
}

// card is a request or a grant as it is read in one look.
type card struct {
	ID, Path   string
	Who, Title string // whose it is, by name
	Own        bool
	Kind       string
	Task       string
	Purpose    string
	Role       string
	Patients   string
	Record     string
	Adds       []string // what it shows beyond today, by title
	Today      []string // what the task shows today
	Reason     string
	Kindly     string // the reason's kind
	Ref        string
	For        string
	From       When
	Until      When
	Made       When
	Left       int // of its time, in percent
	InARow     int
	State      Badge
	Drill      bool
	OverCap    bool
	Attested   string
	Owes       bool // the word of who broke the glass
	Glass      bool
	Lends      bool // part of a task, all of it new
	Folds      bool // what the task shows today is folded: one card of many
}

// want fills in what is asked for, in the words of policy and catalog.
func (s *Staff) want(v *Visit, who string, w *access.Want) card {
	set := s.Policy()
	c := card{Lends: w.Kind == access.Lend, Own: who == v.Viewer.Person.ID, Who: s.name(who), Title: s.title(who), Patients: strings.Join(w.Patients, ", "), Record: w.Record, Kind: kindOf(w.Kind), Task: w.Task, Role: w.Role}
	if t, ok := set.Task(w.Role + "/" + w.Task); ok {
		c.Task, c.Purpose = t.Title, t.Purpose
	}
	if r, ok := set.RoleOf(w.Role); ok {
		c.Role = r.Title
	}
	c.Reason, c.Kindly, c.Ref = w.Reason.Text, w.Reason.Kind, w.Reason.Ref
	c.For = Lasting(time.Duration(w.For) * time.Microsecond)
	c.From = v.When(w.From)
	return c
}

// shows fills in what a want shows, beside what its task shows today.
func (s *Staff) shows(c *card, w *access.Want) {
	set := s.Policy()
	x := s.sight.of(set, w.Role+"/"+w.Task)
	c.Adds = s.adds(set, w, x)
	if c.Glass = w.Kind == access.Glass; !c.Glass {
		c.Today = x.words
	}
}

// adds names what a want shows beyond what its task shows today.
func (s *Staff) adds(set *policy.Set, w *access.Want, x seen) []string {
	cat := set.Catalog()
	var named catalog.ClassSet
	var out []string
	for _, name := range w.Classes {
		if c, ok := cat.Covered(name); ok {
			named = named.Union(c)
		}
	}
	for _, name := range w.Overlays {
		if c, ok := cat.Class(name); ok {
			out = append(out, "records marked "+lowerFirst(cat.Info(c).Title))
		}
	}
	switch w.Kind {
	case access.Lend:
		return summary(cat, x.lent.Minus(x.today))
	case access.Glass:
		return x.words
	}
	return append(summary(cat, named), out...)
}

// seen is what the lines of a task show at their widest.
type seen struct {
	today, lent catalog.ClassSet // without a grant, and with
	words       []string         // today, in words
}

// sight remembers what tasks show under one policy: a page has many cards of few tasks.
type sight struct {
	mu   sync.Mutex
	set  *policy.Set
	seen map[string]seen // by task
}

func (s *sight) of(set *policy.Set, task string) seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set != set {
		s.set, s.seen = set, make(map[string]seen)
		s.look(set)
	}
	return s.seen[task]
}

// look goes through the policy once, for all tasks.
func (s *sight) look(set *policy.Set) {
	for _, info := range set.Catalog().Classes() {
		if info.IsOverlay {
			continue
		}
		for _, l := range set.Sees(info.Class) {
			x := s.seen[l.Role+"/"+l.Task]
			switch {
			case l.Lent != "":
				x.lent = x.lent.With(info.Class)
			case l.Treatment != "ask":
				x.today = x.today.With(info.Class)
			}
			s.seen[l.Role+"/"+l.Task] = x
		}
	}
	for task, x := range s.seen {
		x.words = summary(set.Catalog(), x.today)
		s.seen[task] = x
	}
}

// summary names a set of classes as people say it, group by group: all of a group but
// what is missing, where that is shorter.
func summary(cat *catalog.Catalog, set catalog.ClassSet) (out []string) {
	for _, g := range groupsOf(cat) {
		var has, lacks []string
		for _, info := range g.classes {
			if set.Has(info.Class) {
				has = append(has, info.Title)
			} else {
				lacks = append(lacks, lowerFirst(info.Title))
			}
		}
		switch {
		case len(has) == 0:
		case len(lacks) == 0 && len(has) > 1:
			out = append(out, "All "+g.title)
		case len(has) > 2*len(lacks) && len(has) > 3:
			out = append(out, "All "+g.title+" but "+strings.Join(lacks, ", "))
		default:
			out = append(out, has...)
		}
	}
	return out
}

// groupOf is a family of classes: all whose names begin alike.
type groupOf struct {
	name, title string
	classes     []catalog.ClassInfo
}

// groupTitles are what families are called within a sentence.
var groupTitles = map[string]string{
	"contact": "contact details", "identity": "pictures and prints", "coverage": "coverage", "financial": "financial data", "admin": "administrative data",
	"clinical": "clinical data", "research": "research data", "quality": "quality data", "population": "population data", "security": "security data",
	"system": "technical data", "dataset": "data sets",
}

// groupsOf lists the families of what a record can hold.
func groupsOf(cat *catalog.Catalog) (out []groupOf) {
	for _, info := range cat.Classes() {
		if info.IsOverlay || !cat.Content().Has(info.Class) {
			continue
		}
		name, _, _ := strings.Cut(info.Name, ".")
		if n := len(out); n == 0 || out[n-1].name != name {
			out = append(out, groupOf{name: name, title: cmp.Or(groupTitles[name], name)})
		}
		g := &out[len(out)-1]
		g.classes = append(g.classes, info)
	}
	return out
}

func kindOf(k access.Kind) string {
	switch k {
	case access.Lend:
		return "Part of a task, lent"
	case access.Exception:
		return "One more kind of data"
	case access.Asked:
		return "One masked value"
	case access.Glass:
		return "Broken glass"
	}
	return "Access"
}

// request is a request as a page shows it.
func (s *Staff) request(v *Visit, r *access.Request) card {
	c := s.want(v, r.Asker, &r.Want)
	s.shows(&c, &r.Want)
	c.ID, c.Path, c.Made, c.InARow, c.State = r.ID, "/requests/"+r.ID, v.When(r.Made), r.InARow, stateBadge(r.State)
	return c
}

// grant is a grant as a page shows it.
func (s *Staff) grant(v *Visit, g *access.Grant) card {
	c := s.grantLine(v, g)
	s.shows(&c, &g.Want)
	return c
}

// grantLine is a grant as a line of a table.
func (s *Staff) grantLine(v *Visit, g *access.Grant) card {
	c := s.want(v, g.Person, &g.Want)
	c.ID, c.Path, c.Made, c.InARow, c.State = g.ID, "/grants/"+g.ID, v.When(g.Made), g.InARow, stateBadge(s.Lent.State(g))
	c.From, c.Until, c.Left = v.When(g.From), v.When(g.Until), v.Left(g.From, g.Until)
	c.For = Lasting(time.Duration(g.Until-g.From) * time.Microsecond)
	if g.Glass != nil {
		c.Drill, c.OverCap, c.Attested = g.Glass.Drill, g.Glass.OverCap, g.Glass.Attest
		c.Owes = g.Glass.Attested == 0
	}
	return c
}

func stateBadge(s access.State) Badge {
	switch s {
	case access.Waiting:
		return Badge{"waiting", "wait", "for somebody's answer"}
	case access.Approved:
		return Badge{"approved", "keep", ""}
	case access.Live:
		return Badge{"open now", "keep", ""}
	case access.Planned:
		return Badge{"planned", "wait", "begins later"}
	case access.Refused:
		return Badge{"refused", "stop", ""}
	case access.Revoked:
		return Badge{"taken away", "stop", ""}
	case access.Lapsed:
		return Badge{"lapsed", "", "nobody answered in time, or what it asks became impossible"}
	case access.Withdrawn:
		return Badge{"taken back", "", ""}
	case access.Done:
		return Badge{"done", "", "given back, or what it rested on is no longer so"}
	case access.Over:
		return Badge{"time is up", "", ""}
	case access.Closed:
		return Badge{"reviewed", "", ""}
	}
	return Badge{"ended", "", "whoever held it, or the policy that allowed it, is gone"}
}

// name is what people are called on pages.
func (s *Staff) name(id string) string {
	if p := s.People.Person(id); p != nil && p.Name != "" {
		return p.Name
	}
	return id
}

func (s *Staff) title(id string) string {
	if p := s.People.Person(id); p != nil {
		return p.Title
	}
	return ""
}

func (s *Staff) names(ids []string) string {
	var out []string
	for _, id := range ids {
		out = append(out, s.name(id))
	}
	return strings.Join(out, ", ")
}

// deciders says who decides: one person from each of the policy's approvers, with
// those who could now.
func (s *Staff) deciders(needs []access.Need) (out []decider) {
	for _, n := range needs {
		out = append(out, decider{strings.ReplaceAll(n.As, "-", " "), s.names(n.People), len(n.People) == 0})
	}
	return out
}

type decider struct {
	Need, Names string
	Nobody      bool
}

// isPrivacy reports whether a viewer is among those whom the policy tells of broken
// glasses, or reviews access.
func (s *Staff) isPrivacy(v *Viewer, holder string, now int64) bool {
	if v.Holds(people.ReviewAccess) {
		return true
	}
	p := s.People.Person(holder)
	if p == nil {
		p = &people.Person{ID: holder} // of nobody in particular, for the menu
	}
	return slices.ContainsFunc(s.Policy().Folder().Organization.BreakGlass.Tell, func(w doc.Word) bool {
		return slices.Contains(s.People.Approvers(w.Text, p, now), v.Person.ID)
	})
}

// fields of a want as forms call them.
var fieldOf = map[string]string{
	"patients": "patient", "patient": "patient", "classes": "class", "overlays": "mark", "reason.text": "text", "reason.kind": "reason",
	"reason.ref": "ref", "for": "for", "from": "from", "record": "record", "task": "task", "kind": "kind", "word": "word",
}

// refused puts what stands in the way into a form, and gives back every other error.
func refused(f *Form, err error) error {
	var r *access.Refusal
	switch {
	case errors.As(err, &r):
		for _, p := range r.Problems {
			name := fieldOf[p.Field]
			if name == "" && p.Code == "word" {
				name = "word"
			}
			if !f.has(name) {
				name = ""
			}
			f.Fail(name, wording(p))
		}
		return nil
	case errors.Is(err, access.ErrUnavailable):
		f.Fail("", "It cannot be written down just now, or the time is not certain, so nothing was done. Try again in a minute; if a life is at stake, break the glass.")
		return nil
	case errors.Is(err, access.ErrNone):
		return ErrNotHere
	}
	return err
}

// wording is what a page says of a problem: a list to choose from needs no names of classes.
func wording(p access.Problem) string {
	if p.Field == "classes" && p.Code == "classes" {
		return "Choose which kind of data is missing."
	}
	return p.Say
}

func (f *Form) has(name string) bool {
	return slices.ContainsFunc(f.Fields, func(x *Field) bool { return x.Name == name })
}
