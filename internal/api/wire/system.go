package wire

import "time"

// Health is how the parts of the installation do.
type Health struct {
	Level    string     `json:"level" jsonschema:"well, degraded, emergency or down: the worst of all troubles"`
	At       time.Time  `json:"at"`
	Trusted  bool       `json:"trusted" jsonschema:"whether the time is certain"`
	Version  string     `json:"version"`
	Started  time.Time  `json:"started"`
	Troubles []Trouble  `json:"troubles" jsonschema:"what does not work as it should, the worst first"`
	Policy   InForce    `json:"policy"`
	Doors    []DoorMode `json:"doors"`
	Record   Records    `json:"record"`
	Spool    Spool      `json:"spool"`
	Upstream Upstream   `json:"upstream"`
	Sources  []Source   `json:"sources"`
	Issuers  []Issuer   `json:"issuers"`
	Outlets  []Outlet   `json:"outlets" jsonschema:"mail and webhooks"`
	Failed   int        `json:"failed" jsonschema:"notices nobody has seen whose mail was refused"`
}

// Trouble is one thing that does not work as it should.
type Trouble struct {
	Part  string     `json:"part"`
	Level string     `json:"level"`
	Say   string     `json:"say" jsonschema:"what is wrong, and what follows"`
	Do    string     `json:"do" jsonschema:"what to do about it"`
	Since *time.Time `json:"since,omitempty"`
}

// InForce is the policy in force.
type InForce struct {
	Digest  string     `json:"digest"`
	Since   *time.Time `json:"since,omitempty" jsonschema:"since when this process has it"`
	Trouble string     `json:"trouble,omitempty" jsonschema:"what is wrong with what lies in its folder"`
}

// DoorMode is one way by which data leaves.
type DoorMode struct {
	Name     string   `json:"name"`
	At       string   `json:"at"`
	Observe  bool     `json:"observe" jsonschema:"it withholds nothing, but for the roles in enforced"`
	Enforced []string `json:"enforced" jsonschema:"roles"`
}

// Records is how the record does.
type Records struct {
	Log       string     `json:"log" jsonschema:"its origin"`
	Takes     bool       `json:"takes" jsonschema:"whether it takes entries"`
	Entries   int64      `json:"entries" jsonschema:"that are signed"`
	Published int64      `json:"published" jsonschema:"of them, in the folder"`
	Last      *time.Time `json:"last,omitempty" jsonschema:"when the newest was made"`
}

// Spool is where entries of broken glasses wait while the record takes none.
type Spool struct {
	InUse   bool       `json:"in_use"`
	Since   *time.Time `json:"since,omitempty"`
	Entries int        `json:"entries"`
	Bytes   int64      `json:"bytes"`
	Most    int64      `json:"most" jsonschema:"bytes"`
	Takes   bool       `json:"takes"`
}

// Upstream is how the FHIR server has answered.
type Upstream struct {
	Address  string     `json:"address"`
	Answered *time.Time `json:"answered,omitempty" jsonschema:"when it last gave a usable answer"`
	Failed   *time.Time `json:"failed,omitempty" jsonschema:"when it last gave none"`
	Why      string     `json:"why,omitempty"`
}

// Source is one source of facts.
type Source struct {
	Name       string     `json:"name"`
	Title      string     `json:"title,omitempty"`
	State      string     `json:"state" jsonschema:"fresh, stale, never-whole or broken"`
	Feeds      []string   `json:"feeds" jsonschema:"facts that come from it"`
	Facts      int64      `json:"facts"`
	LastChange *time.Time `json:"last_change,omitempty"`
	LastWhole  *time.Time `json:"last_whole,omitempty"`
	Seconds    int64      `json:"fresh_for" jsonschema:"seconds for which what it says counts"`
	Broken     string     `json:"broken,omitempty" jsonschema:"why it could not be read the last time"`
}

// Issuer is an identity provider.
type Issuer struct {
	Issuer string     `json:"issuer"`
	Keys   int        `json:"keys"`
	Known  bool       `json:"known" jsonschema:"whether its tokens can be verified"`
	Loaded *time.Time `json:"loaded,omitempty" jsonschema:"when its keys were last read"`
	Error  string     `json:"error,omitempty" jsonschema:"of the last try"`
}

// Outlet is mail, or a webhook.
type Outlet struct {
	Name     string     `json:"name"`
	Hook     string     `json:"hook,omitempty" jsonschema:"name of a webhook"`
	Waiting  int        `json:"waiting"`
	Sent     *time.Time `json:"sent,omitempty"`
	Failing  *time.Time `json:"failing,omitempty" jsonschema:"since when nothing got out"`
	Why      string     `json:"why,omitempty"`
	GivenUp  int        `json:"given_up" jsonschema:"how many were refused for good, since the start"`
	Disabled bool       `json:"disabled" jsonschema:"a webhook whose receiver wants nothing more"`
}

// Installation is the configuration in force. It holds no secret.
type Installation struct {
	File     string    `json:"file"`
	Changed  bool      `json:"changed" jsonschema:"the file is another one than when it was read"`
	Settings []Setting `json:"settings"`
}

// Setting is one key of it.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty" jsonschema:"in force; absent where nothing is set"`
	From  string `json:"from,omitempty" jsonschema:"where it is written; absent where it is the default"`
	Text  string `json:"text" jsonschema:"what it does"`
}

// Token is a token of a person for the doors and this API.
type Token struct {
	ID      string     `json:"id" jsonschema:"it opens nothing"`
	Task    string     `json:"task,omitempty" jsonschema:"ROLE/TASK; without it the token opens no record"`
	Client  string     `json:"client" jsonschema:"what asked for it"`
	Agent   string     `json:"agent,omitempty"`
	Network string     `json:"network,omitempty"`
	Since   time.Time  `json:"since"`
	Until   time.Time  `json:"until"`
	LastUse *time.Time `json:"last_use,omitempty" jsonschema:"since the server started"`
}

// Session is one person at one browser.
type Session struct {
	ID      string    `json:"id" jsonschema:"it opens nothing"`
	Agent   string    `json:"agent,omitempty"`
	Network string    `json:"network,omitempty"`
	Issuer  string    `json:"issuer,omitempty" jsonschema:"who signed them in; without it this installation"`
	Began   time.Time `json:"began"`
	Seen    time.Time `json:"seen" jsonschema:"last request"`
	Until   time.Time `json:"until" jsonschema:"at the latest"`
}

// Ended says how many there were.
type Ended struct {
	Ended int `json:"ended"`
}
