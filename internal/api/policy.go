package api

import (
	"net/http"
	"slices"

	"modicum/internal/api/wire"
	"modicum/internal/change"
	"modicum/internal/defect"
	"modicum/internal/problem"
	"modicum/policy"
)

// policyOperations are by which a policy comes in force (G7). Who may do what is for
// package change to say.
func (a *api) policyOperations() []operation {
	refusals := []problem.Problem{problem.Refused, problem.NotYours, problem.NotForTask}
	proved := !defect.On(defect.ChangeUnproved)
	return []operation{
		{method: "GET", path: "/policy-changes", name: "listPolicyChanges", about: "policy", summary: "Changes of the policy that wait, oldest first, or with state=decided those that were decided, newest first.", person: true,
			query:  append([]param{{name: "state", text: "waiting (without it) or decided.", one: []string{"waiting", "decided"}}}, pageOf...),
			answer: as[list[wire.PolicyChange]]("PolicyChanges"), may: refusals, do: (*call).listChanges},
		{method: "GET", path: "/policy-changes/{id}", name: "getPolicyChange", about: "policy", summary: "One change: exactly what it does, whose it is, who said yes, what it lacks.", person: true,
			answer: as[wire.PolicyChange]("PolicyChange"), may: refusals, do: (*call).getChange},
		{method: "POST", path: "/policy-changes/{id}/propose", name: "proposePolicyChange", about: "policy", summary: "Say that what lies in the policy's folder is yours, and why.", person: true, proof: true,
			body: as[wire.Proposal]("Proposal"), may: refusals, with: typed((*call).proposeChange)},
		{method: "POST", path: "/policy-changes/{id}/approve", name: "approvePolicyChange", about: "policy", summary: "Say yes to exactly what was read. The last yes that is needed puts it in force.", person: true, proof: proved,
			body: as[wire.Decision]("Decision"), answer: as[wire.PolicyYes]("PolicyYes"), may: refusals, with: typed((*call).approveChange), wrote: wroteYes},
		{method: "POST", path: "/policy-changes/{id}/refuse", name: "refusePolicyChange", about: "policy", summary: "Say no, with a word: one no ends it.", person: true, proof: true,
			body: as[word]("Word"), may: refusals, with: typed((*call).refuseChange)},
		{method: "POST", path: "/policy-changes/{id}/withdraw", name: "withdrawPolicyChange", about: "policy", summary: "Take back what you proposed.", person: true, proof: true,
			may: refusals, do: (*call).withdrawChange},
		{method: "POST", path: "/policy-changes/{id}/again", name: "proposePolicyAgain", about: "policy", summary: "Propose the policy of a decided change again: to go back to it, or after a no. It needs the same yes.", person: true, proof: true,
			body: as[wire.Again]("Again"), answer: as[wire.PolicyChange]("PolicyChange"), status: http.StatusCreated, may: refusals, with: typed((*call).againChange), wrote: wroteChange},
	}
}

// governs guards what is proposed and decided, as the console's pages of it do.
func (c *call) governs() error {
	if bound(c.caller) && !defect.On(defect.LentPastToken) {
		return c.looked(problem.NotForTask)
	}
	for _, d := range change.Readers() {
		if c.People.Holds(c.by.ID, d, c.now) || defect.On(defect.ChangesForAll) {
			return nil
		}
	}
	return c.looked(notYours(change.Readers()...))
}

// found is a change that whoever asks may read.
func (c *call) found() (*change.Change, error) {
	if err := c.governs(); err != nil {
		return nil, err
	}
	return c.Changes.Get(c.r.Context(), c.id())
}

func (c *call) listChanges() (any, error) {
	if err := c.governs(); err != nil {
		return nil, err
	}
	out := list[wire.PolicyChange]{Items: []wire.PolicyChange{}}
	limit, before := c.count("limit", 50), c.word("before")
	rows, err := c.Changes.Waiting(), error(nil)
	if c.word("state") == "decided" {
		rows, err = c.Changes.History(c.r.Context(), before, limit+1)
	} else if before != "" {
		rows = slices.DeleteFunc(rows, func(x *change.Change) bool { return x.ID <= before })
	}
	for i, x := range rows {
		if i == limit {
			out.Next = rows[i-1].ID
			break
		}
		out.Items = append(out.Items, c.policyChange(x))
	}
	return out, err
}

func (c *call) getChange() (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	return c.wholeChange(x)
}

func (c *call) proposeChange(p *wire.Proposal) (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	return nil, c.Changes.Propose(c.r.Context(), c.by, x.ID, p.Digest, p.Reason)
}

func (c *call) approveChange(d *decision) (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	done, err := c.Changes.Approve(c.r.Context(), c.by, x.ID, d.Digest, d.Word)
	return wire.PolicyYes{InForce: done}, err
}

