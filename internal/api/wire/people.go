package wire

import "time"

// Person is a person of the directory.
type Person struct {
	ID         string     `json:"id"`
	UserName   string     `json:"user_name"`
	Name       string     `json:"name"`
	Mail       string     `json:"mail,omitempty"`
	Title      string     `json:"title,omitempty"`
	Department string     `json:"department,omitempty"`
	Facility   string     `json:"facility,omitempty"`
	Manager    string     `json:"manager,omitempty"`
	From       string     `json:"from"`
	Active     bool       `json:"active"`
	Ended      *time.Time `json:"ended,omitempty"`
	Holds      []Held     `json:"holds,omitempty" jsonschema:"of one person alone, not in lists"`
}

// Held is what a person holds.
type Held struct {
	Kind    string     `json:"kind" jsonschema:"role, position or duty"`
	Name    string     `json:"name"`
	Dept    string     `json:"dept,omitempty"`
	Why     string     `json:"why,omitempty"`
	By      string     `json:"by"`
	Agreed  string     `json:"agreed,omitempty"`
	Since   time.Time  `json:"since"`
	Until   *time.Time `json:"until,omitempty"`
	LastUse *time.Time `json:"last_use,omitempty"`
	Counts  bool       `json:"counts"`
	Waits   bool       `json:"waits" jsonschema:"for a second person"`
	Because string     `json:"because,omitempty" jsonschema:"why it does not count"`
}

// NewPerson is a person to be added.
type NewPerson struct {
	UserName   string `json:"user_name"`
	Name       string `json:"name"`
	Mail       string `json:"mail,omitempty"`
	Title      string `json:"title,omitempty"`
	Department string `json:"department,omitempty" jsonschema:"id of a Location"`
	Facility   string `json:"facility,omitempty" jsonschema:"id of an Organization"`
	Manager    string `json:"manager,omitempty"`
}

// Gift is what somebody is given or what is taken.
type Gift struct {
	Kind    string `json:"kind" jsonschema:"role, position or duty"`
	Name    string `json:"name"`
	Dept    string `json:"dept,omitempty"`
	Why     string `json:"why,omitempty"`
	Minutes int    `json:"minutes,omitzero" jsonschema:"how long; without it until it is taken away"`
}

// Leaving is the end of a person.
type Leaving struct {
	Heir string `json:"heir,omitempty" jsonschema:"who takes over their programs; without one they stop"`
}

// Key is a public key of a program.
type Key struct {
	ID      string     `json:"id" jsonschema:"thumbprint, RFC 7638"`
	By      string     `json:"by"`
	Since   time.Time  `json:"since"`
	Until   time.Time  `json:"until"`
	LastUse *time.Time `json:"last_use,omitempty"`
}

// Other names another id of the same human being.
type Other struct {
	Other string `json:"other" jsonschema:"id of a person"`
}
