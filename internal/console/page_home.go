package console

import (
	_ "embed"
	"slices"
	"strings"

	"modicum/internal/access"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/internal/reach"
	"modicum/policy"
)

//go:embed page_home.html
var homeText string

var homeView = View("home", homeText)

// mostAtHome is how many requests stand on the home page.
const mostAtHome = 5

type homeShown struct {
	Name    string
	Waiting []card // for this person's answer, the oldest first
	More    int    // that wait besides
	Reviews int
	Late    int // of these, overdue
	// Policies are changes of policy that wait for this person.
	Policies int
	// Agree are rights that somebody else gave, which wait for this person's yes.
	Agree int
	Owed  []card // glasses that this person broke and has not spoken of
	Holds []card
	Asked []card
	Tasks []policy.TaskInfo
	Look  *Form
	Glass bool
	Runs  bool // the reader looks after people
	Steps []Step
}

// homePage is what concerns somebody now, the most pressing first; the start page for
// who is not signed in.
func (s *Staff) homePage(site *Site) Page {
	return Page{Path: "/{$}", Menu: "Home", Group: Mine, Icon: "home", Anybody: true, Get: func(v *Visit) error {
		if v.Viewer == nil {
			site.cfg.Front.ServeHTTP(v.W, v.R)
			return nil
		}
		h := s.home(v)
		h.Agree, h.Steps = site.waiting(v, "/proposals"), s.next(v)
		return v.Show(homeView, h)
	}}
}

// Something says whether anything waits for the reader.
func (h homeShown) Something() bool {
	return len(h.Waiting)+len(h.Owed)+h.Reviews+h.Policies+h.Agree > 0
}

func (s *Staff) home(v *Visit) homeShown {
	me := v.Viewer.Person.ID
	h := homeShown{Name: v.Viewer.Person.Name, Tasks: s.Policy().TasksOf(v.Viewer.Roles)}
	waiting := s.Lent.Waiting(me)
	for _, r := range waiting[:min(len(waiting), mostAtHome)] {
		h.Waiting = append(h.Waiting, s.request(v, r))
	}
	h.More = len(waiting) - len(h.Waiting)
	for _, r := range s.Lent.Requests(me) {
		h.Asked = append(h.Asked, s.request(v, r))
	}
	for _, g := range s.Lent.Grants(me) {
		h.Holds = append(h.Holds, s.grant(v, g))
	}
	if s.isPrivacy(v.Viewer, "", v.Now.UnixMicro()) {
		for _, g := range s.Lent.Reviews(me) {
			h.Reviews++
			if g.Review.By < v.Now.UnixMicro() {
				h.Late++
			}
		}
	}
	h.Policies = s.policies(v.Viewer)
	h.Owed = s.owed(v, me)
	h.Look = s.lookForm(v)
	h.Glass, h.Runs = s.mayBreak(v.Viewer), v.Viewer.Holds(people.RunPeople)
	return h
}

// owed are the glasses of a person that they have not said a word about.
func (s *Staff) owed(v *Visit, person string) (out []card) {
	for _, g := range s.Lent.Open() {
		if g.Person == person && g.Glass != nil && g.Glass.Attested == 0 && s.Lent.State(g) != access.Live {
			out = append(out, s.grant(v, g))
		}
	}
	return out
}

// next is what the reader does next in a new installation. Without the word of some
// sources nobody sees any patient, so that goes before who agrees with whom.
func (s *Staff) next(v *Visit) (out []Step) {
	if s.Steps == nil {
		return nil
	}
	out = s.Steps(v.Viewer)
	if s.Reach != nil && (v.Viewer.Holds(people.RunSystem) || defect.On(defect.SourcesForAnybody)) { // whose page it leads to
		if unsaid := s.Reach.Unsaid(); len(unsaid) > 0 {
			step := Step{"Say what is known of staff and patients", "Until " + sources(unsaid) + " once stated all that is known, doors that enforce show no patient, unless the glass is broken.", "/health#sources"}
			out = slices.Insert(out, min(len(out), mostSteps-1), step)
		}
	}
	return out[:min(len(out), mostSteps)]
}

// sources names those that never stated all they know.
func sources(unsaid []reach.Unsaid) string {
	var names []string
	for _, u := range unsaid {
		names = append(names, "“"+u.Title+"”")
	}
	if len(names) == 1 {
		return names[0] + " has"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " have"
}
