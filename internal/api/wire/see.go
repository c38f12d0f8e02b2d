package wire

import "encoding/json"

// SeeAs is one look at records as a task of somebody else would show them.
type SeeAs struct {
	Task    string   `json:"task" jsonschema:"ROLE/TASK of the policy in force"`
	From    string   `json:"from" jsonschema:"where records come from: made-up, given or own-view"`
	Sample  string   `json:"sample,omitempty" jsonschema:"of made-up: id of a made-up patient"`
	Text    string   `json:"text,omitempty" jsonschema:"of given: FHIR resources, JSON, a Bundle, or one a line; they are kept nowhere"`
	Patient string   `json:"patient,omitempty" jsonschema:"of own-view: id of a Patient, whom your own task must show you"`
	Own     string   `json:"own,omitempty" jsonschema:"of own-view: ROLE/TASK of your own"`
	Assume  []string `json:"assume" jsonschema:"facts and restrictions that are to hold"`
}

// Seen is what a look shows.
type Seen struct {
	Task    string       `json:"task"`
	Records []SeenRecord `json:"records"`
}

// SeenRecord is what becomes of one record.
type SeenRecord struct {
	Record   string          `json:"record" jsonschema:"Type/id, as it was given"`
	There    bool            `json:"there"`
	Why      string          `json:"why,omitempty" jsonschema:"why it is not there"`
	Resource json.RawMessage `json:"resource,omitempty" jsonschema:"as it would leave, numbers to the letter"`
	LeftOut  []LeftOut       `json:"left_out" jsonschema:"what does not pass unchanged"`
}

// LeftOut is one element that does not pass unchanged.
type LeftOut struct {
	Path  string `json:"path"`
	Class string `json:"class,omitempty"`
	Why   string `json:"why"`
}

// SeeAsChoices is what can be looked through, and with what.
type SeeAsChoices struct {
	Tasks   []SeeAsTask `json:"tasks"`
	Samples []Sample    `json:"samples" jsonschema:"made-up patients"`
	Own     []string    `json:"own" jsonschema:"your own tasks, for patients whom you may see yourself"`
}

// SeeAsTask is a task, and what may hold while it is done.
type SeeAsTask struct {
	Task      string   `json:"task" jsonschema:"ROLE/TASK"`
	Title     string   `json:"title"`
	Purpose   string   `json:"purpose"`
	Asks      []string `json:"asks" jsonschema:"facts that its lines ask for"`
	Restricts []string `json:"restricts" jsonschema:"facts that restrict, or lift a restriction"`
}

// Sample is a made-up patient.
type Sample struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Note string `json:"note"`
}

// Look asks what a task of one's own shows of a patient.
type Look struct {
	Patient string `json:"patient" jsonschema:"id of a Patient resource"`
	Role    string `json:"role,omitempty"`
	Task    string `json:"task" jsonschema:"of your own"`
}

// Reach is what a task shows of a patient, class by class, and why not more.
type Reach struct {
	Task    string       `json:"task" jsonschema:"ROLE/TASK"`
	Reached bool         `json:"reached" jsonschema:"whether it shows anything of them; who is not there and who is out of reach are one answer"`
	Refused string       `json:"refused,omitempty" jsonschema:"why it shows nothing of anybody"`
	Classes []ReachClass `json:"classes"`
	Marks   []ReachMark  `json:"marks" jsonschema:"markings of records, and whether they show all the same"`
	Needs   []ReachNeed  `json:"needs" jsonschema:"the lines of the task, and what each asks for"`
	Unsaid  []Unsaid     `json:"unsaid,omitempty" jsonschema:"sources that never stated all they know, so that no task shows any patient; a broken glass, what the restriction itself lets go, and a door that only observes show all the same"`
}

// Unsaid is a source that never stated all that it knows.
type Unsaid struct {
	Source string   `json:"source"`
	Title  string   `json:"title"`
	Hides  []string `json:"hides" jsonschema:"titles of the restrictions that hide everybody for that"`
}

// ReachClass is one class of data.
type ReachClass struct {
	Class  string `json:"class"`
	Title  string `json:"title"`
	Shows  string `json:"shows" jsonschema:"keep, last4, coarse, token, mask or omit"`
	Masked bool   `json:"masked" jsonschema:"masked until you ask for one value with a reason"`
	Never  bool   `json:"never" jsonschema:"your role never sees it"`
	Lent   bool   `json:"lent" jsonschema:"this task shows it on loan"`
}

// ReachMark is a marking of records.
type ReachMark struct {
	Mark  string `json:"mark"`
	Title string `json:"title"`
	Shows bool   `json:"shows"`
}

// ReachNeed is what one line asks for, in the words of the policy.
type ReachNeed struct {
	Line   string   `json:"line"`
	While  string   `json:"while,omitempty"`
	Within string   `json:"within,omitempty"`
	Lent   string   `json:"lent,omitempty"`
	Marked []string `json:"marked,omitempty"`
	Glass  bool     `json:"glass,omitzero"`
}
