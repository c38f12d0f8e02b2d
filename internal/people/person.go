// Package people is the directory: which people and programs there are, what each
// holds, why, since when and until when, and who else is the same human being.
//
// The directory says who may approve and who may administer: never a token, never
// what a provisioning client sends (threat model G9). Taking away is at once; giving
// a right over others needs a second person who agrees.
package people

// Source says where something was learned.
type Source string

// The sources.
const (
	Local  Source = "local"  // an administrator of ours wrote it
	SCIM   Source = "scim"   // the organization's provisioning did
	Issuer Source = "issuer" // the identity provider's token says so, at each use
)

// Duty is a right over the system itself. Nobody holds all of them, and holding one
// opens no chart (R21, R119).
type Duty string

// The duties.
const (
	RunSystem    Duty = "run-system"    // sources, health, settings, keys of the installation
	RunPeople    Duty = "run-people"    // people, programs, what they hold
	WritePolicy  Duty = "write-policy"  // proposes policy
	AgreePolicy  Duty = "agree-policy"  // puts it in force; never what they proposed
	ReadRecord   Duty = "read-record"   // searches the record
	ReviewAccess Duty = "review-access" // closes reviews of broken glasses and lent access
)

// Duties lists them all, in the order of the page.
func Duties() []Duty {
	return []Duty{RunSystem, RunPeople, WritePolicy, AgreePolicy, ReadRecord, ReviewAccess}
}

// Person is one human being as one issuer knows them. A Person is shared between
// readers and never changed after it was made.
type Person struct {
	// ID is what caller.Caller.ID is: facts, grants and the record call the person so.
	// It is never used for anybody else, however long they are gone (G6).
	ID       string `json:"id"`
	UserName string `json:"user_name"` // what they type, and what SCIM calls userName; unique among all, without regard to case
	// Former are user names that they had before: they become nobody else's.
	Former     []string `json:"former,omitempty"`
	External   string   `json:"external,omitempty"` // what provisioning calls them; one person's, too
	Name       string   `json:"name"`
	Mail       string   `json:"mail,omitempty"`
	Title      string   `json:"title,omitempty"`
	Department string   `json:"department,omitempty"` // id of a Location, as the claim dept
	Facility   string   `json:"facility,omitempty"`   // id of an Organization, as the claim facility
	// Practitioners are their own records upstream, Practitioner/ID or PractitionerRole/ID,
	// as the claim fhirUser: care teams and encounters name them so.
	Practitioners []string `json:"practitioners,omitempty"`
	Manager       string   `json:"manager,omitempty"` // id of a Person
	Zone          string   `json:"zone,omitempty"`    // IANA name; "" is the organization's
	Partner       string   `json:"partner,omitempty"` // of the policy, whose person it is
	Same          []string `json:"same,omitempty"`    // ids of the same human being under other issuers, sorted
	From          Source   `json:"from"`
	// Active false: everything of theirs has ended. Only an administrator of ours, or the
	// source that took them away, brings them back, and then without what they held.
	Active    bool   `json:"active"`
	Created   int64  `json:"created"` // microseconds since 1970, UTC, as all times here
	Changed   int64  `json:"changed"`
	Ended     int64  `json:"ended,omitempty"` // when they became inactive last
	EndedFrom Source `json:"ended_from,omitempty"`
	Roles     []Held `json:"roles,omitempty"`
	Positions []Held `json:"positions,omitempty"`
	Duties    []Held `json:"duties,omitempty"`
	// Identities are those at issuers that are theirs; see [Identity].
	Identities []Held `json:"identities,omitempty"`
	// SCIM is what only provisioning needs; nil for whoever it does not know.
	SCIM *Provisioned `json:"scim,omitempty"`
}

