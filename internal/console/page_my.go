package console

import (
	"cmp"
	_ "embed"
	"errors"
	"net/url"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/reach"
	"modicum/policy"
)

//go:embed page_my.html
var myText string

var myView = View("my", myText)

type myShown struct {
	Tasks []taskShown
	Look  *Form
	Self  string // address of what the record says of the viewer, for who may read it
}

// taskShown is a task in prose, and what it shows by its own facts.
type taskShown struct {
	ID, Role, Title, Purpose, Say string
	Shows                         []treated
	Needs                         []reach.Need
	Lends, Asks, Glass            bool
}

// treated is a treatment with what is treated so.
type treated struct {
	Badge Badge
	What  []string
}

// myPage is what each of one's tasks shows.
func (s *Staff) myPage() Page {
	return Page{Path: "/my", Menu: "My access", Group: Mine, Icon: "key", Get: func(v *Visit) error {
		shown := myShown{Look: s.lookForm(v)}
		for _, t := range s.Policy().TasksOf(v.Viewer.Roles) {
			shown.Tasks = append(shown.Tasks, s.task(&t))
		}
		if mayRead(v.Viewer) {
			shown.Self = address("/record", url.Values{"who": {v.Viewer.Person.ID}})
		}
		return v.Show(myView, shown)
	}}
}

func (s *Staff) task(t *policy.TaskInfo) taskShown {
	set := s.Policy()
	out := taskShown{ID: t.ID, Role: t.Role, Title: t.Title, Purpose: t.Purpose, Say: t.Say, Lends: t.Lend != nil, Glass: t.BreakGlass != nil}
	if r, ok := set.RoleOf(t.Role); ok {
		out.Role = r.Title
	}
	by := map[string]catalog.ClassSet{}
	for _, info := range set.Catalog().Classes() {
		best := ""
		for _, l := range set.Sees(info.Class) {
			if !info.IsOverlay && l.Role+"/"+l.Task == t.ID && wider(l.Treatment, best) {
				best = l.Treatment
			}
		}
		if best != "" {
			by[best] = by[best].With(info.Class)
		}
	}
	for _, how := range treatments {
		if classes, ok := by[how]; ok {
			out.Shows = append(out.Shows, treated{badgeOf(how), summary(set.Catalog(), classes)})
			out.Asks = out.Asks || how == "ask"
		}
	}
	return out
}

// treatments as lines name them, the most open first.
var treatments = []string{"keep", "ask", "last4", "coarse", "token", "mask"}

func wider(a, b string) bool {
	return b == "" || slices.Index(treatments, a) < slices.Index(treatments, b)
}

func badgeOf(how string) Badge {
	switch how {
	case "keep":
		return TreatmentBadge(policy.Keep)
	case "last4":
		return TreatmentBadge(policy.Last4)
	case "coarse":
		return TreatmentBadge(policy.Coarse)
	case "token":
		return TreatmentBadge(policy.Token)
	case "ask":
		return Badge{"masked, ask", "mask", "masked until you ask for one value with a reason"}
	}
	return TreatmentBadge(policy.Mask)
}

//go:embed page_patient.html
var patientText string

var patientView = View("patient", patientText)

// lookForm asks whose chart and for which task. It is posted: a patient stands in no
// address.
func (s *Staff) lookForm(v *Visit) *Form {
	task := &Field{Name: "task", Label: "Your task", Kind: Select, Need: true}
	for _, t := range s.Policy().TasksOf(v.Viewer.Roles) {
		task.Options = append(task.Options, Option{Value: t.ID, Label: t.Title})
	}
	return &Form{Action: "/my/patient", Submit: "Look", Fields: []*Field{patientField(), task}}
}

func patientField() *Field {
	return &Field{Name: "patient", Label: "Patient", Kind: Line, Need: true, Max: 64, Hint: "The id of the chart, not the name.", Ask: "Say which patient, by the id of the chart."}
}

type patientShown struct {
	Patient string
	*reach.Answer
	Groups []group
	Others []group // of which nothing shows
	Look   *Form
	Ask    bool // one more class can be asked for
	Glass  bool
	Lend   bool
	Lifts  []string
	Hides  []string
	Means  []meaning // of what the task asks for
	Holds  []card    // what is lent to the viewer for this patient, which comes on top
}

// meaning is what a fact of the policy says.
type meaning struct{ Name, Text string }

// means explains the facts that lines ask for, as the policy explains them.
func (s *Staff) means(needs []reach.Need) (out []meaning) {
	known := s.meanings()
	for _, n := range needs {
		for _, name := range strings.FieldsFunc(n.While, split) {
			if known[name] != "" {
				out = append(out, meaning{words(name), known[name]})
				delete(known, name) // once is enough
			}
		}
	}
	return out
}

// meanings are those of all facts and conditions, by name.
func (s *Staff) meanings() map[string]string {
	set, known := s.Policy(), map[string]string{}
	for _, f := range set.Facts() {
		known[f.Name] = f.Means
	}
	for _, c := range set.Folder().Conditions.Conditions {
		known[c.Name.Text] = c.Means
	}
	return known
}