func (c *call) refuseChange(w *word) (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	return nil, c.Changes.Refuse(c.r.Context(), c.by, x.ID, w.Word)
}

func (c *call) withdrawChange() (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	return nil, c.Changes.Withdraw(c.r.Context(), c.by, x.ID)
}

func (c *call) againChange(g *wire.Again) (any, error) {
	x, err := c.found()
	if err != nil {
		return nil, err
	}
	made, err := c.Changes.ProposeEarlier(c.r.Context(), c.by, x.Policy, g.Reason)
	if err != nil {
		return nil, err
	}
	if made, err = c.Changes.Get(c.r.Context(), made.ID); err != nil {
		return nil, err
	}
	return c.policyChange(made), nil
}

// policyChange is a change as a list has it.
func (c *call) policyChange(x *change.Change) wire.PolicyChange {
	now := c.Changes.InForce()
	out := wire.PolicyChange{
		ID: x.ID, Policy: x.Policy, Replaces: x.Base, State: string(x.State), From: cameFrom(x), Current: now != nil && now.Change == x.ID, Found: at(x.Found),
		Proposer: x.Proposer, Proposed: maybe(x.Proposed), Reason: x.Reason, Answers: []wire.PolicyAnswer{}, Ended: maybe(x.Ended), EndedBy: x.EndedBy, Word: x.Word,
	}
	for _, a := range x.Answers {
		out.Answers = append(out.Answers, wire.PolicyAnswer{By: a.By, At: at(a.At), Word: a.Word})
	}
	return out
}

func cameFrom(x *change.Change) string {
	switch {
	case x.First:
		return "first"
	case x.Folder:
		return "unasked"
	case x.Earlier:
		return "archive"
	}
	return "folder"
}

// wholeChange is a change with its effect, where that can be told still.
func (c *call) wholeChange(x *change.Change) (wire.PolicyChange, error) {
	out := c.policyChange(x)
	e, err := c.Changes.Effect(x)
	if err != nil {
		return out, nil // its policy is not in the archive any more, or does not compile with this version
	}
	digest, err := c.Changes.Digest(x)
	if err != nil {
		return out, err
	}
	before, err := c.Changes.Before(c.r.Context(), x)
	if err != nil {
		return out, err
	}
	out.Replaces = e.Old
	out.Effect = &wire.PolicyEffect{
		Digest: digest, Opens: e.Count(policy.Opens) + e.Count(policy.Both), Closes: e.Count(policy.Closes), Changes: []wire.PolicyOneThing{},
		Gains: orNone(e.Difference.Gains()), Yours: orNone(c.Changes.Gains(e, c.by)), Unnamed: e.Unnamed(), Approvers: []string{}, Before: []wire.PolicyDecided{},
	}
	for i := range e.Changes {
		out.Effect.Changes = append(out.Effect.Changes, oneThing(&e.Changes[i]))
	}
	for _, b := range before {
		out.Effect.Before = append(out.Effect.Before, wire.PolicyDecided{ID: b.ID, State: string(b.State), Proposer: b.Proposer, Reason: b.Reason, Ended: at(b.Ended), EndedBy: b.EndedBy, Word: b.Word})
	}
	if x.State == change.Proposed {
		out.Effect.Lacks, out.Effect.Approvers, out.Effect.MayNot = c.Changes.Lacks(x, e), orNone(c.Changes.Approvers(x)), c.Changes.MayNot(c.by, x)
	}
	return out, nil
}

func oneThing(d *policy.Change) wire.PolicyOneThing {
	out := wire.PolicyOneThing{
		Direction: d.Direction.String(), Kind: d.Kind, Where: d.Where, Roles: orNone(d.Roles), Disclosures: orNone(d.Disclosures), Purpose: d.Purpose, Flow: d.Flow, Verbs: d.Verbs,
		Classes: []wire.PolicyClassChange{}, While: d.While, Within: d.Within, Marked: orNone(d.Marked), MarkedOnly: d.MarkedOnly, Lent: d.Lent,
		Glass: d.Glass, What: d.What, Was: d.Was, Now: d.Now,
	}
	for _, k := range d.Classes {
		out.Classes = append(out.Classes, wire.PolicyClassChange{Classes: orNone(k.Classes), Was: k.Was, Now: k.Now})
	}
	return out
}

// aboutPolicy is inWords of a change of the policy that was refused: its sentences are its
// own, and name nothing but what the policy and the directory call things.
func aboutPolicy(r *change.Refusal) error {
	field := ""
	if r.Code == "reason" || r.Code == "word" {
		field = r.Code
	}
	hint := problem.Hint{Wrong: []problem.Wrong{{Field: field, Code: r.Code, Say: r.Say}}}
	if r.Code == "not-yours" {
		return problem.NotYours.With(hint)
	}
	return problem.Refused.With(hint)
}
