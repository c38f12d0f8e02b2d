package wire

import "time"

// Person is a person of the directory.
type Person struct {
	ID            string     `json:"id"`
	UserName      string     `json:"user_name"`
	Name          string     `json:"name"`
	Mail          string     `json:"mail,omitempty"`
	Title         string     `json:"title,omitempty"`
	Department    string     `json:"department,omitempty"`
	Facility      string     `json:"facility,omitempty"`
	Manager       string     `json:"manager,omitempty"`
	From          string     `json:"from"`
	Active        bool       `json:"active"`
	Ended         *time.Time `json:"ended,omitempty"`
	Same          []string   `json:"same,omitempty" jsonschema:"ids of the same human being, as somebody linked them; of one person alone"`
	Zone          string     `json:"zone,omitempty" jsonschema:"time zone; of one person alone"`
	Practitioners []string   `json:"practitioners,omitempty" jsonschema:"their own records upstream; of one person alone"`
	Revision      string     `json:"revision,omitempty" jsonschema:"of one person alone: a change names it"`
	Groups        []string   `json:"groups,omitempty" jsonschema:"of provisioning, by name; of one person alone"`
	Holds         []Held     `json:"holds,omitempty" jsonschema:"of one person alone, not in lists"`
}

// Held is what a person holds.
type Held struct {
	Kind    string     `json:"kind" jsonschema:"role, position, duty or identity"`
	Name    string     `json:"name"`
	Dept    string     `json:"dept,omitempty"`
	Why     string     `json:"why,omitempty"`
	From    string     `json:"from" jsonschema:"local, scim or issuer: who says so"`
	Group   string     `json:"group,omitempty" jsonschema:"of provisioning that gives it, by name"`
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
	Kind    string `json:"kind" jsonschema:"role, position, duty or identity"`
	Name    string `json:"name" jsonschema:"of an identity ISSUER#SUBJECT: the claims iss and sub"`
	Dept    string `json:"dept,omitempty"`
	Why     string `json:"why,omitempty"`
	Group   string `json:"group,omitempty" jsonschema:"id of the group of provisioning that gives it, as a proposal says"`
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

// File is a file of people: CSV with the names of the columns in its first line, or one
// object a line.
type File struct {
	Text  string `json:"text" jsonschema:"user_name,name,mail,title,department,facility,manager,roles"`
	Check bool   `json:"check,omitempty" jsonschema:"only say what it would do"`
}

// Imported is what a file of people did, or would do.
type Imported struct {
	Added    int      `json:"added"`
	There    []string `json:"there" jsonschema:"user names that there were already, left as they are"`
	Proposed int      `json:"proposed" jsonschema:"roles that wait for a second person"`
	People   []string `json:"people" jsonschema:"user names of who is added"`
}

// Program is a program of the directory.
type Program struct {
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	Owner     string     `json:"owner"`
	Why       string     `json:"why"`
	Role      string     `json:"role"`
	Task      string     `json:"task"`
	Purpose   string     `json:"purpose"`
	Scopes    []string   `json:"scopes"`
	Networks  []string   `json:"networks" jsonschema:"address ranges it may come from (CIDR); none: any"`
	Keys      []Key      `json:"keys"`
	Active    bool       `json:"active"`
	Until     time.Time  `json:"until"`
	LastUse   *time.Time `json:"last_use,omitempty"`
	StandsOut []string   `json:"stands_out" jsonschema:"unused, wide, no-key, key-ends, ends, owner-gone"`
}

// ProgramChange is what is to be another way about a program; what is left out stays.
type ProgramChange struct {
	Title    *string    `json:"title,omitempty"`
	Why      *string    `json:"why,omitempty"`
	Scopes   *[]string  `json:"scopes,omitempty" jsonschema:"all of them; none takes nothing away"`
	Networks *[]string  `json:"networks,omitempty" jsonschema:"all of them (CIDR); none: any"`
	Until    *time.Time `json:"until,omitempty"`
}

// NewOwner is who takes a program over.
type NewOwner struct {
	Owner string `json:"owner" jsonschema:"id of a person; the program's keys end"`
}
