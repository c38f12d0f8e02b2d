package console

import (
	"cmp"
	_ "embed"
	"errors"
	"net/url"
	"slices"
	"strings"

	"modicum/internal/oversight"
	"modicum/internal/preview"
	"modicum/policy"
)

//go:embed page_see.html
var seeText string

//go:embed page_seen.html
var seenText string

var (
	seeView  = View("see", seeText)
	seenView = View("seen", seenText)
)

// maySee lets in who writes policy, puts it in force, or reviews what was done under it.
var maySee = Duty(oversight.Seers()...)

// seeRow is a task that can be looked through.
type seeRow struct {
	policy.TaskInfo
	role string
}

var seeTable = &Table[seeRow]{
	Name: "tasks", Caption: "Tasks of the policy in force", PerPage: 20, Empty: "The policy in force has no task.",
	Columns: []Column[seeRow]{
		{Key: "task", Title: "Task", Text: func(r seeRow) string { return r.Title }, Cell: func(r seeRow) Cell {
			return Cell{Text: r.Title, Href: "/see-as/" + url.PathEscape(r.Role) + "/" + url.PathEscape(r.Task), Sub: cmp.Or(r.Justify, r.Say)}
		}},
		{Key: "role", Title: "Role", Text: func(r seeRow) string { return r.role }, Pick: true},
		{Key: "purpose", Title: "Purpose", Text: func(r seeRow) string { return words(r.Purpose) }, Pick: true, Quiet: true},
	},
}

// seeListPage offers every task of every role.
func (o *Overseer) seeListPage() Page {
	return Page{Path: "/see-as", Menu: "See as", Group: Oversight, Icon: "eye", May: maySee, Get: func(v *Visit) error {
		set := o.Policy()
		var rows []seeRow
		for t := range set.Tasks {
			if r, ok := set.RoleOf(t.Role); ok {
				rows = append(rows, seeRow{t, r.Title})
			}
		}
		list, done := seeTable.List(v, rows)
		if done {
			return nil
		}
		return v.Show(seeView, list)
	}}
}

// seePage looks through one task. Opening it shows no record; each look is a post, which
// is on record before it is answered, and changes nothing.
func (o *Overseer) seePage() Page {
	return Page{Path: "/see-as/{role}/{task}", May: maySee, Most: 2 * preview.MostBytes,
		Get: func(v *Visit) error {
			task, err := o.seenTask(v)
			if err != nil {
				return err
			}
			return v.Show(seenView, o.seeing(task, o.seeForm(v, task)))
		},
		Post: func(v *Visit) error {
			task, err := o.seenTask(v)
			if err != nil {
				return err
			}
			return o.look(v, task)
		},
	}
}

func (o *Overseer) seenTask(v *Visit) (policy.TaskInfo, error) {
	task, ok := o.Policy().Task(v.R.PathValue("role") + "/" + v.R.PathValue("task"))
	if !ok || task.Role == "" {
		return task, ErrNotHere
	}
	return task, nil
}

// asker is the viewer as one who looks.
func asker(v *Viewer) preview.Asker {
	p := v.Person
	return preview.Asker{ID: p.ID, Roles: v.Roles, How: v.How, Network: v.Network, Dept: p.Department, Facility: p.Facility, Practitioners: p.Practitioners, Until: v.Until}
}

// seeForm asks what holds, what restricts, and which records.
func (o *Overseer) seeForm(v *Visit, task policy.TaskInfo) *Form {
	asks, restricts := preview.Facts(o.Policy(), task)
	from := &Field{Name: "from", Label: "Records", Kind: Radios, Need: true, Value: preview.MadeUp, Options: []Option{
		{Value: preview.MadeUp, Label: "A made-up patient", Hint: "Nobody real is looked at."},
		{Value: preview.Given, Label: "Records that you paste or upload", Hint: "They are kept nowhere, and are gone when you leave the page."},
	}}
	f := &Form{Submit: "Look", Back: "/see-as", Fields: []*Field{
		from, o.sampleField(),
		{Name: "text", Label: "FHIR resources", Hint: "JSON, a Bundle, or one resource a line; at most 1 MiB and 500 resources.", Kind: Area, Raw: true, Either: true, Rows: 8, Max: preview.MostBytes},
		{Name: "file", Label: "or a file of them", Kind: File, Either: true},
	}}
	if tasks := o.Desk.OwnTasks(asker(v.Viewer)); len(tasks) > 0 {
		from.Options = append(from.Options, Option{Value: preview.OwnView, Label: "A patient of ours whom you may see yourself", Hint: "Asked for as your own request. What shows is what both you and this task see, of the first 200 records."})
		own := &Field{Name: "own", Label: "Your own task", Kind: Select, Either: true}
		for _, t := range tasks {
			own.Options = append(own.Options, Option{Value: t.ID, Label: t.Title})
		}
		patient := patientField()
		patient.Need, patient.Either = false, true
		f.Fields = append(f.Fields, patient, own)
	}
	f.Fields = append(f.Fields,
		assumed("holds", "What holds at the time", "All that this task asks for. Take a check mark away to see what shows without it.", asks, true),
		assumed("restricts", "What restricts, or lifts a restriction", "Restrictions beat every task.", restricts, false),
	)
	for _, x := range f.Fields {
		x.choose()
	}
	return f
}

