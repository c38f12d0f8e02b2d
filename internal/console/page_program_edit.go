package console

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"modicum/internal/people"
)

const editProgramText = `{{define "title"}}Details of {{.Title}}{{end}}
{{define "main"}}<div class="narrow"><p class="crumb"><a href="{{.Form.Back}}">{{.Title}}</a></p><h1>Details of {{.Title}}</h1>
<p class="lead">{{.Lead}}</p>{{template "form" .Form}}</div>{{end}}`

var editProgramView = View("edit-program", editProgramText)

// editProgramPage changes what is said of a program: its owner narrows it, who runs
// people and does not own it widens it too. What was changed meanwhile by somebody else is
// not written over: an old form would widen again what its owner just narrowed.
func (o *Office) editProgramPage() Page {
	return Page{Path: "/programs/{id}/edit", May: o.mayPrograms, Fresh: freshToRun, Sends: "Save",
		Get: func(v *Visit) error {
			p, err := o.runningProgram(v)
			if err != nil {
				return err
			}
			return v.Show(editProgramView, o.editing(v, p, o.changeForm(v, p)))
		},
		Post: func(v *Visit) error {
			p, err := o.runningProgram(v)
			if err != nil {
				return err
			}
			f := o.changeForm(v, p)
			if f.Read(v) {
				if err := unchanged(f, o.change(v, p, f)); err != nil {
					return err
				}
			}
			if !f.OK() {
				return v.Again(editProgramView, o.editing(v, p, f))
			}
			return v.Go(programAt(p.ID), "Saved. It counts from now on.")
		},
	}
}

// runningProgram is seenProgram of one that was not stopped.
func (o *Office) runningProgram(v *Visit) (*people.Program, error) {
	p, err := o.seenProgram(v)
	if err == nil && !p.Active {
		return nil, ErrNotHere
	}
	return p, err
}

func (o *Office) editing(v *Visit, p *people.Program, f *Form) aboutPerson {
	lead := "What you take away counts at once. You own it, so somebody else who runs people widens it."
	if p.Owner != v.Viewer.Person.ID {
		lead = "Fewer scopes, fewer networks and an earlier end take away; everything else may let it do more."
	}
	return aboutPerson{Title: p.Title, Lead: lead, Form: f}
}

func (o *Office) changeForm(v *Visit, p *people.Program) *Form {
	f := o.programForm()
	f.Submit, f.Back = "Save", programAt(p.ID)
	f.Fields = slices.DeleteFunc(f.Fields, func(x *Field) bool { return x.Name == "id" || x.Name == "owner" || x.Name == "task" })
	for name, value := range map[string]string{
		"title": p.Title, "why": p.Why, "scopes": strings.Join(p.Scopes, "\n"), "networks": strings.Join(p.Networks, "\n"), "until": v.Moment(p.Until),
	} {
		f.Field(name).Value = value
	}
	f.Fields = append(f.Fields, &Field{Name: "digest", Label: "Revision", Kind: Hidden, Need: true, Value: saidOf(p)})
	return f
}

func (o *Office) change(v *Visit, p *people.Program, f *Form) error {
	until, ok := v.ParseWhen(f.Get("until"))
	if f.Get("until") == v.Moment(p.Until) {
		until, ok = p.Until, true // a field has minutes: what was not touched is not cut
	}
	if !ok {
		f.Fail("until", "Until must be a day and a time.")
		return nil
	}
	seen := f.Get("digest")
	_, err := o.People.ChangeProgram(v.Context(), v.Viewer.Actor(), p.ID, func(p *people.Program) error {
		if seen != saidOf(p) {
			return &people.Refusal{Kind: people.ErrChanged, Say: "open this page anew and repeat what is still needed"}
		}
		p.Title, p.Why, p.Until = f.Get("title"), f.Get("why"), until
		p.Scopes, p.Networks = strings.Fields(f.Get("scopes")), strings.Fields(f.Get("networks"))
		return nil
	})
	return err
}

// saidOf stands for what the form says of a program.
func saidOf(p *people.Program) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d", p.Title, p.Why, p.Scopes, p.Networks, p.Until))
	return hex.EncodeToString(h[:])
}
