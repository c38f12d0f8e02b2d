// Package health says how the parts of an installation do, what follows where one does
// not work, and what to do about it. /readyz, the metrics and the page of the console say
// the same, since they ask the same [State].
//
// Nothing in it is of a record, a person or an error of another system: words are ours,
// times and numbers are what was measured here.
package health

import (
	"time"

	"modicum/internal/caller"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/spool"
	"modicum/internal/upstream"
)

// Level is how well a part, or all of it, does.
type Level uint8

// The levels. The zero Level is Down: what nobody looked at is not called well.
const (
	Down      Level = iota // nothing protected can be answered
	Emergency              // broken glasses go on, and nothing else
	Degraded               // something does not work, or not as it should; what works is enforced
	Well
)

// String is the level as programs read it.
func (l Level) String() string {
	return [...]string{"down", "emergency", "degraded", "well"}[l]
}

// State is what was found of all parts at one moment.
type State struct {
	Now     time.Time
	Trusted bool // whether Now is
	Version string
	Started time.Time

	Policy   Policy
	Doors    []Door
	Record   Record
	Spool    spool.State
	Loose    int // broken glasses that are not in the book yet
	Certain  bool
	Upstream Upstream
	Sources  []Source
	Issuers  []caller.IssuerState
	Outlets  []notice.OutletState
	Failed   int // notices nobody has seen whose mail was refused
	Lacks    []people.Lack
}

// Policy is what is in force.
type Policy struct {
	Digest  string
	Since   time.Time // since when this process has it
	AtStart bool      // it was in force when the process started, and perhaps before
	Trouble string    // what is wrong with what lies in its folder; "": nothing
}

// Door is one way by which data leaves.
type Door struct {
	Name, At string
	Observe  bool     // it withholds nothing, but for the roles in Enforced
	Enforced []string // roles
}

// Record is how the ledger does. What is not known is zero.
type Record struct {
	Refusing, Unmoved, Behind bool // as store.State has them

	Origin     string
	Entries    int64     // that are signed
	Published  int64     // of them, in the folder
	Last       time.Time // when the newest was made
	Unreadable bool      // Entries and Last could not be read
}

// Upstream is how the FHIR server has answered.
type Upstream struct {
	Address string
	upstream.State
}

// Source is one source of facts.
type Source struct {
	facts.SourceState
	Title string
	Feeds []string // facts that come from it, as the policy calls them
}

// Trouble is one thing that does not work as it should.
type Trouble struct {
	Part  string // anchor of the part on the page
	Level Level
	Say   string    // what is wrong, and what follows
	Do    string    // what to do about it
	Since time.Time // since when, where that was seen
}

// String is what is wrong, for programs: people read Since in their zone.
func (t Trouble) String() string {
	if t.Since.IsZero() {
		return t.Say
	}
	return t.Say + ", since " + t.Since.UTC().Format(time.RFC3339)
}

// Level is the worst of all troubles.
func (s *State) Level() Level {
	worst := Well
	for _, t := range s.Troubles() {
		worst = min(worst, t.Level)
	}
	return worst
}

// Ready reports whether requests belong here: whether something protected can be
// answered, be it broken glasses alone.
func (s *State) Ready() bool { return s.Level() > Down }
