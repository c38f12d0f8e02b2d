package console

import (
	_ "embed"
	"strings"

	"modicum/internal/access"
	"modicum/policy"
)

//go:embed page_glass.html
var glassText string

var glassView = View("glass", glassText)

type glassShown struct {
	Form    *Form
	Kinds   []string // of the policy: a button each
	Tasks   []policy.TaskInfo
	For     string
	Drills  string
	May     bool
	Patient *Field
	Text    *Field
}

// mayBreak reports whether some task of a viewer has an emergency way.
func (s *Staff) mayBreak(v *Viewer) bool { return len(s.glassTasks(v)) > 0 }

func (s *Staff) glassTasks(v *Viewer) (out []policy.TaskInfo) {
	for _, t := range s.Policy().TasksOf(v.Roles) {
		if t.BreakGlass != nil {
			out = append(out, t)
		}
	}
	return out
}

// glassPage is one screen, one reason, one tap. It comes from the menu, or from a page
// that knows the patient and posts it here.
func (s *Staff) glassPage() Page {
	return Page{Path: "/glass", Menu: "Break the glass", Group: Mine, Icon: "glass", May: s.mayBreak, Fresh: freshForGlass, Sends: "Break the glass",
		Get: func(v *Visit) error { return v.Show(glassView, s.glass(v, s.glassForm(v))) },
		Post: func(v *Visit) error {
			f := s.glassForm(v)
			if v.R.PostForm.Get("step") == "fill" {
				f.Fill(v)
				return v.Show(glassView, s.glass(v, f))
			}
			return s.breakGlass(v, f)
		},
	}
}

func (s *Staff) glassForm(v *Visit) *Form {
	tasks := s.glassTasks(v.Viewer)
	task := &Field{Name: "task", Label: "For which of your tasks", Kind: Select}
	var kinds []Option
	for _, t := range tasks {
		task.Options = append(task.Options, Option{Value: t.ID, Label: t.Title})
		for _, w := range t.BreakGlass.Reasons {
			kinds = append(kinds, Option{Value: w.Text, Label: w.Text})
		}
	}
	patient := patientField()
	return &Form{Action: "/glass", Fields: []*Field{patient, task, {Name: "reason", Label: "Reason", Kind: Hidden, Options: kinds}, {Name: "text", Label: "Reason in a word or two", Kind: Line, Either: true}}}
}

func (s *Staff) glass(v *Visit, f *Form) glassShown {
	x := glassShown{Form: f, Tasks: s.glassTasks(v.Viewer), Drills: strings.Join(s.Drills, ", "), Patient: f.Field("patient"), Text: f.Field("text")}
	for _, o := range f.Field("reason").Options {
		x.Kinds = append(x.Kinds, o.Value)
	}
	if len(x.Tasks) > 0 {
		x.For = x.Tasks[0].BreakGlass.For.String()
	}
	return x
}

func (s *Staff) breakGlass(v *Visit, f *Form) error {
	if f.Read(v) {
		tasks := s.glassTasks(v.Viewer)
		w := access.GlassWant{Patient: f.Get("patient"), Reason: access.Reason{Kind: f.Get("reason"), Text: f.Get("text")}, How: v.Viewer.How}
		if id := f.Get("task"); id != "" {
			w.Role, w.Task, _ = strings.Cut(id, "/")
		} else if len(tasks) > 0 {
			w.Role, w.Task = tasks[0].Role, tasks[0].Task
		}
		g, err := s.Lent.BreakGlass(v.Context(), v.Viewer.Actor(), w)
		if err == nil {
			return v.Go("/grants/"+g.ID, "The glass is broken: ask for the chart again, and it opens.")
		}
		if err := refused(f, err); err != nil {
			return err
		}
	}
	return v.Again(glassView, s.glass(v, f))
}
