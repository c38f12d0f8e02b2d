package wire

import "time"

// PersonChange is what is to be another way about a person; what is left out stays.
type PersonChange struct {
	Revision      string    `json:"revision" jsonschema:"of the person as you read them: what was changed since is not written over"`
	UserName      *string   `json:"user_name,omitempty"`
	Name          *string   `json:"name,omitempty"`
	Mail          *string   `json:"mail,omitempty"`
	Title         *string   `json:"title,omitempty"`
	Department    *string   `json:"department,omitempty" jsonschema:"id of a Location; where somebody works decides what they see"`
	Facility      *string   `json:"facility,omitempty" jsonschema:"id of an Organization"`
	Manager       *string   `json:"manager,omitempty"`
	Zone          *string   `json:"zone,omitempty" jsonschema:"time zone, such as America/Chicago"`
	Practitioners *[]string `json:"practitioners,omitempty" jsonschema:"their own records upstream, such as Practitioner/123"`
}

// Invitation lets a person sign in for the first time, or again.
type Invitation struct {
	ID     string    `json:"id" jsonschema:"it opens nothing"`
	Person string    `json:"person"`
	By     string    `json:"by"`
	Until  time.Time `json:"until"`
	Waits  bool      `json:"waits" jsonschema:"for a second person's yes"`
	Link   string    `json:"link,omitempty" jsonschema:"told once, to who made it: hand it over in person"`
}

// Waiting is what waits for a second person who runs people.
type Waiting struct {
	Rights      []ProposedRight `json:"rights"`
	Invitations []Invitation    `json:"invitations"`
}

// ProposedRight is a right over others that somebody was given and nobody agreed to yet. Say yes
// to it at /people/{id}/agree, no at /people/{id}/take. So are identities that one person took
// away, or that are said of two people, with Because: they are taken away alone.
type ProposedRight struct {
	Person string    `json:"person"`
	Kind   string    `json:"kind"`
	Name   string    `json:"name"`
	Dept   string    `json:"dept,omitempty"`
	Group  string    `json:"group,omitempty" jsonschema:"id of the group of provisioning that gives it: an answer names it"`
	Why    string    `json:"why,omitempty"`
	By     string    `json:"by"`
	Since  time.Time `json:"since"`
	// TakenBy is who took an identity away first.
	TakenBy string `json:"taken_by,omitempty" jsonschema:"who took away first an identity that two had agreed on: somebody else takes it away as well"`
	Because string `json:"because,omitempty" jsonschema:"of an identity that is only taken away, why it waits"`
}

// NewProgram is a program to be added, which has no key yet.
type NewProgram struct {
	ID       string    `json:"id" jsonschema:"its client_id; never given to another"`
	Title    string    `json:"title"`
	Owner    string    `json:"owner" jsonschema:"id of who answers for it"`
	Why      string    `json:"why"`
	Role     string    `json:"role"`
	Task     string    `json:"task"`
	Scopes   []string  `json:"scopes,omitempty" jsonschema:"SMART v2; they only take away"`
	Networks []string  `json:"networks,omitempty" jsonschema:"address ranges it may come from (CIDR); none: any"`
	Until    time.Time `json:"until" jsonschema:"at most 398 days ahead"`
}

// Wishes are how a person wants to be told by mail. The inbox has everything at once.
type Wishes struct {
	Pace  string `json:"pace,omitempty" jsonschema:"at-once, hourly, daily or never; without it at-once"`
	Daily string `json:"daily,omitempty" jsonschema:"HH:MM of the daily mail; without it 08:00"`
	From  string `json:"quiet_from,omitempty" jsonschema:"HH:MM at which quiet hours begin; without both there are none"`
	Until string `json:"quiet_until,omitempty" jsonschema:"HH:MM at which they end"`
	Zone  string `json:"zone,omitempty" jsonschema:"time zone; without it that of the directory"`
}
