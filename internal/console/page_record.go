package console

import (
	"cmp"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"modicum/internal/defect"
	"modicum/internal/oversight"
	"modicum/ledger"
)

//go:embed page_record.html
var recordText string

var recordView = View("record", recordText)

const unrecordedText = `{{define "title"}}The record{{end}}
{{define "main"}}<div class="narrow"><h1>The record cannot be shown just now</h1>
<p class="lead">Whoever reads the record is written down first, and that is not possible at this moment. So nothing of it is shown.</p>
<p>Try again in a minute. Those who run the system see why on their page.</p>
<p><a class="button" href="/record">Try again</a></p></div>{{end}}`

var unrecordedView = View("unrecorded", unrecordedText)

// deedTable is a page of the record as people read it. It is sorted by time alone: the
// record is longer than what could be sorted at once.
var deedTable = &Table[deed]{
	Caption: "Requests and acts, newest first",
	Columns: []Column[deed]{
		{Key: "what", Title: "What happened", Fixed: true, Text: func(d deed) string { return d.Say }, Cell: func(d deed) Cell {
			return Cell{Text: d.Say, Href: d.Path(), Sub: d.Shown}
		}},
		{Key: "effect", Title: "Answer", Fixed: true, Text: func(d deed) string { return d.Effect.Word }, Cell: func(d deed) Cell { return Cell{Badge: &d.Effect} }},
		{Key: "when", Title: "When", Fixed: true, Text: func(d deed) string { return d.At.Exact }, Cell: func(d deed) Cell { return Cell{When: &d.At} }},
	},
}

const deedsPerPage = 50

type recordShown struct {
	Form   *Form
	More   bool // a field of the second row is filled in
	List   *Listing
	Any    bool // something is looked for
	Posted bool // the form's answer holds what may stand in no address
	Older  string
	Next   int64
	Until  When
	CSV    string
	Back   string
}

// Row is a part of the form.
func (s recordShown) Row(names ...string) (out []*Field) {
	for _, name := range names {
		out = append(out, s.Form.Field(name))
	}
	return out
}

// Kept are the fields of the form as they were filled in.
func (s recordShown) Kept() (out []*Field) {
	for _, f := range s.Form.Fields {
		if f.Value != "" && f.Name != "before" {
			out = append(out, f)
		}
	}
	return out
}

const patientName = "patient"

// recordForm is what the record can be searched by.
func (r *Record) recordForm() *Form {
	set := r.Policy()
	role := &Field{Name: "role", Label: "Role", Kind: Select, Options: []Option{{Label: "Any"}}}
	task := &Field{Name: "task", Label: "Task", Kind: Select, Options: []Option{{Label: "Any"}}}
	for _, name := range set.Roles() {
		title := words(name)
		if d, ok := set.RoleOf(name); ok && d.Title != "" {
			title = d.Title
		}
		role.Options = append(role.Options, Option{Value: name, Label: title})
		for _, t := range set.TasksOf([]string{name}) {
			task.Options = append(task.Options, Option{Value: t.ID, Label: cmp.Or(t.Title, t.Task), Group: title})
		}
	}
	purpose := &Field{Name: "purpose", Label: "Purpose", Kind: Select, Options: []Option{{Label: "Any"}}}
	for _, p := range set.Purposes() {
		purpose.Options = append(purpose.Options, Option{Value: p.Name.Text, Label: upperFirst(words(p.Name.Text))})
	}
	door := &Field{Name: "door", Label: "Door", Kind: Select, Options: []Option{{Label: "Any"}}}
	for _, d := range r.Doors {
		door.Options = append(door.Options, Option{Value: d, Label: d})
	}
	f := &Form{Fields: []*Field{
		{Name: "who", Label: "Who, by user name", Kind: Line, Max: 200},
		{Name: patientName, Label: "Patient, by id", Kind: Line, Max: 100},
		{Name: "from", Label: "From", Kind: Moment}, {Name: "to", Label: "Until", Kind: Moment},
		{Name: "kind", Label: "What", Kind: Select, Options: []Option{
			{Value: "", Label: "Requests and acts"}, {Value: string(ledger.KindDecision), Label: "Requests for data"}, {Value: oversight.Shown, Label: "Requests that showed something"},
			{Value: oversight.CutOff, Label: "Answers that were cut off"}, {Value: string(ledger.KindAct), Label: "Acts"}, {Value: oversight.Reads, Label: "Who read this record"},
			{Value: oversight.All, Label: "All of these"},
		}},
		{Name: "effect", Label: "Answer", Kind: Select, Options: []Option{{Value: "", Label: "Any"}, {Value: string(ledger.Admit), Label: "Allowed"}, {Value: string(ledger.Refuse), Label: "Refused"}}},
		role, task, purpose, door,
		{Name: "grant", Label: "Lent, by number", Kind: Line, Max: 36},
		{Name: "before", Kind: Hidden, Max: 20},
	}}
	for _, x := range f.Fields {
		x.Either = true // nothing is needed, and nothing has to be called optional
	}
	return f
}

