package console

import (
	_ "embed"
	"strings"

	"modicum/internal/people"
)

//go:embed page_installation.html
var installationText string

var installationView = View("installation", installationText)

// Installation is the configuration in force. It holds no secret.
type Installation struct {
	File     string
	Changed  bool // the file is another one than when it was read
	Settings []Setting
}

// Setting is one key of it.
type Setting struct {
	Path, Value string // Value is "" where nothing is set
	From        string // FILE:LINE, or a variable; "": the default
	Text        string // what it does
}

func (s Setting) part() string {
	part, _, _ := strings.Cut(s.Path, ".")
	part, _, _ = strings.Cut(part, "[")
	return part
}

func (s Setting) from() string {
	switch {
	case s.From != "":
		return s.From
	case s.Value != "":
		return "as it comes"
	}
	return "not set"
}

// place shortens where it was written to what tells it apart.
func (s Setting) place() string {
	if i := strings.LastIndexByte(s.From, '/'); i >= 0 {
		return s.From[i+1:]
	}
	return s.from()
}

var settingsTable = &Table[Setting]{
	Name: "settings", Caption: "Keys", PerPage: 200,
	Empty: "Nothing is known of the configuration.",
	Columns: []Column[Setting]{
		{Key: "key", Title: "Key", Text: func(s Setting) string { return s.Path }, Cell: func(s Setting) Cell { return Cell{Text: s.Path, Code: true, Sub: s.Text} }},
		{Key: "part", Title: "Part", Text: Setting.part, Pick: true, Quiet: true},
		{Key: "value", Title: "In force", Fixed: true, Text: func(s Setting) string { return s.Value }, Cell: func(s Setting) Cell {
			if s.Value == "" {
				return Cell{Badge: &Badge{"not set", "", ""}}
			}
			return Cell{Text: s.Value}
		}},
		{Key: "from", Title: "Written in", Text: Setting.place},
	},
}

// installationPage shows the configuration in force, to read.
func (s *System) installationPage() Page {
	return Page{Path: "/settings/installation", May: Duty(people.RunSystem), Get: func(v *Visit) error {
		in := s.Installation()
		list, done := settingsTable.List(v, in.Settings)
		if done {
			return nil
		}
		return v.Show(installationView, struct {
			Installation
			List *Listing
		}{in, list})
	}}
}