// allOf spells out what must hold: a list where it is nothing but a list.
func allOf(while string) string {
	if strings.Contains(while, " or ") || strings.Contains(while, "(") {
		return while
	}
	return strings.ReplaceAll(while, " and ", ", ")
}

func split(r rune) bool { return r == ' ' || r == '(' || r == ')' || r == ',' }

// Badges are those of marked records: they show, they do not.
func (patientShown) Badges() []Badge {
	return []Badge{TreatmentBadge(policy.Keep), TreatmentBadge(policy.Omit)}
}

// group is what belongs together of what a task shows: all of clinical, ...
type group struct {
	Name, Title string
	Kept        []string     // as it is, in words
	Shown       []classShown // in another way
	Not         []classShown
	kept        catalog.ClassSet
}

// empty says that nothing of it shows.
func (g group) empty() bool { return g.kept.Len()+len(g.Shown) == 0 }

type classShown struct {
	Name, Title, Why string
	Badge            Badge
	Ask              bool
}

// patientPage tells what one task shows of one patient, and why not more. It answers a
// post and changes nothing; the look itself is on record before it is told.
func (s *Staff) patientPage() Page {
	return Page{Path: "/my/patient", Get: func(v *Visit) error { return v.Go("/my", "") }, Post: func(v *Visit) error {
		f := s.lookForm(v)
		if !f.Read(v) || !catalog.IsID(f.Get("patient")) {
			if f.OK() {
				f.Fail("patient", "Name the patient by the id of the chart: letters, digits, - and . only.")
			}
			return v.Again(patientView, patientShown{Look: f})
		}
		p := v.Viewer.Person
		a, err := s.Reach.Look(v.Context(), reach.Asker{ID: p.ID, Roles: v.Viewer.Roles, Dept: p.Department, Facility: p.Facility, Partner: p.Partner}, f.Get("task"), f.Get("patient"))
		switch {
		case errors.Is(err, reach.ErrTask):
			return ErrNotHere
		case errors.Is(err, reach.ErrUnavailable):
			f.Fail("", "Looks are written down, and that is not possible just now. Try again in a minute.")
			return v.Again(patientView, patientShown{Look: f})
		case err != nil:
			return err
		}
		return v.Show(patientView, s.patient(v, f, a))
	}}
}

func (s *Staff) patient(v *Visit, f *Form, a *reach.Answer) patientShown {
	set := s.Policy()
	shown := patientShown{
		Patient: f.Get("patient"), Answer: a, Look: f, Ask: set.Folder().Organization.Exceptions != nil,
		Glass: a.Task.BreakGlass != nil, Lend: a.Task.Lend != nil,
	}
	for _, g := range s.Lent.Grants(v.Viewer.Person.ID) {
		if slices.Contains(g.Want.Patients, shown.Patient) {
			shown.Holds = append(shown.Holds, s.grant(v, g))
		}
	}
	if !a.Reached {
		shown.Means = s.means(a.Needs)
	}
	shown.Groups = families(set.Catalog(), a.Classes, shown.Ask)
	if i := slices.IndexFunc(shown.Groups, group.empty); i >= 0 {
		shown.Groups, shown.Others = shown.Groups[:i], shown.Groups[i:]
	}
	for _, m := range a.Marks {
		if m.Shows {
			shown.Lifts = append(shown.Lifts, m.Title)
		} else {
			shown.Hides = append(shown.Hides, m.Title)
		}
	}
	return shown
}

// families sorts classes into their families, those of which most shows first.
func families(cat *catalog.Catalog, classes []reach.Class, ask bool) (out []group) {
	for _, c := range classes {
		top, _, _ := strings.Cut(c.Name, ".")
		if n := len(out); n == 0 || out[n-1].Name != top {
			out = append(out, group{Name: top, Title: upperFirst(cmp.Or(groupTitles[top], top))})
		}
		g := &out[len(out)-1]
		k := classShown{Name: c.Name, Title: c.Title, Badge: TreatmentBadge(c.Shows), Why: whyNot(&c), Ask: ask && !c.Never && c.Shows == policy.Omit}
		switch c.Shows {
		case policy.Keep:
			g.kept = g.kept.With(c.Class)
		case policy.Omit:
			g.Not = append(g.Not, k)
		default:
			g.Shown = append(g.Shown, k)
		}
	}
	for i := range out {
		out[i].Kept = summary(cat, out[i].kept)
	}
	slices.SortStableFunc(out, func(a, b group) int { return cmp.Compare(b.kept.Len()+len(b.Shown), a.kept.Len()+len(a.Shown)) })
	return out
}

// whyNot says why a class does not show more, in words of the policy alone.
func whyNot(c *reach.Class) string {
	switch {
	case c.Shows == policy.Keep:
		return ""
	case c.Masked:
		return "masked until you ask for one value with a reason"
	case c.Never:
		return "your role never sees it: somebody of another role has to do this"
	case c.Lent:
		return "this task shows it on loan"
	case c.Shows != policy.Omit:
		return "as much as this task needs"
	}
	return "this task does not name it"
}
