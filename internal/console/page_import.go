package console

import (
	_ "embed"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"modicum/internal/people"
)

//go:embed page_import.html
var importText string

var (
	importView   = View("import", importText)
	importedView = View("imported", importText)
)

const (
	mostFile  = 8 << 20 // bytes of a file of people
	mostFiles = 8       // files that are kept between looking and taking, of everybody
)

// importPage takes a file of people and looks at it. Nothing is added by it.
func (o *Office) importPage() Page {
	return Page{Path: "/people/import", May: Duty(people.RunPeople), Most: mostFile + 1<<20,
		Get: func(v *Visit) error { return v.Show(importView, importShown{Form: fileForm()}) },
		Post: func(v *Visit) error {
			f := fileForm()
			f.Read(v)
			text := f.Field("text")
			if body := f.Field("file").Body; len(body) > 0 {
				text.Value = string(body)
			}
			if strings.TrimSpace(text.Value) == "" {
				f.Fail("file", "Choose a file, or paste its text.")
			}
			if f.OK() {
				_, err := o.try(v, text.Value)
				if err := unchanged(f, err); err != nil {
					return err
				}
			}
			if !f.OK() {
				return v.Again(importView, importShown{Form: f})
			}
			name := o.files.put(keptForm{session: v.Viewer.Session, values: url.Values{"text": {text.Value}}, until: v.Now.Add(keepFor)}, v.Now)
			return v.Go("/imports/"+name, "")
		},
	}
}

func fileForm() *Form {
	return &Form{Submit: "See who would be added", Back: "/people", Fields: []*Field{
		{Name: "file", Label: "File of people", Hint: "A table saved as CSV, or NDJSON. At most 20,000 people and 8 MiB.", Kind: File, Either: true},
		{Name: "text", Label: "Or paste its text", Kind: Area, Either: true, Raw: true, Rows: 6, Max: mostFile},
	}}
}

// try says what a file would do, and does nothing.
func (o *Office) try(v *Visit, text string) (people.Imported, error) {
	return o.People.Import(v.Context(), v.Viewer.Actor(), strings.NewReader(text), people.FormatOf([]byte(text)), true)
}

type importShown struct {
	Form  *Form
	Would *people.Imported // nil before a file was looked at
	List  *Listing
	There string // who is there already, in words
}

var rowTable = &Table[people.Row]{
	Name: "import", Caption: "Who would be added", Empty: "Everybody in this file is here already: nobody would be added.",
	Columns: []Column[people.Row]{
		{Key: "name", Title: "Name", Text: func(r people.Row) string { return r.Name }, Cell: func(r people.Row) Cell { return Cell{Text: r.Name, Sub: r.Title} }},
		{Key: "user", Title: "User name", Text: func(r people.Row) string { return r.UserName }},
		{Key: "dept", Title: "Department", Text: func(r people.Row) string { return r.Department }, Pick: true},
		{Key: "manager", Title: "Manager", Text: func(r people.Row) string { return r.Manager }, Quiet: true},
		{Key: "roles", Title: "Roles", Text: func(r people.Row) string { return words(strings.Join(r.Roles, ", ")) }},
	},
}

// importedPage shows what a file would do, and does it when somebody who just proved who
// they are says so.
func (o *Office) importedPage() Page {
	return Page{Path: "/imports/{name}", May: Duty(people.RunPeople), Fresh: freshToRun, Sends: "Add them",
		Get: func(v *Visit) error {
			text, err := o.file(v)
			if err != nil {
				return err
			}
			return o.showImport(v, text, importForm())
		},
		Post: func(v *Visit) error {
			text, err := o.file(v)
			if err != nil {
				return err
			}
			f := importForm()
			done, err := o.People.Import(v.Context(), v.Viewer.Actor(), strings.NewReader(text), people.FormatOf([]byte(text)), false)
			if err == nil {
				o.files.forget(v.R.PathValue("name"))
				return v.Go("/people", "Added "+strconv.Itoa(done.Added)+". They sign in once they are invited.")
			}
			if err := unchanged(f, err); err != nil {
				return err
			}
			return o.showImport(v, text, f)
		},
	}
}

func importForm() *Form { return &Form{Submit: "Add them", Back: "/people/import"} }

// file is the one that was looked at.
func (o *Office) file(v *Visit) (string, error) {
	k, ok := o.files.get(v.R.PathValue("name"), v.Viewer.Session, v.Now)
	if !ok {
		return "", errGone
	}
	return k.values.Get("text"), nil
}

func (o *Office) showImport(v *Visit, text string, f *Form) error {
	would, err := o.try(v, text)
	if f.OK() {
		if err := unchanged(f, err); err != nil { // somebody changed people meanwhile
			return err
		}
	} else if err != nil && !isPeople(err) {
		return err
	}
	x := importShown{Form: f, Would: &would, There: strings.Join(would.There[:min(len(would.There), 20)], ", ")}
	if len(would.There) > 20 {
		x.There += " and " + strconv.Itoa(len(would.There)-20) + " more"
	}
	done := false
	if x.List, done = rowTable.List(v, would.New); done {
		return nil
	}
	if !f.OK() {
		return v.Again(importedView, x)
	}
	return v.Show(importedView, x)
}

// isPeople reports whether an error is an answer of the directory's.
func isPeople(err error) bool {
	var lines people.RowProblems
	var no *people.Refusal
	var some people.Problems
	return errors.As(err, &lines) || errors.As(err, &no) || errors.As(err, &some)
}
