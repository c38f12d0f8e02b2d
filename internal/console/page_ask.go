package console

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/internal/access"
	"modicum/policy"
	"modicum/policy/doc"
)

//go:embed page_ask.html
var askText string

var askView = View("ask", askText)

type askShown struct {
	Form    *Form
	Tasks   bool
	Card    *card // of the preview
	Decides []decider
	Values  []againField // of the preview, to be sent as they are
	Wrong   []Wrong
}

// Row are those of some fields that the form has: reasons it has only where a task names some.
func (a askShown) Row(names ...string) (out []*Field) {
	for _, name := range names {
		if a.Form.has(name) {
			out = append(out, a.Form.Field(name))
		}
	}
	return out
}

// askPage asks for what is missing: filled in, looked at once more, sent. The form
// begins with what another page knows already; nothing is sent before the preview.
func (s *Staff) askPage() Page {
	return Page{Path: "/ask", Menu: "Ask", Group: Mine, Icon: "ask",
		Get: func(v *Visit) error {
			f := s.askForm(v, v.R.URL.Query().Get("task"))
			return v.Show(askView, askShown{Form: f, Tasks: len(f.Field("task").Options) > 0})
		},
		Post: func(v *Visit) error {
			f := s.askForm(v, v.R.PostForm.Get("task"))
			switch v.R.PostForm.Get("step") {
			case "fill":
				f.Fill(v)
				return v.Show(askView, askShown{Form: f, Tasks: true})
			case "send":
				return s.sendAsk(v, f)
			}
			return s.previewAsk(v, f)
		},
	}
}

// askForm has the reasons and lengths of the task that is asked for.
func (s *Staff) askForm(v *Visit, task string) *Form {
	set := s.Policy()
	tasks := set.TasksOf(v.Viewer.Roles)
	f := &Form{Action: "/ask", Submit: "See who decides", More: "Number, marked records, later start"}
	pick := &Field{Name: "task", Label: "For which task", Kind: Select, Need: true}
	var chosen *policy.TaskInfo
	for i := range tasks {
		t := &tasks[i]
		pick.Options = append(pick.Options, Option{Value: t.ID, Label: t.Title, Chosen: t.ID == task})
		if t.ID == task || chosen == nil {
			chosen = t
		}
	}
	if chosen == nil {
		chosen = &policy.TaskInfo{}
	}
	patient := patientField()
	patient.Label, patient.Hint = "Patient’s chart id", ""
	f.Fields = append(f.Fields, &Field{Name: "step", Kind: Hidden, Value: "preview"}, pick, s.kindField(chosen),
		&Field{Name: "class", Label: "Which kind is missing", Kind: Select, Either: true, Options: s.classOptions(chosen)},
		&Field{Name: "mark", Label: "Or which marked records", Hint: "Where a record is hidden because it is marked sensitive.", Kind: Select, Either: true, Rare: true, Options: s.markOptions()},
		patient,
		&Field{Name: "record", Label: "Record, such as Observation/o7", Kind: Line, Either: true, Max: 96})
	if task != "" {
		tasks = []policy.TaskInfo{*chosen}
	}
	if reasons := reasonsOf(tasks); len(reasons) > 1 {
		f.Fields = append(f.Fields, &Field{Name: "reason", Label: "Reason", Kind: Select, Either: true, Options: reasons})
	}
	f.Fields = append(f.Fields,
		&Field{Name: "ref", Label: "Number that proves it", Hint: "Of a ticket, visit, claim, appointment or release request. It is checked.", Kind: Line, Max: 96, Rare: true},
		&Field{Name: "text", Label: "What you need it for", Hint: "A few words, never the patient’s name.", Kind: Area, Either: true},
		&Field{Name: "for", Label: "For how long", Kind: Select, Either: true, Options: lengths()},
		&Field{Name: "from", Label: "From when", Hint: "Leave it out to begin when it is approved.", Kind: Moment, Rare: true})
	return f
}

func (s *Staff) kindField(t *policy.TaskInfo) *Field {
	f := &Field{Name: "kind", Label: "What you ask for", Kind: Radios, Need: true}
	if s.Policy().Folder().Organization.Exceptions != nil {
		f.Options = append(f.Options, Option{Value: string(access.Exception), Label: kindOf(access.Exception), Hint: "Your task does not name it, and it is needed here."})
	}
	f.Options = append(f.Options,
		Option{Value: string(access.Lend), Label: kindOf(access.Lend), Hint: "A task that shows a patient for a while, when somebody agrees."},
		Option{Value: string(access.Asked), Label: kindOf(access.Asked), Hint: "It opens at once, for your own reason, and is on record."})
	f.Value = f.Options[0].Value
	if t.Lend != nil {
		f.Value = string(access.Lend)
	}
	f.choose()
	return f
}

