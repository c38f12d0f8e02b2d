package console

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"

	"modicum/internal/people"
)

//go:embed page_programs.html
var programsText string

var programsView = View("programs", programsText)

// programRow is a row of the table of programs.
type programRow struct {
	*people.Program
	owner, role, state string
	findings           []string // what stands out, in a word or two each
	ends, used         When
}

var programsTable = &Table[programRow]{
	Name: "programs", Caption: "Programs", Sort: "title",
	Empty: "No program runs yet. A program is software that asks by itself: it has one owner, one task, and an end.",
	Columns: []Column[programRow]{
		{Key: "title", Title: "Program", Text: func(p programRow) string { return p.Title }, Cell: func(p programRow) Cell {
			return Cell{Text: p.Title, Href: programAt(p.ID), Sub: p.ID}
		}},
		{Key: "owner", Title: "Owner", Text: func(p programRow) string { return p.owner }},
		{Key: "role", Title: "Role", Text: func(p programRow) string { return p.role }, Pick: true, Quiet: true},
		{Key: "state", Title: "State", Text: func(p programRow) string { return p.state }, Pick: true, Cell: func(p programRow) Cell {
			return Cell{Text: p.state, Badge: programBadge(p.Active, len(p.findings))}
		}},
		{Key: "out", Title: "Stands out", Text: func(p programRow) string { return strings.Join(p.findings, ", ") }},
		{Key: "used", Title: "Last use", Text: func(p programRow) string { return p.used.Exact }, Quiet: true, Cell: func(p programRow) Cell { return Cell{Text: "never", When: whenAny(&p.used)} }},
		{Key: "ends", Title: "Ends", Text: func(p programRow) string { return p.ends.Exact }, Cell: func(p programRow) Cell { return Cell{When: &p.ends} }},
	},
}

// findingWords say in a word or two what stands out; the program's page says it whole.
var findingWords = map[string]string{
	"unused": "unused for 90 days", "wide": "wide scopes", "no-key": "no key", "key-ends": "a key ends", "ends": "ends soon", "owner-gone": "owner gone",
	"unlisted": "not in the policy",
}

func whenAny(w *When) *When {
	if w.Exact == "" {
		return nil
	}
	return w
}

func programBadge(active bool, findings int) *Badge {
	switch {
	case !active:
		return &Badge{"stopped", "stop", ""}
	case findings > 0:
		return &Badge{"look at it", "mask", "something stands out about it"}
	}
	return &Badge{"runs", "keep", ""}
}

// mayPrograms: who runs people, and who owns one.
func (o *Office) mayPrograms(v *Viewer) bool {
	return v.Holds(people.RunPeople) || slices.ContainsFunc(o.People.Programs(), func(p *people.Program) bool { return p.Owner == v.Person.ID })
}

type programsShown struct {
	List *Listing
	Adds bool
}

// programsPage lists programs: one's own, or all for who runs people.
func (o *Office) programsPage() Page {
	return Page{Path: "/programs", Menu: "Programs", Group: Organization, Icon: "program", May: o.mayPrograms, Get: func(v *Visit) error {
		list, done := programsTable.List(v, o.programRows(v))
		if done {
			return nil
		}
		return v.Show(programsView, programsShown{list, v.Viewer.Holds(people.RunPeople)})
	}}
}

func (o *Office) programRows(v *Visit) (rows []programRow) {
	found := map[string][]string{}
	for _, f := range o.People.Findings(v.Now.UnixMicro()) {
		if word := cmp.Or(findingWords[f.What], words(f.What)); !slices.Contains(found[f.Program], word) {
			found[f.Program] = append(found[f.Program], word)
		}
	}
	for _, p := range o.People.Programs() {
		if !o.mayProgram(v.Viewer, p) {
			continue
		}
		rows = append(rows, programRow{
			Program: p, owner: o.name(p.Owner), role: o.held(people.Role, p.Role), state: programBadge(p.Active, len(found[p.ID])).Word, findings: found[p.ID],
			ends: v.When(p.Until), used: v.When(p.LastUse),
		})
	}
	return rows
}

const newProgramText = `{{define "title"}}Add a program{{end}}
{{define "main"}}<div class="narrow"><p class="crumb"><a href="/programs">Programs</a></p><h1>Add a program</h1>
<p class="lead">Software that asks by itself: it has one task, one owner and an end. Its owner registers its keys next.</p>
{{template "form" .}}</div>{{end}}`

var newProgramView = View("new-program", newProgramText)

// newProgramPage adds a program without keys.
func (o *Office) newProgramPage() Page {
	return Page{Path: "/programs/new", May: Duty(people.RunPeople), Fresh: freshToRun, Sends: "Add the program",
		Get: func(v *Visit) error { return v.Show(newProgramView, o.programForm()) },
		Post: func(v *Visit) error {
			f := o.programForm()
			f.Read(v)
			until, ok := v.ParseWhen(f.Get("until"))
			if !ok {
				f.Fail("until", "Until must be a day and a time.")
			}
			if !f.OK() {
				return v.Again(newProgramView, f)
			}
			role, task, _ := strings.Cut(f.Get("task"), "/")
			made, err := o.People.AddProgram(v.Context(), v.Viewer.Actor(), &people.Program{
				ID: f.Get("id"), Title: f.Get("title"), Owner: o.who(f.Get("owner")), Why: f.Get("why"), Role: role, Task: task,
				Scopes: strings.Fields(f.Get("scopes")), Networks: strings.Fields(f.Get("networks")), Until: until,
			})
			if err == nil {
				return v.Go(programAt(made.ID), "Added. It cannot sign in before its owner registers a key.")
			}
			if err := unchanged(f, err); err != nil {
				return err
			}
			return v.Again(newProgramView, f)
		},
	}
}

func (o *Office) programForm() *Form {
	return &Form{Submit: "Add the program", Back: "/programs", Fields: []*Field{
		{Name: "title", Label: "Title", Hint: "What people call it.", Kind: Line, Need: true},
		{Name: "id", Label: "Id", Hint: "What it signs in with, its client_id. It is never given to another.", Kind: Line, Need: true, Max: 256},
		{Name: "owner", Label: "Owner", Hint: "The user name of whoever answers for it. It stops when they leave.", Kind: Line, Need: true, Max: 256},
		{Name: "why", Label: "What it is for", Kind: Area, Need: true},
		{Name: "task", Label: "Task", Kind: Select, Need: true, Options: append([]Option{{Label: "Choose"}}, o.programTasks()...)},
		{Name: "scopes", Label: "Scopes", Hint: "They narrow what its task can use. SMART v2, such as system/Observation.rs, with spaces between several.", Kind: Area, Max: 4000},
		{Name: "networks", Label: "Networks", Hint: "Where it may come from, such as 192.0.2.0/24, with spaces between several. Left empty, it may come from anywhere.", Kind: Area, Max: 4000},
		{Name: "until", Label: "Until", Hint: "At most 398 days ahead.", Kind: Moment, Need: true},
	}}
}

// programTasks lists the tasks of roles that programs hold.
func (o *Office) programTasks() (out []Option) {
	set := o.Policy()
	for t := range set.Tasks {
		if r, ok := set.RoleOf(t.Role); ok && r.HeldBy.Text == "programs" && !o.People.OverOthers(people.Role, t.Role) {
			out = append(out, Option{Value: t.ID, Label: t.Title, Group: o.held(people.Role, t.Role)})
		}
	}
	return out
}
