package wire

import "time"

// RecordSearch is what is looked for in the record. What is left out does not restrict.
type RecordSearch struct {
	Who     string     `json:"who,omitempty" jsonschema:"id or user name"`
	Patient string     `json:"patient,omitempty" jsonschema:"id of a Patient resource, or a reference of the record"`
	Kind    string     `json:"kind,omitempty" jsonschema:"decision, shown, cut-off, act, reads or everything; without it decisions and acts, but not who read the record"`
	Effect  string     `json:"effect,omitempty" jsonschema:"admit or refuse"`
	Role    string     `json:"role,omitempty" jsonschema:"of the policy in force"`
	Task    string     `json:"task,omitempty" jsonschema:"TASK or ROLE/TASK of the policy in force"`
	Purpose string     `json:"purpose,omitempty" jsonschema:"of the policy in force"`
	Door    string     `json:"door,omitempty" jsonschema:"fhir or ledger"`
	Grant   string     `json:"grant,omitempty" jsonschema:"id of what was lent, under which it may count"`
	From    *time.Time `json:"from,omitempty"`
	Until   *time.Time `json:"until,omitempty" jsonschema:"before then"`
	Before  string     `json:"before,omitempty" jsonschema:"next of the page before: older ones follow"`
	Limit   int        `json:"limit,omitzero" jsonschema:"most items of a page, at most 500; without it 50"`
}

// RecordPage is a page of what was found, newest first. One page looks through a bounded
// part of the record: it may hold few items, or none, and have a next all the same.
type RecordPage struct {
	Items []Deed     `json:"items"`
	Next  string     `json:"next,omitempty" jsonschema:"send it as before for the next page; without it this is the last"`
	Until *time.Time `json:"until,omitempty" jsonschema:"where looking paused with less than a page: the time to which was looked"`
}

// Deed is a decision with what came of it, or an act.
type Deed struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind" jsonschema:"decision or act"`
	Who      string    `json:"who"`
	Patients int       `json:"patients" jsonschema:"whom it names"`

	Role        string   `json:"role,omitempty"`
	Task        string   `json:"task,omitempty"`
	Purpose     string   `json:"purpose,omitempty"`
	Door        string   `json:"door,omitempty"`
	Interaction string   `json:"interaction,omitempty"`
	Asked       []string `json:"asked,omitempty" jsonschema:"type and names of parameters; never values"`
	Effect      string   `json:"effect,omitempty" jsonschema:"admit or refuse"`
	Would       string   `json:"would,omitempty" jsonschema:"refuse, where enforcing would have"`
	Reasons     []string `json:"reasons,omitempty"`
	Grant       string   `json:"grant,omitempty"`
	End         string   `json:"end,omitempty" jsonschema:"how the answer ended; without it nobody knows"`
	Shown       int64    `json:"shown,omitzero" jsonschema:"records"`
	Withheld    int64    `json:"withheld,omitzero" jsonschema:"records"`

	Act    string   `json:"act,omitempty"`
	About  string   `json:"about,omitempty" jsonschema:"whom an act is about"`
	What   []string `json:"what,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// RecordEntry is a decision or act whole, and a decision derived again.
type RecordEntry struct {
	Deed    Deed     `json:"deed"`
	Log     string   `json:"log" jsonschema:"origin of the log that it is in"`
	Earlier bool     `json:"earlier" jsonschema:"a log before the one in force: it is proved from its folder"`
	Key     string   `json:"key" jsonschema:"verification key of the log in force"`
	Entries []Leaf   `json:"entries" jsonschema:"in order: the decision or act, then what came of it"`
	Older   string   `json:"older,omitempty" jsonschema:"id of what lies before it"`
	Newer   string   `json:"newer,omitempty" jsonschema:"id of what lies after it"`
	Again   *Derived `json:"again,omitempty" jsonschema:"of a decision"`
}

// Leaf is an entry of the record.
type Leaf struct {
	Index int64  `json:"index" jsonschema:"in the tree"`
	Body  string `json:"body" jsonschema:"canonical JSON, as it was hashed"`
}

// Derived is a decision derived again, from what is recorded with it and the policy of then.
type Derived struct {
	Agrees      bool             `json:"agrees"`
	Differences []string         `json:"differences"`
	Cannot      string           `json:"cannot,omitempty" jsonschema:"why it cannot be derived"`
	Verdicts    []DerivedVerdict `json:"verdicts"`
}

// DerivedVerdict is what was derived of records that were judged alike.
type DerivedVerdict struct {
	Type  string   `json:"type"`
	Count int64    `json:"count"`
	There bool     `json:"there" jsonschema:"it was shown, in whole or in part"`
	Lines []string `json:"lines" jsonschema:"of the policy, that cover"`
	Bites []string `json:"bites" jsonschema:"restrictions that bit"`
}

// Proof proves one entry to whoever has the verification key.
type Proof struct {
	Name  string `json:"name" jsonschema:"of the file, as it is usually called"`
	Proof string `json:"proof" jsonschema:"the file: c2sp.org/tlog-proof"`
}
