package main

import (
	"cmp"
	"fmt"

	"modicum/internal/client"
)

// policyChanges shows what is proposed, and what was decided.
type policyChanges struct {
	ID      string `arg:"" optional:"" help:"Id of one change, to see it whole."`
	Decided bool   `help:"Those that were decided instead, newest first."`
	online  `embed:""`
}

// Help teaches by example.
func (c *policyChanges) Help() string {
	return `Changes of the policy of a running installation: what lies in its policy's folder and waits for
somebody to propose it, what waits for a yes, and with --decided what became of the others. With an
id: exactly what that change does, whose it is, and what it lacks.

Examples:
  modicum policy changes
  modicum policy changes 01k9z5
  modicum policy changes --decided --json

Exit status: 0 shown, 1 you are not signed in or your duties do not include it, 3 the server does
not answer.`
}

// changesShown is the result for programs.
type changesShown struct {
	Changes []client.PolicyChange `json:"changes"`
}

// Run shows them.
func (c *policyChanges) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if c.ID != "" {
		return c.one(t, api)
	}
	list, err := api.PolicyChanges(t.ctx, c.Decided)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, changesShown{list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(t.out, "No change of the policy waits.")
		return err
	}
	rows := [][]string{}
	for i := range list {
		p := &list[i]
		rows = append(rows, []string{client.Plain(p.ID), stateWords(p), cmp.Or(client.Plain(p.Proposer), "nobody"), "policy " + shortHash(p.Policy)})
	}
	return table(t.out, rows)
}

func (c *policyChanges) one(t *terminal, api *client.Client) error {
	p, err := api.PolicyChange(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, p)
	}
	return printChange(t, &p)
}

// policyPropose says that a change is its person's.
type policyPropose struct {
	ID     string `arg:"" help:"Id of the change, from modicum policy changes: of one that was decided, its policy is proposed again."`
	Reason string `required:"" help:"Why: whoever is asked for a yes reads it." placeholder:"TEXT"`
	Digest string `help:"Propose only if the change still has this digest, from modicum policy changes ID --json." placeholder:"DIGEST"`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// Help teaches by example.
func (c *policyPropose) Help() string {
	return `Shows the change whole, asks you, and says that it is yours. Somebody else must say yes to it. Of a
change that was decided, the same policy is proposed again: to go back to it, or after a no. It needs
a proof of the last five minutes (modicum login --prove).

Examples:
  modicum policy propose 01k9z5 --reason "the lab moved to order entry"
  modicum policy propose 01k9z5 --reason "back to the policy of March" --yes

Exit status: 0 proposed, 1 it is not yours to propose, was changed, or you must sign in again;
2 wrong use, 3 the server does not answer.`
}

// Run proposes.
func (c *policyPropose) Run(t *terminal) error {
	api, p, err := showsChange(t, &c.online, c.ID, c.Digest, c.Yes)
	if err != nil {
		return err
	}
	if err := t.confirm(c.Yes, "Propose this?"); err != nil {
		return err
	}
	if p.Ended == nil {
		if err := api.ProposePolicy(t.ctx, c.ID, p.Effect.Digest, c.Reason); err != nil {
			return over(err)
		}
		return c.say(t, map[string]string{"proposed": c.ID}, "Proposed. Whoever may say yes is told.")
	}
	made, err := api.ProposePolicyAgain(t.ctx, c.ID, c.Reason)
	if err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"proposed": made.ID}, "Proposed as %s. Whoever may say yes is told.", client.Plain(made.ID))
}

// policyApprove says yes.
type policyApprove struct {
	ID     string `arg:"" help:"Id of the change, from modicum policy changes."`
	Word   string `help:"A word beside your yes." placeholder:"TEXT"`
	Digest string `help:"Answer only if the change still has this digest, from modicum policy changes ID --json." placeholder:"DIGEST"`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// Help teaches by example.
func (c *policyApprove) Help() string {
	return `Shows the change whole, asks you, and says yes to exactly what it showed: what was changed since is
not approved. With the last yes that is needed the policy is in force. It needs a proof of the last
five minutes (modicum login --prove).

Examples:
  modicum policy approve 01k9z5
  modicum policy approve 01k9z5 --yes --digest DIGEST

Exit status: 0 done, 1 it is not yours to answer, was changed, you said no, or must sign in again;
2 wrong use, 3 the server does not answer.`
}

// policyYes is the result for programs.
type policyYes struct {
	Change  string `json:"change"`
	InForce bool   `json:"in_force"`
}

// Run approves.
func (c *policyApprove) Run(t *terminal) error {
	api, p, err := showsChange(t, &c.online, c.ID, c.Digest, c.Yes)
	if err != nil {
		return err
	}
	if err := t.confirm(c.Yes, "Say yes to this?"); err != nil {
		return err
	}
	done, err := api.ApprovePolicy(t.ctx, c.ID, p.Effect.Digest, c.Word)
	switch {
	case err != nil:
		return over(err)
	case done:
		return c.say(t, policyYes{c.ID, true}, "You said yes: it is in force.")
	}
	return c.say(t, policyYes{c.ID, false}, "You said yes. Others must say yes too.")
}

// policyRefuse says no.
type policyRefuse struct {
	ID     string `arg:"" help:"Id of the change, from modicum policy changes."`
	Word   string `required:"" help:"Why not: whoever proposed it reads it." placeholder:"TEXT"`
	online `embed:""`
}

// Help teaches by example.
func (c *policyRefuse) Help() string {
	return `Says no to a change of the policy, with a word: one no ends it. It needs a proof of the last five
minutes (modicum login --prove).

Examples:
  modicum policy refuse 01k9z5 --word "not before the audit"

Exit status: 0 done, 1 it is not yours to answer, or you must sign in again; 2 wrong use, 3 the
server does not answer.`
}

// Run refuses.
func (c *policyRefuse) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.RefusePolicy(t.ctx, c.ID, c.Word); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"refused": c.ID}, "You said no.")
}

// policyWithdraw takes back what was proposed.
type policyWithdraw struct {
	ID     string `arg:"" help:"Id of a change that you proposed."`
	online `embed:""`
}

// Help teaches by example.
func (c *policyWithdraw) Help() string {
	return `Takes back a change of the policy that you proposed and nobody has decided. It needs a proof of
the last five minutes (modicum login --prove).

Examples:
  modicum policy withdraw 01k9z5

Exit status: 0 done, 1 it is not yours, or you must sign in again; 3 the server does not answer.`
}

// Run withdraws.
func (c *policyWithdraw) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.WithdrawPolicy(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"withdrawn": c.ID}, "Taken back.")
}
