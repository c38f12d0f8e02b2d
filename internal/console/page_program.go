package console

import (
	_ "embed"

	"modicum/internal/defect"
	"modicum/internal/people"
)

//go:embed page_program.html
var programText string

var programView = View("program", programText)

type programShown struct {
	*people.Program
	At               string
	State            *Badge
	OwnerName        string
	OwnerAt          string // "" for who may not look at people
	RoleTitle        string
	TaskTitle        string
	Came, Ends, Used When
	Findings         []people.Finding
	Keys             []keyShown
	Own              bool
	Form, Key, Hand  *Form
}

type keyShown struct {
	ID, By           string
	Since, End, Used When
	Over             bool
}

// mayProgram: its owner, and who runs people.
func (o *Office) mayProgram(v *Viewer, p *people.Program) bool {
	return v.Holds(people.RunPeople) || p.Owner == v.Person.ID
}

// seenProgram is the program of a visit: of others it looks like none.
func (o *Office) seenProgram(v *Visit) (*people.Program, error) {
	p := o.People.Program(v.R.PathValue("id"))
	if p == nil || !o.shows(v.Viewer, p) {
		return nil, ErrNotHere
	}
	return p, nil
}

// programPage is one program: what stands out about it, its keys, its owner.
func (o *Office) programPage() Page {
	return Page{Path: "/programs/{id}", May: o.mayPrograms, Fresh: freshToRun, Sends: "Do it",
		Does: map[string]string{
			"key":      "Register the key",
			"hand":     "Hand it over",
			"take-key": "End the key",
			"stop":     "Stop the program",
		},
		Get: func(v *Visit) error {
			p, err := o.seenProgram(v)
			if err != nil {
				return err
			}
			return o.showProgram(v, p, pressForm(), keyForm(), handForm())
		},
		Post: func(v *Visit) error {
			p, err := o.seenProgram(v)
			if err != nil {
				return err
			}
			return o.turnProgram(v, p)
		},
	}
}

func keyForm() *Form {
	return &Form{Submit: "Register the key", Fields: []*Field{
		{Name: "do", Kind: Hidden, Value: "key"},
		{Name: "jwk", Label: "Public key", Hint: "A JSON Web Key: EC on P-256 or P-384, or RSA of 2048 bits and more. Never the private one.", Kind: Area, Need: true, Max: 8192},
		{Name: "until", Label: "Until", Hint: "At most until the program ends.", Kind: Moment, Need: true},
	}}
}

func handForm() *Form {
	return &Form{Submit: "Hand it over", Fields: []*Field{
		{Name: "do", Kind: Hidden, Value: "hand"},
		{Name: "owner", Label: "New owner", Hint: "A user name. The keys end: the new owner registers theirs.", Kind: Line, Need: true, Max: 256},
	}}
}

// turnProgram does what a button of the page says.
func (o *Office) turnProgram(v *Visit, p *people.Program) error {
	f, key, hand := pressForm(), keyForm(), handForm()
	by, ctx := v.Viewer.Actor(), v.Context()
	var said string
	var err error
	form := f
	switch v.R.PostForm.Get("do") {
	case "key":
		form, said = key, "Registered. The program may sign in with it."
		err = o.addKey(v, p, key)
	case "hand":
		form, said = hand, "Handed over. Its keys have ended."
		if hand.Read(v) {
			err = o.People.HandOver(ctx, by, p.ID, o.who(hand.Get("owner")))
		}
	case "take-key":
		said = "The key has ended."
		if f.Read(v) {
			err = o.People.TakeKey(ctx, by, p.ID, f.Get("item"))
		}
	case "stop":
		said, err = "Stopped, with its keys.", o.People.StopProgram(ctx, by, p.ID)
	default:
		f.Fail("", "Choose one of the buttons.")
	}
	if err := unchanged(form, err); err != nil {
		return err
	}
	if !form.OK() {
		return o.showProgram(v, p, f, key, hand)
	}
	if now := o.People.Program(p.ID); now == nil || !o.mayProgram(v.Viewer, now) {
		return v.Go("/", said) // it was handed on, and is no longer theirs to look at
	}
	return v.Go(programAt(p.ID), said)
}

// addKey registers what was pasted. It never comes back in a form: it may be a private
// key, pasted by mistake.
func (o *Office) addKey(v *Visit, p *people.Program, f *Form) error {
	f.Read(v)
	jwk := f.Get("jwk")
	f.Field("jwk").Value = ""
	until, ok := v.ParseWhen(f.Get("until"))
	if !ok {
		f.Fail("until", "Until must be a day and a time.")
	}
	if !f.OK() {
		return nil
	}
	_, err := o.People.AddKey(v.Context(), v.Viewer.Actor(), p.ID, []byte(jwk), until)
	return err
}

func (o *Office) showProgram(v *Visit, p *people.Program, f, key, hand *Form) error {
	x := programShown{
		Program: p, At: programAt(p.ID), OwnerName: o.name(p.Owner), RoleTitle: o.held(people.Role, p.Role), TaskTitle: p.Task, Came: v.When(p.Created), Ends: v.When(p.Until),
		Used: v.When(p.LastUse), Own: p.Owner == v.Viewer.Person.ID, Form: f, Key: key, Hand: hand,
	}
	if t, ok := o.Policy().Task(p.Role + "/" + p.Task); ok {
		x.TaskTitle = t.Title
	}
	if v.Viewer.Holds(people.RunPeople) {
		x.OwnerAt = personAt(p.Owner)
	}
	for _, f := range o.People.Findings(v.Now.UnixMicro()) {
		if f.Program == p.ID {
			x.Findings = append(x.Findings, f)
		}
	}
	for _, k := range p.Keys {
		x.Keys = append(x.Keys, keyShown{k.ID, o.name(k.By), v.When(k.Since), v.When(k.Until), v.When(k.LastUse), k.Until <= v.Now.UnixMicro()})
	}
	x.State = programBadge(p.Active, len(x.Findings))
	if !f.OK() || !key.OK() || !hand.OK() {
		return v.Again(programView, x)
	}
	return v.Show(programView, x)
}

// shows reports whether a program's page is the viewer's to see.
func (o *Office) shows(v *Viewer, p *people.Program) bool {
	if defect.On(defect.ProgramOfOthers) {
		return true
	}
	return o.mayProgram(v, p)
}
