package change

import (
	"fmt"
	"slices"
)

// Event is what may happen to a change.
type Event string

// The events.
const (
	OnFind     Event = "find"
	OnPropose  Event = "propose"
	OnAnswer   Event = "answer"  // a yes beside which another is needed
	OnApprove  Event = "approve" // the last yes that is needed
	OnRefuse   Event = "refuse"
	OnWithdraw Event = "withdraw"
	OnLapse    Event = "lapse"
	OnVoid     Event = "void"
	OnLeave    Event = "leave"
	OnFirst    Event = "first"
	OnFolder   Event = "folder"
)

// Step is one row of the table: from a state, by an event, to a state.
type Step struct {
	From []State
	On   Event
	To   State
	By   string
	Act  string // name of its entry in the record
	Note string
}

// Steps is the whole life of a change. What is not here does not happen.
func Steps() []Step {
	return []Step{
		{[]State{None}, OnFind, Found, "the folder", "policy-found", "it was read, checked and archived; the policy in force stays"},
		{[]State{Found}, OnPropose, Proposed, "who holds write-policy", "policy-proposed", "with a reason; the effect is hashed into the entry"},
		{[]State{None}, OnPropose, Proposed, "who holds write-policy", "policy-proposed", "an earlier policy, from the archive: a rollback is a change"},
		{[]State{Proposed}, OnAnswer, Proposed, "who holds agree-policy", "policy-approved", "one yes of two: it opens something to a role of who proposed or said yes, or to a program, a partner or a recipient"},
		{[]State{Proposed}, OnApprove, InForce, "who holds agree-policy", "policy-changed", "the last yes; the policy is in force by the same entry"},
		{[]State{Proposed}, OnRefuse, Refused, "who holds agree-policy", "policy-refused", "one no is enough; the same folder is not found again"},
		{[]State{Proposed}, OnWithdraw, Withdrawn, "who proposed it", "policy-withdrawn", "what lies in the folder still is found anew, and waits for somebody to propose it"},
		{[]State{Proposed}, OnLapse, Lapsed, "time", "policy-lapsed", "after 14 days; the same folder is not found again"},
		{[]State{Found, Proposed}, OnVoid, Void, "the folder, or another change", "policy-voided", "the folder holds something else, or another policy came in force; every yes is void with it"},
		{[]State{Proposed}, OnLeave, Withdrawn, "the directory", "person-deactivated", "in the change that deactivates who proposed it"},
		{[]State{None}, OnFirst, InForce, "the first start", "policy-first", "the policy that an installation begins with"},
		{[]State{None}, OnFolder, InForce, "who can write the folder", "policy-changed", "with `policy_changes: folder` alone"},
	}
}

var steps = Steps()

// step returns the row for an event in a state.
func step(from State, on Event) (Step, error) {
	for _, s := range steps {
		if s.On == on && slices.Contains(s.From, from) {
			return s, nil
		}
	}
	return Step{}, fmt.Errorf("change: %s does not happen to what is %q", on, from)
}