// asked reads the form.
func (r *Record) asked(v *Visit, f *Form) oversight.Asked {
	a := oversight.Asked{
		Who: f.Get("who"), Patient: f.Get(patientName), Kind: f.Get("kind"), Effect: f.Get("effect"), Role: f.Get("role"), Task: f.Get("task"),
		Purpose: f.Get("purpose"), Door: f.Get("door"), Grant: f.Get("grant"), From: r.moment(v, f, "from"), To: r.moment(v, f, "to"), Limit: deedsPerPage,
	}
	before := f.Field("before")
	var err error
	if a.Before, err = strconv.ParseInt(before.Value, 10, 64); err != nil || a.Before < 0 {
		before.Value, a.Before = "", 0
	}
	return a
}

// search is a search of the record: as it was asked, and as the record knows it.
type search struct {
	asked oversight.Asked
	query oversight.Query
}

// query reads the form, and says at its fields what is wrong with it.
func (r *Record) query(v *Visit, f *Form) search {
	s := search{asked: r.asked(v, f)}
	var wrong []oversight.Wrong
	s.query, wrong = r.Query(s.asked)
	for _, w := range wrong {
		f.Fail(w.Field, w.Say)
	}
	return s
}

func (r *Record) moment(v *Visit, f *Form, name string) int64 {
	text := f.Get(name)
	if text == "" {
		return 0
	}
	at, ok := v.ParseWhen(text)
	if !ok {
		f.Fail(name, "Write a day and a time like 2026-11-27T07:00.")
	}
	return at
}

// searchPage finds decisions and acts. A patient is asked for by post and stands in no
// address, and neither does anything else that was typed and nobody knows.
func (r *Record) searchPage() Page {
	return Page{Path: "/record", Menu: "Record", Group: Oversight, Icon: "record", May: mayRead,
		Get: func(v *Visit) error {
			f := r.recordForm()
			sent := v.R.URL.Query()
			sent.Del(patientName)
			f.read(sent)
			return r.show(v, f, r.query(v, f), sent)
		},
		Post: func(v *Visit) error {
			f := r.recordForm()
			f.Read(v)
			q := r.query(v, f)
			if f.OK() && r.addressable(f) {
				v.redirect(address("/record", r.addressed(f, v.R.PostForm)))
				return nil
			}
			return r.show(v, f, q, v.R.PostForm)
		},
	}
}

// addressable reports whether a search may stand in an address: it names no patient, and
// nobody whom the directory does not know.
func (r *Record) addressable(f *Form) bool {
	_, known := r.Known(f.Get("who"))
	return (f.Get(patientName) == "" || defect.On(defect.PatientAddressed)) && (known || f.Get("who") == "")
}

// addressed is the form as an address has it.
func (r *Record) addressed(f *Form, sent url.Values) url.Values {
	out := url.Values{}
	for _, x := range f.Fields {
		if x.Value != "" && (x.Name != patientName || defect.On(defect.PatientAddressed)) {
			out.Set(x.Name, x.Value)
		}
	}
	if sent.Get("as") == "csv" {
		out.Set("as", "csv")
	}
	return out
}

// show answers a search: who reads is on record first.
func (r *Record) show(v *Visit, f *Form, s search, sent url.Values) error {
	if !f.OK() {
		return v.Again(recordView, recordShown{Form: f, More: true, Any: true})
	}
	if sent.Get("as") == "csv" {
		return r.export(v, s)
	}
	page, err := r.Search(v.Context(), reader(v), s.query, r.Told("search", s.asked))
	if err != nil {
		return r.unrecorded(v, err)
	}
	return v.Show(recordView, r.shown(v, f, &page))
}

// unrecorded answers a reading that was not told.
func (r *Record) unrecorded(v *Visit, err error) error {
	switch {
	case errors.Is(err, oversight.ErrNone):
		return ErrNotHere
	case !errors.Is(err, oversight.ErrUnrecorded):
		return err
	}
	v.site.cfg.Diary.LogAttrs(v.Context(), slog.LevelError, "the record was not shown: its reader could not be recorded", slog.String("error", err.Error()))
	return v.ShowStatus(http.StatusServiceUnavailable, unrecordedView, nil)
}

func (r *Record) shown(v *Visit, f *Form, page *oversight.Page) recordShown {
	x := recordShown{Form: f, Next: page.Next, Until: v.When(page.Until), Posted: !r.addressable(f)}
	for _, name := range []string{"effect", "role", "task", "purpose", "door", "grant"} {
		x.More = x.More || f.Get(name) != ""
	}
	x.Any = x.More || slices.ContainsFunc(x.Kept(), func(*Field) bool { return true })
	x.List = &Listing{Caption: deedTable.Caption, Path: "/record"}
	for i := range page.Found {
		x.List.Rows = append(x.List.Rows, deedTable.row(r.deed(v, &page.Found[i])))
	}
	deedTable.heads(nil, x.List)
	here := r.addressed(f, nil)
	x.CSV = address("/record", with(here, "as", "csv", "before", ""))
	if f.Get("before") != "" {
		x.Back = address("/record", with(here, "before", ""))
	}
	if page.Next != 0 {
		x.Older = address("/record", with(here, "before", strconv.FormatInt(page.Next, 10)))
	}
	return x
}