func assumed(name, label, hint string, facts []preview.Fact, all bool) *Field {
	x := &Field{Name: name, Label: label, Hint: hint, Kind: Checks, Either: true}
	for _, f := range facts {
		x.Options = append(x.Options, Option{Value: f.Name, Label: upperFirst(words(f.Name)), Hint: f.Means})
		if all {
			x.Values = append(x.Values, f.Name)
		}
	}
	return x
}

func (o *Overseer) sampleField() *Field {
	x := &Field{Name: "sample", Label: "Which made-up patient", Kind: Select, Either: true}
	for _, s := range o.Desk.Samples() {
		x.Options = append(x.Options, Option{Value: s.ID, Label: s.Name + ": " + s.Note})
	}
	return x
}

// look answers a post.
func (o *Overseer) look(v *Visit, task policy.TaskInfo) error {
	f := o.seeForm(v, task)
	var c preview.Chosen
	if f.Read(v) {
		c = chosen(f)
		for _, lack := range o.Desk.Lacks(asker(v.Viewer), c) {
			f.Fail(lack.Field, lack.Say)
		}
	}
	if !f.OK() {
		return v.Again(seenView, o.seeing(task, f))
	}
	a, err := o.Desk.See(v.Context(), asker(v.Viewer), task.ID, c, slices.Concat(f.Field("holds").Values, f.Field("restricts").Values))
	if err != nil {
		if err := lookFailed(f, err); err != nil {
			return err
		}
		return v.Again(seenView, o.seeing(task, f))
	}
	x := o.seeing(task, f)
	x.Look = told(a, f)
	return v.Show(seenView, x)
}

// chosen is what the form names. What was uploaded comes back as text, so that it can be
// looked at once more.
func chosen(f *Form) preview.Chosen {
	if body := f.Field("file").Body; f.Get("from") == preview.Given && len(body) > 0 {
		f.Field("text").Value = strings.ToValidUTF8(string(body), "\uFFFD")
	}
	c := preview.Chosen{From: f.Get("from"), Sample: f.Get("sample"), Text: f.Get("text")}
	if f.has("own") {
		c.Own, c.Patient = f.Get("own"), f.Get("patient")
	}
	return c
}

// lookFailed puts what stands in the way into a form, and gives back every other error.
func lookFailed(f *Form, err error) error {
	var wrong *preview.WrongError
	switch {
	case errors.As(err, &wrong):
		at := "text"
		if f.Get("from") != preview.Given {
			at = ""
		}
		for _, line := range wrong.Lines {
			f.Wrong = append(f.Wrong, Wrong{at, upperFirst(line) + "."})
		}
		if at != "" {
			f.Field(at).Wrong = "These are no FHIR resources, or not all of them are."
		}
	case errors.Is(err, preview.ErrTooMany):
		f.Fail("", "That is more than one look shows: at most 1 MiB and 500 resources.")
	case errors.Is(err, preview.ErrOwn):
		f.Fail("patient", "Your own task shows you nothing of this patient just now, or there is no such patient. The two look alike on purpose, and that you asked is on record.")
	case errors.Is(err, preview.ErrUnavailable):
		f.Fail("", "Looks are written down, and that is not possible just now. Try again in a minute.")
	case errors.Is(err, preview.ErrTask):
		return ErrNotHere
	default:
		return err
	}
	return nil
}

type seenShown struct {
	Task policy.TaskInfo
	Role string
	Form *Form
	Look *lookTold // nil before a look
}

func (o *Overseer) seeing(task policy.TaskInfo, f *Form) seenShown {
	x := seenShown{Task: task, Form: f}
	if r, ok := o.Policy().RoleOf(task.Role); ok {
		x.Role = r.Title
	}
	return x
}