// Provisioned is what a provisioning client says of a person beside the rest.
type Provisioned struct {
	// Entrusted: their page was written here before.
	Entrusted bool `json:"entrusted,omitzero"`
	// Before is who kept the page until it was entrusted; "": not known, or provisioning made it.
	Before  Source `json:"before,omitzero"`
	Handle  string `json:"handle"` // the opaque id that the client is told
	Display string `json:"display,omitempty"`
	Given   string `json:"given,omitempty"`
	Family  string `json:"family,omitempty"`
	Mails   []Mail `json:"mails,omitempty"`
	// Department and Organization are what the client calls them: a place only where they
	// are ids as FHIR has them.
	Department   string `json:"department,omitempty"`
	Organization string `json:"organization,omitempty"`
	// Manager is what the client calls the manager, who may be somebody it has not
	// provided yet.
	Manager string `json:"manager,omitempty"`
	// Removed: the client deleted them. It sees them no more, and cannot bring them back.
	Removed bool `json:"removed,omitempty"`
}

// Mail is one of several addresses.
type Mail struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

// Group is a group of the organization's provisioning. It gives the role that the
// configuration maps it to, and nothing else.
type Group struct {
	ID       string   `json:"id"` // ours, never used again
	Name     string   `json:"name"`
	External string   `json:"external,omitempty"`
	Members  []string `json:"members,omitempty"` // ids of people, sorted
	Created  int64    `json:"created"`
	Changed  int64    `json:"changed"`
}

// Kind is what kind of thing somebody holds.
type Kind string

// The kinds of what is held.
const (
	Role     Kind = "role"
	Position Kind = "position"
	DutyKind Kind = "duty"
	// IdentityKind is who somebody is at an issuer; see [Identity].
	IdentityKind Kind = "identity"
)

// Held is a role, position, duty or identity that a person holds.
type Held struct {
	Name string `json:"name"`
	// Dept narrows a position to requests of people of that department; "" is everywhere.
	Dept string `json:"dept,omitempty"`
	From Source `json:"from"`
	Why  string `json:"why,omitempty"`
	By   string `json:"by"` // who gave it
	// Agreed is the second person, where giving it needs one. A right over others that
	// nobody agreed to does not count (G9), unless Alone says why there was nobody.
	Agreed string `json:"agreed,omitempty"`
	Alone  bool   `json:"alone,omitempty"`
	Since  int64  `json:"since"`
	Until  int64  `json:"until,omitempty"` // 0: until taken away
	// Taken is who took away an identity that two had agreed on: it counts no more, and
	// stays theirs until a second person takes it away.
	Taken string `json:"taken,omitempty"`
	Group string `json:"group,omitempty"` // the SCIM group or issuer's group that gave it
}

// Program is a client without a person: one owner, one role, one task, an end.
type Program struct {
	ID       string   `json:"id"` // what caller.Caller.ID is, and the client_id
	Title    string   `json:"title"`
	Owner    string   `json:"owner"` // id of a Person; an owner who leaves stops it, unless it was handed on
	Why      string   `json:"why"`
	Role     string   `json:"role"`
	Task     string   `json:"task"`
	Purpose  string   `json:"purpose"`
	Scopes   []string `json:"scopes,omitempty"`   // SMART v2; only take away
	Networks []string `json:"networks,omitempty"` // CIDR; none means any
	Keys     []Key    `json:"keys,omitempty"`
	Active   bool     `json:"active"`
	Created  int64    `json:"created"`
	Changed  int64    `json:"changed"`
	Until    int64    `json:"until"`              // never 0
	LastUse  int64    `json:"last_use,omitempty"` // to the hour
}

// Key is a public key with which a program signs in (private_key_jwt).
type Key struct {
	ID      string `json:"id"`  // thumbprint, RFC 7638
	JWK     []byte `json:"jwk"` // public
	By      string `json:"by"`
	Since   int64  `json:"since"`
	Until   int64  `json:"until"` // never 0
	LastUse int64  `json:"last_use,omitempty"`
}

// Actor is who changes something: the one who does it, and what is known of how they
// signed in. A program may be one where SCIM is the way.
type Actor struct {
	ID      string // of a Person, or the SCIM client
	Session string // "" for a program
	Network string
	// Roles are what an issuer's token says at this use beside the directory: one may
	// ask for what goes with them, and approves nothing by them (G9).
	Roles []string
	// For is the person for whom somebody else acts here (RFC 8693), "" for nobody: who
	// acts for another asks for nothing and approves nothing.
	For string
}
