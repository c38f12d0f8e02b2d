package console

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

//go:embed page_role.html
var roleText string

var roleView = View("role", roleText)

type roleShown struct {
	Name, Title, Say string
	Owner, Review    string
	HeldBy           string
	Never            string
	Mine             bool
	Reach            *bars
	Tasks            []roleTask
}

// roleTask is a task in prose.
type roleTask struct {
	Name, Title, Purpose, Say, Justify string
	Verbs, Exempt                      string
	Lines                              []lineShown
	Find                               string
	Glass                              *roleGlass
	Duties                             []string
}

// lineShown is one line of a task: when it counts, and what it shows.
type lineShown struct {
	While, Within string
	Verbs         string
	Marked        string
	Lent          *lendShown
	Shows         []howShown
}

type howShown struct {
	How   Badge
	Names []string
}

type lendShown struct{ For, Approve, Reasons string }

type roleGlass struct{ For, Review, Reasons string }

// rolePage is one role of the policy in force, for everybody.
func (o *Overseer) rolePage() Page {
	return Page{Path: "/roles/{role}", Get: func(v *Visit) error {
		set := o.Policy()
		r, ok := set.RoleOf(v.R.PathValue("role"))
		if !ok {
			return ErrNotHere
		}
		x := roleShown{
			Name: r.Name.Text, Title: r.Title, Say: r.Say, Owner: words(r.Owner.Text), HeldBy: cmp.Or(r.HeldBy.Text, "people"),
			Never: strings.Join(titlesOf(set.Catalog(), texts(r.Never)), ", "), Mine: slices.Contains(v.Viewer.Roles, r.Name.Text),
		}
		if !r.Review.Zero() {
			x.Review = r.Review.String()
		}
		lines := taskLines(set, r.Name.Text)
		x.Reach = reachOf(set.Catalog(), lines)
		for i := range r.Tasks {
			x.Tasks = append(x.Tasks, taskOf(set, r, &r.Tasks[i], lines))
		}
		return v.Show(roleView, x)
	}}
}

func texts(words doc.Words) (out []string) {
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

func taskOf(set *policy.Set, r *doc.Role, d *doc.Task, lines []seenLine) roleTask {
	info, _ := set.Task(r.Name.Text + "/" + d.Name.Text)
	t := roleTask{Name: d.Name.Text, Title: d.Title, Purpose: words(info.Purpose), Say: d.Say, Justify: d.Justify, Verbs: strings.ReplaceAll(info.Verbs.String(), " ", ", "), Exempt: words(info.Exempt)}
	for _, name := range info.Obligations.Names() {
		t.Duties = append(t.Duties, words(name))
	}
	if d.BreakGlass != nil {
		t.Glass = &roleGlass{d.BreakGlass.For.String(), d.BreakGlass.Review.String(), strings.Join(texts(d.BreakGlass.Reasons), ", ")}
	}
	if info.Find != nil {
		t.Find = findOf(set.Catalog(), info.Find)
	}
	for i := range lines {
		if l := &lines[i]; l.Task == d.Name.Text {
			t.Lines = append(t.Lines, l.shown(set.Catalog(), info.Lend))
		}
	}
	return t
}

func findOf(cat *catalog.Catalog, f *policy.FindInfo) string {
	var by []string
	for _, c := range f.By {
		by = append(by, lowerFirst(cat.Info(c).Title))
	}
	if f.AtLeast > 0 && f.AtLeast < len(by) {
		return counted(f.AtLeast) + " of " + strings.Join(by, ", ")
	}
	return strings.Join(by, ", ")
}

func counted(n int) string {
	if n > 0 && n < 5 {
		return [...]string{"", "one", "two", "three", "four"}[n]
	}
	return "several"
}

// seenLine is a line of a task with what it shows, by treatment.
type seenLine struct {
	policy.Seer
	by map[string]catalog.ClassSet
}

// taskLines gathers the lines of a role, in the order of the policy.
func taskLines(set *policy.Set, role string) (out []seenLine) {
	at := map[string]int{}
	for _, info := range set.Catalog().Classes() {
		if info.IsOverlay {
			continue // what a line shows of marked records stands with the line
		}
		for _, l := range set.Sees(info.Class) {
			if l.Role != role {
				continue
			}
			i, known := at[l.Line]
			if !known {
				i = len(out)
				at[l.Line] = i
				out = append(out, seenLine{l, map[string]catalog.ClassSet{}})
			}
			out[i].by[l.Treatment] = out[i].by[l.Treatment].With(info.Class)
		}
	}
	slices.SortStableFunc(out, func(a, b seenLine) int { return cmp.Or(len(a.Line)-len(b.Line), cmp.Compare(a.Line, b.Line)) })
	return out
}

func (l *seenLine) shown(cat *catalog.Catalog, lend *doc.Lend) lineShown {
	x := lineShown{While: prose(cat, allOf(l.While)), Within: prose(cat, l.Within), Verbs: l.Verbs, Marked: strings.Join(titlesOf(cat, l.Marked), ", ")}
	if l.Lent != "" && lend != nil {
		x.Lent = &lendShown{lend.For.String(), wordsOf(lend.Approve), strings.Join(texts(lend.Reasons), ", ")}
	}
	for _, how := range []string{"keep", "ask", "last4", "coarse", "token", "mask"} {
		if set, some := l.by[how]; some {
			x.Shows = append(x.Shows, howShown{howBadge(how), summary(cat, set)})
		}
	}
	return x
}
