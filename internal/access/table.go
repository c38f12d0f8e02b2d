package access

import (
	"fmt"
	"slices"
)

// Event is what may happen to a request or grant.
type Event string

// The events.
const (
	OnAsk      Event = "ask"
	OnAnswer   Event = "answer"  // one of several approvers said yes
	OnApprove  Event = "approve" // the last of them
	OnRefuse   Event = "refuse"
	OnWithdraw Event = "withdraw"
	OnLapse    Event = "lapse" // nobody answered in time, or it became impossible
	OnBreak    Event = "break" // the glass
	OnTake     Event = "take"  // a masked value, for one's own reason
	OnGiveBack Event = "give-back"
	OnRevoke   Event = "revoke"
	OnFact     Event = "fact-ended"
	OnTime     Event = "time"
	OnPolicy   Event = "policy"
	OnLeave    Event = "leave"
	OnAttest   Event = "attest"
	OnReview   Event = "review"
)

// None is the state before there is anything.
const None State = ""

// Step is one row of the table: from a state, by an event, to a state.
type Step struct {
	From []State
	On   Event
	To   State // "" stays as it is
	By   string
	Act  string // name of its entry in the record
	Note string
}

// ended are the states of a grant that lends nothing any more and waits for its review.
var ended = []State{Over, Done, Revoked, NoLonger}

// Steps is the whole life of requests and grants. What is not here does not happen.
func Steps() []Step {
	return []Step{
		{[]State{None}, OnAsk, Waiting, "a person, for themselves", "access-asked", "a lend or an exception"},
		{[]State{Waiting}, OnAnswer, Waiting, "one of the policy's approvers", "access-answered", "others must still say yes"},
		{[]State{Waiting}, OnApprove, Approved, "the last approver", "grant-approved", "the grant begins in the same change"},
		{[]State{Waiting}, OnRefuse, Refused, "one of the policy's approvers", "access-refused", "one no is enough"},
		{[]State{Waiting}, OnWithdraw, Withdrawn, "who asked", "access-withdrawn", ""},
		{[]State{Waiting}, OnLapse, Lapsed, "time, or a change of policy or roles", "access-lapsed", "after the deadlines of `approvals`"},
		{[]State{Waiting}, OnLeave, Lapsed, "the directory", "person-deactivated", "in the change that deactivates"},

		{[]State{None}, OnApprove, Live, "the last approver", "grant-approved", "planned until its start"},
		{[]State{None}, OnBreak, Live, "a person, for themselves", "glass-broken", "one step; spooled where the record cannot be written"},
		{[]State{None}, OnTake, Live, "a person, for themselves", "value-asked", "one class of one record; no review"},
		{[]State{Live}, OnGiveBack, Done, "its holder", "grant-given-back", ""},
		{[]State{Live}, OnRevoke, Revoked, "an approver of it, `tell`, review-access, run-people", "grant-revoked", "at once"},
		{[]State{Live}, OnFact, Done, "the facts", "grant-done", "the fact that its reason rests on is gone"},
		{[]State{Live}, OnTime, Over, "time", "grant-over", "computed at each use; the entry follows"},
		{[]State{Live}, OnPolicy, NoLonger, "a change of policy or roles", "grant-ended", "no task of theirs lends this any more"},
		{[]State{Live}, OnLeave, NoLonger, "the directory", "person-deactivated", "in the change that deactivates"},
		{append([]State{Live}, ended...), OnAttest, "", "who broke the glass", "glass-attested", "once"},
		{ended, OnReview, Closed, "review-access or `tell`, never its holder, never an approver of it", "grant-reviewed", "with a word; history from then on"},
	}
}

// steps is the table, read once.
var steps = Steps()

// step returns the row for an event in a state. What the table does not have does not
// happen: the caller has said so kindly before, so that an error here is a fault of ours.
func step(from State, on Event) (Step, error) {
	for _, s := range steps {
		if s.On == on && slices.Contains(s.From, from) {
			return s, nil
		}
	}
	return Step{}, fmt.Errorf("access: %s does not happen to what is %q", on, from)
}
