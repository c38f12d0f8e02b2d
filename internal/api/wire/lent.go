// Package wire has the JSON objects of the API: the server writes what a client of ours
// reads, and the other way about. Times are RFC 3339, UTC; ids are opaque.
package wire

import "time"

// Reason is why somebody asks.
type Reason struct {
	Kind string `json:"kind,omitempty" jsonschema:"of the reasons that the policy lists for it"`
	Ref  string `json:"ref,omitempty" jsonschema:"ticket, encounter, claim, appointment or release request: it is checked"`
	Text string `json:"text,omitempty" jsonschema:"in words, where nothing can be checked; at most 500 letters"`
}

// Want is what is asked for.
type Want struct {
	Kind     string     `json:"kind" jsonschema:"lend, exception or ask"`
	Role     string     `json:"role,omitempty"`
	Task     string     `json:"task"`
	Patients []string   `json:"patients" jsonschema:"ids of Patient resources"`
	Record   string     `json:"record,omitempty" jsonschema:"of an ask: Type/id"`
	Classes  []string   `json:"classes,omitempty" jsonschema:"of an exception or ask: data classes"`
	Overlays []string   `json:"overlays,omitempty" jsonschema:"of an exception: sensitivity labels"`
	Reason   Reason     `json:"reason"`
	From     *time.Time `json:"from,omitempty" jsonschema:"when it begins; without it when it is approved"`
	Minutes  int        `json:"minutes,omitzero" jsonschema:"how long, from its start; without it as long as the policy allows"`
}

// Request is a request as whoever asked and whoever decides see it.
type Request struct {
	ID       string     `json:"id"`
	Asker    string     `json:"asker"`
	State    string     `json:"state"`
	Want     Want       `json:"want"`
	Made     time.Time  `json:"made"`
	Digest   string     `json:"digest" jsonschema:"of exactly what is asked, as the policy stands: an answer names it"`
	Needs    []string   `json:"needs" jsonschema:"one person from each of these roles and positions must say yes"`
	Answered []string   `json:"answered" jsonschema:"who said yes"`
	InARow   int        `json:"in_a_row" jsonschema:"how many of this task end to end, this one included"`
	Ended    *time.Time `json:"ended,omitempty"`
	Word     string     `json:"word,omitempty" jsonschema:"of who refused"`
	Grant    string     `json:"grant,omitempty" jsonschema:"what came of it"`
}

// Grant is what is lent.
type Grant struct {
	ID      string     `json:"id"`
	Person  string     `json:"person"`
	Request string     `json:"request,omitempty"`
	State   string     `json:"state"`
	Want    Want       `json:"want"`
	From    time.Time  `json:"from"`
	Until   time.Time  `json:"until"`
	Ended   *time.Time `json:"ended,omitempty"`
	By      []string   `json:"approvers"`
	Glass   *Glass     `json:"glass,omitempty"`
	Review  *Review    `json:"review,omitempty"`
}

// Glass is of a grant that is a broken glass.
type Glass struct {
	Purpose  string     `json:"purpose"`
	Drill    bool       `json:"drill"`
	OverCap  bool       `json:"over_cap" jsonschema:"more patients on one day than the policy expects"`
	Attested *time.Time `json:"attested,omitempty"`
}

// Review is of a grant that somebody looks at afterwards.
type Review struct {
	Due     time.Time  `json:"due"`
	Who     string     `json:"who,omitempty"`
	At      *time.Time `json:"at,omitempty"`
	Verdict string     `json:"verdict,omitempty"`
}

// Asked is what came of asking.
type Asked struct {
	Request *Request `json:"request,omitempty"`
	Grant   *Grant   `json:"grant,omitempty" jsonschema:"where nobody else decides"`
	Again   bool     `json:"again" jsonschema:"it was there already; nothing new was made"`
}

// Approved is what came of a yes.
type Approved struct {
	Grant *Grant `json:"grant,omitempty" jsonschema:"absent while others must say yes too"`
}

// Decision is somebody's answer.
type Decision struct {
	Digest string `json:"digest" jsonschema:"of the request as it was read: what was changed since is not approved"`
	Word   string `json:"word,omitempty" jsonschema:"to whoever asked; needed to refuse"`
}

// Word is a word about what is done.
type Word struct {
	Word string `json:"word" jsonschema:"why, at most 500 letters"`
}

// GlassWant is what somebody says who breaks the glass.
type GlassWant struct {
	Patient string `json:"patient" jsonschema:"id of a Patient resource"`
	Role    string `json:"role,omitempty"`
	Task    string `json:"task,omitempty" jsonschema:"needed where several tasks of yours have it"`
	Purpose string `json:"purpose,omitempty" jsonschema:"ETREAT or BTG; without it ETREAT"`
	Reason  Reason `json:"reason"`
}

// Notice is one notice.
type Notice struct {
	ID    string     `json:"id"`
	Kind  string     `json:"kind"`
	At    time.Time  `json:"at"`
	Title string     `json:"title"`
	Text  string     `json:"text"`
	Path  string     `json:"path" jsonschema:"of the page that it leads to"`
	Seen  *time.Time `json:"seen,omitempty"`
}

// Opened is what was opened under a grant, for its reviewer.
type Opened struct {
	Decisions []OpenedOne `json:"decisions"`
	Facts     []string    `json:"facts" jsonschema:"what is true now about its holder and the patient: what came later often explains it"`
}

// OpenedOne is one decision under a grant.
type OpenedOne struct {
	ID   string    `json:"id" jsonschema:"of the decision: modicum explain ID"`
	At   time.Time `json:"at"`
	Door string    `json:"door"`
	What []string  `json:"what" jsonschema:"interaction, type and names of parameters"`
	Then string    `json:"then" jsonschema:"admit or refuse"`
}
