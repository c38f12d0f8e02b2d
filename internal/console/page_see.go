package console

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"net/url"
	"slices"
	"strings"

	"modicum/internal/people"
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

// Sample is a made-up patient.
type Sample struct {
	ID, Name, Note string
	Records        func() []byte // NDJSON
}

// OwnView reads a patient's records as the viewer's own request for one of their own
// tasks: decided by the gate and on record like any other. [ErrOwn] says that it shows
// nothing, whatever the reason.
type OwnView func(ctx context.Context, v *Viewer, task, patient string) ([]byte, error)

// ErrOwn: the viewer's own task shows nothing of the patient, or there is none.
var ErrOwn = errors.New("the viewer's own task shows nothing of this patient")

// maySee lets in who writes policy, puts it in force, or reviews what was done under it.
var maySee = Duty(people.WritePolicy, people.AgreePolicy, people.ReviewAccess)

// seeRow is a task that can be looked through.
type seeRow struct {
	policy.TaskInfo
	role string
}

var seeTable = &Table[seeRow]{
	Name: "tasks", Caption: "Tasks of the policy in force", Empty: "The policy in force has no task.",
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

// Where records come from, as the form and the record of a look call it.
const (
	madeUp  = "made-up"
	given   = "given"
	ownView = "own-view"
)

// seeForm asks what holds, what restricts, and which records.
func (o *Overseer) seeForm(v *Visit, task policy.TaskInfo) *Form {
	asks, restricts := preview.Facts(o.Policy(), task)
	from := &Field{Name: "from", Label: "Records", Kind: Radios, Need: true, Value: madeUp, Options: []Option{
		{Value: madeUp, Label: "A made-up patient", Hint: "Nobody real is looked at."},
		{Value: given, Label: "Records that you paste or upload", Hint: "They are kept nowhere, and are gone when you leave the page."},
	}}
	f := &Form{Submit: "Look", Back: "/see-as", Fields: []*Field{
		from, o.sampleField(),
		{Name: "text", Label: "FHIR resources", Hint: "JSON, a Bundle, or one resource a line; at most 1 MiB and 500 resources.", Kind: Area, Raw: true, Either: true, Rows: 8, Max: preview.MostBytes},
		{Name: "file", Label: "or a file of them", Kind: File, Either: true},
	}}
	if tasks := o.Policy().TasksOf(v.Viewer.Roles); o.Own != nil && len(tasks) > 0 {
		from.Options = append(from.Options, Option{Value: ownView, Label: "A patient of ours whom you may see yourself", Hint: "Asked for as your own request. What shows is what both you and this task see, of the first 200 records."})
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
	for _, s := range o.Samples {
		x.Options = append(x.Options, Option{Value: s.ID, Label: s.Name + ": " + s.Note})
	}
	return x
}

// look answers a post.
func (o *Overseer) look(v *Visit, task policy.TaskInfo) error {
	f := o.seeForm(v, task)
	if f.Read(v) {
		o.complete(f)
	}
	if !f.OK() {
		return v.Again(seenView, o.seeing(task, f))
	}
	q := preview.Question{Who: v.Viewer.Person.ID, Task: task.ID, Kind: f.Get("from"), Assume: slices.Concat(f.Field("holds").Values, f.Field("restricts").Values)}
	q.Records = func(ctx context.Context) ([]byte, error) { return o.records(ctx, v, f) }
	if q.Kind == ownView {
		q.Patient = f.Get("patient")
	}
	a, err := o.Desk.Look(v.Context(), q)
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

// complete says what the chosen kind of records lacks. What was uploaded comes back as
// text, so that it can be looked at once more.
func (o *Overseer) complete(f *Form) {
	switch f.Get("from") {
	case madeUp:
		if f.Get("sample") == "" {
			f.Fail("sample", "Choose a made-up patient.")
		}
	case given:
		if body := f.Field("file").Body; len(body) > 0 {
			f.Field("text").Value = strings.ToValidUTF8(string(body), "\uFFFD")
		}
		if strings.TrimSpace(f.Get("text")) == "" {
			f.Fail("text", "Paste a resource, or choose a file.")
		}
	case ownView:
		if !people.IsFHIRID(f.Get("patient")) {
			f.Fail("patient", "Name the patient by the id of the chart: letters, digits, - and . only.")
		}
		if f.Get("own") == "" {
			f.Fail("own", "Choose the task for which you may see this patient yourself.")
		}
	}
}

// records are what the form names.
func (o *Overseer) records(ctx context.Context, v *Visit, f *Form) ([]byte, error) {
	switch f.Get("from") {
	case given:
		return []byte(f.Get("text")), nil
	case ownView:
		return o.Own(ctx, v.Viewer, f.Get("own"), f.Get("patient"))
	}
	for _, s := range o.Samples {
		if s.ID == f.Get("sample") {
			return s.Records(), nil
		}
	}
	return nil, ErrNotHere
}

// lookFailed puts what stands in the way into a form, and gives back every other error.
func lookFailed(f *Form, err error) error {
	var wrong *preview.WrongError
	switch {
	case errors.As(err, &wrong):
		at := "text"
		if f.Get("from") != given {
			at = ""
		}
		for _, line := range wrong.Lines {
			f.Wrong = append(f.Wrong, Wrong{at, upperFirst(line) + "."})
		}
		if at != "" {
			f.Field(at).Wrong = "These are no resources, or not all of them."
		}
	case errors.Is(err, preview.ErrTooMany):
		f.Fail("", "That is more than one look shows: at most 1 MiB and 500 resources.")
	case errors.Is(err, ErrOwn):
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
