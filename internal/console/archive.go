package console

import (
	"strings"

	"modicum/internal/oversight"
)

// Record is what the pages of the record show: what oversight reads, in words.
type Record struct{ *oversight.Record }

// Pages are the pages of the record, in the order of the menu.
func (r *Record) Pages() []Page {
	return []Page{r.searchPage(), r.entryPage(), r.proofPage()}
}

var mayRead = Duty(oversight.Readers()...)

// reader is the viewer as one who reads the record.
func reader(v *Visit) oversight.Reader {
	return oversight.Reader{Who: v.Viewer.Person.ID, At: v.Now.UnixMicro()}
}

// name is what somebody is called on pages of the record: the record knows ids alone, also
// of people whom the directory never had.
func (r *Record) name(id string) string {
	if p := r.People.Person(id); p != nil && p.Name != "" {
		return p.Name
	}
	if p := r.People.Program(id); p != nil && p.Title != "" {
		return p.Title
	}
	if name := notPeople[id]; name != "" {
		return name
	}
	return id
}

// notPeople are names under which acts are recorded that are nobody's.
var notPeople = map[string]string{"modicum": "Modicum", "installation": "This installation", "nobody": "Somebody who was not signed in"}

// roleTitles names roles as the policy in force does; one that it no longer has by its name.
func (r *Record) roleTitles(roles []string) string {
	var out []string
	for _, name := range roles {
		title := words(name)
		if d, ok := r.Policy().RoleOf(name); ok && d.Title != "" {
			title = lowerFirst(d.Title)
		}
		out = append(out, title)
	}
	return strings.Join(out, " and ")
}
