package console

import (
	_ "embed"

	"modicum/internal/people"
)

//go:embed page_settings.html
var settingsText string

var settingsView = View("settings", settingsText)

type settingsShown struct {
	Name, UserName, Title, Zone string
	Bell, Tokens, System        bool
}

// settingsPage leads to what a person sets for themselves, and says what others know
// of them.
func (s *Staff) settingsPage() Page {
	return Page{Path: "/settings", Get: func(v *Visit) error {
		p := v.Viewer.Person
		return v.Show(settingsView, settingsShown{p.Name, p.UserName, p.Title, v.zone().String(), s.Bell != nil, s.Tokens != nil, v.Viewer.Holds(people.RunSystem)})
	}}
}
