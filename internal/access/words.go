// Package access is what is lent for a while: who asked for what and why, who said
// yes to exactly that, what is live now, how it ended, and who looked at it afterwards.
//
// A [Request] is asked, decided by one person from each of the policy's approvers, and
// becomes a [Grant], which has an end from the first moment. A broken glass is a grant
// without approvers and with two duties behind it: its user attests, and somebody
// independent reviews. Every step is an entry of the record, kept together with the
// state that it makes; nothing here is decided by a job or by the passing of a page:
// whether a grant lives is computed at each use (threat model D9, G3, G4).
package access

// Kind is what kind of lending it is.
type Kind string

// The kinds.
const (
	Lend      Kind = "lend"      // a line of a task that says `lend`
	Exception Kind = "exception" // one more class or overlay: `exceptions` of the organization
	Asked     Kind = "ask"       // a masked class of one record: `ask`, decided by the asker's own reason
	Glass     Kind = "glass"     // a broken glass
)

// State is where a request or grant stands. docs/lent-access.md has the table.
type State string

// The states of a request, then those of a grant.
const (
	Waiting   State = "waiting"   // for somebody's answer
	Approved  State = "approved"  // a grant came of it
	Refused   State = "refused"   // somebody said no
	Withdrawn State = "withdrawn" // the asker took it back
	Lapsed    State = "lapsed"    // nobody answered in time, or what it asks became impossible

	Planned  State = "planned" // begins later: computed, kept as live
	Live     State = "live"
	Over     State = "over"     // its time is up
	Done     State = "done"     // the fact that it rests on holds no longer, or its user gave it back
	Revoked  State = "revoked"  // somebody took it away
	Closed   State = "closed"   // its review is closed with a word
	NoLonger State = "nolonger" // its user, or the policy that allowed it, is gone
)

// Reason is why somebody asks: of a kind that the policy lists, with a reference that
// facts can check, or text that says something.
type Reason struct {
	Kind string `json:"kind"`           // of the policy's `reasons`; "" where it lists none
	Ref  string `json:"ref,omitempty"`  // ticket, encounter, claim, appointment, release request
	Text string `json:"text,omitempty"` // at most 500 letters; never in the record
}

// Want is exactly what is asked for. An approval covers the digest of it, with who
// asks and how the policy stood (G2).
type Want struct {
	Kind     Kind     `json:"kind"`
	Role     string   `json:"role"`
	Task     string   `json:"task"`
	Patients []string `json:"patients,omitempty"` // ids, sorted; an ask may name none
	Record   string   `json:"record,omitempty"`   // of an ask: Type/id
	Classes  []string `json:"classes,omitempty"`  // of an exception or ask, sorted
	Overlays []string `json:"overlays,omitempty"` // of an exception, sorted
	Reason   Reason   `json:"reason"`
	From     int64    `json:"from,omitempty"` // microseconds since 1970, UTC; 0: when approved
	For      int64    `json:"for"`            // microseconds, counted from its start, never from asking
}
