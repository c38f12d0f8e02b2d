package console

import (
	"strings"

	"modicum/internal/people"
)

const giveText = `{{define "title"}}{{.Title}}{{end}}
{{define "main"}}<div class="narrow"><p class="crumb"><a href="{{.Form.Back}}">{{.Name}}</a></p><h1>{{.Title}}</h1>
<p class="lead">{{.Lead}}</p>{{template "form" .Form}}</div>{{end}}`

var giveView = View("give", giveText)

// aboutPerson is a page with one form about one person.
type aboutPerson struct {
	Name, Title, Lead string
	Form              *Form
}

// formPage is a page below a person's with one form: make builds it, send does it and
// says what was done.
func (o *Office) formPage(path, sends string, make func(*Visit, *people.Person) aboutPerson, send func(*Visit, *people.Person, *Form) (string, error)) Page {
	return Page{Path: path, May: Duty(people.RunPeople), Fresh: freshToRun, Sends: sends,
		Get: func(v *Visit) error {
			p := o.People.Person(v.R.PathValue("id"))
			if p == nil || !p.Active {
				return ErrNotHere
			}
			return v.Show(giveView, make(v, p))
		},
		Post: func(v *Visit) error {
			p := o.People.Person(v.R.PathValue("id"))
			if p == nil || !p.Active {
				return ErrNotHere
			}
			x := make(v, p)
			if !x.Form.Read(v) {
				return v.Again(giveView, x)
			}
			said, err := send(v, p, x.Form)
			if err == nil && x.Form.OK() {
				return v.Go(personAt(p.ID), said)
			}
			if err := unchanged(x.Form, err); err != nil {
				return err
			}
			return v.Again(giveView, x)
		},
	}
}

// givePage gives a role, position or duty.
func (o *Office) givePage() Page {
	return o.formPage("/people/{id}/give", "Give it", func(v *Visit, p *people.Person) aboutPerson {
		return aboutPerson{p.Name, "Give a role or right", "A right over others waits until a second person who runs people agrees. All else counts at once.", o.giveForm(p, v.R.URL.Query().Get("what"))}
	}, func(v *Visit, p *people.Person, f *Form) (string, error) {
		kind, name, _ := strings.Cut(f.Get("name"), " ")
		g := people.Gift{Person: p.ID, Kind: people.Kind(kind), Name: name, Dept: f.Get("dept"), Why: f.Get("why")}
		if text := f.Get("until"); text != "" {
			at, ok := v.ParseWhen(text)
			if !ok {
				f.Fail("until", "Until must be a day and a time.")
				return "", nil
			}
			g.Until = at
		}
		if err := o.People.Give(v.Context(), v.Viewer.Actor(), g); err != nil {
			return "", err
		}
		return "Given. " + o.counts(v, g), nil
	})
}

// counts says whether what was given waits for somebody.
func (o *Office) counts(v *Visit, g people.Gift) string {
	for _, s := range o.People.Standings(g.Person, v.Now.UnixMicro()) {
		switch {
		case s.Kind != g.Kind || s.Name != g.Name || s.Dept != g.Dept:
		case s.Waits:
			return "It waits until a second person who runs people agrees."
		case s.Alone && s.Agreed == "":
			return "It counts from now on: nobody else is there to agree."
		}
	}
	return "It counts from now on."
}

// giveForm begins with what another page proposes to give.
func (o *Office) giveForm(p *people.Person, what string) *Form {
	f := &Form{Submit: "Give it", Back: personAt(p.ID), Fields: []*Field{
		{Name: "name", Label: "What", Kind: Select, Need: true, Options: append([]Option{{Label: "Choose"}}, o.gifts()...)},
		{Name: "dept", Label: "Only in this department", Hint: "It narrows a role or position: the id of a Location in the FHIR server, such as ward-3.", Kind: Line, Max: 64},
		{Name: "why", Label: "Why", Hint: "Whoever looks later reads it.", Kind: Area, Need: true},
		{Name: "until", Label: "Until", Hint: "Left empty, it holds until it is taken away.", Kind: Moment},
	}}
	f.Field("name").Value = what
	f.Field("name").choose()
	return f
}

// gifts lists what people can hold under the policy in force.
func (o *Office) gifts() (out []Option) {
	add := func(group string, k people.Kind, name string) {
		label := o.held(k, name)
		if o.People.OverOthers(k, name) {
			label += " (needs a second person)"
		}
		out = append(out, Option{Value: string(k) + " " + name, Label: label, Group: group})
	}
	set := o.Policy()
	for _, name := range set.Roles() {
		if r, ok := set.RoleOf(name); ok && r.HeldBy.Text != "programs" {
			add("Roles", people.Role, name)
		}
	}
	add("Positions", people.Position, people.Manager)
	for _, w := range set.Folder().Organization.Positions {
		if w.Text != people.Manager {
			add("Positions", people.Position, w.Text)
		}
	}
	for _, d := range people.Duties() {
		add("Duties", people.DutyKind, string(d))
	}
	return out
}

// leavePage ends a person, and says what that ends.
func (o *Office) leavePage() Page {
	return o.formPage("/people/{id}/leave", "End their access", func(_ *Visit, p *people.Person) aboutPerson {
		f := &Form{Submit: "End their access", Danger: true, Back: personAt(p.ID)}
		lead := "All that they hold ends at once: roles, sessions, tokens, and what was lent to them. Their user name is never given to anybody else."
		if n := len(o.owned(p.ID)); n > 0 {
			lead += " Programs that they own stop too, unless somebody takes them over."
			f.Fields = append(f.Fields, &Field{Name: "heir", Label: "Who takes over their programs", Hint: "A user name. With nobody here, the programs stop for good.", Kind: Line, Max: 256})
		}
		return aboutPerson{p.Name, "End the access of " + p.Name, lead, f}
	}, func(v *Visit, p *people.Person, f *Form) (string, error) {
		heir := ""
		if f.has("heir") {
			heir = o.who(f.Get("heir"))
		}
		return "Everything of theirs has ended.", o.People.Deactivate(v.Context(), v.Viewer.Actor(), p.ID, heir)
	})
}

// editPage changes what is said of a person. What was changed meanwhile by somebody else
// is not written over.
func (o *Office) editPage() Page {
	return o.formPage("/people/{id}/edit", "Save", func(_ *Visit, p *people.Person) aboutPerson {
		f := personForm(p)
		f.Submit, f.Back = "Save", personAt(p.ID)
		f.Fields = append(f.Fields, &Field{Name: "digest", Label: "Revision", Kind: Hidden, Need: true, Value: revision(o.People.Revision(p.ID))})
		return aboutPerson{p.Name, "Details of " + p.Name, "Where somebody works decides what they see: a change counts at once.", f}
	}, func(v *Visit, p *people.Person, f *Form) (string, error) {
		rev, ok := revisionOf(f.Get("digest"))
		if !ok {
			return "", ErrNotHere
		}
		_, err := o.People.Change(v.Context(), v.Viewer.Actor(), p.ID, rev, func(p *people.Person) error {
			p.UserName = f.Get("user_name")
			o.fill(p, f)
			return nil
		})
		return "Saved.", err
	})
}
