package client

import (
	"context"
	"net/url"

	"github.com/go-json-experiment/json"

	"modicum/internal/api/wire"
)

// The objects of a change of the policy.
type (
	PolicyChange   = wire.PolicyChange
	PolicyEffect   = wire.PolicyEffect
	PolicyOneThing = wire.PolicyOneThing
)

// PolicyChanges are the changes of the policy that wait, oldest first, or those that were
// decided, newest first.
func (c *Client) PolicyChanges(ctx context.Context, decided bool) ([]PolicyChange, error) {
	state := "waiting"
	if decided {
		state = "decided"
	}
	return all[PolicyChange](ctx, c, "/policy-changes", url.Values{"state": {state}})
}

// PolicyChange is one change, with all that it does. A member that is not known here is an
// error: what is said yes to must have been shown whole (G7).
func (c *Client) PolicyChange(ctx context.Context, id string) (p PolicyChange, err error) {
	err = c.get(ctx, "/policy-changes/", id, "", &p, json.RejectUnknownMembers(true))
	if err == nil && (p.ID != id || p.Effect != nil && p.Effect.Digest == "") {
		err = ErrServer
	}
	return p, err
}

// ProposePolicy says that a change is the person's, and why.
func (c *Client) ProposePolicy(ctx context.Context, id, digest, reason string) error {
	return c.on(ctx, "/policy-changes/", id, "/propose", wire.Proposal{Digest: digest, Reason: reason}, nil)
}

// ProposePolicyAgain proposes the policy of a decided change again.
func (c *Client) ProposePolicyAgain(ctx context.Context, id, reason string) (p PolicyChange, err error) {
	err = c.on(ctx, "/policy-changes/", id, "/again", wire.Again{Reason: reason}, &p)
	return p, err
}

// ApprovePolicy says yes. It is false while others must say yes too.
func (c *Client) ApprovePolicy(ctx context.Context, id, digest, word string) (bool, error) {
	var out wire.PolicyYes
	err := c.on(ctx, "/policy-changes/", id, "/approve", wire.Decision{Digest: digest, Word: word}, &out)
	return out.InForce, err
}

// RefusePolicy says no.
func (c *Client) RefusePolicy(ctx context.Context, id, word string) error {
	return c.on(ctx, "/policy-changes/", id, "/refuse", wire.Word{Word: word}, nil)
}

// WithdrawPolicy takes back what the person proposed.
func (c *Client) WithdrawPolicy(ctx context.Context, id string) error {
	return c.on(ctx, "/policy-changes/", id, "/withdraw", nil, nil)
}