// classOptions are the classes that somebody could be lent: not those that the task
// shows anyway, nor those that the role never sees.
func (s *Staff) classOptions(t *policy.TaskInfo) []Option {
	set := s.Policy()
	today := s.sight.of(set, t.ID).today
	role, _ := set.RoleOf(t.Role)
	out := []Option{{Value: "", Label: "None"}}
	for _, g := range groupsOf(set.Catalog()) {
		for _, info := range g.classes {
			if today.Has(info.Class) || role != nil && slices.ContainsFunc(role.Never, func(w doc.Word) bool { return info.Name == w.Text || strings.HasPrefix(info.Name, w.Text+".") }) {
				continue
			}
			out = append(out, Option{Value: info.Name, Label: info.Title, Group: upperFirst(g.title)})
		}
	}
	return out
}

func (s *Staff) markOptions() []Option {
	out := []Option{{Value: "", Label: "None"}}
	for _, info := range s.Policy().Catalog().Classes() {
		if info.IsOverlay {
			out = append(out, Option{Value: info.Name, Label: info.Title})
		}
	}
	return out
}

// reasonsOf are the reasons for which part of a task is lent, of each of some tasks: as
// long as nobody chose one, any of them may be meant.
func reasonsOf(tasks []policy.TaskInfo) []Option {
	out := []Option{{Label: "Choose"}}
	for _, t := range tasks {
		if t.Lend == nil {
			continue
		}
		for _, w := range t.Lend.Reasons {
			out = append(out, Option{Value: w.Text, Label: w.Text, Group: t.Title})
		}
	}
	return out
}

// lengths are those that people ask for. The policy's own is taken where none is
// chosen, and it says so where one is too long.
func lengths() []Option {
	out := []Option{{Value: "", Label: "Longest allowed"}}
	for _, d := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		out = append(out, Option{Value: strconv.Itoa(int(d.Minutes())), Label: Lasting(d)})
	}
	return out
}

// wanted reads the form as a want; what the policy says about it the book checks.
func (s *Staff) wanted(v *Visit, f *Form) access.Want {
	role, task, _ := strings.Cut(f.Get("task"), "/")
	w := access.Want{
		Kind: access.Kind(f.Get("kind")), Role: role, Task: task, Patients: listed(f.Get("patient")),
		Reason: access.Reason{Ref: f.Get("ref"), Text: f.Get("text")},
	}
	// What does not belong to the kind is hidden on the page, and so does not count.
	switch w.Kind {
	case access.Exception:
		w.Classes, w.Overlays = listed(f.Get("class")), listed(f.Get("mark"))
	case access.Asked:
		w.Classes, w.Record = listed(f.Get("class")), f.Get("record")
	case access.Lend:
		if f.has("reason") {
			w.Reason.Kind = f.Get("reason")
		}
	}
	if minutes, err := strconv.Atoi(f.Get("for")); err == nil {
		w.For = (time.Duration(minutes) * time.Minute).Microseconds()
	}
	if from := f.Get("from"); from != "" {
		at, ok := v.ParseWhen(from)
		if !ok {
			f.Fail("from", "Write the moment as a date and a time, or leave it out.")
		}
		w.From = at
	}
	return w
}

func listed(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// previewAsk shows what would be sent, what it adds, and who decides.
func (s *Staff) previewAsk(v *Visit, f *Form) error {
	f.Read(v)
	w := s.wanted(v, f)
	p, err := s.Lent.Preview(v.Context(), v.Viewer.Actor(), w)
	if err == nil && len(p.Problems) > 0 {
		err = &access.Refusal{Problems: p.Problems}
	}
	if err != nil {
		if err := refused(f, err); err != nil {
			return err
		}
	}
	if !f.OK() {
		return v.Again(askView, askShown{Form: f, Tasks: true, Wrong: f.Wrong})
	}
	c := s.want(v, v.Viewer.Person.ID, &p.Want)
	s.shows(&c, &p.Want)
	return v.Show(askView, askShown{Form: f, Card: &c, Tasks: true, Decides: s.deciders(p.Needs), Values: f.values()})
}

// values are what was filled in, to be sent once more as it is.
func (f *Form) values() (out []againField) {
	for _, x := range f.Fields {
		if x.Name != "step" && x.Value != "" {
			out = append(out, againField{x.Name, x.Value})
		}
	}
	return out
}

func (s *Staff) sendAsk(v *Visit, f *Form) error {
	f.Read(v)
	w := s.wanted(v, f)
	if f.OK() {
		a, err := s.Lent.Ask(v.Context(), v.Viewer.Actor(), w)
		switch {
		case err == nil && a.Grant != nil:
			return v.Go("/grants/"+a.Grant.ID, "It is open to you now.")
		case err == nil:
			return v.Go("/requests/"+a.Request.ID, "Asked. Whoever decides has been told.")
		}
		if err := refused(f, err); err != nil {
			return err
		}
	}
	f.Field("step").Value = "preview"
	return v.Again(askView, askShown{Form: f, Tasks: true, Wrong: f.Wrong})
}

// Fill puts what another page knows into a form, without finding anything wrong yet.
func (f *Form) Fill(v *Visit) {
	for _, x := range f.Fields {
		if value := v.R.PostForm.Get(x.Name); value != "" && x.Name != "step" {
			x.Value = value
			if x.check() != "" {
				x.Value = ""
			}
		}
		x.choose()
	}
}
