package console

import (
	_ "embed"
	"strings"

	"modicum/internal/people"
)

//go:embed page_people.html
var peopleText string

var peopleView = View("people", peopleText)

// personRow is a row of the table of people; its words are made once.
type personRow struct {
	*people.Person
	holds, state string
}

var peopleTable = &Table[personRow]{
	Name: "people", Caption: "People", Sort: "name",
	Empty: "Nobody is here yet. Add somebody, or connect provisioning.",
	Columns: []Column[personRow]{
		{Key: "name", Title: "Name", Text: func(p personRow) string { return p.Name }, Cell: func(p personRow) Cell {
			return Cell{Text: p.Name, Href: personAt(p.ID), Sub: p.Title}
		}},
		{Key: "user", Title: "User name", Text: func(p personRow) string { return p.UserName }, Quiet: true},
		{Key: "dept", Title: "Department", Text: func(p personRow) string { return p.Department }, Pick: true},
		{Key: "holds", Title: "Holds", Text: func(p personRow) string { return p.holds }},
		{Key: "from", Title: "From", Text: func(p personRow) string { return sourceTitle(p.From) }, Pick: true, Quiet: true},
		{Key: "state", Title: "State", Text: func(p personRow) string { return p.state }, Pick: true, Cell: func(p personRow) Cell { return Cell{Text: p.state, Badge: activeBadge(p.Active)} }},
	},
}

func sourceTitle(s people.Source) string {
	switch s {
	case people.SCIM:
		return "provisioning"
	case people.Issuer:
		return "log-in"
	}
	return "here"
}

func activeBadge(active bool) *Badge {
	if active {
		return &Badge{"active", "keep", ""}
	}
	return &Badge{"has left", "stop", "everything of theirs has ended"}
}

type peopleShown struct {
	List  *Listing
	Waits int
}

// peoplePage lists everybody, also who is gone.
func (o *Office) peoplePage() Page {
	return Page{Path: "/people", Menu: "People", Group: Organization, Icon: "people", May: Duty(people.RunPeople), Get: func(v *Visit) error {
		list, done := peopleTable.List(v, o.personRows(v.Now.UnixMicro()))
		if done {
			return nil
		}
		return v.Show(peopleView, peopleShown{list, len(o.People.Proposals(v.Now.UnixMicro()))})
	}}
}

func (o *Office) personRows(now int64) (rows []personRow) {
	titles := map[string]string{}
	for p := range o.People.People() {
		row := personRow{Person: p, state: activeBadge(p.Active).Word}
		row.holds = o.holds(p, titles, now)
		rows = append(rows, row)
	}
	return rows
}

// holds names what counts, and says of the rest that it waits. titles remembers what
// things are called.
func (o *Office) holds(p *people.Person, titles map[string]string, now int64) string {
	var out []string
	add := func(k people.Kind, list []people.Held) {
		for i := range list {
			h := &list[i]
			if h.Until != 0 && now >= h.Until {
				continue
			}
			key := string(k) + " " + h.Name
			if _, known := titles[key]; !known {
				titles[key] = o.held(k, h.Name)
			}
			text := titles[key]
			if h.Agreed == "" && !h.Alone && o.People.OverOthers(k, h.Name) {
				text += " (waits)"
			}
			out = append(out, text)
		}
	}
	add(people.Role, p.Roles)
	add(people.Position, p.Positions)
	add(people.DutyKind, p.Duties)
	return strings.Join(out, ", ")
}

var newPersonView = View("new-person", newPersonText)

const newPersonText = `{{define "title"}}Add somebody{{end}}
{{define "main"}}<div class="narrow"><p class="crumb"><a href="/people">People</a></p><h1>Add somebody</h1>
<p class="lead">They hold nothing yet. Give them a role and an invitation on their page next.</p>
{{template "form" .}}</div>{{end}}`

// newPersonPage adds somebody who holds nothing.
func (o *Office) newPersonPage() Page {
	return Page{Path: "/people/new", May: Duty(people.RunPeople), Fresh: freshToRun, Sends: "Add them",
		Get: func(v *Visit) error { return v.Show(newPersonView, personForm(&people.Person{})) },
		Post: func(v *Visit) error {
			f := personForm(&people.Person{})
			if !f.Read(v) {
				return v.Again(newPersonView, f)
			}
			p := &people.Person{UserName: f.Get("user_name")}
			o.fill(p, f)
			made, err := o.People.Add(v.Context(), v.Viewer.Actor(), p)
			if err == nil {
				return v.Go(personAt(made.ID), "Added. They hold nothing yet.")
			}
			if err := unchanged(f, err); err != nil {
				return err
			}
			return v.Again(newPersonView, f)
		},
	}
}

// personForm is what is said of somebody.
func personForm(p *people.Person) *Form {
	return &Form{Submit: "Add them", Back: "/people", More: "More about them", Fields: []*Field{
		{Name: "name", Label: "Name", Kind: Line, Need: true, Max: 256, Value: p.Name},
		{Name: "user_name", Label: "User name", Hint: "What they type to sign in. It is never given to anybody else.", Kind: Line, Need: true, Max: 256, Value: p.UserName},
		{Name: "mail", Label: "Mail address", Kind: Line, Rare: true, Max: 256, Value: p.Mail},
		{Name: "title", Label: "Title", Hint: "As their badge says it.", Kind: Line, Rare: true, Max: 256, Value: p.Title},
		{Name: "department", Label: "Department", Hint: "Where they work: the id of a Location in the FHIR server, such as ward-3.", Kind: Line, Rare: true, Max: 64, Value: p.Department},
		{Name: "facility", Label: "Facility", Hint: "The id of an Organization in the FHIR server.", Kind: Line, Rare: true, Max: 64, Value: p.Facility},
		{Name: "manager", Label: "Manager", Hint: "The user name of whoever manages them.", Kind: Line, Rare: true, Max: 256, Value: p.Manager},
		{Name: "practitioner", Label: "Who they are in the FHIR server", Hint: "Such as Practitioner/123, with spaces between several.", Kind: Line, Rare: true, Value: strings.Join(p.Practitioners, " ")},
		{Name: "zone", Label: "Time zone", Hint: "Such as America/Chicago. Left empty, it is that of the organization.", Kind: Line, Rare: true, Max: 64, Value: p.Zone},
	}}
}

// fill takes over what a form says of a person, their user name aside.
func (o *Office) fill(p *people.Person, f *Form) {
	p.Name, p.Mail, p.Title, p.Zone = f.Get("name"), f.Get("mail"), f.Get("title"), f.Get("zone")
	p.Department, p.Facility, p.Manager = f.Get("department"), f.Get("facility"), o.who(f.Get("manager"))
	p.Practitioners = strings.Fields(f.Get("practitioner"))
}
